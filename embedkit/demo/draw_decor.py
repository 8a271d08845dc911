"""Drawings of decoration and of what is lit and hung at festivals."""

from __future__ import annotations

import math
from random import Random

from embedkit.demo.draw_watches import dial
from embedkit.demo.kinds import Kind
from embedkit.demo.paint import COLOURS, METALS, Colour, shade, star
from embedkit.demo.sketch import PATTERN, Sketch, mirrored, smooth

MAIN = "Home Decor & Festive Needs"
WOOD: Colour = (125, 85, 55)
GLOW: Colour = (255, 222, 130)


def flame(s: Sketch, x: float, y: float, size: float) -> None:
    """Draw a flame standing on the point (x, y)."""
    for scale, colour in ((1.0, (250, 150, 40)), (0.6, (255, 232, 140))):
        reach = size * scale
        s.polygon(
            smooth(
                [(x, y - 2 * reach), (x + 0.55 * reach, y - 0.6 * reach), (x, y), (x - 0.55 * reach, y - 0.6 * reach)]
            ),
            colour,
        )


def table_lamp(s: Sketch, rng: Random) -> None:
    metal = rng.choice((WOOD, *METALS.values(), COLOURS["black"]))
    if rng.random() < 0.5:
        s.lathe([(0.5, 0.02), (0.6, 0.07), (0.74, 0.1), (0.84, 0.04), (0.9, 0.03)], s.second)
    s.lathe([(0.48, 0.018), (0.9, 0.018)], metal)
    s.ellipse((0.3, 0.86, 0.7, 0.96), metal, "left")
    top = rng.uniform(0.12, 0.22)
    s.polygon([(0.5 - top, 0.06), (0.5 + top, 0.06), (0.84, 0.5), (0.16, 0.5)], PATTERN, "round")
    s.ellipse((0.16, 0.45, 0.84, 0.55), GLOW)
    s.line([(0.62, 0.52), (0.62, 0.66)], metal, 0.008)


def candle(s: Sketch, rng: Random) -> None:
    count = rng.choice((1, 1, 2, 3))
    for k in range(count):
        x = 0.5 + (k - (count - 1) / 2) * 0.29
        wide, top = 0.24 / count + 0.04, rng.uniform(0.3, 0.5)
        s.lathe([(top, wide), (0.92, wide)], PATTERN, x)
        s.ellipse((x - wide, top - 0.045, x + wide, top + 0.045), s.light)
        s.ellipse((x - wide, 0.88, x + wide, 0.96), s.dark)
        s.line([(x, top), (x, top - 0.06)], (40, 35, 30), 0.012)
        flame(s, x, top - 0.04, 0.075)


def diya(s: Sketch, rng: Random) -> None:
    s.polygon(smooth([(0.06, 0.52), (0.5, 0.6), (0.96, 0.5), (0.8, 0.76), (0.5, 0.86), (0.22, 0.76)]), s.dark)
    s.polygon(
        smooth([(0.08, 0.54), (0.5, 0.62), (0.93, 0.52), (0.78, 0.74), (0.5, 0.83), (0.24, 0.74)]), PATTERN, "left"
    )
    s.ellipse((0.1, 0.47, 0.9, 0.62), METALS["gold"])
    s.ellipse((0.14, 0.49, 0.86, 0.6), (120, 70, 35))
    for k in range(7):
        s.disc(0.25 + 0.083 * k, 0.7 + 0.04 * math.sin(k * math.pi / 6), 0.02, s.second)
    s.line([(0.66, 0.55), (0.86, 0.47)], (245, 240, 225), 0.02)
    flame(s, 0.87, 0.48, rng.uniform(0.14, 0.18))


def wall_clock(s: Sketch, rng: Random) -> None:
    style = rng.choice(("round", "square", "sun"))
    if style == "sun":
        for k in range(16):
            angle = math.tau * k / 16
            reach = 0.47 if k % 2 else 0.4
            s.line([(0.5, 0.5), (0.5 + reach * math.cos(angle), 0.5 + reach * math.sin(angle))], s.main, 0.025)
    if style == "square":
        s.box((0.06, 0.06, 0.94, 0.94), PATTERN, 0.04, "left")
    else:
        s.disc(0.5, 0.5, 0.33 if style == "sun" else 0.46, PATTERN, "left")
    face = rng.choice(((250, 250, 246), (245, 232, 205), s.second))
    dial(s, 0.5, 0.5, 0.27 if style == "sun" else rng.uniform(0.35, 0.4), face, rng)


