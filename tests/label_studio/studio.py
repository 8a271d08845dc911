"""People of a real Label Studio, and what tests ask of it beside what embedkit does."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from embedkit.annotation.labelling import codes
from embedkit.annotation.launch import LocalServer, LogIn, ServerSpec
from embedkit.annotation.server import Server
from embedkit.stages import export_tasks, import_labels
from embedkit.types import Report, no_progress
from embedkit.workspace import Workspace
from tests.review_worlds import silent

ADMIN = LogIn("reviewer@example.com", "embedkit-pass-1", "embedkit0token0embedkit0token0embedkit00")


@dataclass
class Person:
    """Somebody who answers, by what the page itself asks of the server."""

    url: str
    email: str
    token: str

    @cached_property
    def http(self) -> Any:
        import httpx

        return httpx.Client(base_url=self.url, headers={"Authorization": f"Token {self.token}"}, timeout=120)

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON of an answer; anything but success fails the test."""
        response = self.http.request(method, path, **options)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text[:300]}"
        return response.json() if response.content else None

    def next_task(self, project_id: int) -> dict[str, Any] | None:
        """Return the task that "Label All Tasks" would show, None if there is none."""
        response = self.http.get(f"/api/projects/{project_id}/next/")
        return dict(response.json()) if response.is_success else None

    def answer(self, task_id: int, *parts: dict[str, Any], skip: bool = False, **more: Any) -> int:
        """Submit or skip a task, and return the annotation's number."""
        body = {"result": list(parts), "was_cancelled": skip, "lead_time": 2.5, **more}
        return int(self.ask("POST", f"/api/tasks/{task_id}/annotations/", json=body)["id"])

    def edit(self, annotation_id: int, *parts: dict[str, Any]) -> None:
        self.ask("PATCH", f"/api/annotations/{annotation_id}/", json={"result": list(parts)})

    def delete(self, annotation_id: int) -> None:
        self.ask("DELETE", f"/api/annotations/{annotation_id}/")


@dataclass
class Studio:
    """The server that runs, its administrator and the people who signed up."""

    server: LocalServer
    spec: ServerSpec
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def api(self) -> Server:
        return Server(self.url, ADMIN.token)

    @property
    def admin(self) -> Person:
        return Person(self.url, ADMIN.user, ADMIN.token)

    def person(self, name: str) -> Person:
        """Return somebody who can log in, signed up by the invitation link when first needed."""
        if name not in self.people:
            self.people[name] = sign_up(self.url, f"{name}@example.com")
        return self.people[name]

    def tasks_of(self, project_id: int) -> list[dict[str, Any]]:
        """Return the tasks of a project, oldest first."""
        listed = {"project": project_id, "page_size": 5000, "page": 1, "fields": "all"}
        return sorted(self.admin.ask("GET", "/api/tasks", params=listed)["tasks"], key=lambda task: task["id"])

    def copy(self, folder: Path) -> ServerSpec:
        """Return how to start another server on a copy of this one's data, so that it starts at once."""
        folder.mkdir()
        source, target = (at / "label_studio.sqlite3" for at in (self.spec.data_dir, folder))
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as made:
            live.backup(made)
        shutil.copy(self.spec.data_dir / ".env", folder)
        return ServerSpec(self.spec.executable, folder, log_in=ADMIN)


def sign_up(url: str, email: str) -> Person:
    import httpx

    with httpx.Client(base_url=url, timeout=60) as http:
        invitation = http.get("/api/invite", headers={"Authorization": f"Token {ADMIN.token}"}).json()["invite_url"]
        page = http.get(invitation)
        secret = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert secret is not None
        form = {"csrfmiddlewaretoken": secret[1], "email": email, "password": "Passw0rd-of-" + email}
        response = http.post(invitation, data=form, headers={"Referer": url + invitation})
        assert response.status_code == 302, "the sign-up was refused"
        token = http.get("/api/current-user/token").json()["token"]
    return Person(url, email, token)


def send(workspace: Workspace, server: Server, project: str, **options: Any) -> dict[str, Any]:
    """Export a batch, and return the numbers."""
    spec = export_tasks.ExportSpec(project=project, **{"budget": 12, "audit_share": 1.0, **options})
    return export_tasks.run(workspace, spec, server, silent, no_progress).numbers


def take_in(workspace: Workspace, server: Server, project: str, **options: Any) -> Report:
    """Import what was answered."""
    spec = import_labels.ImportSpec(project=project, **options)
    return import_labels.run(workspace, spec, server, silent, no_progress)


def number_of(numbers: Mapping[str, Any]) -> int:
    """Return the project's number from an export's numbers."""
    return int(numbers["place"].rpartition("/")[2])


def category(name: str) -> dict[str, Any]:
    """Return the part of an answer that chooses a category."""
    value = {"choices": [codes([name])[name]]}
    return {"from_name": "category", "to_name": "image", "type": "choices", "value": value}


def flag(code: str) -> dict[str, Any]:
    """Return the part of an answer that sets a flag."""
    return {"from_name": "flags", "to_name": "image", "type": "choices", "value": {"choices": [code]}}


def words(control: str, text: str) -> dict[str, Any]:
    """Return the part of an answer that holds words."""
    return {"from_name": control, "to_name": "image", "type": "textarea", "value": {"text": [text]}}
