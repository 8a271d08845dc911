"""Which index to build for so many vectors in so much memory: arithmetic only, nothing is allocated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from embedkit.errors import EmbedkitError

Kind = Literal["flat", "hnsw", "ivf-fp16", "ivf-rabitq-sq8", "ivf-sq8"]

# Exact search of 200,000 x 512 takes some 40 ms on two cores: below what a person notices, and nothing to tune.
FLAT_UP_TO = 200_000
ID_BYTES = 8
# HNSW32 keeps 2 x 32 links of 4 bytes on its ground floor, and one vector in 31 a floor above with 32 of them.
HNSW_LINKS = 32
HNSW_BYTES = 2 * HNSW_LINKS * 4 + 12 + HNSW_LINKS * 4 // 31
# At one million vectors efSearch 64 finds 0.998 of the true ten in 0.4 ms; construction at 80 is what that needs.
HNSW_EF_SEARCH, HNSW_EF_CONSTRUCTION = 64, 80
# An inverted list stores each id once more.
IVF_BYTES = 2 * ID_BYTES
# Two bits a component, and the correction factors of RaBitQ: two floats for the first bit, two for the second.
RABITQ_BITS, RABITQ_FACTOR_BYTES = 2, 16
# Fast-scan codes lie in blocks of 32, so each list wastes half a block.
FAST_SCAN_WASTE = 16
# How many candidates the two-bit codes hand on, for each one asked for, to be ranked again by 8-bit codes.
REFINE_FACTOR = 4
# k-means needs 39 points a centroid or faiss warns; 39 x 4,096 took 55 s, and more did not raise the recall.
TRAIN_ROWS_PER_LIST = 39
# One list in 64: recall 0.987 with 4,096 lists at one million. Never fewer than 16, for lists cut neighbourhoods.
LISTS_PER_PROBE, LEAST_PROBES = 64, 16


class IndexTooLarge(EmbedkitError):
    """No index that keeps the recall fits the memory budget."""

    def __init__(self, need_bytes: int, budget_bytes: int) -> None:
        super().__init__(
            f"an index needs {need_bytes:,} bytes of memory and the budget is {budget_bytes:,}",
            "Raise the memory budget, accept a lower recall, or index fewer items.",
        )
        self.need_bytes = need_bytes
        self.budget_bytes = budget_bytes


@dataclass(frozen=True)
class IndexPlan:
    """One index to build: its kind, faiss's name for it, its settings, and the memory it takes.

    `need_bytes` is the most it takes at once, training sample included; the vectors it is built from are not counted.
    """

    kind: Kind
    factory: str
    n: int
    dim: int
    bytes_per_vector: int
    need_bytes: int
    expected_recall_at_10: float
    lists: int = 0
    probes: int = 0
    ef_search: int = 0
    ef_construction: int = 0
    train_rows: int = 0
    refine_factor: int = 0


def plan_index(n: int, dim: int, budget_bytes: int, recall: float = 0.95) -> IndexPlan:
    """Return the fastest index of n vectors that fits the budget and is expected to reach this recall@10.

    The ladder, by falling memory: exact while that is quick, HNSW, then inverted lists with ever shorter codes.
    Raises IndexTooLarge when no step fits.
    """
    steps = [_flat] if n <= FLAT_UP_TO else []
    steps += [_hnsw, _ivf_fp16, _ivf_rabitq_sq8, _ivf_sq8]
    plans = [plan for step in steps if (plan := step(n, dim)).expected_recall_at_10 >= recall]
    if not plans:  # only exact search promises that much
        plans = [_flat(n, dim)]
    for plan in plans:
        if plan.need_bytes <= budget_bytes:
            return plan
    raise IndexTooLarge(min(plan.need_bytes for plan in plans), budget_bytes)


def plan_kind(kind: Kind, n: int, dim: int) -> IndexPlan:
    """Return the plan of one kind, whatever it costs: for measuring, and for a user who insists."""
    return STEPS[kind](n, dim)


def _flat(n: int, dim: int) -> IndexPlan:
    size = 4 * dim + ID_BYTES
    return IndexPlan("flat", "Flat", n, dim, size, n * size, 1.0)


def _hnsw(n: int, dim: int) -> IndexPlan:
    size = 4 * dim + HNSW_BYTES + ID_BYTES
    return IndexPlan(
        "hnsw",
        f"HNSW{HNSW_LINKS}",
        n,
        dim,
        size,
        n * size,
        expected_recall_at_10=0.99,
        ef_search=HNSW_EF_SEARCH,
        ef_construction=HNSW_EF_CONSTRUCTION,
    )


def _ivf_fp16(n: int, dim: int) -> IndexPlan:
    return _ivf("ivf-fp16", "SQfp16", n, dim, code_bytes=2 * dim, recall=0.98)


def _ivf_rabitq_sq8(n: int, dim: int) -> IndexPlan:
    code_bytes = RABITQ_BITS * dim // 8 + RABITQ_FACTOR_BYTES + dim
    return _ivf("ivf-rabitq-sq8", "RaBitQfs2,Refine(SQ8)", n, dim, code_bytes=code_bytes, recall=0.96)


def _ivf_sq8(n: int, dim: int) -> IndexPlan:
    return _ivf("ivf-sq8", "SQ8", n, dim, code_bytes=dim, recall=0.95)


def _ivf(kind: Kind, code: str, n: int, dim: int, *, code_bytes: int, recall: float) -> IndexPlan:
    lists = count_lists(n)
    train_rows = min(n, TRAIN_ROWS_PER_LIST * lists)
    size = code_bytes + IVF_BYTES
    waste_bytes = lists * FAST_SCAN_WASTE * code_bytes if "fs" in code else 0
    return IndexPlan(
        kind,
        f"IVF{lists},{code}",
        n,
        dim,
        size,
        n * size + waste_bytes + (lists + train_rows) * 4 * dim,
        expected_recall_at_10=recall,
        lists=lists,
        probes=min(lists, max(LEAST_PROBES, lists // LISTS_PER_PROBE)),
        train_rows=train_rows,
        refine_factor=REFINE_FACTOR if "Refine" in code else 0,
    )


def count_lists(n: int) -> int:
    """Return the power of two nearest 4 sqrt(n), faiss's rule of thumb, with enough points to train each list."""
    most = max(1, n // TRAIN_ROWS_PER_LIST)
    lists = 1
    while lists * lists * 2 < 16 * n and lists * 2 <= most:
        lists *= 2
    return lists


STEPS: dict[Kind, Callable[[int, int], IndexPlan]] = {
    "flat": _flat,
    "hnsw": _hnsw,
    "ivf-fp16": _ivf_fp16,
    "ivf-rabitq-sq8": _ivf_rabitq_sq8,
    "ivf-sq8": _ivf_sq8,
}
