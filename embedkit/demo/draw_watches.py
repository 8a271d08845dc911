"""Drawings of watches: analog, chronograph, digital, smart, pocket, children's, bangle."""

from __future__ import annotations

import math
from random import Random

from embedkit.demo.kinds import Kind
from embedkit.demo.paint import COLOURS, METALS, Colour, brightness
from embedkit.demo.sketch import PATTERN, Fill, Sketch

MAIN = "Watches"
INK: Colour = (25, 25, 30)
STEEL = METALS["silver"]


def dial(s: Sketch, x: float, y: float, radius: float, face: Colour, rng: Random, marks: int = 12) -> None:
    """Draw a clock's face with hour marks and two hands; watches and wall clocks share it."""
    s.disc(x, y, radius, face)
    ink = INK if brightness(face) > 110 else (240, 240, 240)
    for k in range(marks):
        angle = math.tau * k / marks
        inner, width = (0.76, 0.014) if k % 3 == 0 else (0.86, 0.008)
        start = (x + inner * radius * math.cos(angle), y + inner * radius * math.sin(angle))
        s.line([start, (x + 0.94 * radius * math.cos(angle), y + 0.94 * radius * math.sin(angle))], ink, width)
    for reach, width in ((0.5, 0.02), (0.75, 0.012)):
        angle = rng.uniform(0, math.tau)
        s.line([(x, y), (x + reach * radius * math.cos(angle), y + reach * radius * math.sin(angle))], ink, width)
    s.disc(x, y, radius * 0.07, ink)


def strap(s: Sketch, width: float, fill: Fill, reach: float = 0.46) -> None:
    """Draw the two halves of a strap above and below the case, with holes in the lower one."""
    narrow = width * 0.78
    for end, near in ((0.5 - reach, 0.42), (0.5 + reach, 0.58)):
        s.polygon(
            [(0.5 - narrow / 2, end), (0.5 + narrow / 2, end), (0.5 + width / 2, near), (0.5 - width / 2, near)],
            fill,
            "round",
        )
    for k in range(4):
        s.disc(0.5, 0.95 - 0.05 * k, 0.008, INK)


def links(s: Sketch, width: float, metal: Colour) -> None:
    """Draw a metal bracelet's links above and below the case."""
    for k in range(7):
        for y in (0.04 + 0.055 * k, 0.585 + 0.055 * k):
            s.box((0.5 - width / 2, y, 0.5 + width / 2, y + 0.048), metal, 0.01, "round")
            s.box((0.5 - width / 7, y, 0.5 + width / 7, y + 0.048), (235, 235, 238), 0.008, "round")


def analog_watch(s: Sketch, rng: Random) -> None:
    radius = rng.uniform(0.19, 0.26)
    strap(s, radius * rng.uniform(0.85, 1.15), PATTERN, rng.uniform(0.42, 0.48))
    case = rng.choice(list(METALS.values()))
    face = rng.choice([COLOURS["white"], s.second, INK, (235, 225, 205)])
    if rng.random() < 0.3:
        s.box((0.5 - radius, 0.5 - radius, 0.5 + radius, 0.5 + radius), case, 0.05, "left")
        s.box((0.53 - radius, 0.53 - radius, 0.47 + radius, 0.47 + radius), face, 0.03)
        dial(s, 0.5, 0.5, radius * 0.88, face, rng)
    else:
        s.disc(0.5, 0.5, radius, case, "left")
        dial(s, 0.5, 0.5, radius * 0.86, face, rng)
    s.box((0.5 + radius, 0.48, 0.53 + radius, 0.52), case, 0.005)


def chronograph(s: Sketch, rng: Random) -> None:
    radius = rng.uniform(0.22, 0.27)
    links(s, radius * 1.05, rng.choice((STEEL, METALS["gold"], (70, 72, 78))))
    s.disc(0.5, 0.5, radius, STEEL, "left")
    s.disc(0.5, 0.5, radius * 0.92, s.dark)
    dial(s, 0.5, 0.5, radius * 0.82, s.main, rng)
    for x, y in ((0.43, 0.5), (0.57, 0.5), (0.5, 0.58)):
        s.disc(x, y, radius * 0.2, (235, 235, 238))
        s.line([(x, y), (x + 0.02, y - 0.025)], INK, 0.006)
    for y in (0.43, 0.5, 0.57):
        s.box((0.49 + radius, y - 0.015, 0.53 + radius, y + 0.015), STEEL, 0.004)


