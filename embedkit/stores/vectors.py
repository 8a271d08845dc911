"""Nearest neighbours through faiss: build, keep, search, measure. The only module that knows faiss."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import faiss
import numpy as np

from embedkit.errors import EmbedkitError, SpaceMismatch, WorkspaceError
from embedkit.stores.durable import durable_write
from embedkit.stores.plan import IndexPlan
from embedkit.types import Features, Float32, Int64, Neighbours, Progress, no_progress

FAISS: Any = faiss  # its type stubs do not know the Python side of its classes
ADD_ROWS = 50_000
# Comparing a query with 20,000 vectors one by one takes a few ms, and no filtered graph or list walk is as sure.
EXACT_UP_TO = 20_000
# A filtered walk must meet 1 / selectivity as many vectors; beyond this effort the exact search is as quick.
MOST_EF_SEARCH = 4096
TIMED_QUERIES = 50


@dataclass(frozen=True)
class VectorIndex:
    """An index in memory: ids int64[n] rising; faiss's own numbering, 0 to n - 1, never leaves this module."""

    plan: IndexPlan
    space: str
    content_sha256: bytes
    ids: Int64
    mapped: Any

    @property
    def inner(self) -> Any:
        """Faiss's index below the map of ids."""
        return FAISS.downcast_index(self.mapped.index)

    def __len__(self) -> int:
        return len(self.ids)


class Measured(NamedTuple):
    """Share of the ten truly nearest that the index finds, in [0, 1], and the median time of one query."""

    recall_at_10_vs_flat: float
    query_ms: float


def build(
    plan: IndexPlan,
    features: Features,
    *,
    seed: int = 0,
    content_sha256: bytes = b"",
    progress: Progress = no_progress,
) -> VectorIndex:
    """Return an index of these features; `content_sha256` names what is in it, to tell later that it is stale.

    The seed fixes the training sample and the clustering; HNSW's links also depend on how threads interleave.
    """
    if features.dim != plan.dim and len(features):
        raise ValueError(f"plan for {plan.dim} dimensions, features of {features.dim}")
    order = np.argsort(features.ids, kind="stable")
    ids = features.ids[order]
    twice = ids[1:][ids[1:] == ids[:-1]]
    if len(twice):
        raise EmbedkitError(f"item {int(twice[0])} has two vectors in {features.space}; an index takes one")
    inner = FAISS.index_factory(plan.dim, plan.factory, FAISS.METRIC_INNER_PRODUCT)
    _set_up(inner, plan, seed)
    mapped = FAISS.IndexIDMap(inner)
    if plan.train_rows:
        progress("training the index", 0, 0)
        sample = np.random.default_rng(seed).choice(len(ids), plan.train_rows, replace=False)
        inner.train(features.vectors[order[np.sort(sample)]])
    for start in range(0, len(ids), ADD_ROWS):
        part = slice(start, start + ADD_ROWS)
        mapped.add_with_ids(features.vectors[order[part]], ids[part])
        progress("building the index", min(start + ADD_ROWS, len(ids)), len(ids))
    return VectorIndex(plan, features.space, content_sha256, ids, mapped)


def _set_up(inner: Any, plan: IndexPlan, seed: int) -> None:
    if plan.kind == "hnsw":
        inner.hnsw.efConstruction = plan.ef_construction
        inner.hnsw.efSearch = plan.ef_search
    elif plan.lists:
        ivf = FAISS.extract_index_ivf(inner)
        ivf.nprobe = plan.probes
        ivf.cp.seed = seed


def save(index: VectorIndex, path: Path) -> None:
    """Write the index to `path`, item ids inside, and what it is to `path`.json; the latter last, as the seal."""
    _seal(path).unlink(missing_ok=True)
    with durable_write(path) as temporary:
        FAISS.write_index(index.mapped, str(temporary))
    about = {
        "space": index.space,
        "content_sha256": index.content_sha256.hex(),
        "bytes": path.stat().st_size,
        "plan": asdict(index.plan),
    }
    with durable_write(_seal(path)) as temporary:
        temporary.write_text(json.dumps(about, indent=1), encoding="utf-8")


