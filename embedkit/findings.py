"""What a head's judgement of a catalogue comes to, as numbers and tables: quality, thresholds, map, gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.forecast import audit_estimate
from embedkit.ground import Truths
from embedkit.heads.train import TrainedHead
from embedkit.metrics import accuracy, ece, macro_f1
from embedkit.review import Judged
from embedkit.select import Standing
from embedkit.stores.judgements import Split
from embedkit.studies import Rows
from embedkit.study import projection, quality

MOST_ON_MAP = 3_000
SURE_AND_WRONG, UNSURE_AND_RIGHT = "sure and wrong", "unsure and right"


@dataclass(frozen=True)
class Known:
    """What a head says of the listings whose category is known: `rows` int64[n] are theirs in the judgement.

    unseen bool[n]: whom the head has not learnt from, or judged out of fold; tested bool[n]: who was kept aside.
    """

    rows: NDArray[np.int64]
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    unseen: NDArray[np.bool_]
    tested: NDArray[np.bool_]


def known_of(trained: TrainedHead, judged: Judged, truths: Truths, split: Split | None) -> Known:
    """Return the listings whose category is known, with what the head says of them."""
    row_of = {int(item_id): row for row, item_id in enumerate(judged.predictions.ids)}
    rows = np.array([row_of[int(item_id)] for item_id in truths.ids], dtype=np.int64)
    predicted = tuple(judged.predictions.label[row] for row in rows)
    learnt = split.ids[split.train] if split is not None else np.zeros(0, dtype=np.int64)
    seen = np.isin(truths.ids, learnt)
    return Known(
        rows=rows,
        labels=truths.labels,
        predicted=predicted,
        confidence=judged.predictions.confidence[rows].astype(np.float64),
        right=np.array([one == true for one, true in zip(predicted, truths.labels, strict=True)], dtype=bool),
        unseen=~seen | trained.is_out_of_fold(truths.ids),
        tested=~seen & truths.countable,
    )


def _of(names: Sequence[str], chosen: NDArray[np.bool_]) -> list[str]:
    return [name for name, kept in zip(names, chosen, strict=True) if kept]


def scores(known: Known) -> dict[str, Any]:
    """Return how often the head is right on what was kept aside, with the 95 % interval, and how honest it is."""
    predicted, truth = _of(known.predicted, known.tested), _of(known.labels, known.tested)
    share = accuracy(predicted, truth)
    return {
        "tested": share.total,
        "right": share.right,
        "accuracy": _known_or_none(share.value),
        "low": share.low,
        "high": share.high,
        "macro_f1": _known_or_none(macro_f1(predicted, truth)),
        "ece": _known_or_none(ece(known.confidence[known.tested], known.right[known.tested])),
    }


def _known_or_none(value: float) -> float | None:
    """Return a value, None for NaN: what nothing was measured for is not a number to pass on."""
    return value if np.isfinite(value) else None


def quality_tables(known: Known) -> dict[str, Rows]:
    predicted, truth = _of(known.predicted, known.tested), _of(known.labels, known.tested)
    confidence, right = known.confidence[known.tested], known.right[known.tested]
    return {
        "per_class": quality.class_rows(predicted, truth),
        "confusion": quality.confusion_rows(predicted, truth),
        "coverage": quality.coverage_rows(confidence, right),
        "reliability": quality.reliability_rows(confidence, right),
    }


def decided(judged: Judged) -> dict[str, Any]:
    decisions = judged.decisions
    accepted = int(decisions.accept.sum())
    return {
        "accepted": accepted,
        "review": len(decisions.ids) - accepted,
        "coverage": decisions.coverage,
        "risk": decisions.risk,
        "expected_precision": _known_or_none(decisions.expected_precision),
    }


def audited(judged: Judged, truths: Truths) -> dict[str, Any]:
    """Return how often the head is right, from the listings that were drawn at random and answered by people."""
    said = dict(zip(judged.predictions.ids.tolist(), judged.predictions.label, strict=True))
    rows = np.flatnonzero(truths.audited)
    right = np.array([said[int(truths.ids[row])] == truths.labels[row] for row in rows], dtype=bool)
    if not len(right):
        return {"audited": 0, "audit_accuracy": None, "audit_low": None, "audit_high": None}
    share = audit_estimate(right, len(judged.items))
    return {
        "audited": share.total,
        "audit_accuracy": share.value,
        "audit_low": share.low,
        "audit_high": share.high,
    }


def threshold_rows(judged: Judged) -> Rows:
    """Return a row a category: what it takes to be accepted there, on what evidence, and how many were."""
    predicted, accept = judged.predictions.order[:, 0], judged.decisions.accept
    rows = []
    for column, name in enumerate(judged.predictions.classes):
        threshold, mine = judged.decisions.thresholds[name], predicted == column
        rows.append(
            {
                "category": name,
                "listings": int(mine.sum()),
                "accepted": int((mine & accept).sum()),
                "review": int((mine & ~accept).sum()),
                "threshold": threshold.value if np.isfinite(threshold.value) else None,
                "evidence": threshold.origin,
                "known": threshold.evidence,
                "wrong": threshold.wrong,
                "needed": threshold.needed,
            }
        )
    return rows


def map_rows(judged: Judged, standing: Standing, known: Known, seed: int) -> Rows:
    """Return a row for each listing on the map; those without picture and text have no place on it."""
    label_of = dict(zip(known.rows.tolist(), known.labels, strict=True))
    outcome = {
        int(row): "right" if right else "wrong"
        for row, right, unseen in zip(known.rows, known.right, known.unseen, strict=True)
        if unseen
    }
    there = np.flatnonzero(np.abs(standing.vectors).sum(axis=1) > 0)
    strata = [label_of.get(int(row), "") for row in there]
    chosen = there[projection.stratified_sample(strata, MOST_ON_MAP, np.random.default_rng(seed))]
    points = projection.project(standing.vectors[chosen], seed)
    return [
        {
            "item_id": judged.items[row].item_id,
            "key": judged.items[row].key,
            "title": judged.items[row].title,
            "x": round(float(x), 4),
            "y": round(float(y), 4),
            "category": label_of.get(int(row)),
            "predicted": judged.predictions.label[row],
            "confidence": round(float(judged.predictions.confidence[row]), 4),
            "outcome": outcome.get(int(row), "unknown"),
        }
        for row, (x, y) in zip(chosen, points, strict=True)
    ]


def gallery_rows(judged: Judged, known: Known, count: int) -> Rows:
    """Return the surest of the wrong and the least sure of the right listings, `count` of each, near-copies once."""
    wrong = np.flatnonzero(known.unseen & ~known.right)
    right = np.flatnonzero(known.unseen & known.right)
    chosen = [(SURE_AND_WRONG, i) for i in wrong[np.argsort(-known.confidence[wrong], kind="stable")][:count]]
    chosen += [(UNSURE_AND_RIGHT, i) for i in right[np.argsort(known.confidence[right], kind="stable")][:count]]
    predictions, rows = judged.predictions, []
    for kind, i in chosen:
        row = int(known.rows[i])
        second = int(predictions.order[row, 1]) if len(predictions.classes) > 1 else None
        rows.append(
            {
                "kind": kind,
                "item_id": judged.items[row].item_id,
                "key": judged.items[row].key,
                "title": judged.items[row].title,
                "known": known.labels[i],
                "predicted": known.predicted[i],
                "confidence": float(known.confidence[i]),
                "second": predictions.classes[second] if second is not None else None,
                "second_probability": float(predictions.probs[row, second]) if second is not None else None,
            }
        )
    return rows
