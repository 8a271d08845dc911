"""The promise: kept on the batch itself, over many catalogues whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from embedkit.errors import Misuse
from embedkit.heads.promise import Evidence, PromisePolicy, break_risks, decide, error_curves, listings_needed
from embedkit.types import Predictions

CLASSES = ("a", "b", "c")


def judged(n: int, rng: np.random.Generator, first_id: int = 0, floor: float = 0.0, scale: float = 1.0) -> Evidence:
    """Return n judgements with confidences like a good head's, wrong as often as said x scale, plus a floor."""
    doubt = rng.beta(0.35, 7, n) * 0.6
    right = rng.random(n) >= np.clip(floor + scale * doubt, 0, 1)
    return Evidence(np.arange(n) + first_id, 1 - doubt, rng.integers(0, 3, n), right)


def as_predictions(batch: Evidence) -> Predictions:
    """Return predictions with these confidences; the rest of the probability goes to the other two classes."""
    probs = np.repeat(((1 - batch.confidence) / 2)[:, None], 3, axis=1)
    probs[np.arange(len(probs)), batch.predicted] = batch.confidence
    return Predictions(batch.ids, probs.astype(np.float32), CLASSES, "probe-0")


@pytest.mark.parametrize(("promise", "floor", "scale"), [(0.95, 0.0, 2.0), (0.98, 0.0, 1.0), (0.98, 0.01, 1.0)])
def test_the_promise_is_kept_in_19_of_20_catalogues(promise: float, floor: float, scale: float) -> None:
    broken = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        evidence, batch = judged(600, rng, 0, floor, scale), judged(150, rng, 1000, floor, scale)
        accept = decide(evidence, as_predictions(batch), PromisePolicy(promise)).accept
        broken += int((~batch.right[accept]).sum()) > (1 - promise) * accept.sum() + 1e-9
    assert broken <= 10


def test_a_good_head_needs_people_for_the_smaller_part() -> None:
    rng = np.random.default_rng(0)
    decisions = decide(judged(2000, rng), as_predictions(judged(500, rng, 5000)), PromisePolicy(0.95))
    assert decisions.coverage > 0.6
    assert decisions.risk <= 0.05


def test_a_stricter_promise_accepts_no_more() -> None:
    rng = np.random.default_rng(0)
    evidence, batch = judged(2000, rng), as_predictions(judged(500, rng, 5000))
    shares = [decide(evidence, batch, PromisePolicy(promise)).coverage for promise in (0.9, 0.95, 0.98, 0.99)]
    assert shares == sorted(shares, reverse=True)


def test_the_thresholds_say_exactly_what_is_accepted() -> None:
    rng = np.random.default_rng(1)
    predictions = as_predictions(judged(300, rng, 5000))
    decisions = decide(judged(1000, rng), predictions)
    values = np.array([decisions.thresholds[label].value for label in predictions.label])
    assert (predictions.confidence >= values).tolist() == decisions.accept.tolist()


def test_a_category_that_errs_more_than_it_says_is_held_to_more() -> None:
    rng = np.random.default_rng(2)
    evidence = judged(3000, rng)
    spoiled = (evidence.predicted == 1) & (rng.random(3000) < 0.2)
    evidence = Evidence(evidence.ids, evidence.confidence, evidence.predicted, evidence.right & ~spoiled)
    thresholds = decide(evidence, as_predictions(judged(500, rng, 5000)), PromisePolicy(0.95)).thresholds
    assert thresholds["b"].value > max(thresholds["a"].value, thresholds["c"].value)


def test_no_evidence_accepts_nothing_and_says_what_is_wanted() -> None:
    nothing = judged(0, np.random.default_rng(0))
    decisions = decide(nothing, as_predictions(judged(20, np.random.default_rng(1), 100)))
    assert not decisions.accept.any()
    assert decisions.thresholds["a"].origin == "none"
    assert decisions.thresholds["a"].needed == 149


def test_a_category_without_evidence_is_left_to_people() -> None:
    rng = np.random.default_rng(0)
    known = judged(2000, rng)
    mine = known.predicted != 2
    evidence = Evidence(known.ids[mine], known.confidence[mine], known.predicted[mine], known.right[mine])
    batch = judged(300, rng, 5000)
    decisions = decide(evidence, as_predictions(batch), PromisePolicy(0.95))
    assert decisions.accept[batch.predicted != 2].any()
    assert not decisions.accept[batch.predicted == 2].any()
    reason = decisions.reasons[int(np.flatnonzero(batch.predicted == 2)[0])]
    assert reason == "nothing is sure enough in this category yet"


def test_an_item_with_nothing_to_go_by_goes_to_a_person() -> None:
    rng = np.random.default_rng(0)
    batch = as_predictions(judged(100, rng, 5000))
    decisions = decide(judged(2000, rng), batch, PromisePolicy(0.9), empty=np.ones(100, dtype=bool))
    assert set(decisions.reasons) == {"no picture and no text"}
    assert not decisions.accept.any()


def test_plenty_of_evidence_is_a_category_s_own() -> None:
    n, sure = 3000, float(np.float32(0.999))
    evidence = Evidence(np.arange(n), np.full(n, sure), np.arange(n) % 3, np.ones(n, dtype=bool))
    batch = Evidence(np.arange(300) + n, np.full(300, sure), np.arange(300) % 3, np.ones(300, dtype=bool))
    thresholds = decide(evidence, as_predictions(batch)).thresholds
    assert {threshold.origin for threshold in thresholds.values()} == {"own"}


def test_listings_needed_for_98_percent_without_a_slip_are_149() -> None:
    assert listings_needed(0, PromisePolicy(0.98)) == 149
    assert listings_needed(1, PromisePolicy(0.98)) == 236


def test_the_risk_is_that_of_simulated_batches() -> None:
    rng = np.random.default_rng(0)
    odds = np.full(100, -4.0)
    curves = error_curves(np.full(100_000, -4.0), rng.random(100_000) >= 0.01)
    simulated = (rng.binomial(100, 0.01, 20_000) > 2).mean()
    assert break_risks(curves, odds, np.array([100]), 0.98)[0] == pytest.approx(simulated, abs=0.02)


def test_a_promise_of_one_is_refused() -> None:
    with pytest.raises(Misuse):
        PromisePolicy(promise=1.0)


def test_predictions_that_are_all_evidence_are_decided_and_noted() -> None:
    evidence = judged(1000, np.random.default_rng(0))
    decisions = decide(evidence, as_predictions(evidence), PromisePolicy(0.95))
    assert decisions.accept.any()
    assert decisions.notes
