"""How a Label Studio is reached: its address, the token, and what its errors mean, in words that give nothing away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from embedkit.annotation.values import mapping
from embedkit.errors import EmbedkitError, Misuse

TOKEN_VARIABLE = "LABEL_STUDIO_API_KEY"
WHERE_TOKENS_ARE = "Label Studio shows it under Account & Settings, as Access Token (or Personal Access Token)."
LONGEST_DETAIL = 600
HIDDEN = "…"
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
"""What a personal access token, and the short-lived ones made from it, look like."""
BUSY_STATUS = frozenset({408, 409, 423, 429})


class AnswerLost(EmbedkitError):
    """No answer came that can be trusted: whether the request was carried out must be looked up."""


class NotSent(AnswerLost):
    """No connection came about: the request did not reach the server."""


class TimedOut(AnswerLost):
    """The server took too long, and may still be at work on the request."""


class Refused(EmbedkitError):
    """The server finds something wrong with what was sent."""


class NotThere(EmbedkitError):
    """The server is there, and what was asked about is not."""


def token_from(environ: Mapping[str, str], token_file: Path | None) -> str:
    """Return the token in a file or in LABEL_STUDIO_API_KEY; raises Misuse, without showing what it read."""
    where = str(token_file) if token_file else TOKEN_VARIABLE
    if token_file:
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError:
            raise Misuse(f"{token_file} holds no token: it is no text", WHERE_TOKENS_ARE) from None
    else:
        token = environ.get(TOKEN_VARIABLE, "").strip()
    if not token:
        raise Misuse(
            f"{where} holds no token for Label Studio",
            f"{WHERE_TOKENS_ARE} Put it into {TOKEN_VARIABLE}, or into a file and name that with --token-file.",
        )
    if not re.fullmatch(r"[\x21-\x7e]{1,4000}", token):
        raise Misuse(f"{where} holds more than a token: a token is one word of plain letters", WHERE_TOKENS_ARE)
    return token


def address_of(url: str) -> str:
    """Return a server's address without a slash at its end; raises Misuse for what is none."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Misuse(
            f"{url!r} is no server's address", "Give it as http://localhost:8080 or https://labels.example.com."
        )
    if "/projects" in parts.path or parts.path.rstrip("/").endswith("/api"):
        path = re.split(r"/projects|/api", parts.path)[0]
        root = parts._replace(path=path, query="", fragment="").geturl()
        raise Misuse(f"{url} is a page of Label Studio, not its address", f"Give --url {root}")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Misuse(
            "the server's address holds more than a host and a path",
            f"A token or password never goes there: see {TOKEN_VARIABLE} and --token-file.",
        )
    return parts.geturl().rstrip("/")


def failure(error: Exception, url: str, doing: str, secret: str = "") -> EmbedkitError:
    """Return what an error of the SDK or of httpx means, without the secret.

    The error's own text is never passed on: it holds headers, and among them a cookie that logs in.
    """
    meant = _meaning(error, url, doing)
    message = meant.message.replace(secret, HIDDEN) if secret else meant.message
    return type(meant)(_TOKEN.sub(HIDDEN, message), meant.hint)


def _meaning(error: Exception, url: str, doing: str) -> EmbedkitError:
    status = getattr(error, "status_code", None)
    if status is None:
        return _unreachable(error, url, doing)
    body, said = getattr(error, "body", None), detail(getattr(error, "body", None))
    if 300 <= status < 400:
        target = mapping(getattr(error, "headers", None)).get("location", "another address")
        return EmbedkitError(f"{url} leads on to {str(target)[:200]}", "Give that address as --url.")
    if status == 401:
        return EmbedkitError(f"{url} does not take the token{_in_words(said)}", WHERE_TOKENS_ARE)
    if status == 403:
        return EmbedkitError(f"{doing}: {url} does not allow it{_in_words(said)}", "Is the token that of another user?")
    if status == 404:
        # Label Studio answers an import into a project that is gone with a page for people.
        what = said or "it is not there, or no longer"
        return NotThere(f"{doing}: {what} ({url})", "See the project's number in its address: …/projects/NUMBER/data")
    if status == 413:
        return EmbedkitError(f"{doing}: {url} does not take so much at once", "Send less at a time: --batch 50")
    if status >= 500 or status in BUSY_STATUS:
        return AnswerLost(
            f"{doing}: {url} answers {status}{_in_words(said)}", "Its log says why. Run the command again."
        )
    if status >= 400:
        return Refused(f"{doing}: {url} answers {status}{_in_words(said)}")
    kind = "a page" if isinstance(body, str) else "something else"
    return EmbedkitError(f"{doing}: {url} answers with {kind} where data was expected", "Is that a Label Studio?")


def detail(body: Any) -> str:
    """Return what Label Studio says about an error, its list of causes included; "" for a page for people."""
    said = mapping(body)
    causes = said.get("validation_errors")
    if isinstance(causes, dict):
        parts = [
            one if name == "non_field_errors" else f"{name}: {one}"
            for name, values in causes.items()
            for one in (values if isinstance(values, list) else [values])
        ]
        return " ".join(" ".join(str(part) for part in parts).split())[:LONGEST_DETAIL]
    return " ".join(str(said.get("detail") or "").split())[:LONGEST_DETAIL]


def _unreachable(error: Exception, url: str, doing: str) -> EmbedkitError:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "TimeoutException" in kinds and "ConnectTimeout" not in kinds:
        return TimedOut(
            f"{doing}: {url} did not answer in time", "Run the command again: what arrived is not sent twice."
        )
    if kinds & {"ConnectError", "ConnectTimeout"}:
        cause = str(error) or "no connection"
        return NotSent(f"nothing answers at {url}: {cause}", "Is it running? Is that its address?")
    if "HTTPError" in kinds:
        return AnswerLost(
            f"{doing}: the connection to {url} broke off ({type(error).__name__})", "Run the command again."
        )
    return EmbedkitError(f"{doing}: {url} answers something that cannot be understood ({type(error).__name__})")


def _in_words(said: str) -> str:
    return f": {said}" if said else ""