def vase(s: Sketch, rng: Random) -> None:
    for _ in range(rng.choice((0, 3, 5, 7))):
        x, y = 0.5 + rng.uniform(-0.3, 0.3), rng.uniform(0.08, 0.28)
        s.line([(0.5, 0.5), (x, y)], (70, 130, 60), 0.014)
        petal = rng.choice(("red", "pink", "yellow", "white", "purple", "orange"))
        for k in range(6):
            s.disc(x + 0.05 * math.cos(k * 1.047), y + 0.05 * math.sin(k * 1.047), 0.036, COLOURS[petal])
        s.disc(x, y, 0.03, (240, 200, 70))
    neck, belly, foot = rng.uniform(0.05, 0.1), rng.uniform(0.17, 0.25), rng.uniform(0.08, 0.13)
    middle = rng.uniform(0.58, 0.75)
    profile = [
        (neck * 1.4, 0.4),
        (neck, 0.47),
        (belly * 0.8, middle - 0.1),
        (belly, middle),
        (foot, 0.92),
        (foot, 0.96),
    ]
    curve = smooth(mirrored([(0.5 + half, y) for half, y in profile]), 6)
    s.polygon(curve, PATTERN, "round")
    s.ellipse((0.5 - neck * 1.4, 0.38, 0.5 + neck * 1.4, 0.42), s.dark)


def photo_frame(s: Sketch, rng: Random) -> None:
    wide, high = rng.choice(((0.44, 0.34), (0.34, 0.44), (0.42, 0.42)))
    s.box((0.5 - wide, 0.5 - high, 0.5 + wide, 0.5 + high), PATTERN, 0.01, "left")
    s.box((0.58 - wide, 0.58 - high, 0.42 + wide, 0.42 + high), (248, 247, 243))
    inner = (0.62 - wide, 0.62 - high, 0.38 + wide, 0.38 + high)
    s.box(inner, (150, 200, 235), light="top")
    s.disc(0.42 + wide / 2, 0.68 - high / 2, 0.05, (255, 225, 120))
    bottom = inner[3]
    s.polygon([(inner[0], bottom), (0.45, 0.48), (0.6, bottom)], (80, 130, 90))
    s.polygon([(0.42, bottom), (0.6, 0.54), (inner[2], bottom)], (60, 105, 80))


def string_lights(s: Sketch, rng: Random) -> None:
    multi = rng.random() < 0.4
    for row in range(rows := rng.randint(2, 4)):
        y = 0.08 + row * 0.8 / rows
        points = [(0.03 + 0.0587 * k, y + 0.11 * math.sin(math.pi * (k % 8) / 8)) for k in range(17)]
        s.line(points, (50, 85, 55), 0.01)
        for x, py in points[1::2]:
            colour = rng.choice(list(COLOURS.values())) if multi else s.main
            s.disc(x, py + 0.055, 0.045, (*shade(colour, 1.4), 110))
            s.ellipse((x - 0.024, py + 0.015, x + 0.024, py + 0.09), colour)
            s.box((x - 0.012, py, x + 0.012, py + 0.025), (40, 40, 40))


def lantern(s: Sketch, rng: Random) -> None:
    s.arc((0.36, 0.01, 0.64, 0.27), 180, 360, COLOURS["black"], 0.02)
    s.polygon([(0.5, 0.08), (0.8, 0.28), (0.2, 0.28)], s.main, "left")
    s.box((0.22, 0.28, 0.78, 0.86), s.dark)
    s.box((0.26, 0.31, 0.74, 0.83), GLOW, light="top")
    s.lathe([(0.6, 0.07), (0.83, 0.07)], (250, 245, 232))
    flame(s, 0.5, 0.6, 0.07)
    for x in (0.26, 0.5, 0.74) if rng.random() < 0.5 else (0.26, 0.42, 0.58, 0.74):
        s.line([(x, 0.3), (x, 0.84)], s.main, 0.022)
    s.box((0.16, 0.86, 0.84, 0.94), s.main, 0.01, "round")


