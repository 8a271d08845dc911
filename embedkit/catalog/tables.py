"""A catalogue as columns of values, whatever file it came from."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedkit.catalog.nouns import Problem
from embedkit.errors import CatalogError

FORMATS = "CSV (.csv), TSV (.tsv), Parquet (.parquet), JSON Lines (.jsonl), or a folder of pictures"


@dataclass(frozen=True)
class Table:
    """Columns of equal length, with the number that a person would give each row; None is a missing value.

    `textual` tables hold only strings, so types are still to be found out. In a column named by `embedded`, values are
    references to pictures held inside the file. `roles` are the columns of a format that knows what they mean.
    """

    source: Path
    columns: dict[str, list[Any]]
    rows: list[int]
    problems: list[Problem] = field(default_factory=list)
    textual: bool = False
    embedded: frozenset[str] = frozenset()
    roles: Mapping[str, str] = field(default_factory=dict)
    category_sep: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def __len__(self) -> int:
        return len(self.rows)


def read_table(source: Path, encoding: str | None = None) -> Table:
    """Return the rows of a catalogue file or folder; raises CatalogError for one that holds none."""
    # Imported here: each reader brings its own library, and one catalogue needs one reader.
    if source.is_dir():
        from embedkit.catalog.folder import read_folder

        table = read_folder(source, encoding)
    else:
        table = _reader(source)(source, encoding)
    if not len(table):
        first = f"; the first: {table.problems[0].cause}" if table.problems else ""
        raise CatalogError(f"{source} holds no usable rows{first}", "A catalogue needs at least one listing.")
    return table


def _reader(source: Path) -> Callable[[Path, str | None], Table]:
    from embedkit.catalog import delimited, jsonlines, parquet

    readers: dict[str, Callable[[Path, str | None], Table]] = {
        ".csv": delimited.read_delimited,
        ".tsv": delimited.read_delimited,
        ".tab": delimited.read_delimited,
        ".txt": delimited.read_delimited,
        ".jsonl": jsonlines.read_jsonlines,
        ".ndjson": jsonlines.read_jsonlines,
        ".json": jsonlines.read_jsonlines,
        ".parquet": parquet.read_parquet,
        ".pq": parquet.read_parquet,
    }
    try:
        status = source.stat()
    except OSError as error:
        raise CatalogError(f"{source} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise CatalogError(f"{source} is neither a file nor a folder", f"A catalogue is {FORMATS}.")
    if source.suffix.lower() not in readers:
        raise CatalogError(
            f'{source} has the suffix "{source.suffix}", which names no format known here',
            f"A catalogue is {FORMATS}; save a spreadsheet as CSV first.",
        )
    if status.st_size == 0:
        raise CatalogError(f"{source} is empty")
    return readers[source.suffix.lower()]


_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save it as CSV",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"PAR1": "a Parquet file; name it .parquet",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as CSV",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
}


def read_text(source: Path, encoding: str | None) -> str:
    """Return a file's text, without its byte order mark; raises CatalogError naming the byte that does not decode."""
    try:
        content = source.read_bytes()
    except OSError as error:
        raise CatalogError(f"{source} cannot be read: {error.strerror}") from error
    for magic, meaning in _MAGIC.items():
        if content.startswith(magic):
            raise CatalogError(f"{source} is {meaning}")
    try:
        return content.decode(encoding or "utf-8-sig")
    except LookupError as error:
        raise CatalogError(
            f"there is no encoding {encoding!r}", "Known ones: utf-8, latin-1, cp1252, utf-16"
        ) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"byte {error.start}" + (f", 0x{content[error.start]:02x}" if error.start < len(content) else "")
        other = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
        raise CatalogError(
            f"{source} is not {encoding or 'utf-8'}: line {line} ({byte}) does not decode",
            f"If it is in another encoding, name it: --encoding {other}",
        ) from error


def check_names(source: Path, names: Sequence[str]) -> None:
    """Raise CatalogError if two columns share a name: no role could then say which it means."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = [str(i + 1) for i, name in enumerate(names) if name == twice[0]]
        raise CatalogError(
            f'{source} has several columns called "{twice[0]}" (columns {", ".join(places)})',
            "Rename all but one of them.",
        )
