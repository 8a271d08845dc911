"""What people should look at, brought to a project of a server: each item once, whatever breaks on the way."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from embedkit.annotation.access import AnswerLost, NotSent, TimedOut
from embedkit.annotation.routes import Picture, Route
from embedkit.annotation.server import RemoteTask
from embedkit.errors import EmbedkitError, Misuse
from embedkit.types import Progress, no_progress

Found = dict[int, list[RemoteTask]]
LOST_PAUSES_S = (1.0, 3.0, 6.0, 10.0)
"""Looks after a lost answer: the server may have been at work on the request when the connection broke."""
TIMED_OUT_PAUSES_S = (5.0, 10.0, 15.0, 30.0, 60.0)
ATTEMPTS = 4
PREDICTIONS = 500


class TaskServer(Protocol):
    """What a server must do for tasks: see `embedkit.annotation.server.Server`."""

    def find_tasks(self, project_id: int, item_ids: Sequence[int]) -> Found: ...
    def import_tasks(self, project_id: int, tasks: Sequence[Mapping[str, Any]]) -> list[int]: ...
    def import_predictions(self, project_id: int, predictions: Sequence[Mapping[str, Any]]) -> int: ...
    def prediction_problems(self, project_id: int, prediction: Mapping[str, Any]) -> list[str]: ...
    def model_versions(self, project_id: int) -> Mapping[str, int]: ...
    def update_project(self, project_id: int, settings: Mapping[str, Any]) -> None: ...
    def ask_again(self, project_id: int, task_id: int, people: int, why: str) -> None: ...


@dataclass(frozen=True)
class Parcel:
    """One item on its way: its task and its prediction, once the picture's address and the model version are known."""

    item_id: int
    key: str
    picture: Picture | None
    task: Callable[[str, str], Mapping[str, Any]]
    prediction: Callable[[str], Mapping[str, Any]]
    wanted: bool = True
    """False for an item that is out from an earlier batch: its task gets the new prediction, but none is made."""
    again: str = ""
    """Why one more is asked, of an item that people disagree about."""


@dataclass(frozen=True)
class PushSpec:
    """Where to, which head's opinion goes along (`stem` names it, `run_id` this very run), and how many at a time."""

    project_id: int
    model_version: str
    stem: str
    run_id: int
    batch: int = 500
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)


@dataclass
class Pushed:
    """What became of the items: their tasks, and how many were made, there before, answered, or given a prediction."""

    model_version: str
    tasks: dict[int, int] = field(default_factory=dict)
    made: int = 0
    there: int = 0
    answered: int = 0
    asked_again: int = 0
    predictions: int = 0
    doubled: tuple[int, ...] = ()


def push(
    server: TaskServer,
    parcels: Sequence[Parcel],
    spec: PushSpec,
    route: Route,
    sent: Callable[[Mapping[int, int]], None] = lambda tasks: None,
    progress: Progress = no_progress,
) -> Pushed:
    """Return what became of the items; `sent` is told of their tasks batch by batch.

    Items are looked up before anything is sent, so running it again after any end goes on from there. Those that
    somebody answered are left alone; those that wait get the head's prediction if they lack it.
    """
    version = _version(server, spec)
    found = _look(server, parcels, spec)
    pushed = Pushed(version)
    wanted = {parcel.item_id for parcel in parcels if parcel.wanted}
    for item_id, tasks in found.items():
        pushed.tasks[item_id] = tasks[0].task_id
        pushed.there += item_id in wanted
        pushed.answered += item_id in wanted and _answered(tasks)
    if pushed.tasks:
        sent(dict(pushed.tasks))
    pushed.asked_again = _ask_again(server, parcels, found, spec)
    missing = [parcel for parcel in parcels if parcel.wanted and parcel.item_id not in found]
    pushed.predictions = _predict(server, parcels, found, spec, version, progress)
    in_step = spec.model_version == version
    if not in_step and any(version in task.versions for tasks in found.values() for task in tasks) | (
        pushed.predictions > 0
    ):
        server.update_project(spec.project_id, {"model_version": version})
        in_step = True
    for start in range(0, len(missing), spec.batch):
        batch = missing[start : start + spec.batch]
        made = _send(server, batch, spec, version, route)
        pushed.tasks |= made
        pushed.made += len(made)
        sent(made)
        if not in_step:
            # Label Studio orders by the predictions of this version only, and at random where there are none.
            server.update_project(spec.project_id, {"model_version": version})
            in_step = True
        progress("sent tasks", pushed.made, len(missing))
    pushed.doubled = tuple(sorted(item_id for item_id, tasks in found.items() if len(tasks) > 1))
    return pushed


def speaks(model_version: str, stem: str) -> bool:
    """Return whether a model version is one of the head that `stem` names."""
    return re.fullmatch(re.escape(stem) + r"#\d+", model_version) is not None


def _version(server: TaskServer, spec: PushSpec) -> str:
    """Return the name for this head's predictions: the one that the project has for them already, or a new one.

    A name may be used for each task once: Label Studio takes the average of two.
    """
    if speaks(spec.model_version, spec.stem):
        return spec.model_version
    there = [name for name in server.model_versions(spec.project_id) if speaks(name, spec.stem)]
    return max(there, key=lambda name: int(name.rpartition("#")[2]), default=f"{spec.stem}#{spec.run_id}")


