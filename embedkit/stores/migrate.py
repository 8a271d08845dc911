"""Numbered SQL migrations: checksummed, forward only, each applied whole or not at all."""

from __future__ import annotations

import hashlib
import importlib.resources
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from embedkit.errors import WorkspaceError
from embedkit.stores.transaction import atomic

NUMBERED = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
LEDGER = """CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY, name VARCHAR NOT NULL, sha256 VARCHAR NOT NULL, applied_at TIMESTAMPTZ NOT NULL)"""


@dataclass(frozen=True)
class Migration:
    """One step: its number, its file name, its SQL, and the digest that shows an edit."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def numbered(files: Iterable[tuple[str, str]]) -> tuple[Migration, ...]:
    """Return the steps in (file name, SQL) pairs, numbered 1, 2, 3 … without a gap."""
    steps = []
    for expected, (name, sql) in enumerate(sorted(files), start=1):
        match = NUMBERED.fullmatch(name)
        if match is None or int(match[1]) != expected:
            raise WorkspaceError(f"migration {name} should be number {expected:04d}", "Reinstall embedkit.")
        steps.append(Migration(expected, name, sql))
    return tuple(steps)


@cache
def shipped() -> tuple[Migration, ...]:
    """Return the steps that came with this program."""
    folder = importlib.resources.files("embedkit.migrations")
    files = [entry for entry in folder.iterdir() if entry.name.endswith(".sql")]
    return numbered((entry.name, entry.read_text(encoding="utf-8")) for entry in files)


def applied(connection: Any) -> list[tuple[int, str, str]]:
    """Return (number, name, sha256) of each step this database has had; reads only."""
    if ("migrations",) not in connection.execute("SHOW TABLES").fetchall():
        return []
    rows = connection.execute("SELECT number, name, sha256 FROM migrations ORDER BY number").fetchall()
    return [(int(number), str(name), str(sha256)) for number, name, sha256 in rows]


def pending(connection: Any, steps: Sequence[Migration] | None = None) -> list[Migration]:
    """Return the steps this database still lacks; reads only.

    Raises WorkspaceError for a database with a step that this program does not know, or knows otherwise.
    """
    known = shipped() if steps is None else steps
    done = applied(connection)
    if len(done) > len(known):
        raise WorkspaceError(
            f"this workspace was written by a newer embedkit: it has {done[-1][1]}, this one ends at {len(known):04d}",
            "Upgrade: pip install . in the source folder of that newer embedkit",
        )
    for (_, name, sha256), step in zip(done, known, strict=False):
        if (name, sha256) != (step.name, step.sha256):
            raise WorkspaceError(
                f"migration {step.name} differs from {name} as applied to this workspace",
                "An applied migration is never edited; restore the file, or reinstall embedkit.",
            )
    return list(known[len(done) :])


def check_current(connection: Any) -> None:
    """Return quietly if this database is exactly as this program expects it, else raise WorkspaceError; reads only."""
    lacking = pending(connection)
    if lacking:
        raise WorkspaceError(
            f"this workspace was written by an older embedkit (it lacks {lacking[0].name})",
            "Bring it up to date: run embedkit index on its catalogue again.",
        )


def apply(
    connection: Any, steps: Sequence[Migration] | None = None, *, stop_before: int | None = None
) -> list[Migration]:
    """Apply and return the pending steps below number `stop_before`: each with its ledger row, or not at all."""
    done = []
    for step in pending(connection, steps):
        if stop_before is not None and step.number >= stop_before:
            break
        with atomic(connection):
            connection.execute(LEDGER)
            connection.execute(step.sql)
            connection.execute("INSERT INTO migrations VALUES (?, ?, ?, now())", [step.number, step.name, step.sha256])
        done.append(step)
    return done
