"""Charts as Vega-Lite says them: every axis has a name, and colour is never the only thing that tells two apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from embedkit.report.palette import COLOURS

Spec = dict[str, Any]
NARROW = "\N{NARROW NO-BREAK SPACE}"

BLUE, ORANGE, INK, QUIET = "#0060a8", "#b34700", "#1b1b1b", "#6b6b6b"
SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "triangle-left")
"""In the order of the palette's colours."""
ROW_PX, AXIS_PX, ROOM_PX = 30, 74, 44
LABEL = {"labelLimit": 260, "labelFontSize": 13, "labelOverlap": False}
WORDS = {"labelColor": INK, "titleColor": INK}
CONFIG = {"axis": WORDS, "legend": WORDS}
"""Streamlit's own grey has too little contrast."""
NUMBERS = {
    "fr": {"decimal": ",", "thousands": NARROW, "grouping": [3], "currency": ["", " €"], "percent": f"{NARROW}%"}
}
"""How axes write numbers, where that is not as in English."""


def in_language(spec: Mapping[str, Any], lang: str) -> Spec:
    """Return a chart whose axes write numbers as this language does."""
    locale = {"locale": {"number": NUMBERS[lang]}} if lang in NUMBERS else {}
    return {**spec, "config": {**spec["config"], **locale}}


def stacked(title: str, category: str, count: str, part: str, parts: Sequence[str], rows: int) -> Spec:
    """Return bars of two parts each, from rows of `category`, `part`, `count`, `order`, `wide` and `end`.

    The first part is filled and the second hollow. Each carries its number: inside where it is `wide`, else the second
    one beside the bar, which ends at `end`.
    """
    y = {"field": "category", "type": "nominal", "sort": None, "title": category, "axis": LABEL}
    x = {"field": "count", "type": "quantitative", "title": count, "stack": "zero"}
    order = {"field": "order", "type": "quantitative"}
    detail = [
        {"field": "category", "title": category},
        {"field": "part", "title": part},
        {"field": "count", "title": count},
    ]
    by_part = {"field": "part", "type": "nominal", "title": part, "legend": {"orient": "top", "symbolSize": 160}}
    bars = {
        "mark": {"type": "bar", "strokeWidth": 1.5, "height": {"band": 0.75}},
        "encoding": {
            "fill": {**by_part, "scale": {"domain": list(parts), "range": [BLUE, "white"]}},
            "stroke": {**by_part, "scale": {"domain": list(parts), "range": [BLUE, ORANGE]}},
            "tooltip": detail,
        },
    }
    numbers = {
        "transform": [{"filter": "datum.wide"}],
        "mark": {"type": "text", "fontWeight": 600},
        "encoding": {
            "text": {"field": "count"},
            "x": {**x, "bandPosition": 0.5},
            "color": {"condition": {"test": "datum.order == 1", "value": ORANGE}, "value": "white"},
        },
    }
    beside = {
        "transform": [{"filter": "!datum.wide && datum.order == 1"}],
        "mark": {"type": "text", "align": "left", "dx": 5, "color": ORANGE, "fontWeight": 600},
        "encoding": {"text": {"field": "count"}, "x": {"field": "end", "type": "quantitative"}},
    }
    return {
        "description": title,
        "height": rows * ROW_PX + AXIS_PX + ROW_PX,
        "config": CONFIG,
        "encoding": {"y": y, "x": x, "order": order},
        "layer": [bars, numbers, beside],
    }


def bars(title: str, name: str, value: str, rows: int, limit: Sequence[float] | None = None) -> Spec:
    """Return bars from rows of `name`, `value` and `said`, the number in words at the end of each bar."""
    x: Spec = {"field": "value", "type": "quantitative", "title": value}
    beside = {"left": 5, "top": 5, "bottom": 5, "right": ROOM_PX}
    if limit is not None:
        x["scale"] = {"domain": list(limit)}
    return {
        "description": title,
        "height": rows * ROW_PX + AXIS_PX,
        "padding": beside,
        "config": CONFIG,
        "encoding": {"y": {"field": "name", "type": "nominal", "sort": None, "title": name, "axis": LABEL}, "x": x},
        "layer": [
            {"mark": {"type": "bar", "color": BLUE, "height": {"band": 0.7}}},
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "color": INK},
                "encoding": {"text": {"field": "said"}},
            },
        ],
    }


