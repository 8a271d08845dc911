"""Rows about encoders and their indexes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from embedkit.stores.database import Connection, next_id
from embedkit.stores.runs import now, to_json
from embedkit.types import EncoderSpec


@dataclass(frozen=True)
class SpaceRecord:
    """An encoder that this workspace has vectors of, and the device it was first run on."""

    space: str
    spec: EncoderSpec
    device: str


def register_space(connection: Connection, spec: EncoderSpec, device: str) -> None:
    """Note the space of an encoder, once."""
    connection.execute(
        "INSERT OR IGNORE INTO spaces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            spec.space,
            spec.name,
            spec.modality,
            spec.variant,
            spec.precision,
            spec.dim,
            spec.family,
            spec.weights_sha256,
            to_json(spec.preprocess),
            device,
            now(),
        ],
    )


def load_spaces(connection: Connection) -> list[SpaceRecord]:
    """Return the spaces of this workspace, oldest first."""
    rows = connection.execute(
        "SELECT space, name, modality, dim, weights_sha256, preprocess, family, variant, precision, device"
        " FROM spaces ORDER BY created_at, space"
    ).fetchall()
    return [
        SpaceRecord(space, EncoderSpec(name, modality, dim, sha, json.loads(prep), family, variant, precision), device)
        for space, name, modality, dim, sha, prep, family, variant, precision, device in rows
    ]


@dataclass(frozen=True)
class IndexRecord:
    """A built index: where it is, what is in it, and what was measured on a sample of its vectors."""

    space: str
    file: str
    kind: str
    plan: Mapping[str, Any]
    rows: int
    content_sha256: bytes
    recall_at_10_vs_flat: float | None
    query_ms: float | None
    build_s: float
    index_id: int = 0


def record_index(connection: Connection, record: IndexRecord) -> int:
    """Append a built index and return its id; commit it once its file is complete."""
    index_id = next_id(connection, "indexes", "index_id")
    connection.execute(
        "INSERT INTO indexes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            index_id,
            record.space,
            record.file,
            record.kind,
            to_json(record.plan),
            record.rows,
            record.content_sha256,
            record.recall_at_10_vs_flat,
            record.query_ms,
            record.build_s,
            now(),
        ],
    )
    return index_id


def last_index(connection: Connection, space: str) -> IndexRecord | None:
    """Return the newest index of a space, or None."""
    rows = connection.execute(
        "SELECT space, file, kind, plan, rows, content_sha256, recall_at_10_vs_flat, query_ms, build_s, index_id"
        " FROM indexes WHERE space = ? ORDER BY index_id DESC LIMIT 1",
        [space],
    ).fetchall()
    if not rows:
        return None
    space, file, kind, plan, *rest = rows[0]
    return IndexRecord(space, file, kind, json.loads(plan), *rest)


def content_sha256(contents: Iterable[tuple[int, bytes]]) -> bytes:
    """Return the digest of a set of (item_id, content sha256), whatever their order: it shows a stale index."""
    digest = hashlib.sha256()
    for item_id, content in sorted(contents):
        digest.update(int(item_id).to_bytes(8, "little") + content)
    return digest.digest()
