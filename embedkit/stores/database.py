"""The catalogue database: opened for a moment, read or written, and closed again. The only module that knows duckdb."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from embedkit.errors import Misuse, WorkspaceError
from embedkit.stores import migrate
from embedkit.stores.durable import durable_write
from embedkit.stores.transaction import atomic

Connection = duckdb.DuckDBPyConnection

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.01, 0.25
# A predicate is a filter over one table: what needs more than this was not meant.
PREDICATE_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": False,
    "memory_limit": "2GB",
    "temp_directory": "",
    "lock_configuration": True,
}
# Another process has the file; this process has it open the other way; this process is just closing it.
BUSY = ("Could not set lock", "different configuration", "Unique file handle conflict")
IDENTIFIER = re.compile(r"[a-z_]+")


@dataclass(frozen=True)
class Database:
    """The catalogue database of one workspace. Making one touches nothing; each `connect` is meant to be brief."""

    path: Path
    wait_s: float = 5.0

    def exists(self) -> bool:
        """Return whether the file is there."""
        return self.path.exists()

    def create(self, *, stop_before: int | None = None) -> None:
        """Make the database, with every migration, unless it is there; then bring it up to date.

        It is made under another name and renamed, because DuckDB cannot open the stump that a kill would leave.
        """
        if not self.path.exists():
            with durable_write(self.path) as temporary:
                temporary.unlink(missing_ok=True)
                with duckdb.connect(str(temporary)) as connection:
                    migrate.apply(connection, stop_before=stop_before)
        self.migrate(stop_before=stop_before)

    def migrate(self, *, stop_before: int | None = None) -> list[str]:
        """Apply the pending migrations and return their names; writes nothing when there are none."""
        with self._open(read_only=True) as connection:
            if not migrate.pending(connection):
                return []
        with self._open(read_only=False) as connection:
            return [step.name for step in migrate.apply(connection, stop_before=stop_before)]

    @contextmanager
    def connect(self, *, read_only: bool) -> Iterator[Connection]:
        """Yield a connection to an up-to-date database and close it; waits a little while another holds the file.

        While one process writes, no other can open the file, not even to read: never hold a connection across
        encoding.
        """
        with self._open(read_only=read_only) as connection:
            migrate.check_current(connection)
            yield connection

    @contextmanager
    def connect_contained(self) -> Iterator[Connection]:
        """Yield a read-only connection that reaches no other file, no network and no setting."""
        with self._open(read_only=True, config=PREDICATE_CONFIG) as connection:
            migrate.check_current(connection)
            yield connection

    @contextmanager
    def _open(
        self, *, read_only: bool, config: dict[str, str | bool | int | float | list[str]] | None = None
    ) -> Iterator[Connection]:
        connection = self._wait_for(lambda: duckdb.connect(str(self.path), read_only=read_only, config=config or {}))
        try:
            yield connection
        finally:
            connection.close()

    def _wait_for(self, opening: Callable[[], Connection]) -> Connection:
        """Return the opened connection, trying again while another process or thread has the file."""
        if not self.path.is_file():
            raise WorkspaceError(f"there is no catalogue at {self.path}", "Make one: embedkit index CATALOG")
        deadline, pause_s = time.monotonic() + self.wait_s, FIRST_PAUSE_S
        while True:
            try:
                return opening()
            except duckdb.Error as error:
                if not _is_busy(str(error)):
                    raise WorkspaceError(
                        f"the catalogue {self.path} cannot be opened: {first_line(error)}",
                        "If it is damaged, restore it from a copy, or index into a new workspace.",
                    ) from error
                if time.monotonic() + pause_s > deadline:
                    raise WorkspaceError(
                        f"the catalogue {self.path} is in use by {_holder(str(error))}; waited {self.wait_s:g} s",
                        "Run the command again when that one has ended.",
                    ) from error
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _is_busy(message: str) -> bool:
    """Return whether DuckDB refused because another process, or a connection of another kind here, has the file."""
    return any(sign in message for sign in BUSY)


def _holder(message: str) -> str:
    found = re.search(r"\(PID (\d+)\)", message)
    return f"process {found[1]}" if found else "another process or thread"


def first_line(error: Exception) -> str:
    """Return what DuckDB says, without its kind, its excerpt of the query and its suggestions."""
    line = str(error).split("\n", 1)[0]
    return re.sub(r"^[A-Za-z ]+ Error: ", "", line).strip()


def insert(connection: Connection, table: str, rows: pa.Table) -> int:
    """Append Arrow rows to a table, columns by name, and return how many."""
    if IDENTIFIER.fullmatch(table) is None:
        raise ValueError(f"not a table name: {table!r}")
    if rows.num_rows:
        # No `finally`: in a transaction that a refused row has aborted, unregistering would hide why.
        connection.register("incoming_rows", rows)
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming_rows")
        connection.unregister("incoming_rows")
    return rows.num_rows


def next_id(connection: Connection, table: str, column: str) -> int:
    """Return one more than the largest id so far, from 1; only one process writes, so no other takes it."""
    if IDENTIFIER.fullmatch(table) is None or IDENTIFIER.fullmatch(column) is None:
        raise ValueError(f"not names: {table!r}, {column!r}")
    (largest,) = connection.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchall()[0]
    return int(largest) + 1


def fetch(connection: Connection, query: str, parameters: list[object] | None = None) -> pa.Table:
    """Return the rows of a query as an Arrow table."""
    return connection.sql(query, params=parameters or []).to_arrow_table()


def is_one_expression(text: str) -> bool:
    """Return whether DuckDB's parser sees exactly one expression in the text: no second statement, no clause."""
    try:
        duckdb.SQLExpression(text)
    except duckdb.Error:
        return False
    return True


def fetch_predicate(connection: Connection, query: str, within_s: float) -> pa.Table:
    """Return the rows of a query that holds a user's predicate; what DuckDB refuses becomes Misuse, in one line."""
    alarm = threading.Timer(within_s, connection.interrupt)
    alarm.start()
    try:
        return fetch(connection, query)
    except duckdb.InterruptException:
        raise Misuse(f"the predicate took longer than {within_s:g} s") from None
    except duckdb.Error as error:
        raise Misuse(f"the predicate is refused: {first_line(error)}") from None
    finally:
        alarm.cancel()


__all__ = ["Connection", "Database", "atomic", "fetch", "fetch_predicate", "insert", "is_one_expression", "next_id"]
