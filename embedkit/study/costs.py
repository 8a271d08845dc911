"""What encoding costs when nothing is stored: from what was measured, now or earlier, and how far that is trusted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

How = Literal["measured", "replayed", "scaled"]
ORDER: tuple[How, ...] = ("measured", "replayed", "scaled")


@dataclass(frozen=True)
class Measure:
    """One timed encoding: so many contents in so many seconds, on so many cores (0: not noted), by which run.

    `now` is whether it was this very run; `peak_bytes` is the most memory that the encoding process had, None where
    nobody looked.
    """

    contents: int
    seconds: float
    cores: int = 0
    peak_bytes: int | None = None
    run_id: int = 0
    now: bool = False


@dataclass(frozen=True)
class Cost:
    """The seconds that these contents take from scratch, and how they are known.

    "measured": all of them were encoded in this run; "replayed": all of them were, in an earlier run; "scaled": others
    or fewer were, and their seconds are taken in proportion. peak_bytes is 0 where it is not known.
    """

    contents: int
    seconds: float
    how: How
    peak_bytes: int = 0


def cost_of(contents: int, measures: Iterable[Measure], cores: int) -> Cost | None:
    """Return what so many contents cost, by the measure of the most contents, this run's own and then the newest first.

    Measures of a machine with another number of cores count for nothing. None where nothing was measured.
    """
    fitting = [one for one in measures if one.cores in (0, cores) and one.contents > 0]
    if not fitting:
        return None
    exact = [one for one in fitting if one.contents == contents]
    best = max(exact or fitting, key=lambda one: (one.contents, one.now, one.run_id))
    how: How = ("measured" if best.now else "replayed") if exact else "scaled"
    peaks = [(one.now, one.run_id, one.peak_bytes) for one in fitting if one.peak_bytes is not None]
    peak = max(peaks)[2] if peaks else 0
    return Cost(contents, best.seconds * contents / best.contents, how, peak)


def said_of(costs: Sequence[Cost]) -> str:
    """Return how a scenario's costs are known: one word, or several joined by "+"; "measured" for no encoding."""
    found = {cost.how for cost in costs} or {"measured"}
    return " + ".join(how for how in ORDER if how in found)
