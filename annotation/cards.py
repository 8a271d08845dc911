"""The evidence for one decision: what a person sees of a listing, as a Label Studio task.

What sellers wrote goes into data that the page shows as text. The only markup is the strip of neighbours: made here,
every text in it escaped, every picture inside it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from embedkit.annotation.labelling import ANOTHER, CATEGORY, KEYS, PICTURE, SHORTLIST, LabellingSpec, shown

BAR_CELLS = 10
CODES_KEPT = 100
"""With more categories, a task keeps the codes of those that it lists: a code can be made again from a name."""
SUGGESTED = 5
NO_PICTURE = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='600' height='600'%3E"
    "%3Crect width='600' height='600' fill='%23eee'/%3E%3Ctext x='300' y='310' text-anchor='middle' "
    "font-family='sans-serif' font-size='36' fill='%23777'%3Eno picture%3C/text%3E%3C/svg%3E"
)
_THUMBNAIL = re.compile(r"data:image/(?:jpeg|png|webp);base64,[A-Za-z0-9+/]+={0,2}")


class Suggested(NamedTuple):
    """A category that the model holds possible, with its calibrated probability."""

    code: str
    name: str
    probability: float


class Neighbour(NamedTuple):
    """A labelled listing that is near: its title, its category, and a thumbnail as a data URI ("" for none)."""

    title: str
    category: str
    picture: str = ""


@dataclass(frozen=True)
class Card:
    """One listing and the evidence about it. `picture` is an address as Label Studio loads it, "" for none.

    `top` holds suggestions, best first; where a task lists the categories in the model's order, the more of them the
    better. `score` in [0, 1] orders the queue, lowest first: the model's confidence, or for an audit a place by lot.
    """

    item_id: int
    key: str
    title: str
    text: str
    category: str | None
    picture: str
    top: tuple[Suggested, ...]
    reasons: tuple[str, ...]
    neighbours: tuple[Neighbour, ...]
    score: float
    model_version: str
    batch_id: int
    head_id: str


def task_of(card: Card, spec: LabellingSpec) -> dict[str, Any]:
    """Return the card as a task with one prediction: its score alone, or also its choice where the spec preselects."""
    if not (math.isfinite(card.score) and 0 <= card.score <= 1):
        raise ValueError(f"item {card.item_id} has the score {card.score}")
    listed = choices(card, spec)
    data = {
        "item": str(card.item_id),
        "key": card.key,
        "title": card.title,
        "text": card.text,
        "category": card.category or "",
        "image": card.picture or NO_PICTURE,
        "said": f"The catalogue says: {card.category}" if card.category else "The catalogue names no category",
        "reasons": "\n".join(card.reasons),
        "suggestions": _suggestions(card, spec),
        "neighbours": strip(card.neighbours),
    }
    if spec.ordered:
        data["choices"] = listed
    return {"data": data, "meta": {"embedkit": _meta(card, spec, listed)}, "predictions": [prediction(card, spec)]}


def prediction(card: Card, spec: LabellingSpec) -> dict[str, Any]:
    """Return what the model says of a card, as Label Studio orders tasks by it; empty unless the spec preselects."""
    best = card.top[0] if card.top and spec.preselect else None
    return opinion(card.item_id, best, card.score, card.model_version)


def opinion(item_id: int, chosen: Suggested | None, score: float, model_version: str) -> dict[str, Any]:
    """Return a prediction: the score that orders the queue, and a category that is chosen beforehand, or none."""
    result = []
    if chosen is not None:
        part = {"from_name": CATEGORY, "to_name": PICTURE, "type": "choices", "value": {"choices": [chosen.code]}}
        result = [{"id": f"p{item_id}", **part, "score": round(chosen.probability, 4)}]
    return {"model_version": model_version, "score": score, "result": result}


def strip(neighbours: Sequence[Neighbour]) -> str:
    """Return the neighbours as one row of markup in which nothing runs and nothing is fetched."""
    if not neighbours:
        return "<p>No labelled listing is near.</p>"
    return (
        '<p>Nearest labelled listings</p><div class="ek-strip">' + "".join(_cell(one) for one in neighbours) + "</div>"
    )


def _cell(one: Neighbour) -> str:
    # Only a picture that is wholly inside: an address would be fetched by everybody who looks. It is a background
    # because Label Studio drops the source of an image that is data.
    inside = f" style=\"background-image:url('{one.picture}')\"" if _THUMBNAIL.fullmatch(one.picture) else ""
    # Of a path there is room for the end only, which says the most; the tooltip has all of it.
    end, title = escape(one.category.rpartition(" > ")[2]), escape(one.title)
    whole = f"{escape(one.category)}\n{title}"
    return f'<div class="ek-cell" title="{whole}"><i{inside}></i><b>{end}</b><span>{title}</span></div>'


def choices(card: Card, spec: LabellingSpec) -> list[dict[str, str]]:
    """Return the categories of a task that lists them in the model's order, each with its probability beside its name.

    Where there is a search the list is short, and always holds the catalogue's own category.
    """
    names = {category.code: category.name for category in spec.categories}
    likely = {one.code: one.probability for one in card.top if one.code in names}
    order = list(dict.fromkeys([*likely, *names]))
    if spec.searchable:
        own = next((code for code, name in names.items() if _is_within(card.category, name)), order[0])
        order = order[:SHORTLIST] if own in order[:SHORTLIST] else [*order[: SHORTLIST - 1], own]
    rows = []
    for code, key in zip(order, KEYS, strict=False):
        sure = f" · {percent(likely[code])}".replace(" ", "\N{NO-BREAK SPACE}") if code in likely else ""
        rows.append({"value": shown(names[code]) + sure, "alias": code, "hotkey": key})
    return rows + [{"value": "Another category …", "alias": ANOTHER, "hotkey": "0"}] * spec.searchable


def _is_within(category: str | None, name: str) -> bool:
    """Return whether the catalogue's category, which may be a longer path, is this one or lies below it."""
    return category is not None and f"{category} > ".startswith(f"{name} > ")


def _suggestions(card: Card, spec: LabellingSpec) -> list[dict[str, str]]:
    """Return a row for each of the likeliest categories; the names of the keys are the table's head."""
    keys = (
        {category.code: key for category, key in zip(spec.categories, KEYS, strict=False)} if not spec.ordered else {}
    )
    rows = []
    for one in card.top[:SUGGESTED]:
        bar = "█" * round(one.probability * BAR_CELLS)
        sure = percent(one.probability).rjust(6, "\N{FIGURE SPACE}") + "  " + bar
        rows.append({"Key": keys.get(one.code, ""), "The model suggests": one.name, "Probability": sure})
    return rows or [{"Key": "", "The model suggests": "nothing", "Probability": ""}]


def percent(probability: float) -> str:
    """Return a probability in words that never claim certainty."""
    return "< 1 %" if probability < 0.01 else "> 99 %" if probability > 0.99 else f"{round(100 * probability)} %"


def _meta(card: Card, spec: LabellingSpec, listed: Sequence[dict[str, str]]) -> dict[str, Any]:
    names = {category.code: category.name for category in spec.categories}
    if len(names) > CODES_KEPT:
        names = {row["alias"]: names[row["alias"]] for row in listed if row["alias"] in names}
    return {"item_id": card.item_id, "batch_id": card.batch_id, "head_id": card.head_id, "codes": names}
