"""Listings: what changed, and who they are for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from embedkit.errors import CatalogError
from embedkit.stores.database import Database
from embedkit.stores.items import ItemRow, commit_items, find_key, load_items, load_stored, plan_items

Commit = Callable[[list[ItemRow]], None]
MUG = ItemRow("a", "Mug", "A blue mug", "a.jpg", 10, 1, ("Home", "Mugs"), {"price": 3.5}, b"\1" * 32, b"\2" * 32)
LAMP = ItemRow("b", "Lamp", category=("Home",))


def test_what_was_stored_comes_back(database: Database, index_catalogue: Commit) -> None:
    index_catalogue([MUG._replace(title="кружка 🫖 'n\"\0;--")])
    with database.connect(read_only=True) as connection:
        (item,) = load_items(connection)
    assert item.title == "кружка 🫖 'n\"\0;--"
    assert (item.item_id, item.key, item.category, item.attributes) == (1, "a", ("Home", "Mugs"), {"price": 3.5})
    assert (item.image_sha256, item.text_sha256) == (b"\1" * 32, b"\2" * 32)


def test_a_catalogue_read_again_changes_nothing(database: Database, index_catalogue: Commit) -> None:
    index_catalogue([MUG, LAMP])
    with database.connect(read_only=True) as connection:
        changes = plan_items(load_stored(connection), [LAMP, MUG])
    assert (changes.unchanged, changes.rows_to_write) == (2, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Cup"},
        {"text": ""},
        {"category": ("Home",)},
        {"attributes": {"price": 4}},
        {"picture": None},
        {"image_sha256": b"\3" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
def test_each_part_of_a_listing_counts_as_a_change(
    database: Database, index_catalogue: Commit, change: dict[str, object]
) -> None:
    index_catalogue([MUG])
    with database.connect(read_only=True) as connection:
        changes = plan_items(load_stored(connection), [MUG._replace(**change)])  # type: ignore[arg-type]
    assert len(changes.changed) == 1


def test_a_picture_file_only_touched_is_noted_but_is_no_change(database: Database, index_catalogue: Commit) -> None:
    index_catalogue([MUG])
    index_catalogue([MUG._replace(picture_mtime_ns=2)])
    with database.connect(read_only=True) as connection:
        stored = load_stored(connection)["a"]
        changes = plan_items({"a": stored}, [MUG._replace(picture_mtime_ns=3)])
    assert stored.row.picture_mtime_ns == 2
    assert (changes.unchanged, changes.changed) == (1, [])


def test_a_vanished_listing_is_gone_and_one_that_returns_keeps_its_id(
    database: Database, index_catalogue: Commit
) -> None:
    index_catalogue([MUG, LAMP])
    index_catalogue([LAMP])
    with database.connect(read_only=True) as connection:
        assert [item.key for item in load_items(connection)] == ["b"]
    index_catalogue([LAMP, MUG])
    with database.connect(read_only=True) as connection:
        assert find_key(connection, "a") == 1


def test_a_new_listing_never_takes_the_id_of_one_gone(database: Database, index_catalogue: Commit) -> None:
    index_catalogue([MUG])
    index_catalogue([])
    index_catalogue([LAMP])
    with database.connect(read_only=True) as connection:
        assert [item.item_id for item in load_items(connection)] == [2]


def test_an_attribute_that_is_not_a_number_stays_unchanged(database: Database, index_catalogue: Commit) -> None:
    row = MUG._replace(attributes={"price": float("nan")})
    index_catalogue([row])
    with database.connect(read_only=True) as connection:
        assert plan_items(load_stored(connection), [row]).unchanged == 1


def test_a_key_that_occurs_twice_is_refused() -> None:
    with pytest.raises(CatalogError, match="'a' occurs 2 times"):
        plan_items({}, [MUG, LAMP, MUG])


def test_a_commit_that_fails_half_way_writes_nothing(database: Database) -> None:
    bad = LAMP._replace(title=None)  # type: ignore[arg-type]
    with database.connect(read_only=False) as connection:
        with pytest.raises(Exception, match="NOT NULL"):
            commit_items(connection, 1, plan_items({}, [MUG, bad]))
        assert load_stored(connection) == {}


def test_items_come_in_the_order_asked_for(database: Database, index_catalogue: Commit) -> None:
    index_catalogue([ItemRow(key) for key in "abcd"])
    with database.connect(read_only=True) as connection:
        assert [item.key for item in load_items(connection, [3, 99, 1])] == ["c", "a"]
        assert load_items(connection, []) == []


def test_twenty_thousand_listings_are_committed_and_compared_quickly(database: Database) -> None:
    rows = [ItemRow(str(n), "title", "text " * 20, attributes={"price": n}) for n in range(20_000)]
    start = time.perf_counter()
    with database.connect(read_only=False) as connection:
        commit_items(connection, 1, plan_items(load_stored(connection), rows))
        assert plan_items(load_stored(connection), rows).unchanged == 20_000
    assert time.perf_counter() - start < 10
