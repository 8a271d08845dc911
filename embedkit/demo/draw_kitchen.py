"""Drawings of kitchenware and tableware."""

from __future__ import annotations

from random import Random

from embedkit.demo.kinds import Kind
from embedkit.demo.paint import METALS, Colour
from embedkit.demo.sketch import PATTERN, Sketch

MAIN = "Kitchen & Dining"
INK: Colour = (28, 28, 30)
STEEL = METALS["silver"]


def mug(s: Sketch, rng: Random) -> None:
    wide, top = rng.uniform(0.24, 0.3), rng.uniform(0.18, 0.28)
    foot = wide * rng.uniform(0.75, 1.0)
    s.arc((0.27 + wide, top + 0.1, 0.57 + wide, 0.76), 270, 90, s.dark, 0.06)
    s.lathe([(top, wide), (0.8, foot), (0.87, foot * 0.9)], PATTERN, 0.44)
    s.ellipse((0.44 - wide, top - 0.06, 0.44 + wide, top + 0.06), s.light)
    s.ellipse((0.46 - wide, top - 0.045, 0.42 + wide, top + 0.05), (95, 60, 35) if rng.random() < 0.5 else s.dark)


def water_bottle(s: Sketch, rng: Random) -> None:
    wide, neck = rng.uniform(0.14, 0.19), rng.uniform(0.07, 0.1)
    shoulder = rng.uniform(0.26, 0.36)
    body = [(0.2, neck), (shoulder, wide), (0.6, wide * rng.uniform(0.85, 1.0)), (0.9, wide), (0.95, wide * 0.9)]
    s.lathe(body, PATTERN)
    s.lathe([(0.06, neck * 1.15), (0.2, neck * 1.25)], rng.choice((INK, s.dark, STEEL)))
    if rng.random() < 0.4:
        s.arc((0.5 - neck, 0.0, 0.5 + neck, 0.12), 180, 360, INK, 0.02)
    s.box((0.5 - wide * 0.7, 0.42, 0.5 - wide * 0.5, 0.85), (255, 255, 255, 90), 0.01)


def plate(s: Sketch, rng: Random) -> None:
    squash = rng.choice((1.0, 1.0, 0.62))
    rim = rng.uniform(0.62, 0.76)
    s.ellipse((0.04, 0.5 - 0.46 * squash, 0.96, 0.5 + 0.46 * squash), s.dark)
    s.ellipse((0.045, 0.495 - 0.46 * squash, 0.955, 0.49 + 0.46 * squash), PATTERN, "top")
    s.ellipse((0.5 - 0.46 * rim, 0.5 - 0.46 * rim * squash, 0.5 + 0.46 * rim, 0.5 + 0.46 * rim * squash), s.dark)
    centre: Colour = rng.choice(((250, 250, 247), s.light))
    reach = 0.445 * rim
    s.ellipse((0.5 - reach, 0.505 - reach * squash, 0.5 + reach, 0.505 + reach * squash), centre, "top")


def saucepan(s: Sketch, rng: Random) -> None:
    s.polygon([(0.6, 0.42), (0.98, 0.36), (0.99, 0.42), (0.6, 0.5)], INK)
    s.lathe([(0.4, 0.31), (0.74, 0.31), (0.79, 0.28)], PATTERN, 0.36)
    s.ellipse((0.05, 0.34, 0.67, 0.46), STEEL, "left")
    s.ellipse((0.08, 0.36, 0.64, 0.45), (70, 72, 76))
    if rng.random() < 0.55:
        s.ellipse((0.06, 0.28, 0.66, 0.44), (205, 215, 220), "left")
        s.disc(0.36, 0.29, 0.04, INK)


def tumbler(s: Sketch, rng: Random) -> None:
    wide, foot = rng.uniform(0.22, 0.28), rng.uniform(0.14, 0.2)
    level = rng.uniform(0.3, 0.6)
    at_level = wide + (foot - wide) * (level - 0.1) / 0.8
    s.lathe([(0.1, wide), (0.9, foot)], (185, 205, 215, 120))
    s.lathe([(level, at_level * 0.95), (0.86, foot * 0.95)], (*s.main, 200))
    s.ellipse((0.5 - at_level * 0.95, level - 0.04, 0.5 + at_level * 0.95, level + 0.04), s.light)
    s.arc((0.5 - wide, 0.05, 0.5 + wide, 0.15), 0, 360, (165, 185, 195), 0.01)
    s.polygon([(0.34, 0.16), (0.38, 0.16), (0.4, 0.82), (0.37, 0.82)], (255, 255, 255, 120))
    if rng.random() < 0.4:
        s.line([(0.55, 0.6), (0.68, 0.0)], s.second, 0.025)


def kettle(s: Sketch, rng: Random) -> None:
    wide = rng.uniform(0.27, 0.32)
    s.polygon([(0.42 - wide, 0.62), (0.06, 0.36), (0.15, 0.33), (0.5 - wide, 0.48)], s.dark)
    s.arc((0.26, 0.06, 0.74, 0.66), 195, 345, INK, 0.05)
    s.lathe([(0.36, wide * 0.5), (0.5, wide * 0.85), (0.72, wide), (0.88, wide * 0.9)], PATTERN)
    s.ellipse((0.5 - wide * 0.52, 0.31, 0.5 + wide * 0.52, 0.41), s.dark, "left")
    s.disc(0.5, 0.3, 0.035, INK)
    s.box((0.5 - wide * 0.95, 0.86, 0.5 + wide * 0.95, 0.91), INK, 0.02)


