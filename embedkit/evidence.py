"""What people see of a listing that they are to judge: suggestions, reasons in words, and the nearest labelled ones."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from embedkit.alike import alike
from embedkit.annotation.cards import Card, Neighbour, Suggested, prediction, task_of
from embedkit.annotation.labelling import Category, LabellingSpec, codes
from embedkit.annotation.routes import Picture
from embedkit.catalog.pictures import PictureSource
from embedkit.encoders.pictures import decode_picture
from embedkit.errors import PictureError
from embedkit.ground import LEVEL, load_truths
from embedkit.reasons import reason_words
from embedkit.select import Standing
from embedkit.stores import items, runs, spaces
from embedkit.stores.judgements import HeadRecord, ReviewItem
from embedkit.types import Item, Predictions
from embedkit.workspace import Workspace

NEIGHBOURS = 5
SUGGESTIONS = 50
"""Categories that a task may list in the model's order."""
PAGE_PIXELS, THUMBNAIL_PIXELS = 1024, 96
LONGEST_TEXT = 5_000
"""Nobody reads more of a listing to find its category, and each task carries it."""


@dataclass(frozen=True)
class Evidence:
    """All that is shown about some listings. `labels` are the categories of the labelled ones, by item."""

    labelling: LabellingSpec
    code_of: Mapping[str, str]
    predictions: Predictions
    survey: Callable[[], Standing]
    items: Mapping[int, Item]
    labels: Mapping[int, str]
    neighbours: Mapping[int, tuple[int, ...]]
    pictures: PictureSource
    row_of: Mapping[int, int]
    thumbnails: dict[int, str] = field(default_factory=dict, repr=False)

    def task(self, queued: ReviewItem, batch_id: int, address: str, model_version: str) -> Mapping[str, Any]:
        """Return the task of one listing, its picture at an address."""
        item = self.items[queued.item_id]
        card = replace(
            self._card(queued, batch_id, model_version),
            text=item.text[:LONGEST_TEXT],
            category=LEVEL.join(item.category) or None,
            picture=address,
            reasons=self._reasons(queued),
            neighbours=tuple(self._neighbour(near) for near in self.neighbours.get(item.item_id, ())),
        )
        return task_of(card, self.labelling)

    def prediction(self, queued: ReviewItem, batch_id: int, model_version: str) -> Mapping[str, Any]:
        """Return what the head says of one listing."""
        return prediction(self._card(queued, batch_id, model_version), self.labelling)

    def _card(self, queued: ReviewItem, batch_id: int, model_version: str) -> Card:
        """Return the card of one listing, without what is only looked at."""
        item, row = self.items[queued.item_id], self.row_of[queued.item_id]
        top = tuple(
            Suggested(self.code_of[name], name, float(self.predictions.probs[row, column]))
            for column in self.predictions.order[row, :SUGGESTIONS]
            for name in (self.predictions.classes[column],)
        )
        return Card(
            item_id=item.item_id,
            key=item.key,
            title=item.title,
            text="",
            category=None,
            picture="",
            top=top,
            reasons=(),
            neighbours=(),
            score=self._place(queued, top[0].probability),
            model_version=model_version,
            batch_id=batch_id,
            head_id=self.predictions.head_id,
        )

    def _place(self, queued: ReviewItem, confidence: float) -> float:
        """Return what orders the queue, lowest first: a tie, then the least sure; an audit keeps its place by lot."""
        if "tie" in queued.reasons:
            return 0.0
        return queued.score if queued.drawn_by == "audit" else min(1.0, max(0.0, confidence))

    def picture(self, item_id: int) -> Picture | None:
        """Return a listing's picture as the page shows it, None for one without."""
        item = self.items[item_id]
        if item.picture is None or item.image_sha256 is None:
            return None
        name = f"ek-{item.image_sha256.hex()[:20]}-{PAGE_PIXELS}.jpg"
        return Picture(name, item.picture, partial(self._jpeg, item.picture, PAGE_PIXELS))

    def _reasons(self, queued: ReviewItem) -> tuple[str, ...]:
        """Return why a person is asked, in words, the weightiest reason first."""
        standing = self.survey()
        row = int(np.flatnonzero(standing.ids == queued.item_id)[0])
        return tuple(reason_words(standing, row, reason) for reason in queued.reasons)

    def _neighbour(self, item_id: int) -> Neighbour:
        item = self.items[item_id]
        if item_id not in self.thumbnails:
            self.thumbnails[item_id] = self._thumbnail(item)
        return Neighbour(item.title or item.key, self.labels[item_id], self.thumbnails[item_id])

    def _thumbnail(self, item: Item) -> str:
        """Return a small picture as a data URI, "" where there is none."""
        try:
            data = self._jpeg(item.picture, THUMBNAIL_PIXELS) if item.picture else b""
        except PictureError:
            data = b""
        return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}" if data else ""

    def _jpeg(self, reference: str, pixels: int) -> bytes:
        """Return a picture drawn anew as a JPEG of at most so many pixels a side; raises PictureError.

        Whatever a seller's file holds besides the picture, a script or a place, stays behind.
        """
        picture = decode_picture(self.pictures.read(reference), pixels)
        picture.thumbnail((pixels, pixels))
        jpeg = io.BytesIO()
        picture.save(jpeg, "JPEG", quality=85)
        return jpeg.getvalue()


def labelling_of(
    workspace: Workspace, record: HeadRecord, *, tree: bool = False, preselect: bool = False
) -> LabellingSpec:
    """Return the labelling page: every category that the head knows, the catalogue names, or people answered."""
    with workspace.database().connect(read_only=True) as connection:
        truths = load_truths(connection, record.depth)
    names = sorted({*record.classes, *truths.labels})
    code_of = codes(names)
    categories = tuple(Category(code_of[name], name, tuple(name.split(LEVEL))) for name in names)
    return LabellingSpec(categories, tree=tree, preselect=preselect)


def gather(
    workspace: Workspace,
    record: HeadRecord,
    predictions: Predictions,
    survey: Callable[[], Standing],
    labelling: LabellingSpec,
    item_ids: Sequence[int],
    outside: Sequence[int] = (),
) -> Evidence:
    """Return what is shown about these items; `predictions` and `survey` are of at least them.

    The items `outside` have their tasks already: they are not shown, only what the head says of them is asked.
    """
    with workspace.database().connect(read_only=True) as connection:
        truths = load_truths(connection, record.depth)
        known = spaces.load_spaces(connection)
        catalogue = runs.last_catalogue(connection)
        asked = items.load_items(connection, item_ids)
        others = items.load_items(connection, outside)
    assert catalogue is not None
    near = alike(workspace, asked, truths, known, record.spaces, NEIGHBOURS)
    nearest = {item_id for ids in near.values() for item_id in ids}
    shown = [item for item in truths.items if item.item_id in nearest] + asked + others
    return Evidence(
        labelling=labelling,
        code_of={category.name: category.code for category in labelling.categories},
        predictions=predictions,
        survey=survey,
        items={item.item_id: item for item in shown},
        labels=dict(zip(truths.ids.tolist(), truths.labels, strict=True)),
        neighbours=near,
        pictures=PictureSource(Path(catalogue.source), Path(catalogue.images) if catalogue.images else None),
        row_of={int(item_id): row for row, item_id in enumerate(predictions.ids)},
    )
