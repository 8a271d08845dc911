"""What is known while listings are explained: the catalogue, the head in question, and the head without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from embedkit.blocks import GRAMS, load_block, short_name
from embedkit.catalog.pictures import PictureSource
from embedkit.encoding import opening_of
from embedkit.errors import Misuse
from embedkit.explain.directions import OWN_WEIGHTS
from embedkit.explain.listing import KEYWORDS
from embedkit.explain.twin import twin_without
from embedkit.ground import Truths, catalogue_depth, load_truths
from embedkit.heads.train import HeadSpec, TrainedHead, fit_head
from embedkit.heads.zeroshot import class_prompts, zero_shot_head
from embedkit.indexing import features_of
from embedkit.standing import find_head, head_in_use, load_trained
from embedkit.stores import judgements, runs, spaces
from embedkit.types import Int64
from embedkit.workspace import Workspace

ZERO_SHOT = "zeroshot"
"""The head that needs no training: the categories' names, read by CLIP."""


@dataclass(frozen=True)
class Scene:
    """The catalogue as it is, the head in question, and what it was trained on (None: nothing)."""

    workspace: Workspace
    records: tuple[spaces.SpaceRecord, ...]
    earlier: tuple[runs.Run, ...]
    truths: Truths
    trained: TrainedHead
    pictures: PictureSource
    split: judgements.Split | None = None
    config: Mapping[str, Any] | None = None

    @cached_property
    def labels(self) -> dict[int, str]:
        """The category that people or the catalogue say, by item."""
        return dict(zip(self.truths.ids.tolist(), self.truths.labels, strict=True))

    def record(self, space: str) -> spaces.SpaceRecord | None:
        """Return the record of a vector space, None for keywords."""
        return next((one for one in self.records if one.space == space), None)

    def name(self, space: str) -> str:
        """Return what people call a block; all that is read word by word goes by one name."""
        if space == OWN_WEIGHTS:
            return space
        own = {one: short_name(record) for one in self.trained.head.spaces if (record := self.record(one)) is not None}
        name = own.get(space, KEYWORDS)
        return name if list(own.values()).count(name) < 2 else space

    @cached_property
    def learnt(self) -> frozenset[int]:
        """The listings that the head was trained on."""
        return frozenset() if self.split is None else frozenset(self.split.ids[self.split.train].tolist())

    def without(self, ids: Int64) -> TrainedHead:
        """Return the head as if it had not seen these listings, nor any near-duplicate of them."""
        assert self.split is not None
        assert self.config is not None
        groups = self.split.group_id[np.isin(self.split.ids, ids)]
        kept = self.split.ids[self.split.train & ~np.isin(self.split.group_id, groups)]
        rows = np.flatnonzero(np.isin(self.truths.ids, kept))
        current = [self.truths.items[row] for row in rows]
        blocks = [load_block(self.workspace, space, self.records, current) for space in self.trained.head.spaces]
        spec = HeadSpec(balanced=self.config["balanced"], prototypes=self.config["prototypes"], grams=GRAMS)
        labels = [self.truths.labels[row] for row in rows]
        return twin_without(self.trained, self.truths.ids[rows], blocks, labels, spec, self.config["seed"])


def open_scene(workspace: Workspace, head_id: str | None, categories: Sequence[str]) -> Scene:
    """Return what is known of a head (None: the one in use); raises Misuse for a category that is not the head's."""
    with workspace.database().connect(read_only=True) as connection:
        records = tuple(spaces.load_spaces(connection))
        earlier = tuple(runs.load_runs(connection, "index"))
        catalogue = runs.last_catalogue(connection)
        by_name = head_id == ZERO_SHOT
        record = None if by_name else find_head(judgements.load_heads(connection), head_id or head_in_use(connection))
        truths = load_truths(connection, record.depth if record else catalogue_depth(connection))
        learns = record is not None and record.kind != ZERO_SHOT
        split = judgements.load_split(connection, record.run_id) if record and learns else None
    assert catalogue is not None
    pictures = PictureSource(Path(catalogue.source), Path(catalogue.images) if catalogue.images else None)
    if record is None:
        names = tuple(dict.fromkeys([*sorted(set(truths.labels)), *categories]))
        trained = zero_shot_trained(workspace, records, earlier, truths, names)
        return Scene(workspace, records, earlier, truths, trained, pictures)
    unknown = [name for name in categories if name not in record.classes]
    if unknown:
        raise Misuse(
            f"{record.head_id} has no category {unknown[0]!r}",
            f"Its categories: {', '.join(record.classes)}. With --head {ZERO_SHOT} any text may be one.",
        )
    trained = load_trained(workspace, record)
    return Scene(workspace, records, earlier, truths, trained, pictures, split, record.config)


def zero_shot_trained(
    workspace: Workspace,
    records: Sequence[spaces.SpaceRecord],
    earlier: Sequence[runs.Run],
    truths: Truths,
    categories: Sequence[str],
) -> TrainedHead:
    """Return a head that compares with the categories' names as texts, calibrated on what is labelled.

    It reads the spaces of the newest encoder that reads texts; raises Misuse where there is none, or no category.
    """
    towers = [record for record in records if record.spec.modality == "text"]
    if not towers:
        raise Misuse("no encoder of this workspace reads texts", "Index with a CLIP encoder, or name a trained --head.")
    if not categories:
        raise Misuse("no category is known here", "Name some: --category NAME --category NAME")
    used = [record for record in records if record.spec.family == towers[-1].spec.family]
    encoder = opening_of(towers[-1].space, earlier).open()
    embeddings = [encoder.encode(prompts) for prompts in class_prompts(categories)]
    head = zero_shot_head(categories, embeddings, [record.space for record in used])
    blocks = [features_of(workspace, record, truths.items) for record in used]
    return fit_head(
        "zeroshot", truths.ids, blocks, truths.labels, spec=HeadSpec(zero_shot=head), countable=truths.countable
    )
