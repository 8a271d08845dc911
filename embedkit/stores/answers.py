"""Rows about what people said: each version of each annotation, what they agreed on, and what was sent out to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa

from embedkit.stores.database import Connection, insert
from embedkit.stores.judgements import ReviewItem, moment
from embedkit.stores.runs import as_utc, now, to_json
from embedkit.types import Answer

TIE, SETTLED_WITH = "tie", "settled_with"
"""Details of a label: of an empty one, the categories that people could not agree between; of one that nobody gave to
the item itself, the near-duplicate that it was given to."""

PLAIN = {
    "annotation": pa.string(),
    "source": pa.string(),
    "annotation_id": pa.int64(),
    "task_id": pa.int64(),
    "item_id": pa.int64(),
    "batch_id": pa.int64(),
    "head_id": pa.string(),
    "who": pa.string(),
    "state": pa.string(),
    "code": pa.string(),
    "label": pa.string(),
    "new_category": pa.string(),
    "comment": pa.string(),
    "origin": pa.string(),
    "lead_time_s": pa.float64(),
}
"""The columns of an annotation that an Answer calls by the same name."""


def record_annotations(connection: Connection, run_id: int, answers: Iterable[Answer]) -> list[Answer]:
    """Append the versions of annotations that are not here yet, and return those.

    One that is here under another name of the same person is another version.
    """
    rows = connection.execute("SELECT annotation, updated_at AT TIME ZONE 'UTC', who FROM annotations").fetchall()
    there = {(annotation, as_utc(updated_at), who) for annotation, updated_at, who in rows}
    new: dict[tuple[str, datetime, str], Answer] = {}
    for answer in answers:
        version = (answer.annotation, moment(answer.updated_at), answer.who)
        if version not in there:
            new.setdefault(version, answer)
    fresh = list(new.values())
    columns = {name: pa.array([getattr(one, name) for one in fresh], kind) for name, kind in PLAIN.items()}
    when = pa.timestamp("us", tz="UTC")
    made = [moment(one.task_created_at) if one.task_created_at else None for one in fresh]
    columns |= {
        "updated_at": pa.array([moment(one.updated_at) for one in fresh], when),
        "created_at": pa.array([moment(one.created_at) for one in fresh], when),
        "task_made_at": pa.array(made, when),
        "flags": pa.array([list(one.flags) for one in fresh], pa.list_(pa.string())),
        "result": pa.array([to_json([dict(part) for part in one.result]) for one in fresh], pa.string()),
        "run_id": pa.array([run_id] * len(fresh), pa.int64()),
    }
    insert(connection, "annotations", pa.table(columns))
    return fresh


def load_annotations(connection: Connection) -> list[Answer]:
    """Return the newest version of each annotation that was not retracted, by item and time."""
    return _annotations(connection, "current_annotations WHERE state <> 'retracted'")


def load_versions(connection: Connection) -> list[Answer]:
    """Return every version of every annotation, retractions too, by item and time."""
    return _annotations(connection, "annotations")


def _annotations(connection: Connection, source: str) -> list[Answer]:
    rows = connection.execute(
        f"SELECT {', '.join(PLAIN)}, flags, result, updated_at AT TIME ZONE 'UTC', created_at AT TIME ZONE 'UTC',"
        f" task_made_at AT TIME ZONE 'UTC' FROM {source} ORDER BY item_id, updated_at, run_id, annotation"
    ).fetchall()
    found = []
    for *plain, flags, result, updated_at, created_at, task_made_at in rows:
        answer = Answer(
            **dict(zip(PLAIN, plain, strict=True)),
            flags=tuple(flags),
            result=tuple(json.loads(result)),
            updated_at=as_utc(updated_at).isoformat(),
            created_at=as_utc(created_at).isoformat(),
            task_created_at=as_utc(task_made_at).isoformat() if task_made_at else None,
        )
        found.append(answer)
    return found


class AnswerRow(NamedTuple):
    """What people agreed on for one item: from whom, when, why it was asked, and all that stands behind it."""

    item_id: int
    label: str
    source: str
    drawn_by: str
    who: str
    when: str
    details: Mapping[str, Any]


def load_answers(connection: Connection) -> dict[int, AnswerRow]:
    """Return the newest answer of each item that has one, by item."""
    return {row.item_id: row for row in _answers(connection, "answers ORDER BY item_id")}


def load_newest(connection: Connection) -> dict[int, AnswerRow]:
    """Return the newest row of each item that was ever answered, those that took an answer back too, by item."""
    newest = (
        "labels WHERE source <> 'catalogue'"
        " QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY label_id DESC) = 1 ORDER BY item_id"
    )
    return {row.item_id: row for row in _answers(connection, newest)}


def load_ties(connection: Connection) -> dict[int, tuple[str, ...]]:
    """Return the items that people disagree about, with the categories they cannot agree between."""
    rows = load_newest(connection).values()
    return {row.item_id: tuple(row.details[TIE]) for row in rows if not row.label and TIE in row.details}


def _answers(connection: Connection, source: str) -> list[AnswerRow]:
    rows = connection.execute(
        f"SELECT item_id, label, source, drawn_by, who, made_at AT TIME ZONE 'UTC', details FROM {source}"
    ).fetchall()
    return [
        AnswerRow(item_id, label, source, drawn_by, who, as_utc(made_at).isoformat(), json.loads(details))
        for item_id, label, source, drawn_by, who, made_at, details in rows
    ]


class Reviewed(NamedTuple):
    """An item of a batch that was queued for people."""

    batch_id: int
    item: ReviewItem


def load_reviewed(connection: Connection) -> list[Reviewed]:
    """Return the items of all batches, oldest batch first, in the batches' order."""
    rows = connection.execute(
        "SELECT batch_id, item_id, head_id, score, reasons, drawn_by, coalesce(also, []) FROM review_items"
        " ORDER BY batch_id, position"
    ).fetchall()
    return [
        Reviewed(batch_id, ReviewItem(item_id, head_id, score, tuple(why), drawn, tuple(also)))
        for batch_id, item_id, head_id, score, why, drawn, also in rows
    ]


