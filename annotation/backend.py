"""The small HTTP service that Label Studio calls an ML backend, and sends its webhooks to.

GET /health, /versions; POST /setup, /predict, /webhook. What is asked and answered is JSON; of an error only its cause
is told. Whoever may speak to it can put answers into the workspace, so it listens on this machine only, or asks for a
secret: as the header X-Embedkit-Secret, which webhooks can send, or as a password, which is all that Label Studio's ML
connection can send.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import signal
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from embedkit.annotation.events import Event, Malformed, event_of
from embedkit.annotation.values import mapping, text, whole
from embedkit.errors import EmbedkitError, Misuse

MOST_BYTES = {"/webhook": 16 * 2**20, "/predict": 128 * 2**20, "/setup": 4 * 2**20}
"""A task can hold pictures, and Label Studio asks about all selected tasks at once; a config can be long."""
MOST_TASKS = 10_000
SECRET_HEADER = "X-Embedkit-Secret"
SHORTEST_SECRET = 16
DEEPEST = 64
THIS_MACHINE = ("127.0.0.1", "localhost")


class Asked(NamedTuple):
    """The listing that a task is of: our number for it, and the seller's key ("" where the task does not say)."""

    item_id: int
    key: str


class Model(Protocol):
    """What answers questions: the head in use. Called from several threads."""

    def version(self) -> str:
        """Return the name under which predictions are made now."""

    def predict(self, asked: Sequence[Asked]) -> Sequence[Mapping[str, Any] | None]:
        """Return a prediction for each listing, None for one that is not known."""


@dataclass(frozen=True)
class Door:
    """Who may come in: `hosts` are the names that the service is called by ("*": any)."""

    secret: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ("*",)

    @classmethod
    def of(cls, host: str, secret: str) -> Door:
        """Return the door of a service that listens on a host; raises Misuse for one that would stand open."""
        if secret and not re.fullmatch(rf"[\x21-\x7e]{{{SHORTEST_SECRET},}}", secret):
            raise Misuse(
                f"the secret is not one word of at least {SHORTEST_SECRET} plain characters",
                "Draw one: openssl rand -hex 20",
            )
        if host not in THIS_MACHINE and not secret:
            raise Misuse(
                f"on {host} others can reach the service, and put answers into the workspace",
                "Give a shared secret: EMBEDKIT_ANNOTATION_SECRET or --secret-file FILE.",
            )
        # On this machine without a secret, a page in a browser must not get in by a name that leads here.
        return cls(secret, ("*",) if secret else THIS_MACHINE)

    def admits(self, request: Request) -> bool:
        """Return whether a request brings the secret; each way of giving it is compared in the same time."""
        if not self.secret:
            return True
        given = (request.headers.get(SECRET_HEADER, ""), _password(request.headers.get("Authorization", "")))
        right = [hmac.compare_digest(one.encode(), self.secret.encode()) for one in given]
        return any(right)


def create_app(model: Model, take: Callable[[Event], bool], door: Door) -> Starlette:
    """Return the service: predictions come from `model`, and what people do goes to `take`, which keeps it or not."""

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "UP", "model_class": "embedkit"})

    async def versions(request: Request) -> Response:
        return JSONResponse({"versions": [await run_in_threadpool(model.version)]})

    async def setup(request: Request) -> Response:
        # The body holds a token that could do anything in Label Studio: nothing of it is read, kept or told.
        await _body(request)
        return JSONResponse({"model_version": await run_in_threadpool(model.version)})

    async def predict(request: Request) -> Response:
        tasks = (await _body(request)).get("tasks")
        if not isinstance(tasks, list) or len(tasks) > MOST_TASKS:
            raise HTTPException(400, f"tasks must be a list of at most {MOST_TASKS:,}")
        return JSONResponse({"results": await run_in_threadpool(_results, model, tasks)})

    async def webhook(request: Request) -> Response:
        try:
            event = event_of(await _body(request))
        except Malformed as error:
            raise HTTPException(400, str(error)) from None
        if event is not None and not take(event):
            raise HTTPException(503, "too much waits to be stored")
        return JSONResponse({"taken": event is not None})

    routes = [
        Route("/health", health),
        Route("/versions", _guarded(door, versions)),
        *(
            Route(path, _guarded(door, endpoint), methods=["POST"])
            for path, endpoint in (("/setup", setup), ("/predict", predict), ("/webhook", webhook))
        ),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(door.hosts), www_redirect=False)],
        exception_handlers={HTTPException: _refusal, EmbedkitError: _failure},
    )


