"""Tables of how good a head is, on numbers small enough to check by eye."""

from __future__ import annotations

import numpy as np
import pytest

from embedkit.metrics import ece
from embedkit.study.quality import class_rows, confusion_rows, coverage_rows, reliability_rows

TRUTH = ["red", "red", "red", "red", "blue", "blue", "green"]
SAID = ["red", "red", "red", "blue", "blue", "blue", "red"]


def test_the_worst_category_comes_first_with_what_it_is_mistaken_for() -> None:
    rows = class_rows(SAID, TRUTH)
    assert [row["category"] for row in rows] == ["green", "red", "blue"]
    assert (rows[0]["mistaken_for"], rows[0]["mistaken"]) == ("red", 1)
    assert (rows[1]["right"], rows[1]["tested"], rows[1]["recall"]) == (3, 4, 0.75)
    assert rows[1]["recall_low"] < 0.75 < rows[1]["recall_high"]


def test_a_category_that_is_said_but_never_true_has_no_recall_and_comes_last() -> None:
    row = class_rows(["red", "grey"], ["red", "red"])[-1]
    assert (row["category"], row["tested"], row["recall"], row["precision"]) == ("grey", 0, None, 0.0)


def test_a_category_that_is_never_said_has_no_precision() -> None:
    assert class_rows(SAID, TRUTH)[0]["precision"] is None


def test_pairs_are_counted_once_and_shares_are_of_the_true_category() -> None:
    rows = {(row["truth"], row["predicted"]): row for row in confusion_rows(SAID, TRUTH)}
    assert sum(row["count"] for row in rows.values()) == len(TRUTH)
    assert rows["red", "blue"] == {"truth": "red", "predicted": "blue", "count": 1, "share": 0.25}


def test_precision_falls_as_less_sure_listings_are_accepted() -> None:
    rows = coverage_rows(np.array([0.9, 0.6, 0.8]), np.array([True, False, True]))
    assert [(row["coverage"], row["precision"]) for row in rows] == [(1 / 3, 1.0), (2 / 3, 1.0), (1.0, 2 / 3)]
    assert [row["threshold"] for row in rows] == [0.9, 0.8, 0.6]


def test_equal_confidences_are_accepted_together() -> None:
    rows = coverage_rows(np.array([0.9, 0.5, 0.5]), np.array([True, True, False]))
    assert [row["accepted"] for row in rows] == [1, 3]


def test_a_long_curve_is_thinned_and_keeps_its_end() -> None:
    rows = coverage_rows(np.linspace(1, 0.1, 1000), np.ones(1000, dtype=bool), most=50)
    assert len(rows) == 50
    assert rows[-1]["coverage"] == 1.0


def test_nothing_tested_gives_empty_tables() -> None:
    none, nothing = np.zeros(0), np.zeros(0, dtype=bool)
    assert coverage_rows(none, nothing) == reliability_rows(none, nothing) == class_rows([], []) == []


def test_bins_are_filled_only_and_an_edge_belongs_below() -> None:
    rows = reliability_rows(np.array([0.9, 0.95, 0.2]), np.array([True, False, True]))
    assert [(row["low"], row["high"], row["count"]) for row in rows] == [(0.1, 0.2, 1), (0.8, 0.9, 1), (0.9, 1.0, 1)]


def test_the_bins_come_to_the_calibration_error() -> None:
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.2, 1, 300)
    right = rng.random(300) < confidence**2
    rows = reliability_rows(confidence, right)
    gap = sum(row["count"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / 300
    assert gap == pytest.approx(ece(confidence, right, bins=10))
