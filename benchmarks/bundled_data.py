"""What the bundled encoders learn from: catalogues and generated listings, as arrays in memory."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from embedkit.catalog.nouns import Listing
from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.read import read_catalogue
from embedkit.demo.generate import Draft, draft_listings, listing_row
from embedkit.demo.scene import picture
from embedkit.encoders.pictures import Framing
from embedkit.errors import EmbedkitError
from embedkit.types import Int64

UInt8 = NDArray[np.uint8]
PIXELS = 80
"""Side of the stored pictures: a little above the models' 64, so that crops lose no sharpness."""
FEWEST = 4
"""A class with fewer training listings is not learned."""
SMALL = 2_000
"""Of a smaller catalogue no categories are learned: it would be known by heart, and its own listings look too clear."""
_CLEAN_ENOUGH = ("", "html_description", "duplicate", "near_duplicate")


@dataclass(frozen=True)
class ClassSet:
    """One way to sort a shelf's listings: the classes, and of each listing which (int64[n], -1 = none)."""

    name: str
    classes: tuple[str, ...]
    labels: Int64


@dataclass(frozen=True)
class Shelf:
    """Listings of one source: pictures uint8[n, 3, 80, 80], texts, class sets, and who is kept aside (bool[n]).

    `larger(row, size)` is a listing's picture again, uint8[3, size, size], as sharp as its source allows.
    """

    name: str
    pixels: UInt8
    titles: tuple[str, ...]
    texts: tuple[str, ...]
    captions: tuple[tuple[str, ...], ...]
    sets: tuple[ClassSet, ...]
    held_out: NDArray[np.bool_]
    larger: Callable[[int, int], UInt8]

    def __len__(self) -> int:
        return len(self.titles)


def in_tenth(data: bytes, tenths: int) -> bool:
    """Return whether this picture is kept aside: decided by its bytes, so copies of a picture stay together."""
    return hashlib.sha256(data).digest()[0] * 10 // 256 < tenths


def tenths_aside(listings: int) -> int:
    """Return how many tenths of a catalogue are kept aside: one, or two of a small one."""
    return 2 if listings < SMALL else 1


def catalogue_shelf(argument: str, cache: Path | None) -> Shelf:
    """Return the shelf of "PATH" or "PATH:COLUMN,COLUMN…", the columns being class sets beside the category path.

    A tenth is kept aside by the picture's digest. Of a small catalogue it is a fifth, and it has no class sets.
    """
    path, _, columns = argument.partition(":")
    catalogue = read_catalogue(Path(path))
    source = PictureSource(Path(path), catalogue.images)
    tenths = tenths_aside(len(catalogue.listings))
    pixels, rows, held_out = _pictures(source, catalogue.listings, tenths, cache)
    listings = [catalogue.listings[row] for row in rows]
    small = len(catalogue.listings) < SMALL
    return Shelf(
        Path(path).stem,
        pixels,
        tuple(one.title for one in listings),
        tuple(one.text for one in listings),
        tuple(() if small else _captions(one) for one in listings),
        () if small else _sets(listings, columns, held_out),
        held_out,
        lambda row, size: _framing(size)(source.read(str(listings[row].picture))),
    )


def _sets(listings: Sequence[Listing], columns: str, held_out: NDArray[np.bool_]) -> tuple[ClassSet, ...]:
    named = {name: [str(one.attributes.get(name) or "") for one in listings] for name in columns.split(",") if name}
    for level in range(max((len(one.category) for one in listings), default=0))[:3]:
        named[f"level {level + 1}"] = [one.category[level] if len(one.category) > level else "" for one in listings]
    return tuple(one for one in (class_set(name, values, held_out) for name, values in named.items()) if one)


