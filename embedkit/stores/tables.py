"""Rows in a file that other programs read: CSV, Parquet or JSON, by the file's suffix."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from embedkit.errors import Misuse
from embedkit.stores.durable import durable_write

SUFFIXES = (".csv", ".parquet", ".json")


def check_suffix(path: Path) -> None:
    """Raise Misuse for a file whose suffix is none that can be written."""
    if path.suffix.lower() not in SUFFIXES:
        raise Misuse(f"{path} ends in {path.suffix or 'no suffix'!r}", f"Known: {', '.join(SUFFIXES)}")


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows, whole or not at all; raises Misuse for a suffix that is none of .csv, .parquet, .json."""
    check_suffix(path)
    suffix = path.suffix.lower()
    path.parent.mkdir(parents=True, exist_ok=True)
    with durable_write(path) as temporary:
        if suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), temporary)
        elif suffix == ".json":
            temporary.write_text(json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        else:
            with temporary.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
                writer.writeheader()
                writer.writerows(rows)
