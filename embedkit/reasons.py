"""Why a person is asked about a listing, in words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from embedkit.select import Standing
from embedkit.types import Reason

ASKED_AGAIN = "The people who judged it disagree: one more opinion decides."
MOST_DECIMALS = 3


def reason_words(standing: Standing, row: int, reason: Reason) -> str:
    """Return a reason in words, with its numbers, for the person who is asked."""
    name, sure = standing.classes[standing.predicted[row]], percent(standing.confidence[row])
    if reason == "suspect" and standing.given[row] >= 0:
        return f"The model is {sure} sure of {name}; the catalogue says {standing.classes[standing.given[row]]}."
    if reason == "disagreement" and standing.picture[row] >= 0 and standing.text[row] >= 0:
        picture, text = standing.classes[standing.picture[row]], standing.classes[standing.text[row]]
        looks, reads = percent(standing.picture_confidence[row]), percent(standing.text_confidence[row])
        return f"The picture looks like {picture} ({looks}); the text reads like {text} ({reads})."
    if reason == "novel":
        times = f"{standing.novelty[row]:.1f} times as far from the nearest labelled listings as is usual"
        return f"It is unlike the listings of every category: {times}."
    if reason == "audit":
        return "It was drawn at random, to measure how often the model is right."
    if reason == "tie":
        return ASKED_AGAIN
    if np.isfinite(standing.needed[row]):
        sure, needed = told_apart(standing.confidence[row], standing.needed[row])
        return f"The model is only {sure} sure of {name}; to be accepted it would take {needed}."
    return f"The model is {sure} sure of {name}, but knows too little of that category to accept any yet."


def told_apart(low: float, high: float, say: Callable[[float, int], str] | None = None) -> tuple[str, str]:
    """Return two probabilities with as many decimals as it takes for the one not to look like the other.

    `say` writes one with so many decimals, as `percent` if none is given.
    """
    say = say or percent
    for decimals in range(MOST_DECIMALS + 1):
        said = say(low, decimals), say(high, decimals)
        if said[0] != said[1]:
            break
    return said


def percent(share: float, decimals: int = 0) -> str:
    """Return a probability as a person would say it, and never one of certainty."""
    least = 10.0**-decimals
    if 100 * share >= 100 - least / 2:
        return f"over {100 - least:.{decimals}f} %"
    return f"under {least:.{decimals}f} %" if 100 * share < least / 2 else f"{100 * share:.{decimals}f} %"
