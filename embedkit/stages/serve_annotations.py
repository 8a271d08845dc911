"""Answer Label Studio while people work: predictions from the head in use, and answers taken in as they are given."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from embedkit import standing
from embedkit.annotation.access import NotThere
from embedkit.annotation.cards import Suggested, opinion
from embedkit.annotation.events import Event, Intake, answers_of
from embedkit.annotation.labelling import codes
from embedkit.annotation.pull import pull
from embedkit.annotation.registration import register
from embedkit.annotation.server import Server
from embedkit.errors import SOME_ITEMS_FAILED, EmbedkitError, Misuse, WorkspaceError
from embedkit.heads.train import TrainedHead
from embedkit.returned import TICK, Returned, store
from embedkit.stores import answers, items, judgements, lock, runs, spaces
from embedkit.stores.database import Connection
from embedkit.types import Item, Report, Say
from embedkit.verdicts import settle
from embedkit.workspace import Workspace

if TYPE_CHECKING:
    from embedkit.annotation.backend import Asked

HEAD_LOOKED_UP_EVERY_S = 5.0
SHOWN_PROBLEMS = 3
COUNTED = ("new", "edited", "retracted", "skipped", "flagged")


@dataclass(frozen=True)
class ServeSpec:
    """Where to listen, by which secret, and which project of a server answers are read from.

    Without a server, answers are those that the webhooks themselves hold. `callback` is the address that Label Studio
    is to call, where it is not the one listened on.
    """

    host: str = "127.0.0.1"
    port: int = 9090
    secret: str = field(default="", repr=False)
    project: str = ""
    registers: bool = False
    callback: str | None = None
    preselect: bool = False


def run(workspace: Workspace, spec: ServeSpec, server: Server | None, say: Say) -> Report:
    """Serve until Ctrl-C, and return how many answers were taken in."""
    workspace.require()
    try:
        from embedkit.annotation import backend
    except ImportError as error:
        hint = "In embedkit's source folder: pip install '.[annotation]'"
        raise EmbedkitError(f"{error.name} is not installed", hint) from None
    door = backend.Door.of(spec.host, spec.secret)
    if spec.registers and server is None:
        raise Misuse("there is no server to register with", "Give its --url, and the --project.")
    workspace.database().migrate()
    model = LiveModel(workspace, spec.preselect)
    say(f"predictions come from the head in use, now {model.version()}")
    place = _place(server, spec.project, say) if server is not None else None
    desk = Desk(workspace, _begin(workspace, spec, server), place)
    intake = Intake(desk.take_in, say)
    if place is not None:
        intake.take(Event(place.project_id))  # what was answered while nobody listened
    with ThreadPoolExecutor(max_workers=2) as pool:
        beside = [pool.submit(intake.run)]

        def started(address: str, end: Callable[[], None]) -> None:
            say(f"listening on {address}; Ctrl-C ends it")
            if place is not None and spec.registers:
                called = (spec.callback or address).rstrip("/")
                secured = (spec.secret, backend.SECRET_HEADER)
                beside.append(pool.submit(_register, say, place.server, place.project_id, called, *secured))
            for one in beside:
                one.add_done_callback(lambda future: end() if future.exception() else None)

        try:
            backend.serve(backend.create_app(model, intake.take, door), spec.host, spec.port, started)
        finally:
            intake.stop()
    return _finish(desk, intake, beside)


@dataclass(frozen=True)
class Place:
    """A project of a server, and what answers from there are noted to come from."""

    server: Server
    project_id: int
    name: str


def _place(server: Server, project: str, say: Say) -> Place:
    say(f"{server.url}, as {server.whoami()}")
    found = server.find_project(project)
    if found is None:
        raise NotThere(f"{server.url} has no project {project!r}", "Name it by its title or number: --project")
    return Place(server, found.project_id, server.place(found.project_id))


def _begin(workspace: Workspace, spec: ServeSpec, server: Server | None) -> int:
    args = {name: value for name, value in vars(spec).items() if name != "secret"}
    with workspace.database().connect(read_only=False) as connection:
        return runs.begin_run(connection, "serve-annotations", {**args, "url": server.url if server else None})


def _register(say: Say, *registration: Any) -> None:
    for line in register(*registration):
        say(line)


def _finish(desk: Desk, intake: Intake, beside: Sequence[Future[None]]) -> Report:
    """Note how it ended, raise what went wrong beside the service, and return how many answers were taken in."""
    numbers = {**{name: desk.counts[name] for name in COUNTED}, "not_stored": intake.lost}
    desk.close(numbers)
    for one in beside:
        one.result()
    said = f"answers: {numbers['new']:,} new, {numbers['edited']:,} edited, {numbers['retracted']:,} taken back"
    return Report((said,), numbers, failed=intake.lost)


class LiveModel:
    """Says of a listing what the head in use says of it; a head that comes into use is noticed within seconds."""

    def __init__(self, workspace: Workspace, preselect: bool) -> None:
        self.workspace = workspace
        self.preselect = preselect
        self._one_at_a_time = Lock()
        self._trained: tuple[str, TrainedHead] | None = None
        self._looked_up = 0.0

    def version(self) -> str:
        """Return the name of the predictions made now; raises EmbedkitError where no head is in use."""
        with self._one_at_a_time:
            return f"{self._head()[0]}#live"

    def predict(self, asked: Sequence[Asked]) -> list[Mapping[str, Any] | None]:
        """Return a prediction for each listing, None for one that is not here, or is another workspace's."""
        with self._one_at_a_time:
            head_id, trained = self._head()
            with self.workspace.database().connect(read_only=True) as connection:
                here = items.load_items(connection, list({one.item_id for one in asked}))
                known = spaces.load_spaces(connection)
                reviewed = answers.load_reviewed(connection)
            placed = {one.item.item_id: one.item.score for one in reviewed if one.item.drawn_by == "audit"}
            keys = {item.item_id: item.key for item in here}
            ours = [one.item_id in keys and one.key in ("", keys[one.item_id]) for one in asked]
            made = self._opinions(head_id, trained, here, known, placed) if any(ours) else {}
        return [made[one.item_id] if mine else None for one, mine in zip(asked, ours, strict=True)]

    def _head(self) -> tuple[str, TrainedHead]:
        """Return the head in use: the one before, while another process has the database."""
        if self._trained is not None and time.monotonic() - self._looked_up < HEAD_LOOKED_UP_EVERY_S:
            return self._trained
        try:
            with self.workspace.database().connect(read_only=True) as connection:
                record = standing.find_head(judgements.load_heads(connection), standing.head_in_use(connection))
        except WorkspaceError:
            if self._trained is None:
                raise
            return self._trained
        if self._trained is None or self._trained[0] != record.head_id:
            self._trained = record.head_id, standing.load_trained(self.workspace, record)
        self._looked_up = time.monotonic()
        return self._trained

    def _opinions(
        self,
        head_id: str,
        trained: TrainedHead,
        here: list[Item],
        known: Sequence[spaces.SpaceRecord],
        placed: Mapping[int, float],
    ) -> dict[int, Mapping[str, Any]]:
        """Return what a head says of these listings; those that an audit drew keep their place in the queue."""
        predictions = standing.predict(self.workspace, trained, here, known)
        code_of = codes(predictions.classes)
        made: dict[int, Mapping[str, Any]] = {}
        for row, (item_id, name) in enumerate(zip(predictions.ids.tolist(), predictions.label, strict=True)):
            confidence = min(1.0, float(predictions.confidence[row]))
            chosen = Suggested(code_of[name], name, confidence) if self.preselect else None
            made[item_id] = opinion(item_id, chosen, placed.get(item_id, confidence), f"{head_id}#live")
        return made


