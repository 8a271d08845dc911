"""Why a person should look at a listing, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedkit.reasons import told_apart
from embedkit.wording import Wording


def reason_sentences(row: Mapping[str, Any], _: Wording) -> list[str]:
    """Return a sentence for each reason of a row of the report's table `review`, the weightiest first."""
    return [_sentence(row, reason, _) for reason in row["reasons"].split(", ") if reason]


def sure(share: float, _: Wording, decimals: int = 0) -> str:
    """Return a probability as a person would say it, and never one of certainty."""
    least = 10.0 ** (-2 - decimals)
    if share >= 1 - least / 2:
        return _("over {share}", share=_.share(1 - least, decimals))
    if share < least / 2:
        return _("under {share}", share=_.share(least, decimals))
    return _.share(share, decimals)


def _sentence(row: Mapping[str, Any], reason: str, _: Wording) -> str:
    said, confidence = row["predicted"], sure(row["confidence"], _)
    if reason == "suspect" and row["given"]:
        return _(
            "The model is {sure} sure of {said}; the catalogue says {given}.",
            sure=confidence,
            said=said,
            given=row["given"],
        )
    if reason == "disagreement" and row["looks"] and row["reads"]:
        return _(
            "The picture looks like {looks} ({a}); the text reads like {reads} ({b}).",
            looks=row["looks"],
            a=sure(row["looks_confidence"], _),
            reads=row["reads"],
            b=sure(row["reads_confidence"], _),
        )
    if reason == "novel":
        return _(
            "It is unlike every category: {times} times as far from the nearest known listings as is usual.",
            times=_.number(row["novelty"], 1),
        )
    if reason == "audit":
        return _("It was drawn at random, to measure how often the model is right.")
    if reason == "tie":
        return _("The people who judged it disagree: one more opinion decides.")
    if row["needed"] is not None:
        confidence, needed = told_apart(
            row["confidence"], row["needed"], lambda share, decimals: sure(share, _, decimals)
        )
        return _(
            "The model is only {sure} sure of {said}; to be accepted it would take {needed}.",
            sure=confidence,
            said=said,
            needed=needed,
        )
    return _(
        "The model is {sure} sure of {said}, but knows too little of that category to accept any yet.",
        sure=confidence,
        said=said,
    )
