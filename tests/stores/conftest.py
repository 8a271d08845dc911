"""Small worlds for the stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedkit.stores import lock
from embedkit.stores.database import Database
from embedkit.stores.items import ItemRow, commit_items, load_stored, plan_items
from embedkit.stores.lock import WorkspaceLock
from embedkit.stores.shards import FeatureStore


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Return an empty database, up to date; it waits only briefly for others."""
    made = Database(tmp_path / "catalog.duckdb", wait_s=0.3)
    made.create()
    return made


@pytest.fixture
def store(database: Database, tmp_path: Path) -> FeatureStore:
    return FeatureStore(database, tmp_path / "features")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[WorkspaceLock]:
    with lock.hold(tmp_path / ".lock", "index") as lock_held:
        yield lock_held


@pytest.fixture
def index_catalogue(database: Database) -> Callable[[list[ItemRow]], None]:
    """Return a function that makes the stored items those of a catalogue."""

    def commit(rows: list[ItemRow]) -> None:
        with database.connect(read_only=False) as connection:
            commit_items(connection, 1, plan_items(load_stored(connection), rows))

    return commit
