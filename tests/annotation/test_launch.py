"""A local Label Studio is started with a known log-in, told apart from strangers, and stopped; here with a stand-in."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from embedkit.annotation.launch import (
    LogIn,
    ServerSpec,
    environment,
    free_port,
    is_free,
    kept_log_in,
    listening_ports,
    running,
    start,
    stop,
    token_file,
)
from embedkit.errors import EmbedkitError

# Like the real one: takes the next port when its own is busy, and knows the token of its first start.
STAND_IN = f"""#!{sys.executable}
import http.server, json, os, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
home = os.environ["LABEL_STUDIO_BASE_DATA_DIR"]
first = os.path.join(home, "first-token")
if not os.path.exists(first):
    open(first, "w").write(os.environ["LABEL_STUDIO_USER_TOKEN"])
json.dump(dict(os.environ), open(os.path.join(home, "environment.json"), "w"))
if os.environ.get("BREAK"):
    sys.exit("no such table: users")

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.headers.get("Authorization") == "Token " + open(first).read()
        code = 401 if self.path.endswith("whoami") and not known else 200
        self.send_response(code)
        self.end_headers()
        self.wfile.write(b'{{"release": "1.23.2"}}')
    def log_message(self, *args):
        pass

while True:
    try:
        server = http.server.HTTPServer(("127.0.0.1", port), Handler)
        break
    except OSError:
        port += 1
try:
    server.serve_forever()
except KeyboardInterrupt:
    sys.exit(0)
"""


@pytest.fixture
def spec(tmp_path: Path) -> ServerSpec:
    executable = tmp_path / "label-studio"
    executable.write_text(STAND_IN)
    executable.chmod(0o755)
    return ServerSpec(executable, tmp_path / "data", ready_within_s=60)


def test_a_server_that_is_yielded_answers_and_is_gone_afterwards(spec: ServerSpec) -> None:
    with running(spec) as server:
        assert (server.version, is_free(int(server.url.rsplit(":", 1)[1]))) == ("1.23.2", False)
    assert server.process.returncode == 0
    assert is_free(int(server.url.rsplit(":", 1)[1]))


def test_a_path_that_starts_here_is_found_from_there(spec: ServerSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    home = spec.executable.parent
    monkeypatch.chdir(home.parent)
    stop(start(ServerSpec(Path(home.name, "label-studio"), Path(home.name, "data"))))
    assert (spec.data_dir / "server.log").exists()


def test_where_another_has_taken_the_port_the_address_is_still_that_of_our_own_child(spec: ServerSpec) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        with running(ServerSpec(spec.executable, spec.data_dir, port=taken)) as server:
            assert server.url != f"http://127.0.0.1:{taken}"
            assert listening_ports(server.process.pid) == [int(server.url.rsplit(":", 1)[1])]


def test_the_first_log_in_is_drawn_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    log_in = kept_log_in(tmp_path)
    assert kept_log_in(tmp_path) == log_in
    assert token_file(tmp_path).read_text().strip() == log_in.token
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    other = tmp_path / "other"
    other.mkdir()
    assert kept_log_in(other).password != log_in.password


def test_passwords_and_tokens_are_not_shown_by_accident() -> None:
    assert "secret" not in repr(LogIn("me@localhost", "secret-password", "secret-token"))


def test_the_child_sees_nothing_of_our_environment_that_it_would_take_for_a_setting(
    spec: ServerSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PORT", "HOST", "PASSWORD", "CI", "DEBUG", "LABEL_STUDIO_HOST", "PYTHONPATH", "SENTRY_DSN"):
        monkeypatch.setenv(name, "1")
    with running(spec):
        seen = json.loads((spec.data_dir / "environment.json").read_text())
    assert {"PORT", "HOST", "PASSWORD", "CI", "DEBUG", "LABEL_STUDIO_HOST", "PYTHONPATH"} & set(seen) == set()
    assert (seen["COLLECT_ANALYTICS"], seen["SENTRY_DSN"]) == ("false", "")
    assert stat.S_IMODE(spec.data_dir.stat().st_mode) == 0o700


def test_calls_to_this_machine_and_pictures_are_off_unless_asked_for(spec: ServerSpec, tmp_path: Path) -> None:
    log_in = LogIn("a@localhost", "b", "c")
    plain = environment(spec, spec.data_dir, log_in)
    assert {"SSRF_PROTECTION_ENABLED", "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED"} & set(plain) == set()
    asked = ServerSpec(spec.executable, spec.data_dir, pictures=tmp_path, calls_this_machine=True)
    assert environment(asked, spec.data_dir, log_in)["SSRF_PROTECTION_ENABLED"] == "false"
    assert environment(asked, spec.data_dir, log_in)["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"] == str(tmp_path)


def test_one_that_ends_at_once_is_an_error_with_the_end_of_its_log(spec: ServerSpec) -> None:
    broken = ServerSpec(spec.executable, spec.data_dir, settings={"BREAK": "1"})
    with pytest.raises(EmbedkitError, match="no such table: users"):
        start(broken)


def test_a_second_server_in_the_same_directory_is_refused_for_as_long_as_the_first_lives(spec: ServerSpec) -> None:
    server = start(spec)
    with pytest.raises(EmbedkitError, match="already runs"):
        start(spec)
    stop(server)
    stop(start(spec))


def test_a_directory_that_was_started_with_another_log_in_is_named_and_nothing_is_left_running(
    spec: ServerSpec,
) -> None:
    stop(start(spec))
    with pytest.raises(EmbedkitError, match="another log-in"):
        start(ServerSpec(spec.executable, spec.data_dir, log_in=LogIn("a@localhost", "b", "c" * 40)))
    stop(start(spec))


def test_a_directory_that_is_somebody_elses_label_studio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "label_studio.sqlite3").touch()
    with pytest.raises(EmbedkitError, match="not made by this command"):
        kept_log_in(tmp_path)


def test_a_missing_executable_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(EmbedkitError, match="pip install label-studio"):
        start(ServerSpec(tmp_path / "nothing", tmp_path / "data"))


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_it_is_and_ends_cleanly(spec: ServerSpec, ending: signal.Signals) -> None:
    port = free_port()
    command = [sys.executable, "-m", "embedkit.annotation.launch", "--executable", str(spec.executable)]
    command += ["--data-dir", str(spec.data_dir), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as launched:
        assert launched.stdout is not None
        said = [launched.stdout.readline() for _ in range(5)]
        launched.send_signal(ending)
        said += launched.stdout.readlines()
    assert launched.returncode == 0
    assert f"http://127.0.0.1:{port}" in "".join(said)
    assert kept_log_in(spec.data_dir).token not in "".join(said)
    assert "Stopped" in said[-1]
    assert is_free(port)
