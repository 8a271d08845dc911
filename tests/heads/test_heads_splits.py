"""Splits: stratified, stable, near-duplicates together."""

from __future__ import annotations

import numpy as np
import pytest
from head_worlds import each_its_own

from embedkit.errors import Misuse
from embedkit.heads.splits import MOST_ALIKE, assign_splits, grouped_folds, near_duplicate_groups

KEYS = [f"k{i}" for i in range(100)]
LABELS = ["a"] * 80 + ["b"] * 20


def test_items_that_share_a_picture_or_a_text_are_one_group_even_through_a_third() -> None:
    groups = near_duplicate_groups(np.array([7, 3, 9, 5]), [["p", "p", "q", "r"], [None, "t", "t", None]])
    assert groups.tolist() == [3, 3, 3, 5]


def test_items_without_a_value_are_not_alike() -> None:
    assert near_duplicate_groups(np.array([1, 2]), [[None, None]]).tolist() == [1, 2]


def test_pairs_join_groups_and_strangers_in_them_are_passed_over() -> None:
    assert near_duplicate_groups(np.array([1, 2, 3]), pairs=[(1, 3), (2, 99)]).tolist() == [1, 2, 1]


def test_a_chain_of_resemblance_is_cut_where_it_grows_too_long_its_closest_pairs_kept() -> None:
    ids = np.arange(1, 2 * MOST_ALIKE + 1)
    chain = [(one, one + 1) for one in range(1, len(ids))]
    closest = (MOST_ALIKE, MOST_ALIKE + 1)
    groups = near_duplicate_groups(ids, pairs=[closest, *chain])
    assert groups[MOST_ALIKE - 1] == groups[MOST_ALIKE]
    assert np.unique(groups, return_counts=True)[1].max() == MOST_ALIKE
    assert len(np.unique(groups)) == 3


def test_the_same_picture_or_text_stays_together_however_many_there_are() -> None:
    ids = np.arange(1, 2 * MOST_ALIKE + 1)
    assert set(near_duplicate_groups(ids, [["one text"] * len(ids)]).tolist()) == {1}


def test_every_class_gives_its_share_to_the_test_side() -> None:
    sides = np.array(assign_splits(KEYS, LABELS, each_its_own(100), 0.2))
    assert (sides[:80] == "test").sum() == 16
    assert (sides[80:] == "test").sum() == 4


def test_the_order_of_the_catalogue_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(100)
    sides = assign_splits(KEYS, LABELS, each_its_own(100))
    shuffled = assign_splits([KEYS[i] for i in order], [LABELS[i] for i in order], each_its_own(100))
    assert [sides[i] for i in order] == shuffled


def test_another_seed_splits_otherwise() -> None:
    assert assign_splits(KEYS, LABELS, each_its_own(100), seed=0) != assign_splits(
        KEYS, LABELS, each_its_own(100), seed=1
    )


def test_new_items_move_no_old_one() -> None:
    before = dict(zip(KEYS, assign_splits(KEYS, LABELS, each_its_own(100)), strict=True))
    keys = [f"new{i}" for i in range(50)] + KEYS
    after = dict(zip(keys, assign_splits(keys, ["a"] * 50 + LABELS, each_its_own(150), existing=before), strict=True))
    assert {key: after[key] for key in KEYS} == before


def test_near_duplicates_stand_on_one_side() -> None:
    groups = np.arange(100, dtype=np.int64) // 4
    sides = np.array(assign_splits(KEYS, LABELS, groups))
    assert all(len(set(sides[groups == group])) == 1 for group in range(25))


def test_a_duplicate_of_a_training_item_trains_though_a_tested_one_is_alike_too() -> None:
    sides = assign_splits(["x", "y", "z"], ["a"] * 3, np.zeros(3, dtype=np.int64), 0.5, 0, {"x": "test", "y": "train"})
    assert sides == ["train"] * 3


def test_the_only_item_of_a_class_trains() -> None:
    assert assign_splits(["x"], ["a"], each_its_own(1), 0.9) == ["train"]


def test_a_test_share_of_one_is_refused() -> None:
    with pytest.raises(Misuse, match=r"1\.0"):
        assign_splits(["x"], ["a"], each_its_own(1), 1.0)


def test_folds_hold_every_class_and_every_group_whole() -> None:
    groups = np.arange(100, dtype=np.int64) // 2
    folds = grouped_folds(LABELS, groups, 5)
    assert all(len(set(folds[groups == group])) == 1 for group in range(50))
    assert all((np.array(LABELS)[folds == fold] == "b").sum() == 4 for fold in range(5))


def test_a_class_with_fewer_groups_than_folds_is_tested_where_it_can_be() -> None:
    folds = grouped_folds(["a"] * 20 + ["b", "b"], each_its_own(22), 5)
    assert folds[20] != folds[21]
    assert (folds >= 0).all()


def test_a_class_of_one_group_is_in_no_fold() -> None:
    folds = grouped_folds(["a"] * 6 + ["b", "b"], np.array([0, 1, 2, 3, 4, 5, 6, 6]), 3)
    assert folds[6:].tolist() == [-1, -1]
    assert (folds[:6] >= 0).all()
