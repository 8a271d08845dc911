"""Listings in the database: what changed since last time, and the newest state of each."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from embedkit.errors import CatalogError
from embedkit.stores.database import Connection, atomic, fetch, insert, next_id
from embedkit.types import Int64, Item


class ItemRow(NamedTuple):
    """One listing as read, before it has an id."""

    key: str
    title: str = ""
    text: str = ""
    picture: str | None = None
    picture_size: int | None = None
    picture_mtime_ns: int | None = None
    category: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = {}
    image_sha256: bytes | None = None
    text_sha256: bytes | None = None


class StoredItem(NamedTuple):
    """The newest version of a listing, whether or not the catalogue still has it."""

    item_id: int
    version: int
    gone: bool
    row: ItemRow


@dataclass(frozen=True)
class Changes:
    """What separates a catalogue from the stored items; each list holds (item, its new row).

    `touched` listings have the same content in a picture file of another size or time: worth noting, not a change.
    """

    added: list[ItemRow] = field(default_factory=list)
    returned: list[tuple[StoredItem, ItemRow]] = field(default_factory=list)
    changed: list[tuple[StoredItem, ItemRow]] = field(default_factory=list)
    touched: list[tuple[StoredItem, ItemRow]] = field(default_factory=list)
    same: list[StoredItem] = field(default_factory=list)
    gone: list[StoredItem] = field(default_factory=list)

    @property
    def unchanged(self) -> int:
        """How many listings say what they said."""
        return len(self.same) + len(self.touched)

    @property
    def rows_to_write(self) -> int:
        return len(self.added) + len(self.returned) + len(self.changed) + len(self.touched) + len(self.gone)


SCHEMA = pa.schema(
    [
        ("version", pa.int64()),
        ("item_id", pa.int64()),
        ("run_id", pa.int64()),
        ("key", pa.string()),
        ("title", pa.string()),
        ("text", pa.string()),
        ("picture", pa.string()),
        ("picture_size", pa.int64()),
        ("picture_mtime_ns", pa.int64()),
        ("category", pa.list_(pa.string())),
        ("attributes", pa.string()),
        ("image_sha256", pa.binary()),
        ("text_sha256", pa.binary()),
        ("gone", pa.bool_()),
    ]
)
ROW_COLUMNS = ", ".join(ItemRow._fields)


def load_stored(connection: Connection) -> dict[str, StoredItem]:
    """Return the newest version of every listing ever seen, by key."""
    table = fetch(
        connection,
        f"SELECT item_id, version, gone, {ROW_COLUMNS} FROM item_versions JOIN"
        " (SELECT item_id, max(version) AS version FROM item_versions GROUP BY item_id) USING (item_id, version)",
    )
    columns = [table.column(name).to_pylist() for name in table.column_names]
    stored = {}
    for item_id, version, gone, *rest in zip(*columns, strict=True):
        row = ItemRow(*rest)
        row = row._replace(category=tuple(row.category), attributes=json.loads(str(row.attributes)))
        stored[row.key] = StoredItem(item_id, version, gone, row)
    return stored


def plan_items(stored: Mapping[str, StoredItem], rows: Iterable[ItemRow]) -> Changes:
    """Return what it takes to make the stored items those of the catalogue; a key that occurs twice is refused."""
    rows = list(rows)
    changes = Changes()
    for key, times in Counter(row.key for row in rows).items():
        if times > 1:
            raise CatalogError(f"the key {key!r} occurs {times} times", "Each listing needs a key of its own.")
    for row in rows:
        was = stored.get(row.key)
        if was is None:
            changes.added.append(row)
        elif was.gone:
            changes.returned.append((was, row))
        elif _content(was.row) != _content(row):
            changes.changed.append((was, row))
        elif (was.row.picture_size, was.row.picture_mtime_ns) != (row.picture_size, row.picture_mtime_ns):
            changes.touched.append((was, row))
        else:
            changes.same.append(was)
    there = {row.key for row in rows}
    changes.gone.extend(item for key, item in stored.items() if not item.gone and key not in there)
    return changes


def commit_items(connection: Connection, run_id: int, changes: Changes) -> None:
    """Append the versions that the changes ask for, in one transaction; an item that comes back keeps its id."""
    with atomic(connection):
        first = next_id(connection, "item_versions", "item_id")
        versions = [(first + offset, 1, False, row) for offset, row in enumerate(changes.added)]
        for was, row in [*changes.returned, *changes.changed, *changes.touched]:
            versions.append((was.item_id, was.version + 1, False, row))
        versions.extend((was.item_id, was.version + 1, True, was.row) for was in changes.gone)
        columns: dict[str, list[Any]] = {
            "item_id": [item_id for item_id, _, _, _ in versions],
            "version": [version for _, version, _, _ in versions],
            "gone": [gone for _, _, gone, _ in versions],
            "run_id": [run_id] * len(versions),
        }
        rows = [row for _, _, _, row in versions]
        columns |= {name: [getattr(row, name) for row in rows] for name in ItemRow._fields}
        columns["attributes"] = [_json(row.attributes) for row in rows]
        insert(connection, "item_versions", pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA))


def load_items(connection: Connection, ids: Sequence[int] | Int64 | None = None) -> list[Item]:
    """Return the items of these ids in this order, leaving out those gone; without ids all, by rising id."""
    names = "item_id, key, title, text, picture, category, attributes, image_sha256, text_sha256"
    if ids is None:
        table = fetch(connection, f"SELECT {names} FROM items ORDER BY item_id")
    else:
        connection.register("wanted", pa.table({"item_id": np.asarray(ids, dtype=np.int64), "at": np.arange(len(ids))}))
        try:
            table = fetch(connection, f"SELECT {names} FROM items JOIN wanted USING (item_id) ORDER BY wanted.at")
        finally:
            connection.unregister("wanted")
    columns = [table.column(name).to_pylist() for name in table.column_names]
    return [
        Item(item_id, key, title, text, picture, tuple(category), json.loads(attributes), image, words)
        for item_id, key, title, text, picture, category, attributes, image, words in zip(*columns, strict=True)
    ]


class Known(NamedTuple):
    """What tells a listing: its key, its title and category, and whether it is gone from the catalogue."""

    key: str
    title: str
    category: tuple[str, ...]
    gone: bool


def load_known(connection: Connection) -> dict[int, Known]:
    """Return every listing ever seen, by item."""
    rows = connection.execute(
        "SELECT item_id, key, title, category, gone FROM item_versions"
        " QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY version DESC) = 1"
    ).fetchall()
    return {item_id: Known(key, title, tuple(category), gone) for item_id, key, title, category, gone in rows}


def load_categories(connection: Connection) -> list[tuple[str, ...]]:
    """Return each category path that a listing has, once."""
    rows = connection.execute(
        "SELECT DISTINCT category FROM items WHERE len(category) > 0 ORDER BY category"
    ).fetchall()
    return [tuple(category) for (category,) in rows]


def find_key(connection: Connection, key: str) -> int | None:
    """Return the id of the item with this key, or None."""
    found = connection.execute("SELECT item_id FROM items WHERE key = ?", [key]).fetchall()
    return int(found[0][0]) if found else None


def _content(row: ItemRow) -> tuple[object, ...]:
    """Return what a seller would call the listing: all but the picture file's size and time."""
    attributes = _json(row.attributes)
    return (row.title, row.text, row.picture, tuple(row.category), attributes, row.image_sha256, row.text_sha256)


def _json(attributes: Mapping[str, Any]) -> str:
    """Return attributes as canonical JSON; NaN and infinities, which JSON lacks, become null."""
    finite = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in attributes.items()
    }
    return json.dumps(finite, sort_keys=True, ensure_ascii=False, default=str)
