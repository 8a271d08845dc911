"""The labelled listings nearest to a listing: what a person would want to see beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embedkit import lexicon
from embedkit.blocks import KEYWORDS, short_name
from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.text import full_text, tokenize
from embedkit.errors import PictureError
from embedkit.explain.listing import Nearest
from embedkit.ground import Truths
from embedkit.indexing import features_of, open_index
from embedkit.stores import vectors
from embedkit.stores.spaces import SpaceRecord
from embedkit.types import Item, Neighbours
from embedkit.workspace import Workspace


def nearest(
    workspace: Workspace,
    item: Item,
    records: Sequence[SpaceRecord],
    truths: Truths,
    pictures: PictureSource,
    k: int,
) -> tuple[Nearest, ...]:
    """Return the k nearest labelled listings in each of these spaces, and by words; nearest first, never the item."""
    allowed = truths.ids[truths.ids != item.item_id]
    found: list[tuple[str, Neighbours]] = []
    for record in records:
        query = features_of(workspace, record, [item])
        if not len(query) or not len(allowed):
            continue
        by_index = vectors.search(
            open_index(workspace, record.space),
            query,
            k,
            allowed=allowed,
            vectors_of=lambda ids, record=record: features_of(  # type: ignore[misc]
                workspace, record, [truths.items[row] for row in np.flatnonzero(np.isin(truths.ids, ids))]
            ),
        )
        found.append((short_name(record), by_index))
    if lexicon.exists(workspace) and len(allowed):
        words = tokenize(full_text(item.title, item.text))
        found.append((KEYWORDS, lexicon.load(workspace).search(words, k, allowed)))
    place = {int(item_id): row for row, item_id in enumerate(truths.ids)}
    return tuple(
        _nearest(by, truths.items[place[int(item_id)]], truths.labels[place[int(item_id)]], float(cosine), pictures)
        for by, neighbours in found
        for item_id, cosine in zip(neighbours.ids[0], neighbours.cosine[0], strict=True)
        if item_id >= 0
    )


def _nearest(by: str, item: Item, category: str, cosine: float, pictures: PictureSource) -> Nearest:
    return Nearest(by, item.key, item.title, category, cosine, picture_of(item, pictures))


def picture_of(item: Item, pictures: PictureSource) -> bytes | None:
    """Return the bytes of an item's picture, None where it has none that can be read."""
    try:
        return pictures.read(item.picture) if item.picture else None
    except PictureError:
        return None