def digital_watch(s: Sketch, rng: Random) -> None:
    wide, high = rng.uniform(0.2, 0.26), rng.uniform(0.17, 0.22)
    strap(s, wide * 1.5, PATTERN)
    s.box((0.5 - wide, 0.5 - high, 0.5 + wide, 0.5 + high), s.dark, 0.07, "top")
    s.box((0.54 - wide, 0.54 - high, 0.46 + wide, 0.46 + high), (172, 186, 160), 0.02)
    size = (wide * 2 - 0.12) / 5
    for k, digit in enumerate((rng.randint(0, 9), rng.randint(0, 9), -1, rng.randint(0, 9), rng.randint(0, 9))):
        _segments(s, 0.56 - wide + k * size, 0.46, size * 0.72, digit)
    for y in (0.44, 0.56):
        s.box((0.49 + wide, y - 0.02, 0.525 + wide, y + 0.02), STEEL, 0.004)


def _segments(s: Sketch, x: float, y: float, size: float, digit: int) -> None:
    if digit < 0:
        s.disc(x + size / 2, y + 0.02, 0.009, INK)
        s.disc(x + size / 2, y + 0.06, 0.009, INK)
        return
    lit = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")[digit]
    high = size * 0.9
    ends = {
        "a": ((0, 0), (1, 0)),
        "b": ((1, 0), (1, 1)),
        "c": ((1, 1), (1, 2)),
        "d": ((0, 2), (1, 2)),
        "e": ((0, 1), (0, 2)),
        "f": ((0, 0), (0, 1)),
        "g": ((0, 1), (1, 1)),
    }
    for segment in lit:
        (ax, ay), (bx, by) = ends[segment]
        s.line([(x + ax * size, y + ay * high), (x + bx * size, y + by * high)], INK, 0.012)


def smart_watch(s: Sketch, rng: Random) -> None:
    wide, high = rng.uniform(0.17, 0.21), rng.uniform(0.2, 0.25)
    strap(s, wide * 1.6, PATTERN)
    s.box((0.5 - wide, 0.5 - high, 0.5 + wide, 0.5 + high), (45, 46, 50), 0.07)
    s.box((0.52 - wide, 0.52 - high, 0.48 + wide, 0.48 + high), (10, 10, 14), 0.05)
    step = (wide - 0.03) * 2 / 3
    for row in range(3):
        for column in range(3):
            x, y = 0.53 - wide + (column + 0.5) * step, 0.56 - high + row * high * 0.6
            s.disc(x, y + 0.02, step * 0.32, rng.choice(list(COLOURS.values())))


def pocket_watch(s: Sketch, rng: Random) -> None:
    metal = METALS.get(s.paint.name, METALS["gold"])
    for k in range(14):
        angle = 0.3 + k * 0.16
        s.disc(0.18 + 0.4 * math.cos(angle), 0.05 + 0.22 * math.sin(angle), 0.018, metal)
    s.disc(0.5, 0.28, 0.055, metal)
    s.disc(0.5, 0.28, 0.03, (250, 250, 250))
    radius = rng.uniform(0.27, 0.31)
    s.disc(0.5, 0.62, radius, metal, "left")
    s.disc(0.5, 0.62, radius * 0.9, s.dark)
    dial(s, 0.5, 0.62, radius * 0.84, rng.choice(((245, 240, 225), (250, 250, 250))), rng)
    s.disc(0.5, 0.62 + radius * 0.4, radius * 0.18, (225, 215, 195))


