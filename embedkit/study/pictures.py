"""A catalogue's pictures: formats and sizes, shapes, and what speaks against them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedkit.study.looks import FLAGS, SHAPES, Look
from embedkit.study.spread import POINTS, share, spread, tidy
from embedkit.study.tree import WHOLE, by_category

EXAMPLES = 5
MOST_FLAGGED = 500

MEASURES: Mapping[str, Callable[[Look], float]] = {
    "width": lambda one: one.width,
    "height": lambda one: one.height,
    "aspect": lambda one: one.aspect,
    "kilobytes": lambda one: one.bytes / 1000,
}


@dataclass(frozen=True)
class Seen:
    """A listing, by key and category, and the look of its picture."""

    key: str
    category: str
    look: Look


def sizes(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Return quantiles of width, height, width / height and kilobytes, for all pictures and for each format."""
    counts = Counter(one.look.format for one in seen)
    rows = []
    for name in [WHOLE, *sorted(counts, key=lambda name: (-counts[name], name))] if seen else []:
        mine = [one.look for one in seen if name in (WHOLE, one.look.format)]
        for measure, value in MEASURES.items():
            found = spread([value(one) for one in mine])
            points = {point: found[point] for point in POINTS}
            rows.append({"format": name, "measure": measure, "pictures": len(mine), **points})
    return rows


def shapes(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Return how many pictures are tall, square or wide; none for no pictures."""
    rows = []
    for name, (low, high) in SHAPES.items() if seen else ():
        count = sum(low <= one.look.aspect < high for one in seen)
        means = f"width / height {f'from {low:.2g} ' if low else ''}{f'to {high:.2g}' if high < 1e9 else ''}".strip()
        rows.append({"shape": name, "means": means, "pictures": count, "share": share(count, len(seen))})
    return rows


def quality(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Return how many pictures each flag holds for, with the worst as examples."""
    rows = []
    for flag in FLAGS if seen else ():
        found = _flagged(seen, flag.name)
        rows.append(
            {
                "flag": flag.name,
                "means": flag.means,
                "pictures": len(found),
                "share": share(len(found), len(seen)),
                "examples": [one.key for one in found[:EXAMPLES]],
            }
        )
    return rows


def quality_by_category(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Return for each category, the whole first, the share of its pictures that each flag holds for."""
    rows = []
    for category, places in by_category([one.category for one in seen]).items() if seen else ():
        mine = [seen[place].look for place in places]
        shares = {flag.column: share(sum(map(flag.holds, mine)), len(mine)) for flag in FLAGS}
        rows.append({"category": category, "pictures": len(mine), **shares})
    return rows


def flagged(seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Return the pictures that a fault was found in, the worst first, at most 500 a fault."""
    return [
        {
            "flag": flag.name,
            "key": one.key,
            "category": one.category,
            "value": tidy(flag.value(one.look)),
        }
        for flag in FLAGS
        if flag.fault
        for one in _flagged(seen, flag.name)[:MOST_FLAGGED]
    ]


def _flagged(seen: Sequence[Seen], name: str) -> list[Seen]:
    """Return what a flag holds for, the worst first."""
    flag = next(flag for flag in FLAGS if flag.name == name)
    return sorted((one for one in seen if flag.holds(one.look)), key=lambda one: -flag.worst * flag.value(one.look))