def festive_star(s: Sketch, rng: Random) -> None:
    spikes = rng.choice((5, 6, 8))
    s.line([(0.5, 0.0), (0.5, 0.2)], METALS["gold"], 0.012)
    outline = star(0.5, 0.5, 0.42, spikes)
    s.polygon(outline, PATTERN, "left")
    for k in range(0, 2 * spikes, 2):
        s.polygon([(0.5, 0.5), outline[k], outline[(k + 1) % (2 * spikes)]], s.second)
    for k in range(7):
        s.line([(0.44 + 0.02 * k, 0.88), (0.42 + 0.0267 * k, 0.99)], METALS["gold"], 0.01)


KINDS = (
    Kind(
        table_lamp,
        (MAIN, "Table Decor & Handicrafts", "Table Lamps"),
        ("table lamp", "bedside lamp", "lamp"),
        ("fabric", "ceramic", "wooden"),
        ("warm light beside the bed", "takes an E27 bulb", "switch on the cable"),
        (399, 3999),
        0.6,
    ),
    Kind(
        candle,
        (MAIN, "Candles & Fragrances", "Candles"),
        ("candle", "scented candle", "pillar candle"),
        ("wax", "soy wax", "beeswax"),
        ("burns for forty hours", "scented with vanilla", "a quiet light for the evening"),
        (99, 999),
        0.35,
        sets=0.3,
    ),
    Kind(
        diya,
        (MAIN, "Festive Decor", "Diyas"),
        ("diya", "oil lamp", "festive diya"),
        ("clay", "brass", "terracotta"),
        ("lit at Diwali and at prayers", "painted by hand", "filled with oil and a cotton wick"),
        (49, 799),
        0.5,
        sets=0.4,
    ),
    Kind(
        wall_clock,
        (MAIN, "Clocks", "Wall Clocks"),
        ("wall clock", "clock", "kitchen clock"),
        ("wooden", "metal", "plastic"),
        ("silent sweep movement", "hangs on one nail", "numbers that are read from afar"),
        (249, 2999),
        0.45,
    ),
    Kind(
        vase,
        (MAIN, "Table Decor & Handicrafts", "Vases"),
        ("vase", "flower vase", "decorative vase"),
        ("ceramic", "glass", "brass"),
        ("for fresh or dried flowers", "a showpiece for the table", "glazed inside, holds water"),
        (199, 2499),
        0.6,
        0.15,
    ),
    Kind(
        photo_frame,
        (MAIN, "Wall Decor", "Photo Frames"),
        ("photo frame", "picture frame", "wall photo frame"),
        ("wooden", "metal", "resin"),
        ("for a photo of 6 by 8 inches", "stands on the table or hangs", "glass front"),
        (149, 1499),
        0.45,
        0.15,
    ),
    Kind(
        string_lights,
        (MAIN, "Festive Decor", "Decorative Lights"),
        ("string lights", "LED fairy lights", "decoration lights"),
        ("plastic", "copper wire", "LED"),
        ("ten metres with a hundred bulbs", "eight ways to blink", "for weddings, Christmas and Diwali"),
        (149, 999),
        0.0,
    ),
    Kind(
        lantern,
        (MAIN, "Festive Decor", "Lanterns"),
        ("lantern", "hanging lantern", "candle lantern"),
        ("metal", "iron", "wooden"),
        ("takes a tea light or a candle", "for garden and balcony", "door with a small latch"),
        (199, 1799),
        0.0,
        0.2,
    ),
    Kind(
        festive_star,
        (MAIN, "Festive Decor", "Ornaments"),
        ("hanging star", "Christmas star", "festive ornament"),
        ("paper", "foil", "felt"),
        ("hangs in the window or on the tree", "with a golden tassel", "folds flat to be stored"),
        (79, 699),
        0.4,
        0.15,
    ),
)
