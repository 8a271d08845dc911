"""The chapters on what explore and compare found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from embedkit.gathered import Gathered
from embedkit.report.about_catalogue import catalogue
from embedkit.report.about_scenarios import measured, scenarios
from embedkit.report.html import Told
from embedkit.studies import Study
from embedkit.wording import wording
from tests.report.pages import MADE, NASTY, full

QUANTILES = {"least": 1, "p05": 1, "p25": 2, "median": 3, "p75": 4, "p95": 1000, "most": 5000}


def explored() -> Study:
    """Return what explore finds in a catalogue of three listings, of which one is a copy filed elsewhere."""
    numbers = {
        "listings": 3,
        "depth": 1,
        "categories": 2,
        "with_category": 3,
        "with_text": 3,
        "with_picture": 3,
        "pictures": 2,
        "texts_too_long_share": 0.25,
        "filed_twice": 1,
        "seconds": 1.0,
    }
    tables: dict[str, list[dict[str, Any]]] = {
        "levels": [{"depth": 1, "categories": 2, "listings": 3, "smallest": 1, "median": 1.5, "largest": 2}],
        "categories": [
            {"depth": 1, "category": NASTY, "listings": 2, "share": 0.667, "sub_categories": 0},
            {"depth": 2, "category": "too deep", "listings": 2, "share": 0.667, "sub_categories": 0},
        ],
        "text_lengths": [{"measure": "words", "category": "(all)", **QUANTILES}],
        "too_long": [
            {"category": "(all)", "texts": 3, "too_long": 1, "share": 0.333, "tokens_lost": 0.5, "words_lost": 0.4}
        ],
        "vocabulary": [
            {
                "category": "red",
                "listings": 2,
                "words": 9,
                "distinct_words": 7,
                "own_share": 0.5,
                "telling": [NASTY, "wool"],
            }
        ],
        "overlap": [{"category": "red", "other": "blue", "overlap": 0.4, "shared_words": 2, "shared": ["a", NASTY]}],
        "overlap_matrix": [
            {"number": 1, "category": NASTY, "1": 1.0, "2": 0.4, "3": 0.1},
            {"number": 2, "category": "blue", "1": 0.4, "2": 1.0, "3": 0.0},
            {"number": 3, "category": "green", "1": 0.1, "2": 0.0, "3": 1.0},
        ],
        "pictures": [
            {"format": "(all)", "measure": "width", "pictures": 2, **QUANTILES},
            {"format": "JPEG", "measure": "width", "pictures": 2, **QUANTILES},
        ],
        "quality": [
            {"flag": "dark", "means": "", "pictures": 1, "share": 0.5, "examples": [NASTY]},
            {"flag": "of a new kind", "means": "", "pictures": 0, "share": 0.0, "examples": []},
        ],
        "copies": [{"what": "same picture", "groups": 1, "listings": 2, "share": 0.667, "within": 0, "across": 1}],
        "languages": [
            {"field": "text", "language": "en", "name": "English", "listings": 2, "share": 0.667, "examples": []},
            {"field": "text", "language": "unknown", "name": "", "listings": 1, "share": 0.333, "examples": []},
        ],
        "empty": [{"field": "brand", "empty": 2, "share": 0.667}, {"field": "title", "empty": 0, "share": 0.0}],
    }
    return Study("explore", 1, MADE, numbers, tables)


def scenario(name: str, accuracy: float | None, **more: Any) -> dict[str, Any]:
    """Return one row of compare's table."""
    low, high = (None, None) if accuracy is None else (accuracy - 0.05, accuracy + 0.03)
    row = {
        "scenario": name,
        "what": "",
        "head": "probe",
        "features": "clip-image",
        "encoders": "clip-tiny",
        "picture": "pad",
        "text": "raw",
        "precision": "fp32",
        "train_accuracy": 1.0,
        "test_accuracy": accuracy,
        "test_low": low,
        "test_high": high,
        "test_n": 100,
        "macro_f1": 0.9,
        "ece": 0.02,
        "coverage": 0.5,
        "encode_s": 1.0,
        "train_s": 1.0,
        "predict_s": 0.1,
        "total_s": 2.1,
        "times": "measured + replayed",
        "listings_per_s": 50.0,
        "peak_mib": 300.0,
        "changed": 3,
        "p_value": 0.00001,
        "cv_accuracy": None,
        "cv_low": None,
        "cv_high": None,
        "cv_n": None,
    }
    return {**row, **more}


def compared(*rows: dict[str, Any], **numbers: Any) -> Gathered:
    """Return a report with these scenarios."""
    said = {"first": "0", "best": "A", "as_good": [], "cheapest": "A", "best_beyond_chance": True, **numbers}
    changed = {
        "scenario": "A",
        "key": "k1",
        "title": NASTY,
        "truth": "red",
        "first_label": "blue",
        "label": "red",
        "change": "now right",
        "first_confidence": 0.5,
        "confidence": 0.9,
    }
    return replace(full(), compare=Study("compare", 2, MADE, said, {"scenarios": list(rows), "changed": [changed]}))


