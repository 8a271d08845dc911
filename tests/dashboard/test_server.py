"""Starting the dashboard: on this machine alone, telling nobody, and saying what stands in the way."""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from embedkit.cli.main import main
from embedkit.dashboard.server import DashboardSpec, check_free, run, settings
from embedkit.errors import Misuse


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that Streamlit would have been started with; it is not."""
    asked: list[list[str]] = []
    cli = pytest.importorskip("streamlit.web.cli")
    monkeypatch.setattr(cli, "main", lambda arguments, **how: asked.append(arguments))
    monkeypatch.setattr("embedkit.dashboard.server.os.environ", {})
    return asked


def test_without_streamlit_the_command_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = CliRunner().invoke(main, ["dashboard", "-w", str(tmp_path)])
    assert result.exit_code == 1
    assert "pip install '.[dashboard]'" in result.output


def test_it_listens_on_this_machine_alone_unless_told_otherwise() -> None:
    assert settings(DashboardSpec())["STREAMLIT_SERVER_ADDRESS"] == "127.0.0.1"


def test_it_tells_nobody_and_watches_no_file() -> None:
    told = settings(DashboardSpec(port=8600))
    assert told["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"
    assert told["STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION"] == "true"
    assert told["STREAMLIT_SERVER_FILE_WATCHER_TYPE"] == "none"
    assert told["STREAMLIT_SERVER_PORT"] == "8600"


def test_streamlit_knows_every_setting() -> None:
    config = pytest.importorskip("streamlit.config")
    known = {option.env_var for option in config.get_config_options().values()}
    if "STREAMLIT_SERVER_ALLOWED_HOSTS" not in known:
        pytest.skip("an older Streamlit, which knows fewer settings")
    assert set(settings(DashboardSpec())) <= known


def test_a_port_that_is_taken_is_said_with_the_option_that_helps() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Misuse, match="cannot listen on"):
            check_free("127.0.0.1", taken.getsockname()[1])


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(Misuse, match=r"192\.0\.2\.1"):
        check_free("192.0.2.1", 8501)


def said_by(started: Any, root: Path, host: str) -> str:
    lines: list[str] = []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run(root, DashboardSpec(host=host, port=port, lang="en"), lines.append)
    return "\n".join(lines)


def test_it_says_where_it_is_and_how_to_end_it(started: list[list[str]], tmp_path: Path) -> None:
    said = said_by(started, tmp_path, "127.0.0.1")
    assert "http://127.0.0.1:" in said
    assert "Ctrl-C" in said
    assert "log-in" not in said


def test_an_address_that_others_reach_comes_with_a_warning(started: list[list[str]], tmp_path: Path) -> None:
    assert "no log-in" in said_by(started, tmp_path, "0.0.0.0")


def test_the_script_is_told_the_workspace_and_the_language(started: list[list[str]], tmp_path: Path) -> None:
    said_by(started, tmp_path, "127.0.0.1")
    assert started[0][-4:] == ["--workspace", str(tmp_path), "--lang", "en"]


def test_nobody_is_asked_for_this_machine_s_address(started: list[list[str]], tmp_path: Path) -> None:
    said_by(started, tmp_path, "127.0.0.1")
    net_util = pytest.importorskip("streamlit.net_util")
    assert net_util.get_external_ip() is None


def test_its_help_names_the_extra_and_the_risk() -> None:
    shown = CliRunner().invoke(main, ["dashboard", "--help"]).output
    assert "pip install '.[dashboard]'" in " ".join(shown.split())
    assert "no log-in" in " ".join(shown.split())
