"""Every block as a dense matrix of one scale, and the way back from its coefficients to the block's own features."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from embedkit.heads.blocks import present
from embedkit.heads.keywords import GramSpec, TfIdf, fit_tfidf
from embedkit.types import Block, Documents

Array = NDArray[np.floating]

EXACT_ITEMS = 2_000
"""Up to this many texts, TF-IDF is turned into its principal axes exactly; beyond, the leading RANK are kept."""
RANK = 768


@dataclass(frozen=True)
class DenseBlock:
    """x float[n, r]: centred, mean squared length 1 over the items that have the block, zero for the others.

    x = (features @ axes - mean) * gain, with axes float[features, r] or None for the features as they are.
    """

    space: str
    x: Array
    here: NDArray[np.bool_]
    mean: Array
    gain: float
    axes: Array | None = None
    tfidf: TfIdf | None = None

    def coefficients(self, coef: Array) -> tuple[Array, Array]:
        """Return float[features, k] and an offset float[k] for the block's own features, given float[r, k] for x."""
        own = coef * self.gain
        offset = -(self.mean @ own)
        return (own if self.axes is None else self.axes @ own), offset


def densify(block: Block, grams: GramSpec | None = None, seed: int = 0) -> DenseBlock:
    """Return a block of training items as a dense block; labels play no part in it."""
    here = present(block)
    if not isinstance(block, Documents):
        return _standard(block.space, block.vectors.astype(np.float64), here)
    tfidf = fit_tfidf(Documents(block.ids[here], tuple(t for t in block.tokens if t), block.space), grams)
    if not tfidf.vocabulary:
        return DenseBlock(block.space, np.zeros((len(block), 0)), here, np.zeros(0), 1.0, np.zeros((0, 0)), tfidf)
    matrix = tfidf.matrix(block)
    axes = _exact_axes(matrix) if len(block) <= EXACT_ITEMS else _leading_axes(matrix, seed)
    return _standard(block.space, matrix @ axes, here, axes, tfidf)


def _exact_axes(matrix: sparse.csr_matrix) -> Array:
    gram = (matrix @ matrix.T).toarray().astype(np.float64)
    values, vectors = linalg.eigh(gram, driver="evd")
    keep = values > values[-1] * 1e-7
    return np.asarray(matrix.T @ (vectors[:, keep] / np.sqrt(values[keep])).astype(np.float32))


def _leading_axes(matrix: sparse.csr_matrix, seed: int) -> Array:
    from sklearn.utils.extmath import randomized_svd  # half a second to import, only for large catalogues

    rank = min(RANK, min(matrix.shape) - 1)
    return np.ascontiguousarray(randomized_svd(matrix, rank, n_oversamples=32, n_iter=2, random_state=seed)[2].T)


def _standard(
    space: str, raw: Array, here: NDArray[np.bool_], axes: Array | None = None, tfidf: TfIdf | None = None
) -> DenseBlock:
    mean = raw[here].mean(axis=0) if here.any() else np.zeros(raw.shape[1])
    x = np.where(here[:, None], raw - mean, 0.0)
    power = float((x * x).sum() / max(1, int(here.sum())))
    gain = 1.0 / np.sqrt(power) if power > 1e-12 else 1.0
    return DenseBlock(space, x * gain, here, mean, gain, axes, tfidf)
