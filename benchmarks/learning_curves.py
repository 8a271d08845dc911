"""Learning curves: their mean over seeds, where it reaches a goal, and their picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

Curve = list[tuple[int, float]]
"""How many answers, and the accuracy with them, in turn."""


def needed(curves: Sequence[Curve], goal: float) -> int | None:
    """Return the answers at which the mean of the curves reaches the goal, None where it does not."""
    counts, mean = mean_curve(curves)
    return next((count for count, one in zip(counts, mean, strict=True) if one >= goal), None)


def mean_curve(curves: Sequence[Curve]) -> tuple[list[int], list[float]]:
    """Return the numbers asked that some curve has, and the curves' mean there; a curve that has ended stays flat."""
    counts = sorted({count for curve in curves for count, _ in curve})
    each = [np.interp(counts, [count for count, _ in curve], [one for _, one in curve]) for curve in curves]
    return counts, np.mean(each, axis=0).tolist()


def table(name: str, result: dict[str, Any], share: float) -> str:
    """Return what each strategy needs, a line each."""
    at_random = result["needed"].get("random")
    lines = [f"{name}: {share:.0%} of {np.mean(result['full']):.4f} is {result['goal']:.4f}"]
    for strategy, count in result["needed"].items():
        part = f"{count / at_random:.0%} of random" if count and at_random else ""
        reached = f"{count:,} answers" if count else f"not reached with {result['cut']['most']:,}"
        lines.append(f"  {strategy:12} {reached:28} {part}")
    return "\n".join(lines)


_LOOKS = (("#0072b2", "-", "o"), ("#d55e00", "--", "s"), ("#000000", ":", "^"))
"""Colour, line and mark of each strategy: told apart without colour too."""


def draw_curves(results: dict[str, dict[str, Any]], path: Path) -> None:
    """Write the learning curves as a picture: the mean over the seeds, and each seed faintly."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(results), figsize=(7 * len(results), 5), squeeze=False)
    for axis, (name, result) in zip(axes[0], results.items(), strict=True):
        for (strategy, curves), (colour, dashes, marker) in zip(result["curves"].items(), _LOOKS, strict=False):
            for curve in curves:
                axis.plot(*zip(*curve, strict=True), color=colour, alpha=0.2, linewidth=0.8)
            look = {"color": colour, "linestyle": dashes, "marker": marker, "markersize": 5, "markevery": 2}
            axis.plot(*mean_curve(curves), **look, linewidth=2, label=strategy)
        axis.axhline(result["goal"], color="#555555", linewidth=1, label=f"goal: {result['goal']:.1%}")
        seeds = max(map(len, result["curves"].values()))
        axis.set(
            title=f"{name}, {seeds} seed{'s' if seeds > 1 else ''}",
            xlabel="answers",
            ylabel="accuracy on listings kept aside",
        )
        axis.set_ylim(bottom=max(0.0, result["goal"] - 0.35))
        axis.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
