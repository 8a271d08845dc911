"""What a Label Studio tells by its webhooks while people work, and a queue that keeps it until it is stored.

Label Studio sends a webhook inside the request of whoever submits, waits a second for the answer, and never sends it
again: so the answer comes at once, storing comes after, and what cannot be stored is said.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from embedkit.annotation.answers import Export, read_tasks
from embedkit.annotation.values import mapping, whole
from embedkit.errors import EmbedkitError
from embedkit.types import Say

SUBMITTED = frozenset({"ANNOTATION_CREATED", "ANNOTATION_UPDATED"})
DELETED = "ANNOTATIONS_DELETED"
ACTIONS = (*sorted(SUBMITTED), DELETED)
"""The webhooks that matter here."""
MOST_WAITING = 10_000


class Malformed(ValueError):
    """A webhook's body that is not one."""


@dataclass(frozen=True)
class Event:
    """Something that a person did in a project: an annotation in its task, or the numbers of those deleted."""

    project_id: int
    task: Mapping[str, Any] | None = field(default=None, repr=False)
    deleted: tuple[int, ...] = ()

    @property
    def source(self) -> str:
        """What its answers are noted to come from."""
        return f"webhook of project {self.project_id}"


def event_of(body: Mapping[str, Any]) -> Event | None:
    """Return what a webhook tells, None for an action that is no answer; raises Malformed."""
    action = body.get("action")
    if action not in ACTIONS:
        return None
    project_id = whole(mapping(body.get("project")).get("id"))
    if project_id is None:
        raise Malformed("the webhook names no project")
    if action == DELETED:
        gone = body.get("annotations")
        numbers = [whole(mapping(one).get("id")) for one in gone] if isinstance(gone, list) else []
        return Event(project_id, deleted=tuple(number for number in numbers if number is not None))
    task, annotation = body.get("task"), body.get("annotation")
    if not isinstance(task, dict) or not isinstance(annotation, dict):
        raise Malformed("the webhook holds no task, or no annotation: it must be sent with its payload")
    return Event(project_id, {**task, "annotations": [annotation]})


def answers_of(events: Iterable[Event]) -> dict[str, Export]:
    """Return the answers that events hold, by source. Nothing in it says that a task has no other annotation."""
    tasks: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        tasks.setdefault(event.source, [])
        if event.task is not None:
            tasks[event.source].append(event.task)
    return {source: replace(read_tasks(some, source), tasks=()) for source, some in tasks.items()}


@dataclass
class Intake:
    """Keeps events in order until they are stored: gathers them for a moment, and tries again what fails.

    `store` returns a line that says what was done, "" for nothing. `run` is for a thread of its own, and ends after
    `stop`.
    """

    store: Callable[[Sequence[Event]], str]
    say: Say
    gather_s: float = 2.0
    retry_s: float = 20.0
    lost: int = 0
    _waiting: deque[Event] = field(default_factory=deque, repr=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _stopping: bool = False

    def take(self, event: Event) -> bool:
        """Return whether the event is kept; it is not where far too many wait."""
        with self._changed:
            if len(self._waiting) >= MOST_WAITING:
                self.lost += 1
                return False
            self._waiting.append(event)
            self._changed.notify()
            return True

    def stop(self) -> None:
        """Let `run` store what waits, once, and end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Store events as they come; say it where they cannot be stored, and keep them."""
        complaint = ""
        while self._next():
            some = list(self._waiting)
            try:
                line = self.store(some)
            except (EmbedkitError, OSError) as error:
                if str(error) != complaint:
                    complaint = str(error)
                    self.say(f"{len(some):,} answers wait, for they cannot be stored now: {complaint}")
                if not self._pause(self.retry_s):
                    break
                continue
            complaint = ""
            with self._changed:
                for _ in some:
                    self._waiting.popleft()
            if line:
                self.say(line)
        self._close()

    def _next(self) -> bool:
        """Wait for an event, and a moment for more; return whether there is something to store."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
        self._pause(self.gather_s)
        return bool(self._waiting)

    def _pause(self, seconds: float) -> bool:
        """Wait, and return whether it was not ended by `stop`."""
        until = time.monotonic() + seconds
        with self._changed:
            return not self._changed.wait_for(lambda: self._stopping, max(0.0, until - time.monotonic()))

    def _close(self) -> None:
        self.lost += len(self._waiting)
        if self.lost:
            self.say(
                f"{self.lost:,} answers were not stored. They are safe in Label Studio: embedkit import-labels takes "
                "them in"
            )
