"""Print how often the promise is kept on held-out listings: repeated splits of an indexed catalogue.

    embedkit index ../shared/data/flipkart/products.csv --images ../shared/data/flipkart/images -w flipkart-workspace
    python benchmarks/promise_kept.py flipkart-workspace --seeds 20

Each seed trains a probe on 80 % of the listings, takes thresholds from out-of-fold evidence, and looks at the held-out
20 %: are the accepted ones right at least as often as promised? Nothing is written to the workspace.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from embedkit.blocks import GRAMS
from embedkit.ground import GroundSpec, survey
from embedkit.heads.promise import PromisePolicy, decide
from embedkit.heads.train import HeadSpec, fit_head
from embedkit.metrics import lower_bound
from embedkit.workspace import Workspace

PROMISES = (0.95, 0.98, 0.99)


def one_seed(workspace: Workspace, seed: int, features: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return a row a promise."""
    started = time.perf_counter()
    ground = survey(workspace, GroundSpec(features=features, keywords=not features, seed=seed))
    train, spec = ground.train, HeadSpec(grams=GRAMS)
    head = fit_head(
        "probe", ground.ids[train], ground.blocks, ground.labels_of(train), ground.groups[train], spec, seed=seed
    )
    predictions = head.predict(ground.ids[~train], ground.blocks)
    right = np.array([said == true for said, true in zip(predictions.label, ground.labels_of(~train), strict=True)])
    rows = []
    for promise in PROMISES:
        accept = decide(head.evidence(), predictions, PromisePolicy(promise)).accept
        accepted, hits = int(accept.sum()), int(right[accept].sum())
        rows.append(
            {
                "seed": seed,
                "promise": promise,
                "of": len(right),
                "accepted": accepted,
                "right": hits,
                "kept": hits >= promise * accepted - 1e-9,
                "accuracy": float(right.mean()),
                "seconds": round(time.perf_counter() - started, 1),
            }
        )
    return rows


def main() -> None:
    """Print a line a seed and promise, then the tally; write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--features", default="", help="blocks, comma-separated; the default is all with keywords")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    features = tuple(name for name in options.features.split(",") if name)
    rows: list[dict[str, Any]] = []
    for seed in range(options.seeds):
        for row in one_seed(Workspace(options.workspace), seed, features):
            rows.append(row)
            print(
                f"seed {seed:2d}  promise {row['promise']:.2f}  accepted {row['accepted']:4d} of {row['of']}  right "
                f"{row['right'] / max(1, row['accepted']):.4f}  {'kept' if row['kept'] else 'BROKEN'}  "
                f"(all: {row['accuracy']:.4f})",
                flush=True,
            )
    for promise in PROMISES:
        mine = [row for row in rows if row["promise"] == promise]
        kept, accepted = sum(row["kept"] for row in mine), sum(row["accepted"] for row in mine)
        right, total = sum(row["right"] for row in mine), sum(row["of"] for row in mine)
        print(
            f"promise {promise:.2f}: kept {kept}/{len(mine)} (at least {lower_bound(kept, len(mine)):.0%}), "
            f"accepted {accepted / total:.1%}, right {right / max(accepted, 1):.4f}"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
