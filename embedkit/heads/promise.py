"""Accept or review: thresholds whose evidence keeps a promised precision, and "not yet" where none does.

The promise is about what is seen: of *these* accepted listings at least the promised share is right, with 95 %
probability. So the bound covers two doubts: how often the head errs at a confidence (learnt from out-of-fold evidence),
and the luck of the batch. Evidence counted above a threshold would need thousands of listings for that; a curve from
confidence to error that has three parameters needs hundreds. All curves that the evidence allows are weighed (Bayes).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, expit, gammainc, logit

from embedkit.errors import Misuse
from embedkit.metrics import lower_bound
from embedkit.types import Int64, Predictions

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Origin = Literal["own", "shared", "none"]

CONTRADICTED = 0.01
"""A category is held back where its own evidence would be this unlikely if it kept the promise."""
SHRINKAGE = 3.0
"""A category's errors are weighed against this many expected ones before it is held better or worse than the others."""
MIN_EVIDENCE = 3
"""A category that was predicted for fewer known items than this is accepted for none: nothing is known of it."""
MAX_SIZES = 400
SUREST = float(logit(1e-5))
NEVER = float("inf")


@dataclass(frozen=True)
class Evidence:
    """Items whose true class is known, judged by a model that had not seen them.

    ids int64[n]; confidence float64[n] in [0, 1]; predicted int64[n], columns of the head's classes; right bool[n].
    """

    ids: Int64
    confidence: Floats
    predicted: Int64
    right: Bools


@dataclass(frozen=True)
class PromisePolicy:
    """The precision promised for what is accepted, and how sure we want to be of keeping it."""

    promise: float = 0.98
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.promise < 1 or not 0 < self.confidence < 1:
            raise Misuse(f"promise {self.promise} and confidence {self.confidence} must lie between 0 and 1")


@dataclass(frozen=True)
class Threshold:
    """The confidence a class needs to be accepted, inf for never, and what is known there: `wrong` of `evidence`.

    `lower_bound` is the exact one-sided bound of the precision on them. Where it alone keeps the promise the origin is
    "own", else "shared": the other categories' evidence vouches for it; `needed` more known listings at or above the
    value, all right, would make it own.
    """

    value: float
    origin: Origin
    evidence: int
    wrong: int
    lower_bound: float
    needed: int


@dataclass(frozen=True)
class Decisions:
    """accept bool[n] in the order of ids int64[n], the reason of each, and the threshold of each class.

    Of the new listings (those that are no evidence): `coverage`, the share accepted; `risk`, the probability that fewer
    of those are right than promised; `expected_precision`, NaN where none is accepted.
    """

    ids: Int64
    accept: Bools
    reasons: tuple[str, ...]
    thresholds: dict[str, Threshold]
    coverage: float
    risk: float
    expected_precision: float
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class ErrorCurves:
    """Curves from error odds to the probability of being wrong, and how probable the evidence makes each.

    wrong(x) = floor + (1 - floor) expit(shift + slope (x + 3) - 3), x = logit(1 - confidence). Floor 0, shift 0 and
    slope 1 are a calibrated head; a floor is what no confidence can tell, such as wrong labels. weights float64[g];
    table float64[g, bins], rows the curves, columns the bins of x between EDGES.
    """

    weights: Floats
    table: Floats

    def total_wrong(self, odds: Floats) -> Floats:
        """Return the expected number wrong among the first 1, 2, … n items under each curve, float64[g, n]."""
        return np.cumsum(self.table[:, _bin(odds)], axis=1)


EDGES = np.linspace(-11.6, 11.6, 117)


def _bin(odds: Floats) -> Int64:
    return np.clip(np.digitize(odds, EDGES) - 1, 0, len(EDGES) - 2).astype(np.int64)


def error_odds(confidence: Floats) -> Floats:
    """Return the log odds of being wrong that a confidence claims, float64[n], within ln 1e-5 of either end."""
    return np.asarray(logit(np.clip(1.0 - np.asarray(confidence, dtype=np.float64), 1e-5, 1 - 1e-5)))


