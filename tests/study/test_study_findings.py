"""The sentences that sum a catalogue up."""

from __future__ import annotations

from typing import Any

import pytest

from embedkit.study.findings import findings
from embedkit.study.gaps import COLUMN

NUMBERS: dict[str, Any] = {
    "listings": 100,
    "depth": 1,
    "categories": 2,
    "with_category": 100,
    "with_text": 100,
    "texts_too_long": 0,
    "with_picture": 100,
    "unreadable": 0,
    "plain_background_share": 0.25,
    "filed_twice": 0,
}
KINDS = ("same picture", "nearly the same picture", "same text", "nearly the same text")
TABLES: dict[str, list[dict[str, Any]]] = {
    "categories": [
        {"depth": 1, "category": "mugs", "listings": 50, "share": 0.5},
        {"depth": 1, "category": "lamps", "listings": 50, "share": 0.5},
    ],
    "too_long": [],
    "overlap": [],
    "unreadable": [],
    "quality": [{"flag": "tiny", "means": "small", "pictures": 0, "share": 0.0, "examples": []}],
    "copies": [{"what": what, "groups": 0, "listings": 0, "share": 0.0, "within": 0, "across": 0} for what in KINDS],
    "copy_groups": [],
    "languages": [{"field": "title", "language": "en", "name": "English", "listings": 100, "share": 1.0}],
    "empty": [],
}


def said(tables: dict[str, list[dict[str, Any]]] | None = None, **numbers: Any) -> list[str]:
    """Return what is said of a world that is all right but for this."""
    return findings({**NUMBERS, **numbers}, {**TABLES, **(tables or {})})


def test_of_what_is_all_right_little_is_said() -> None:
    assert said({"categories": [{**row, "share": 0.4} for row in TABLES["categories"]]}) == [
        "no text is longer than CLIP's 77 tokens",
        "25% of the pictures have a plain background",
    ]


def test_small_categories_are_named_the_smallest_first() -> None:
    rows = [
        {"depth": 1, "category": name, "listings": n, "share": n / 100} for name, n in [("a", 40), ("b", 9), ("c", 1)]
    ]
    assert said({"categories": rows})[0] == "2 categories have under 10 listings: c, b"


def test_one_category_that_holds_most_is_named() -> None:
    rows = [{"depth": 1, "category": name, "listings": n, "share": n / 100} for name, n in [("a", 80), ("b", 20)]]
    assert "80% of the listings are filed under a" in said({"categories": rows})


def test_what_clip_cuts_off_is_said_with_the_category_that_loses_most() -> None:
    rows = [
        {"category": name, "share": share, "words_lost": lost}
        for name, share, lost in [("(all)", 0.4, 0.2), ("mugs", 0.1, 0.9), ("lamps", 0.7, 0.3)]
    ]
    lines = said({"too_long": rows}, texts_too_long=40, tokens_lost_share=0.5, words_lost_share=0.2)
    assert (
        "40 of 100 texts are longer than CLIP's 77 tokens; of those, CLIP does not read 50% of the tokens and 20% of"
        " the distinct words, most in lamps (30% of the words)"
    ) in lines


@pytest.mark.parametrize(
    ("pictures", "line"),
    [
        (1, "1 picture is tiny (1.0%; small): k1"),
        (2, "2 pictures are tiny (2.0%; small): k1"),
        (90, "90 pictures are tiny (90.0%; small)"),
    ],
)
def test_a_fault_is_said_with_examples_unless_most_have_it(pictures: int, line: str) -> None:
    row = {"flag": "tiny", "means": "small", "pictures": pictures, "share": pictures / 100, "examples": ["k1"]}
    assert line in said({"quality": [row]})


def test_listings_filed_twice_are_shown_with_where() -> None:
    row = {"what": "same text", "across": True, "keys": ["a", "b"], "categories": ["mugs", "lamps"]}
    near = {**row, "what": "nearly the same text", "keys": ["x", "y"]}
    lines = said({"copy_groups": [near, row]}, filed_twice=2)
    assert "2 listings share a picture or a text with one in another category: a = b (mugs / lamps)" in lines


def test_near_copies_are_counted_and_those_across_categories_told() -> None:
    rows = [dict(row) for row in TABLES["copies"]]
    rows[1] |= {"groups": 1, "listings": 2, "share": 0.02, "across": 1}
    rows[3] |= {"groups": 2, "listings": 17, "share": 0.17}
    assert said({"copies": rows})[-2:] == [
        "2 listings (2.0%) have nearly the same picture as another: 1 group, 1 of them across categories",
        "17 listings (17.0%) have nearly the same text as another: 2 groups",
    ]


def test_a_column_that_is_often_empty_is_named_and_one_that_seldom_is_not() -> None:
    row = {"means": COLUMN, "commonest": None, "commonest_share": None}
    rows = [{**row, "field": "brand", "empty": 32, "share": 0.32}, {**row, "field": "pid", "empty": 1, "share": 0.01}]
    assert said({"empty": rows})[-1] == "brand is empty in 32% of the listings"


def test_a_listing_with_neither_title_nor_text_is_said_so() -> None:
    row = {"field": "title and text", "empty": 1, "share": 0.01, "means": "only", "commonest_share": None}
    assert said({"empty": [row]})[-1] == "1 listing has neither title nor text: only"


def test_a_language_that_hardly_any_text_is_in_is_passed_over() -> None:
    english = {"field": "title", "language": "en", "name": "English", "listings": 9990, "share": 0.999}
    german = {"field": "title", "language": "de", "name": "German", "listings": 1, "share": 0.0001}
    unknown = {"field": "title", "language": "unknown", "name": "unknown", "listings": 9, "share": 0.0009}
    assert not [line for line in said({"languages": [english, german, unknown]}) if "English" in line]
    some = {**german, "listings": 40, "share": 0.004}
    assert "99.9% of the titles are in English; others: German 40" in said({"languages": [english, some, unknown]})


def test_a_column_that_nearly_always_says_the_same_is_named() -> None:
    row = {"field": "rating", "empty": 0, "means": "", "commonest": "none", "commonest_share": 0.85}
    assert said({"empty": [row]})[-1] == "rating says 'none' in 85% of the listings"


def test_no_texts_no_pictures_and_no_categories_are_said_so() -> None:
    lines = said({"categories": [], "quality": []}, with_text=0, with_picture=0, categories=0)
    assert lines == [
        "no listing has a category: there is nothing to compare",
        "no listing has a text: only pictures can say what they are",
        "no listing names a picture",
    ]
