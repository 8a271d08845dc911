"""Print how often the promise is kept on held-out listings: repeated splits of a real catalogue.

    python benchmarks/promise_kept.py products.csv --title product_name --text description product_specifications \
        --category product_category_tree

Each seed trains on 80 % of the listings, takes thresholds from out-of-fold evidence, and looks at the held-out 20 %.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd

from embedkit.heads.keywords import GramSpec
from embedkit.heads.promise import PromisePolicy, decide
from embedkit.heads.splits import assign_splits, near_duplicate_groups
from embedkit.heads.train import HeadSpec, fit_head
from embedkit.metrics import lower_bound
from embedkit.types import Documents

PROMISES = (0.95, 0.98, 0.99)
WORD = re.compile(r"[a-z0-9]+")


def read(args: argparse.Namespace) -> tuple[list[Documents], list[str], list[str]]:
    """Return the keyword blocks, the labels and the texts of the catalogue's listings."""
    table = pd.read_csv(args.catalogue).fillna("")
    labels = [re.split(r"\s*>>\s*|\s*>\s*", str(path).strip('[]"'))[0] for path in table[args.category]]
    titles = [str(title) for title in table[args.title]]
    texts = [" ".join([title, *map(str, row)]) for title, row in zip(titles, table[args.text].to_numpy(), strict=True)]
    ids = np.arange(len(table), dtype=np.int64)
    blocks = [
        Documents(ids, tuple(tuple(WORD.findall(text.lower())) for text in column), space)
        for column, space in ((texts, "keywords"), (titles, "title"))
    ]
    return blocks, labels, texts


def main() -> None:
    """Print a line a seed and promise, then the tally; write JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--title", default="title")
    parser.add_argument("--text", nargs="+", default=["description"])
    parser.add_argument("--category", default="category")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    blocks, labels, texts = read(args)
    ids = blocks[0].ids
    groups = near_duplicate_groups(ids, [texts])
    truth = np.asarray(labels, dtype=object)
    spec = HeadSpec(grams={"title": GramSpec(words=1, chars=(3, 4, 5))})
    rows = []
    for seed in range(args.seeds):
        started = time.perf_counter()
        test = np.asarray(assign_splits([str(i) for i in ids], labels, groups, 0.2, seed)) == "test"
        head = fit_head("probe", ids[~test], blocks, list(truth[~test]), groups[~test], spec, seed=seed)
        predictions = head.predict(ids[test], blocks)
        right = np.asarray(predictions.label, dtype=object) == truth[test]
        for promise in PROMISES:
            decisions = decide(head.evidence(), predictions, PromisePolicy(promise))
            accepted, hits = int(decisions.accept.sum()), int(right[decisions.accept].sum())
            precision = hits / accepted if accepted else float("nan")
            kept = accepted == 0 or hits >= promise * accepted - 1e-9
            rows.append({"seed": seed, "promise": promise, "accepted": accepted, "of": int(test.sum()), "right": hits,
                         "kept": kept, "accuracy": float(right.mean())})  # fmt: skip
            print(f"seed {seed:2d}  promise {promise:.2f}  accepted {accepted:4d} of {int(test.sum())}  "
                  f"right {precision:.4f}  {'kept' if kept else 'BROKEN'}  "
                  f"(all: {right.mean():.4f}, {time.perf_counter() - started:.1f} s)", flush=True)  # fmt: skip
    for promise in PROMISES:
        mine = [row for row in rows if row["promise"] == promise]
        held, accepted = sum(bool(row["kept"]) for row in mine), sum(int(row["accepted"]) for row in mine)
        hits, total = sum(int(row["right"]) for row in mine), sum(int(row["of"]) for row in mine)
        print(f"promise {promise:.2f}: kept {held}/{len(mine)} (at least {lower_bound(held, len(mine)):.0%}), "
              f"accepted {accepted / total:.1%}, right {hits / max(accepted, 1):.4f}")  # fmt: skip
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
