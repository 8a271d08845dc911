"""What is wrong with real catalogues, in known shares."""

from __future__ import annotations

from random import Random

CLEAN = ""
SHARES = {
    "wrong_category": 0.03,
    "contradicting_text": 0.02,
    "duplicate": 0.015,
    "near_duplicate": 0.025,
    "truncated_picture": 0.004,
    "empty_picture": 0.003,
    "text_as_picture": 0.003,
    "missing_picture": 0.005,
    "no_picture": 0.005,
    "empty_text": 0.01,
    "non_latin_title": 0.02,
    "html_description": 0.02,
}
"""Share of listings by the name of their dirt; a listing has one at most.

wrong_category      the catalogue names a place in another main category; the truth file the right one
contradicting_text  title and description of another category's product; picture and category are right
duplicate           another seller's title over the same picture file, byte by byte
near_duplicate      the same, the picture cropped and encoded again
truncated_picture, empty_picture, text_as_picture, missing_picture, no_picture
                    half a file; no bytes; a web page's text; no such file; no file named
empty_text          neither title nor description
non_latin_title     Hindi, Arabic, Chinese or emoji
html_description    tags and entities
"""


def spread(count: int, rng: Random) -> list[str]:
    """Return the dirt of each of `count` listings, CLEAN for most: exact shares, at random places."""
    names: list[str] = []
    for name, share in SHARES.items():
        names += [name] * round(share * count)
    names = names[:count]
    names += [CLEAN] * (count - len(names))
    rng.shuffle(names)
    return names


def damaged(data: bytes, dirt: str) -> bytes:
    """Return what the file of a broken picture holds."""
    if dirt == "truncated_picture":
        return data[: len(data) * 2 // 5]
    if dirt == "text_as_picture":
        return b"<html><body><h1>403 Forbidden</h1>image server: hot linking is not allowed</body></html>\n"
    return b"" if dirt == "empty_picture" else data
