"""Rows about heads and what they suggest, and about the people who answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embedkit.errors import EmbedkitError
from embedkit.stores.database import Connection, atomic, fetch, insert, next_id
from embedkit.stores.runs import as_utc, now, to_json
from embedkit.types import Float32, Int64, Label, Reason


class Split(NamedTuple):
    """Which side each item is on: ids int64[n], train bool[n], group_id int64[n] (near-duplicates share one)."""

    ids: Int64
    train: NDArray[np.bool_]
    group_id: Int64
    seed: int


def record_split(connection: Connection, run_id: int, split: Split) -> None:
    """Append a split of the items; it replaces the one before."""
    sides = np.where(split.train, "train", "test")
    columns = {
        "item_id": split.ids,
        "split": pa.array(sides.tolist(), pa.string()),
        "group_id": split.group_id,
        "seed": np.full(len(split.ids), split.seed, dtype=np.int64),
        "run_id": np.full(len(split.ids), run_id, dtype=np.int64),
    }
    insert(connection, "splits", pa.table(columns))


def load_split(connection: Connection, run_id: int | None = None) -> Split | None:
    """Return the split that a training run made, or the newest, by rising item; None if there is none."""
    query = (
        "SELECT item_id, split = 'train' AS train, group_id, seed FROM splits"
        " WHERE run_id = coalesce(?, (SELECT max(run_id) FROM splits)) ORDER BY item_id"
    )
    ids, train, group_id, seed = (column.to_numpy() for column in fetch(connection, query, [run_id]).columns)
    return Split(ids, train.astype(bool), group_id, int(seed[0])) if len(ids) else None


@dataclass(frozen=True)
class HeadRecord:
    """A trained head: what it reads, the classes it knows, its file, how it was made and how well it did."""

    head_id: str
    kind: str
    spaces: tuple[str, ...]
    classes: tuple[str, ...]
    file: str
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]
    calibration: Mapping[str, Any]
    depth: int
    run_id: int
    created_at: datetime | None = None


def record_head(connection: Connection, head: HeadRecord) -> None:
    """Append a trained head; commit it once its file is complete."""
    connection.execute(
        "INSERT INTO heads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            head.head_id,
            head.kind,
            list(head.spaces),
            list(head.classes),
            head.file,
            to_json(head.config),
            to_json(head.metrics),
            to_json(head.calibration),
            head.depth,
            head.run_id,
            head.created_at or now(),
        ],
    )


def load_heads(connection: Connection) -> list[HeadRecord]:
    """Return every head, oldest first."""
    rows = connection.execute(
        "SELECT head_id, kind, spaces, classes, file, config, metrics, calibration, depth, run_id,"
        " created_at AT TIME ZONE 'UTC' FROM heads ORDER BY run_id, created_at, head_id"
    ).fetchall()
    return [
        HeadRecord(
            head_id,
            kind,
            tuple(spaces),
            tuple(classes),
            file,
            json.loads(config),
            json.loads(metrics),
            json.loads(calibration),
            depth,
            run_id,
            as_utc(created_at),
        )
        for head_id, kind, spaces, classes, file, config, metrics, calibration, depth, run_id, created_at in rows
    ]


def last_trained(connection: Connection) -> str | None:
    """Return the head of the newest finished training run that was to bring a head into use.

    That may be a head that was there before. Runs of a time before heads were promoted all were to.
    """
    rows = connection.execute(
        "SELECT json_extract_string(summary, '$.head_id') FROM runs WHERE verb = 'train' AND exit_code = 0"
        " AND coalesce(json_extract_string(args, '$.promote'), 'true') <> 'false' ORDER BY run_id DESC LIMIT 1"
    ).fetchall()
    return str(rows[0][0]) if rows else None


class Suggestions(NamedTuple):
    """What a head suggests for each item: the k likeliest categories, best first, and the decision."""

    ids: Int64
    labels: Sequence[Sequence[str]]
    probs: Float32
    margin: Float32
    entropy: Float32
    decision: Sequence[Literal["accept", "review"]]
    reason: Sequence[str]
    out_of_fold: NDArray[np.bool_]


def record_predictions(connection: Connection, run_id: int, head_id: str, made: Suggestions) -> int:
    """Append suggestions and return how many. labels and probs are [n][k]."""
    count = len(made.ids)
    columns = {
        "head_id": pa.array([head_id] * count, pa.string()),
        "run_id": pa.array([run_id] * count, pa.int64()),
        "item_id": pa.array(made.ids, pa.int64()),
        "labels": pa.array([list(row) for row in made.labels], pa.list_(pa.string())),
        "probs": pa.array(list(np.asarray(made.probs, dtype=np.float32)), pa.list_(pa.float32())),
        "margin": pa.array(made.margin, pa.float32()),
        "entropy": pa.array(made.entropy, pa.float32()),
        "decision": pa.array(list(made.decision), pa.string()),
        "reason": pa.array(list(made.reason), pa.string()),
        "out_of_fold": pa.array(made.out_of_fold, pa.bool_()),
    }
    return insert(connection, "predictions", pa.table(columns))


class Suggestion(NamedTuple):
    """What a head suggested for one item."""

    item_id: int
    labels: tuple[str, ...]
    probs: tuple[float, ...]
    margin: float
    entropy: float
    decision: str
    reason: str
    out_of_fold: bool


def load_predictions(connection: Connection, head_id: str) -> list[Suggestion]:
    """Return what a head suggested in its newest run, by rising item."""
    rows = connection.execute(
        "SELECT item_id, labels, probs, margin, entropy, decision, reason, out_of_fold FROM predictions"
        " WHERE head_id = $1 AND run_id = (SELECT max(run_id) FROM predictions WHERE head_id = $1) ORDER BY item_id",
        [head_id],
    ).fetchall()
    return [Suggestion(item_id, tuple(labels), tuple(probs), *rest) for item_id, labels, probs, *rest in rows]


class ReviewItem(NamedTuple):
    """One item that a person should look at, with why it was drawn, and the near-duplicates its answer settles too."""

    item_id: int
    head_id: str
    score: float
    reasons: tuple[Reason, ...]
    drawn_by: str
    also: tuple[int, ...] = ()


def record_review(connection: Connection, run_id: int, queue: Sequence[ReviewItem]) -> int:
    """Append a queue, in its order, and return its batch id."""
    with atomic(connection):
        batch_id = next_id(connection, "review_items", "batch_id")
        columns = {
            "batch_id": pa.array([batch_id] * len(queue), pa.int64()),
            "run_id": pa.array([run_id] * len(queue), pa.int64()),
            "position": pa.array(range(len(queue)), pa.int32()),
            "item_id": pa.array([one.item_id for one in queue], pa.int64()),
            "head_id": pa.array([one.head_id for one in queue], pa.string()),
            "score": pa.array([one.score for one in queue], pa.float64()),
            "reasons": pa.array([list(one.reasons) for one in queue], pa.list_(pa.string())),
            "drawn_by": pa.array([one.drawn_by for one in queue], pa.string()),
            "also": pa.array([list(one.also) for one in queue], pa.list_(pa.int64())),
        }
        insert(connection, "review_items", pa.table(columns))
    return batch_id


def count_batches(connection: Connection) -> int:
    """Return how many batches have been queued so far."""
    return next_id(connection, "review_items", "batch_id") - 1


def load_review(connection: Connection, batch_id: int | None = None) -> list[ReviewItem]:
    """Return the items of one batch, or of the newest, in order."""
    rows = connection.execute(
        "SELECT item_id, head_id, score, reasons, drawn_by, coalesce(also, []) FROM review_items"
        " WHERE batch_id = coalesce(?, (SELECT max(batch_id) FROM review_items)) ORDER BY position",
        [batch_id],
    ).fetchall()
    return [
        ReviewItem(item_id, head_id, score, tuple(why), drawn, tuple(also))
        for item_id, head_id, score, why, drawn, also in rows
    ]


def record_labels(
    connection: Connection, run_id: int, labels: Sequence[Label], details: Sequence[Mapping[str, Any]] | None = None
) -> int:
    """Append answers and return how many. `when` is ISO 8601 (UTC where it names no zone); empty means now."""
    if details is not None and len(details) != len(labels):
        raise ValueError(f"{len(details)} details for {len(labels)} labels")
    with atomic(connection):
        first = next_id(connection, "labels", "label_id")
        columns = {
            "label_id": pa.array(range(first, first + len(labels)), pa.int64()),
            "item_id": pa.array([one.item_id for one in labels], pa.int64()),
            "label": pa.array([one.label for one in labels], pa.string()),
            "source": pa.array([one.source for one in labels], pa.string()),
            "drawn_by": pa.array([one.drawn_by for one in labels], pa.string()),
            "who": pa.array([one.who for one in labels], pa.string()),
            "made_at": pa.array([moment(one.when) for one in labels], pa.timestamp("us", tz="UTC")),
            "run_id": pa.array([run_id] * len(labels), pa.int64()),
            "details": pa.array([to_json(one) for one in details or [{}] * len(labels)], pa.string()),
        }
        return insert(connection, "labels", pa.table(columns))


def load_labels(connection: Connection) -> list[Label]:
    """Return every answer, oldest first; an item may have several."""
    rows = connection.execute(
        "SELECT item_id, label, source, drawn_by, who, made_at AT TIME ZONE 'UTC' FROM labels"
        " ORDER BY made_at, label_id"
    ).fetchall()
    return [
        Label(item_id, label, source, drawn_by, who, as_utc(made_at).isoformat())
        for item_id, label, source, drawn_by, who, made_at in rows
    ]


def moment(when: str) -> datetime:
    """Return an ISO 8601 moment with its zone, UTC where it names none; empty means now."""
    if not when:
        return now()
    try:
        named = datetime.fromisoformat(when.replace("Z", "+00:00"))
    except ValueError:
        raise EmbedkitError(f"{when!r} is not a date and time", "Write it as 2031-05-17T09:30:00Z.") from None
    return named if named.tzinfo else named.replace(tzinfo=timezone.utc)
