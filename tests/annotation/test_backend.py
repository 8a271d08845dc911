"""The service that Label Studio calls: who gets in, what is answered, and that nothing submitted is lost in silence."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette

from embedkit.annotation import backend
from embedkit.annotation.backend import Asked, Door, create_app
from embedkit.annotation.events import Event, Intake, Malformed, answers_of, event_of
from embedkit.errors import EmbedkitError, Misuse

SECRET = "a-secret-of-some-length"
CODE = "shoes-123abc"


@dataclass
class FakeModel:
    """Knows the listings 1 to 9."""

    asked: list[Asked] = field(default_factory=list)
    error: Exception | None = None

    def version(self) -> str:
        return "head-1#live"

    def predict(self, asked: Sequence[Asked]) -> list[Mapping[str, Any] | None]:
        if self.error:
            raise self.error
        self.asked += asked
        return [{"score": one.item_id / 10, "result": []} if one.item_id < 10 else None for one in asked]


@dataclass
class Service:
    """A service that listens nowhere, what it asked its model, and what it took in."""

    door: Door = field(default_factory=lambda: Door.of("127.0.0.1", ""))
    model: FakeModel = field(default_factory=FakeModel)
    taken: list[Event] = field(default_factory=list)
    room: bool = True
    crashed: list[Exception] = field(default_factory=list)

    def take(self, event: Event) -> bool:
        self.taken.append(event)
        return self.room

    @property
    def app(self) -> Starlette:
        return create_app(self.model, self.take, self.door)

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        return self.call("GET", path, [], headers)

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        parts = [body] if isinstance(body, bytes) else [json.dumps(body).encode()]
        return self.call("POST", path, parts, {"content-type": "application/json", **headers})

    def call(self, method: str, path: str, parts: list[bytes], headers: Mapping[str, str]) -> tuple[int, Any]:
        """Return the status and the body of one request, as a server would send it in parts."""
        named = {"host": "127.0.0.1:9090", **{name.replace("_", "-"): value for name, value in headers.items()}}
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 9090),
            "scheme": "http",
            "http_version": "1.1",
        }
        incoming = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        incoming.append({"type": "http.request", "body": b"", "more_body": False})
        sent: list[Any] = []

        async def receive() -> Any:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        try:
            asyncio.run(self.app(scope, receive, send))
        except KeyError as error:  # what a server writes into its own log, after the answer
            self.crashed.append(error)
        content = b"".join(message.get("body", b"") for message in sent[1:])
        is_json = dict(sent[0]["headers"]).get(b"content-type") == b"application/json"
        return sent[0]["status"], json.loads(content) if is_json else content.decode()


def task(item_id: object, **more: Any) -> dict[str, Any]:
    """Return a task as Label Studio sends it."""
    ours = {"item_id": item_id, "batch_id": 1, "head_id": "head-1", "codes": {CODE: "Shoes"}}
    data = {"item": str(item_id), "key": f"k{item_id}", "title": "A shoe"}
    made = "2031-05-17T09:00:00.000000Z"
    return {"id": 70, "data": data, "meta": {"embedkit": ours}, "created_at": made, "updated_at": made, **more}


def submitted(action: str = "ANNOTATION_CREATED", **more: Any) -> dict[str, Any]:
    """Return the body of a webhook."""
    chosen = {"from_name": "category", "to_name": "image", "type": "choices", "value": {"choices": [CODE]}}
    moment = "2031-05-17T10:00:00.000000Z"
    annotation = {"id": 5, "unique_id": "u5", "completed_by": 1, "result": [chosen], "was_cancelled": False}
    annotation |= {"created_at": moment, "updated_at": moment, "lead_time": 2.5}
    return {"action": action, "annotation": annotation, "task": task(7), "project": {"id": 3}, **more}


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"embedkit:{password}".encode()).decode()


def test_it_says_that_it_is_up_and_which_head_it_speaks_for() -> None:
    service = Service()
    assert service.get("/health") == (200, {"status": "UP", "model_class": "embedkit"})
    assert service.get("/versions") == (200, {"versions": ["head-1#live"]})
    setup = {"project": "3.1", "schema": "<View/>", "access_token": "owner-token"}
    assert service.post("/setup", setup) == (200, {"model_version": "head-1#live"})


def test_every_task_is_answered_in_its_place_and_an_unknown_one_with_nothing() -> None:
    service = Service()
    strangers = [{"id": 1, "data": {"item": "2"}}, "no task", None, task("x"), task(True)]
    code, answer = service.post("/predict", {"tasks": [task(2), *strangers, task(77), task("3")]})
    assert (code, answer["results"]) == (
        200,
        [{"score": 0.2, "result": []}, [], [], [], [], [], [], {"score": 0.3, "result": []}],
    )
    assert service.model.asked == [Asked(2, "k2"), Asked(77, "k77"), Asked(3, "k3")]


def test_what_is_submitted_is_taken_with_its_task() -> None:
    service = Service()
    assert service.post("/webhook", submitted()) == (200, {"taken": True})
    (event,) = service.taken
    assert (event.project_id, event.task and event.task["id"]) == (3, 70)
    (export,) = answers_of([event]).values()
    (answer,) = export.answers
    assert (answer.annotation, answer.item_id, answer.label, answer.state) == ("u5", 7, "Shoes", "answered")
    assert export.tasks == ()  # one annotation says nothing about the task's others


def test_what_is_deleted_is_taken_by_its_number() -> None:
    service = Service()
    gone = {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 5}, {"id": 6}, "x"], "project": {"id": 3}}
    assert service.post("/webhook", gone) == (200, {"taken": True})
    assert service.taken == [Event(3, deleted=(5, 6))]


@pytest.mark.parametrize("action", ["START_TRAINING", "PROJECT_UPDATED", "TASKS_CREATED", None, 3, ["x"]])
def test_what_is_no_answer_is_left_alone(action: Any) -> None:
    service = Service()
    assert service.post("/webhook", {"action": action, "project": {"id": 3}}) == (200, {"taken": False})
    assert service.taken == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1]",
        b'"text"',
        b"1" * 5000,
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 80 + b"]" * 80 + b"}",
        {"action": "ANNOTATION_CREATED"},
        {"action": "ANNOTATION_CREATED", "project": {"id": 3}},
        {"action": "ANNOTATION_CREATED", "project": {"id": 3}, "task": [], "annotation": {}},
        {"action": "ANNOTATION_CREATED", "project": {"id": -3}, "task": {}, "annotation": {}},
    ],
)
def test_a_body_that_is_none_is_refused_in_words(body: Any) -> None:
    service = Service()
    code, answer = service.post("/webhook", body)
    assert (code, list(answer), service.taken) == (400, ["error"], [])
    assert "Traceback" not in answer["error"]


@pytest.mark.parametrize("tasks", [None, {}, "x", 3])
def test_tasks_that_are_no_list_are_refused(tasks: Any) -> None:
    assert Service().post("/predict", {"tasks": tasks})[0] == 400


def test_a_body_that_is_too_large_is_refused_while_it_comes_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backend.MOST_BYTES, "/webhook", 1000)
    headers = {"content-type": "application/json"}
    assert Service().call("POST", "/webhook", [b" " * 400] * 3, headers)[0] == 413
    assert Service().call("POST", "/webhook", [b" " * 400, b"{}"], headers)[0] == 200


def test_only_json_gets_in_for_a_browser_page_may_send_anything_else_to_anywhere() -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert Service().post("/webhook", submitted(), content_type=kind)[0] == 415
    assert Service().post("/webhook", submitted(), content_type="application/json; charset=utf-8")[0] == 200


def test_without_a_secret_it_goes_by_no_other_name_than_this_machines() -> None:
    assert Service().post("/webhook", submitted(), host="evil.example")[0] == 400
    assert Service().post("/webhook", submitted(), host="localhost:9090")[0] == 200


def test_with_a_secret_nobody_gets_in_without_it() -> None:
    service = Service(Door.of("0.0.0.0", SECRET))
    for path, body in (("/setup", {}), ("/predict", {"tasks": []}), ("/webhook", submitted())):
        wrong = [{}, {"x_embedkit_secret": SECRET + "x"}, {"x_embedkit_secret": "é"}, {"authorization": basic("no")}]
        wrong += [{"authorization": one} for one in ("Basic", "Basic x", "Basic /w==", f"Bearer {SECRET}", SECRET)]
        assert {service.post(path, body, **headers)[0] for headers in wrong} == {401}
        assert service.post(path, body, x_embedkit_secret=SECRET)[0] == 200
        assert service.post(path, body, authorization=basic(SECRET), host="any.example")[0] == 200
    assert service.get("/health")[0] == 200
    assert service.get("/versions")[0] == 401


def test_others_are_let_in_by_a_secret_only_and_by_no_short_one() -> None:
    with pytest.raises(Misuse, match=r"on 0\.0\.0\.0 others can reach the service"):
        Door.of("0.0.0.0", "")
    for short in ("short", "sixteen letters ", "é" * 20):
        with pytest.raises(Misuse, match="at least 16"):
            Door.of("127.0.0.1", short)
    assert SECRET not in repr(Door.of("0.0.0.0", SECRET))


def test_an_error_of_the_workspace_is_told_by_its_cause_alone() -> None:
    service = Service(model=FakeModel(error=EmbedkitError("the catalogue is in use", "Run it again.")))
    assert service.post("/predict", {"tasks": [task(1)]}) == (503, {"error": "the catalogue is in use"})


def test_a_mistake_of_ours_shows_nothing_of_us() -> None:
    service = Service(model=FakeModel(error=KeyError("a secret of ours")))
    assert service.post("/predict", {"tasks": [task(1)]}) == (500, "Internal Server Error")
    assert len(service.crashed) == 1


def test_where_too_much_waits_it_says_so() -> None:
    assert Service(room=False).post("/webhook", submitted())[0] == 503


def test_unknown_addresses_and_methods_are_refused_in_json() -> None:
    assert Service().get("/nothing")[0] == 404
    assert Service().get("/webhook")[0] == 405


def test_a_webhook_without_its_payload_says_what_is_missing() -> None:
    with pytest.raises(Malformed, match="must be sent with its payload"):
        event_of({"action": "ANNOTATION_CREATED", "project": {"id": 3}})


@dataclass
class Shelf:
    """A store that can be made to fail, or to take its time."""

    kept: list[Sequence[Event]] = field(default_factory=list)
    tried: int = 0
    failing: int = 0
    open: threading.Event = field(default_factory=threading.Event)

    def store(self, events: Sequence[Event]) -> str:
        assert self.open.wait(10)
        self.tried += 1
        if self.tried <= self.failing:
            raise EmbedkitError("the workspace is in use")
        self.kept.append(list(events))
        return f"stored {len(events)}"


def numbered(count: int) -> list[Event]:
    return [Event(number + 1) for number in range(count)]


def worked_off(shelf: Shelf, intake: Intake, events: Sequence[Event]) -> None:
    """Let the intake take these events and run to its end."""
    thread = threading.Thread(target=intake.run)
    thread.start()
    for event in events:
        assert intake.take(event)
    shelf.open.set()
    intake.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_what_is_taken_is_stored_after_the_answer_in_its_order() -> None:
    shelf, said = Shelf(), []
    worked_off(shelf, Intake(shelf.store, said.append, gather_s=0.01), numbered(5))
    assert [event for events in shelf.kept for event in events] == numbered(5)
    assert said[-1].startswith("stored")


def test_what_cannot_be_stored_now_is_kept_tried_again_and_complained_of_once() -> None:
    shelf, said = Shelf(failing=2), []
    shelf.open.set()
    intake = Intake(shelf.store, said.append, gather_s=0.0, retry_s=0.01)
    thread = threading.Thread(target=intake.run)
    thread.start()
    intake.take(Event(1))
    for _ in range(1000):
        if shelf.kept:
            break
        threading.Event().wait(0.01)
    intake.stop()
    thread.join(10)
    assert (shelf.kept, shelf.tried, intake.lost) == ([[Event(1)]], 3, 0)
    assert [line for line in said if "cannot be stored now" in line] == said[:1]


def test_what_could_not_be_stored_to_the_end_is_said_with_the_command_that_helps() -> None:
    shelf, said = Shelf(failing=1000), []
    intake = Intake(shelf.store, said.append, gather_s=0.01, retry_s=10)
    worked_off(shelf, intake, numbered(3))
    assert (shelf.kept, intake.lost) == ([], 3)
    assert said[-1].startswith("3 answers were not stored")
    assert "embedkit import-labels" in said[-1]


def test_what_is_beyond_all_measure_is_not_taken_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedkit.annotation.events.MOST_WAITING", 2)
    said: list[str] = []
    intake = Intake(lambda events: "", said.append)
    assert [intake.take(event) for event in numbered(3)] == [True, True, False]
    assert intake.lost == 1
