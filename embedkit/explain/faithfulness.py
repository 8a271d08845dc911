"""Whether a map says what the model does: parts taken away in its order, against random orders and random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from embedkit.explain.remarks import Remark
from embedkit.types import Float32

RANDOM_ORDERS = 9
"""Where a map is no better than chance, it beats all of nine random orders one time in twenty at most."""
STEPS = 3
FEWEST_CELLS = 5
"""Four parts can be ordered in 24 ways only: a random order would often be the map's own."""
ALIKE = 0.5
"""A map whose rank correlation with that of random weights is this high shows the picture, not what was learnt."""

Scores = Callable[[NDArray[np.bool_]], Float32]
"""Called with kept bool[n, cells], returns float32[n, k]: the k scores when only these cells are there."""


@dataclass(frozen=True)
class Faithfulness:
    """Areas under the score (in logits) while cells go, or come, in the map's order, and in random orders.

    Petsiuk, Das & Saenko 2018, "RISE" (BMVC), section 4: a good map's deletion area is small, its insertion area large.
    random_areas are of random orders, whose deletion and insertion areas are the same read backwards. `likeness` is
    the rank correlation with the map under random weights; nan where either map is flat.
    """

    deletion: float
    insertion: float
    random_areas: tuple[float, ...]
    likeness: float
    cells: int

    @property
    def random_area(self) -> float:
        """The mean area of the random orders."""
        return float(np.mean(self.random_areas)) if self.random_areas else float("nan")

    @property
    def failures(self) -> tuple[Remark, ...]:
        """What speaks against the map, a clause each; none for a map that passed."""
        if self.cells < FEWEST_CELLS:
            return (Remark("few", {"cells": self.cells}),)
        found = []
        if not self.deletion < min(self.random_areas):
            found.append(Remark("deletion"))
        if not self.insertion > max(self.random_areas):
            found.append(Remark("insertion"))
        if np.isnan(self.likeness):
            found.append(Remark("flat"))
        elif self.likeness >= self.likeness_limit:
            found.append(Remark("alike"))
        return tuple(found)

    @property
    def passed(self) -> bool:
        """Whether the map may be relied on."""
        return not self.failures

    @property
    def likeness_limit(self) -> float:
        """The rank correlation that counts as the same map: 0.5, or what chance alone exceeds one time in twenty."""
        return max(ALIKE, 1.645 / np.sqrt(max(1, self.cells - 1)))

    @property
    def verdict(self) -> str:
        """One line for people."""
        return "it holds" if self.passed else f"don't rely on this: {'; '.join(one.text for one in self.failures)}"


def judge(
    maps: Float32, scrambled_maps: Float32, whole: Float32, scores: Scores, rng: np.random.Generator
) -> tuple[Faithfulness, ...]:
    """Return the faithfulness of each map of float32[k, cells], signed, one a score; `whole` float32[k] are the scores.

    The scores are asked for once a step, when all orders have equally many cells left; ties in a map are broken at
    random.
    """
    k, cells = maps.shape
    if cells < FEWEST_CELLS:
        return (Faithfulness(float("nan"), float("nan"), (), float("nan"), cells),) * k
    falling = [np.lexsort((rng.random(cells), -row)) for row in maps]
    order = np.stack(
        [*falling, *(one[::-1] for one in falling), *(rng.permutation(cells) for _ in range(RANDOM_ORDERS))]
    )
    gone = np.unique(np.rint(np.linspace(0, cells, min(STEPS, cells) + 1)).astype(np.int64))
    rank = np.argsort(order, axis=1)
    curves = np.empty((len(gone), len(order), k), dtype=np.float64)
    curves[0] = whole
    curves[-1] = scores(np.zeros((1, cells), dtype=bool))
    for step in range(1, len(gone) - 1):
        curves[step] = scores(rank >= gone[step])
    areas = _areas(curves, gone / cells)
    random = areas[2 * k :]
    return tuple(
        Faithfulness(
            deletion=float(areas[i, i]),
            insertion=float(areas[k + i, i]),
            random_areas=tuple(float(area) for area in random[:, i]),
            likeness=rank_correlation(maps[i], scrambled_maps[i]),
            cells=cells,
        )
        for i in range(k)
    )


def _areas(curves: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the areas float64[orders, k] under curves float64[steps, orders, k] over shares float64[steps]."""
    widths = np.diff(share)[:, None, None]
    return np.asarray((widths * (curves[1:] + curves[:-1]) / 2).sum(axis=0))


def rank_correlation(first: Float32, second: Float32) -> float:
    """Return Spearman's rank correlation of two maps, in [-1, 1]; nan where one of them is flat."""
    a, b = (rankdata(one) for one in (first, second))
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else float("nan")
