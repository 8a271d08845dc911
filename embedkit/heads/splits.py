"""Which items train and which test: stratified, stable as the catalogue grows, near-duplicates never apart."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from embedkit.errors import Misuse
from embedkit.types import Int64

Side = Literal["train", "test"]


MOST_ALIKE = 50
"""Groups that resemblance alone makes larger are chains, whose ends are strangers: of 36,441 fashion listings one held
712 of the 874 pieces of eyewear, so that none of them could be learnt in one fold and tested in another."""


def near_duplicate_groups(
    ids: Int64, keys: Iterable[Sequence[Hashable | None]] = (), pairs: Iterable[tuple[int, int]] = ()
) -> Int64:
    """Return int64[n]: each item's group, named by the smallest item id in it.

    Items belong together that share a value of any of `keys` (one value an item, None = no value: a picture's hash,
    a text's hash), or that stand in one of `pairs` of item ids, the closest first: a pair that would make a group of
    more than MOST_ALIKE is passed over, and so is one that names an id which is not here.
    """
    row_of = {int(item_id): row for row, item_id in enumerate(ids)}
    parent, size = list(range(len(ids))), [1] * len(ids)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    def join(a: int, b: int, most: int) -> None:
        a, b = root(a), root(b)
        if a != b and size[a] + size[b] <= most:
            low, high = (a, b) if ids[a] < ids[b] else (b, a)
            parent[high], size[low] = low, size[a] + size[b]

    for values in keys:
        first: dict[Hashable, int] = {}
        for row, value in enumerate(values):
            if value is not None:
                join(first.setdefault(value, row), row, len(ids))
    for left, right in pairs:
        if int(left) in row_of and int(right) in row_of:
            join(row_of[int(left)], row_of[int(right)], MOST_ALIKE)
    return np.fromiter((ids[root(row)] for row in range(len(ids))), dtype=np.int64, count=len(ids))


def assign_splits(
    keys: Sequence[str],
    labels: Sequence[str],
    groups: Int64,
    test_share: float = 0.2,
    seed: int = 0,
    existing: Mapping[str, Side] | None = None,
) -> list[Side]:
    """Return "train" or "test" for each item: about `test_share` of every class tests, and groups stay whole.

    Stable: an item in `existing` (key -> side) stays where it is and takes its group with it, and a new group goes by
    the hash of its smallest key and the seed, so that the order of the catalogue does not matter. A class never gives
    its last group to the test side.
    """
    if not 0 <= test_share < 1:
        raise Misuse(f"test share {test_share} is not in [0, 1)")
    members: dict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        members[int(group)].append(row)
    side_of: dict[int, Side] = {}
    if existing:
        for group, rows in members.items():
            sides = [existing[keys[row]] for row in rows if keys[row] in existing]
            if sides:
                # A group that grew together from both sides trains: a tested item must have no twin in training.
                side_of[group] = "test" if all(s == "test" for s in sides) else "train"
    by_label: dict[str, list[int]] = defaultdict(list)
    for group, rows in members.items():
        by_label[_majority([labels[row] for row in rows])].append(group)
    for label_groups in by_label.values():
        _fill(label_groups, members, side_of, test_share, lambda group: _rank(members[group], keys, seed))
    return [side_of[int(group)] for group in groups]


def _fill(
    label_groups: list[int],
    members: Mapping[int, list[int]],
    side_of: dict[int, Side],
    test_share: float,
    rank: Callable[[int], str],
) -> None:
    """Give every group of one class a side, the undecided ones in the order of their rank."""
    wanted = round(test_share * sum(len(members[group]) for group in label_groups))
    tested = sum(len(members[group]) for group in label_groups if side_of.get(group) == "test")
    trains = any(side_of.get(group) == "train" for group in label_groups)
    undecided = sorted((group for group in label_groups if group not in side_of), key=rank)
    for place, group in enumerate(undecided):
        size = len(members[group])
        spare = trains or place < len(undecided) - 1
        if spare and tested + size <= wanted:
            side_of[group] = "test"
            tested += size
        else:
            side_of[group] = "train"
            trains = True


def grouped_folds(labels: Sequence[str] | Int64, groups: Int64, k: int = 5, seed: int = 0) -> Int64:
    """Return int64[n]: each item's fold in 0..k-1, or -1 for an item that can only train.

    Groups stay whole, and each class spreads over the folds as evenly as its groups allow, rare classes first. A class
    that is a single group cannot be both learnt and tested, so its items are in no fold (-1): they train in every one.
    """
    group_rows: dict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        group_rows[int(group)].append(row)
    names, columns = np.unique(np.asarray(labels), return_inverse=True)
    counts = {group: np.bincount(columns[rows], minlength=len(names)) for group, rows in group_rows.items()}
    spread = np.sum([count > 0 for count in counts.values()], axis=0) if counts else np.zeros(0)
    rng = np.random.default_rng(seed)
    order = [list(group_rows)[i] for i in rng.permutation(len(group_rows))]
    size = np.bincount(columns, minlength=len(names))
    # Large groups first, then rare classes: what is hard to place goes while there is room.
    order.sort(key=lambda group: (-len(group_rows[group]), int(size[counts[group] > 0].min())))
    filled, fold = np.zeros((k, len(names))), np.full(len(groups), -1, dtype=np.int64)
    for group in order:
        here = counts[group]
        if (spread[here > 0] < 2).all():
            continue
        crowd = (filled / np.maximum(size, 1)) @ here
        best = np.flatnonzero(crowd <= crowd.min() + 1e-12)
        chosen = int(best[np.argmin(filled[best].sum(axis=1))])
        filled[chosen] += here
        rows = [row for row in group_rows[group] if spread[columns[row]] >= 2]
        fold[rows] = chosen
    return fold


def _majority(values: Sequence[str]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for value in values:
        counts[value] += 1
    return min(counts, key=lambda value: (-counts[value], value))


def _rank(rows: Sequence[int], keys: Sequence[str], seed: int) -> str:
    return hashlib.sha256(f"{seed}\0{min(keys[row] for row in rows)}".encode()).hexdigest()
