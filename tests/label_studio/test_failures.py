"""What goes wrong with a real server: the wrong token, no server, a project that is gone, kills at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from embedkit.annotation.access import AnswerLost, NotSent, NotThere, TimedOut
from embedkit.annotation.launch import free_port, start, stop
from embedkit.annotation.push import Parcel, PushSpec, push
from embedkit.annotation.routes import Inside
from embedkit.annotation.server import Server
from embedkit.errors import EmbedkitError
from embedkit.workspace import Workspace
from tests.label_studio.studio import ADMIN, Studio, category, number_of, send, take_in
from tests.review_worlds import answered, fit, indexed
from tests.worlds import COLOURS, ColourRegistry, coloured

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-c", "from embedkit.cli.main import run; run()"]


def command(workspace: Workspace, *arguments: str, token: str = ADMIN.token) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, with the token in the environment."""
    return subprocess.run(
        [*COMMAND, *arguments, "-w", str(workspace.root)],
        cwd=ROOT,
        env={**os.environ, "LABEL_STUDIO_API_KEY": token},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def written(workspace: Workspace) -> bytes:
    """Return all that a workspace's files hold."""
    return b"".join(path.read_bytes() for path in workspace.root.rglob("*") if path.is_file())


def items_of(studio: Studio, project_id: int) -> Counter[str]:
    return Counter(task["data"]["item"] for task in studio.tasks_of(project_id))


def sent_so_far(studio: Studio, title: str) -> int:
    """Return how many tasks the project of a title has, 0 if there is none."""
    project = studio.api.find_project(title)
    return int(project.settings["task_number"] or 0) if project else 0


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_a_wrong_token_is_said_and_shown_nowhere(shop: Workspace, studio: Studio, debug: tuple[str, ...]) -> None:
    wrong = "feedfacefeedfacefeedfacefeedfacefeedface"
    ran = command(shop, *debug, "export-tasks", "--url", studio.url, token=wrong)
    assert (ran.returncode, "does not take the token" in ran.stderr) == (1, True)
    for shown in (ran.stdout, ran.stderr):
        assert wrong not in shown
        assert "sessionid" not in shown
        assert "cookie" not in shown.lower()
    assert wrong.encode() not in written(shop)


def test_a_right_token_is_shown_nowhere_either(shop: Workspace, studio: Studio) -> None:
    for verb in ("export-tasks", "import-labels"):
        ran = command(shop, verb, "--url", studio.url, "--project", "secrets", "--json")
        assert ran.returncode == 0, ran.stderr
        assert ADMIN.token not in ran.stdout + ran.stderr
    assert ADMIN.token.encode() not in written(shop)


def test_a_stopped_server_is_said_and_the_same_command_goes_on_when_it_is_back(
    shop: Workspace, studio: Studio, tmp_path: Path
) -> None:
    spec = studio.copy(tmp_path / "second")
    server = start(spec)
    api = Server(server.url, ADMIN.token)
    project_id = number_of(send(shop, api, "stopping"))
    stop(server)
    with pytest.raises(NotSent, match="nothing answers at"):
        send(shop, api, "stopping", new_batch=True)
    with pytest.raises(NotSent):
        take_in(shop, api, "stopping")
    again = start(replace(spec, port=int(server.url.rpartition(":")[2])))
    try:
        assert send(shop, api, "stopping")["made"] == 0
        assert take_in(shop, api, "stopping").failed == 0
        assert len(list(api.find_tasks(project_id, range(1, 61)))) == 12
    finally:
        stop(again)


def test_a_project_that_was_deleted_takes_no_answer_with_it(shop: Workspace, studio: Studio) -> None:
    project_id = number_of(send(shop, studio.api, "short-lived"))
    studio.person("ann").answer(studio.tasks_of(project_id)[0]["id"], category("red"))
    take_in(shop, studio.api, "short-lived")
    studio.api.delete_project(project_id)
    for verb in (send, take_in):
        with pytest.raises(NotThere):
            verb(shop, studio.api, str(project_id))
    assert len(answered(shop)) == 1
    numbers = send(shop, studio.api, "short-lived")
    assert (numbers["made"], number_of(numbers) != project_id) == (11, True)


def test_a_deleted_task_is_made_again_and_a_deleted_answered_one_is_not(shop: Workspace, studio: Studio) -> None:
    project_id = number_of(send(shop, studio.api, "tidied"))
    tasks = studio.tasks_of(project_id)
    studio.person("ann").answer(tasks[0]["id"], category("red"))
    take_in(shop, studio.api, "tidied")
    studio.api.delete_tasks(project_id, [tasks[0]["id"], tasks[1]["id"]])
    report = take_in(shop, studio.api, "tidied")
    assert (report.numbers["retracted"], len(answered(shop))) == (0, 1)
    assert send(shop, studio.api, "tidied")["made"] == 1


def test_killed_at_random_moments_every_listing_has_one_task_in_the_end(
    workspace: Workspace, colours: ColourRegistry, studio: Studio, tmp_path: Path
) -> None:
    indexed(workspace, tmp_path / "shop", coloured(400, tuple(COLOURS)))
    fit(workspace, features=("clip-image",))
    moments, caught = random.Random(5), 0
    arguments = ["export-tasks", "--url", studio.url, "--project", "kills", "--batch", "20"]
    arguments += ["--budget", "300", "--audit-share", "1"]
    for _ in range(5):
        process = subprocess.Popen(
            [*COMMAND, *arguments, "-w", str(workspace.root)],
            cwd=ROOT,
            env={**os.environ, "LABEL_STUDIO_API_KEY": ADMIN.token},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("project "):
                break
        # A moment in which something is being sent, however quick or slow the machine: after some more tasks, or none.
        enough = sent_so_far(studio, "kills") + moments.choice((0, 1, 20, 40))
        while process.poll() is None and sent_so_far(studio, "kills") < enough:
            time.sleep(0.02)
        time.sleep(moments.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        caught += 0 < sent_so_far(studio, "kills") < 300
    ran = command(workspace, *arguments)
    assert ran.returncode == 0, ran.stderr
    project = studio.api.find_project("kills")
    assert project is not None
    there = items_of(studio, project.project_id)
    assert (len(there), set(there.values())) == (300, {1})
    versions = studio.api.model_versions(project.project_id)
    assert versions == {project.model_version: 300}
    assert caught >= 2, "too few kills fell into the sending"


def parcels(count: int) -> list[Parcel]:
    """Return listings without pictures, as they go to a project with a page of one field."""

    def made(item_id: int) -> Parcel:
        def prediction(version: str) -> dict[str, object]:
            return {"model_version": version, "score": 0.5, "result": []}

        def task(address: str, version: str) -> dict[str, object]:
            data = {"item": str(item_id), "key": f"k{item_id}", "text": "x" * 2000}
            return {"data": data, "predictions": [prediction(version)]}

        return Parcel(item_id, f"k{item_id}", None, task, prediction)

    return [made(item_id) for item_id in range(1, count + 1)]


PAGE = (
    '<View className="ek"><Text name="t" value="$text"/><Choices name="category" toName="t">'
    '<Choice value="A" alias="a"/><Choice value="B" alias="b"/></Choices></View>'
)


def empty_project(studio: Studio, title: str) -> int:
    return studio.api.create_project({"title": title, "label_config": PAGE}).project_id


class Hasty(Server):
    """Gives up waiting for the answer to an import while the server is still at it."""

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        patient = threading.Thread(target=super().import_tasks, args=(project_id, tasks))
        patient.start()
        patient.join(0.5)
        assert patient.is_alive(), "the server was too quick for this test"
        raise TimedOut("did not answer in time")


def test_an_import_whose_answer_comes_too_late_is_found_and_not_sent_again(studio: Studio) -> None:
    project_id = empty_project(studio, "hasty")
    hasty = Hasty(studio.url, ADMIN.token)
    pushed = push(hasty, parcels(2000), PushSpec(project_id, "", "v", 1, 2000), Inside())
    there = items_of(studio, project_id)
    assert (pushed.made, len(there), set(there.values())) == (2000, 2000, {1})


def test_a_server_that_is_killed_during_an_import_gets_the_rest_when_it_is_back(studio: Studio, tmp_path: Path) -> None:
    spec = replace(studio.copy(tmp_path / "second"), port=free_port())
    server = start(spec)
    api = Server(server.url, ADMIN.token, timeout_s=60)
    project_id = api.create_project({"title": "killed server", "label_config": PAGE}).project_id
    thread = threading.Timer(1.0, server.process.kill)
    thread.start()
    with pytest.raises(AnswerLost):
        push(api, parcels(3000), PushSpec(project_id, "", "v", 1, 300, lambda seconds: None), Inside())
    thread.join()
    again = start(spec)
    try:
        push(api, parcels(3000), PushSpec(project_id, api.project(project_id).model_version, "v", 2, 1000), Inside())
        found = api.find_tasks(project_id, range(1, 3001))
        assert (len(found), {len(tasks) for tasks in found.values()}) == (3000, {1})
    finally:
        stop(again)


def test_predictions_that_the_server_drops_in_silence_are_an_error_in_its_own_words(studio: Studio) -> None:
    project_id = empty_project(studio, "dropped")
    push(studio.api, parcels(3), PushSpec(project_id, "", "v", 1), Inside())

    def wrong(one: Parcel) -> Parcel:
        choice = {"from_name": "category", "to_name": "t", "type": "choices", "value": {"choices": ["nope"]}}
        prediction = {"score": 0.5, "result": [choice]}
        return Parcel(one.item_id, one.key, None, one.task, lambda version: {**prediction, "model_version": version})

    spec = PushSpec(project_id, studio.api.project(project_id).model_version, "w", 2, pause=lambda seconds: None)
    with pytest.raises(EmbedkitError, match=r"left out 3 predictions in silence.*Invalid value for control 'category'"):
        push(studio.api, [wrong(one) for one in parcels(3)], spec, Inside())
    assert studio.api.project(project_id).model_version == "v#1"
