"""The text of a listing: as it stands, and as words."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

LONGEST_PIECE = 2**16
_TAG = re.compile(r"<!--.*?-->|</?[a-zA-Z][^<>]*>", re.DOTALL)


def full_text(title: str, text: str) -> str:
    """Return title and description on two lines; the title once only where the description opens with it."""
    title, text = title.strip(), text.strip()
    if not title or not text:
        return title or text
    return text if _plain(text[: 2 * len(title) + 64]).startswith(_plain(title)) else f"{title}\n{text}"


def tokenize(text: str) -> tuple[str, ...]:
    """Return the words of a text in lower case, in order, mark-up taken out; any script that puts spaces between words.

    Chinese and Japanese put none: there, a run of characters is one word.
    """
    return tuple(word.lower() for word in _words(text))


def _words(text: str) -> list[str]:
    plain = html.unescape(_TAG.sub(" ", text)) if "<" in text or "&" in text else text
    tokenizer = _tokenizer()
    return [word for piece in _pieces(unicodedata.normalize("NFC", plain)) for word in tokenizer.tokenize(piece)]


def _pieces(text: str) -> Iterator[str]:
    """Yield the text in pieces cut at spaces: NLTK gives up with TimeoutError on a string that takes it 5 seconds."""
    start = 0
    while start < len(text):
        end = start + LONGEST_PIECE
        if end < len(text):
            space = text.rfind(" ", start, end)
            end = space + 1 if space > start else end
        yield text[start:end]
        start = end


@cache
def _tokenizer() -> Any:
    """Return NLTK's RegexpTokenizer for words."""
    from nltk.tokenize import RegexpTokenizer

    return RegexpTokenizer(word_pattern())


def word_pattern() -> str:
    """Return a regular expression for words of letters, digits and combining marks.

    Python's \\w leaves out combining marks, which would cut Hindi, Thai or Arabic words at every vowel sign (NLTK uses
    `re` or `regex`, by version, and only the latter includes them); the two joiners (ZWNJ, ZWJ) stand inside Persian
    and Indic words.
    """
    marks = _ranges("".join(c for c in map(chr, range(0x20000)) if unicodedata.category(c)[0] == "M"))
    return rf"\w[\w{marks}]*(?:[\u200c\u200d]+[\w{marks}]+)*"


def _ranges(characters: str) -> str:
    """Return a regular expression's character class for sorted characters, as ranges."""
    runs: list[list[str]] = []
    for character in characters:
        if runs and ord(character) == ord(runs[-1][1]) + 1:
            runs[-1][1] = character
        else:
            runs.append([character, character])
    return "".join(f"{first}-{last}" for first, last in runs)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
