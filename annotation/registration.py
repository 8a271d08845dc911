"""Telling a Label Studio project about the service: where to send webhooks, and where to ask for predictions."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from embedkit.annotation.connection import ONCE
from embedkit.annotation.events import ACTIONS
from embedkit.annotation.server import Server
from embedkit.errors import EmbedkitError

TITLE = "embedkit"
USER = "embedkit"
"""Whose password the secret is: Label Studio's ML connection sends no other header."""


def register(server: Server, project_id: int, address: str, secret: str, header: str) -> list[str]:
    """Make the project send webhooks to an address and ask it for predictions; return what was done.

    Done twice, it is done once. The service must answer already, for Label Studio calls it at once. Raises
    EmbedkitError where Label Studio will not call such an address.
    """
    try:
        return [
            _webhook(server, project_id, f"{address}/webhook", {header: secret} if secret else {}),
            _model(server, project_id, address, secret),
        ]
    except EmbedkitError as error:
        if "reserved network address" not in error.message:
            raise
        raise EmbedkitError(
            f"{server.url} does not call {urlsplit(address).hostname}: by default Label Studio calls no address of its "
            "own machine or of a private network",
            "Start it with SSRF_PROTECTION_ENABLED=false and ML_BLOCK_LOCAL_IP=false in its environment (python -m "
            "embedkit.annotation.launch --live does so). It then calls whatever address its users give it.",
        ) from None


def _webhook(server: Server, project_id: int, url: str, headers: dict[str, str]) -> str:
    settings: Any = {
        "url": url,
        "send_payload": True,
        "send_for_all_actions": False,
        "actions": list(ACTIONS),
        "headers": headers,
        "is_active": True,
    }
    with server.asking(f"make a webhook of project {project_id}"):
        there = [one for one in server.sdk.webhooks.list(project=str(project_id)) if one.url == url and one.id]
        for one in there:
            server.sdk.webhooks.update(int(one.id or 0), **settings)
        if not there:
            server.sdk.webhooks.create(project=project_id, **settings, request_options=ONCE)
    return f"answers are sent to {url}" + (" (as before)" if there else "")


def _model(server: Server, project_id: int, url: str, secret: str) -> str:
    secured = {"auth_method": "BASIC_AUTH", "basic_auth_user": USER, "basic_auth_pass": secret}
    settings: Any = {"url": url, "title": TITLE, **(secured if secret else {"auth_method": "NONE"})}
    with server.asking(f"connect project {project_id} with {url}"):
        there = [one for one in server.sdk.ml.list(project=project_id) if one.url == url and one.id]
        for one in there:
            server.sdk.ml.update(int(one.id or 0), project=project_id, **settings)
        if not there:
            server.sdk.ml.create(project=project_id, **settings, request_options=ONCE)
    return f"predictions are asked of {url}" + (" (as before)" if there else "")
