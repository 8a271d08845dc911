"""Looking at a workspace keeps nobody from writing it, and whatever becomes of it, the last good copy is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embedkit.dashboard.snapshots import Snapshots, snapshots_of
from embedkit.errors import WorkspaceError
from embedkit.stores import runs
from embedkit.workspace import Workspace
from tests.review_worlds import listed
from tests.worlds import coloured

WRITER = """
import sys, time
from pathlib import Path
from embedkit.stores import runs
from embedkit.workspace import Workspace
database = Workspace(Path(sys.argv[1])).database()
print("begun", flush=True)
until = time.monotonic() + float(sys.argv[2])
while time.monotonic() < until:
    with database.connect(read_only=False) as connection:
        run_id = runs.begin_run(connection, "index", {"words": "x" * 2000})
        runs.finish_run(connection, run_id, 0, {})
        print(run_id, flush=True)
    time.sleep(0.1)
"""
HOLDER = """
import sys
from pathlib import Path
from embedkit.stores import runs
from embedkit.workspace import Workspace
with Workspace(Path(sys.argv[1])).database().connect(read_only=False) as connection:
    runs.begin_run(connection, "index", {})
    print("holds", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    """Nine listings, without pictures or vectors."""
    listed(workspace, coloured(9))
    return workspace


def snapshots(workspace: Workspace) -> Snapshots:
    return Snapshots(workspace.root, least_age_s=0.0, cost_share=0.0)


def settle() -> None:
    """Wait until the time of the next change differs from that of the last."""
    time.sleep(0.06)


def note_a_run(workspace: Workspace, verb: str = "train") -> None:
    settle()
    with workspace.database().connect(read_only=False) as connection:
        runs.begin_run(connection, verb, {})
    settle()


def test_what_is_not_a_workspace_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="holds no catalogue"):
        Snapshots(tmp_path).current()


def test_a_snapshot_stays_the_same_until_the_workspace_changes(shop: Workspace) -> None:
    kept = snapshots(shop)
    first = kept.current()
    assert kept.current() is first
    assert not kept.changed()


def test_a_change_is_seen(shop: Workspace) -> None:
    kept = snapshots(shop)
    assert [run.verb for run in kept.current().reading.front.runs] == ["index"]
    note_a_run(shop)
    assert kept.changed()
    assert [run.verb for run in kept.current().reading.front.runs] == ["index", "train"]


def test_a_workspace_that_changes_all_the_time_is_not_copied_all_the_time(shop: Workspace) -> None:
    kept = Snapshots(shop.root, least_age_s=60.0)
    first = kept.current()
    note_a_run(shop)
    assert kept.current() is first


def test_the_copy_is_read_and_never_the_workspace(shop: Workspace) -> None:
    reading = snapshots(shop).current().reading
    shutil.rmtree(shop.root)
    assert reading.listing("k004") is not None


def test_copies_are_gone_when_nobody_looks_at_them(shop: Workspace) -> None:
    kept = snapshots(shop)
    copy = kept.current().workspace.catalog
    assert copy.exists()
    note_a_run(shop)
    kept.current()
    assert not copy.exists()


def test_a_process_that_writes_finds_the_workspace_free_while_it_is_looked_at(shop: Workspace) -> None:
    kept = snapshots(shop)
    kept.current().reading.front  # noqa: B018
    writer = subprocess.run(
        [sys.executable, "-c", WRITER, str(shop.root), "0"], capture_output=True, text=True, timeout=60, check=False
    )
    assert writer.returncode == 0, writer.stderr


def test_what_another_process_writes_is_seen_while_it_goes_on_writing(shop: Workspace) -> None:
    kept, seen = snapshots(shop), set()
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(shop.root), "6"], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    writer.stdout.readline()
    while writer.poll() is None:
        seen.add(len(kept.current().reading.front.runs))
        time.sleep(0.05)
    written = writer.stdout.read().split()
    assert writer.returncode == 0
    assert len(written) > 3
    assert len(seen) > 1
    assert len(kept.current().reading.front.runs) == 1 + len(written)


def test_a_database_that_another_process_holds_open_is_read_with_its_log(shop: Workspace) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(shop.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holds\n"
    try:
        assert len(snapshots(shop).current().reading.front.runs) == 2
    finally:
        holder.communicate("\n")


def test_a_damaged_database_leaves_the_last_good_copy_and_says_so(shop: Workspace) -> None:
    kept = snapshots(shop)
    kept.current()
    settle()
    whole = shop.catalog.read_bytes()
    shop.catalog.write_bytes(b"no database at all" * 1000)
    settle()
    late = kept.current()
    assert str(shop.catalog) in late.behind
    assert late.reading.listing("k004") is not None
    shop.catalog.write_bytes(whole)
    settle()
    assert kept.current().behind == ""


def test_a_damaged_database_is_named_as_it_is_and_not_as_its_copy(shop: Workspace) -> None:
    settle()
    shop.catalog.write_bytes(b"no database at all" * 1000)
    settle()
    with pytest.raises(WorkspaceError) as raised:
        snapshots(shop).current()
    assert str(shop.catalog) in raised.value.message
    assert "embedkit-dashboard" not in raised.value.message


def test_a_copy_that_was_taken_while_something_was_written_is_taken_again(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[Path] = []

    def copy_while_another_writes(source: Path, to: Path) -> Path:
        to.write_bytes(source.read_bytes())
        copies.append(to)
        if len(copies) == 1:
            note_a_run(shop)
        return to

    settle()
    monkeypatch.setattr("embedkit.dashboard.snapshots.shutil.copyfile", copy_while_another_writes)
    front = snapshots(shop).current().reading.front
    assert [run.verb for run in front.runs] == ["index", "train"]
    assert len(copies) == 2
    assert not copies[0].exists()


def test_an_older_workspace_is_read_without_being_changed(workspace: Workspace) -> None:
    workspace.create()
    workspace.database().create(stop_before=4)
    settle()
    before = workspace.catalog.read_bytes()
    assert snapshots(workspace).current().reading.front.counts.listings == 0
    assert workspace.catalog.read_bytes() == before


def test_everybody_in_a_process_sees_the_same_snapshots(tmp_path: Path) -> None:
    assert snapshots_of(tmp_path) is snapshots_of(tmp_path)
