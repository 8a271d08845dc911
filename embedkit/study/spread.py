"""How values lie: the few numbers that a person reads instead of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

POINTS = {"least": 0.0, "p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "most": 1.0}
"""The quantiles that a row shows; between two values, linearly."""


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Return the least, the 5th, 25th, 50th, 75th and 95th percentile, the most and the mean; None for no values."""
    if not len(values):
        return dict.fromkeys([*POINTS, "mean"])
    known = np.asarray(values, dtype=np.float64)
    found = np.quantile(known, list(POINTS.values()))
    return {**{name: tidy(float(one)) for name, one in zip(POINTS, found, strict=True)}, "mean": tidy(known.mean())}


def tidy(value: float) -> int | float:
    """Return a value with four decimals at most, and as a whole number where it is one."""
    rounded = round(float(value), 4)
    return int(rounded) if rounded.is_integer() else rounded


def share(part: float, whole: float) -> float:
    """Return part / whole in [0, 1] with four decimals; 0 of nothing is 0."""
    return round(part / whole, 4) if whole else 0.0