def kids_watch(s: Sketch, rng: Random) -> None:
    radius = rng.uniform(0.2, 0.25)
    strap(s, radius * 1.2, PATTERN)
    for k in range(9 if rng.random() < 0.5 else 0):
        angle = math.tau * k / 9
        s.disc(0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle), radius * 0.3, s.second)
    s.disc(0.5, 0.5, radius * 1.06, s.main)
    s.disc(0.5, 0.5, radius * 0.9, (252, 250, 240))
    for x in (0.44, 0.56):
        s.disc(x, 0.38, 0.05, s.second)
    dial(s, 0.5, 0.5, radius * 0.84, (253, 245, 215), rng, 12)
    s.arc((0.42, 0.44, 0.58, 0.6), 20, 160, (220, 60, 60), 0.014)


def bangle_watch(s: Sketch, rng: Random) -> None:
    metal = rng.choice(list(METALS.values()))
    s.arc((0.12, 0.2, 0.88, 0.92), 0, 360, metal, rng.uniform(0.035, 0.06))
    s.arc((0.14, 0.22, 0.86, 0.9), 200, 340, (250, 240, 215), 0.012)
    for k in range(8):
        angle = math.pi * (0.1 + 0.8 * k / 7)
        s.disc(0.5 + 0.36 * math.cos(angle), 0.56 + 0.34 * math.sin(angle), 0.02, s.main)
    s.disc(0.5, 0.22, 0.17, metal, "left")
    dial(s, 0.5, 0.22, 0.145, s.main, rng)


_STRAPS = ("leather", "silicone", "rubber", "nylon")
KINDS = (
    Kind(
        analog_watch,
        (MAIN, "Wrist Watches", "Analog Watches"),
        ("analog watch", "wrist watch", "quartz watch"),
        _STRAPS,
        ("quartz movement keeps exact time", "the dial is protected by mineral glass", "buckle clasp on the strap"),
        (399, 8999),
        0.3,
    ),
    Kind(
        chronograph,
        (MAIN, "Wrist Watches", "Chronographs"),
        ("chronograph watch", "steel bracelet watch", "chronograph"),
        ("stainless steel", "titanium", "brass"),
        ("three sub-dials with stopwatch", "water resistant to 50 metres", "folding clasp of solid steel"),
        (1499, 15999),
        0.0,
    ),
    Kind(
        digital_watch,
        (MAIN, "Wrist Watches", "Digital Watches"),
        ("digital watch", "sports watch", "digital sports watch"),
        ("resin", "rubber", "silicone"),
        ("alarm, stopwatch and back light", "shock resistant case", "a large display that is easy to read"),
        (199, 2999),
        0.3,
    ),
    Kind(
        smart_watch,
        (MAIN, "Smart Watches", "Fitness Watches"),
        ("smart watch", "fitness watch", "bluetooth smart watch"),
        ("silicone", "nylon", "aluminium"),
        ("counts steps and measures the heart rate", "touch screen shows calls and messages", "pairs by bluetooth"),
        (999, 19999),
        0.35,
    ),
    Kind(
        pocket_watch,
        (MAIN, "Pocket Watches", "Antique Pocket Watches"),
        ("pocket watch", "antique pocket watch", "pocket watch with chain"),
        ("brass", "bronze", "alloy"),
        ("hangs from a chain of 30 cm", "engraved lid in an antique finish", "roman numerals on the dial"),
        (299, 3999),
        0.0,
        0.8,
    ),
    Kind(
        kids_watch,
        (MAIN, "Kids Watches", "Cartoon Watches"),
        ("kids watch", "children's watch", "cartoon watch"),
        ("silicone", "plastic", "rubber"),
        ("a friendly dial that teaches to tell the time", "soft strap for small wrists", "for boys and girls"),
        (149, 899),
        0.7,
    ),
    Kind(
        bangle_watch,
        (MAIN, "Wrist Watches", "Bangle Watches"),
        ("bangle watch", "bracelet watch for women", "jewellery watch"),
        ("brass", "alloy", "stainless steel"),
        ("worn like a bangle, with stones on the rim", "a small dial for parties", "sliding clasp"),
        (349, 4999),
        0.0,
    ),
)
