"""The chapter on what people should look at first, and why."""

from __future__ import annotations

from typing import Any

from embedkit.gathered import Gathered
from embedkit.report.html import Html, Told, join, tag
from embedkit.report.parts import Section, lead, missing
from embedkit.report.photos import Photos
from embedkit.report.reasons import reason_sentences


def review(gathered: Gathered, photos: Photos, _: Told) -> Section:
    """Return the first listings of the queue, each with its picture and its reasons."""
    title, rows, numbers = _("What to review first"), gathered.table("review"), gathered.report.numbers
    if "head" not in numbers:
        return Section("review", title, missing(_("There is no model in use."), "embedkit train", _))
    if not rows:
        return Section("review", title, lead(_("Nothing needs to be reviewed now.")))
    if numbers["batch"] is not None:
        opening = _.plural(
            "{n} listing waits for people.",
            "{n} listings wait for people; these are the first {shown}, the most useful answers first.",
            numbers["waiting"],
            shown=_.number(len(rows)),
        )
    else:
        opening = _(
            "Nothing is queued. These {shown} would be asked about first; {command} queues them.",
            shown=_.number(len(rows)),
            command=tag("code", "embedkit export-tasks -o tasks.json"),
        )
    point = numbers["reviews_for_a_point"]
    gain = (
        _.plural(
            "About {n} review makes the catalogue a point more accurate.",
            "About {n} reviews make the catalogue a point more accurate.",
            point,
        )
        if point
        else ""
    )
    cards = tag("ol", *(_card(row, gathered, photos, _) for row in rows), class_="cards")
    return Section("review", title, join([lead(opening, gain), cards]))


def _card(row: dict[str, Any], gathered: Gathered, photos: Photos, _: Told) -> Html:
    picture = photos.show(gathered.picture(row["item_id"]), row["title"] or row["key"], _("no picture"))
    reasons = [tag("li", sentence) for sentence in reason_sentences(row, _.plain)]
    said = _("{n}. The model says {category}.", n=_.number(row["position"]), category=tag("b", row["predicted"]))
    filed = _("Filed under {category}.", category=row["given"]) if row["given"] else _("Not filed anywhere.")
    text = tag(
        "div",
        tag("h3", row["title"] or row["key"]),
        tag("p", tag("code", row["key"])),
        tag("p", said, " ", filed),
        tag("ul", *reasons, class_="reasons"),
    )
    return tag("li", picture, text)
