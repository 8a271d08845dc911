"""CSV and TSV: every value a string, every bad row named."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedkit.catalog.nouns import Problem, shorten
from embedkit.catalog.tables import Table, check_names, read_text
from embedkit.errors import CatalogError

LONGEST_FIELD = 16 * 2**20
_DELIMITERS = ",;\t|"


def read_delimited(source: Path, encoding: str | None = None) -> Table:
    """Return a CSV or TSV file's rows as strings; "" becomes None and nothing else is taken for missing."""
    text = read_text(source, encoding)
    if not text.strip("\ufeff\0\r\n\t "):
        raise CatalogError(f"{source} is empty")
    lines = _Lines(text)
    delimiter = "\t" if source.suffix.lower() in (".tsv", ".tab") else guess_delimiter(text)
    with _long_fields():
        records = _records(source, lines, delimiter)
        header, _ = next(records)
        if isinstance(header, str):
            raise CatalogError(f"{source}: the header has {header}")
        names = [name.strip() or f"column_{i}" for i, name in enumerate(header, start=1)]
        check_names(source, names)
        lines.had_nul = False
        good, rows, problems = _rows(records, lines, len(header), delimiter)
    columns: dict[str, list[str | None]] = {}
    for name, title, cells in zip(names, header, zip(*good, strict=True), strict=bool(good)):
        values = [cell if cell and not cell.isspace() else None for cell in cells]
        if title.strip() or any(values):  # a delimiter at the end of every line makes a column of nothing
            columns[name] = values
    if not good and not problems:
        raise CatalogError(f"{source} has a header and no rows")
    return Table(source, dict(columns), rows, problems, textual=True)


def guess_delimiter(text: str) -> str:
    """Return which of , ; tab | is most often in the header outside of quotes; a comma where none is."""
    header = next((line for line in _Lines(text) if line.strip()), "")
    bare = re.sub('"[^"]*"', "", header)
    return max(_DELIMITERS, key=bare.count)


class _Lines:
    """Lines of a text as the csv module wants them, remembering whether a NUL was taken out since last asked."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")  # splits at \n, \r and \r\n only: a title may hold U+2028
        self.had_nul = False
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            if "\0" in line:
                self.had_nul = True
                line = line.replace("\0", "")
            yield line
        self.ended = True


@contextmanager
def _long_fields() -> Iterator[None]:
    """Allow descriptions longer than the csv module's 128 KiB: its limit is a setting of the whole process."""
    before = csv.field_size_limit(LONGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _records(source: Path, lines: _Lines, delimiter: str) -> Iterator[tuple[list[str] | str, int]]:
    """Yield each record's cells, or what is wrong with its quotes, and the line where it starts.

    A wrong quote on one line costs that line. One that swallowed several lines has an unknown extent, so reading stops.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    row = -1  # the header
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row += 1
            if lines.ended or reader.line_num > start or "field limit" in str(error):
                where = "the header" if row == 0 else f"row {row}"
                raise CatalogError(
                    f'{source}: a quote (") opened in {where}, line {start}, is not closed by line {reader.line_num}',
                    'Close it, or double a quote that is meant: 24"" monitor.',
                ) from error
            yield f'a quote (") that is neither doubled nor at the end of its field (line {start})', start
            continue
        if cells:
            row += 1
            yield cells, start


def _rows(
    records: Iterator[tuple[list[str] | str, int]], lines: _Lines, width: int, delimiter: str
) -> tuple[list[list[str]], list[int], list[Problem]]:
    """Return the rows that have the header's width, their numbers, and the others as problems."""
    good: list[list[str]] = []
    rows: list[int] = []
    problems: list[Problem] = []
    for row, (cells, line) in enumerate(records, start=1):
        if isinstance(cells, str):
            problems.append(Problem(row, "", "", "", cells))
            continue
        if lines.had_nul:
            problems.append(Problem(row, "", "", "", f"NUL bytes taken out (line {line})"))
            lines.had_nul = False
        if len(cells) != width:
            shown = shorten(delimiter.join(cells))
            count = f"{len(cells)} fields where the header has {width} (line {line})"
            if len(cells) < width:
                problems.append(Problem(row, "", "", shown, f"{count}; the missing ones are taken as empty"))
                cells += [""] * (width - len(cells))
            elif any(cells[width:]):
                problems.append(Problem(row, "", "", shown, f"{count}; the row is left out"))
                continue
            cells = cells[:width]
        good.append(cells)
        rows.append(row)
    return good, rows, problems
