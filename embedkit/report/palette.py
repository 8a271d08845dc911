"""Colours that people with any common colour blindness tell apart, at 3:1 or more on white, each with a shape."""

from __future__ import annotations

RIGHT, WRONG, UNKNOWN = "#0b6a8f", "#c2410c", "#6b7280"
INK, QUIET, LINE, GRID = "#1b2430", "#525c69", "#8a94a3", "#dfe4ea"
SHADE = "#cfe3ec"

COLOURS = ("#0b6a8f", "#c2410c", "#00795a", "#7a3e9d", "#9a6700", "#b0286a", "#44505f", "#2f7ed8")
"""For so many categories; the others are drawn alike."""
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "p")
"""matplotlib's markers, in the order of the colours."""
OTHERS = "#6b7280"

OUTCOMES = {"right": (RIGHT, "o"), "wrong": (WRONG, "X"), "unknown": (UNKNOWN, "^")}
"""Colour and shape of a listing that the head has right, has wrong, or whose category nobody knows."""
