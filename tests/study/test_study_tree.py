"""The category tree, counted."""

from __future__ import annotations

from embedkit.study.tree import NONE, WHOLE, by_category, categories, levels

PATHS = [("Home", "Curtains"), ("Home", "Curtains"), ("Home", "Lamps"), ("Watches",), ()]


def test_a_category_counts_all_that_is_below_it_and_the_categories_directly_below() -> None:
    rows = {row["category"]: row for row in categories(PATHS)}
    assert (rows["Home"]["listings"], rows["Home"]["sub_categories"], rows["Home"]["share"]) == (3, 2, 0.6)
    assert (rows["Home > Curtains"]["listings"], rows["Home > Curtains"]["sub_categories"]) == (2, 0)


def test_categories_come_depth_by_depth_and_the_largest_first() -> None:
    assert [row["category"] for row in categories(PATHS)] == ["Home", "Watches", "Home > Curtains", "Home > Lamps"]


def test_one_name_in_two_places_is_two_categories() -> None:
    rows = categories([("Men", "Shoes"), ("Women", "Shoes")])
    assert [row["category"] for row in rows if row["depth"] == 2] == ["Men > Shoes", "Women > Shoes"]


def test_a_depth_has_the_listings_that_reach_it() -> None:
    first, second = levels(PATHS)
    assert (first["categories"], first["listings"], first["smallest"], first["largest"]) == (2, 4, 1, 3)
    assert (first["sub_categories"], second["listings"], second["median"]) == (2, 3, 1.5)


def test_a_catalogue_without_categories_has_no_tree() -> None:
    assert (levels([(), ()]), categories([(), ()])) == ([], [])


def test_the_whole_comes_first_and_listings_without_a_category_last() -> None:
    rows = by_category([NONE, "b", NONE, "a", "b"])
    assert list(rows) == [WHOLE, "b", "a", NONE]
    assert rows["b"] == [1, 4]
