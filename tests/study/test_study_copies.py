"""Copies, exact and near."""

from __future__ import annotations

import numpy as np
import pytest

from embedkit.study.copies import copies, copy_groups, groups, near_texts

IDS = np.arange(1, 6)
KEYS = ["a", "b", "c", "d", "e"]


def test_listings_with_one_content_are_copies_and_those_across_categories_come_first() -> None:
    found = groups("same picture", IDS, KEYS, ["x", "x", "y", "z", "x"], [b"1", b"1", b"2", b"2", b"1"])
    assert [(group.keys, group.across) for group in found] == [(("c", "d"), True), (("a", "b", "e"), False)]


def test_listings_with_no_content_are_not_copies_of_each_other() -> None:
    assert groups("same text", IDS, KEYS, ["x"] * 5, [None] * 5) == []


def test_near_copies_are_groups_of_more_than_one_content() -> None:
    contents = [b"1", b"1", b"2", b"3", b"3"]
    (found,) = groups("nearly the same picture", IDS, KEYS, ["x"] * 5, contents, [(2, 3)])
    assert found.keys == ("a", "b", "c")


def test_a_listing_without_a_category_is_not_filed_elsewhere() -> None:
    (found,) = groups("same picture", IDS, KEYS, ["x", "(none)", "x", "x", "x"], [b"1", b"1", None, None, None])
    assert (found.across, found.categories) == (False, ("x",))


def test_a_kind_of_copies_counts_groups_and_listings() -> None:
    found = groups("same picture", IDS, KEYS, ["x", "y", "x", "x", "x"], [b"1", b"1", b"2", b"2", b"2"])
    row = copies("same picture", found, 10)
    assert (row["groups"], row["listings"], row["share"], row["within"], row["across"]) == (2, 5, 0.5, 1, 1)
    assert row["examples"] == ["a = b", "c = d"]
    assert copy_groups(found)[0] == {
        "what": "same picture",
        "listings": 2,
        "across": True,
        "categories": ["x", "y"],
        "keys": ["a", "b"],
    }


def test_texts_are_near_from_nine_tenths_of_their_words() -> None:
    ten = [f"word{i}" for i in range(10)]
    texts = [ten, [*ten, "red"], [*ten, "red", "blue"], [*ten[:8], "green", "grey"]]
    assert near_texts(np.arange(1, 5), texts) == [(1, 2), (2, 3)]


def test_the_same_words_in_another_order_are_near_and_empty_texts_are_not() -> None:
    assert near_texts(np.arange(1, 5), [["red", "mug"], ["mug", "red", "red"], [], []]) == [(1, 2)]


@pytest.mark.parametrize("seed", range(3))
def test_the_pairs_are_those_that_comparing_all_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = [[f"w{w}" for w in rng.choice(40, 20, replace=False)] for _ in range(8)]
    texts = [[w for w in base[i % 8] if rng.random() > 0.04] + [f"x{rng.integers(30)}"] for i in range(60)]
    sets = [frozenset(text) for text in texts]
    first = {words: i for i, words in reversed(list(enumerate(sets)))}
    expected = {
        (i + 1, j + 1)
        for i in range(60)
        for j in range(i + 1, 60)
        if len(sets[i] & sets[j]) >= 0.9 * len(sets[i] | sets[j])
        and (first[sets[i]] == i and (first[sets[j]] == j or sets[i] == sets[j]))
    }
    assert len(expected) > 10
    assert set(near_texts(np.arange(1, 61), texts)) == expected
