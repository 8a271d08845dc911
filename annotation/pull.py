"""What people answered in a project of a server: only what changed since the last time, and nothing of it missed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from embedkit.annotation.answers import read_tasks
from embedkit.annotation.server import ChangedTask
from embedkit.types import Answer, Problem, Progress, TaskState, no_progress

OVERLAP = timedelta(minutes=10)
"""A change is stamped when it begins and seen when it is committed: one that took long shows up behind later ones."""
UNTOUCHED = timedelta(seconds=1)
"""A task whose change is this close to its making was imported, and nobody has touched it."""
EXPORTED_AT_ONCE = 200


class AnswerServer(Protocol):
    """What a server must do for answers: see `embedkit.annotation.server.Server`."""

    def people(self) -> Mapping[int, str]: ...
    def changed_tasks(self, project_id: int, since: str | None) -> list[ChangedTask]: ...
    def export(self, project_id: int, task_ids: Sequence[int]) -> Iterable[Mapping[str, Any]]: ...


@dataclass(frozen=True)
class Pulled:
    """The answers of the tasks that changed, those tasks, what could not be used, and up to when it was looked.

    `until` is for the next time (ISO 8601, UTC); None while the project has no task.
    """

    answers: tuple[Answer, ...]
    tasks: tuple[TaskState, ...]
    problems: tuple[Problem, ...]
    until: str | None


def pull(
    server: AnswerServer, project_id: int, source: str, since: str | None = None, progress: Progress = no_progress
) -> Pulled:
    """Return what was answered, edited or taken back since a moment that an earlier pull gave; without one, all.

    Tasks are listed first and then exported whole, so an answer that comes in between is in it, or comes next time:
    `until` is the time of a change that was listed, by the server's own clock.
    """
    after = (datetime.fromisoformat(since) - OVERLAP).isoformat() if since else None
    changed = server.changed_tasks(project_id, after)
    touched = [task.task_id for task in changed if _touched(task)]
    people = server.people() if touched else {}
    export = read_tasks(_exported(server, project_id, touched, progress), source, people)
    moments = [task.updated_at for task in changed] + ([since] if since else [])
    until = max(moments, key=datetime.fromisoformat, default=None)
    return Pulled(export.answers, export.tasks, export.problems, until)


def _exported(
    server: AnswerServer, project_id: int, task_ids: Sequence[int], progress: Progress
) -> Iterator[Mapping[str, Any]]:
    for start in range(0, len(task_ids), EXPORTED_AT_ONCE):
        yield from server.export(project_id, task_ids[start : start + EXPORTED_AT_ONCE])
        progress("read tasks", min(start + EXPORTED_AT_ONCE, len(task_ids)), len(task_ids))


def _touched(task: ChangedTask) -> bool:
    changed, made = (datetime.fromisoformat(moment) for moment in (task.updated_at, task.created_at))
    return task.annotations > 0 or changed - made > UNTOUCHED
