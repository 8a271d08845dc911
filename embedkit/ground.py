"""What a head stands on: listings whose category people or the catalogue say, their blocks, groups and sides."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedkit.blocks import KEYWORDS, TITLE, load_block, resolve, short_name
from embedkit.errors import NotEnoughLabels
from embedkit.heads.splits import Side, assign_splits, near_duplicate_groups
from embedkit.indexing import near_pairs
from embedkit.stores import answers, items, judgements, runs, spaces
from embedkit.stores.database import Connection
from embedkit.types import Block, Int64, Item
from embedkit.workspace import Workspace

LEVEL = " > "
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
    blocks: bool = True
    """Whether vectors and words are loaded at all; the listings, groups and sides are the same without."""


@dataclass(frozen=True)
class Truths:
    """Listings whose category is known, in one order, with it: what a person answered, else what the catalogue says.

    countable bool[n]: which may calibrate and score a head. A listing that was picked because it was doubtful and has a
    category for no other reason may not: such listings are harder than most. audited bool[n]: those that were drawn at
    random and answered.
    """

    items: list[Item]
    labels: tuple[str, ...]
    countable: NDArray[np.bool_]
    audited: NDArray[np.bool_]

    @property
    def ids(self) -> Int64:
        """The listings' ids, int64[n]."""
        return np.array([item.item_id for item in self.items], dtype=np.int64)


@dataclass(frozen=True)
class Ground:
    """Labelled items in one order: ids int64[n], labels, groups int64[n]; blocks may hold more items.

    train bool[n] and test bool[n] are its sides; countable bool[n] may calibrate and score, and only those test.
    """

    ids: Int64
    labels: tuple[str, ...]
    blocks: tuple[Block, ...]
    groups: Int64
    train: NDArray[np.bool_]
    countable: NDArray[np.bool_]
    depth: int
    seed: int
    records: tuple[spaces.SpaceRecord, ...]

    @property
    def test(self) -> NDArray[np.bool_]:
        """bool[n]: who tests."""
        return ~self.train & self.countable

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
        runs.the_catalogue(connection)
        records = tuple(spaces.load_spaces(connection))
        depth = spec.depth or catalogue_depth(connection)
        truths = load_truths(connection, depth)
        indexed = runs.load_runs(connection, "index")
        split = judgements.load_split(connection)
    if not truths.items:
        raise NotEnoughLabels(
            "no listing here has a category",
            "Name the column: embedkit index CATALOGUE --column category=NAME; or take in what people answered: "
            "embedkit import-labels",
        )
    names = _spaces(spec, records, indexed) if spec.blocks else []
    blocks = tuple(load_block(workspace, name, records, truths.items) for name in names)
    groups = near_groups(workspace, truths.items, records)
    train = _sides(truths, groups, spec, split)
    return Ground(truths.ids, truths.labels, blocks, groups, train, truths.countable, depth, spec.seed, records)


def catalogue_depth(connection: Connection) -> int:
    """Return the level of categories that the catalogue was indexed for."""
    catalogue = runs.last_catalogue(connection)
    return int((catalogue.columns if catalogue else {}).get("category_depth", 1))


def load_truths(connection: Connection, depth: int) -> Truths:
    """Return the listings whose category at this level is known, by rising item; people's answers go first."""
    answered = answers.load_answers(connection)
    drawn_at_random = {
        reviewed.item.item_id for reviewed in answers.load_reviewed(connection) if reviewed.item.drawn_by == "audit"
    }
    current = items.load_items(connection)
    names = {item.category_at(depth) for item in current}
    names |= {name for head in judgements.load_heads(connection) if head.depth == depth for name in head.classes}
    chosen: list[Item] = []
    labels: list[str] = []
    countable: list[bool] = []
    for item in current:
        answer = answered.get(item.item_id)
        own = item.category_at(depth)
        label = own if answer is None else _at_level(answer.label, own, depth, names)
        if label is None:
            continue
        chosen.append(item)
        labels.append(label)
        unbiased = answer is not None and answer.drawn_by in ("audit", "seed")
        countable.append(bool(item.category) or unbiased or item.item_id in drawn_at_random)
    audited = [item.item_id in answered and item.item_id in drawn_at_random for item in chosen]
    return Truths(chosen, tuple(labels), np.array(countable, dtype=bool), np.array(audited, dtype=bool))


def _at_level(answer: str, own: str | None, depth: int, names: Set[str | None]) -> str:
    """Return an answer at this level; where it is of a higher one, the catalogue's own category below it, if there is.

    A name of this level stays whole, even if it looks like a path.
    """
    if own is not None and own.startswith(answer + LEVEL):
        return own
    return answer if answer in names else LEVEL.join(answer.split(LEVEL)[:depth])


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


def _sides(truths: Truths, groups: Int64, spec: GroundSpec, split: judgements.Split | None) -> NDArray[np.bool_]:
    """Return bool[n], who trains; with the same seed and share, an item stays on the side it was on.

    What cannot test trains, but for near-duplicates of what tests.
    """
    ids, counts = truths.ids.tolist(), truths.countable
    rows = np.flatnonzero(counts)
    earlier: dict[str, Side] = {}
    if split is not None and split.seed == spec.seed:
        trained = dict(zip(split.ids.tolist(), split.train.tolist(), strict=True))
        uncounted = {ids[row] for row in np.flatnonzero(~counts)}
        tested = [not side for item_id, side in trained.items() if item_id not in uncounted]
        if tested and abs(np.mean(tested) - spec.test_share) < SHARE_TOLERANCE:
            known = [row for row in rows if ids[row] in trained]
            earlier = {truths.items[row].key: "train" if trained[ids[row]] else "test" for row in known}
    keys, labels = [truths.items[row].key for row in rows], [truths.labels[row] for row in rows]
    sides = assign_splits(keys, labels, groups[rows], spec.test_share, spec.seed, earlier)
    testing = {int(groups[row]) for row, side in zip(rows, sides, strict=True) if side == "test"}
    return np.array([int(group) not in testing for group in groups], dtype=bool)
