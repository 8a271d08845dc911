"""A Label Studio on this machine: started with a log-in that is known, asked whether it is ours, and stopped again.

`python -m embedkit.annotation.launch` starts one for people, until Ctrl-C. The defaults of Label Studio are not kept
where they surprise: it listens on this machine only, tells nobody that it runs, and lets nobody sign up without a link.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from embedkit.errors import EmbedkitError, Misuse

HOST = "127.0.0.1"
USER = "reviewer@localhost"
PORT = 8080
POLL_S = 0.2
# Label Studio reads nearly every setting also without its prefix (PORT, HOST, PASSWORD, CI, DEBUG ...), so a child
# gets only what it needs to run at all.
INHERITED = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR"})
QUIET = {
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "COLLECT_ANALYTICS": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "LATEST_VERSION_CHECK": "false",
    "LOG_LEVEL": "WARNING",
}


@dataclass(frozen=True)
class LogIn:
    """Who logs in to the pages, and the legacy token (40 characters) that programs use."""

    user: str
    password: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True)
class ServerSpec:
    """What to start, and where it keeps everything.

    `port` 0 takes a free one. Without a `log_in`, one is drawn at the first start and kept in the data directory.
    `pictures` is a folder that it may show files from. `calls_this_machine` lets it call webhooks and ML backends on
    private addresses, which it refuses otherwise.
    """

    executable: Path
    data_dir: Path
    port: int = 0
    log_in: LogIn | None = None
    pictures: Path | None = None
    calls_this_machine: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    ready_within_s: float = 600.0


@dataclass(frozen=True)
class LocalServer:
    """A Label Studio that runs: where, the log-in, the version, its process and its log."""

    url: str
    log_in: LogIn
    version: str
    process: subprocess.Popen[bytes] = field(repr=False)
    log: Path


@contextmanager
def running(spec: ServerSpec) -> Iterator[LocalServer]:
    """Yield a server that answers and is ours, and stop it at the end."""
    server = start(spec)
    try:
        yield server
    finally:
        stop(server)


def start(spec: ServerSpec) -> LocalServer:
    """Return a server that answers and is ours; raises EmbedkitError with the end of its log if it does not come up.

    The first start in a data directory makes a database, which takes a minute.
    """
    executable = shutil.which(spec.executable)
    if executable is None:
        raise EmbedkitError(
            f"there is no Label Studio at {spec.executable}",
            "Install it in an environment of its own: python -m venv .venv-label-studio && "
            ".venv-label-studio/bin/pip install label-studio",
        )
    data_dir = spec.data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o700)  # the secret key, the answers and the log-in lie here
    log_in = spec.log_in or kept_log_in(data_dir)
    log = data_dir / "server.log"
    lock = _taken(data_dir)
    command = [
        os.path.abspath(executable),
        "start",
        "--no-browser",
        "--internal-host",
        HOST,
        "--port",
        str(spec.port or free_port()),
    ]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=environment(spec, data_dir, log_in),
            cwd=data_dir,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for whoever started it, who then stops it in its own time
            pass_fds=(lock,),
        )
    os.close(lock)
    try:
        url = _wait(process, log, spec.ready_within_s)
        version = _version(url, log_in, data_dir)
    except BaseException:
        _end(process)
        raise
    return LocalServer(url, log_in, version, process, log)


def stop(server: LocalServer, within_s: float = 15.0) -> int:
    """End a server cleanly and return its exit code: 0, or -9 for one that had to be killed."""
    return _end(server.process, within_s)


def kept_log_in(data_dir: Path) -> LogIn:
    """Return the log-in of a data directory: the one kept there (readable by its owner only), or a new one, kept."""
    path = data_dir / "log-in.json"
    if path.exists():
        return LogIn(**json.loads(path.read_text(encoding="utf-8")))
    if (data_dir / "label_studio.sqlite3").exists():
        raise EmbedkitError(
            f"{data_dir} holds a Label Studio that was not made by this command: its log-in is not known",
            "Name a new directory with --data-dir.",
        )
    log_in = LogIn(USER, secrets.token_urlsafe(12), secrets.token_hex(20))
    _write_private(token_file(data_dir), log_in.token + "\n")
    _write_private(path, json.dumps(asdict(log_in), indent=2) + "\n")
    return log_in


def token_file(data_dir: Path) -> Path:
    """Return where the token of a data directory's log-in is kept."""
    return data_dir / "token"


def environment(spec: ServerSpec, data_dir: Path, log_in: LogIn) -> dict[str, str]:
    """Return all that the child sees: little of our own environment, and every setting that matters said outright."""
    inherited = {name: value for name, value in os.environ.items() if name in INHERITED or name.startswith("LC_")}
    own = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data_dir),
        "LABEL_STUDIO_USERNAME": log_in.user,
        "LABEL_STUDIO_PASSWORD": log_in.password,
        "LABEL_STUDIO_USER_TOKEN": log_in.token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",  # counts at the first start of a data directory only
        "XDG_DATA_HOME": str(data_dir / "xdg"),
        "XDG_CONFIG_HOME": str(data_dir / "xdg"),
    }
    if spec.pictures is not None:
        own["LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED"] = "true"
        own["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"] = str(spec.pictures.resolve())
    if spec.calls_this_machine:
        own |= {"SSRF_PROTECTION_ENABLED": "false", "ML_BLOCK_LOCAL_IP": "false"}
    return {**inherited, **QUIET, **own, **spec.settings}


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Return whether nobody listens on this port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


