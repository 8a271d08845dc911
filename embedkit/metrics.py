"""How good a prediction is, and how sure we may be of that number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from embedkit.types import Float32, Int64

Labels = Sequence[str]
PROBABILITY_FLOOR = 1e-12


@dataclass(frozen=True)
class Share:
    """A share of `right` out of `total`, with the ends of its 95 % interval, in [0, 1]; NaN for none of none."""

    right: int
    total: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1%} [{self.low:.1%}, {self.high:.1%}]"


@dataclass(frozen=True)
class ClassScore:
    """One row of the per-class table: shares in [0, 1] (0 where undefined), and how many items truly have the class."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def wilson_interval(right: float, total: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the ends of Wilson's score interval of a share (Wilson 1927, JASA 22); (0, 1) for none of none."""
    if total == 0:
        return 0.0, 1.0
    z = float(special.ndtri(0.5 + confidence / 2))
    share, spread = right / total, z * z / total
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * float(np.sqrt(share * (1 - share) / total + spread / (4 * total)))
    return max(0.0, centre - half), min(1.0, centre + half)


def clopper_pearson(right: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the ends of the exact two-sided interval of a share (Clopper & Pearson 1934, Biometrika 26)."""
    tail = (1 - confidence) / 2
    low = 0.0 if right == 0 else float(special.betaincinv(right, total - right + 1, tail))
    high = 1.0 if right == total else float(special.betaincinv(right + 1, total - right, 1 - tail))
    return low, high


def lower_bound(right: int, total: int, confidence: float = 0.95) -> float:
    """Return the exact one-sided lower bound of a share: Clopper-Pearson with the whole risk below."""
    return 0.0 if right == 0 else float(special.betaincinv(right, total - right + 1, 1 - confidence))


def share(right: int, total: int) -> Share:
    """Return a share with Wilson's 95 % interval."""
    low, high = wilson_interval(right, total)
    return Share(right, total, right / total if total else float("nan"), low, high)


def accuracy(predicted: Labels, truth: Labels) -> Share:
    """Return the share of items whose predicted class is the true one, with its 95 % interval."""
    _same_length(predicted, truth)
    return share(sum(p == t for p, t in zip(predicted, truth, strict=True)), len(truth))


def confusion(predicted: Labels, truth: Labels, classes: Sequence[str] | None = None) -> tuple[Int64, tuple[str, ...]]:
    """Return counts int64[k, k], rows the truth and columns the prediction, and the k classes in order."""
    _same_length(predicted, truth)
    names = tuple(classes) if classes is not None else tuple(sorted(set(predicted) | set(truth)))
    column = {name: i for i, name in enumerate(names)}
    table = np.zeros((len(names), len(names)), dtype=np.int64)
    for p, t in zip(predicted, truth, strict=True):
        table[column[t], column[p]] += 1
    return table, names


def per_class(predicted: Labels, truth: Labels, classes: Sequence[str] | None = None) -> list[ClassScore]:
    """Return precision, recall, F1 and support of every class, in the classes' order."""
    table, names = confusion(predicted, truth, classes)
    hits, claimed, support = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    precision = np.divide(hits, claimed, out=np.zeros(len(names)), where=claimed > 0)
    recall = np.divide(hits, support, out=np.zeros(len(names)), where=support > 0)
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros(len(names)), where=total > 0)
    rows = zip(names, precision, recall, f1, support, strict=True)
    return [ClassScore(name, float(p), float(r), float(f), int(n)) for name, p, r, f, n in rows]


def macro_f1(predicted: Labels, truth: Labels) -> float:
    """Return the unweighted mean F1, in [0, 1], of the classes that occur in the truth or are predicted."""
    scores = per_class(predicted, truth)
    return float(np.mean([row.f1 for row in scores])) if scores else float("nan")


def nll(probs: Float32, columns: Int64) -> float:
    """Return the mean negative log-likelihood, in nats, of the true columns int64[n] under probs float[n, k]."""
    chosen = np.asarray(probs, dtype=np.float64)[np.arange(len(columns)), columns]
    return float(-np.log(np.maximum(chosen, PROBABILITY_FLOOR)).mean())


def ece(confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = 15, equal: str = "width") -> float:
    """Return the expected calibration error, in [0, 1]: the mean gap between confidence and accuracy over bins.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", eq. 3: 15 bins of equal *width*; equal *mass* puts
    as many items in each bin instead, which wastes none of them when most confidences are near 1.
    """
    if equal not in ("width", "mass"):
        raise ValueError(f"bins of equal {equal!r}: width or mass")
    confidence, hits = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if len(confidence) == 0:
        return float("nan")
    if equal == "width":
        which = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    else:
        which = np.empty(len(confidence), dtype=np.int64)
        which[np.argsort(confidence, kind="stable")] = np.arange(len(confidence)) * bins // len(confidence)
    gap = np.bincount(which, weights=confidence - hits, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


def coverage_at_precision(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], precision: float
) -> tuple[float, float]:
    """Return the largest share of items, surest first, whose precision is at least this, and its threshold.

    This looks at the answers, so it is what a perfect threshold would have reached, not a promise. (0, inf) for none.
    """
    confidence = np.asarray(confidence, dtype=np.float64)
    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum(np.asarray(right, dtype=np.int64)[order])
    counts = np.arange(1, len(order) + 1)
    falls = np.append(confidence[order][1:] < confidence[order][:-1], True)[: len(order)]
    good = np.flatnonzero((hits >= precision * counts - 1e-9) & falls)
    if len(good) == 0:
        return 0.0, float("inf")
    return float(counts[good[-1]] / len(order)), float(confidence[order][good[-1]])


def recall_at_k(found: Int64, wanted: Int64, k: int = 10) -> float:
    """Return the mean share, in [0, 1], of each query's true k nearest (`wanted` int64[q, >= k]) among the k `found`.

    -1 stands for "no neighbour" and is never counted, on either side.
    """
    shares = []
    for row_found, row_wanted in zip(found[:, :k], wanted[:, :k], strict=True):
        true = {int(i) for i in row_wanted if i >= 0}
        if true:
            shares.append(len(true & {int(i) for i in row_found}) / len(true))
    return float(np.mean(shares)) if shares else float("nan")


def nearest(queries: Float32, vectors: Float32, k: int) -> Int64:
    """Return int64[q, k], the rows of the k vectors nearest each query by inner product: brute force, the reference."""
    k = min(k, len(vectors))
    return np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :k].astype(np.int64)


@dataclass(frozen=True)
class PairedTest:
    """Two classifiers on the same items: how many only the first, only the second got right, and the exact p-value."""

    only_first: int
    only_second: int
    p_value: float

    @property
    def fall(self) -> float:
        """The exact one-sided p-value of "the second is right as often": small if it is right less often."""
        return float(special.bdtr(self.only_second, self.only_first + self.only_second, 0.5))


def mcnemar(first_right: NDArray[np.bool_], second_right: NDArray[np.bool_]) -> PairedTest:
    """Return the exact two-sided McNemar test of "both are right equally often" (McNemar 1947, Psychometrika 12)."""
    first, second = np.asarray(first_right, dtype=bool), np.asarray(second_right, dtype=bool)
    _same_length(first, second)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_first + only_second
    p_value = min(1.0, 2 * float(special.bdtr(min(only_first, only_second), differing, 0.5)))
    return PairedTest(only_first, only_second, p_value)


def _same_length(left: Sequence[object] | NDArray[np.bool_], right: Sequence[object] | NDArray[np.bool_]) -> None:
    if len(left) != len(right):
        raise ValueError(f"{len(left)} predictions for {len(right)} truths")
