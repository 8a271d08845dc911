"""Rows to stdout, in the same shape whether or not somebody watches."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import click

Row = Mapping[str, Any]
WIDEST_TEXT = 90


def emit(rows: Sequence[Row], output_format: str | None) -> None:
    """Print rows as an aligned table, or as the JSON, CSV or JSON lines that was asked for."""
    if output_format == "json":
        click.echo(json.dumps([_plain(row) for row in rows], ensure_ascii=False, indent=2))
    elif output_format == "nl":
        for row in rows:
            click.echo(json.dumps(_plain(row), ensure_ascii=False))
    elif output_format == "csv":
        click.echo(as_csv(rows), nl=False)
    else:
        click.echo(as_table(rows), nl=False)


def as_csv(rows: Sequence[Row]) -> str:
    """Return the rows as CSV with a header; nothing for no rows."""
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _flat(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def as_table(rows: Sequence[Row]) -> str:
    """Return the rows as an aligned table, numbers to the right; long texts are cut with an ellipsis."""
    if not rows:
        return ""
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[column]) for line in cells)) for column, name in enumerate(names)]
    right = [all(_is_number(row[name]) for row in rows) for name in names]
    lines = [names, ["-" * width for width in widths], *cells]
    return "".join(
        "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)).rstrip() + "\n"
        for line in lines
    )


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4g}"
    text = " ".join(str(_flat(value)).split())
    return text if len(text) <= WIDEST_TEXT else text[: WIDEST_TEXT - 1] + "…"


def _flat(value: Any) -> Any:
    """Return lists as "a; b" for formats that have no lists."""
    if isinstance(value, (list, tuple)):
        return "; ".join(str(one) for one in value)
    return value


def _plain(row: Row) -> dict[str, Any]:
    """Return the row with NaN as null: JSON has no NaN."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in row.items()
    }
