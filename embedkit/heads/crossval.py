"""How well a head would do on listings it has never seen: every choice made again inside each training part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embedkit.errors import NotEnoughLabels
from embedkit.heads.fusion import fold_rows
from embedkit.heads.splits import grouped_folds
from embedkit.heads.train import HeadSpec, Kind, fit_head
from embedkit.metrics import Share, accuracy, ece, macro_f1
from embedkit.types import Block, Int64, Progress, no_progress


@dataclass(frozen=True)
class CrossValidation:
    """Held-out predictions of the items that could be tested, and the ids of those that could only train."""

    ids: Int64
    truth: tuple[str, ...]
    predicted: tuple[str, ...]
    confidence: NDArray[np.float64]
    untested: Int64

    @cached_property
    def accuracy(self) -> Share:
        """The share predicted right, with its 95 % interval."""
        return accuracy(self.predicted, self.truth)

    @cached_property
    def macro_f1(self) -> float:
        """The mean F1 of the classes."""
        return macro_f1(self.predicted, self.truth)

    @cached_property
    def ece(self) -> float:
        """The expected calibration error, in 15 bins of equal width."""
        return ece(self.confidence, np.asarray([p == t for p, t in zip(self.predicted, self.truth, strict=True)]))


def cross_validate(
    kind: Kind,
    ids: Int64,
    blocks: Sequence[Block],
    labels: Sequence[str],
    groups: Int64 | None = None,
    spec: HeadSpec | None = None,
    *,
    k: int = 5,
    seed: int = 0,
    countable: NDArray[np.bool_] | None = None,
    progress: Progress = no_progress,
) -> CrossValidation:
    """Return k-fold predictions of all items that can be tested; every choice stays inside its training fold.

    `countable` bool[n] says which items may calibrate and test (default all); the others train in every other fold.

    Raises NotEnoughLabels where no item can be tested: every class is one item, or one group of copies.
    """
    ids = np.asarray(ids, dtype=np.int64)
    groups = np.arange(len(ids)) if groups is None else np.asarray(groups, dtype=np.int64)
    countable = np.ones(len(ids), dtype=bool) if countable is None else np.asarray(countable, dtype=bool)
    folds = grouped_folds(list(labels), groups, k, seed)
    tested = (folds >= 0) & countable
    if not tested.any():
        raise NotEnoughLabels(f"{len(ids)} labelled items cannot be cross-validated: no category has two", "label more")
    predicted: dict[int, tuple[str, float]] = {}
    for done, (train, held) in enumerate(fold_rows(folds)):
        progress("cross-validate", done, k)
        names, counts = [labels[i] for i in train], countable[train]
        part = fit_head(kind, ids[train], blocks, names, groups[train], spec, seed=seed + done + 1, countable=counts)
        said = part.predict(ids[held], blocks)
        predicted |= {int(i): (said.label[j], float(said.confidence[j])) for j, i in enumerate(held)}
    rows = np.flatnonzero(tested)
    return CrossValidation(
        ids[rows],
        tuple(labels[int(i)] for i in rows),
        tuple(predicted[int(i)][0] for i in rows),
        np.asarray([predicted[int(i)][1] for i in rows]),
        ids[~tested],
    )
