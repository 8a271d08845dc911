"""Empty fields."""

from __future__ import annotations

from embedkit.study.gaps import Field, column_fields, empty

KEYS = [f"k{i}" for i in range(50)]


def test_an_empty_field_is_counted_and_says_what_that_means() -> None:
    (row,) = empty([Field("picture", [None, *["a.jpg"] * 48, None])], KEYS)
    assert (row["empty"], row["share"], row["examples"]) == (2, 0.04, ["k0", "k49"])
    assert row["means"] == "only the words can say what it is"


def test_a_field_that_is_never_empty_means_nothing() -> None:
    assert empty([Field("title", KEYS)], KEYS)[0]["means"] == ""


def test_what_a_field_says_again_and_again_is_named_and_what_it_says_twice_is_not() -> None:
    again, seldom = empty([Field("rating", ["none"] * 40 + KEYS[:10]), Field("size", ["S", *KEYS[:48], "S"])], KEYS)
    assert (again["commonest"], again["commonest_share"], again["distinct"]) == ("none", 0.8, 11)
    assert (seldom["commonest"], seldom["commonest_share"]) == (None, None)


def test_a_column_that_a_listing_lacks_is_empty_there_and_zero_is_a_value() -> None:
    (price,) = empty(column_fields(["price"], [{"price": 0}, {}, {"price": None}]), KEYS)
    assert (price["empty"], price["examples"]) == (2, ["k1", "k2"])
