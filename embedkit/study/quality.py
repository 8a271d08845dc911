"""How good a head is, as tables: by category, by pair of categories, by sureness; each with its doubt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.metrics import confusion, per_class, wilson_interval

Rows = list[dict[str, Any]]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_POINTS = 200
BINS = 10


def class_rows(predicted: Sequence[str], truth: Sequence[str]) -> Rows:
    """Return a row a category, the worst recall first: recall and precision with Wilson's 95 % intervals, and F1.

    `tested` listings truly have the category, `predicted` ones are said to; recall is None where none is tested,
    precision where none is predicted. `mistaken_for` is the category that most of its missed listings went to.
    """
    table, names = confusion(predicted, truth)
    scores = {score.name: score for score in per_class(predicted, truth)}
    rows = []
    for column, name in enumerate(names):
        hits, tested, said = int(table[column, column]), int(table[column].sum()), int(table[:, column].sum())
        missed = table[column].copy()
        missed[column] = 0
        other = int(missed.argmax())
        recall_low, recall_high = wilson_interval(hits, tested)
        precision_low, precision_high = wilson_interval(hits, said)
        rows.append(
            {
                "category": name,
                "tested": tested,
                "right": hits,
                "recall": hits / tested if tested else None,
                "recall_low": recall_low,
                "recall_high": recall_high,
                "predicted": said,
                "precision": hits / said if said else None,
                "precision_low": precision_low,
                "precision_high": precision_high,
                "f1": scores[name].f1,
                "mistaken_for": names[other] if missed[other] else None,
                "mistaken": int(missed[other]),
            }
        )
    return sorted(rows, key=lambda row: (2.0 if row["recall"] is None else row["recall"], -row["tested"]))


def confusion_rows(predicted: Sequence[str], truth: Sequence[str]) -> Rows:
    """Return a row for each pair of true and predicted category that occurs, with its share of the true one's."""
    counts = Counter(zip(truth, predicted, strict=True))
    totals = Counter(truth)
    return [
        {"truth": true, "predicted": said, "count": count, "share": count / totals[true]}
        for (true, said), count in sorted(counts.items())
    ]


def coverage_rows(confidence: Floats, right: Bools, most: int = MOST_POINTS) -> Rows:
    """Return what would come of accepting the surest listings only: coverage against precision, at most `most` points.

    A point for each confidence at which a threshold can stand: equal ones are accepted together. `low` and `high` are
    the ends of Wilson's 95 % interval of the precision.
    """
    order = np.argsort(-confidence, kind="stable")
    falling, hits = confidence[order], np.cumsum(right[order])
    ends = np.flatnonzero(np.append(falling[1:] < falling[:-1], True)[: len(falling)])
    if len(ends) > most:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, most).round().astype(np.int64))]
    rows = []
    for end in ends:
        accepted, good = int(end) + 1, int(hits[end])
        low, high = wilson_interval(good, accepted)
        rows.append(
            {
                "coverage": accepted / len(falling),
                "accepted": accepted,
                "right": good,
                "precision": good / accepted,
                "low": low,
                "high": high,
                "threshold": float(falling[end]),
            }
        )
    return rows


def reliability_rows(confidence: Floats, right: Bools, bins: int = BINS) -> Rows:
    """Return a row for each filled bin of confidence, of equal width: mean confidence against how many are right.

    A confidence on an edge belongs to the bin below it, as in `metrics.ece`.
    """
    which = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    rows = []
    for one in np.unique(which):
        mine = which == one
        count, good = int(mine.sum()), int(right[mine].sum())
        low, high = wilson_interval(good, count)
        rows.append(
            {
                "low": int(one) / bins,
                "high": (int(one) + 1) / bins,
                "count": count,
                "confidence": float(confidence[mine].mean()),
                "accuracy": good / count,
                "accuracy_low": low,
                "accuracy_high": high,
            }
        )
    return rows