def load(path: Path, space: str) -> VectorIndex:
    """Return the index of this space that `save` wrote; an incomplete, damaged or foreign one is refused."""
    try:
        about = json.loads(_seal(path).read_text(encoding="utf-8"))
        plan, made_in, size = IndexPlan(**about["plan"]), about["space"], about["bytes"]
        content_sha256 = bytes.fromhex(about["content_sha256"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unusable(path, "it is missing or was not finished") from error
    if made_in != space:
        raise SpaceMismatch([made_in], space, f"The index {path} belongs to another space; build this one's.")
    if not path.is_file() or path.stat().st_size != size:
        raise _unusable(path, f"it does not have its {size:,} bytes")
    try:
        mapped = FAISS.read_index(str(path))  # owns what it maps; a second wrapper would outlive it
    except RuntimeError as error:
        raise _unusable(path, "faiss cannot read it") from error
    return VectorIndex(plan, space, content_sha256, FAISS.vector_to_array(mapped.id_map), mapped)


def _seal(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _unusable(path: Path, why: str) -> WorkspaceError:
    return WorkspaceError(f"the index {path} cannot be used: {why}", "Build it again: embedkit index CATALOG")


def search(
    index: VectorIndex,
    queries: Features,
    k: int,
    *,
    allowed: Int64 | None = None,
    comparable: Collection[str] = (),
    vectors_of: Callable[[Int64], Features] | None = None,
) -> Neighbours:
    """Return the k nearest items of each query, best first; among `allowed` ids only, if given.

    `comparable` names further spaces that queries may be in: those of the same family. When few items remain the
    search is exact, over the index's own vectors, or those of `vectors_of` where the index has only codes.
    """
    if queries.space != index.space and queries.space not in comparable:
        raise SpaceMismatch([index.space, *comparable], queries.space, "Search with the encoder the index was made by.")
    if queries.dim != index.plan.dim:
        raise SpaceMismatch([f"{index.space} ({index.plan.dim} dimensions)"], f"{queries.dim} dimensions")
    if k < 1:
        raise ValueError(f"k is {k}")
    positions = np.arange(len(index)) if allowed is None else _positions(index, allowed)
    if not len(positions) or not len(queries):
        return _padded(queries, np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32), k)
    if allowed is not None and len(positions) <= EXACT_UP_TO:
        return _search_few(index, queries, positions, k, vectors_of)
    selector = None if allowed is None else _selector(len(index), positions)
    selectivity = len(positions) / len(index)
    cosine, found = index.inner.search(queries.vectors, k, params=_parameters(index.plan, k, selectivity, selector))
    # A walk may end before it met enough of the allowed items: then only the exact search is sure to.
    short = allowed is not None and bool(np.any((found >= 0).sum(axis=1) < min(k, len(positions))))
    if short:
        return _search_few(index, queries, positions, k, vectors_of)
    ids = np.where(found >= 0, index.ids[found], -1)
    return _padded(queries, ids, cosine, k)


def search_exact(features: Features, queries: Features, k: int) -> Neighbours:
    """Return the k nearest of these features to each query, by comparing all: the reference for every index."""
    if not len(features) or not len(queries):
        return _padded(queries, np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32), k)
    cosine, rows = FAISS.knn(
        queries.vectors, features.vectors, min(k, len(features)), metric=FAISS.METRIC_INNER_PRODUCT
    )
    return _padded(queries, features.ids[rows], cosine, k)


def measure(index: VectorIndex, features: Features, sample: int = 200, seed: int = 0) -> Measured:
    """Return how well and how fast the index answers a sample of its own vectors, each leaving itself out."""
    if len(features) < 2:
        return Measured(1.0, 0.0)
    rows = np.random.default_rng(seed).choice(len(features), min(sample, len(features)), replace=False)
    queries = Features(features.ids[rows], features.vectors[rows], features.space)
    nearest, found = search_exact(features, queries, 11), search(index, queries, 11)
    shares = []
    for own, true_ids, found_ids in zip(queries.ids, nearest.ids, found.ids, strict=True):
        true = {int(i) for i in true_ids if i not in (own, -1)}
        # Among eleven or more twins a vector may not be its own neighbour: ten of the others count.
        true = set(list(true)[:10]) if len(true) > 10 else true
        shares.append(len(true & {int(i) for i in found_ids}) / len(true))
    times_ms = []
    for row in range(min(TIMED_QUERIES, len(queries))):
        one = Features(queries.ids[row : row + 1], queries.vectors[row : row + 1], queries.space)
        start = time.perf_counter()
        search(index, one, 10)
        times_ms.append(1000 * (time.perf_counter() - start))
    return Measured(float(np.mean(shares)), float(np.median(times_ms)))


def _positions(index: VectorIndex, allowed: Int64) -> Int64:
    """Return where the allowed items are in the index, without those it lacks, each once."""
    allowed = np.unique(np.asarray(allowed, dtype=np.int64))
    at = np.searchsorted(index.ids, allowed)
    inside = at < len(index.ids)
    return at[inside][index.ids[at[inside]] == allowed[inside]].astype(np.int64)


def _selector(n: int, positions: Int64) -> Any:
    """Return faiss's bitmap of the positions: one look-up a vector, whatever their number."""
    bits = np.zeros(n, dtype=bool)
    bits[positions] = True
    return FAISS.IDSelectorBitmap(np.packbits(bits, bitorder="little"))


def _parameters(plan: IndexPlan, k: int, selectivity: float, selector: Any) -> Any:
    """Return faiss's settings of one search: its effort grows as the filter leaves fewer."""
    if plan.kind == "flat":
        return FAISS.SearchParameters(sel=selector)
    if plan.kind == "hnsw":
        effort = int(max(plan.ef_search, 2 * k) / selectivity)
        return FAISS.SearchParametersHNSW(sel=selector, efSearch=min(MOST_EF_SEARCH, effort))
    probes = min(plan.lists, int(np.ceil(plan.probes / selectivity)))
    inner = FAISS.SearchParametersIVF(sel=selector, nprobe=probes)
    if plan.refine_factor:
        return FAISS.IndexRefineSearchParameters(k_factor=plan.refine_factor, base_index_params=inner)
    return inner


def _search_few(
    index: VectorIndex,
    queries: Features,
    positions: Int64,
    k: int,
    vectors_of: Callable[[Int64], Features] | None,
) -> Neighbours:
    """Return the nearest among these positions, each compared with each query."""
    ids = index.ids[positions]
    if index.plan.kind in ("flat", "hnsw"):
        features = Features(ids, _stored(index)[positions], index.space)
    elif vectors_of is not None:
        features = vectors_of(ids)
    else:
        everything = FAISS.SearchParametersIVF(sel=_selector(len(index), positions), nprobe=index.plan.lists)
        if index.plan.refine_factor:
            factor = index.plan.refine_factor
            everything = FAISS.IndexRefineSearchParameters(k_factor=factor, base_index_params=everything)
        cosine, found = index.inner.search(queries.vectors, min(k, len(positions)), params=everything)
        return _padded(queries, np.where(found >= 0, index.ids[found], -1), cosine, k)
    return search_exact(features, queries, k)


def _stored(index: VectorIndex) -> Float32:
    """Return float32[n, dim], the vectors inside a flat or HNSW index, without a copy."""
    flat = index.inner if index.plan.kind == "flat" else FAISS.downcast_index(index.inner.storage)
    return FAISS.rev_swig_ptr(flat.get_xb(), flat.ntotal * flat.d).reshape(flat.ntotal, flat.d)


def _padded(queries: Features, ids: Int64, cosine: Float32, k: int) -> Neighbours:
    """Return neighbours k wide: -1 and cosine -1 where there is none; float32 sums may pass 1 by a hair, so clipped."""
    missing = k - ids.shape[1]
    ids = np.pad(ids, ((0, 0), (0, missing)), constant_values=-1).astype(np.int64)
    cosine = np.pad(cosine, ((0, 0), (0, missing)), constant_values=-1.0).astype(np.float32)
    return Neighbours(queries.ids, ids, np.where(ids < 0, np.float32(-1), np.clip(cosine, -1.0, 1.0)))