def intervals(title: str, name: str, value: str, rows: int, low: float) -> Spec:
    """Return a point with its interval for each row of `name`, `value`, `low`, `high` and `said`; shares in [0, 1]."""
    x = {"type": "quantitative", "title": value, "scale": {"domain": [low, 1.0]}, "axis": {"format": ".0%"}}
    return {
        "description": title,
        "height": rows * (ROW_PX + 4) + AXIS_PX,
        "config": CONFIG,
        "encoding": {"y": {"field": "name", "type": "nominal", "sort": None, "title": name, "axis": LABEL}},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 3, "color": BLUE, "clip": True},
                "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "color": ORANGE, "shape": "diamond"},
                "encoding": {"x": {**x, "field": "value"}},
            },
            {
                "mark": {"type": "text", "dy": -11, "color": INK},
                "encoding": {"x": {**x, "field": "value"}, "text": {"field": "said"}},
            },
        ],
    }


def coverage(title: str, covered: str, precise: str, here: str, least: float) -> Spec:
    """Return the line of precision over coverage from rows of `coverage`, `precision`, `here`; `here` marks a point."""
    x = {
        "field": "coverage",
        "type": "quantitative",
        "title": covered,
        "scale": {"domain": [0, 1]},
        "axis": {"format": ".0%"},
    }
    y = {
        "field": "precision",
        "type": "quantitative",
        "title": precise,
        "scale": {"domain": [least, 1.0]},
        "axis": {"format": ".1%"},
    }
    chosen = [{"filter": "datum.here"}]
    return {
        "description": title,
        "height": 380,
        "config": CONFIG,
        "encoding": {"x": x, "y": y},
        "layer": [
            {"mark": {"type": "line", "color": BLUE, "interpolate": "step-after", "clip": True}},
            {
                "transform": chosen,
                "mark": {"type": "rule", "color": QUIET, "strokeDash": [4, 4]},
                "encoding": {"y": None},
            },
            {
                "transform": chosen,
                "mark": {"type": "point", "filled": True, "size": 140, "color": ORANGE, "shape": "diamond"},
            },
            {
                "transform": chosen,
                "mark": {"type": "text", "dx": -6, "align": "right", "color": INK, "text": here},
                "encoding": {"y": {"value": 10}},
            },
        ],
    }


def looks_of(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a shape for each name, in turn."""
    return {name: (COLOURS[i % len(COLOURS)], SHAPES[i % len(SHAPES)]) for i, name in enumerate(names)}


def scatter(title: str, name: str, looks: Mapping[str, tuple[str, str]], tooltip: Mapping[str, str]) -> Spec:
    """Return points from rows of `x`, `y` and `group`, told apart by colour and shape, with a brush to choose some.

    `looks` says what each group looks like: its colour and its shape.
    """
    domain, colours, shapes = list(looks), [one[0] for one in looks.values()], [one[1] for one in looks.values()]
    bare = {"title": None, "axis": {"labels": False, "ticks": False, "grid": False, "domain": False}}
    return {
        "description": title,
        "height": 600,
        "config": CONFIG,
        "params": [{"name": "brush", "select": {"type": "interval"}}],
        "mark": {"type": "point", "size": 42, "filled": False, "strokeWidth": 1.6},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "scale": {"zero": False}, **bare},
            "y": {"field": "y", "type": "quantitative", "scale": {"zero": False}, **bare},
            "color": {
                "field": "group",
                "type": "nominal",
                "title": name,
                "scale": {"domain": domain, "range": colours},
                "legend": {"orient": "right", "labelLimit": 240, "symbolSize": 90},
            },
            "shape": {
                "field": "group",
                "type": "nominal",
                "title": name,
                "scale": {"domain": domain, "range": shapes},
            },
            "opacity": {"condition": {"param": "brush", "empty": True, "value": 0.9}, "value": 0.2},
            "tooltip": [{"field": field, "title": heading} for field, heading in tooltip.items()],
        },
    }
