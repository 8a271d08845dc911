"""A study is read back as it was written, and a broken one is passed over."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from embedkit.studies import Study, newest_study, write_study
from embedkit.workspace import Workspace

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=timezone.utc)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    one = Workspace(tmp_path / "w")
    one.create()
    return one


def study(run_id: int, share: float = 0.5) -> Study:
    return Study("explore", run_id, MADE, {"share": share}, {"categories": [{"category": "Été", "listings": run_id}]})


def test_a_study_is_read_back_as_it_was_written(workspace: Workspace) -> None:
    write_study(workspace, study(3))
    assert newest_study(workspace, "explore") == study(3)


def test_the_newest_run_counts_by_its_number_and_not_by_its_spelling(workspace: Workspace) -> None:
    for run_id in (99_999, 100_000, 2):
        write_study(workspace, study(run_id))
    newest = newest_study(workspace, "explore")
    assert newest is not None
    assert newest.run_id == 100_000


def test_what_is_no_number_is_null(workspace: Workspace) -> None:
    write_study(workspace, study(1, float("nan")))
    newest = newest_study(workspace, "explore")
    assert newest is not None
    assert newest.numbers == {"share": None}


def test_a_broken_study_is_passed_over(workspace: Workspace) -> None:
    write_study(workspace, study(1))
    (workspace.reports / "explore-00002.json").write_text('{"verb": "explo')
    newest = newest_study(workspace, "explore")
    assert newest is not None
    assert newest.run_id == 1


def test_another_verbs_study_is_not_taken_for_it(workspace: Workspace) -> None:
    write_study(workspace, study(1))
    assert newest_study(workspace, "compare") is None
