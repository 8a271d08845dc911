"""Accept or review: thresholds whose evidence keeps a promised precision, and "not yet" where none does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, gammaln

from embedkit.errors import Misuse
from embedkit.metrics import lower_bound
from embedkit.types import Int64, Predictions

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Origin = Literal["own", "shared", "none"]

CONTRADICTED = 0.01
"""A category is held back where its own evidence would be this unlikely if it kept the promise."""
MAX_STEPS = 64
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
    """What a class needs to be accepted, and why: `evidence` items at or above `value`, `wrong` of them wrong.

    `lower_bound` is the one-sided bound of the precision there; `needed` how many more labelled listings of the class
    would let it have a threshold of its own, if they are recognised as well as its best so far.
    """

    value: float
    origin: Origin
    evidence: int
    wrong: int
    lower_bound: float
    needed: int


@dataclass(frozen=True)
class Decisions:
    """accept bool[n] in the order of the predictions' ids, why, and the thresholds by class.

    `risk` bounds the chance that the accepted ones break the promise; `coverage` is the share of listings accepted.
    """

    ids: Int64
    accept: Bools
    reasons: tuple[str, ...]
    thresholds: dict[str, Threshold]
    coverage: float
    risk: float
    notes: tuple[str, ...] = field(default=())


def break_risk(known: int, wrong: int, batch: int, promise: float) -> float:
    """Return a p-value for "more of `batch` new items are wrong than promised", after `wrong` of `known` were.

    Known and new items are alike, so given how many of them all are wrong, the wrong ones fall among the known as balls
    drawn from an urn. The promise breaks at w = floor((1 - promise) batch) + 1 wrong ones; the p-value is the
    hypergeometric P(at most `wrong` among the known | wrong + w in all). Rejecting where it is <= 5 % breaks the
    promise on the batch itself in at most 5 % of catalogues. For a large batch it tends to Clopper and Pearson's bound.
    (The conditional exact test of Thatcher 1964, JRSS B 26, for a predicted count.)
    """
    allowed = int(np.floor((1.0 - promise) * batch + 1e-9))
    if batch == 0:
        return 0.0
    total = wrong + allowed + 1
    j = np.arange(max(0, total - batch), min(wrong, known) + 1)
    logs = _log_choose(known, j) + _log_choose(batch, total - j) - _log_choose(known + batch, np.asarray(total))
    return float(min(1.0, np.exp(logs).sum()))


def _log_choose(n: int, k: NDArray[np.integer]) -> Floats:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))


def scan(known: Floats, right: Bools, batch: Floats, policy: PromisePolicy) -> float:
    """Return the lowest score from which the promise holds, inf if none: known float[n], batch float[m], any scores.

    A fixed sequence of tests, from strict to lax, ends at the first that fails (Angelopoulos et al. 2021, "Learn then
    Test", section 2.2), so looking at many thresholds costs no confidence. The sequence depends on scores alone. It starts
    where one wrong item may be forgiven, if the catalogue is large enough for that: a single slip should not end it.
    """
    steps = _sequence(known, batch, policy)
    best = NEVER
    for step in steps:
        above = known >= step
        wrong = int((above & ~right).sum())
        if break_risk(int(above.sum()), wrong, int((batch >= step).sum()), policy.promise) > 1 - policy.confidence:
            break
        best = step
    return best


def _sequence(known: Floats, batch: Floats, policy: PromisePolicy) -> list[float]:
    """Return scores, falling: each lets in as much of the batch as makes room for one more wrong item."""
    falling = -np.sort(-batch)
    per_slip = 1.0 / (1.0 - policy.promise)
    sizes = np.ceil(per_slip * np.arange(1, len(batch) / per_slip + 1) - 1e-9).astype(np.int64)
    sizes = np.unique(np.append(sizes[sizes <= len(batch)], len(batch)))
    if len(sizes) > MAX_STEPS:
        sizes = np.unique(sizes[np.linspace(0, len(sizes) - 1, MAX_STEPS).astype(np.int64)])
    steps = [float(falling[size - 1]) for size in sizes if size]
    if steps:
        steps[-1] = min(steps[-1], float(known.min(initial=np.inf)))
    counts = [(int((known >= step).sum()), int((batch >= step).sum())) for step in steps]
    for forgiven in (1, 0):
        for i, (n, m) in enumerate(counts):
            if n >= forgiven and break_risk(n, forgiven, m, policy.promise) <= 1 - policy.confidence:
                return steps[i:]
    return []
