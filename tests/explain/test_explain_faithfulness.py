"""A map that says what the model does passes, and one that does not is not to be relied on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from embedkit.explain.faithfulness import RANDOM_ORDERS, Faithfulness, Scores, judge, rank_correlation
from embedkit.types import Float32


def adding(weights: NDArray[np.floating]) -> Scores:
    """Return a model of k scores, each the sum of what its kept cells weigh."""
    return lambda kept: np.asarray(kept @ weights.T, dtype=np.float32)


def weights_of(cells: int = 16, k: int = 1, seed: int = 0) -> Float32:
    return np.random.default_rng(seed).normal(size=(k, cells)).astype(np.float32)


def other(cells: int = 16, k: int = 1) -> Float32:
    return weights_of(cells, k, seed=99)


def one(maps: Float32, scrambled: Float32, model: Float32, seed: int = 0) -> Faithfulness:
    return judged(maps, scrambled, model, seed)[0]


def judged(maps: Float32, scrambled: Float32, model: Float32, seed: int = 0) -> tuple[Faithfulness, ...]:
    return judge(maps, scrambled, model.sum(axis=1), adding(model), np.random.default_rng(seed))


def test_a_map_that_says_what_the_model_does_holds() -> None:
    mark = one(weights_of(), other(), weights_of())
    assert mark.passed
    assert mark.verdict == "it holds"
    assert mark.deletion < min(mark.random_areas) < max(mark.random_areas) < mark.insertion


def test_a_map_turned_around_fails_both_ways() -> None:
    mark = one(-weights_of(), other(), weights_of())
    assert not mark.passed
    assert mark.verdict.startswith("don't rely on this: taking away what it marks lowers the score no more")
    assert len(mark.failures) == 2


def test_a_random_map_holds_one_time_in_twenty_at_most() -> None:
    held = [one(weights_of(seed=1000 + i), other(), weights_of(), seed=i).passed for i in range(400)]
    assert np.mean(held) <= 0.07  # 1 / 20, and two standard errors


def test_a_map_that_random_weights_give_too_is_not_to_be_relied_on() -> None:
    mark = one(weights_of(), weights_of() + 0.1 * other(), weights_of())
    assert mark.likeness > 0.9
    assert [one.text for one in mark.failures] == ["it looks much the same when the model's weights are random"]


def test_a_flat_map_is_not_to_be_relied_on() -> None:
    mark = one(np.zeros((1, 16), dtype=np.float32), other(), weights_of())
    assert np.isnan(mark.likeness)
    assert "it is the same everywhere" in mark.verdict


def test_four_words_are_too_few_to_test() -> None:
    mark = one(weights_of(4), other(4), weights_of(4))
    assert mark.verdict == "don't rely on this: 4 parts are too few to test it"
    assert mark.random_areas == ()


def test_areas_are_those_under_the_curves() -> None:
    # Cells of 4, 3, 2, 1, 0 and 0: taken away in that order the score goes 10, 3, 0, 0 at steps of two cells; shown in
    # that order it is 0, 7, 10, 10.
    model = np.array([[4, 3, 2, 1, 0, 0]], dtype=np.float32)
    mark = one(model, other(6), model)
    assert mark.deletion == pytest.approx((10 / 2 + 3 + 0 + 0 / 2) / 3)
    assert mark.insertion == pytest.approx((0 / 2 + 7 + 10 + 10 / 2) / 3)


def test_each_map_is_judged_by_its_own_score() -> None:
    model = weights_of(k=2)
    right, swapped = judged(model, other(k=2), model), judged(model[::-1], other(k=2), model)
    assert [mark.passed for mark in right] == [True, True]
    assert [mark.passed for mark in swapped] == [False, False]


def test_all_orders_are_asked_about_together_once_a_step() -> None:
    asked: list[NDArray[np.bool_]] = []

    def scores(kept: NDArray[np.bool_]) -> Float32:
        asked.append(kept)
        return adding(weights_of(k=2))(kept)

    judge(weights_of(k=2), other(k=2), weights_of(k=2).sum(axis=1), scores, np.random.default_rng(0))
    assert [len(kept) for kept in asked] == [1, *[2 * 2 + RANDOM_ORDERS] * 2]
    assert all(len(set(kept.sum(axis=1).tolist())) == 1 for kept in asked)


def test_the_same_seed_gives_the_same_mark() -> None:
    first, second = (one(weights_of(), other(), weights_of(), seed=7) for _ in range(2))
    assert dataclasses.asdict(first) == dataclasses.asdict(second)


@pytest.mark.parametrize(
    ("a", "b", "rho"), [([1, 2, 3], [10, 20, 30], 1.0), ([1, 2, 3], [3, 2, 1], -1.0), ([1, 2, 3, 4], [1, 2, 4, 3], 0.8)]
)
def test_rank_correlation_is_spearmans(a: list[float], b: list[float], rho: float) -> None:
    assert rank_correlation(np.array(a, np.float32), np.array(b, np.float32)) == pytest.approx(rho)