class TaskRow(NamedTuple):
    """An item that was sent out: in which batch, to which file or server project, and its task's number there."""

    batch_id: int
    item_id: int
    destination: str
    task_id: int | None = None


def record_tasks(connection: Connection, run_id: int, tasks: Sequence[TaskRow]) -> int:
    """Append what was sent out and return how many; what is noted already is left out."""
    there = set(_tasks(connection, "item_id IN (SELECT unnest(?))", [task.item_id for task in tasks]))
    new = [task for task in dict.fromkeys(tasks) if task not in there]
    columns = {
        "batch_id": pa.array([task.batch_id for task in new], pa.int64()),
        "item_id": pa.array([task.item_id for task in new], pa.int64()),
        "destination": pa.array([task.destination for task in new], pa.string()),
        "task_id": pa.array([task.task_id for task in new], pa.int64()),
        "run_id": pa.array([run_id] * len(new), pa.int64()),
        "exported_at": pa.array([now()] * len(new), pa.timestamp("us", tz="UTC")),
    }
    return insert(connection, "tasks", pa.table(columns))


def load_tasks(connection: Connection, destination: str | None = None) -> list[TaskRow]:
    """Return what was sent to one destination, or to all, in the order it was sent."""
    return _tasks(connection, "destination = coalesce(?, destination)", destination)


def _tasks(connection: Connection, which: str, value: object) -> list[TaskRow]:
    rows = connection.execute(
        f"SELECT batch_id, item_id, destination, task_id FROM tasks WHERE {which}"
        " ORDER BY exported_at, batch_id, item_id",
        [value],
    ).fetchall()
    return [TaskRow(*row) for row in rows]


def record_import(connection: Connection, run_id: int, source: str, until: str) -> None:
    """Note up to which update a server project was read; written when all of it is stored."""
    connection.execute("INSERT INTO imports VALUES (?, ?, ?)", [source, run_id, moment(until)])


def last_import(connection: Connection, source: str) -> str | None:
    """Return up to which update a server project was read, ISO 8601; None before the first time."""
    rows = connection.execute(
        "SELECT until AT TIME ZONE 'UTC' FROM imports WHERE source = ? ORDER BY run_id DESC LIMIT 1", [source]
    ).fetchall()
    return as_utc(rows[0][0]).isoformat() if rows else None
