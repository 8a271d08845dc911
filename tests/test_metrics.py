"""Metrics on numbers small enough to check by eye."""

from __future__ import annotations

import numpy as np
import pytest

from embedkit import metrics


def test_accuracy_is_the_share_right_with_its_interval_around_it() -> None:
    found = metrics.accuracy(["a", "b", "b", "a"], ["a", "b", "a", "a"])
    assert (found.right, found.total, found.value) == (3, 4, 0.75)
    assert found.low < 0.75 < found.high


def test_predictions_and_truth_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="1 predictions for 2 truths"):
        metrics.accuracy(["a"], ["a", "b"])


def test_wilson_interval_of_8_in_10_is_the_textbook_one() -> None:
    assert metrics.wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


def test_clopper_pearson_of_none_in_ten_follows_from_the_power_law() -> None:
    low, high = metrics.clopper_pearson(0, 10)
    assert low == 0.0
    assert high == pytest.approx(1 - 0.025**0.1)


def test_the_one_sided_bound_of_all_right_is_the_nth_root_of_the_risk() -> None:
    assert metrics.lower_bound(59, 59) == pytest.approx(0.05 ** (1 / 59))


def test_per_class_counts_precision_recall_and_support_separately() -> None:
    first, second = metrics.per_class(["a", "a", "a", "b"], ["a", "a", "b", "b"])
    assert (first.precision, first.recall, first.support) == (pytest.approx(2 / 3), 1.0, 2)
    assert (second.precision, second.recall, second.f1) == (1.0, 0.5, pytest.approx(2 / 3))


def test_a_class_never_predicted_scores_zero_and_not_nan() -> None:
    assert metrics.per_class(["a"], ["b"])[1].f1 == 0.0


def test_macro_f1_weighs_a_rare_class_like_a_common_one() -> None:
    assert metrics.macro_f1(["a"] * 10, ["a"] * 9 + ["b"]) == pytest.approx((18 / 19 + 0) / 2)


def test_confusion_has_the_truth_in_rows() -> None:
    table, names = metrics.confusion(["b", "b"], ["a", "b"])
    assert names == ("a", "b")
    assert table.tolist() == [[0, 1], [0, 1]]


def test_nll_of_a_coin_is_ln_two_and_of_an_impossible_truth_is_finite() -> None:
    assert metrics.nll(np.array([[0.5, 0.5]], dtype=np.float32), np.array([0])) == pytest.approx(np.log(2))
    assert np.isfinite(metrics.nll(np.array([[0.0, 1.0]], dtype=np.float32), np.array([0])))


@pytest.mark.parametrize("equal", ["width", "mass"])
def test_ece_is_the_gap_between_what_was_said_and_what_was_so(equal: str) -> None:
    confidence, right = np.full(10, 0.9), np.arange(10) < 7
    bins = 15 if equal == "width" else 1
    assert metrics.ece(confidence, right, bins, equal) == pytest.approx(0.2)


def test_a_confidence_of_one_falls_in_the_last_bin() -> None:
    assert metrics.ece(np.array([1.0, 1.0]), np.array([True, True])) == 0.0


def test_coverage_at_precision_goes_past_an_early_slip_that_later_hits_make_up_for() -> None:
    right = np.array([True, False, True, True, True, False])
    share, threshold = metrics.coverage_at_precision(np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4]), right, 0.8)
    assert (share, threshold) == (pytest.approx(5 / 6), 0.5)


def test_coverage_at_precision_does_not_split_equal_confidences() -> None:
    assert metrics.coverage_at_precision(np.array([0.9, 0.9]), np.array([True, False]), 0.9) == (0.0, float("inf"))


def test_recall_at_k_of_a_permutation_of_the_truth_is_one() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 8)).astype(np.float32)
    wanted = metrics.nearest(vectors[:5], vectors, 10)
    assert metrics.recall_at_k(wanted[:, ::-1], wanted) == 1.0


def test_recall_at_k_never_counts_minus_one() -> None:
    assert metrics.recall_at_k(np.array([[1, -1]]), np.array([[1, -1]]), 2) == 1.0
    assert metrics.recall_at_k(np.array([[-1, -1]]), np.array([[1, 2]]), 2) == 0.0


def test_mcnemar_of_five_to_none_is_one_in_sixteen() -> None:
    first, second = np.ones(8, dtype=bool), np.arange(8) >= 5
    found = metrics.mcnemar(first, second)
    assert (found.only_first, found.only_second, found.p_value) == (5, 0, pytest.approx(1 / 16))


def test_mcnemar_of_two_that_agree_finds_no_difference() -> None:
    assert metrics.mcnemar(np.array([True, False]), np.array([True, False])).p_value == 1.0


def test_a_fall_of_five_to_none_is_one_in_thirty_two_and_a_rise_is_no_fall() -> None:
    first, second = np.ones(8, dtype=bool), np.arange(8) >= 5
    assert metrics.mcnemar(first, second).fall == pytest.approx(1 / 32)
    assert metrics.mcnemar(second, first).fall == 1.0
    assert metrics.mcnemar(first, first).fall == 1.0
