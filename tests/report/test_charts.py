"""Charts are drawings in a page: named apart, described, the same every time, and safe whatever they are about."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from embedkit.report import charts
from embedkit.report.drawing import Chart
from embedkit.report.map_charts import category_map, outcome_map
from embedkit.report.palette import COLOURS, OUTCOMES, SHAPES
from embedkit.study.quality import class_rows, confusion_rows, coverage_rows, reliability_rows
from embedkit.wording import wording

NASTY = "<b>&\"'$x$</svg><script>"
TRUTH = ["red", "red", "red", NASTY, "blue", "blue"]
SAID = ["red", "red", "blue", NASTY, "blue", "blue"]
_ = wording("en")


def drawn() -> list[Chart]:
    confidence, right = np.linspace(0.4, 0.95, 6), np.array([True, True, False, True, True, True])
    places = [
        {"x": 0.1 * i, "y": -0.1 * i, "category": name, "outcome": ("right", "wrong", "unknown")[i % 3]}
        for i, name in enumerate([*TRUTH, None])
    ]
    return [
        charts.class_chart(class_rows(SAID, TRUTH), _),
        charts.confusion_chart(confusion_rows(SAID, TRUTH), _),
        charts.coverage_chart(coverage_rows(confidence, right), 0.98, _),
        charts.reliability_chart(reliability_rows(confidence, right), 0.1, _),
        category_map(places, _),
        outcome_map(places, _),
    ]


@pytest.fixture(scope="module")
def all_of_them() -> list[Chart]:
    return drawn()


def test_a_drawing_is_the_same_every_time(all_of_them: list[Chart]) -> None:
    assert [one.svg for one in drawn()] == [one.svg for one in all_of_them]


def test_no_name_occurs_twice_on_a_page(all_of_them: list[Chart]) -> None:
    names = [name for one in all_of_them for name in re.findall(r'\bid="([^"]*)"', one.svg)]
    assert len(names) == len(set(names)) > 10


def test_what_a_drawing_refers_to_is_in_it(all_of_them: list[Chart]) -> None:
    for one in all_of_them:
        names = set(re.findall(r'\bid="([^"]*)"', one.svg))
        used = set(re.findall(r'href="#([^"]*)"', one.svg)) | set(re.findall(r"url\(#([^)]*)\)", one.svg))
        assert used <= names


def test_each_drawing_is_an_image_with_a_title_and_a_description(all_of_them: list[Chart]) -> None:
    for one in all_of_them:
        root = ElementTree.fromstring(one.svg.replace("xlink:href", "href"))
        assert root.get("role") == "img"
        title, description = list(root)[:2]
        assert (title.text, description.text) == (one.title, one.description)
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


def test_a_nasty_name_is_text_in_a_drawing(all_of_them: list[Chart]) -> None:
    for one in all_of_them:
        assert "<script" not in one.svg
    assert "$x$" in all_of_them[0].svg


def test_text_is_text_and_nothing_is_loaded(all_of_them: list[Chart]) -> None:
    for one in all_of_them:
        assert "<text" in one.svg
        assert not re.search(r'(href|src)="(?!#)', one.svg)
        assert "<style" not in one.svg


def test_of_many_categories_those_with_the_most_errors_are_drawn() -> None:
    truth = [f"c{i:02d}" for i in range(40)] * 2
    said = ["c39" if name in ("c00", "c01") else name for name in truth]
    names = charts.matrix_names(confusion_rows(said, truth))
    assert len(names) == charts.MOST_IN_MATRIX
    assert {"c00", "c01", "c39"} <= set(names)


@pytest.mark.parametrize(
    ("name", "drawn_as"),
    [
        ("Watches", "Watches"),
        ("Home Decor & Festive Needs > Showpieces", "… > Showpieces"),
        ("Levertraningsapparatuuronderdelen en meer", "Levertraningsapparatuuronderdelen…"),
    ],
)
def test_a_long_name_keeps_what_tells_it_apart(name: str, drawn_as: str) -> None:
    assert charts.name_of(name) == drawn_as


def test_the_most_frequent_confusion_comes_first() -> None:
    pairs = charts.confused_pairs(confusion_rows(["b", "b", "c", "a"], ["a", "a", "b", "a"]))
    assert [(row["truth"], row["predicted"], row["count"]) for row in pairs] == [("a", "b", 2), ("b", "c", 1)]


def test_right_and_wrong_differ_by_shape_and_every_colour_stands_out_from_white() -> None:
    assert len({shape for colour, shape in OUTCOMES.values()}) == len(OUTCOMES)
    assert len(set(SHAPES)) == len(SHAPES) == len(COLOURS)
    for colour in [*COLOURS, *(colour for colour, shape in OUTCOMES.values())]:
        assert 1.05 / (_luminance(colour) + 0.05) >= 3


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
