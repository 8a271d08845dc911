"""A map keeps together what belongs together, and is the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from embedkit.study.projection import project, stratified_sample
from embedkit.types import Float32


def clusters() -> Float32:
    """Return float32[90, 8]: three clusters of 30, far apart."""
    rng = np.random.default_rng(0)
    centres = np.eye(8)[:3] * 5
    return np.repeat(centres, 30, axis=0).astype(np.float32) + rng.normal(0, 0.2, (90, 8)).astype(np.float32)


def test_listings_of_a_cluster_lie_nearer_to_each_other_than_to_others() -> None:
    points = project(clusters(), seed=0).reshape(3, 30, 2)
    middles = points.mean(axis=1)
    widest = np.linalg.norm(points - middles[:, None], axis=2).max()
    apart = min(np.linalg.norm(middles[i] - middles[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    assert apart > 2 * widest


def test_the_map_is_the_same_every_time_and_fills_its_frame() -> None:
    first = project(clusters(), seed=1)
    np.testing.assert_array_equal(first, project(clusters(), seed=1))
    assert np.abs(first).max() == pytest.approx(1.0)


@pytest.mark.parametrize("n", [0, 1, 2, 4, 5, 6])
def test_a_handful_of_listings_has_a_place(n: int) -> None:
    points = project(clusters()[:n], seed=0)
    assert points.shape == (n, 2)
    assert np.isfinite(points).all()


def test_listings_that_are_all_the_same_have_a_place() -> None:
    assert np.isfinite(project(np.ones((9, 4), dtype=np.float32), seed=0)).all()


def test_a_sample_keeps_the_shares_and_forgets_no_small_category() -> None:
    strata = ["large"] * 900 + ["small"] * 98 + ["lone", "lonely"]
    rows = stratified_sample(strata, 100, np.random.default_rng(0))
    drawn = [strata[row] for row in rows]
    assert len(rows) == len(set(rows.tolist())) == 100
    assert {"lone", "lonely"} <= set(drawn)
    assert 85 <= drawn.count("large") <= 91


def test_more_categories_than_room_still_fit() -> None:
    assert len(stratified_sample([str(i) for i in range(50)], 20, np.random.default_rng(0))) == 20


def test_few_enough_are_all_taken() -> None:
    assert stratified_sample(["a", "b"], 5, np.random.default_rng(0)).tolist() == [0, 1]
