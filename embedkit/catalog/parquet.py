"""Parquet tables: typed values as they are; a picture column's bytes stay in the file and become references."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from embedkit.catalog.embedded import byte_columns, open_parquet, reference
from embedkit.catalog.tables import Table, check_names
from embedkit.errors import CatalogError


def read_parquet(source: Path, encoding: str | None = None) -> Table:
    """Return a Parquet file's rows, numbered from 1; columns of bytes hold references to pictures, or None."""
    import pyarrow as pa

    file = open_parquet(source)
    with file:
        names = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
        check_names(source, names)
        if file.metadata.num_rows == 0:
            raise CatalogError(f"{source} has columns and no rows")
        embedded = byte_columns(file)
        words = {name for name in embedded if not embedded[name].endswith(".bytes") and _is_text(file, name)}
        for name in words:  # some writers do not mark their strings as text
            del embedded[name]
        try:
            plain = file.read(columns=[name for name in names if name not in embedded])
            columns: dict[str, list[Any]] = {}
            for name in names:
                if name in embedded:
                    columns[name] = _references(file, name, embedded[name], first=name == next(iter(embedded)))
                else:
                    column = plain[name].cast(pa.large_string()) if name in words else plain[name]
                    columns[name] = column.to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise CatalogError(f"{source} is damaged: {error}") from error
    return Table(source, columns, list(range(1, file.metadata.num_rows + 1)), embedded=frozenset(embedded))


def _is_text(file: Any, name: str) -> bool:
    """Return whether the first values of a column of bytes are UTF-8 without NUL: no picture is."""
    for batch in file.iter_batches(batch_size=16, columns=[name]):
        values = [value for value in batch.column(0).to_pylist() if value]
        if values:
            try:
                return not any("\0" in value.decode() for value in values)
            except UnicodeDecodeError:
                return False
    return False


def _references(file: Any, name: str, leaf: str, first: bool) -> list[str | None]:
    """Return where each row's picture is: inside the file, at a path that the row gives instead, or nowhere."""
    if leaf == name and _without_nulls(file, leaf):
        return [reference(row, None if first else name) for row in range(file.metadata.num_rows)]
    found: list[str | None] = []
    for batch in file.iter_batches(batch_size=1024, columns=[name]):  # a batch at a time: pictures outweigh memory
        column = batch.column(0)
        held = (column if leaf == name else column.field("bytes")).is_valid().to_pylist()
        has_paths = leaf != name and "path" in [field.name for field in column.type]
        paths = column.field("path").to_pylist() if has_paths else [None] * len(held)
        for is_held, path in zip(held, paths, strict=True):
            found.append(reference(len(found), None if first else name) if is_held else path or None)
    return found


def _without_nulls(file: Any, leaf: str) -> bool:
    """Return whether the file's own statistics say that every row has a value."""
    metadata = file.metadata
    for group in range(metadata.num_row_groups):
        chunk = next(
            chunk
            for chunk in map(metadata.row_group(group).column, range(metadata.num_columns))
            if chunk.path_in_schema == leaf
        )
        counted = chunk.statistics is not None and chunk.statistics.has_null_count
        if not counted or chunk.statistics.null_count:
            return False
    return True
