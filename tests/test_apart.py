"""Work in a process of its own: its memory, its words, its errors, and its hold on the workspace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from embedkit.apart import apart
from embedkit.errors import EmbedkitError, SpaceMismatch, WorkspaceError
from embedkit.stores import lock
from embedkit.types import Progress, Say

MIB = 1 << 20


def fill(mib: int, say: Say, progress: Progress) -> int:
    """Have so much memory for a moment."""
    return len(b"\1" * (mib * MIB))


def chat(task: str, say: Say, progress: Progress) -> int:
    say(f"hello {task}")
    progress("steps", 1, 2)
    return os.getpid()


def mismatch(task: str, say: Say, progress: Progress) -> None:
    raise SpaceMismatch(["a"], "b", "Try c.")


def stumble(task: str, say: Say, progress: Progress) -> None:
    raise KeyError(task)


def unreadable(task: str, say: Say, progress: Progress) -> None:
    Path(task).read_bytes()


def killed(task: str, say: Say, progress: Progress) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def linger(seconds: float, say: Say, progress: Progress) -> None:
    say("begun")
    time.sleep(seconds)
    say("still here")
    Path(os.environ["HEARD"]).touch()


def run(tmp_path: Path, work: Any, task: Any) -> tuple[Any, int, list[Any]]:
    heard: list[Any] = []
    with lock.hold(tmp_path / ".lock", "test") as held:
        result, peak = apart(work, task, held, heard.append, lambda *args: heard.append(args))
    return result, peak, heard


def test_the_peak_is_that_of_the_work_alone(tmp_path: Path) -> None:
    ours = b"\1" * (300 * MIB)  # what this process has does not count
    small, little, _ = run(tmp_path, fill, 1)
    large, much, _ = run(tmp_path, fill, 200)
    assert (small, large, len(ours)) == (MIB, 200 * MIB, 300 * MIB)
    assert 190 * MIB < much - little < 210 * MIB
    assert little < 200 * MIB


def test_what_is_said_and_counted_over_there_is_heard_here(tmp_path: Path) -> None:
    process, _, heard = run(tmp_path, chat, "you")
    assert heard == ["hello you", ("steps", 1, 2)]
    assert process != os.getpid()


def test_an_error_keeps_its_message_hint_and_exit_code(tmp_path: Path) -> None:
    with pytest.raises(EmbedkitError, match="made for a; these features are in b") as caught:
        run(tmp_path, mismatch, "")
    assert (caught.value.hint, caught.value.exit_code) == ("Try c.", 1)
    with pytest.raises(EmbedkitError, match="nowhere: No such file"):
        run(tmp_path, unreadable, str(tmp_path / "nowhere"))


def test_a_fault_of_the_program_shows_where_it_happened(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"in stumble\n(.|\n)*KeyError: 'this'"):
        run(tmp_path, stumble, "this")


def test_a_process_that_is_killed_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(EmbedkitError, match="ended by signal SIGKILL; there may not have been enough memory"):
        run(tmp_path, killed, "")


def test_the_lock_outlives_a_program_that_is_killed_until_its_process_has_ended_too(tmp_path: Path) -> None:
    path, heard = tmp_path / ".lock", tmp_path / "heard"
    code = f"""
from pathlib import Path
from embedkit.apart import apart
from embedkit.stores import lock
from tests.test_apart import linger
if __name__ == "__main__":
    with lock.hold(Path({str(path)!r}), "test") as held:
        apart(linger, 3.0, held, lambda line: print(line, flush=True), lambda *args: None)
"""
    script = tmp_path / "program.py"
    script.write_text(code)
    places = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    program = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": places, "HEARD": str(heard)}
    )
    assert program.stdout is not None
    assert program.stdout.readline() == b"begun\n"
    program.kill()
    program.wait()
    with pytest.raises(WorkspaceError, match="is being written"), lock.hold(path, "other", wait_s=0.0):
        pass
    with lock.hold(path, "other", wait_s=20.0):
        assert not heard.exists()  # it ended when it found that nobody listened
