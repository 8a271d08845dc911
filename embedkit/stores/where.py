"""A user's predicate over the items: `price < 500 AND category = 'Watches'`, read only and held inside the items."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from embedkit.errors import Misuse
from embedkit.stores.database import Connection, Database, fetch_predicate, is_one_expression
from embedkit.stores.runs import last_catalogue
from embedkit.types import Int64

WITHIN_S = 20.0
BUILT_IN = {
    "item_id": "item_id",
    "key": "key",
    "title": "title",
    "text": "text",
    "picture": "picture",
    "category": "category[1]",
    "category_path": "array_to_string(category, ' > ')",
}
TYPES = {"BIGINT", "BOOLEAN", "DOUBLE", "VARCHAR"}


@dataclass(frozen=True)
class Column:
    """A name that a predicate may use, the SQL behind it, and its type."""

    name: str
    sql: str
    kind: str


def list_columns(database: Database) -> list[Column]:
    """Return what a predicate may name: the built-in columns, category_1 (the top level) …, and the attributes."""
    with database.connect(read_only=True) as connection:
        return _columns(connection)


def select_ids(database: Database, predicate: str, within_s: float = WITHIN_S) -> Int64:
    """Return int64[n], the ids of the items for which the predicate is true, rising.

    `category` is the top level, `category_path` the whole ("Home > Curtains"), `category_2` the second level; an
    attribute goes by its own name, or by `attr_NAME` where that name is taken.
    """
    with database.connect_contained() as connection:
        columns = _columns(connection)
        try:
            _refuse_more_than_a_predicate(connection, predicate)
            facts = ", ".join(f"{column.sql} AS {_quoted(column.name)}" for column in columns)
            # The line break ends a comment with which the predicate may close.
            query = f"SELECT item_id FROM (SELECT {facts} FROM items) AS items WHERE ({predicate}\n)"
            table = fetch_predicate(connection, query, within_s)
        except Misuse as error:
            names = ", ".join(_quoted_if_needed(column.name) for column in columns)
            raise Misuse(f"--where {predicate!r}: {error.message}", f"Columns: {names}") from None
    return np.sort(table.column("item_id").to_numpy())


def _refuse_more_than_a_predicate(connection: Connection, predicate: str) -> None:
    """Raise Misuse unless the text is one expression without a sub-select, by DuckDB's own parser."""
    if not predicate.strip():
        raise Misuse("it is empty")
    if not is_one_expression(predicate):
        raise Misuse("it is not one SQL expression")
    ((tree,),) = connection.execute("SELECT json_serialize_sql(?)", [f"SELECT ({predicate}\n)"]).fetchall()
    try:
        parsed = json.loads(tree)
    except RecursionError:
        raise Misuse("it is nested too deeply") from None
    if parsed["error"] or len(parsed["statements"]) != 1:
        raise Misuse("it is not one SQL expression")
    if any(node.get("class") == "SUBQUERY" for node in _nodes(parsed)):
        raise Misuse("a sub-select is not allowed")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a JSON tree; without recursion, for an expression may be nested deeply."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _columns(connection: Connection) -> list[Column]:
    ((depth,),) = connection.execute("SELECT coalesce(max(len(category)), 0) FROM items").fetchall()
    columns = [Column(name, sql, "BIGINT" if name == "item_id" else "VARCHAR") for name, sql in BUILT_IN.items()]
    columns += [Column(f"category_{level}", f"category[{level}]", "VARCHAR") for level in range(1, depth + 1)]
    catalogue = last_catalogue(connection)
    taken = {column.name.lower() for column in columns}  # SQL names do not tell A from a
    for attribute, kind in (catalogue.attribute_types if catalogue else {}).items():
        name = attribute if attribute.lower() not in taken else f"attr_{attribute}"
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        columns.append(Column(name, _attribute_sql(attribute, kind), kind))
    return columns


def _attribute_sql(attribute: str, kind: str) -> str:
    """Return SQL for one attribute's value, NULL where it is not of its type."""
    pointer = "/" + attribute.replace("~", "~0").replace("/", "~1")
    text = "json_extract_string(attributes, '{}')".format(pointer.replace("'", "''"))
    if kind not in TYPES:
        raise ValueError(f"attribute {attribute!r} has the unknown type {kind!r}")
    return text if kind == "VARCHAR" else f"TRY_CAST({text} AS {kind})"


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _quoted_if_needed(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else _quoted(name)
