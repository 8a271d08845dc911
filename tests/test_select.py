"""The review queue."""

from __future__ import annotations

import numpy as np
import pytest

from embedkit.select import draw_queue
from embedkit.types import Predictions, ReviewPolicy


def predictions(confidence: list[float]) -> Predictions:
    """Return two-class predictions with these confidences, for items 100, 101, …"""
    top = np.array(confidence, dtype=np.float32)
    ids = np.arange(100, 100 + len(top))
    return Predictions(ids, np.stack([top, 1 - top], axis=1), ("mugs", "lamps"), "probe-1")


def queue(confidence: list[float], accepted: list[bool], seed: int = 0, **policy: float) -> list:
    rng = np.random.default_rng(seed)
    return draw_queue(predictions(confidence), np.array(accepted), ReviewPolicy(**policy), rng)


def test_the_least_confident_listing_comes_first() -> None:
    drawn = queue([0.9, 0.6, 0.7], [False] * 3, budget=3, audit_share=0.0)
    assert [(q.item_id, q.position) for q in drawn] == [(101, 0), (102, 1), (100, 2)]


def test_an_accepted_listing_is_queued_only_by_the_audit() -> None:
    assert [q.item_id for q in queue([0.9, 0.6], [True, False], budget=2, audit_share=0.0)] == [101]
    assert {q.drawn_by for q in queue([0.9, 0.8], [True, True], budget=2, audit_share=1.0)} == {"audit"}


def test_a_doubtful_listing_drawn_by_the_audit_keeps_both_reasons_and_counts_as_audit() -> None:
    (drawn,) = queue([0.6], [False], budget=1, audit_share=1.0)
    assert (drawn.reasons, drawn.drawn_by) == (("doubt", "audit"), "audit")


def test_the_budget_is_never_exceeded() -> None:
    assert len(queue([0.6] * 50, [False] * 50, budget=20, audit_share=0.5)) == 20


def test_the_audit_draws_every_listing_equally_often() -> None:
    confidence, accepted = [0.6, 0.7, 0.99, 0.999], [False, False, True, True]
    counts = np.zeros(4)
    for seed in range(2000):
        for q in queue(confidence, accepted, seed, budget=1, audit_share=1.0):
            counts[q.item_id - 100] += 1
    assert counts / 2000 == pytest.approx([0.25] * 4, abs=0.04)
