"""The way to a server: its address, its token, and errors that give neither token nor cookie away."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from embedkit.annotation.access import AnswerLost, NotSent, NotThere, Refused, TimedOut, address_of, token_from
from embedkit.annotation.server import Server
from embedkit.errors import EmbedkitError, Misuse

pytest.importorskip("label_studio_sdk", reason="label-studio-sdk is not installed: pip install '.[annotation]'")

TOKEN = "0123456789abcdef0123456789abcdef01234567"
COOKIE = "sessionid=c00c1ec00c1e"
PAGE = "<!doctype html><html><title>Label Studio</title></html>"


class Answering(BaseHTTPRequestHandler):
    """Answers everything with one status and body, and a cookie, as Label Studio does with its errors."""

    status: ClassVar[int] = 200
    body: ClassVar[Any] = {}
    headers_too: ClassVar[dict[str, str]] = {}
    seen: ClassVar[list[str]] = []

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.seen.append(f"{self.command} {self.path.partition('?')[0]}")
        is_page = isinstance(self.body, str)
        data = (self.body if is_page else json.dumps(self.body)).encode()
        self.send_response(self.status)
        self.send_header("content-type", "text/html" if is_page else "application/json")
        self.send_header("content-length", str(len(data)))
        self.send_header("set-cookie", f"{COOKIE}; HttpOnly")
        for name, value in self.headers_too.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def answering() -> Iterator[tuple[type[Answering], str]]:
    """Return the handler to set, and its server's address."""

    class Handler(Answering):
        seen: ClassVar[list[str]] = []

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Handler, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def failing(url: str, token: str = TOKEN) -> EmbedkitError:
    with pytest.raises(EmbedkitError) as raised:
        Server(url, token, timeout_s=5).import_tasks(3, [{"data": {}}])
    shown = str(raised.value) + "".join(traceback.format_exception(raised.value))
    assert token not in shown
    assert "c00c1e" not in shown
    return raised.value


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (401, {"detail": "Invalid token."}, EmbedkitError, "does not take the token: Invalid token."),
        (401, {"detail": f"Invalid token {TOKEN}."}, EmbedkitError, "does not take the token: Invalid token …."),
        (403, {"detail": "No."}, EmbedkitError, "does not allow it: No."),
        (404, {"detail": "No Project matches the given query."}, NotThere, "No Project matches"),
        (404, PAGE, NotThere, "send 1 tasks to project 3: it is not there, or no longer"),
        (400, {"detail": "Validation error", "validation_errors": {"title": ["Too short."]}}, Refused, "Too short."),
        (413, PAGE, EmbedkitError, "does not take so much at once"),
        (500, {"detail": "database is locked"}, AnswerLost, "answers 500: database is locked"),
        (502, PAGE, AnswerLost, "answers 502"),
        (429, {"detail": "slow"}, AnswerLost, "answers 429"),
        (200, PAGE, EmbedkitError, "answers with a page where data was expected"),
    ],
)
def test_every_answer_becomes_words_that_give_nothing_away(
    answering: tuple[type[Answering], str], status: int, body: Any, kind: type, message: str
) -> None:
    handler, url = answering
    handler.status, handler.body = status, body
    error = failing(url)
    assert type(error) is kind
    assert message in error.message
    assert handler.seen == ["POST /api/projects/3/import"], "an import must never be sent twice"


def test_what_the_sdk_has_no_method_for_is_sent_once_too(answering: tuple[type[Answering], str]) -> None:
    handler, url = answering
    handler.status, handler.body = 500, {"detail": "database is locked"}
    with pytest.raises(AnswerLost):
        Server(url, TOKEN, timeout_s=5).upload(3, {"a.jpg": b"jpeg", "b.jpg": b"jpeg"})
    assert handler.seen == ["POST /api/projects/3/import"]


def test_a_redirect_is_named_and_not_followed(answering: tuple[type[Answering], str]) -> None:
    handler, url = answering
    handler.status, handler.headers_too = 301, {"location": "https://labels.example.com/"}
    assert "leads on to https://labels.example.com/" in failing(url).message
    assert len(handler.seen) == 1


def test_a_stopped_server_is_named_with_its_address() -> None:
    error = failing("http://127.0.0.1:9")
    assert (type(error), "nothing answers at http://127.0.0.1:9" in error.message) == (NotSent, True)


def test_a_server_that_takes_too_long_may_still_be_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TimedOut, match="did not answer in time"):
            Server(url, TOKEN, timeout_s=0.3).import_tasks(3, [{"data": {}}])


def test_a_server_that_hangs_up_has_lost_the_answer() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as rude:

        def hang_up() -> None:
            connection, _ = rude.accept()
            connection.recv(100)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        error = failing(f"http://127.0.0.1:{rude.getsockname()[1]}")
        thread.join()
    assert type(error) is AnswerLost


def test_a_server_does_not_show_its_token() -> None:
    assert TOKEN not in repr(Server("http://localhost:8080", TOKEN))


@pytest.mark.parametrize(
    "url", ["localhost:8080", "", "ftp://x", "http://", "http://[", "http://a:b@host", "http://h?token=x", "http://h:0"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(Misuse):
        address_of(url)


def test_an_address_is_taken_as_people_copy_it() -> None:
    assert address_of(" https://labels.example.com/studio/ ") == "https://labels.example.com/studio"
    with pytest.raises(Misuse) as refused:
        address_of("http://localhost:8080/projects/3/data?tab=4")
    assert refused.value.hint == "Give --url http://localhost:8080"


def test_a_token_comes_from_a_file_or_the_environment_and_the_file_goes_first(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f" {TOKEN}\n")
    assert token_from({"LABEL_STUDIO_API_KEY": "other"}, tmp_path / "token") == TOKEN
    assert token_from({"LABEL_STUDIO_API_KEY": "other\n"}, None) == "other"


@pytest.mark.parametrize("content", [b"", b" \n", b"two words", b"two\nlines", b"\xff\xfe\x00", "schlüssel".encode()])
def test_what_is_no_token_is_refused_without_being_shown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(Misuse) as refused:
        token_from({}, tmp_path / "token")
    assert not [word for word in ("two", "lines", "schl") if word in str(refused.value)]
    with pytest.raises(Misuse, match="LABEL_STUDIO_API_KEY holds no token"):
        token_from({}, None)
