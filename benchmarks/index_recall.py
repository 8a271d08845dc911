"""Measure each kind of index: memory, seconds to build, recall@10 against exact search, milliseconds a query.

The vectors are clustered on the sphere as CLIP's are: many tight groups, all in one narrow cone.

    python benchmarks/index_recall.py --n 100000 --dim 512 --out index_recall.json
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from embedkit.stores.plan import STEPS, plan_kind
from embedkit.stores.vectors import build, measure, save
from embedkit.types import Features, Float32


def clip_like(n: int, dim: int, seed: int) -> Float32:
    """Return float32[n, dim], unit L2: a common direction, plus groups with falling variance, plus noise.

    Neighbours have a cosine near 0.9 and strangers near 0.5, as pictures do in CLIP's space.
    """
    rng = np.random.default_rng(seed)
    scale = (np.arange(1, dim + 1) ** -0.5).astype(np.float32)
    scale /= np.linalg.norm(scale)
    cone = rng.standard_normal(dim).astype(np.float32)
    cone /= np.linalg.norm(cone)
    groups = rng.standard_normal((max(1, n // 50), dim), dtype=np.float32) * scale
    vectors = np.empty((n, dim), dtype=np.float32)
    for start in range(0, n, 50_000):
        block = vectors[start : start + 50_000]
        block[:] = cone + 0.9 * groups[rng.integers(len(groups), size=len(block))]
        block += 0.45 * rng.standard_normal(block.shape, dtype=np.float32) * scale
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    return vectors


def main() -> None:
    """Print a line for each kind and write them all as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", default=list(STEPS), choices=list(STEPS))
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    features = Features(
        np.arange(options.n, dtype=np.int64), clip_like(options.n, options.dim, options.seed), "clip-like"
    )
    print(f"{options.n:,} x {options.dim}, {options.queries} queries, seed {options.seed}")
    print(f"{'kind':16}{'bytes/vector':>14}{'planned':>9}{'build s':>9}{'recall@10':>11}{'ms/query':>10}")
    rows = []
    for kind in options.kinds:
        plan = plan_kind(kind, options.n, options.dim)
        start = time.perf_counter()
        index = build(plan, features, seed=options.seed)
        build_s = time.perf_counter() - start
        with tempfile.TemporaryDirectory() as folder:
            save(index, Path(folder) / "measured.faiss")
            size = (Path(folder) / "measured.faiss").stat().st_size / options.n
        measured = measure(index, features, options.queries, options.seed)
        rows.append({"kind": kind, "bytes_per_vector": size, "build_s": build_s, **measured._asdict()})
        print(
            f"{kind:16}{size:14,.0f}{plan.bytes_per_vector:9,}{build_s:9.1f}"
            f"{measured.recall_at_10_vs_flat:11.3f}{measured.query_ms:10.2f}",
            flush=True,
        )
    if options.out:
        settings = {"n": options.n, "dim": options.dim, "queries": options.queries, "seed": options.seed}
        options.out.write_text(json.dumps({**settings, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
