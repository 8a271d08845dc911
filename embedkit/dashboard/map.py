"""The map of the catalogue: near listings look and read alike; choose some by drawing a box around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import streamlit as st

from embedkit.dashboard import charts, showing
from embedkit.dashboard.errors import ANY, outcomes
from embedkit.dashboard.reading import RIGHT, UNKNOWN, WRONG
from embedkit.dashboard.view import View
from embedkit.report import palette
from embedkit.studies import Rows, Study

MOST_GROUPS = 7
SHAPES = {RIGHT: "circle", WRONG: "cross", UNKNOWN: "triangle-up"}
NAMES = ("key", "title", "x", "y", "category", "predicted", "confidence", "outcome")


def show(view: View) -> None:
    """Show the page."""
    _, study = view.wording, view.reading.study("report")
    rows = [row for row in (study.tables.get("map") or [] if study is not None else []) if _whole(row)]
    if study is None or not rows:
        showing.missing(_("No map has been drawn yet."), view.command("report -o report.html"))
        return
    left, right = st.columns(2)
    kinds = {"category": _("known category"), "predicted": _("what the model says"), "outcome": _("right or wrong")}
    with left:
        by = str(st.selectbox(_("Colour and shape show"), list(kinds), format_func=kinds.__getitem__))
    named = _named(view, rows, by)
    with right:
        wanted = st.multiselect(_("Show only"), list(dict.fromkeys(named)), placeholder=ANY)
    chosen = [(row, name) for row, name in zip(rows, named, strict=True) if not wanted or name in wanted]
    _draw(view, study, chosen, by, kinds[by])


def _whole(row: Mapping[str, Any]) -> bool:
    return all(isinstance(row.get(name), (int, float)) for name in ("x", "y")) and row.get("key") is not None


def _named(view: View, rows: Rows, by: str) -> list[str]:
    """Return the group of each listing: the largest by name, all others as one."""
    _ = view.wording
    if by == "outcome":
        said = outcomes(_)
        return [said.get(str(row.get("outcome")), str(row.get("outcome"))) for row in rows]
    names = [str(row.get(by) or _("none")) for row in rows]
    largest = {name for name, _count in Counter(names).most_common(MOST_GROUPS)}
    return [name if name in largest else _("all others") for name in names]


def _draw(view: View, study: Study, chosen: list[tuple[dict[str, Any], str]], by: str, title: str) -> None:
    _ = view.wording
    if not chosen:
        showing.missing(_("No listing passes these filters."))
        return
    columns: dict[str, list[Any]] = {name: [row.get(name) for row, _name in chosen] for name in NAMES}
    columns["group"] = [name for _row, name in chosen]
    columns["outcome"] = [outcomes(_).get(str(one), str(one)) for one in columns["outcome"]]
    table = pa.table(columns)
    looks = charts.looks_of([name for name, _count in Counter(columns["group"]).most_common()])
    if by == "outcome":
        looks = {outcomes(_)[one]: (palette.OUTCOMES[one][0], SHAPES[one]) for one in SHAPES}
    said = {"title": _("title"), "key": _("key"), "category": _("known category"), "predicted": _("model says")}
    spec = charts.scatter(_("Map of the listings: near ones look and read alike"), title, looks, said)
    event = st.vega_lite_chart(table, spec, on_select="rerun", selection_mode="brush", key=f"map-{by}")
    numbers = study.numbers
    showing.note(
        _(
            "{n} listings by {spaces}, laid out by {method}; distances between far groups mean little.",
            n=_.number(len(chosen)),
            spaces=numbers.get("map_spaces") or "?",
            method=numbers.get("map_method") or "?",
        )
    )
    brush = dict(event.selection.get("brush") or {})
    _listed(view, table, brush)


def within(table: pa.Table, brush: Mapping[str, Any]) -> list[int]:
    """Return the rows whose x and y lie within the box of a selection; none without a box."""
    sides = [sorted(float(end) for end in brush.get(name) or ()) for name in ("x", "y")]
    if any(len(side) < 2 for side in sides):
        return []
    points = zip(table.column("x").to_pylist(), table.column("y").to_pylist(), strict=True)
    (left, *_x, right), (low, *_y, high) = sides
    return [row for row, (x, y) in enumerate(points) if left <= x <= right and low <= y <= high]


def _listed(view: View, table: pa.Table, brush: Mapping[str, Any]) -> None:
    _ = view.wording
    rows = within(table, brush)
    if not rows:
        showing.note(_("Draw a box on the map to list what is in it."))
        return
    st.subheader(_.plural("{n} listing in the box", "{n} listings in the box", len(rows)))
    shown = table.take(rows).select(["key", "title", "category", "predicted", "outcome"])
    config = {"key": _("key"), "title": _("title"), "category": _("known category"), "predicted": _("model says"),
              "outcome": _("model and known category")}  # fmt: skip
    showing.choose(view, "map", shown, config)
    showing.note(_("Choose a row to see the listing."))
