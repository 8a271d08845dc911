"""The database file: made whole, opened briefly, shared politely."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from embedkit.errors import WorkspaceError
from embedkit.stores import lock
from embedkit.stores.database import Database, fetch, insert, next_id
from embedkit.stores.runs import begin_run, finish_run, load_runs

HOLD = """
import sys, time
from pathlib import Path
from embedkit.stores.database import Database
with Database(Path(sys.argv[1])).connect(read_only=False):
    print("open", flush=True)
    time.sleep(float(sys.argv[2]))
"""
BEGIN_AND_HOLD = """
import sys, time
from pathlib import Path
from embedkit.stores.database import Database
from embedkit.stores.runs import begin_run
with Database(Path(sys.argv[1])).connect(read_only=False) as connection:
    begin_run(connection, "index", {})
    print("begun", flush=True)
    time.sleep(60)
"""
HOLD_LOCK = """
import sys, time
from pathlib import Path
from embedkit.stores import lock
with lock.hold(Path(sys.argv[1]), "index"):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(code: str, *args: object) -> subprocess.Popen[str]:
    """Return a process that has opened the file."""
    process = subprocess.Popen([sys.executable, "-c", code, *map(str, args)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


def test_a_missing_catalogue_is_not_made_by_opening_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.duckdb")
    with pytest.raises(WorkspaceError, match="there is no catalogue"), database.connect(read_only=False):
        pass
    assert list(tmp_path.iterdir()) == []


def test_creating_twice_keeps_what_is_there(database: Database) -> None:
    with database.connect(read_only=False) as connection:
        begin_run(connection, "index", {})
    database.create()
    with database.connect(read_only=True) as connection:
        assert len(load_runs(connection)) == 1


def test_a_creation_that_was_killed_does_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / f"catalog.duckdb.{os.getpid()}.partial").write_bytes(b"stump")
    database = Database(tmp_path / "catalog.duckdb")
    database.create()
    assert [path.name for path in tmp_path.iterdir()] == ["catalog.duckdb"]


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "catalog.duckdb").write_bytes(b"not a database" * 1000)
    with (
        pytest.raises(WorkspaceError, match="not a valid DuckDB") as caught,
        Database(tmp_path / "catalog.duckdb").connect(read_only=True),
    ):
        pass
    assert "\n" not in caught.value.message


def test_a_second_process_is_told_who_holds_the_catalogue(database: Database) -> None:
    other = holder(HOLD, database.path, 30)
    try:
        with pytest.raises(WorkspaceError) as caught, database.connect(read_only=True):
            pass
    finally:
        other.kill()
        other.wait()
    assert re.search(rf"in use by process {other.pid}; waited 0\.3 s$", caught.value.message)


def test_a_short_write_elsewhere_is_waited_for(database: Database) -> None:
    other = holder(HOLD, database.path, 0.3)
    with Database(database.path, wait_s=5).connect(read_only=True) as connection:
        assert load_runs(connection) == []
    assert other.wait() == 0


def test_what_was_committed_before_a_kill_is_read_afterwards(database: Database) -> None:
    other = holder(BEGIN_AND_HOLD, database.path)
    other.kill()
    other.wait()
    with database.connect(read_only=True) as connection:
        assert [run.finished_at for run in load_runs(connection)] == [None]


def test_threads_read_while_one_writes_for_a_moment(database: Database) -> None:
    patient = Database(database.path, wait_s=30)

    def use(read_only: bool) -> None:
        for _ in range(8):
            with patient.connect(read_only=read_only) as connection:
                load_runs(connection) if read_only else begin_run(connection, "index", {})

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(use, [True, True, False]))
    with patient.connect(read_only=True) as connection:
        assert [run.run_id for run in load_runs(connection)] == list(range(1, 9))


def test_rows_are_inserted_by_column_name(database: Database) -> None:
    with database.connect(read_only=False) as connection:
        insert(
            connection,
            "splits",
            pa.table({"split": ["test"], "run_id": [1], "seed": [0], "group_id": [4], "item_id": [9]}),
        )
        assert fetch(connection, "SELECT item_id, group_id FROM splits").to_pylist() == [{"item_id": 9, "group_id": 4}]


def test_ids_go_on_from_the_largest(database: Database) -> None:
    with database.connect(read_only=False) as connection:
        assert next_id(connection, "runs", "run_id") == 1
        assert [begin_run(connection, "index", {}) for _ in range(2)] == [1, 2]


def test_a_run_says_how_it_ended(database: Database) -> None:
    with database.connect(read_only=False) as connection:
        finish_run(connection, begin_run(connection, "index", {"path": Path("a")}), 3, {"added": 1})
        (run,) = load_runs(connection)
    assert (run.args, run.exit_code, run.summary) == ({"path": "a"}, 3, {"added": 1})
    assert run.finished_at is not None
    assert run.started_at <= run.finished_at


def test_a_second_writer_is_told_what_the_first_is_doing(tmp_path: Path) -> None:
    other = holder(HOLD_LOCK, tmp_path / ".lock")
    try:
        told = pytest.raises(WorkspaceError, match=rf"embedkit index \(process {other.pid}\)")
        with told, lock.hold(tmp_path / ".lock", "train", wait_s=0.2):
            pass
    finally:
        other.kill()
        other.wait()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    other = holder(HOLD_LOCK, tmp_path / ".lock")
    other.kill()
    other.wait()
    with lock.hold(tmp_path / ".lock", "train", wait_s=0.2) as held:
        assert held.path.read_text().startswith("embedkit train")
