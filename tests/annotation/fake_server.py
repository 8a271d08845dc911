"""A Label Studio in memory, whose answers can be lost, refused or dropped as a test says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from embedkit.annotation.access import NotThere
from embedkit.annotation.server import ChangedTask, Project, RemoteTask
from embedkit.annotation.values import when
from embedkit.errors import EmbedkitError


def _in_utc(moment: str) -> str:
    """Return a moment as the client of a real server says it: with "+00:00", which Python 3.10 reads too."""
    said = when(moment)
    assert said is not None
    return said


@dataclass
class Script:
    """What happens to the next calls of a method, one after the other: None lets a call be.

    An error is raised before the server does anything, or, with `after`, when it is done: an answer that is lost.
    """

    error: Exception | None = None
    after: bool = False


@dataclass
class FakeServer:
    """Keeps tasks as Label Studio does: it never deduplicates, and drops wrong predictions in silence."""

    url: str = "http://fake"
    titles: dict[int, Project] = field(default_factory=dict)
    tabs: dict[int, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    scripts: dict[str, list[Script]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    wrong_predictions: bool = False
    paused: list[float] = field(default_factory=list)

    def lose(self, method: str, *errors: Exception | None, after: bool = False) -> None:
        """Script the next calls of a method."""
        self.scripts.setdefault(method, []).extend(Script(error, after) for error in errors)

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    def _called(self, method: str) -> Exception | None:
        self.calls.append(method)
        waiting = self.scripts.get(method, [])
        script = waiting.pop(0) if waiting else Script()
        if script.error is not None and not script.after:
            raise script.error
        return script.error

    def add_project(self, project_id: int = 1, title: str = "review", **settings: Any) -> Project:
        self.titles[project_id] = Project(project_id, title, "", {"label_config": "<View></View>", **settings})
        return self.titles[project_id]

    def whoami(self) -> str:
        return "ann@example.com"

    def place(self, project_id: int) -> str:
        return f"{self.url}/projects/{project_id}"

    def find_project(self, name: str) -> Project | None:
        self._called("find_project")
        if name.isdigit():
            return self.project(int(name))
        return next((project for project in self.titles.values() if project.title == name), None)

    def project(self, project_id: int) -> Project:
        if project_id not in self.titles:
            raise NotThere(f"no project {project_id}")
        return self.titles[project_id]

    def create_project(self, settings: Mapping[str, Any]) -> Project:
        lost = self._called("create_project")
        made = Project(len(self.titles) + 1, settings["title"], "", dict(settings))
        self.titles[made.project_id] = made
        if lost:
            raise lost
        return made

    def update_project(self, project_id: int, settings: Mapping[str, Any]) -> None:
        self._called("update_project")
        project = self.project(project_id)
        if "model_version" in settings and settings["model_version"] not in self.model_versions(project_id):
            raise EmbedkitError("Model version doesn't exist")
        version = settings.get("model_version", project.model_version)
        self.titles[project_id] = replace(project, settings={**project.settings, **settings}, model_version=version)

    def first_tab(self, project_id: int, settings: Mapping[str, Any]) -> None:
        self._called("first_tab")
        self.tabs.setdefault(project_id, dict(settings))

    def find_tasks(self, project_id: int, item_ids: Sequence[int]) -> dict[int, list[RemoteTask]]:
        self._called("find_tasks")
        self.project(project_id)
        found: dict[int, list[RemoteTask]] = {}
        for task_id, task in self.tasks.items():
            item_id = int(task["data"]["item"])
            if item_id in item_ids:
                versions = frozenset(one["model_version"] for one in task["predictions"])
                remote = RemoteTask(
                    task_id, item_id, task["data"]["key"], len(task["annotations"]), task.get("overlap", 1), versions
                )
                found.setdefault(item_id, []).append(remote)
        return found

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        lost = self._called("import_tasks")
        project = self.project(project_id)
        numbers = []
        for task in tasks:
            numbers.append(len(self.tasks) + 1)
            self.tasks[numbers[-1]] = {
                **task,
                "id": numbers[-1],
                "predictions": list(task["predictions"]),
                "annotations": [],
            }
        if not project.model_version and tasks:
            self.titles[project_id] = replace(project, model_version=tasks[0]["predictions"][0]["model_version"])
        if lost:
            raise lost
        return numbers

    def import_predictions(self, project_id: int, predictions: Sequence[Mapping[str, Any]]) -> int:
        lost = self._called("import_predictions")
        if self.wrong_predictions:
            return 0
        for prediction in predictions:
            self.tasks[prediction["task"]]["predictions"].append(prediction)
        if lost:
            raise lost
        return len(predictions)

    def prediction_problems(self, project_id: int, prediction: Mapping[str, Any]) -> list[str]:
        return ["there is no such choice"] if self.wrong_predictions else []

    def ask_again(self, project_id: int, task_id: int, people: int, why: str) -> None:
        self._called("ask_again")
        data = self.tasks[task_id]["data"]
        data["reasons"] = "\n".join([why, data.get("reasons", "")])
        self.tasks[task_id]["overlap"] = people

    def model_versions(self, project_id: int) -> dict[str, int]:
        counts: dict[str, int] = {}
        for task in self.tasks.values():
            for prediction in task["predictions"]:
                counts[prediction["model_version"]] = counts.get(prediction["model_version"], 0) + 1
        return counts

    def uploads(self, project_id: int) -> dict[str, str]:
        return dict(self.files)

    def upload(self, project_id: int, files: Mapping[str, bytes]) -> None:
        lost = self._called("upload")
        self.files |= {name: f"/data/upload/{project_id}/{name}" for name in files}
        if lost:
            raise lost

    def people(self) -> dict[int, str]:
        return {1: "ann@example.com", 2: "ben@example.com"}

    def changed_tasks(self, project_id: int, since: str | None) -> list[ChangedTask]:
        self._called("changed_tasks")
        self.project(project_id)
        stamped = [(task, _in_utc(task["created_at"]), _in_utc(task["updated_at"])) for task in self.tasks.values()]
        return [
            ChangedTask(task["id"], made, changed, len(task["annotations"]))
            for task, made, changed in stamped
            if since is None or changed > since
        ]

    def export(self, project_id: int, task_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
        self._called("export")
        yield from (self.tasks[task_id] for task_id in task_ids if task_id in self.tasks)