def serve(app: Starlette, host: str, port: int, started: Callable[[str, Callable[[], None]], None]) -> None:
    """Answer requests until Ctrl-C or SIGTERM.

    `started` is told the address as soon as it can be called, and gets what ends the service from any thread.
    """
    listening = _listen(host, port)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=100,
            timeout_graceful_shutdown=10,
        )
    )
    # uvicorn ends in good order and then sends itself the signal again, which as SIGTERM would end what comes after.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        name = f"[{host}]" if ":" in host else host
        started(f"http://{name}:{listening.getsockname()[1]}", lambda: setattr(server, "should_exit", True))
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise EmbedkitError(
            f"cannot listen on {host}:{port}: {error.strerror or error}", "Give another --port."
        ) from None


Endpoint = Callable[[Request], Awaitable[Response]]


def _guarded(door: Door, endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        if not door.admits(request):
            raise HTTPException(401, "the secret is missing or wrong", {"WWW-Authenticate": 'Basic realm="embedkit"'})
        return await endpoint(request)

    return guarded


async def _body(request: Request) -> Mapping[str, Any]:
    """Return the JSON object of a request; 415, 413 or 400 for what is none, too large, or nested too deep."""
    # A page in a browser can send a form or plain text anywhere, but JSON only to whom it is allowed to.
    if request.headers.get("Content-Type", "").split(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "the body must be application/json")
    most = MOST_BYTES[request.url.path]
    parts, size = [], 0
    try:
        async for part in request.stream():
            parts.append(part)
            size += len(part)
            if size > most:
                raise HTTPException(413, f"the body is larger than {most:,} bytes")
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None
    try:
        body = await run_in_threadpool(json.loads, b"".join(parts))
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is no JSON") from None
    if not isinstance(body, dict) or await run_in_threadpool(_is_deep, body):
        raise HTTPException(400, "the body is no JSON object, or one within one within one")
    return body


def _is_deep(body: Any) -> bool:
    """Return whether a value is nested deeper than anything that Label Studio says."""
    level = [body]
    for _ in range(DEEPEST):
        level = [inner for one in level if isinstance(one, (dict, list)) for inner in _inside(one)]
        if not level:
            return False
    return True


def _inside(one: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return one.values() if isinstance(one, dict) else one


def _results(model: Model, tasks: Sequence[Any]) -> list[Any]:
    """Return an answer for each task, in order: a prediction, or an empty list where there is none."""
    asked = [_asked(task) for task in tasks]
    known = [one for one in asked if one is not None]
    made = iter(model.predict(known) if known else [])
    return [[] if one is None else next(made) or [] for one in asked]


def _asked(task: Any) -> Asked | None:
    """Return the listing that a task is of, None for a task that embedkit did not make."""
    item_id = whole(mapping(mapping(mapping(task).get("meta")).get("embedkit")).get("item_id"))
    return None if item_id is None else Asked(item_id, text(mapping(mapping(task).get("data")).get("key")) or "")


def _password(authorization: str) -> str:
    """Return the password of basic authorization, "" for what is none."""
    kind, _, encoded = authorization.partition(" ")
    try:
        pair = base64.b64decode(encoded, validate=True).decode() if kind.lower() == "basic" else ""
    except (binascii.Error, ValueError):
        return ""
    return pair.partition(":")[2]


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _failure(request: Request, error: Exception) -> Response:
    assert isinstance(error, EmbedkitError)
    return JSONResponse({"error": error.message}, 503)
