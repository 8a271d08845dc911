"""The index of a space: built when what it should hold has changed, and opened for a search."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from embedkit.errors import EmbedkitError
from embedkit.stores import items, plan, spaces, vectors
from embedkit.types import Features, Item, Progress
from embedkit.workspace import Workspace

NEAR_COSINE = 0.98
"""Pictures this close are taken for one picture, cropped or saved again."""
NEAR_NEIGHBOURS = 6
COMPARE_ALL_UP_TO = 100_000
"""Up to here all pairs are compared, half a minute's work; beyond, that grows too fast, and the index is asked."""


def contents_of(current: list[Item], modality: str) -> list[bytes | None]:
    """Return the digest of what each item has to show in a modality, None for nothing."""
    return [item.image_sha256 if modality == "image" else item.text_sha256 for item in current]


def features_of(workspace: Workspace, space: spaces.SpaceRecord, current: list[Item]) -> Features:
    """Return the vectors of these items in a space; items without one are left out."""
    ids = np.array([item.item_id for item in current], dtype=np.int64)
    return workspace.vectors().load_features(space.space, ids, contents_of(current, space.spec.modality))


def build(workspace: Workspace, space: str, budget_bytes: int, progress: Progress) -> str:
    """Return one line on the space's index, having built it anew if items or contents have changed since."""
    with workspace.database().connect(read_only=True) as connection:
        record = next((one for one in spaces.load_spaces(connection) if one.space == space), None)
        if record is None:
            return "nothing to index"
        current = items.load_items(connection)
        last = spaces.last_index(connection, space)
    there = workspace.vectors().present(space)
    digests = contents_of(current, record.spec.modality)
    held = [(item.item_id, digest) for item, digest in zip(current, digests, strict=True) if digest in there and digest]
    content = spaces.content_sha256(held)
    if last and last.content_sha256 == content and _usable(workspace, space, content):
        return f"index up to date ({last.kind}, {last.rows:,} listings)"
    if not held:
        return "nothing to index"
    started = time.monotonic()
    features = features_of(workspace, record, current)
    chosen = plan.plan_index(len(features), features.dim, budget_bytes)
    index = vectors.build(chosen, features, content_sha256=content, progress=progress)
    build_s = time.monotonic() - started
    vectors.save(index, workspace.index_of(space))
    measured = vectors.measure(index, features)
    made = spaces.IndexRecord(
        space, workspace.index_of(space).name, chosen.kind, asdict(chosen), len(features), content, *measured, build_s
    )
    with workspace.database().connect(read_only=False) as connection:
        spaces.record_index(connection, made)
    return (
        f"index {chosen.kind} of {len(features):,} listings, recall@10 {measured.recall_at_10_vs_flat:.3f}, "
        f"{measured.query_ms:.2g} ms a query"
    )


def open_index(workspace: Workspace, space: str) -> vectors.VectorIndex:
    """Return the index of a space; raises WorkspaceError if it is not there or was damaged."""
    return vectors.load(workspace.index_of(space), space)


def _usable(workspace: Workspace, space: str, content: bytes) -> bool:
    try:
        return open_index(workspace, space).content_sha256 == content
    except EmbedkitError:
        return False


def near_pairs(
    workspace: Workspace, current: list[Item], records: Sequence[spaces.SpaceRecord]
) -> list[tuple[int, int]]:
    """Return pairs of items whose pictures have almost the same vector in some picture space, the closest first.

    Vectors are centred on their mean first: those of one encoder crowd in a cone, where strangers look alike too.
    """
    pairs: dict[tuple[int, int], float] = {}
    for record in records:
        features = features_of(workspace, record, current) if record.spec.modality == "image" else None
        if features is None or len(features) < 3:
            continue
        if len(features) <= COMPARE_ALL_UP_TO:
            found = vectors.search_exact(features, features, NEAR_NEIGHBOURS)
        else:
            found = vectors.search(open_index(workspace, record.space), features, NEAR_NEIGHBOURS)
        centred = features.vectors - features.vectors.mean(axis=0)
        centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
        known = features.has(found.ids.ravel()).reshape(found.ids.shape)
        for row, place in zip(*np.nonzero(known & (found.cosine >= NEAR_COSINE)), strict=True):
            other = features.row(int(found.ids[row, place]))
            cosine = float(centred[row] @ centred[other])
            if other != row and cosine >= NEAR_COSINE:
                left, right = sorted((int(features.ids[row]), int(features.ids[other])))
                pairs[left, right] = max(cosine, pairs.get((left, right), 0.0))
    return sorted(pairs, key=lambda pair: (-pairs[pair], pair))