def _look(server: TaskServer, parcels: Sequence[Parcel], spec: PushSpec) -> Found:
    """Return the tasks that the items have; raises Misuse if they are those of another catalogue."""
    keys = {parcel.item_id: parcel.key for parcel in parcels}
    found = server.find_tasks(spec.project_id, list(keys))
    for item_id, tasks in found.items():
        for task in tasks:
            if task.key != keys[item_id]:
                raise Misuse(
                    f"project {spec.project_id} holds another catalogue: its listing {item_id} is {task.key!r}, "
                    f"here it is {keys[item_id]!r}",
                    "Name another project with --project; a new name makes a new one.",
                )
    return found


def _answered(tasks: Sequence[RemoteTask]) -> bool:
    return any(task.answered for task in tasks)


def _ask_again(server: TaskServer, parcels: Sequence[Parcel], found: Found, spec: PushSpec) -> int:
    """Return how many answered tasks go before one more person; those that wait for one already are left alone."""
    again = 0
    for parcel in parcels:
        tasks = found.get(parcel.item_id, []) if parcel.again else []
        if tasks and all(0 < task.overlap <= task.answers for task in tasks):
            server.ask_again(spec.project_id, tasks[0].task_id, tasks[0].answers + 1, parcel.again)
            again += 1
    return again


def _predict(
    server: TaskServer, parcels: Sequence[Parcel], found: Found, spec: PushSpec, version: str, progress: Progress
) -> int:
    """Return how many predictions were added to tasks that wait for an answer, or for one more, and lack the head's."""
    by_item = {parcel.item_id: parcel for parcel in parcels}
    behind = _behind(found, version, by_item)
    added = 0
    for start in range(0, len(behind), PREDICTIONS):
        added += _predict_some(server, behind[start : start + PREDICTIONS], by_item, spec, version)
        progress("updated tasks", added, len(behind))
    return added


def _behind(found: Found, version: str, by_item: Mapping[int, Parcel]) -> list[RemoteTask]:
    """Return the tasks that nobody answered, or one more is to, and that lack a version's prediction."""
    waiting = [tasks for item_id, tasks in found.items() if by_item[item_id].again or not _answered(tasks)]
    return [task for tasks in waiting for task in tasks if version not in task.versions]


def _predict_some(
    server: TaskServer, behind: list[RemoteTask], by_item: Mapping[int, Parcel], spec: PushSpec, version: str
) -> int:
    wanted = len(behind)
    items = sorted({task.item_id for task in behind})
    for attempt in range(ATTEMPTS):
        rows = [{"task": task.task_id, **by_item[task.item_id].prediction(version)} for task in behind]
        try:
            created = server.import_predictions(spec.project_id, rows)
        except AnswerLost as lost:
            if attempt + 1 == ATTEMPTS or isinstance(lost, TimedOut):
                raise
            spec.pause(LOST_PAUSES_S[attempt])
            created = 0
        if created == len(rows):
            return wanted
        behind = _behind(server.find_tasks(spec.project_id, items), version, by_item)
        if not behind:
            return wanted
        _refuse_silence(server, behind[0], by_item, spec, version, len(behind))
    raise EmbedkitError(f"{len(behind)} of {wanted} predictions did not arrive", "Run the command again.")


def _refuse_silence(
    server: TaskServer,
    first: RemoteTask,
    by_item: Mapping[int, Parcel],
    spec: PushSpec,
    version: str,
    dropped: int,
) -> None:
    """Raise EmbedkitError if Label Studio left predictions out because it finds something wrong with them."""
    parcel = by_item[first.item_id]
    problems = server.prediction_problems(spec.project_id, parcel.prediction(version))
    if problems:
        raise EmbedkitError(
            f"Label Studio left out {dropped} predictions in silence; of that of {parcel.key!r} it says: {problems[0]}",
            "Is the project's labelling page as embedkit made it?",
        )


def _send(server: TaskServer, batch: Sequence[Parcel], spec: PushSpec, version: str, route: Route) -> dict[int, int]:
    """Return the new tasks by item. An import is all or nothing, but its answer can be lost: then it is looked for."""
    pictures = [parcel.picture for parcel in batch if parcel.picture]
    addresses = route.addresses(pictures)
    tasks = {
        parcel.item_id: parcel.task(addresses.get(parcel.picture.name, "") if parcel.picture else "", version)
        for parcel in batch
    }
    made: dict[int, int] = {}
    for attempt in range(ATTEMPTS):
        waiting = {item_id: task for item_id, task in tasks.items() if item_id not in made}
        try:
            numbers = server.import_tasks(spec.project_id, list(waiting.values()))
        except AnswerLost as lost:
            made |= _arrived(server, list(waiting), spec, lost)
            if len(made) == len(tasks):
                return made
            if attempt + 1 == ATTEMPTS or isinstance(lost, TimedOut):
                raise
            continue
        if len(numbers) != len(waiting):
            raise EmbedkitError(
                f"{len(waiting)} tasks were sent, and Label Studio made {len(numbers)}", "Run the command again."
            )
        return made | dict(zip(waiting, numbers, strict=True))
    return made


def _arrived(server: TaskServer, items: list[int], spec: PushSpec, lost: AnswerLost) -> dict[int, int]:
    """Return the tasks of a request whose answer was lost, having waited for the server to end what it was at."""
    pauses = LOST_PAUSES_S[:1] if isinstance(lost, NotSent) else LOST_PAUSES_S
    found: Found = {}
    for pause_s in TIMED_OUT_PAUSES_S if isinstance(lost, TimedOut) else pauses:
        spec.pause(pause_s)
        try:
            found = server.find_tasks(spec.project_id, items)
        except AnswerLost:
            continue
        if len(found) == len(items):
            break
    return {item_id: tasks[0].task_id for item_id, tasks in found.items()}