@cache
def _curves() -> tuple[Floats, Floats]:
    """Return every curve considered, float64[curves, bins], and its log prior float64[curves], around calibrated."""
    floors = np.array([0, 0.0005, 0.001, 0.002, 0.004, 0.007, 0.012, 0.02, 0.035, 0.06, 0.1])
    grid = np.meshgrid(floors, np.linspace(-3, 3, 19), np.linspace(0, 2, 11), indexing="ij")
    floor, shift, slope = (axis.reshape(-1, 1) for axis in grid)
    middle = (EDGES[:-1] + EDGES[1:]) / 2
    table = np.clip(floor + (1 - floor) * expit(shift + slope * (middle + 3) - 3), 1e-9, 1 - 1e-9)
    return table, -(floor / 0.01 + 0.5 * (shift / 1.5) ** 2 + 0.5 * ((slope - 1) / 0.5) ** 2)[:, 0]


def error_curves(odds: Floats, right: Bools) -> ErrorCurves:
    """Return the curves that the evidence, error odds float64[n] and right bool[n], leaves likely: a grid posterior."""
    table, log_prior = _curves()
    bins, n = _bin(odds), table.shape[1]
    wrongs, rights = np.bincount(bins[~right], minlength=n), np.bincount(bins[right], minlength=n)
    log_weights = log_prior + np.log(table) @ wrongs + np.log1p(-table) @ rights
    weights = np.exp(log_weights - log_weights.max())
    kept = weights > 1e-3
    return ErrorCurves(weights[kept] / weights[kept].sum(), table[kept])


def break_risks(curves: ErrorCurves, odds: Floats, sizes: Int64, promise: float) -> Floats:
    """Return float64[sizes], the probability that more than (1 - promise) s of the s surest items are wrong.

    `odds` rise. The number wrong is Poisson with the curve's expected number (Le Cam 1960; its upper tail is a little
    heavy), averaged over the curves: the posterior predictive.
    """
    allowed = np.floor((1.0 - promise) * sizes + 1e-9)
    return np.asarray(curves.weights @ gammainc(allowed + 1, curves.total_wrong(odds)[:, sizes - 1]))


def accepted_size(curves: ErrorCurves, odds: Floats, policy: PromisePolicy, known: Floats, right: Bools) -> int:
    """Return how many of the surest items can be accepted with the promise kept; `odds` rise.

    Two things must hold: the curves make a break of the promise on this batch improbable, and the exact lower bound of
    the precision (Clopper-Pearson) on the known items that are as sure, of odds `known` float64[n], keeps the promise.
    Only sizes are tried at which one more may be wrong than just before (or none at all): others only add risk.
    """
    n, slip = len(odds), 1.0 / (1.0 - policy.promise)
    steps = np.ceil(slip * np.arange(1, int(n / slip) + 1) - 1e-9)
    sizes = np.unique(np.concatenate([np.arange(1, min(n, int(slip)) + 1), steps, [n]])).astype(np.int64)
    sizes = sizes[(sizes >= 1) & (sizes <= n)]
    if len(sizes) > MAX_SIZES:
        sizes = sizes[np.unique(np.linspace(0, len(sizes) - 1, MAX_SIZES).astype(np.int64))]
    if not len(sizes):
        return 0
    for size in sizes[break_risks(curves, odds, sizes, policy.promise) <= 1 - policy.confidence][::-1]:
        above = known <= odds[size - 1]
        if lower_bound(int(right[above].sum()), int(above.sum()), policy.confidence) >= policy.promise:
            return int(size)
    return 0


