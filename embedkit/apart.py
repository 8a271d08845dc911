"""Work in a process of its own, so that the memory it takes is its own too."""

from __future__ import annotations

import multiprocessing
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, TypeVar

from embedkit.errors import EmbedkitError
from embedkit.stores.lock import WorkspaceLock
from embedkit.types import Progress, Say

T = TypeVar("T")
PATIENCE_S = 20.0
"""How long a process may take to store what it has when it is told to end."""
STATUS = Path("/proc/self/status")


def apart(
    work: Callable[[Any, Say, Progress], T], task: Any, held: WorkspaceLock, say: Say, progress: Progress
) -> tuple[T, int]:
    """Return what `work(task, say, progress)` returns in a fresh process, and the most memory it had, in bytes.

    That is resident memory, with Python and its libraries. What the work says and counts is passed on; its errors are
    raised here. The process shares the workspace's lock: if this one is killed, the lock lasts until both have ended.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(work, task, there, _Kept(held.descriptor)))
    with _deaf_to_ctrl_c():  # this process hears it, and ends the other in good order
        process.start()
    there.close()
    try:
        while True:
            try:
                kind, *rest = here.recv()
            except EOFError:
                process.join()
                raise EmbedkitError(_end(process.exitcode)) from None
            if kind == "done":
                return rest[0], rest[1]
            if kind == "failed":
                raise EmbedkitError(*rest)
            if kind == "broken":
                raise RuntimeError(f"in a process of its own:\n{rest[0]}")
            (say if kind == "say" else progress)(*rest)
    finally:
        here.close()  # the next word of a process that goes on fails, and so it ends
        process.join(PATIENCE_S)
        if process.is_alive():
            process.terminate()
            process.join()
        process.close()


def peak_bytes() -> int:
    """Return the most resident memory that this process has had.

    From the kernel's VmHWM where there is one: getrusage's ru_maxrss starts from what the parent had before the exec.
    """
    if STATUS.exists():
        for line in STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _serve(work: Callable[[Any, Say, Progress], Any], task: Any, there: Connection, kept: object) -> None:
    """Do the work and tell how it went; runs in the other process."""
    try:
        result = work(task, lambda line: there.send(("say", line)), lambda *args: there.send(("progress", *args)))
        there.send(("done", result, peak_bytes()))
    except BrokenPipeError:
        return  # nobody listens any more
    except EmbedkitError as error:
        there.send(("failed", error.message, error.hint, error.exit_code))
    except OSError as error:
        there.send(("failed", f"{error.filename}: {error.strerror}" if error.filename else str(error)))
    except Exception:  # noqa: BLE001
        there.send(("broken", traceback.format_exc()))


class _Kept:
    """A file descriptor that is open in the other process, too, until it ends."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __reduce__(self) -> tuple[Any, ...]:
        return _Kept, (DupFd(self.descriptor),)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Start processes that do not hear Ctrl-C; only a program's main thread can, elsewhere they hear it."""
    try:
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _end(code: int | None) -> str:
    name = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
    enough = "; there may not have been enough memory" if code == -signal.SIGKILL else ""
    return f"a process of the comparison ended by {name}{enough}"
