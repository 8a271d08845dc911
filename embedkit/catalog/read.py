"""From a product table to listings: what stands in each row, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from embedkit.catalog.categories import guess_separator, join_levels, parse_category
from embedkit.catalog.columns import describe, guess_columns
from embedkit.catalog.nouns import (
    AttributeType,
    CatalogSpec,
    Catalogue,
    ColumnChoice,
    ColumnGuess,
    Listing,
    Problem,
)
from embedkit.catalog.pictures import PictureSource, first_reference
from embedkit.catalog.tables import Table, read_table
from embedkit.catalog.values import as_text, infer, is_missing
from embedkit.errors import CatalogError

__all__ = [
    "CatalogSpec",
    "Catalogue",
    "ColumnChoice",
    "ColumnGuess",
    "Listing",
    "Problem",
    "describe",
    "read_catalogue",
]


def read_catalogue(source: Path, spec: CatalogSpec | None = None) -> Catalogue:
    """Return the listings of a CSV, TSV, Parquet or JSON Lines file, or of a folder of pictures; writes nothing.

    A row without a key is left out; so is one with no picture, title, text or category. Both are named in `problems`,
    as is a row that has a category and nothing to encode. Pictures are not opened: whether one can be used shows when
    it is read. Raises CatalogError where the table as a whole cannot be meant, such as two rows with one key.
    """
    spec = spec or CatalogSpec()
    if spec.images is not None and not spec.images.is_dir():
        raise CatalogError(f"{spec.images} is not a folder", "--images takes the folder that picture paths start from.")
    table = read_table(source, spec.encoding)
    pictures = PictureSource(source, spec.images)
    columns = guess_columns(table, spec.columns, pictures.found)
    sep = spec.category_sep or table.category_sep or _guess_separator(table, columns)
    keys = _keys(table, columns)
    _check_keys(table, columns, keys)
    types, attributes = _attributes(table, columns)
    listings, problems = _listings(table, columns, keys, sep, attributes)
    if not listings:
        raise CatalogError(f"{source} holds no usable rows; the first problem: {problems[0].cause}")
    known = dict(zip(table.rows, keys, strict=True))
    problems += [replace(one, key=one.key or known.get(one.row, "")) for one in table.problems]
    references = [one.picture for one in listings[:1000] if one.picture]
    return Catalogue(
        source=str(source),
        columns=columns,
        listings=listings,
        problems=sorted(problems, key=lambda problem: problem.row),
        attribute_types=types,
        images=pictures.found(references)[1],
        category_sep=sep,
    )


def _guess_separator(table: Table, columns: ColumnGuess) -> str | None:
    for name in columns.of("category"):
        sep = guess_separator([as_text(value) for value in table.columns[name] if not is_missing(value)])
        if sep:
            return sep
    return None


def _keys(table: Table, columns: ColumnGuess) -> list[str]:
    """Return each row's key, "" where it has none."""
    if not columns.of("key"):
        return [f"row-{row:06d}" for row in table.rows]
    return _joined(table, columns.of("key"), "/".join)


def _check_keys(table: Table, columns: ColumnGuess, keys: Sequence[str]) -> None:
    """Raise CatalogError naming the rows (up to five pairs) that share a key."""
    first: dict[str, int] = {}
    twice = []
    for key, row in zip(keys, table.rows, strict=True):
        if key and first.setdefault(key, row) != row:
            twice.append(f'"{key}" in rows {first[key]} and {row}')
    if twice:
        names = ", ".join(columns.of("key"))
        more = f"; and {len(twice) - 5:,} more" if len(twice) > 5 else ""
        raise CatalogError(
            f"{table.source}: keys in column {names} are not unique: {'; '.join(twice[:5])}{more}",
            "Remove the doubled rows, or name another column: --column key=NAME",
        )


def _attributes(table: Table, columns: ColumnGuess) -> tuple[dict[str, AttributeType], dict[str, list[Any]]]:
    types: dict[str, AttributeType] = {}
    values: dict[str, list[Any]] = {}
    for name in columns.attributes:
        types[name], values[name] = infer(table.columns[name], table.textual)
    return types, values


def _listings(
    table: Table, columns: ColumnGuess, keys: Sequence[str], sep: str | None, attributes: dict[str, list[Any]]
) -> tuple[list[Listing], list[Problem]]:
    """Return the rows that are listings, and what is wrong with the others."""
    titles = _joined(table, columns.of("title"), " ".join)
    texts = _joined(table, columns.of("text"), "\n".join)
    pictures = _joined(table, columns.of("picture"), lambda parts: first_reference(parts[0]))
    categories = _categories(table, columns, sep)
    key_column = ", ".join(columns.of("key"))
    listings: list[Listing] = []
    problems: list[Problem] = []
    for i, (row, key) in enumerate(zip(table.rows, keys, strict=True)):
        if not key:
            problems.append(Problem(row, "", key_column, "", "no key; the row is left out"))
            continue
        if not (titles[i] or texts[i] or pictures[i]):
            left_out = "" if categories[i] else "; the row is left out"
            problems.append(Problem(row, key, "", "", f"no picture and no text{left_out}"))
            if left_out:
                continue
        listings.append(
            Listing(
                row=row,
                key=key,
                title=titles[i],
                text=texts[i],
                picture=pictures[i] or None,
                category=categories[i],
                attributes={name: values[i] for name, values in attributes.items() if values[i] is not None},
            )
        )
    return listings, problems


def _joined(table: Table, names: Sequence[str], join: Callable[[list[str]], str]) -> list[str]:
    """Return one string a row: what its columns say, joined; "" where none says anything."""
    joined = []
    for cells in zip(*(table.columns[name] for name in names), strict=True):
        parts = [as_text(cell).strip() for cell in cells if not is_missing(cell)]
        joined.append(join(parts) if parts else "")
    return joined or [""] * len(table)


def _categories(table: Table, columns: ColumnGuess, sep: str | None) -> list[tuple[str, ...]]:
    """Return each row's category path; the columns of this role are its levels, top first."""
    known: dict[str, tuple[str, ...]] = {}
    by_column = []
    for name in columns.of("category"):
        texts = ["" if is_missing(value) else as_text(value) for value in table.columns[name]]
        for text in set(texts) - known.keys():
            known[text] = parse_category(text, sep)
        by_column.append([known[text] for text in texts])
    return [join_levels(paths) for paths in zip(*by_column, strict=True)] or [()] * len(table)
