"""The command itself: errors, exit codes, help."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from embedkit.cli.main import VERBS, main


def run(*args: str, **kwargs: object) -> object:
    return CliRunner().invoke(main, list(args), **kwargs)  # type: ignore[arg-type]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert f"embedkit {verb}" in result.output.split("Options:")[0].split("Usage:")[1].split("\n", 1)[1]


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_says_what_it_is_for(verb: str) -> None:
    with click.Context(main) as ctx:
        command = main.get_command(ctx, verb)
    unexplained = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert set(unexplained) <= {"seed", "precision", "promise"}


@pytest.mark.parametrize(
    ("args", "exit_code", "message"),
    [
        (["train"], 1, "holds no catalogue"),
        (["classify"], 1, "embedkit index CATALOGUE"),
        (["search", "mug"], 1, "holds no catalogue"),
        (["heads"], 1, "holds no catalogue"),
        (["status"], 1, "holds no catalogue"),
        (["search"], 2, "give one of QUERY, --image FILE or --like KEY"),
        (["search", "mug", "--like", "L-1"], 2, "give one of QUERY"),
        (["index", "nowhere.csv"], 2, "'nowhere.csv' does not exist"),
        (["search", " "], 2, "QUERY is empty"),
        (["status", "-w", "/dev/null/here"], 1, "/dev/null/here"),
        (["train", "--head", "oracle"], 2, "'oracle' is not one of"),
        (["classify", "--promise", "1.5"], 2, "1.5 is not in the range"),
        (["frobnicate"], 2, "No such command"),
    ],
)
def test_misuse_is_named_and_exits_with_its_own_code(
    args: list[str], exit_code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*args)
    assert (result.exit_code, message in result.output) == (exit_code, True), result.output
    assert list(tmp_path.iterdir()) == []


def test_an_error_is_a_message_and_a_hint_on_stderr_without_a_traceback(tmp_path: Path) -> None:
    result = run("status", "-w", str(tmp_path))
    assert result.stdout == ""
    assert result.stderr == (
        f"Error: {tmp_path} holds no catalogue\nMake one: embedkit index CATALOGUE --workspace {tmp_path}\n"
        "Or name the workspace you mean: -w DIR\n"
    )


def test_the_workspace_may_come_from_the_environment(tmp_path: Path) -> None:
    result = run("status", env={"EMBEDKIT_WORKSPACE": str(tmp_path / "mine")})
    assert str(tmp_path / "mine") in result.stderr
