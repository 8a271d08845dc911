"""JSON Lines: one object a line; a broken line costs that line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from embedkit.catalog.nouns import Problem, shorten
from embedkit.catalog.tables import Table, read_text
from embedkit.errors import CatalogError


def read_jsonlines(source: Path, encoding: str | None = None) -> Table:
    """Return a JSON Lines file's rows, numbered by their line; columns come in the order they are first seen."""
    text = read_text(source, encoding)
    if text.lstrip().startswith("["):
        raise CatalogError(
            f"{source} is one JSON list; JSON Lines has one object a line",
            f"Convert it: jq -c '.[]' {source.name} > {source.stem}.jsonl",
        )
    records: list[dict[str, Any]] = []
    rows: list[int] = []
    problems: list[Problem] = []
    names: dict[str, None] = {}
    for row, line in enumerate(io.StringIO(text), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            problems.append(Problem(row, "", "", shorten(line), f"line {row} is not JSON: {error}"))
            continue
        if not isinstance(record, dict):
            problems.append(Problem(row, "", "", shorten(line), f"line {row} is not a JSON object"))
            continue
        if "\\u" in line:
            record = _sound(record)
        records.append(record)
        rows.append(row)
        names.update(dict.fromkeys(record))
    columns = {name: [record.get(name) for record in records] for name in names}
    return Table(source, columns, rows, problems)


def _sound(value: Any) -> Any:
    """Return the value without what JSON can escape and UTF-8 cannot hold: half a surrogate pair; and without NUL."""
    if isinstance(value, str):
        whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return whole.replace("\0", "")
    if isinstance(value, list):
        return [_sound(one) for one in value]
    if isinstance(value, dict):
        return {_sound(name): _sound(one) for name, one in value.items()}
    return value
