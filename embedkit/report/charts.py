"""The charts about one head: how it does by category, where it errs, and how far its sureness can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from embedkit.ground import LEVEL
from embedkit.report.drawing import Chart, draw
from embedkit.report.html import exactly
from embedkit.report.palette import INK, LINE, QUIET, RIGHT, SHADE, WRONG
from embedkit.studies import Rows
from embedkit.wording import Wording

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CATEGORIES = 30
MOST_IN_MATRIX = 16
LONGEST_NAME = 34
ROW_IN = 0.27


def name_of(category: str, longest: int = LONGEST_NAME) -> str:
    """Return a category's name as a chart has room for it; of a long path its end, which no sibling shares."""
    if len(category) > longest and LEVEL in category:
        category = f"…{LEVEL}{category.rpartition(LEVEL)[2]}"
    return f"{category[: longest - 1].rstrip()}…" if len(category) > longest else category


def percent_axis(axis: Any, _: Wording) -> None:
    """Mark an axis of shares in percent, as this language writes it."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(lambda value, place: _.share(value, 0))


def class_chart(rows: Rows, _: Wording) -> Chart:
    """Return how many of each category's listings are recognised, with the interval; the worst at the top."""
    shown = [row for row in rows if row["recall"] is not None][:MOST_CATEGORIES]
    worst = shown[0]
    description = _(
        "Share of each category's listings that the model recognises. The lowest is {category} with {share}.",
        category=worst["category"],
        share=_.share(worst["recall"]),
    )

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        place = np.arange(len(shown))
        value = np.array([row["recall"] for row in shown])
        ends = np.array([[row["recall_low"], row["recall_high"]] for row in shown]).T
        axes.barh(place, ends[1] - ends[0], left=ends[0], height=0.5, color=SHADE, label=_("95% interval"))
        axes.plot(value, place, "o", color=RIGHT, markersize=6, label=_("recognised"))
        for row, where in zip(shown, place, strict=True):
            said = f"{_.number(row['right'])}/{_.number(row['tested'])}"
            axes.annotate(
                said,
                (1.0, where),
                (6, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=QUIET,
            )
        axes.set_yticks(place, [name_of(row["category"]) for row in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(max(0.0, float(ends[0].min()) - 0.05), 1.005)
        axes.grid(visible=False, axis="y")
        percent_axis(axes.xaxis, _)
        legend_above(axes)

    return draw("classes", _("Recognised by category"), description, paint, 0.95 + ROW_IN * len(shown))


def legend_above(axes: Axes, columns: int = 3) -> None:
    """Put the legend above the drawing, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, borderaxespad=0.2, fontsize=9)


def confusion_chart(rows: Rows, _: Wording) -> Chart:
    """Return the confusion matrix of as many categories as can be read; numbers in cells, errors framed."""
    names = matrix_names(rows)
    place = {name: i for i, name in enumerate(names)}
    counts, shares = np.zeros((len(names), len(names)), dtype=int), np.zeros((len(names), len(names)))
    for row in rows:
        if row["truth"] in place and row["predicted"] in place:
            counts[place[row["truth"]], place[row["predicted"]]] = row["count"]
            shares[place[row["truth"]], place[row["predicted"]]] = row["share"]
    wrong = int(counts.sum() - np.trace(counts))
    description = _(
        "Rows are where listings are filed, columns what the model says. Off the diagonal stand {n} errors.",
        n=_.number(wrong),
    )

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.grid(visible=False)
        for (i, j), count in np.ndenumerate(counts):
            _cell(axes, i, j, int(count), float(shares[i, j]), _)
        short = [name_of(name, 26) for name in names]
        axes.set_xticks(range(len(names)), short, rotation=38, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(names)), short)
        axes.set_xlim(-0.5, len(names) - 0.5)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlabel(_("the model says"))
        axes.set_ylabel(_("filed under"))
        axes.tick_params(length=0)

    height = 2.1 + 0.36 * len(names)
    return draw("confusion", _("Where listings go"), description, paint, height)


def _cell(axes: Axes, row: int, column: int, count: int, share: float, _: Wording) -> None:
    from matplotlib.patches import Rectangle

    colour = RIGHT if row == column else WRONG
    strength = 0.0 if not count else 0.12 + 0.75 * share if row == column else 0.18 + 0.7 * share
    box = (column - 0.47, row - 0.45)
    axes.add_patch(Rectangle(box, 0.94, 0.9, facecolor=colour, alpha=strength, linewidth=0))
    if count and row != column:
        axes.add_patch(Rectangle(box, 0.94, 0.9, fill=False, edgecolor=colour, linewidth=1.2))
    if count:
        light = strength > 0.55
        axes.text(
            column,
            row,
            _.number(count),
            ha="center",
            va="center",
            fontsize=9,
            fontweight="bold",
            color="white" if light else INK,
        )
    elif row == column:
        axes.text(column, row, "0", ha="center", va="center", fontsize=9, color=QUIET)


def matrix_names(rows: Rows) -> list[str]:
    """Return the categories of the matrix, by name: all, or where there are many, those with the most errors."""
    names = sorted({row["truth"] for row in rows} | {row["predicted"] for row in rows})
    if len(names) <= MOST_IN_MATRIX:
        return names
    errors = dict.fromkeys(names, 0)
    for row in rows:
        if row["truth"] != row["predicted"]:
            errors[row["truth"]] += row["count"]
            errors[row["predicted"]] += row["count"]
    return sorted(sorted(names, key=lambda name: -errors[name])[:MOST_IN_MATRIX])


def coverage_chart(rows: Rows, promise: float, _: Wording) -> Chart:
    """Return the share of right ones among the surest listings, against how many of them are accepted."""
    x = [row["coverage"] for row in rows]
    reached = max((row["coverage"] for row in rows if row["precision"] >= promise), default=0.0)
    description = _(
        "The more listings are accepted, surest first, the fewer of them are right: {all} of all, and up to {share} "
        "of the listings at {promise} right.",
        all=_.share(rows[-1]["precision"]),
        share=_.share(reached, 0),
        promise=exactly(promise, _),
    )

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.fill_between(
            x,
            [row["low"] for row in rows],
            [row["high"] for row in rows],
            color=SHADE,
            linewidth=0,
            label=_("95% interval"),
        )
        axes.plot(x, [row["precision"] for row in rows], color=RIGHT, linewidth=2, label=_("right among the accepted"))
        axes.axhline(promise, color=WRONG, linewidth=1.4, linestyle=(0, (5, 3)))
        axes.annotate(
            _("promised: {share}", share=exactly(promise, _)),
            (1.0, promise),
            (-4, -4),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="top",
            color=WRONG,
        )
        lowest = min(min(row["precision"] for row in rows), promise)
        axes.set_ylim(max(0.0, lowest - 0.08), 1.005)
        axes.set_xlim(0, 1.0)
        axes.set_xlabel(_("share of listings accepted, surest first"))
        percent_axis(axes.xaxis, _)
        percent_axis(axes.yaxis, _)
        legend_above(axes)

    return draw("coverage", _("Coverage and precision"), description, paint, 3.3)


def reliability_chart(rows: Rows, ece: float | None, _: Wording) -> Chart:
    """Return how often the head is right where it says it is so sure, and how many listings each point stands for."""
    description = _(
        "Stated sureness against how often the model is right. Points on the diagonal are honest; the mean gap is "
        "{gap} points.",
        gap=_.number(100 * (ece or 0.0), 1),
    )

    def paint(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        x, y = [row["confidence"] for row in rows], [row["accuracy"] for row in rows]
        upper.plot([0, 1], [0, 1], color=QUIET, linewidth=1.2, linestyle=(0, (4, 3)), label=_("honest"))
        spread = [
            [row["accuracy"] - row["accuracy_low"] for row in rows],
            [row["accuracy_high"] - row["accuracy"] for row in rows],
        ]
        upper.errorbar(
            x,
            y,
            yerr=np.clip(spread, 0, 1),
            fmt="o",
            color=RIGHT,
            ecolor=LINE,
            elinewidth=1.6,
            capsize=3,
            markersize=7,
            label=_("right, with its 95% interval"),
        )
        upper.set_ylim(0, 1.03)
        percent_axis(upper.yaxis, _)
        upper.set_ylabel(_("right"))
        legend_above(upper)
        middle = [(row["low"] + row["high"]) / 2 for row in rows]
        lower.bar(middle, [row["count"] for row in rows], width=0.085, color=SHADE, edgecolor=RIGHT, hatch="///")
        for where, row in zip(middle, rows, strict=True):
            lower.annotate(
                _.number(row["count"]),
                (where, row["count"]),
                (0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
            )
        lower.set_ylim(0, 1.3 * max(row["count"] for row in rows))
        lower.set_ylabel(_("listings"))
        lower.set_xlim(0, 1.0)
        lower.set_xlabel(_("how sure the model says it is"))
        percent_axis(lower.xaxis, _)

    return draw("reliability", _("Reliability"), description, paint, 4.3)


def confused_pairs(rows: Rows, most: int = 12) -> Rows:
    """Return the pairs of categories that are mixed up most often, the most frequent first."""
    wrong = [row for row in rows if row["truth"] != row["predicted"]]
    return sorted(wrong, key=lambda row: (-row["count"], -row["share"]))[:most]