def listening_ports(pid: int) -> list[int]:
    """Return the TCP ports that a process of ours listens on, from the kernel's own tables."""
    sockets = set()
    with suppress(FileNotFoundError):  # it may end while we look
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                sockets.add(os.readlink(descriptor))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = "0A"
    return sorted(
        int(row[1].split(":")[1], 16) for row in rows if row[3] == listening and f"socket:[{row[9]}]" in sockets
    )


def _taken(data_dir: Path) -> int:
    """Return a descriptor that locks a data directory for as long as the child that inherits it lives."""
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise EmbedkitError(
            f"a Label Studio already runs in {data_dir}", "Stop that one, or name another directory with --data-dir."
        ) from None
    return descriptor


def _wait(process: subprocess.Popen[bytes], log: Path, within_s: float) -> str:
    """Return the address that the child itself serves: asked for a busy port, it silently takes another."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EmbedkitError(f"Label Studio ended with {process.returncode}:\n{_tail(log)}", f"Its log: {log}")
        for port in listening_ports(process.pid):
            url = f"http://{HOST}:{port}"
            with suppress(OSError, urllib.error.URLError):
                if _get(f"{url}/health")[0] == 200:
                    return url
        time.sleep(POLL_S)
    raise EmbedkitError(f"Label Studio did not answer within {within_s:g} s:\n{_tail(log)}", f"Its log: {log}")


def _version(url: str, log_in: LogIn, data_dir: Path) -> str:
    """Return the server's version; raises EmbedkitError if it does not know the log-in."""
    try:
        _get(f"{url}/api/current-user/whoami", log_in.token)
    except urllib.error.HTTPError as error:
        raise EmbedkitError(
            f"the Label Studio of {data_dir} answers {error.code} to the token of {log_in.user}: "
            "it was first started with another log-in, or without legacy tokens",
            "Name a new data directory.",
        ) from error
    return str(json.loads(_get(f"{url}/api/version")[1])["release"])


def _get(url: str, token: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Authorization": f"Token {token}"} if token else {})
    # No proxy of the environment stands between two processes of one machine.
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return answer.status, answer.read()


def _end(process: subprocess.Popen[bytes], within_s: float = 15.0) -> int:
    """Interrupt a process, which is Label Studio's clean end, and kill it if it does not listen; return its code."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read, from its first moment on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def main(arguments: list[str] | None = None) -> int:
    """Run a server until Ctrl-C or SIGTERM, saying where it is and how to send it something."""
    parser = argparse.ArgumentParser("python -m embedkit.annotation.launch", description=main.__doc__)
    parser.add_argument("--executable", type=Path, default=Path("label-studio"), help="[default: label-studio]")
    parser.add_argument("--data-dir", type=Path, default=Path(".label-studio"), help="[default: .label-studio]")
    parser.add_argument("--port", type=int, default=PORT, help=f"[default: {PORT}, or a free one]")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="a folder of pictures that it may show files from")
    parser.add_argument(
        "--live",
        action="store_true",
        help="let it call embedkit serve-annotations on this machine or a private network",
    )
    given: Any = parser.parse_args(arguments)
    if given.pictures is not None and not given.pictures.is_dir():
        raise Misuse(f"{given.pictures} is no folder")
    port = given.port if is_free(given.port) else free_port()
    spec = ServerSpec(given.executable, given.data_dir, port, None, given.pictures, given.live)
    for ending in (signal.SIGINT, signal.SIGTERM):  # started in the background, a shell has Ctrl-C ignored
        signal.signal(ending, signal.default_int_handler)
    _say("Starting Label Studio; the first start takes a minute ...")
    try:
        with running(spec) as server:
            for line in _welcome(server, given.data_dir):
                _say(line)
            server.process.wait()
        _say(f"Label Studio ended by itself; its log: {server.log}")
        return 1
    except KeyboardInterrupt:
        _say(f"Stopped. Projects and answers stay in {given.data_dir}; the same command starts it again.")
        return 0


def _welcome(server: LocalServer, data_dir: Path) -> list[str]:
    token = token_file(data_dir)
    return [
        f"Label Studio {server.version} is at {server.url}",
        f"    log in as   {server.log_in.user}",
        f"    password    {server.log_in.password}",
        "Send it what people should look at, and take in their answers, from another terminal:",
        f"    embedkit export-tasks --url {server.url} --token-file {token}",
        f"    embedkit import-labels --url {server.url} --token-file {token}",
        "Ctrl-C stops it.",
    ]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except EmbedkitError as error:
        sys.exit(str(error))
