"""The comparison's tables and its decision, on listings few enough to count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from embedkit.metrics import accuracy, share
from embedkit.study.comparison import (
    HeldOut,
    Outcome,
    Repeat,
    Tried,
    changed_rows,
    cross_validated,
    curve,
    cv_rows,
    detail_tables,
    reliability,
    scenario_rows,
)
from embedkit.study.costs import Cost
from embedkit.study.decision import choose
from embedkit.study.scenarios import Scenario

TRUTH = "rrrrrrrrgggggggg"
TESTED = HeldOut(
    tuple(range(16)), tuple(f"k{i:02d}" for i in range(16)), tuple(f"title {i}" for i in range(16)), tuple(TRUTH)
)
NOTHING = HeldOut((), (), (), ())


def outcome(name: str, labels: str, seconds: float = 1.0, **tried: Any) -> Outcome:
    """Return what a scenario of this name said; encoding takes these seconds, training 0.2 and predicting 0.1."""
    said = Tried(
        labels=tuple(labels),
        confidence=np.linspace(0.9, 0.6, len(labels)),
        accepted=np.arange(len(labels)) < 4,
        coverage=0.25,
        seen=share(9, 10),
        words_s=0.0,
        train_s=0.2,
        predict_s=0.1,
        **{"peak_bytes": 3 << 20, **tried},
    )
    return Outcome(
        Scenario(name, ("clip-image", "clip-text")),
        ("clip-tiny",),
        (Cost(16, seconds / 2, "replayed", 5 << 20), Cost(16, seconds / 2, "measured")),
        said,
    )


ALL_RED = outcome("first", "r" * 16)
PERFECT = outcome("perfect", TRUTH, seconds=9.0)
NEARLY = outcome("nearly", "g" + TRUTH[1:], seconds=4.0)


def repeated(name: str, *rights: list[bool]) -> Outcome:
    repeats = tuple(Repeat(share(sum(right), len(right)), 0.5, 0.1, np.array(right)) for right in rights)
    return outcome(name, TRUTH, repeats=repeats)


def test_a_row_holds_how_good_and_how_costly_a_scenario_is() -> None:
    first, row = scenario_rows([ALL_RED, PERFECT], TESTED, 80, "perfect")
    assert (first["test_accuracy"], row["test_accuracy"], row["test_n"]) == (0.5, 1.0, 16)
    assert (row["train_accuracy"], row["macro_f1"], row["coverage"]) == (0.9, 1.0, 0.25)
    assert (row["encode_s"], row["train_s"], row["predict_s"], row["total_s"]) == (9.0, 0.2, 0.1, 9.3)
    assert row["times"] == "measured + replayed"
    assert row["listings_per_s"] == pytest.approx(80 / (9 + 0.1 * 80 / 16), abs=0.05)
    assert (row["peak_mib"], first["peak_mib"]) == (5, 5)


def test_the_peak_is_that_of_the_largest_process() -> None:
    (row,) = scenario_rows([outcome("first", TRUTH, peak_bytes=8 << 20)], TESTED, 80, "first")
    assert row["peak_mib"] == 8


def test_splitting_texts_into_words_is_encoding_too() -> None:
    base = outcome("first", TRUTH)
    one = Outcome(Scenario("first", ("keywords",)), (), (), base.tried)
    slow = Outcome(one.scenario, (), (), Tried(**{**vars(base.tried), "words_s": 3.0}))
    assert (one.encode_s, slow.encode_s, slow.total_s) == (0.0, 3.0, pytest.approx(3.3))
    (row,) = scenario_rows([slow], TESTED, 80, "first")
    assert (row["times"], row["text"], row["picture"], row["precision"]) == ("measured", "", "", "")


def test_mcnemar_is_against_the_first_row_and_against_the_best() -> None:
    first, nearly, perfect = scenario_rows([ALL_RED, NEARLY, PERFECT], TESTED, 80, "perfect")
    assert first["p_value"] is None
    assert (nearly["only_first"], nearly["only_this"], nearly["changed"]) == (1, 8, 9)
    assert nearly["p_value"] == pytest.approx(2 * (1 + 9) / 2**9)
    assert (nearly["p_value_best"], perfect["p_value_best"]) == (1.0, None)
    assert first["p_value_best"] == pytest.approx(2 / 2**8)


def test_what_changed_is_named_and_said_to_be_right_or_wrong_now() -> None:
    rows = changed_rows([ALL_RED, outcome("other", "grrrrrrrgggggggb")], TESTED)
    assert [(row["key"], row["change"]) for row in rows[:2]] == [("k00", "now wrong"), ("k08", "now right")]
    assert rows[-1] | {"confidence": 0} == {
        "scenario": "other",
        "key": "k15",
        "title": "title 15",
        "truth": "g",
        "first_label": "r",
        "label": "b",
        "change": "still wrong",
        "first_confidence": 0.6,
        "confidence": 0,
    }
    assert len(rows) == 9


def test_tables_for_charts_agree_with_the_rows() -> None:
    tables = detail_tables([ALL_RED, PERFECT], TESTED)
    assert {
        (row["truth"], row["label"], row["count"]) for row in tables["confusion"] if row["scenario"] == "first"
    } == {
        ("r", "r", 8),
        ("g", "r", 8),
    }
    said = [row for row in tables["predictions"] if row["scenario"] == "perfect"]
    assert accuracy([row["label"] for row in said], [row["truth"] for row in said]).value == 1
    assert [row["accepted"] for row in said] == [True] * 4 + [False] * 12
    assert [row["recall"] for row in tables["per_class"] if row["scenario"] == "first"] == [0.0, 1.0]


def test_reliability_puts_each_listing_into_the_bin_of_its_confidence() -> None:
    rows = reliability(np.array([0.2, 0.95, 1.0]), np.array([False, True, False]))
    assert [(row["low"], row["count"], row["confidence"], row["accuracy"]) for row in rows] == [
        (0.1333, 1, 0.2, 0.0),
        (0.9333, 2, 0.975, 0.5),
    ]


def test_the_curve_has_one_point_for_each_confidence_surest_first() -> None:
    rows = curve(np.array([0.5, 0.9, 0.5, 0.7]), np.array([True, True, False, False]))
    assert [(row["threshold"], row["coverage"], row["precision"]) for row in rows] == [
        (0.9, 0.25, 1.0),
        (0.7, 0.5, 0.5),
        (0.5, 1.0, 0.5),
    ]


def test_repeating_narrows_no_interval() -> None:
    once = cross_validated(repeated("a", [True] * 8 + [False] * 2))
    thrice = cross_validated(repeated("a", *[[True] * 8 + [False] * 2] * 3))
    assert once is not None
    assert thrice is not None
    assert (thrice.value, thrice.total) == (0.8, 10)
    assert (thrice.low, thrice.high) == (once.low, once.high)


def test_each_repeat_is_paired_with_the_first_scenarios_same_repeat() -> None:
    first = repeated("a", [True] * 10, [False] * 10)
    rows = cv_rows([first, repeated("b", [True] * 10, [True] * 10)])
    assert [(row["scenario"], row["repeat"], row["p_value"]) for row in rows] == [
        ("a", 1, None),
        ("a", 2, None),
        ("b", 1, 1.0),
        ("b", 2, pytest.approx(2 / 2**10)),
    ]


def test_the_best_is_named_with_its_lead_its_chance_and_its_price() -> None:
    found = choose([ALL_RED, PERFECT, NEARLY], TESTED, 80)
    assert (found.best, found.beyond_chance, found.ahead) == ("perfect", True, 0.5)
    assert (found.as_good, found.cheapest, found.chance) == (("nearly",), "nearly", 0.025)
    assert found.sentences[0].startswith("Scenario perfect does best: 100.0% of 16 listings kept aside right")
    assert "50.0 points more than scenario first, beyond chance" in found.sentences[0]
    assert found.sentences[1] == "It takes 9.3 s for 80 listings, encoding included; scenario first takes 1.3 s."
    assert found.sentences[2].endswith("of these, nearly is the quickest, with 4.3 s.")


def test_a_lead_that_may_be_chance_is_said_to_be_so() -> None:
    found = choose([NEARLY, PERFECT], TESTED, 80)
    assert (found.best, found.beyond_chance) == ("perfect", False)
    assert "which may be chance (McNemar's test, p = 1)" in found.sentences[0]


def test_the_more_comparisons_the_less_is_beyond_chance() -> None:
    seven = outcome("seven", "rrrrrrrrgggggggr")
    missed = outcome("missed", "rrrrrrrrgggrrrrr", seconds=2.0)
    assert choose([missed, PERFECT], TESTED, 80).p_value == pytest.approx(2 / 2**5)
    assert choose([ALL_RED, seven], TESTED, 80).beyond_chance
    assert not choose([ALL_RED, seven, *[outcome(f"{i}", "r" * 16) for i in range(3)]], TESTED, 80).beyond_chance


def test_of_two_as_accurate_the_quicker_is_better() -> None:
    slow, quick = outcome("slow", TRUTH, seconds=3.0), outcome("quick", TRUTH, seconds=2.0)
    found = choose([slow, quick], TESTED, 80)
    assert (found.best, found.cheapest) == ("quick", "quick")
    assert "as many as scenario slow, in less time" in found.sentences[0]


def test_cross_validation_decides_where_there_is_one() -> None:
    a, b = repeated("a", [True] * 2 + [False] * 8), repeated("b", [True] * 10)
    found = choose([a, b], TESTED, 80)
    assert (found.best, found.beyond_chance) == ("b", True)
    assert "10 cross-validated listings" in found.sentences[0]


def test_the_first_can_be_the_best() -> None:
    found = choose([PERFECT, ALL_RED], TESTED, 80)
    assert (found.best, found.p_value, found.as_good) == ("perfect", None, ())
    assert "none of the others is ahead" in found.sentences[0]
    assert choose([PERFECT], TESTED, 80).sentences[0].endswith("right (80.6% to 100.0%).")


def test_nothing_tested_decides_nothing() -> None:
    empty = outcome("a", "")
    assert choose([empty, outcome("b", "")], NOTHING, 2).best is None
    (row, _) = scenario_rows([empty, outcome("b", "")], NOTHING, 2, None)
    assert np.isnan(row["test_accuracy"])
    assert row["p_value"] is None
