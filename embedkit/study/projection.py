"""A catalogue as a map: each listing a point, alike listings near each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embedkit.types import Float32, Int64

PERPLEXITY = 30.0
"""About how many neighbours each listing keeps near it."""
FEWEST = 5
"""Of fewer listings nothing can be arranged: they are put in their first two principal axes."""


def stratified_sample(strata: Sequence[str], most: int, rng: np.random.Generator) -> Int64:
    """Return at most `most` rows, int64, rising: of each stratum its share, and at least one where there is room."""
    if len(strata) <= most:
        return np.arange(len(strata), dtype=np.int64)
    names, which, sizes = np.unique(
        np.asarray(strata, dtype=object).astype(str), return_inverse=True, return_counts=True
    )
    quotas = sizes * most / len(strata)
    counts = np.maximum(np.floor(quotas).astype(np.int64), 1)
    # What rounding leaves goes to the largest remainders; what "at least one" took too much, from the largest strata.
    for stratum in np.argsort(-(quotas - counts), kind="stable")[: max(0, most - int(counts.sum()))]:
        counts[stratum] += 1
    while counts.sum() > most:
        counts[counts.argmax()] -= 1
    counts = np.minimum(counts, sizes)
    rows = [
        rng.choice(np.flatnonzero(which == stratum), counts[stratum], replace=False) for stratum in range(len(names))
    ]
    return np.sort(np.concatenate(rows)).astype(np.int64)


def project(vectors: Float32, seed: int) -> Float32:
    """Return float32[n, 2], within [-1, 1] and about 0, where vectors float32[n, d] that are near each other are near.

    t-SNE (van der Maaten & Hinton 2008, JMLR 9) by scikit-learn, started from the two leading principal axes, so that
    the large distances mean something too (Kobak & Berens 2019, Nature Communications 10), and the same every time.
    """
    if len(vectors) < FEWEST:
        return _fitted(_axes(vectors))
    from sklearn.manifold import TSNE  # half a second to import

    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    start = _axes(vectors)
    spread = float(start[:, 0].std()) or 1.0
    model = TSNE(perplexity=perplexity, init=start / spread * 1e-4, learning_rate="auto", random_state=seed, n_jobs=1)
    return _fitted(model.fit_transform(np.asarray(vectors, dtype=np.float32)))


def _axes(vectors: Float32) -> Float32:
    """Return float32[n, 2], the coordinates in the two leading principal axes; 0 where there is no such axis."""
    centred = np.asarray(vectors, dtype=np.float64)
    centred = centred - centred.mean(axis=0) if len(centred) else centred
    values, axes = np.linalg.eigh(centred.T @ centred)
    del values
    leading = axes[:, ::-1][:, :2]
    # An axis has no sign of its own: its greatest part is made positive.
    greatest = np.take_along_axis(leading, np.abs(leading).argmax(axis=0)[None], axis=0)
    placed = np.zeros((len(centred), 2), dtype=np.float32)
    placed[:, : leading.shape[1]] = centred @ (leading * np.where(greatest < 0, -1.0, 1.0))
    return placed


def _fitted(points: Float32) -> Float32:
    """Return the points about the middle of their box, scaled alike in both directions to lie within [-1, 1]."""
    if not len(points):
        return np.zeros((0, 2), dtype=np.float32)
    middle = (points.max(axis=0) + points.min(axis=0)) / 2
    reach = float(np.abs(points - middle).max())
    return np.asarray((points - middle) / (reach or 1.0), dtype=np.float32)
