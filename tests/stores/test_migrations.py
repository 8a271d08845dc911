"""Migrations: whole or not at all, never edited, never backwards."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from embedkit.errors import WorkspaceError
from embedkit.stores import migrate
from embedkit.stores.database import Database

ONE, TWO = (
    ("0001_a.sql", "CREATE TABLE a (x INTEGER)"),
    ("0002_b.sql", "CREATE TABLE b (x INTEGER); INSERT INTO b VALUES (7)"),
)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]


def test_each_step_is_applied_once(connection: duckdb.DuckDBPyConnection) -> None:
    steps = migrate.numbered([ONE, TWO])
    assert [step.name for step in migrate.apply(connection, steps)] == ["0001_a.sql", "0002_b.sql"]
    assert migrate.apply(connection, steps) == []
    assert connection.execute("SELECT x FROM b").fetchall() == [(7,)]


def test_asking_what_is_pending_or_applied_writes_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    assert len(migrate.pending(connection, migrate.numbered([ONE]))) == 1
    assert migrate.applied(connection) == []
    assert tables(connection) == []


def test_a_failing_step_leaves_no_trace(connection: duckdb.DuckDBPyConnection) -> None:
    steps = migrate.numbered([ONE, ("0002_bad.sql", "CREATE TABLE half (x INTEGER); INSERT INTO nowhere VALUES (1)")])
    with pytest.raises(duckdb.Error):
        migrate.apply(connection, steps)
    assert tables(connection) == ["a", "migrations"]
    assert [number for number, _, _ in migrate.applied(connection)] == [1]


def test_an_edited_step_is_refused_by_name(connection: duckdb.DuckDBPyConnection) -> None:
    migrate.apply(connection, migrate.numbered([ONE]))
    with pytest.raises(WorkspaceError, match=r"0001_a\.sql differs"):
        migrate.pending(connection, migrate.numbered([(ONE[0], ONE[1] + " ")]))


def test_a_database_newer_than_the_program_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    migrate.apply(connection, migrate.numbered([ONE, TWO]))
    with pytest.raises(WorkspaceError, match=r"newer embedkit: it has 0002_b\.sql"):
        migrate.pending(connection, migrate.numbered([ONE]))


def test_old_rows_outlive_a_later_step(connection: duckdb.DuckDBPyConnection) -> None:
    steps = migrate.numbered([ONE, ("0002_y.sql", "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 5")])
    migrate.apply(connection, steps, stop_before=2)
    connection.execute("INSERT INTO a VALUES (1)")
    migrate.apply(connection, steps)
    assert connection.execute("SELECT x, y FROM a").fetchall() == [(1, 5)]


def test_a_gap_in_the_numbers_is_refused() -> None:
    with pytest.raises(WorkspaceError, match="should be number 0002"):
        migrate.numbered([ONE, ("0003_c.sql", "")])


def test_every_shipped_table_says_what_it_holds(database: Database) -> None:
    with database.connect(read_only=True) as connection:
        query = "SELECT table_name, comment FROM duckdb_tables() WHERE table_name <> 'migrations'"
        assert [name for name, comment in connection.execute(query).fetchall() if not comment] == []


def test_opening_an_older_database_asks_for_an_update_and_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.duckdb")
    database.create(stop_before=2)
    before = database.path.read_bytes()
    with (
        pytest.raises(WorkspaceError, match=r"older embedkit \(it lacks 0002_features"),
        database.connect(read_only=True),
    ):
        pass
    assert database.path.read_bytes() == before


def test_an_older_database_is_brought_up_to_date_on_request(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.duckdb")
    database.create(stop_before=2)
    assert database.migrate() == ["0002_features.sql", "0003_judgements.sql", "0004_review_loop.sql"]
    assert database.migrate() == []
