"""Pictures inside a Parquet file: fast in order, bounded in memory, shared by threads."""

from __future__ import annotations

import bisect
import threading
from collections import OrderedDict
from itertools import accumulate
from pathlib import Path
from typing import Any

from embedkit.errors import CatalogError, PictureError

WINDOW_BYTES = 32 * 2**20
CACHED_BYTES = 4 * WINDOW_BYTES
CACHED_WINDOWS = 64


def reference(row: int, column: str | None) -> str:
    """Return the name of the picture in a row (from 0): "row:N", or "row:N@COLUMN" beside the first such column."""
    return f"row:{row}" if column is None else f"row:{row}@{column}"


def open_parquet(source: Path) -> Any:
    """Return an open pyarrow.parquet.ParquetFile; raises CatalogError for one that is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(source, memory_map=True)
    except (pa.ArrowException, OSError) as error:
        raise CatalogError(f"{source} is not a readable Parquet file: {error}") from error


def byte_columns(file: Any) -> dict[str, str]:
    """Return column -> leaf for columns of bytes, and structs {bytes, path} as Hugging Face writes them."""
    import pyarrow as pa

    found = {}
    for field in file.schema_arrow:
        if _is_binary(pa, field.type):
            found[field.name] = field.name
        elif pa.types.is_struct(field.type):
            inner = {one.name: one.type for one in field.type}
            if "bytes" in inner and _is_binary(pa, inner["bytes"]):
                found[field.name] = f"{field.name}.bytes"
    return found


def _is_binary(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


class EmbeddedPictures:
    """Reads pictures by row number. Rows are decoded a window at a time and a few windows are kept.

    A window is a run of rows of one row group holding about WINDOW_BYTES of pictures. Going forward within a row group
    continues where the last window ended; going back starts the group again, since Parquet pages cannot be entered
    midway.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self._lock = threading.Lock()
        self._file: Any = None
        self._columns: dict[str | None, _Column] = {}

    def read(self, row: int, column: str | None = None) -> bytes:
        """Return the bytes in a row (from 0) of a column (default: the first that holds bytes); raises PictureError."""
        import pyarrow as pa

        with self._lock:
            try:
                content = self._column(column).value(row)
            except (pa.ArrowException, OSError, CatalogError) as error:
                raise PictureError(f"row {row + 1} of {self.source.name} cannot be read: {error}") from error
        if content is None:
            raise PictureError(f"row {row + 1} of {self.source.name} holds no picture")
        return content

    def _column(self, name: str | None) -> _Column:
        if name not in self._columns:
            if self._file is None:
                self._file = open_parquet(self.source)
            leaves = byte_columns(self._file)
            chosen = next(iter(leaves), None) if name is None else name
            if chosen is None or chosen not in leaves:
                called = f' called "{name}"' if name else ""
                raise PictureError(f"{self.source.name} has no column of pictures{called}")
            self._columns[name] = _Column(self._file, chosen, leaves[chosen])
        return self._columns[name]


class _Column:
    """One column of bytes, read in windows. Not for several threads at once."""

    def __init__(self, file: Any, name: str, leaf: str) -> None:
        self._file = file
        self._leaf = leaf
        groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
        self._starts = [0, *accumulate(group.num_rows for group in groups)]
        leaf_at = next(i for i in range(file.metadata.num_columns) if groups[0].column(i).path_in_schema == leaf)
        self._bytes = [group.column(leaf_at).total_uncompressed_size for group in groups]
        self._windows: OrderedDict[int, Any] = OrderedDict()  # first row -> array
        self._cursor: tuple[int, int, Any] | None = None  # row group, next row, iterator of batches
        self._nested = leaf != name

    def value(self, row: int) -> bytes | None:
        if not 0 <= row < self._starts[-1]:
            raise PictureError(f"there is no row {row + 1}: the file has {self._starts[-1]:,}")
        for start, array in self._windows.items():
            if start <= row < start + len(array):
                self._windows.move_to_end(start)
                return array[row - start].as_py()
        return self._read_until(row)

    def _read_until(self, row: int) -> bytes | None:
        group = bisect.bisect_right(self._starts, row) - 1
        if self._cursor is None or self._cursor[0] != group or self._cursor[1] > row:
            self._cursor = group, self._starts[group], self._batches(group)
        _, start, batches = self._cursor
        for batch in batches:
            array = batch.column(0)
            array = array.field("bytes") if self._nested else array
            self._cursor = group, start + len(array), batches
            if row < start + len(array):
                self._keep(start, array)
                return array[row - start].as_py()
            start += len(array)
        raise PictureError(f"row {row + 1} is missing from the file")

    def _keep(self, start: int, array: Any) -> None:
        self._windows[start] = array
        self._windows.move_to_end(start)
        held = sum(window.nbytes for window in self._windows.values())
        while len(self._windows) > 1 and (held > CACHED_BYTES or len(self._windows) > CACHED_WINDOWS):
            held -= self._windows.popitem(last=False)[1].nbytes

    def _batches(self, group: int) -> Any:
        rows = self._starts[group + 1] - self._starts[group]
        size = max(1, rows * WINDOW_BYTES // max(self._bytes[group], 1))
        return self._file.iter_batches(batch_size=min(size, rows), row_groups=[group], columns=[self._leaf])
