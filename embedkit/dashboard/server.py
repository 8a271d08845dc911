"""Starts the small server of the dashboard, on this machine alone unless told otherwise; needs Streamlit."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import threading
from dataclasses import dataclass
from pathlib import Path

from embedkit.errors import EmbedkitError, Misuse
from embedkit.types import Say

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SETTINGS = {
    "BROWSER_GATHER_USAGE_STATS": "false",
    "CLIENT_SHOW_ERROR_DETAILS": "none",
    "CLIENT_SHOW_ERROR_LINKS": "false",
    "CLIENT_TOOLBAR_MODE": "minimal",
    "GLOBAL_DEVELOPMENT_MODE": "false",
    "LOGGER_HIDE_WELCOME_MESSAGE": "true",
    "RUNNER_MAGIC_ENABLED": "false",
    "SERVER_ENABLE_CORS": "true",
    "SERVER_ENABLE_STATIC_SERVING": "false",
    "SERVER_ENABLE_XSRF_PROTECTION": "true",
    "SERVER_FILE_WATCHER_TYPE": "none",
    "SERVER_HEADLESS": "true",
    "SERVER_MAX_UPLOAD_SIZE": "20",
    "SERVER_RUN_ON_SAVE": "false",
    "SERVER_SHOW_EMAIL_PROMPT": "false",
    "THEME_BASE": "light",
    "THEME_PRIMARY_COLOR": "#0060a8",
}
"""Streamlit's settings: nothing is sent to its makers, and nothing is asked of other hosts. Sizes are in MB."""


@dataclass(frozen=True)
class DashboardSpec:
    """Where to listen, and in which language the pages are."""

    host: str = "127.0.0.1"
    port: int = 8501
    lang: str = "en"


def run(root: Path, spec: DashboardSpec, say: Say) -> None:
    """Serve the dashboard of a workspace until it is stopped; raises EmbedkitError where it cannot."""
    if importlib.util.find_spec("streamlit") is None:
        raise EmbedkitError(
            "the dashboard needs Streamlit, which is not here",
            "In embedkit's source folder: pip install '.[dashboard]'",
        )
    check_free(spec.host, spec.port)
    os.environ.update(settings(spec))
    threading.Thread(target=_warm, args=(root.resolve(),), daemon=True).start()
    say(f"the dashboard of {root} is at http://{_in_address(spec.host)}:{spec.port}; Ctrl-C ends it")
    if spec.host not in LOOPBACK:
        say(f"note: {spec.host} is not this machine's own address, and the dashboard has no log-in:")
        say("whoever reaches it can read every listing, picture and answer of this workspace")
    script = Path(__file__).with_name("app.py")
    from streamlit import net_util
    from streamlit.web import cli

    # To judge where a request comes from, Streamlit may ask a web service for this machine's address: ours asks nobody.
    net_util.get_external_ip = lambda: None
    arguments = ["run", str(script), "--", "--workspace", str(root.resolve()), "--lang", spec.lang]
    cli.main(arguments, prog_name="streamlit", standalone_mode=False)


def settings(spec: DashboardSpec) -> dict[str, str]:
    """Return what Streamlit is told, as environment variables: they go before any file of settings it may find."""
    own = {"SERVER_ADDRESS": spec.host, "SERVER_PORT": str(spec.port)}
    if spec.host in LOOPBACK:
        # A page of some other site must not reach this one by a name that it points at this machine.
        own["SERVER_ALLOWED_HOSTS"] = " ".join(sorted(LOOPBACK))
    return {f"STREAMLIT_{name}": value for name, value in {**SETTINGS, **own}.items()}


def check_free(host: str, port: int) -> None:
    """Return quietly if the address can be listened on; raises Misuse for one that is taken or not this machine's."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise Misuse(
            f"cannot listen on {host}:{port}: {error.strerror}", "Name a free port of this machine: --port 8502"
        ) from error


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _warm(root: Path) -> None:
    """Load what the first page needs while nobody looks yet; what fails here is said on the page."""
    from embedkit.dashboard.snapshots import snapshots_of

    with contextlib.suppress(EmbedkitError):
        snapshots_of(root).current()