def told(gathered: Gathered, chapter: Any, lang: str = "en") -> str:
    return str(chapter(gathered, Told(wording(lang))).html())


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_explore_found_is_told_and_nothing_of_it_becomes_an_element(lang: str) -> None:
    page = told(replace(full(), explore=explored()), catalogue, lang)
    assert "<script" not in page
    assert page.count("&lt;script") >= 4
    assert "too deep" not in page


def test_the_overlap_of_categories_is_a_matrix_whose_darkest_cell_is_the_largest_share() -> None:
    page = told(replace(full(), explore=explored()), catalogue)
    assert ">2. blue</th>" in page
    assert page.count("rgba(11,106,143,0.40)") == 2
    assert page.count("rgba(11,106,143,0.10)") == 2


def test_nearly_all_texts_are_not_all_texts() -> None:
    found = explored()
    page = told(
        replace(full(), explore=replace(found, numbers={**found.numbers, "texts_too_long_share": 0.9988})), catalogue
    )
    assert "99.9% of the texts" in page


def test_copies_that_are_filed_elsewhere_come_first() -> None:
    page = told(replace(full(), explore=explored()), catalogue)
    assert "1 listing is a copy of one that is filed elsewhere" in page
    assert "which cuts 1 text (33.3%)" in page


def test_flags_and_languages_are_said_in_french_and_unknown_flags_as_they_are() -> None:
    page = told(replace(full(), explore=explored()), catalogue, "fr")
    assert "sombres" in page
    assert "anglais" in page
    assert "non reconnue" in page
    assert ">texte<" in page
    assert "of a new kind" in page


def test_only_fields_that_are_ever_empty_are_listed() -> None:
    page = told(replace(full(), explore=explored()), catalogue)
    assert ">brand<" in page
    assert ">title<" not in page


def test_a_study_with_empty_tables_leaves_its_parts_out() -> None:
    found = explored()
    nothing = replace(found, tables={name: [] for name in found.tables})
    assert "<h3>" not in told(replace(full(), explore=nothing), catalogue)


def test_the_best_scenario_is_named_with_its_interval() -> None:
    page = told(compared(scenario("0", 0.8, p_value=None), scenario("A", 0.9)), scenarios)
    assert "Scenario <b>A</b> is right most often: <b>90.0%</b> (85.0% to 93.0%) of 100 test listings." in page
    assert "beyond chance" in page
    assert "&lt; 0.001" in page


def test_cross_validation_counts_where_there_was_one() -> None:
    crossed = {"cv_accuracy": 0.95, "cv_low": 0.9, "cv_high": 0.97, "cv_n": 1000}
    assert measured(scenario("A", 0.9, **crossed)).value == 0.95  # type: ignore[union-attr]
    page = told(compared(scenario("0", 0.8), scenario("A", 0.9, **crossed)), scenarios)
    assert "<b>95.0%</b> (90.0% to 97.0%) of 1,000 cross-validated listings" in page


def test_scenarios_that_chance_cannot_tell_apart_are_named_with_the_quickest() -> None:
    page = told(compared(scenario("0", 0.8), scenario("A", 0.9), as_good=["0"], cheapest="0"), scenarios)
    assert "Chance alone could explain its lead over 0; the quickest of these is <b>0</b>." in page


def test_what_each_scenario_costs_is_open_so_that_it_prints() -> None:
    page = told(compared(scenario("0", 0.8), scenario("A", 0.9)), scenarios)
    assert "What each scenario costs" in page
    assert "<details" not in page


def test_the_listings_that_change_hands_are_named() -> None:
    page = told(compared(scenario("0", 0.8), scenario("A", 0.9)), scenarios)
    assert "Which listings change hands between 0 and A" in page
    assert "now right" in page
    assert "<script" not in page


def test_of_the_listings_that_change_hands_those_that_go_wrong_are_shown_however_many_go_right() -> None:
    gathered = compared(scenario("0", 0.8), scenario("A", 0.9))
    assert gathered.compare is not None
    (right,) = gathered.compare.tables["changed"]
    rows = [*[{**right, "key": f"r{i}"} for i in range(30)], {**right, "key": "w1", "change": "now wrong"}]
    tables = {**gathered.compare.tables, "changed": rows}
    page = told(replace(gathered, compare=replace(gathered.compare, tables=tables)), scenarios)
    assert "now right: 30, now wrong: 1" in page
    assert "<code>w1</code>" in page
    assert "24 more." in page


def test_where_nothing_was_tested_nothing_is_decided() -> None:
    page = told(compared(scenario("0", None), scenario("A", None), best=None), scenarios)
    assert "nothing is decided" in page
    assert "<figure" not in page