@dataclass
class Desk:
    """Takes answers into the workspace, all of them as one run. With a place, an event only says to look there."""

    workspace: Workspace
    run_id: int
    place: Place | None
    counts: Counter[str] = field(default_factory=Counter)
    until: str | None = None

    def take_in(self, events: Sequence[Event]) -> str:
        """Return, in words, what was stored of what these events tell; "" where all of it was known."""
        with lock.hold(self.workspace.lock, "serve-annotations"):
            read, until = self._changed(self.place) if self.place else (list(_of_webhooks(events)), None)
            with self.workspace.database().connect(read_only=False) as connection:
                stored = [store(connection, self.run_id, one) for one in read]
                taken_back = 0 if self.place else _take_back(connection, self.run_id, events)
                settled = settle(connection, self.run_id)
        self.until = until
        now = Counter({name: sum(getattr(one, name) for one in stored) for name in COUNTED})
        now["retracted"] += taken_back
        self.counts += now
        problems = [problem for one in stored for problem in one.problems]
        said = [f"{count:,} {name}" for name, count in now.items() if count]
        if said:
            said.append(f"listings labelled: {settled.labelled:,}")
        return "; ".join([*said, *(f"{one.where}: {one.value!r}: {one.cause}" for one in problems[:SHOWN_PROBLEMS])])

    def close(self, numbers: Mapping[str, Any]) -> None:
        """Note how the run ended, and up to which change the project was read."""
        with self.workspace.database().connect(read_only=False) as connection:
            if self.place is not None and self.until is not None:
                answers.record_import(connection, self.run_id, self.place.name, self.until)
            runs.finish_run(connection, self.run_id, SOME_ITEMS_FAILED if numbers["not_stored"] else 0, numbers)

    def _changed(self, place: Place) -> tuple[list[Returned], str | None]:
        """Return what changed in the project since it was read last, by whomever, and up to when."""
        since = self.until
        if since is None:
            with self.workspace.database().connect(read_only=True) as connection:
                since = answers.last_import(connection, place.name)
        pulled = pull(place.server, place.project_id, place.name, since)
        read = Returned(place.name, pulled.answers, pulled.tasks, pulled.problems, whole=False)
        return [read], pulled.until


def _of_webhooks(events: Sequence[Event]) -> Iterator[Returned]:
    for source, export in answers_of(events).items():
        yield Returned(source, export.answers, (), export.problems, whole=False)


def _take_back(connection: Connection, run_id: int, events: Sequence[Event]) -> int:
    """Retract the annotations that webhooks say were deleted, if they came by webhook; return how many."""
    gone = {(event.source, number) for event in events for number in event.deleted}
    if not gone:
        return 0
    retracted = []
    for one in answers.load_annotations(connection):
        if (one.source, one.annotation_id) in gone:
            when = max(runs.now(), judgements.moment(one.updated_at) + TICK)
            retracted.append(replace(one, state="retracted", updated_at=when.isoformat()))
    return len(answers.record_annotations(connection, run_id, retracted))
