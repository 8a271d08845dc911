"""What a head stands on: labelled listings, their blocks, groups of near-duplicates, and who trains and who tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedkit.blocks import KEYWORDS, TITLE, load_block, resolve, short_name
from embedkit.errors import NotEnoughLabels
from embedkit.heads.splits import Side, assign_splits, near_duplicate_groups
from embedkit.indexing import near_pairs
from embedkit.stores import items, judgements, runs, spaces
from embedkit.types import Block, Int64, Item
from embedkit.workspace import Workspace

SHARE_TOLERANCE = 0.02
"""A split whose test side is this far from the share asked for was made for another share, and is drawn again."""


@dataclass(frozen=True)
class GroundSpec:
    """Which blocks ("" in none: the newest spaces), which level, and how the sides are drawn."""

    features: tuple[str, ...] = ()
    keywords: bool = True
    pictures_and_texts_of_one: bool = False
    depth: int | None = None
    test_share: float = 0.2
    seed: int = 0


@dataclass(frozen=True)
class Ground:
    """Labelled items in one order: ids int64[n], labels, groups int64[n], train bool[n]; blocks may hold more items."""

    ids: Int64
    labels: tuple[str, ...]
    blocks: tuple[Block, ...]
    groups: Int64
    train: NDArray[np.bool_]
    depth: int
    seed: int
    records: tuple[spaces.SpaceRecord, ...]

    def labels_of(self, side: NDArray[np.bool_]) -> list[str]:
        """Return the labels of one side, in order."""
        return [label for label, chosen in zip(self.labels, side, strict=True) if chosen]

    @property
    def split(self) -> judgements.Split:
        """The sides, as they are recorded."""
        return judgements.Split(self.ids, self.train, self.groups, self.seed)

    @property
    def names(self) -> list[str]:
        """What users call the blocks."""
        short = {record.space: short_name(record) for record in self.records}
        return [short.get(block.space, block.space) for block in self.blocks if block.space != TITLE]


def survey(workspace: Workspace, spec: GroundSpec) -> Ground:
    """Return the ground of a head, writing nothing; raises NotEnoughLabels where no listing has a category."""
    with workspace.database().connect(read_only=True) as connection:
        current = items.load_items(connection)
        records = tuple(spaces.load_spaces(connection))
        catalogue = runs.last_catalogue(connection)
        indexed = runs.load_runs(connection, "index")
        split = judgements.load_split(connection)
    depth = spec.depth or int((catalogue.columns if catalogue else {}).get("category_depth", 1))
    labelled = [item for item in current if item.category]
    if not labelled:
        raise NotEnoughLabels(
            "no listing here has a category", "Name the column: embedkit index CATALOGUE --column category=NAME"
        )
    blocks = tuple(load_block(workspace, name, records, current) for name in _spaces(spec, records, indexed))
    labels = tuple(str(item.category_at(depth)) for item in labelled)
    groups = near_groups(workspace, labelled, records)
    train = _sides(labelled, labels, groups, spec, split)
    ids = np.array([item.item_id for item in labelled], dtype=np.int64)
    return Ground(ids, labels, blocks, groups, train, depth, spec.seed, records)


def _spaces(spec: GroundSpec, records: Sequence[spaces.SpaceRecord], indexed: Sequence[runs.Run]) -> list[str]:
    """Return the blocks' full names: those asked for, or the spaces of the newest finished index run and keywords."""
    if spec.features:
        named = [name if name == KEYWORDS else resolve(name, records).space for name in spec.features]
    else:
        made: list[dict[str, str]] = next((run.summary["encoders"] for run in reversed(indexed) if run.summary), [])
        families = {one["name"] for one in made if one["modality"] == "text"}
        named = [one["space"] for one in made if not spec.pictures_and_texts_of_one or one["name"] in families]
        known = {record.space for record in records}
        named = [name for name in named if name in known]
    if spec.keywords or KEYWORDS in named:
        named += [KEYWORDS, TITLE]
    return list(dict.fromkeys(named))


def near_groups(workspace: Workspace, current: list[Item], records: Sequence[spaces.SpaceRecord]) -> Int64:
    """Return each item's group of near-duplicates: same picture, same text, or almost the same picture vector."""
    ids = np.array([item.item_id for item in current], dtype=np.int64)
    same = [[item.image_sha256 for item in current], [item.text_sha256 for item in current]]
    return near_duplicate_groups(ids, same, near_pairs(workspace, current, records))


def _sides(
    labelled: list[Item], labels: Sequence[str], groups: Int64, spec: GroundSpec, split: judgements.Split | None
) -> NDArray[np.bool_]:
    """Return bool[n], who trains; with the same seed and share, an item stays on the side it was on."""
    earlier: dict[str, Side] = {}
    if split is not None and split.seed == spec.seed and abs(np.mean(~split.train) - spec.test_share) < SHARE_TOLERANCE:
        trained = dict(zip(split.ids.tolist(), split.train.tolist(), strict=True))
        for item in labelled:
            if item.item_id in trained:
                earlier[item.key] = "train" if trained[item.item_id] else "test"
    keys = [item.key for item in labelled]
    sides = assign_splits(keys, labels, groups, spec.test_share, spec.seed, earlier)
    return np.array([side == "train" for side in sides], dtype=bool)
