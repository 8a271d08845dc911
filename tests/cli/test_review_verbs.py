"""The verbs of the review loop from the outside: exit codes, and what goes to stdout."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from embedkit.cli.main import main
from embedkit.workspace import Workspace
from tests.review_worlds import Desk, fit, indexed, kept_aside, listed, queue, said, typed
from tests.worlds import ColourRegistry, coloured

HOSTILE = '<script>alert("1, 2")</script> 🪴 & أكواب'


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def desk(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Thirty listings, six of which wait for people; every verb works in their workspace."""
    monkeypatch.setenv("EMBEDKIT_WORKSPACE", str(workspace.root))
    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    listed(workspace, coloured(30))
    return Desk(workspace, tmp_path, queue(workspace, [f"k{i:03d}" for i in range(6)]))


@pytest.fixture
def shop(workspace: Workspace, colours: ColourRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Sixty listings with a head, six of which wait for people."""
    monkeypatch.setenv("EMBEDKIT_WORKSPACE", str(workspace.root))
    indexed(workspace, tmp_path / "shop", coloured(60))
    fit(workspace)
    return Desk(workspace, tmp_path, queue(workspace, [f"k{i:03d}" for i in range(6)]))


def test_importing_says_what_came_in_and_twice_that_nothing_did(desk: Desk) -> None:
    path = desk.export(desk.task("k000", said(1, "blue")))
    first, again = run("import-labels", path), run("import-labels", path)
    assert (first.exit_code, first.stdout.splitlines()[0].split(",")[0]) == (0, "answers: 1 new")
    assert again.stdout.startswith("answers: 0 new, 0 edited, 0 taken back, 1 known already")


def test_what_cannot_be_used_exits_with_3_and_is_listed(desk: Desk) -> None:
    stranger = desk.task("k000", said(1, "blue"))
    stranger["meta"], stranger["data"]["title"] = {}, HOSTILE
    result = run("import-labels", desk.export(stranger, desk.task("k001", said(2, "red"))), "--json")
    assert (result.exit_code, json.loads(result.stdout)[0]["labelled"]) == (3, 1)
    assert "this task was not made by embedkit" in result.stderr
    (failure,) = json.loads(run("status", "--failed", "--json").stdout)
    assert (failure["stage"], failure["value"], failure["cause"]) == (
        "import",
        HOSTILE,
        "this task was not made by embedkit",
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "give one of FILE and --url"),
        (("--url", "http://127.0.0.1:9"), "LABEL_STUDIO_API_KEY holds no token"),
        (("nowhere.json",), "'nowhere.json' does not exist"),
    ],
)
def test_misuse_of_the_import_is_named(desk: Desk, args: tuple[str, ...], message: str) -> None:
    result = run("import-labels", *args)
    assert (result.exit_code, message in result.stderr) == (2, True)


def test_a_file_that_is_no_export_is_an_error(desk: Desk) -> None:
    path = desk.folder / "no.json"
    path.write_text("[{")
    result = run("import-labels", path)
    assert (result.exit_code, str(path) in result.stderr, result.stdout) == (1, True, "")


def test_labels_are_listed_in_every_format_and_unharmed(desk: Desk) -> None:
    one = said(1, "blue")
    one["result"].append(typed("comment", HOSTILE))
    run("import-labels", desk.export(desk.task("k000", one)))
    assert json.loads(run("labels", "--json").stdout)[0]["comment"] == HOSTILE
    assert json.loads(run("labels", "--nl").stdout)["comment"] == HOSTILE
    (row,) = csv.DictReader(io.StringIO(run("labels", "--csv").stdout))
    assert (row["comment"], row["label"], row["agreement"]) == (HOSTILE, "blue", "1 of 1")
    assert HOSTILE in run("labels").stdout
    assert json.loads(run("labels", "--all", "--json").stdout)[0]["state"] == "answered"
    assert json.loads(run("labels", "--proposed", "--json").stdout) == []
    assert run("labels", "--all", "--proposed").exit_code == 2


def test_batches_are_listed(desk: Desk) -> None:
    (row,) = json.loads(run("status", "--batches", "--json").stdout)
    assert (row["queued"], row["out"], row["answered"]) == (6, 0, 0)
    assert run("status", "--batches", "--failed").exit_code == 2


def test_retraining_brings_the_next_head_into_use(shop: Desk) -> None:
    path = shop.export(shop.task("k000", said(1, "blue")))
    result = run("import-labels", path, "--retrain", "--json")
    assert result.exit_code == 0
    trained = json.loads(result.stdout)[0]["retrained"]["head"]
    assert {row["head"]: row["in use"] for row in json.loads(run("heads", "--json").stdout)}[trained] == "yes"


def test_a_retrained_head_that_does_worse_exits_with_4_and_the_answers_are_in(shop: Desk) -> None:
    (before,) = json.loads(run("heads", "--json").stdout)
    # All that trains is red, people say: what is kept aside of green and blue is recognised no more.
    aside = kept_aside(shop.workspace)
    tasks = [shop.task(f"k{i:03d}", said(i + 1, "red")) for i in range(60) if f"k{i:03d}" not in aside]
    result = run("import-labels", shop.export(*tasks), "--retrain")
    assert (result.exit_code, "heads promote" in result.stderr) == (4, True)
    assert f"answers: {len(tasks)} new," in result.stdout
    listed_heads = json.loads(run("heads", "--json").stdout)
    assert [row["head"] for row in listed_heads if row["in use"]] == [before["head"]]
    assert len(listed_heads) == 2


def test_heads_are_promoted_and_taken_back(shop: Desk, tmp_path: Path) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text(json.dumps({"red": {"no": 100.0}}))
    (first,) = json.loads(run("heads", "--json").stdout)
    held_back = run("train", "--keyword-weights", weights, "--json")
    assert (held_back.exit_code, "is held back: of " in held_back.stderr) == (4, True)
    worse = json.loads(held_back.stdout)[0]["head"]
    refused = run("heads", "promote", worse)
    assert (refused.exit_code, "--force" in refused.stderr, refused.stdout) == (4, True, "")
    forced = run("heads", "promote", worse, "--force", "--json")
    assert (forced.exit_code, json.loads(forced.stdout)[0]["head"]) == (0, worse)
    back = run("heads", "rollback", "--json")
    assert (back.exit_code, json.loads(back.stdout)[0]["head"]) == (0, first["head"])
    assert run("heads", "rollback").exit_code == 1


def test_an_unknown_head_is_misuse_and_names_those_that_are_there(shop: Desk) -> None:
    (first,) = json.loads(run("heads", "--json").stdout)
    result = run("heads", "promote", "probe-0000")
    assert (result.exit_code, first["head"] in result.stderr) == (2, True)


def test_the_workspace_of_a_heads_command_may_stand_before_or_after_it(shop: Desk, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for args in (("heads", "-w", elsewhere, "rollback"), ("heads", "rollback", "-w", elsewhere)):
        assert f"{elsewhere} holds no catalogue" in run(*args).stderr


def test_a_head_can_be_stored_without_coming_into_use(shop: Desk) -> None:
    result = run("train", "--features", "clip-image", "--no-promote", "--json")
    stored = json.loads(result.stdout)[0]["head"]
    assert result.exit_code == 0
    assert {row["head"]: row["in use"] for row in json.loads(run("heads", "--json").stdout)}[stored] == ""


def test_a_database_of_the_last_release_is_brought_up_to_date_by_an_import(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "old")
    workspace.create()
    workspace.database().create(stop_before=4)
    export = tmp_path / "none.json"
    export.write_text("[]")
    assert run("import-labels", export, "-w", workspace.root).exit_code == 0
    assert run("labels", "-w", workspace.root).exit_code == 0


def test_a_budget_for_a_batch_that_was_drawn_before_is_said_to_count_for_new_ones_only(shop: Desk) -> None:
    path = shop.folder / "tasks.json"
    plain, asked = run("export-tasks", "-o", path), run("export-tasks", "-o", path, "--budget", 3)
    assert ("--new-batch" in plain.stderr, "--budget" in asked.stderr) == (False, True)
