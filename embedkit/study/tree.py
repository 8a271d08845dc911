"""The category tree: how many listings each category has, at every depth, and how many categories below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from embedkit.study.spread import share, tidy

Path = tuple[str, ...]
LEVEL = " > "
WHOLE = "(all)"
"""Stands where a category would, for the whole catalogue."""
NONE = "(none)"
"""Stands where a category would, for listings that have none."""


def categories(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return a row for each category of each depth: its listings, and how many categories stand directly below it.

    Depth by depth, the largest category first; listings without a category are in no row.
    """
    counts, below = _count(paths)
    return [
        {
            "depth": len(path),
            "category": LEVEL.join(path),
            "listings": counts[path],
            "share": share(counts[path], len(paths)),
            "sub_categories": below[path],
        }
        for path in sorted(counts, key=lambda path: (len(path), -counts[path], path))
    ]


def levels(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Return a row for each depth: its categories, the listings that reach it, and how large its categories are."""
    counts, below = _count(paths)
    rows = []
    for depth in range(1, max((len(path) for path in counts), default=0) + 1):
        here = {path: count for path, count in counts.items() if len(path) == depth}
        rows.append(
            {
                "depth": depth,
                "categories": len(here),
                "listings": sum(here.values()),
                "smallest": min(here.values()),
                "median": tidy(float(np.median(list(here.values())))),
                "largest": max(here.values()),
                "sub_categories": sum(below[path] for path in here),
            }
        )
    return rows


def by_category(labels: Sequence[str]) -> dict[str, list[int]]:
    """Return the rows of each category, the whole catalogue first, then the largest; those without one come last."""
    rows: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        rows.setdefault(label, []).append(row)
    ordered = sorted(rows, key=lambda label: (label == NONE, -len(rows[label]), label))
    return {WHOLE: list(range(len(labels))), **{label: rows[label] for label in ordered}}


def _count(paths: Iterable[Path]) -> tuple[Counter[Path], Counter[Path]]:
    """Return the listings at or below each category, and the categories directly below it."""
    counts = Counter(path[:depth] for path in paths for depth in range(1, len(path) + 1))
    return counts, Counter(path[:-1] for path in counts)
