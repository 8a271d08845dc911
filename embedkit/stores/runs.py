"""The diary: which verbs ran, what they read, and what failed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from embedkit import __version__
from embedkit.errors import WorkspaceError
from embedkit.stores.database import Connection, insert, next_id


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(timezone.utc)


def as_utc(moment: datetime) -> datetime:
    """Return a naive moment that was read as UTC with its zone."""
    return moment.replace(tzinfo=timezone.utc)


def begin_run(connection: Connection, verb: str, args: Mapping[str, Any], since: datetime | None = None) -> int:
    """Return the id of a new run of this verb, which began now, or at `since` if it is noted only at its end."""
    run_id = next_id(connection, "runs", "run_id")
    connection.execute(
        "INSERT INTO runs (run_id, verb, args, started_at, version) VALUES (?, ?, ?, ?, ?)",
        [run_id, verb, to_json(args), since or now(), __version__],
    )
    return run_id


def finish_run(connection: Connection, run_id: int, exit_code: int, summary: Mapping[str, Any]) -> None:
    """Note how a run ended."""
    connection.execute(
        "UPDATE runs SET finished_at = ?, exit_code = ?, summary = ? WHERE run_id = ?",
        [now(), exit_code, to_json(summary), run_id],
    )


@dataclass(frozen=True)
class Run:
    """One run of a verb; `finished_at` is None for one that was killed or goes on."""

    run_id: int
    verb: str
    args: dict[str, Any]
    started_at: datetime
    finished_at: datetime | None
    exit_code: int | None
    summary: dict[str, Any] | None
    version: str


def load_runs(connection: Connection, verb: str | None = None) -> list[Run]:
    """Return the runs of one verb, or of all, oldest first."""
    # Read as plain UTC: a zone's name would need pytz, or a zone table that a slim machine lacks.
    rows = connection.execute(
        "SELECT run_id, verb, args, started_at AT TIME ZONE 'UTC', finished_at AT TIME ZONE 'UTC', exit_code, summary,"
        " version FROM runs WHERE verb = coalesce(?, verb) ORDER BY run_id",
        [verb],
    ).fetchall()
    return [
        Run(run_id, name, json.loads(args), as_utc(begun), ended and as_utc(ended), code, from_json(summary), version)
        for run_id, name, args, begun, ended, code, summary, version in rows
    ]


@dataclass(frozen=True)
class CatalogueRecord:
    """A product table as it was read; `attribute_types` maps attributes to BIGINT, BOOLEAN, DOUBLE or VARCHAR."""

    source: str
    images: str | None
    columns: Mapping[str, Any]
    attribute_types: Mapping[str, str]
    category_sep: str | None = None


def record_catalogue(connection: Connection, run_id: int, record: CatalogueRecord) -> None:
    """Note what was read. Commit it with the items: failures of reading count for the newest catalogue only."""
    connection.execute(
        "INSERT INTO catalogues VALUES (?, ?, ?, ?, ?, ?)",
        [
            run_id,
            record.source,
            record.images,
            to_json(record.columns),
            to_json(record.attribute_types),
            record.category_sep,
        ],
    )


def last_catalogue(connection: Connection) -> CatalogueRecord | None:
    """Return what was read last, or None before the first."""
    rows = connection.execute(
        "SELECT source, images, columns, attribute_types, category_sep FROM catalogues ORDER BY run_id DESC LIMIT 1"
    ).fetchall()
    if not rows:
        return None
    source, images, columns, types, category_sep = rows[0]
    return CatalogueRecord(source, images, json.loads(columns), json.loads(types), category_sep)


def the_catalogue(connection: Connection) -> CatalogueRecord:
    """Return what was read last; raises WorkspaceError where the first reading was stopped."""
    found = last_catalogue(connection)
    if found is None:
        raise WorkspaceError(
            "no catalogue has been read here to its end", "Run embedkit index CATALOGUE: what was finished is kept."
        )
    return found


def unfinished(connection: Connection) -> str:
    """Return a warning where the newest indexing was stopped or goes on, so that vectors are missing; "" otherwise."""
    newest = load_runs(connection, "index")[-1:]
    if all(run.finished_at for run in newest):
        return ""
    return "the last embedkit index has not finished, and what it would add is missing: run it again"


class Failure(NamedTuple):
    """What failed and why. With a sha256 it holds for that content until mended; without, for that reading.

    One of an import holds for its source (subject), place (key) and value, until mended.
    """

    stage: Literal["read", "picture", "encode", "import"]
    subject: str
    key: str
    value: str
    cause: str | None
    item_id: int | None = None
    row: int | None = None
    sha256: bytes | None = None


FAILURE_TYPES = {
    "stage": pa.string(),
    "subject": pa.string(),
    "key": pa.string(),
    "value": pa.string(),
    "cause": pa.string(),
    "item_id": pa.int64(),
    "row": pa.int64(),
    "sha256": pa.binary(),
}


def record_failures(connection: Connection, run_id: int, failures: Iterable[Failure]) -> int:
    """Append what failed in this run and return how many."""
    failures = list(failures)
    columns = {
        name: pa.array([getattr(failure, name) for failure in failures], kind) for name, kind in FAILURE_TYPES.items()
    }
    columns["run_id"] = pa.array([run_id] * len(failures), pa.int64())
    columns["failed_at"] = pa.array([now()] * len(failures), pa.timestamp("us", tz="UTC"))
    return insert(connection, "failures", pa.table(columns))


def mend_failures(connection: Connection, run_id: int, stage: str, subject: str, digests: Sequence[bytes]) -> None:
    """Note that contents which failed have since succeeded, so that they are no longer listed."""
    mended = [Failure(stage, subject, "", "", None, sha256=digest) for digest in digests]  # type: ignore[arg-type]
    record_failures(connection, run_id, mended)


def known_failures(connection: Connection, stage: str, subject: str) -> dict[bytes, str]:
    """Return the cause for each content that failed in this stage and subject (a space, say) and was not mended."""
    rows = connection.execute(
        "SELECT sha256, arg_max(cause, (run_id, failed_at)) AS last, arg_max(cause IS NULL, (run_id, failed_at))"
        " FROM failures WHERE stage = ? AND subject = ? AND sha256 IS NOT NULL GROUP BY sha256",
        [stage, subject],
    ).fetchall()
    return {digest: cause for digest, cause, mended in rows if not mended}


def current_failures(connection: Connection) -> list[Failure]:
    """Return what fails now: in the last reading, and in contents that listings still have, a row for each listing."""
    names = ", ".join(Failure._fields)
    query = f"SELECT {names} FROM current_failures ORDER BY stage, row, item_id, subject, key"
    return [Failure(*row) for row in connection.execute(query).fetchall()]


def to_json(value: Any) -> str:
    """Return a value as JSON; what JSON does not know, such as a path, by its str()."""
    return json.dumps(value, ensure_ascii=False, default=str)


def from_json(text: str | None) -> Any:
    """Return the value of stored JSON; None where nothing is stored."""
    return None if text is None else json.loads(text)