def bowl(s: Sketch, rng: Random) -> None:
    top, depth = rng.uniform(0.36, 0.44), rng.uniform(0.32, 0.42)
    profile = [(top + depth * t, 0.42 * (1 - t**2.2) ** 0.6 + 0.08) for t in (0, 0.2, 0.4, 0.6, 0.8, 0.95)]
    s.lathe([*profile, (top + depth, 0.16), (top + depth + 0.05, 0.16)], PATTERN)
    s.ellipse((0.0, top - 0.1, 1.0, top + 0.1), s.light)
    s.ellipse((0.03, top - 0.08, 0.97, top + 0.085), s.dark)
    for _ in range(rng.choice((0, 0, 14))):
        s.disc(rng.uniform(0.25, 0.75), top + rng.uniform(-0.04, 0.02), 0.06, (225, 190, 90), "left")


def lunch_box(s: Sketch, rng: Random) -> None:
    top = rng.uniform(0.26, 0.36)
    s.box((0.08, top + 0.1, 0.92, 0.84), PATTERN, 0.07, "top")
    s.box((0.05, top, 0.95, top + 0.16), s.dark, 0.05)
    s.arc((0.35, top - 0.14, 0.65, top + 0.12), 180, 360, INK, 0.035)
    for x in (0.2, 0.72):
        s.box((x, top + 0.08, x + 0.08, top + 0.24), s.second, 0.015)


def cutlery(s: Sketch, rng: Random) -> None:
    for k, x in enumerate((0.2, 0.5, 0.8)):
        s.box((x - 0.035, 0.52, x + 0.035, 0.97), PATTERN, 0.03, "round")
        s.box((x - 0.014, 0.3, x + 0.014, 0.54), STEEL)
        if k == 0:
            for dx in (-0.055, -0.02, 0.02, 0.055):
                s.box((x + dx - 0.011, 0.05, x + dx + 0.011, 0.25), STEEL, 0.01)
            s.box((x - 0.066, 0.2, x + 0.066, 0.33), STEEL, 0.05)
        elif k == 1:
            s.ellipse((x - 0.085, 0.04, x + 0.085, 0.34), STEEL, "left")
        else:
            s.polygon([(x - 0.03, 0.54), (x - 0.03, 0.04), (x + 0.045, 0.18), (x + 0.045, 0.54)], STEEL, "left")


KINDS = (
    Kind(
        mug,
        (MAIN, "Coffee Mugs", "Ceramic Mugs"),
        ("mug", "coffee mug", "tea mug"),
        ("ceramic", "porcelain", "stoneware"),
        ("holds 330 ml of tea or coffee", "safe in microwave and dishwasher", "a handle that stays cool"),
        (149, 899),
        0.75,
        sets=0.2,
    ),
    Kind(
        water_bottle,
        (MAIN, "Containers & Bottles", "Water Bottles"),
        ("water bottle", "bottle", "sports bottle"),
        ("steel", "plastic", "glass"),
        ("keeps water cold for twelve hours", "leak proof cap", "750 ml, fits a bag's side pocket"),
        (149, 1499),
        0.45,
        0.15,
        0.2,
    ),
    Kind(
        plate,
        (MAIN, "Tableware", "Plates"),
        ("dinner plate", "plate", "serving plate"),
        ("porcelain", "melamine", "bone china"),
        ("27 cm across", "stacks neatly in the cupboard", "glazed and easy to wash"),
        (99, 1499),
        0.7,
        sets=0.3,
    ),
    Kind(
        saucepan,
        (MAIN, "Cookware", "Pots & Pans"),
        ("saucepan", "cooking pot", "non-stick pan"),
        ("aluminium", "steel", "cast iron"),
        ("heats evenly on gas and induction", "non-stick coating inside", "the handle stays cool while you cook"),
        (399, 3999),
        0.2,
        0.2,
    ),
    Kind(
        tumbler,
        (MAIN, "Bar & Glassware", "Glasses"),
        ("drinking glass", "glass tumbler", "juice glass"),
        ("glass", "crystal", "acrylic"),
        ("for juice, water and cocktails", "thick base stands firmly", "300 ml each"),
        (129, 1299),
        0.0,
        sets=0.4,
    ),
    Kind(
        kettle,
        (MAIN, "Kitchen Appliances", "Kettles"),
        ("kettle", "tea kettle", "electric kettle"),
        ("steel", "enamel", "plastic"),
        ("boils 1.5 litres within minutes", "whistles when the water boils", "spout pours without dripping"),
        (599, 2999),
        0.35,
        0.25,
    ),
    Kind(
        bowl,
        (MAIN, "Tableware", "Bowls"),
        ("bowl", "serving bowl", "soup bowl"),
        ("ceramic", "melamine", "wooden"),
        ("for soup, salad or rice", "microwave safe", "a wide rim that is easy to hold"),
        (99, 999),
        0.65,
        sets=0.25,
    ),
    Kind(
        lunch_box,
        (MAIN, "Containers & Bottles", "Lunch Boxes"),
        ("lunch box", "tiffin box", "food container"),
        ("plastic", "steel", "bpa-free plastic"),
        ("three compartments keep food apart", "lid locks on both sides", "for school and office lunches"),
        (149, 999),
        0.55,
    ),
    Kind(
        cutlery,
        (MAIN, "Tableware", "Cutlery"),
        ("cutlery set", "fork spoon and knife set", "dinner cutlery"),
        ("steel", "plastic", "bamboo"),
        ("fork, spoon and knife for every guest", "polished and rust free", "handles balanced in the hand"),
        (199, 1999),
        0.3,
    ),
)
