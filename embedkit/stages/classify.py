"""Predict a category for every listing, and decide: accept it, or send it to a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from embedkit.heads.promise import Decisions
from embedkit.heads.train import TrainedHead
from embedkit.review import Judged, draw_review, judge, lesser_promise, survey_candidates
from embedkit.standing import find_head, head_in_use, load_trained
from embedkit.stores import judgements, lock, runs
from embedkit.stores.tables import check_suffix, write_rows
from embedkit.types import Item, Predictions, ReviewPolicy, Say
from embedkit.workspace import Workspace


@dataclass(frozen=True)
class ClassifySpec:
    """Which head, what is promised, and what is written."""

    head_id: str | None = None
    promise: float = 0.98
    top_k: int = 3
    output: Path | None = None
    queue: int = 0
    audit_share: float = 0.1
    weight: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Classified:
    """Rows a listing, rows a category, and the totals."""

    rows: list[dict[str, Any]]
    per_class: list[dict[str, Any]]
    numbers: dict[str, Any]


def run(workspace: Workspace, spec: ClassifySpec, say: Say) -> Classified:
    """Return the decisions on every listing; predictions and the queue are appended to the workspace."""
    workspace.require()
    if spec.output is not None:
        check_suffix(spec.output)
    began = runs.now()
    with lock.hold(workspace.lock, "classify"):
        database = workspace.database()
        database.migrate()
        with database.connect(read_only=True) as connection:
            record = find_head(judgements.load_heads(connection), spec.head_id or head_in_use(connection))
        trained = load_trained(workspace, record)
        say(f"head {record.head_id}, trained on {', '.join(record.spaces)}")
        judged = judge(workspace, trained, record, spec.promise)
        predictions, decisions = judged.predictions, judged.decisions
        queue = _draw(workspace, trained, record, judged, spec)
        _store(workspace, spec, trained, predictions, decisions, queue, began)
    rows = _rows(judged.items, predictions, decisions, spec.top_k)
    if spec.output is not None:
        write_rows(spec.output, rows)
        say(f"wrote {len(rows):,} rows to {spec.output}")
    numbers = _numbers(decisions, queue, (runs.now() - began).total_seconds())
    for line in _summary(numbers, decisions, spec):
        say(line)
    if not numbers["accepted"]:
        say(_instead(trained, judged, spec.promise))
    return Classified(rows, _per_class(predictions, decisions), numbers)


def _instead(trained: TrainedHead, judged: Judged, promise: float) -> str:
    """Return what to do where nothing could be accepted."""
    lesser = lesser_promise(trained, judged, promise)
    if lesser is None:
        return "nothing is accepted: more listings of known category, or a better encoder, may change that"
    return f"nothing is sure enough for {promise:.4g}: --promise {lesser[0]:.4g} would accept {lesser[1]:,}"


def _draw(
    workspace: Workspace, trained: TrainedHead, record: judgements.HeadRecord, judged: Judged, spec: ClassifySpec
) -> list[judgements.ReviewItem]:
    if not spec.queue:
        return []
    with workspace.database().connect(read_only=True) as connection:
        before = judgements.count_batches(connection)
    policy = ReviewPolicy(spec.promise, spec.queue, spec.audit_share, spec.seed)
    standing = survey_candidates(workspace, trained, record, judged, weight=spec.weight)
    return draw_review(standing, policy, before, record.head_id)


def _store(
    workspace: Workspace,
    spec: ClassifySpec,
    trained: TrainedHead,
    predictions: Predictions,
    decisions: Decisions,
    queue: Sequence[judgements.ReviewItem],
    began: datetime,
) -> None:
    k = min(spec.top_k, len(predictions.classes))
    top = predictions.order[:, :k]
    made = judgements.Suggestions(
        ids=predictions.ids,
        labels=[[predictions.classes[column] for column in row] for row in top],
        probs=np.take_along_axis(predictions.probs, top, axis=1),
        margin=predictions.margin,
        entropy=predictions.entropy,
        decision=["accept" if accept else "review" for accept in decisions.accept],
        reason=decisions.reasons,
        out_of_fold=trained.is_out_of_fold(predictions.ids),
    )
    with workspace.database().connect(read_only=False) as connection:
        run_id = runs.begin_run(connection, "classify", vars(spec), began)
        judgements.record_predictions(connection, run_id, predictions.head_id, made)
        if queue:
            judgements.record_review(connection, run_id, queue)
        numbers = _numbers(decisions, queue, (runs.now() - began).total_seconds())
        runs.finish_run(connection, run_id, 0, numbers)
    path = workspace.reports / f"classify-{run_id:05d}.json"
    report = {
        **numbers,
        "head": predictions.head_id,
        "promise": spec.promise,
        "per_class": _per_class(predictions, decisions),
    }
    path.write_text(json.dumps(report, indent=2, default=str) + "\n", encoding="utf-8")


def _rows(current: Sequence[Item], predictions: Predictions, decisions: Decisions, top_k: int) -> list[dict[str, Any]]:
    rows = []
    for i, item in enumerate(current):
        row: dict[str, Any] = {"key": item.key, "title": item.title, "catalogue_category": " > ".join(item.category)}
        for place, column in enumerate(predictions.order[i, :top_k], 1):
            row[f"category_{place}"] = predictions.classes[column]
            row[f"probability_{place}"] = round(float(predictions.probs[i, column]), 4)
        row |= {
            "margin": round(float(predictions.margin[i]), 4),
            "entropy": round(float(predictions.entropy[i]), 4),
            "decision": "accept" if decisions.accept[i] else "review",
            "reason": decisions.reasons[i],
        }
        rows.append(row)
    return rows


def _per_class(predictions: Predictions, decisions: Decisions) -> list[dict[str, Any]]:
    """Return a row a category: what it takes to be accepted there, and how many were."""
    predicted = predictions.order[:, 0]
    rows = []
    for column, name in enumerate(predictions.classes):
        threshold = decisions.thresholds[name]
        mine = predicted == column
        rows.append(
            {
                "category": name,
                "listings": int(mine.sum()),
                "accepted": int((mine & decisions.accept).sum()),
                "review": int((mine & ~decisions.accept).sum()),
                "threshold": round(threshold.value, 4) if np.isfinite(threshold.value) else None,
                "evidence": threshold.origin,
                "known": threshold.evidence,
                "wrong": threshold.wrong,
            }
        )
    return rows


def _numbers(decisions: Decisions, queue: Sequence[judgements.ReviewItem], seconds: float) -> dict[str, Any]:
    accepted = int(decisions.accept.sum())
    return {
        "listings": len(decisions.ids),
        "accepted": accepted,
        "review": len(decisions.ids) - accepted,
        "queued": len(queue),
        "audited": sum(one.drawn_by == "audit" for one in queue),
        "risk": round(decisions.risk, 4),
        "seconds": round(seconds, 2),
    }


def _summary(numbers: dict[str, Any], decisions: Decisions, spec: ClassifySpec) -> list[str]:
    share = numbers["accepted"] / max(1, numbers["listings"])
    needless = f"{spec.promise:.4g} right -> {share:.0%} of {numbers['listings']:,} listings need no person"
    split = f"{numbers['accepted']:,} accepted, {numbers['review']:,} for review ({numbers['seconds']:.1f} s)"
    lines = [f"{needless}: {split}"]
    if spec.queue:
        audited = numbers["audited"]
        lines.append(f"queued {numbers['queued']:,} for people, {audited:,} of them drawn at random as an audit")
    return lines + [f"note: {note}" for note in decisions.notes]
