"""The catalogue as a map, twice: by category, and by where the head is right and wrong."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from embedkit.report.charts import name_of
from embedkit.report.drawing import WIDTH_IN, Chart, draw
from embedkit.report.palette import COLOURS, INK, OTHERS, OUTCOMES, SHAPES
from embedkit.studies import Rows
from embedkit.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOWEST_IN, HIGHEST_IN, LEGEND_IN = 3.2, 6.6, 0.7
MARGIN = 0.07
LABEL_WIDTH, LABEL_HEIGHT = 0.62, 0.09
"""How much room a name takes on the map, whose sides are 2 long."""


def category_map(rows: Rows, _: Wording) -> Chart:
    """Return the listings by category: a colour and a shape each for the most frequent, one for all others."""
    counted = Counter(row["category"] for row in rows if row["category"] is not None)
    named = [name for name, count in counted.most_common(len(COLOURS))]
    description = _(
        "Each mark is a listing; alike listings lie near each other. {n} categories are drawn with a colour and a "
        "shape of their own.",
        n=_.number(len(named)),
    )

    def paint(figure: Figure) -> None:
        axes = _bare(figure, rows)
        others = [row for row in rows if row["category"] not in named]
        if others:
            _scatter(axes, others, OTHERS, ".", _("other or no category"), size=14, alpha=0.5)
        for name, colour, shape in zip(named, COLOURS, SHAPES, strict=False):
            mine = [row for row in rows if row["category"] == name]
            _scatter(axes, mine, colour, shape, name_of(name, 30), size=20, alpha=0.75)
        _labels(axes, {name: [row for row in rows if row["category"] == name] for name in named})
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, frameon=False, fontsize=8.5, markerscale=1.4)

    return draw("map-category", _("Map by category"), description, paint, height_of(rows))


def outcome_map(rows: Rows, _: Wording) -> Chart:
    """Return the same map by outcome: what the head has right is small and round, what it has wrong a large cross."""
    counted = Counter(row["outcome"] for row in rows)
    names = {"right": _("right"), "wrong": _("wrong"), "unknown": _("category unknown")}
    description = _(
        "The same map: {right} listings that the model has right, {wrong} that it has wrong, and {unknown} whose "
        "category nobody has said or that it has learnt by heart.",
        right=_.number(counted["right"]),
        wrong=_.number(counted["wrong"]),
        unknown=_.number(counted["unknown"]),
    )

    def paint(figure: Figure) -> None:
        axes = _bare(figure, rows)
        for outcome, size, alpha in (("unknown", 16, 0.6), ("right", 12, 0.45), ("wrong", 55, 1.0)):
            mine = [row for row in rows if row["outcome"] == outcome]
            colour, shape = OUTCOMES[outcome]
            said = f"{names[outcome]} ({_.number(len(mine))})"
            if mine:
                _scatter(
                    axes, mine, colour, shape, said, size=size, alpha=alpha, edge="white" if alpha == 1 else "none"
                )
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, frameon=False, fontsize=9)

    return draw("map-outcome", _("Map by error"), description, paint, height_of(rows))


def height_of(rows: Rows) -> float:
    """Return how high a map is drawn, in inches, so that both directions have one scale."""
    wide, high = (max(row[axis] for row in rows) - min(row[axis] for row in rows) for axis in ("x", "y"))
    return min(HIGHEST_IN, max(LOWEST_IN, WIDTH_IN * high / (wide or 1.0))) + LEGEND_IN


def _bare(figure: Figure, rows: Rows) -> Axes:
    """Return axes without ticks: only nearness means something on this map."""
    axes = figure.subplots()
    axes.set_xticks([])
    axes.set_yticks([])
    for axis, limit in (("x", axes.set_xlim), ("y", axes.set_ylim)):
        limit(min(row[axis] for row in rows) - MARGIN, max(row[axis] for row in rows) + MARGIN)
    axes.spines[:].set_visible(False)
    return axes


def _scatter(
    axes: Axes, rows: Rows, colour: str, shape: str, label: str, *, size: float, alpha: float, edge: str = "none"
) -> None:
    x, y = [row["x"] for row in rows], [row["y"] for row in rows]
    axes.scatter(x, y, s=size, c=colour, marker=shape, alpha=alpha, linewidths=0.7, edgecolors=edge, label=label)


def _labels(axes: Axes, rows_of: dict[str, Rows]) -> None:
    """Write each category's name on its middlemost listing, but not over a name that is there already."""
    from matplotlib.patheffects import withStroke

    taken: list[tuple[float, float]] = []
    for name, rows in rows_of.items():
        points = np.array([[row["x"], row["y"]] for row in rows])
        x, y = points[np.abs(points - np.median(points, axis=0)).sum(axis=1).argmin()]
        if any(abs(x - left) < LABEL_WIDTH and abs(y - bottom) < LABEL_HEIGHT for left, bottom in taken):
            continue
        taken.append((float(x), float(y)))
        halo = [withStroke(linewidth=3.2, foreground="white")]
        said = name_of(name, 26)
        axes.annotate(
            said, (x, y), ha="center", va="center", fontsize=9.5, fontweight="bold", color=INK, path_effects=halo
        )
