"""Live work: predictions from the head in use, and answers in the workspace moments after they were given."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from embedkit.annotation.backend import Asked
from embedkit.annotation.events import Event, Intake, event_of
from embedkit.annotation.labelling import codes
from embedkit.cli.main import main
from embedkit.errors import EmbedkitError, Misuse, WorkspaceError
from embedkit.stages import classify, serve_annotations
from embedkit.stages.serve_annotations import Desk, LiveModel, Place, ServeSpec
from embedkit.stores import answers, lock, runs
from embedkit.types import Answer, Report
from embedkit.workspace import Workspace
from tests.annotation.fake_server import FakeServer
from tests.review_worlds import Desk as People
from tests.review_worlds import answered, fit, ids_of, indexed, queue, said, silent
from tests.worlds import ColourRegistry, coloured


@pytest.fixture
def people(colours: ColourRegistry, workspace: Workspace, tmp_path: Path) -> People:
    """Thirty listings in three colours with a head in use, of which three wait for people."""
    indexed(workspace, tmp_path / "shop", coloured(30))
    fit(workspace)
    return People(workspace, tmp_path, queue(workspace, ["k000", "k001", "k002"]))


def webhook(people: People, key: str, annotation: dict[str, Any], action: str = "ANNOTATION_CREATED") -> dict[str, Any]:
    """Return what Label Studio sends when somebody submits."""
    task = people.task(key)
    del task["annotations"]
    return {"action": action, "annotation": annotation, "task": task, "project": {"id": 3}}


def told(people: People, key: str, annotation: dict[str, Any], action: str = "ANNOTATION_CREATED") -> Event:
    event = event_of(webhook(people, key, annotation, action))
    assert event is not None
    return event


def desk_of(people: People, server: FakeServer | None = None) -> Desk:
    with people.workspace.database().connect(read_only=False) as connection:
        run_id = runs.begin_run(connection, "serve-annotations", {})
    place = Place(server, 1, server.place(1)) if server else None  # type: ignore[arg-type]
    return Desk(people.workspace, run_id, place)


def versions(people: People) -> list[Answer]:
    with people.workspace.database().connect(read_only=True) as connection:
        return answers.load_versions(connection)


def test_predictions_are_those_of_the_head_in_use(people: People) -> None:
    rows = classify.run(people.workspace, classify.ClassifySpec(), silent).rows
    wanted = {row["key"]: (row["category_1"], row["probability_1"]) for row in rows}
    asked = [Asked(item_id, key) for key, item_id in ids_of(people.workspace).items()]
    made = LiveModel(people.workspace, preselect=True).predict(asked)
    for one, prediction in zip(asked, made, strict=True):
        assert prediction is not None
        (part,) = prediction["result"]
        name, probability = wanted[one.key]
        assert part["value"] == {"choices": [codes([name])[name]]}
        assert prediction["score"] == pytest.approx(probability, abs=1e-4)


def test_nothing_is_chosen_beforehand_unless_asked_for(people: People) -> None:
    (made,) = LiveModel(people.workspace, preselect=False).predict([Asked(ids_of(people.workspace)["k000"], "k000")])
    assert made is not None
    assert (made["result"], made["model_version"].endswith("#live")) == ([], True)


def test_a_listing_that_is_not_here_or_another_workspaces_gets_none(people: People) -> None:
    ids = ids_of(people.workspace)
    asked = [Asked(ids["k001"], "other"), Asked(9999, "k001"), Asked(ids["k001"], ""), Asked(ids["k001"], "k001")]
    made = LiveModel(people.workspace, preselect=False).predict(asked)
    assert [one is not None for one in made] == [False, False, True, True]


def test_a_head_that_comes_into_use_speaks_at_once(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve_annotations, "HEAD_LOOKED_UP_EVERY_S", 0.0)
    model = LiveModel(people.workspace, preselect=False)
    before = model.version()
    fit(people.workspace, features=("keywords",))
    assert model.version() != before


def test_while_the_workspace_is_busy_the_head_before_goes_on_speaking(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_annotations, "HEAD_LOOKED_UP_EVERY_S", 0.0)
    model = LiveModel(people.workspace, preselect=False)
    before = model.version()

    def busy(*args: object, **options: object) -> None:
        raise WorkspaceError("in use")

    monkeypatch.setattr("embedkit.stores.database.Database.connect", busy)
    assert model.version() == before


def test_an_answer_in_a_webhook_becomes_a_label_with_all_that_stands_behind_it(people: People) -> None:
    desk = desk_of(people)
    assert desk.take_in([told(people, "k000", said(5, "green"))]) == "1 new; listings labelled: 1"
    assert (answered(people.workspace)["k000"].label, answered(people.workspace)["k000"].drawn_by) == ("green", "doubt")
    (version,) = versions(people)
    assert (version.annotation, version.source, version.lead_time_s) == ("u5", "webhook of project 3", 2.5)


def test_an_answer_that_comes_twice_is_stored_once_and_an_edited_one_replaces_it(people: People) -> None:
    desk = desk_of(people)
    first = told(people, "k000", said(5, "green"))
    assert [desk.take_in([first]), desk.take_in([first, first])] == ["1 new; listings labelled: 1", ""]
    edited = told(people, "k000", said(5, "blue", minute=3), "ANNOTATION_UPDATED")
    assert desk.take_in([edited]) == "1 edited; listings labelled: 0"
    assert answered(people.workspace)["k000"].label == "blue"


def test_what_was_deleted_is_taken_back_and_kept_as_a_version(people: People) -> None:
    desk = desk_of(people)
    deleted = Event(3, deleted=(5,))
    desk.take_in([told(people, "k000", said(5, "green")), told(people, "k001", said(6, "red"))])
    assert desk.take_in([deleted]) == "1 retracted; listings labelled: 0"
    assert list(answered(people.workspace)) == ["k001"]
    assert [one.state for one in versions(people) if one.annotation == "u5"] == ["answered", "retracted"]
    assert desk.take_in([deleted]) == ""


def test_a_number_of_another_project_takes_nothing_back(people: People) -> None:
    desk = desk_of(people)
    desk.take_in([told(people, "k000", said(5, "green"))])
    desk.take_in([Event(4, deleted=(5,))])
    assert list(answered(people.workspace)) == ["k000"]


def test_what_cannot_be_used_is_said_and_the_rest_goes_in(people: People) -> None:
    desk = desk_of(people)
    stranger = webhook(people, "k000", said(8, "red"))
    stranger["task"]["meta"] = {}
    event = event_of(stranger)
    assert event is not None
    line = desk.take_in([event, told(people, "k001", said(6, "red"))])
    assert line.startswith("1 new; listings labelled: 1; task ")
    assert "not made by embedkit" in line


def test_with_a_server_a_webhook_only_says_that_there_is_something_to_read(people: People) -> None:
    server = FakeServer()
    server.add_project()
    desk = desk_of(people, server)
    server.tasks = {1: {**people.task("k000", said(5, "green")), "id": 1}}
    assert desk.take_in([Event(1)]) == "1 new; listings labelled: 1"
    assert [one.who for one in versions(people)] == ["ann@example.com"]
    forged = told(people, "k001", said(6, "red"))
    assert (desk.take_in([forged]), list(answered(people.workspace))) == ("", ["k000"])


def test_what_could_not_be_stored_is_read_again(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeServer()
    server.add_project()
    server.tasks = {1: {**people.task("k000", said(5, "green")), "id": 1}}
    desk = desk_of(people, server)

    def full(*args: object) -> None:
        raise WorkspaceError("no space left on the disk")

    with monkeypatch.context() as broken:
        broken.setattr(serve_annotations, "store", full)
        with pytest.raises(WorkspaceError, match="no space left"):
            desk.take_in([Event(1)])
    assert (desk.until, desk.take_in([Event(1)])) == (None, "1 new; listings labelled: 1")
    desk.close({"not_stored": 0})
    with people.workspace.database().connect(read_only=True) as connection:
        assert answers.last_import(connection, server.place(1)) == "2031-05-17T10:30:00.500000+00:00"


def test_while_another_verb_writes_nothing_is_stored_and_the_writer_is_named(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = lock.hold
    monkeypatch.setattr(serve_annotations.lock, "hold", lambda path, verb: hold(path, verb, 0.0))
    with hold(people.workspace.lock, "train"), pytest.raises(WorkspaceError, match="being written by embedkit train"):
        desk_of(people).take_in([told(people, "k000", said(5, "green"))])
    assert answered(people.workspace) == {}


@dataclass
class Visit:
    """Calls the service from a thread as soon as it listens, and then ends it as Ctrl-C would."""

    act: Callable[[str], None]
    lines: list[str] = field(default_factory=list)
    ends: bool = True

    def say(self, line: str) -> None:
        self.lines.append(line)
        address = re.search(r"listening on (http://[0-9.:]+)", line)
        if address:
            threading.Thread(target=self._visit, args=(address[1],)).start()

    def _visit(self, address: str) -> None:
        try:
            self.act(address)
        finally:
            if self.ends:
                os.kill(os.getpid(), signal.SIGINT)


def post(address: str, body: Any) -> Any:
    data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=30) as answer:
        return json.load(answer)


def serve(people: People, visit: Visit, **options: Any) -> Report:
    return serve_annotations.run(people.workspace, ServeSpec(port=0, **options), None, visit.say)


def test_the_whole_service_answers_and_stores_what_it_was_told_before_it_ends(people: People) -> None:
    heard: list[Any] = []

    def act(address: str) -> None:
        heard.append(post(f"{address}/predict", {"tasks": [people.task("k000"), {"id": 3}]})["results"])
        heard.append(post(f"{address}/webhook", webhook(people, "k000", said(5, "green"))))

    visit = Visit(act)
    report = serve(people, visit)
    assert ([bool(one) for one in heard[0]], heard[1]) == ([True, False], {"taken": True})
    assert answered(people.workspace)["k000"].label == "green"
    assert (report.exit_code, report.summary) == (0, ("answers: 1 new, 0 edited, 0 taken back",))
    with people.workspace.database().connect(read_only=True) as connection:
        (run,) = runs.load_runs(connection, "serve-annotations")
    assert (run.exit_code, run.summary and run.summary["new"]) == (0, 1)
    assert "secret" not in run.args


def test_an_answer_that_could_not_be_stored_is_a_failure_that_is_said(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> str:
        raise WorkspaceError("no space left on the disk")

    monkeypatch.setattr(Desk, "take_in", broken)
    visit = Visit(lambda address: post(f"{address}/webhook", webhook(people, "k000", said(5, "green"))))
    report = serve(people, visit)
    assert report.exit_code == 3
    assert [line for line in visit.lines if "no space left on the disk" in line]
    assert "embedkit import-labels" in visit.lines[-1]


def test_a_mistake_in_storing_ends_the_service_instead_of_going_unnoticed(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistaken(*args: object) -> str:
        raise KeyError("a mistake")

    monkeypatch.setattr(Desk, "take_in", mistaken)
    monkeypatch.setattr(Intake, "gather_s", 0.0)
    visit = Visit(lambda address: post(f"{address}/webhook", webhook(people, "k000", said(5, "green"))), ends=False)
    with pytest.raises(KeyError, match="a mistake"):
        serve(people, visit)


def test_a_port_that_is_taken_is_named(people: People) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EmbedkitError, match=f"cannot listen on 127.0.0.1:{port}"):
            serve_annotations.run(people.workspace, ServeSpec(port=port), None, silent)


def test_to_register_takes_a_server(people: People) -> None:
    with pytest.raises(Misuse, match="no server to register with"):
        serve(people, Visit(lambda address: None), registers=True)


def test_without_the_web_library_it_says_how_to_get_it(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "starlette.applications", None)
    monkeypatch.delitem(sys.modules, "embedkit.annotation.backend", raising=False)
    monkeypatch.delattr("embedkit.annotation.backend", raising=False)
    with pytest.raises(EmbedkitError, match="starlette") as caught:
        serve(people, Visit(lambda address: None))
    assert "pip install '.[annotation]'" in caught.value.hint


def test_the_command_refuses_to_stand_open_and_a_secret_that_is_none(people: People, tmp_path: Path) -> None:
    def command(*args: str) -> Result:
        return CliRunner().invoke(main, ["serve-annotations", "-w", str(people.workspace.root), *args])

    opened = command("--host", "0.0.0.0")
    assert (opened.exit_code, "EMBEDKIT_ANNOTATION_SECRET or --secret-file" in opened.stderr) == (2, True)
    (tmp_path / "empty").touch()
    empty = command("--secret-file", str(tmp_path / "empty"))
    assert (empty.exit_code, "holds no secret" in empty.stderr) == (2, True)
    (tmp_path / "short").write_text("short\n")
    short = command("--secret-file", str(tmp_path / "short"))
    assert (short.exit_code, "at least 16" in short.stderr, "short\n" in short.stderr) == (2, True, False)
