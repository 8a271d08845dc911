"""One writing verb at a time in a workspace; the kernel lets go of the lock when its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedkit.errors import WorkspaceError

PAUSE_S = 0.1


@dataclass(frozen=True)
class WorkspaceLock:
    """Proof that this process alone writes to the workspace; what must not run beside a writer asks for it.

    A process that is given the open `descriptor` holds the lock along with this one.
    """

    path: Path
    descriptor: int = -1


@contextmanager
def hold(path: Path, verb: str, wait_s: float = 5.0) -> Iterator[WorkspaceLock]:
    """Yield the lock of a workspace, held until the block ends; WorkspaceError names the holder after a short wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        deadline = time.monotonic() + wait_s
        while not _taken(descriptor):
            if time.monotonic() > deadline:
                holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip()
                raise WorkspaceError(
                    f"{path.parent} is being written by {holder or 'another process'}; waited {wait_s:g} s",
                    "Run the command again when that one has ended.",
                )
            time.sleep(PAUSE_S)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"embedkit {verb} (process {os.getpid()})\n".encode(), 0)
        yield WorkspaceLock(path, descriptor)
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    """Return whether the lock is ours now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
