"""Late fusion: each block's own regression, and weights that make their out-of-fold logits say the truth together.

Measured on real listings against one regression over all blocks side by side, whose block scales are searched: the same
accuracy, a lower NLL, half the time; and a listing without a picture is judged by a model that never expected one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from embedkit.heads.calibrate import tempered_nll
from embedkit.heads.dense import DenseBlock
from embedkit.heads.softmax import fit_softmax, principal_axes
from embedkit.types import Int64

Array = NDArray[np.floating]

STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
"""scikit-learn's C, tried on blocks of mean squared length 1. Steps of ten: the temperature makes up for the rest."""
SAMPLE = 6_000
"""Of more items than this, so many choose the strength, tested on the first fold alone."""


def fold_rows(folds: Int64) -> Iterator[tuple[Int64, Int64]]:
    """Yield (training rows, held-out rows) of each fold; fold -1 always trains."""
    for fold in range(int(folds.max(initial=-1)) + 1):
        held = np.flatnonzero(folds == fold)
        if len(held):
            yield np.flatnonzero(folds != fold), held


def class_weights(targets: Int64, classes: int, balanced: bool) -> Array | None:
    """Return float64[n] that make every class weigh the same, or None for every item the same."""
    if not balanced:
        return None
    counts = np.bincount(targets, minlength=classes)
    return (len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[targets]


def _sample(block: DenseBlock, folds: Int64) -> Int64 | None:
    """Return int64[at most SAMPLE], rows evenly over those that have the block, or None where there are not more."""
    rows = np.flatnonzero(block.here & (folds >= 0))
    return rows[np.linspace(0, len(rows) - 1, SAMPLE).astype(np.int64)] if len(rows) > SAMPLE else None


@dataclass(frozen=True)
class BlockTrial:
    """A block's best strength, and what its regressions said of items they had not seen: float64[n, k].

    Rows are zero where an item lacks the block or is in no fold.
    """

    strength: float
    logits: Array
    nll: float


def try_block(
    block: DenseBlock,
    targets: Int64,
    classes: int,
    folds: Int64,
    balanced: bool = False,
    strengths: Sequence[float] = STRENGTHS,
) -> BlockTrial:
    """Return the strength whose out-of-fold logits have the lowest NLL at their best temperature, with those logits."""
    sample = _sample(block, folds)
    if len(strengths) > 1 and sample is not None:
        some = replace(block, x=block.x[sample], here=block.here[sample])
        best_of = try_block(some, targets[sample], classes, np.where(folds[sample] == 0, 0, -1), balanced, strengths)
        return try_block(block, targets, classes, folds, balanced, (best_of.strength,))
    out = np.zeros((len(strengths), len(targets), classes))
    for train, held in fold_rows(folds):
        train, held = train[block.here[train]], held[block.here[held]]
        if len(train) == 0 or len(held) == 0:
            continue
        axes = principal_axes(block.x[train])
        weights = class_weights(targets[train], classes, balanced)
        for i, strength in enumerate(strengths):
            coef, bias = fit_softmax(axes, targets[train], classes, strength, weights)
            out[i, held] = block.x[held] @ coef + bias
    tested = block.here & (folds >= 0)
    if not tested.any():
        return BlockTrial(strengths[0], out[0], float("inf"))
    losses = [tempered_nll(logits[tested], targets[tested])[1] for logits in out]
    best = int(np.argmin(losses))
    return BlockTrial(float(strengths[best]), out[best], losses[best])


def fusion_weights(trials: Sequence[Array], targets: Int64, folds: Int64) -> NDArray[np.float64]:
    """Return non-negative weights float64[blocks], summing to 1, of the blocks' out-of-fold logits float[n, k].

    Their weighted sum has the lowest NLL (Wolpert 1992, "Stacked generalization", with a logistic combiner); that is
    convex, so what is found is the best there is. The sum's scale is left to the temperature.
    """
    tested = folds >= 0
    blocks = len(trials)
    if blocks == 1 or not tested.any():
        return np.full(blocks, 1.0 / max(blocks, 1))
    logits = np.stack([trial[tested] for trial in trials])
    truth, rows = targets[tested], np.arange(int(tested.sum()))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_p = log_softmax(np.tensordot(weights, logits, 1), axis=1)
        gradient = np.exp(log_p)
        gradient[rows, truth] -= 1.0
        return -float(log_p[rows, truth].mean()), np.einsum("bnk,nk->b", logits, gradient) / len(rows)

    found = minimize(loss, np.full(blocks, 0.5), jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * blocks).x
    return found / found.sum() if found.sum() > 0 else np.full(blocks, 1.0 / blocks)
