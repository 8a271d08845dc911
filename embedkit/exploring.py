"""What a study of a catalogue looks at: its texts in tokens, its pictures from the disk, and copies among them."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.text import full_text, tokenize
from embedkit.encoders.pictures import glance
from embedkit.errors import PictureError
from embedkit.indexing import near_pairs
from embedkit.stores.spaces import SpaceRecord
from embedkit.study import copies
from embedkit.study.copies import Group
from embedkit.study.lengths import CONTEXT, Length
from embedkit.study.looks import SIDE, Look, look
from embedkit.study.pictures import Seen
from embedkit.types import Item, Progress
from embedkit.workspace import Workspace

NOT_INDEXED = "it was not there when the catalogue was indexed: run embedkit index again"
COPIES = (
    "same picture",
    "nearly the same picture",
    "same text",
    "nearly the same text",
    "same picture and text",
)
T = TypeVar("T")


@dataclass(frozen=True)
class Listings:
    """Listings with what is read of them, all in one order: category at the depth that is studied, and their words."""

    items: list[Item]
    labels: list[str]
    words: list[tuple[str, ...]]

    @property
    def keys(self) -> list[str]:
        """The sellers' own ids."""
        return [item.key for item in self.items]


@dataclass
class Gallery:
    """The looks of the listings' pictures, and of which listings none could be had: (key, picture, cause).

    `lost` of them could be read when the catalogue was indexed.
    """

    seen: list[Seen] = field(default_factory=list)
    unreadable: list[tuple[str, str, str]] = field(default_factory=list)
    lost: int = 0
    distinct: int = 0


def open_listings(items: list[Item], labels: list[str], progress: Progress) -> Listings:
    """Return the listings with their words."""
    texts = (full_text(item.title, item.text) for item in items)
    return Listings(items, labels, [tokenize(text) for text in _counted("read words", texts, len(items), progress)])


def lengths(listings: Listings, progress: Progress) -> list[Length]:
    """Return the lengths of all texts that are not empty, in the tokens of CLIP's own tokenizer."""
    from embedkit.encoders.tokens import cut_text  # open_clip comes with it

    found = []
    rows = [row for row, item in enumerate(listings.items) if full_text(item.title, item.text)]
    for row in _counted("count tokens", rows, len(rows), progress):
        item = listings.items[row]
        text = full_text(item.title, item.text)
        cut = cut_text(text, CONTEXT)
        words = len(listings.words[row])
        found.append(Length(item.key, listings.labels[row], len(text), words, cut.tokens, cut.distinct, cut.lost))
    return found


def gallery(listings: Listings, pictures: PictureSource, progress: Progress) -> Gallery:
    """Return the looks of all pictures that are named; each content is decoded once, on a thread a core."""
    contents: dict[bytes | str, Item] = {}
    for item in listings.items:
        if item.picture is not None:
            contents.setdefault(item.image_sha256 or item.key, item)
    with ThreadPoolExecutor(os.cpu_count() or 1, "look") as pool:
        work = pool.map(lambda item: _look(item, pictures), contents.values())
        looks = dict(zip(contents, _counted("look at pictures", work, len(contents), progress), strict=True))
    found = Gallery()
    for item, label in zip(listings.items, listings.labels, strict=True):
        if item.picture is None:
            continue
        one = looks[item.image_sha256 or item.key]
        if isinstance(one, Look):
            found.seen.append(Seen(item.key, label, one))
        else:
            cause, gone = one
            found.unreadable.append((item.key, item.picture, cause))
            found.lost += gone and item.image_sha256 is not None
    found.distinct = sum(isinstance(one, Look) for one in looks.values())
    return found


def _look(item: Item, pictures: PictureSource) -> Look | tuple[str, bool]:
    """Return the look of an item's picture, or why there is none and whether that is for want of the file."""
    try:
        stored = pictures.read(item.picture or "")
    except PictureError as error:
        return error.message, True
    if item.image_sha256 is None:
        return NOT_INDEXED, False
    try:
        seen = glance(stored, SIDE)
    except PictureError as error:
        return error.message, False
    return look(seen.rgb, seen.format, seen.width, seen.height, len(stored))


def find_copies(
    workspace: Workspace, listings: Listings, looked: Gallery, records: Sequence[SpaceRecord]
) -> dict[str, list[Group]]:
    """Return the groups of copies of each kind: pictures by bytes and by vectors, texts by letters and by words.

    Pictures that cannot be read are copies of nothing: empty files are all alike.
    """
    items, keys, labels = listings.items, listings.keys, listings.labels
    ids = np.array([item.item_id for item in items], dtype=np.int64)
    shown = {one.key for one in looked.seen}
    images = [item.image_sha256 if item.key in shown else None for item in items]
    texts = [item.text_sha256 for item in items]
    both = [(one, two) if one and two else None for one, two in zip(images, texts, strict=True)]
    # One listing stands for all that have its content: copies of it would crowd out its neighbours.
    alone = {image: item for image, item in zip(images, items, strict=True) if image}
    like = near_pairs(workspace, sorted(alone.values(), key=lambda item: item.item_id), records)
    alike = copies.near_texts(ids, listings.words)
    contents: dict[str, tuple[Sequence[Hashable | None], list[tuple[int, int]] | None]] = {
        "same picture": (images, None),
        "nearly the same picture": (images, like),
        "same text": (texts, None),
        "nearly the same text": (texts, alike),
        "same picture and text": (both, None),
    }
    return {what: copies.groups(what, ids, keys, labels, *contents[what]) for what in COPIES}


def _counted(what: str, things: Iterable[T], total: int, progress: Progress) -> Iterator[T]:
    """Yield the things, reporting each that is done."""
    for done, one in enumerate(things):
        progress(what, done, total)
        yield one
    progress(what, total, total)