def drawn_shelf(seeds: Iterable[int], listings_per_category: int, cache: Path | None) -> Shelf:
    """Return generated listings of these seeds: the clean ones, none kept aside."""
    drafts = [
        draft for seed in seeds for draft in draft_listings(listings_per_category, seed) if draft.dirt in _CLEAN_ENOUGH
    ]
    rows = [listing_row(draft) for draft in drafts]
    pixels = _drawn_pixels(drafts, cache)
    held_out = np.zeros(len(drafts), dtype=bool)
    named = {
        "level 1": [draft.main for draft in drafts],
        "level 3": [draft.look.kind.path[-1] for draft in drafts],
        "noun": [draft.look.kind.nouns[0] for draft in drafts],
        "colour": [draft.look.colour for draft in drafts],
    }
    sets = tuple(one for one in (class_set(name, values, held_out) for name, values in named.items()) if one)
    return Shelf(
        "generated",
        pixels,
        tuple(row["title"] for row in rows),
        tuple(row["description"] for row in rows),
        tuple(_drawn_captions(draft) for draft in drafts),
        sets,
        held_out,
        lambda row, size: _framing(size)(Image.fromarray(pixels[row].transpose(1, 2, 0))),
    )


def class_set(name: str, values: Sequence[str], held_out: NDArray[np.bool_]) -> ClassSet | None:
    """Return the classes that have enough training listings; None where there are fewer than two."""
    counted = Counter(value for value, held in zip(values, held_out, strict=True) if value and not held)
    classes = tuple(sorted(value for value, count in counted.items() if count >= FEWEST))
    if len(classes) < 2:
        return None
    at = {value: row for row, value in enumerate(classes)}
    return ClassSet(name, classes, np.array([at.get(value, -1) for value in values], dtype=np.int64))


def _pictures(
    source: PictureSource, listings: Sequence[Listing], tenths: int, cache: Path | None
) -> tuple[UInt8, Int64, NDArray[np.bool_]]:
    """Return the usable pictures, the rows of their listings, and which of them are kept aside."""
    name = hashlib.sha256(repr((tenths, [(one.key, one.picture) for one in listings])).encode()).hexdigest()[:12]
    kept = cache / f"read-{name}.npz" if cache else None
    if kept is not None and kept.exists():
        with np.load(kept) as stored:
            return stored["pixels"], stored["rows"], stored["held_out"]
    pixels, rows, held = [], [], []
    with ThreadPoolExecutor(2) as pool:
        for row, found in enumerate(pool.map(lambda one: _read(source, one), listings)):
            if found is not None:
                pixels.append(found[0])
                rows.append(row)
                held.append(in_tenth(found[1], tenths))
    result = np.stack(pixels), np.array(rows, dtype=np.int64), np.array(held)
    if kept is not None:
        np.savez(kept, pixels=result[0], rows=result[1], held_out=result[2])
    return result


def _read(source: PictureSource, listing: Listing) -> tuple[UInt8, bytes] | None:
    if not listing.picture:
        return None
    try:
        data = source.read(listing.picture)
        return _framing(PIXELS)(data), data
    except (EmbedkitError, OSError):
        return None


def _framing(size: int) -> Framing:
    return Framing("pad-edge", size, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def _captions(listing: Listing) -> tuple[str, ...]:
    colour = str(listing.attributes.get("colour") or "")
    article = str(listing.attributes.get("article_type") or (listing.category[:3] or [""])[-1])
    gender = str(listing.attributes.get("gender") or "")
    return tuple(
        " ".join(f"{words}".lower().split()) for words in (f"{colour} {article}", f"{gender} {colour} {article}")
    )


def _drawn_captions(draft: Draft) -> tuple[str, ...]:
    look = draft.look
    pattern = "" if look.pattern == "plain" else look.pattern
    return tuple(" ".join(f"{look.colour} {pattern} {noun}".split()) for noun in look.kind.nouns)


def _drawn_pixels(drafts: Sequence[Draft], cache: Path | None) -> UInt8:
    shown = [(draft.look.seed, draft.look.colour, draft.look.pattern, draft.look.kind.nouns) for draft in drafts]
    name = hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
    kept = cache / f"drawn-{name}.npy" if cache else None
    if kept is not None and kept.exists():
        return np.asarray(np.load(kept))
    pixels = np.stack([_framing(PIXELS)(_small(picture(draft.look))) for draft in drafts])
    if kept is not None:
        np.save(kept, pixels)
    return pixels


def _small(image: Image.Image) -> Image.Image:
    image.thumbnail((240, 240), reducing_gap=2.0)
    return image
