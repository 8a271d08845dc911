"""Explanations of listings by a head: what each part adds, maps that were tested, and the nearest labelled ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embedkit.blocks import load_block
from embedkit.catalog.text import full_text
from embedkit.encoders.gradcam import GradCam
from embedkit.encoders.relevance import PictureRelevance, TextRelevance
from embedkit.errors import CannotExplain, PictureError
from embedkit.explain.directions import Directions, block_shares, directions
from embedkit.explain.listing import Explanation, PictureMaps, WordMaps
from embedkit.explain.remarks import Remark
from embedkit.explain.words import keyword_rest, keyword_table
from embedkit.explaining import Scene
from embedkit.heads.blocks import align, present
from embedkit.heads.train import TrainedHead
from embedkit.maps import open_explainer, picture_maps, word_maps
from embedkit.nearest import nearest
from embedkit.types import Block, Item, Predictions, Progress, Say

SIDE_BY_SIDE = 2


@dataclass
class _Draft:
    """An explanation on its way: one listing, its blocks of one row each, and the maps drawn so far."""

    item: Item
    blocks: tuple[Block, ...]
    predictions: Predictions
    categories: tuple[str, ...]
    trained: TrainedHead
    pictures: list[PictureMaps] = field(default_factory=list)
    texts: list[WordMaps] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    def has(self, space: str) -> bool:
        """Return whether the listing has a vector in this space."""
        block = next(block for block in self.blocks if block.space == space)
        return bool(present(block)[0])


def explain_listings(
    scene: Scene,
    chosen: list[Item],
    categories: Mapping[int, tuple[str, ...]],
    neighbours: int,
    say: Say,
    progress: Progress,
) -> tuple[Explanation, ...]:
    """Return why each listing went where it did, in their order.

    Explained are the categories of `categories` (by item), or else the two likeliest; `neighbours` in each space. What
    the head learnt from is explained by a twin that did not.
    """
    drafts = _drafts(scene, chosen, categories)
    _unlearn(scene, drafts, say)
    for space in scene.trained.head.spaces:
        if scene.record(space) is not None:
            _draw(scene, space, drafts, say, progress)
    return tuple(_finished(scene, draft, neighbours) for draft in drafts)


def predict(scene: Scene, current: list[Item]) -> tuple[Predictions, list[Block]]:
    """Return what the head says of these items, out of fold for those it was trained on, and the blocks it read."""
    blocks = [load_block(scene.workspace, space, scene.records, current) for space in scene.trained.head.spaces]
    return scene.trained.predict(np.array([item.item_id for item in current], dtype=np.int64), blocks), blocks


def _drafts(scene: Scene, chosen: list[Item], categories: Mapping[int, tuple[str, ...]]) -> list[_Draft]:
    if not chosen:
        return []
    predictions, blocks = predict(scene, chosen)
    drafts = []
    for row, item in enumerate(chosen):
        ids = np.array([item.item_id], dtype=np.int64)
        leading = tuple(predictions.classes[column] for column in predictions.order[row, :SIDE_BY_SIDE])
        own = Predictions(ids, predictions.probs[row : row + 1], predictions.classes, predictions.head_id)
        shown = categories.get(item.item_id) or leading
        drafts.append(_Draft(item, align(ids, blocks), own, shown, scene.trained))
    return drafts


def _unlearn(scene: Scene, drafts: Sequence[_Draft], say: Say) -> None:
    """Give the drafts of listings that the head learnt from a head that did not: it knows their answers by heart."""
    learnt = [draft for draft in drafts if draft.item.item_id in scene.learnt]
    if not learnt:
        return
    count, them = (f"{len(learnt):,} of them are", "them") if len(learnt) > 1 else ("one of them is", "it")
    say(f"{count} what the head learnt from: a twin is fitted without {them}")
    twin = scene.without(np.array([draft.item.item_id for draft in learnt], dtype=np.int64))
    for draft in learnt:
        draft.trained = twin
        said = twin.predict(draft.predictions.ids, draft.blocks)
        draft.notes.append(Remark("learnt"))
        if said.label[0] != draft.predictions.label[0]:
            draft.notes.append(Remark("twin", {"category": said.label[0], "share": float(said.confidence[0])}))
            say(f"{draft.item.key}: {draft.notes[-1].text} What its parts add is the twin's.")


def _draw(scene: Scene, space: str, drafts: Sequence[_Draft], say: Say, progress: Progress) -> None:
    """Add the maps of one space to every draft that has a vector there; one tower is open at a time."""
    name = scene.name(space)
    able = [draft for draft in drafts if draft.has(space)]
    if not able:
        return
    try:
        explainer, note = open_explainer(space, scene.earlier)
    except CannotExplain as error:
        say(f"{name}: {error.message}")
        for draft in able:
            draft.notes.append(Remark("failed", {"part": name, "message": error.message}))
        return
    for done, draft in enumerate(able):
        progress(f"explain {name}", done, len(able))
        aims = directions(draft.trained, space, draft.categories, draft.blocks)
        draft.notes += [] if note is None else [note]
        if not aims.coefs.any():
            draft.notes.append(Remark("nothing", {"part": name}))
        elif isinstance(explainer, TextRelevance):
            words = word_maps(explainer, name, full_text(draft.item.title, draft.item.text), aims)
            draft.texts += [words] if words is not None else []
        else:
            _draw_picture(scene, explainer, name, draft, aims)
    progress(f"explain {name}", len(able), len(able))


def _draw_picture(
    scene: Scene, explainer: PictureRelevance | GradCam, name: str, draft: _Draft, aims: Directions
) -> None:
    try:
        draft.pictures.append(picture_maps(explainer, name, scene.pictures.read(draft.item.picture or ""), aims))
    except PictureError as error:
        draft.notes.append(Remark("failed", {"part": name, "message": error.message}))


def _finished(scene: Scene, draft: _Draft, neighbours: int) -> Explanation:
    item, trained, said = draft.item, draft.trained, draft.predictions
    adds: dict[str, NDArray[np.float64]] = {}
    for space, share in block_shares(trained, draft.categories, draft.blocks).items():
        adds[scene.name(space)] = adds.get(scene.name(space), 0.0) + share
    records = [record for space in trained.head.spaces if (record := scene.record(space)) is not None]
    found = nearest(scene.workspace, item, records, scene.truths, scene.pictures, neighbours)
    return Explanation(
        key=item.key,
        title=item.title or item.key,
        known=scene.labels.get(item.item_id),
        predicted=said.label[0],
        confidence=float(said.confidence[0]),
        categories=draft.categories,
        probabilities=tuple(float(said.probs[0, said.classes.index(name)]) for name in draft.categories),
        adds=adds,
        pictures=tuple(draft.pictures),
        texts=tuple(draft.texts),
        keywords=keyword_table(trained, draft.categories, draft.blocks),
        keyword_rest=keyword_rest(trained, draft.categories, draft.blocks),
        nearest=found,
        notes=_once(draft.notes),
    )


def _once(notes: Sequence[Remark]) -> tuple[Remark, ...]:
    return tuple({one.text: one for one in notes}.values())
