"""Vectors on disk: Arrow files of (item_id, content digest, float16 vector), complete once their row is committed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedkit.errors import SpaceMismatch, WorkspaceError
from embedkit.stores.database import Database, insert, next_id
from embedkit.stores.durable import TEMPORARY, durable_write
from embedkit.stores.lock import WorkspaceLock
from embedkit.types import Features, Float32, Int64, unit

DIGEST = pa.binary(32)
# A kill loses at most what is buffered: so many vectors, or so many seconds of a slow encoder's work.
ROWS_PER_SHARD = 16_384
SECONDS_PER_SHARD = 60.0
# Rows converted at once: their float32 form stays in the processor's cache, which makes loading four times faster.
BLOCK = 2048


def folder_of(space: str) -> PurePosixPath:
    """Return the folder of a space, below the features folder; refuses a name that would lead out of it."""
    if any(part in ("", ".", "..") for part in space.split("/")) or "\\" in space or "\0" in space:
        raise WorkspaceError(f"{space!r} cannot name a folder")
    return PurePosixPath(space)


@dataclass
class ShardWriter:
    """Collects vectors of one space and commits them shard by shard; used in a `with`, which commits the rest.

    Vectors that were encoded are good even if what came after them failed, so leaving by an error commits them too.
    """

    database: Database
    root: Path
    space: str
    dim: int
    run_id: int
    rows_per_shard: int = ROWS_PER_SHARD
    seconds_per_shard: float = SECONDS_PER_SHARD
    written: int = 0
    _ids: list[Int64] = field(default_factory=list)
    _digests: list[bytes] = field(default_factory=list)
    _vectors: list[Float32] = field(default_factory=list)
    _encode_s: float = 0.0
    _decode_s: float = 0.0
    _since: float = field(default_factory=time.monotonic)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()

    def add(
        self,
        item_ids: Sequence[int] | Int64,
        digests: Sequence[bytes],
        vectors: Float32,
        *,
        encode_s: float = 0.0,
        decode_s: float = 0.0,
    ) -> None:
        """Take vectors float32[n, dim], unit L2, with the sha256 of their contents; may commit a shard."""
        if vectors.shape != (len(item_ids), self.dim) or len(digests) != len(item_ids):
            raise ValueError(f"{len(item_ids)} ids, {len(digests)} digests, vectors {vectors.shape}, dim {self.dim}")
        if len(item_ids):
            checked = unit(vectors)  # first of all: a refused batch leaves nothing behind
            self._vectors.append(checked)
            self._ids.append(np.asarray(item_ids, dtype=np.int64))
            self._digests.extend(digests)
        self._encode_s += encode_s
        self._decode_s += decode_s
        old = time.monotonic() - self._since > self.seconds_per_shard
        if len(self._digests) >= self.rows_per_shard or (old and self._digests):
            self.flush()

    def flush(self) -> None:
        """Write what is buffered as one shard and commit its row; does nothing without any."""
        if not self._digests:
            return
        with self.database.connect(read_only=True) as connection:
            shard_id = next_id(connection, "shards", "shard_id")
        file = str(folder_of(self.space) / f"{shard_id:05d}.arrow")
        columns = {
            "item_id": pa.array(np.concatenate(self._ids)),
            "sha256": pa.array(self._digests, DIGEST),
            "vector": _float16_rows(np.concatenate(self._vectors)),
        }
        table = pa.table(columns).replace_schema_metadata({"space": self.space})
        path = self.root / file
        with (
            durable_write(path) as temporary,
            pa.OSFile(str(temporary), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table)
        row = {
            "shard_id": shard_id,
            "space": self.space,
            "file": file,
            "rows": len(self._digests),
            "bytes": path.stat().st_size,
            "sha256": _file_sha256(path),
            "run_id": self.run_id,
            "created_at": datetime.now(timezone.utc),
            "encode_s": self._encode_s,
            "decode_s": self._decode_s,
        }
        with self.database.connect(read_only=False) as connection:
            insert(connection, "shards", pa.Table.from_pylist([row]))
        self.written += len(self._digests)
        self._ids, self._digests, self._vectors = [], [], []
        self._encode_s, self._decode_s, self._since = 0.0, 0.0, time.monotonic()


@dataclass(frozen=True)
class Shard:
    """One complete file of vectors, as its row describes it; `file` is relative to the features folder."""

    file: str
    space: str
    rows: int
    size: int
    sha256: bytes


@dataclass(frozen=True)
class FeatureStore:
    """The shards of one workspace. Reading vectors never holds the database: it is asked once which files count."""

    database: Database
    root: Path

    def shards(self, space: str | None = None) -> list[Shard]:
        """Return the committed shards of one space, or of all, oldest first."""
        query = "SELECT file, space, rows, bytes, sha256 FROM shards WHERE space = coalesce(?, space) ORDER BY shard_id"
        with self.database.connect(read_only=True) as connection:
            return [Shard(*row) for row in connection.execute(query, [space]).fetchall()]

    def digests(self, shard: Shard) -> list[bytes]:
        """Return the sha256 of each content in a shard, in its order."""
        found: list[bytes] = self._open(shard).column("sha256").to_pylist()
        return found

    def present(self, space: str) -> set[bytes]:
        """Return the digests of the contents that have a vector in this space."""
        return {digest for shard in self.shards(space) for digest in self.digests(shard)}

    def load_features(self, space: str, item_ids: Int64, digests: Sequence[bytes | None]) -> Features:
        """Return the vectors of these items by their contents, in this order; items without a vector are left out.

        digests: the sha256 of each item's content, None where it has none. Items with one content get one vector.
        """
        tables = [(shard, self._open(shard)) for shard in self.shards(space)]
        wanted = pa.array(digests, DIGEST)
        row_of = np.full(len(item_ids), -1, dtype=np.int64)
        shard_of = np.full(len(item_ids), -1, dtype=np.int32)
        for number, (_, table) in enumerate(tables):
            rows = pc.index_in(wanted, value_set=table.column("sha256").combine_chunks(), skip_nulls=True)
            rows = rows.fill_null(-1).to_numpy(zero_copy_only=False)
            # Were a content in two shards, the older would win on every load.
            new = (rows >= 0) & (shard_of < 0)
            row_of[new], shard_of[new] = rows[new], number
        kept = np.flatnonzero(shard_of >= 0)
        dim = tables[0][1].schema.field("vector").type.list_size if tables else 0
        vectors = np.empty((len(kept), dim), dtype=np.float32)
        for number, (shard, table) in enumerate(tables):
            out = np.flatnonzero(shard_of[kept] == number)
            if len(out):
                _put_unit_rows(table, row_of[kept[out]], vectors, out, self.root / shard.file)
        return Features(np.asarray(item_ids, dtype=np.int64)[kept], vectors, space)

    def damaged(self, *, thorough: bool = False) -> list[tuple[str, str]]:
        """Return (file, cause) of each shard that is not as it was written; `thorough` reads every byte."""
        checked = [(shard.file, self._fault(shard, thorough=thorough)) for shard in self.shards()]
        return [(file, fault) for file, fault in checked if fault is not None]

    def drop_shard(self, file: str, held: WorkspaceLock) -> None:
        """Forget one shard, so that its contents are encoded again; row first, for a file without one is an orphan."""
        with self.database.connect(read_only=False) as connection:
            connection.execute("DELETE FROM shards WHERE file = ?", [file])
        (self.root / file).unlink(missing_ok=True)

    def sweep_orphans(self, held: WorkspaceLock) -> list[str]:
        """Remove and return the files that no row names: what a killed run left. The lock proves that none goes on."""
        committed = {shard.file for shard in self.shards()}
        left = [path for path in self.root.rglob("*") if path.is_file() and path.name.endswith((".arrow", TEMPORARY))]
        orphans = [path for path in left if path.relative_to(self.root).as_posix() not in committed]
        for path in orphans:
            path.unlink()
        return sorted(path.relative_to(self.root).as_posix() for path in orphans)

    def _open(self, shard: Shard) -> pa.Table:
        """Return the memory-mapped table of a shard, having checked what is cheap to check."""
        path = self.root / shard.file
        if not path.is_file():
            raise _damaged(path, "it is missing")
        if path.stat().st_size != shard.size:
            raise _damaged(path, f"it has {path.stat().st_size:,} bytes and should have {shard.size:,}")
        try:
            table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
        except (pa.ArrowInvalid, OSError) as error:
            raise _damaged(path, str(error).split("\n", 1)[0]) from error
        space = (table.schema.metadata or {}).get(b"space", b"").decode("utf-8", "replace")
        if space != shard.space:
            raise SpaceMismatch([shard.space], space or "no space", f"{path} does not belong to this space.")
        if table.num_rows != shard.rows:
            raise _damaged(path, f"it has {table.num_rows:,} rows and should have {shard.rows:,}")
        return table

    def _fault(self, shard: Shard, *, thorough: bool) -> str | None:
        try:
            self._open(shard)
        except (WorkspaceError, SpaceMismatch) as error:
            return error.message
        changed = thorough and _file_sha256(self.root / shard.file) != shard.sha256
        return f"the bytes of {self.root / shard.file} have changed" if changed else None


def _float16_rows(vectors: Float32) -> pa.FixedSizeListArray:
    flat = pa.array(vectors.astype(np.float16).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])


def _put_unit_rows(table: pa.Table, rows: Int64, vectors: Float32, out: Int64, path: Path) -> None:
    """Fill vectors[out] with the stored rows, brought back to unit length: float16 keeps it only to about 1e-3."""
    column = table.column("vector").combine_chunks()
    stored = column.values.to_numpy(zero_copy_only=True).reshape(-1, column.type.list_size)
    for start in range(0, len(rows), BLOCK):
        block = stored[rows[start : start + BLOCK]].astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", block, block))
        if not np.all((lengths > 0.9) & (lengths < 1.1)):
            raise _damaged(path, "it has a vector that is not of unit length")
        block /= lengths[:, None]
        vectors[out[start : start + BLOCK]] = block


def _damaged(path: Path, why: str) -> WorkspaceError:
    return WorkspaceError(
        f"the vectors in {path} cannot be used: {why}",
        "Encode them again: embedkit index drops a damaged shard and makes its vectors anew.",
    )


def _file_sha256(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.digest()
