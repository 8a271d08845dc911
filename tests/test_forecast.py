"""What answers say of the whole catalogue."""

from __future__ import annotations

import numpy as np
import pytest

from embedkit.forecast import audit_estimate, reviews_for_a_point
from embedkit.metrics import wilson_interval


def answers(right: int, wrong: int) -> np.ndarray:
    return np.array([True] * right + [False] * wrong)


def test_the_estimate_is_the_share_of_the_sample() -> None:
    share = audit_estimate(answers(45, 5), 1000)
    assert (share.right, share.total, share.value) == (45, 50, 0.9)


def test_of_a_huge_catalogue_the_interval_is_wilsons() -> None:
    share = audit_estimate(answers(45, 5), 10**9)
    assert (share.low, share.high) == pytest.approx(wilson_interval(45, 50), abs=1e-6)


def test_the_larger_part_of_the_catalogue_is_audited_the_narrower_the_interval() -> None:
    widths = [share.high - share.low for share in (audit_estimate(answers(45, 5), n) for n in (10**6, 200, 100, 60))]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < widths[0] / 2


def test_when_all_are_audited_nothing_is_left_to_doubt() -> None:
    share = audit_estimate(answers(9, 1), 10)
    assert (share.low, share.value, share.high) == (0.9, 0.9, 0.9)


def test_the_interval_never_contradicts_what_was_seen() -> None:
    share = audit_estimate(answers(1, 8), 10)
    assert share.low >= 0.1
    assert share.high <= 0.2


def test_without_an_audit_nothing_is_known() -> None:
    share = audit_estimate(answers(0, 0), 10)
    assert np.isnan(share.value)
    assert (share.low, share.high) == (0.0, 1.0)


def test_a_sample_cannot_be_larger_than_the_catalogue() -> None:
    with pytest.raises(ValueError, match="11 listings drawn from 10"):
        audit_estimate(answers(11, 0), 10)


@pytest.mark.parametrize(("population", "truth", "drawn"), [(200, 0.9, 60), (500, 0.8, 100), (90, 0.6, 45)])
def test_the_interval_covers_the_truth_as_often_as_it_says(population: int, truth: float, drawn: int) -> None:
    rng = np.random.default_rng(0)
    catalogue = np.arange(population) < round(truth * population)
    shares = [audit_estimate(rng.choice(catalogue, drawn, replace=False), population) for _ in range(2000)]
    covered = np.mean([share.low <= catalogue.mean() <= share.high for share in shares])
    assert 0.93 <= covered <= 0.98
    assert np.mean([share.value for share in shares]) == pytest.approx(catalogue.mean(), abs=0.005)


def test_the_fewest_most_doubtful_whose_errors_sum_to_a_point_are_reviewed() -> None:
    # One point of 200 listings is two errors; 0.6 + 0.5 + 0.5 + 0.4 = 2 are the four most doubtful.
    confidence = np.array([0.9, 0.5, 0.6, 0.95, 0.4, 0.5])
    assert reviews_for_a_point(confidence, 200) == 4


def test_a_naive_count_gives_the_same_forecast() -> None:
    rng = np.random.default_rng(0)
    confidence, gained, count = rng.uniform(0.3, 1.0, size=300), 0.0, 0
    for one in sorted(confidence):
        gained, count = gained + 1 - one, count + 1
        if gained >= 7.0:
            break
    assert reviews_for_a_point(confidence, 700) == count


def test_the_forecast_is_none_where_the_open_listings_cannot_give_a_point() -> None:
    assert reviews_for_a_point(np.array([0.99] * 10), 100) is None
    assert reviews_for_a_point(np.array([]), 100) is None
