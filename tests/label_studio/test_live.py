"""Live work with a real server: it calls the service, and what people submit is in the workspace moments later."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from embedkit.annotation.launch import running
from embedkit.annotation.server import Server
from embedkit.errors import EmbedkitError
from embedkit.stages import serve_annotations
from embedkit.stages.serve_annotations import ServeSpec
from embedkit.stores import answers
from embedkit.types import Report
from embedkit.workspace import Workspace
from tests.label_studio.studio import ADMIN, Studio, category, number_of, send, take_in
from tests.review_worlds import answered

SECRET = "a-secret-of-some-length"


@dataclass
class Shift:
    """Somebody's work while the service runs, in a thread of its own; Ctrl-C ends the service after it."""

    work: Callable[[Shift], None]
    lines: list[str] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.lines.append(line)
        if "predictions are asked of" in line:
            threading.Thread(target=self._run).start()

    def _run(self) -> None:
        try:
            self.work(self)
        except AssertionError as error:
            self.failed.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    def until(self, what: Callable[[], bool], within_s: float = 60.0) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + within_s
        while not what():
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.3)

    def told(self, pattern: str) -> bool:
        """Return whether a line says this."""
        return any(re.search(pattern, line) for line in self.lines)

    def through(self, workspace: Workspace, server: Server, project: str, port: int = 0) -> Report:
        """Serve while the work is done."""
        spec = ServeSpec(secret=SECRET, project=project, registers=True, port=port)
        report = serve_annotations.run(workspace, spec, server, self.say)
        assert self.failed == []
        return report


def test_what_people_submit_edit_and_delete_is_taken_in_while_they_work(
    shop: Workspace, studio: Studio, tmp_path: Path
) -> None:
    with running(replace(studio.copy(tmp_path / "server"), calls_this_machine=True)) as server:
        live = Studio(server, studio.spec)
        project_id = number_of(send(shop, live.api, "live"))
        tasks, liv = live.tasks_of(project_id), live.person("liv")
        version = live.api.project(project_id).model_version

        def work(shift: Shift) -> None:
            before = liv.answer(tasks[0]["id"], category("red"))
            other = liv.answer(tasks[1]["id"], category("red"))
            shift.until(lambda: shift.told("2 new"))
            assert [row.label for row in answered(shop).values()] == ["red", "red"]
            liv.edit(before, category("blue"))
            liv.delete(other)
            shift.until(lambda: shift.told("1 edited") and shift.told("1 retracted"))
            assert [row.label for row in answered(shop).values()] == ["blue"]
            selected = {"selectedItems": {"all": True, "excluded": []}}
            liv.ask("POST", f"/api/dm/actions/?id=retrieve_tasks_predictions&project={project_id}", json=selected)
            made = [one for task in live.tasks_of(project_id) for one in task["predictions"]]
            assert sum(one["model_version"].endswith("#live") for one in made) == len(tasks)
            liv.answer(tasks[2]["id"], category("green"))  # and Ctrl-C at once

        report = Shift(work).through(shop, live.api, "live")
        assert report.summary == ("answers: 3 new, 1 edited, 1 taken back",)
        assert sorted(row.label for row in answered(shop).values()) == ["blue", "green"]
        assert {row.who for row in answered(shop).values()} == {"liv@example.com"}
        assert live.api.project(project_id).model_version == version  # or the order would become random
        assert take_in(shop, live.api, "live").numbers["new"] == 0
        again = Shift(lambda shift: None)
        again.through(shop, live.api, "live", port=_port(live, project_id))
        assert again.told(r"answers are sent to .* \(as before\)")
        assert again.told(r"predictions are asked of .* \(as before\)")
    with shop.database().connect(read_only=True) as connection:
        assert {one.source for one in answers.load_versions(connection)} == {f"{server.url}/projects/{project_id}"}


def _port(live: Studio, project_id: int) -> int:
    """Return the port at which the project calls; it calls there once."""
    (webhook,) = live.admin.ask("GET", "/api/webhooks/", params={"project": project_id})
    (connection,) = live.admin.ask("GET", "/api/ml/", params={"project": project_id})
    assert webhook["url"] == connection["url"] + "/webhook"
    return int(connection["url"].rsplit(":", 1)[1])


def test_a_server_that_calls_no_private_address_is_named_with_what_would_help(shop: Workspace, studio: Studio) -> None:
    send(shop, studio.api, "not live")
    with pytest.raises(EmbedkitError, match="calls no address of its own machine") as refused:
        Shift(lambda shift: None).through(shop, studio.api, "not live")
    assert "SSRF_PROTECTION_ENABLED=false" in refused.value.hint
    assert ADMIN.token not in str(refused.value)
