"""The catalogue database as it was a moment ago: a copy is read, so that no command ever waits for a reader.

While a process writes a DuckDB file no other can open it, and while one reads it no other can write. Copying takes no
lock. A copy that was taken while something was written is thrown away and taken again, and the last good one is kept.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

from embedkit.dashboard.reading import Reading
from embedkit.errors import WorkspaceError
from embedkit.workspace import Workspace

QUIET_S = 0.05
"""A file's time of change is no finer than a few milliseconds: one changed this recently may be changing still."""
TRIES, PAUSE_S = 40, 0.05
LEAST_AGE_S, COST_SHARE = 2.0, 10.0
"""A newer copy is taken when the last is this old, and ten times as old as it took to make."""

Seal = tuple[tuple[int, int, int] | None, ...]
"""Inode, size and time of change (ns) of the database and of its log; None for one that is not there."""


@dataclass(frozen=True)
class CopiedWorkspace(Workspace):
    """A workspace whose database is a copy; vectors, indexes, heads and reports are where they always are."""

    copy: Path

    @property
    def catalog(self) -> Path:
        return self.copy


@dataclass(frozen=True)
class Snapshot:
    """A copy of the database that can be read, what is read from it, and when it was taken; its files go with it."""

    workspace: CopiedWorkspace
    reading: Reading
    taken_at: datetime
    seal: Seal
    behind: str = ""

    @property
    def age_s(self) -> float:
        """How many seconds ago it was taken."""
        return (datetime.now(timezone.utc) - self.taken_at).total_seconds()


@dataclass
class Snapshots:
    """Hands out the newest snapshot of one workspace; shared by all who look at it."""

    root: Path
    least_age_s: float = LEAST_AGE_S
    cost_share: float = COST_SHARE
    _last: Snapshot | None = None
    _next_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def current(self) -> Snapshot:
        """Return the newest snapshot, or the last good one with `behind` saying why there is no newer.

        Raises WorkspaceError where there is no catalogue, or none that could ever be read.
        """
        with self._lock:
            seal = seal_of(self.root)
            if self._last is not None and not self._last.behind and seal == self._last.seal:
                return self._last
            if self._last is not None and time.monotonic() < self._next_at:
                return self._last
            started = time.monotonic()
            try:
                self._last = self._take()
            except WorkspaceError as error:
                if self._last is None:
                    raise
                self._last = replace(self._last, behind=error.message)
            cost_s = time.monotonic() - started
            self._next_at = time.monotonic() + max(self.least_age_s, self.cost_share * cost_s)
            return self._last

    def changed(self) -> bool:
        """Return whether the workspace has changed since the last snapshot; copies nothing."""
        last = self._last
        return last is None or seal_of(self.root) != last.seal

    def _take(self) -> Snapshot:
        """Return a new snapshot; raises WorkspaceError if there is nothing to copy, or no copy is whole."""
        source = Workspace(self.root)
        source.require()
        failed = WorkspaceError(f"{source.catalog} is written all the time", "It is tried again.")
        for _ in range(TRIES):
            seal = seal_of(self.root)
            if _is_quiet(seal):
                copy = Path(tempfile.mkdtemp(prefix="embedkit-dashboard-")) / source.catalog.name
                try:
                    _copy(source.catalog, copy)
                    if seal_of(self.root) == seal:
                        return self._opened(copy, seal)
                except OSError as error:  # a log that was folded into the database meanwhile, or a full disk
                    failed = WorkspaceError(f"{source.catalog} cannot be copied: {error.strerror}")
                except WorkspaceError as error:
                    failed = _of_source(error, copy, source.catalog)
                    if seal_of(self.root) == seal:
                        raise failed from error
                shutil.rmtree(copy.parent, ignore_errors=True)
            time.sleep(PAUSE_S)
        raise failed

    def _opened(self, copy: Path, seal: Seal) -> Snapshot:
        """Return the snapshot of a copy that can be read; it is brought up to date as no workspace here would be."""
        workspace = CopiedWorkspace(self.root, copy)
        weakref.finalize(workspace, shutil.rmtree, copy.parent, True)
        workspace.database().migrate()
        snapshot = Snapshot(workspace, Reading(workspace), datetime.now(timezone.utc), seal)
        snapshot.reading.front  # noqa: B018  it proves that the copy can be read
        return snapshot


@cache
def snapshots_of(root: Path) -> Snapshots:
    """Return the snapshots of a workspace, the same for everybody in this process."""
    return Snapshots(root)


def seal_of(root: Path) -> Seal:
    """Return what tells one state of a workspace's database from another."""
    catalog = Workspace(root).catalog
    return tuple(_stat(path) for path in (catalog, _log_of(catalog)))


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _log_of(catalog: Path) -> Path:
    return catalog.with_name(catalog.name + ".wal")


def _is_quiet(seal: Seal) -> bool:
    """Return whether nothing was written just now."""
    ages_s = [time.time() - one[2] / 1e9 for one in seal if one is not None]
    return not any(0 <= age_s < QUIET_S for age_s in ages_s)


def _copy(catalog: Path, to: Path) -> None:
    """Copy the database and its log; raises OSError."""
    shutil.copyfile(catalog, to)
    log = _log_of(catalog)
    if log.exists():
        shutil.copyfile(log, _log_of(to))


def _of_source(error: WorkspaceError, copy: Path, source: Path) -> WorkspaceError:
    """Return the error as one of the file that was copied."""
    return WorkspaceError(error.message.replace(str(copy), str(source)), error.hint)
