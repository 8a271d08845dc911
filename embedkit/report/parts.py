"""What the sections of a report are made of: figures, notes, tiles, and what to run for what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from embedkit.report.drawing import Chart
from embedkit.report.html import Html, Told, join, tag


@dataclass(frozen=True)
class Section:
    """A chapter of the page: its anchor, its heading, and what stands in it."""

    anchor: str
    title: Html
    body: Html

    def html(self) -> Html:
        """Return the chapter."""
        heading = tag("h2", self.title, id=f"{self.anchor}-heading")
        return tag("section", heading, self.body, id=self.anchor, aria_labelledby=f"{self.anchor}-heading")


def figure(chart: Chart, takeaway: object, data: object, _: Told) -> Html:
    """Return a chart under what it says in words, and the numbers behind it, folded; "" where they stand below."""
    caption = tag("figcaption", tag("h3", chart.title), tag("p", takeaway, class_="takeaway"))
    folded = tag("details", tag("summary", _("The numbers")), data, class_="data") if data else ""
    return tag("figure", caption, chart.svg, folded)


def missing(what: object, command: str, _: Told) -> Html:
    """Return what stands in place of something that nobody has computed yet, and the command that does."""
    run = tag("code", command)
    return tag("p", what, " ", _("This command makes it: {command}", command=run), class_="missing")


def tile(label: object, value: object, note: object = "") -> Html:
    """Return one large number with what it is, and what else there is to know."""
    return tag("li", tag("span", label, class_="label"), tag("strong", value), tag("span", note, class_="note"))


def lead(*sentences: object) -> Html:
    """Return the paragraph that a chapter opens with."""
    return tag("p", join([one for one in sentences if one], " "), class_="lead")


def aside(*sentences: object) -> Html:
    """Return a quiet paragraph on how to read what stands above it."""
    return tag("p", join([one for one in sentences if one], " "), class_="aside")


def many(names: list[Any], most: int = 8) -> str:
    """Return names one after another, as far as there is room."""
    return ", ".join(str(name) for name in names[:most]) + (", …" if len(names) > most else "")