def decide(
    evidence: Evidence, predictions: Predictions, policy: PromisePolicy | None = None, empty: Bools | None = None
) -> Decisions:
    """Return which predictions to accept and which a person should see, so that the promise is kept on the new.

    New are those that are no evidence (all, if all are). `empty` bool[n] marks items with no picture and no text.
    """
    policy = policy or PromisePolicy()
    n, k = len(predictions.ids), len(predictions.classes)
    empty = np.zeros(n, dtype=bool) if empty is None else np.asarray(empty, dtype=bool)
    predicted, confidence = predictions.order[:, 0], predictions.confidence.astype(np.float64)
    new = ~np.isin(predictions.ids, evidence.ids)
    notes = () if new.any() or not n else ("every listing is evidence: the promise is made for as many alike",)
    new = (new if new.any() else np.ones(n, dtype=bool)) & ~empty
    factors = class_factors(evidence, k)
    least = np.array([_least_confidence(evidence, column, policy) for column in range(k)])
    # Only what could be accepted teaches: one category filed wrongly must not cast doubt on all the others.
    mine = evidence.confidence >= least[evidence.predicted]
    known = (error_odds(evidence.confidence) + factors[evidence.predicted])[mine]
    curves = error_curves(known, evidence.right[mine])
    odds = error_odds(confidence) + factors[predicted]
    open_to = new & (confidence >= least[predicted])
    rising = np.sort(odds[open_to])
    size = accepted_size(curves, rising, policy, known, evidence.right[mine]) if len(evidence.ids) else 0
    limit = rising[size - 1] if size else -np.inf
    values = np.maximum(least, 1.0 - expit(limit - factors + 1e-9))
    # The scale of odds ends at 1e-5: where even that is not sure enough, no confidence is.
    values[limit - factors < SUREST] = NEVER
    accept = ~empty & (odds <= limit) & (confidence >= least[predicted])
    risk = float(break_risks(curves, rising, np.array([size]), policy.promise)[0]) if size else 0.0
    wrong = float(curves.weights @ curves.total_wrong(rising)[:, size - 1]) / size if size else float("nan")
    thresholds = {
        name: _threshold(evidence, column, float(values[column]), policy)
        for column, name in enumerate(predictions.classes)
    }
    reasons = tuple(_reason(a, e, values[c]) for a, e, c in zip(accept, empty, predicted, strict=True))
    share = float((accept & new).sum() / max(1, int((new | empty).sum())))
    return Decisions(predictions.ids, accept, reasons, thresholds, share, risk, 1.0 - wrong, notes)


def class_factors(evidence: Evidence, classes: int) -> Floats:
    """Return float64[classes], added to the error odds of predictions of each: ln(wrong / expected), shrunk."""
    wrong = np.bincount(evidence.predicted[~evidence.right], minlength=classes)
    expected = np.bincount(evidence.predicted, weights=1.0 - evidence.confidence, minlength=classes)
    return np.asarray(np.log((wrong + SHRINKAGE) / (expected + SHRINKAGE)))


def _least_confidence(evidence: Evidence, column: int, policy: PromisePolicy) -> float:
    """Return the lowest confidence from which the class's own evidence does not contradict the promise, or inf."""
    mine = evidence.predicted == column
    if int(mine.sum()) < MIN_EVIDENCE:
        return NEVER
    falling = np.argsort(-evidence.confidence[mine], kind="stable")
    wrong = np.cumsum(~evidence.right[mine][falling])
    counts = np.arange(1, len(falling) + 1)
    chance = np.where(wrong == 0, 1.0, bdtrc(np.maximum(wrong - 1, 0), counts, 1.0 - policy.promise))
    fine = np.flatnonzero(chance > CONTRADICTED)
    if not len(fine):
        return NEVER
    return 0.0 if fine[-1] == len(falling) - 1 else float(evidence.confidence[mine][falling][fine[-1]])


def _threshold(evidence: Evidence, column: int, value: float, policy: PromisePolicy) -> Threshold:
    above = (evidence.predicted == column) & (evidence.confidence >= value)
    known, wrong = int(above.sum()), int((above & ~evidence.right).sum())
    bound = lower_bound(known - wrong, known, policy.confidence) if known else 0.0
    own = bound >= policy.promise
    origin: Origin = "none" if value == NEVER else "own" if own else "shared"
    needed = 0 if own else max(1, listings_needed(wrong, policy) - known)
    return Threshold(value, origin, known, wrong, bound, needed)


def listings_needed(wrong: int, policy: PromisePolicy) -> int:
    """Return the fewest known items, `wrong` of them wrong, that prove the promise by themselves (Clopper-Pearson)."""
    low, high = wrong, wrong + 1
    while lower_bound(high - wrong, high, policy.confidence) < policy.promise:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if lower_bound(middle - wrong, middle, policy.confidence) < policy.promise:
            low = middle
        else:
            high = middle
    return high


def _reason(accept: bool, empty: bool, value: float) -> str:
    if empty:
        return "no picture and no text"
    if accept:
        return "sure enough"
    return "nothing is sure enough in this category yet" if value == NEVER else "not sure enough for this category"
