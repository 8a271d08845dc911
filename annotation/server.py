"""A Label Studio server, by the few things that embedkit asks of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import Any

from embedkit.annotation.access import NotThere, Refused
from embedkit.annotation.connection import ONCE, Connection
from embedkit.annotation.values import mapping, when, whole
from embedkit.errors import EmbedkitError, Misuse

LOOK_UP, PAGE, EXPORT = 500, 1000, 200
"""Tasks a request: looked up by item (the ids are in the address), listed, exported (likewise)."""
STORED_ALL_THE_SAME = "supports only one data key"
"""Label Studio says 400 to uploads for a page of several variables: it cannot make tasks of them, but it keeps them."""


@dataclass(frozen=True)
class Project:
    """A project as the server has it; `settings` are all its fields."""

    project_id: int
    title: str
    model_version: str
    settings: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class RemoteTask:
    """A task as the server has it: whose, how many people answered it and how many are to, and whose predictions."""

    task_id: int
    item_id: int
    key: str
    answers: int
    overlap: int
    versions: frozenset[str]

    @property
    def answered(self) -> bool:
        """Whether anybody has answered it."""
        return self.answers > 0


@dataclass(frozen=True)
class ChangedTask:
    """A task that was touched: when it was made and last changed (ISO 8601, UTC), and how many answers it has."""

    task_id: int
    created_at: str
    updated_at: str
    annotations: int


@dataclass(frozen=True)
class Server(Connection):
    """A Label Studio server, by what embedkit asks of it."""

    def whoami(self) -> str:
        """Return the address of the user whose token it is."""
        with self.asking("who am I"):
            user = self.sdk.users.whoami()
        if not getattr(user, "email", None):
            raise EmbedkitError(f"{self.url} does not say whose the token is", "Is that a Label Studio?")
        return str(user.email)

    def place(self, project_id: int) -> str:
        """Return a project's address: what tasks are noted to have gone to, and answers to come from."""
        return f"{self.url}/projects/{project_id}"

    def people(self) -> dict[int, str]:
        """Return the users' addresses by number."""
        with self.asking("list the users"):
            return {int(user.id): str(user.email) for user in self.sdk.users.list() if user.id and user.email}

    def project(self, project_id: int) -> Project:
        """Return a project by its number; raises NotThere."""
        with self.asking(f"look at project {project_id}"):
            return _project(self.sdk.projects.get(project_id))

    def find_project(self, name: str) -> Project | None:
        """Return the project of a number or a title, None if no project has that title.

        Raises NotThere for a number that is none, Misuse for a title that several have.
        """
        if whole(name) is not None:
            return self.project(int(name))
        found, page, more = [], 1, True
        with self.asking("list the projects"):
            while more:
                listed: Any = self.sdk.projects.list(title=name, page=page, page_size=PAGE)
                found += [one for one in listed.items or [] if one.title == name]
                page, more = page + 1, bool(listed.response.next)
        if len(found) > 1:
            numbers = ", ".join(str(one.id) for one in found)
            raise Misuse(f"{len(found)} projects are called {name!r}", f"Name one by its number: {numbers}")
        return _project(found[0]) if found else None

    def create_project(self, settings: Mapping[str, Any]) -> Project:
        """Return a new project."""
        with self.asking("make a project"):
            return _project(self.sdk.projects.create(**settings, request_options=ONCE))

    def update_project(self, project_id: int, settings: Mapping[str, Any]) -> None:
        """Change fields of a project."""
        with self.asking(f"change project {project_id}"):
            self.sdk.projects.update(project_id, **settings)

    def first_tab(self, project_id: int, settings: Mapping[str, Any]) -> None:
        """Give a project that has no tab yet one that lists its tasks as the settings say."""
        with self.asking(f"lay out project {project_id}"):
            if not self.sdk.views.list(project=project_id):
                self.sdk.views.create(project=project_id, data=dict(settings), request_options=ONCE)

    def delete_project(self, project_id: int) -> None:
        """Delete a project, with all that was answered in it."""
        with self.asking(f"delete project {project_id}"):
            self.sdk.projects.delete(project_id)

    def find_tasks(self, project_id: int, item_ids: Sequence[int]) -> dict[int, list[RemoteTask]]:
        """Return the tasks of these items, oldest first; an item that has none is not in it."""
        found: dict[int, list[RemoteTask]] = {}
        columns = "id,data,total_annotations,overlap,predictions_model_versions"
        for start in range(0, len(item_ids), LOOK_UP):
            wanted = [str(item_id) for item_id in item_ids[start : start + LOOK_UP]]
            one = {"filter": "filter:tasks:data.item", "operator": "in_list", "type": "String", "value": wanted}
            for task in self._listed(project_id, [one], columns):
                remote = _remote(task)
                if remote is not None:
                    found.setdefault(remote.item_id, []).append(remote)
        return {item_id: sorted(tasks, key=lambda task: task.task_id) for item_id, tasks in found.items()}

    def changed_tasks(self, project_id: int, since: str | None) -> list[ChangedTask]:
        """Return the tasks that were made or changed after a moment (ISO 8601), all without one."""
        columns = "id,created_at,updated_at,total_annotations,cancelled_annotations"
        filters = []
        if since:
            after = datetime.fromisoformat(since).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            one = {"filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": after}
            filters.append(one)
        changed = []
        for task in self._listed(project_id, filters, columns):
            made, last = when(_iso(task.created_at)), when(_iso(task.updated_at))
            if made is None or last is None:
                raise EmbedkitError(f"{self.url} does not say when task {task.id} was changed")
            answers = (task.total_annotations or 0) + (task.cancelled_annotations or 0)
            changed.append(ChangedTask(int(task.id), made, last, answers))
        return changed

    def _listed(self, project_id: int, filters: Sequence[Mapping[str, Any]], columns: str) -> Iterator[Any]:
        """Yield tasks, page by page; raises NotThere for a project that is gone, which the SDK's own pages hide."""
        page, seen = 1, 0
        query = json.dumps({"filters": {"conjunction": "and", "items": list(filters)}, "ordering": ["tasks:id"]})
        while True:
            with self.asking(f"look for tasks in project {project_id}"):
                listed: Any = self.sdk.tasks.list(
                    project=project_id, query=query, page=page, page_size=PAGE, fields="all", include=columns
                )
            tasks = listed.items or []
            yield from tasks
            seen, page = seen + len(tasks), page + 1
            if not tasks or seen >= int(listed.response.total):
                return

    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]:
        """Return the numbers of the new tasks, in order. All are made or none; if AnswerLost is raised, look."""
        with self.asking(f"send {len(tasks)} tasks to project {project_id}"):
            request: Any = list(tasks)
            made: Any = self.sdk.projects.import_tasks(
                id=project_id, request=request, return_task_ids=True, request_options=ONCE
            )
            return [int(task_id) for task_id in made.task_ids or []]

    def import_predictions(self, project_id: int, predictions: Sequence[Mapping[str, Any]]) -> int:
        """Return how many predictions were added: what Label Studio finds wrong it leaves out in silence."""
        with self.asking(f"send {len(predictions)} predictions to project {project_id}"):
            request: Any = list(predictions)
            made = self.sdk.projects.import_predictions(id=project_id, request=request, request_options=ONCE)
            return int(made.created or 0)

    def prediction_problems(self, project_id: int, prediction: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with a prediction, by the project's labelling page."""
        with self.asking(f"look at project {project_id}"):
            page = self.sdk.projects.get(project_id).get_label_interface()
            found = page.validate_prediction(dict(prediction), return_errors=True)
        return [str(one) for one in found] if isinstance(found, list) else []

    def model_versions(self, project_id: int) -> dict[str, int]:
        """Return how many predictions each model version has in a project."""
        counts = self.json("GET", f"api/projects/{project_id}/model-versions/", f"look at project {project_id}")
        return {str(name): int(count) for name, count in mapping(counts).items()}

    def uploads(self, project_id: int) -> dict[str, str]:
        """Return the address of each file that was uploaded to a project, by its name as it was given."""
        with self.asking(f"list the files of project {project_id}"):
            files = [str(one.file) for one in self.sdk.files.list(project_id, all_=True) if one.file]
        # Stored as upload/PROJECT/xxxxxxxx-NAME
        return {PurePosixPath(file).name.partition("-")[2]: f"/data/{file}" for file in files}

    def upload(self, project_id: int, files: Mapping[str, bytes]) -> None:
        """Upload JPEG files by name; `uploads` tells which arrived."""
        # A field name of its own for each file: of those that share one, Label Studio keeps the last.
        parts = {f"file{n}": (name, data, "image/jpeg") for n, (name, data) in enumerate(files.items())}
        doing = f"upload {len(parts)} pictures to project {project_id}"
        try:
            self.send(
                "POST", f"api/projects/{project_id}/import", doing, files=parts, params={"commit_to_project": "false"}
            )
        except Refused as error:
            if STORED_ALL_THE_SAME not in error.message:
                raise

    def share_folder(self, project_id: int, folder: Path) -> None:
        """Let the server show files of a folder that it sees too; done twice, it is done once."""
        path = str(folder)
        with self.asking(f"let {self.url} show files of {path}"):
            if path not in {one.path for one in self.sdk.import_storage.local.list(project=project_id)}:
                self.sdk.import_storage.local.create(
                    project=project_id, path=path, title="embedkit", use_blob_urls=True, request_options=ONCE
                )

    def shows(self, address: str) -> bool:
        """Return whether the server shows a file at an address of its own."""
        try:
            self.send("GET", address.lstrip("/"), f"look at {address}")
        except NotThere:
            return False
        return True

    def export(self, project_id: int, task_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Yield these tasks with all that was answered, also those that nobody did; what is gone is left out."""
        for start in range(0, len(task_ids), EXPORT):
            # The SDK sends the numbers under a name that the server does not read.
            wanted = {"ids[]": [str(task_id) for task_id in task_ids[start : start + EXPORT]]}
            with self.asking(f"export project {project_id}"):
                pieces = self.sdk.projects.exports.download_sync(
                    project_id,
                    export_type="JSON",
                    download_all_tasks=True,
                    request_options={"additional_query_parameters": wanted},
                )
                tasks = json.loads(b"".join(pieces))
            yield from tasks if isinstance(tasks, list) else []

    def ask_again(self, project_id: int, task_id: int, people: int, why: str) -> None:
        """Bring an answered task before people again, until so many have answered it, and tell them why.

        Nobody sees it twice.
        """
        with self.asking(f"ask again about task {task_id} of project {project_id}"):
            data = mapping(self.sdk.tasks.get(str(task_id)).data)
            others = [line for line in str(data.get("reasons", "")).split("\n") if line not in ("", why)]
            data = {**data, "reasons": "\n".join([why, *others])}
            self.sdk.tasks.update(str(task_id), data=data, overlap=people, is_labeled=False)

    def delete_tasks(self, project_id: int, task_ids: Sequence[int]) -> None:
        """Delete tasks, with all that was answered in them."""
        selected = {"selectedItems": {"all": False, "included": list(task_ids)}}
        params = {"id": "delete_tasks", "project": project_id}
        self.json("POST", "api/dm/actions/", f"delete tasks of project {project_id}", json=selected, params=params)


def _project(made: Any) -> Project:
    settings = {name: getattr(made, name, None) for name in type(made).model_fields}
    return Project(int(made.id), str(made.title or ""), str(made.model_version or ""), settings)


def _remote(task: Any) -> RemoteTask | None:
    """Return a task with the item it is of, None for one that names none."""
    data = mapping(task.data)
    item_id = whole(data.get("item"))
    if item_id is None:
        return None
    versions = frozenset(name.strip() for name in str(task.predictions_model_versions or "").split(",") if name.strip())
    answers, overlap = int(task.total_annotations or 0), int(task.overlap or 1)
    return RemoteTask(int(task.id), item_id, str(data.get("key", "")), answers, overlap, versions)


def _iso(value: Any) -> Any:
    """Return a moment as text: the SDK has it now as text, now as a datetime."""
    return value.isoformat() if hasattr(value, "isoformat") else value
