"""What the answers say of the whole catalogue: its accuracy now, and how many reviews the next point of it takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from embedkit.metrics import Share, wilson_interval

POINT = 0.01


def audit_estimate(right: NDArray[np.bool_], population: int) -> Share:
    """Return the share of all `population` listings that is right, from bool[n] of a uniform sample of different ones.

    The share of the sample is unbiased. Its 95 % interval is Wilson's, of a sample as large as its variance says it is
    worth: n (N - 1) / (N - n), the finite population correction (Cochran 1977, "Sampling Techniques", section 2.6); of
    a sample that is the whole population there is no doubt left.
    """
    n, hits = len(right), int(np.count_nonzero(right))
    if n > population:
        raise ValueError(f"{n} listings drawn from {population}")
    if n == 0:
        return Share(0, 0, float("nan"), 0.0, 1.0)
    if n == population:
        return Share(hits, n, hits / n, hits / n, hits / n)
    worth = (population - 1) / (population - n)
    low, high = wilson_interval(hits * worth, n * worth)
    # Those drawn are known: the others can all be wrong or all be right, and no more.
    return Share(hits, n, hits / n, max(low, hits / population), min(high, 1 - (n - hits) / population))


def reviews_for_a_point(confidence: NDArray[np.floating], listings: int, point: float = POINT) -> int | None:
    """Return how many open listings a person must judge for the catalogue to be a `point` of accuracy better.

    `confidence` float[open] is calibrated, so 1 - confidence is the probability that a listing's category is wrong and
    its review mends it. Taken are the most doubtful first: the fewest whose probabilities sum up to `point` of all
    `listings`, so this is an expected number. None where all open listings together do not come to that.
    """
    wrong = np.sort(1.0 - np.asarray(confidence, dtype=np.float64))[::-1]
    mended = np.cumsum(wrong)
    needed = int(np.searchsorted(mended, point * listings - 1e-9)) + 1
    return needed if needed <= len(wrong) else None
