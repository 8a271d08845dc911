"""Drawings of cosmetics and of what stands in the bathroom."""

from __future__ import annotations

from random import Random

from embedkit.demo.kinds import Kind
from embedkit.demo.paint import COLOURS, METALS, Colour, jitter
from embedkit.demo.sketch import PATTERN, Sketch, smooth

MAIN = "Beauty and Personal Care"
INK: Colour = (28, 26, 28)
GOLD = METALS["gold"]


def label(s: Sketch, left: float, top: float, right: float, bottom: float, rng: Random) -> None:
    """Draw a printed label: a plain field with a few lines that stand for writing."""
    s.box((left, top, right, bottom), (248, 246, 240), 0.01)
    ink = rng.choice((INK, s.dark))
    for k in range(3):
        y = top + (bottom - top) * (0.25 + 0.22 * k)
        indent = (right - left) * rng.uniform(0.1, 0.3)
        s.line([(left + indent, y), (right - indent, y)], ink, 0.012 if k == 0 else 0.007)


def perfume(s: Sketch, rng: Random) -> None:
    wide, top = rng.uniform(0.2, 0.33), rng.uniform(0.32, 0.42)
    metal = rng.choice((GOLD, METALS["silver"], INK))
    s.box((0.41, top - 0.26, 0.59, top - 0.07), metal, 0.015, "round")
    s.box((0.45, top - 0.08, 0.55, top + 0.02), METALS["silver"], light="round")
    if rng.random() < 0.35:
        s.ellipse((0.5 - wide, top, 0.5 + wide, 0.94), s.main, "left")
        s.ellipse((0.56 - wide, top + 0.07, 0.44 + wide, 0.88), s.light, "top")
    else:
        s.box((0.5 - wide, top, 0.5 + wide, 0.94), s.main, rng.uniform(0.01, 0.08), "left")
        s.box((0.53 - wide, top + 0.04, 0.47 + wide, 0.89), s.light, 0.02, "top")
    label(s, 0.5 - wide * 0.5, 0.6, 0.5 + wide * 0.5, 0.76, rng)


def lipstick(s: Sketch, rng: Random) -> None:
    case = rng.choice((INK, GOLD, METALS["silver"]))
    half, tip = rng.uniform(0.085, 0.11), rng.uniform(0.1, 0.2)
    x = 0.5 if rng.random() < 0.5 else 0.36
    s.polygon([(x - half, 0.46), (x - half, tip + 0.12), (x + half, tip), (x + half, 0.46)], s.main, "round")
    s.box((x - half * 1.15, 0.42, x + half * 1.15, 0.6), GOLD if case != GOLD else INK, light="round")
    s.box((x - half * 1.4, 0.58, x + half * 1.4, 0.96), case, 0.01, "round")
    if x < 0.5:
        s.box((0.6, 0.5, 0.6 + half * 2.8, 0.96), case, 0.02, "round")


def shampoo(s: Sketch, rng: Random) -> None:
    wide, neck = rng.uniform(0.16, 0.21), rng.uniform(0.05, 0.08)
    if rng.random() < 0.5:
        s.lathe([(0.1, 0.02), (0.24, 0.02)], INK)
        s.box((0.3, 0.06, 0.56, 0.11), INK, 0.02)
        s.lathe([(0.18, neck), (0.26, neck)], INK)
    else:
        s.lathe([(0.12, neck * 1.3), (0.26, neck * 1.4)], rng.choice((INK, (245, 245, 245), s.second)))
    s.lathe([(0.26, neck), (0.34, wide), (0.9, wide), (0.95, wide * 0.9)], PATTERN)
    label(s, 0.5 - wide * 0.8, 0.48, 0.5 + wide * 0.8, 0.78, rng)


def cream_jar(s: Sketch, rng: Random) -> None:
    wide, top = rng.uniform(0.3, 0.38), rng.uniform(0.3, 0.38)
    lid = rng.choice(((248, 246, 242), GOLD, s.second))
    s.lathe([(top + 0.16, wide), (0.78, wide), (0.84, wide * 0.92)], PATTERN)
    s.lathe([(top, wide * 1.05), (top + 0.19, wide * 1.05)], lid)
    s.ellipse((0.5 - wide * 1.05, top - 0.06, 0.5 + wide * 1.05, top + 0.06), lid, "left")
    label(s, 0.5 - wide * 0.6, 0.58, 0.5 + wide * 0.6, 0.74, rng)


def nail_polish(s: Sketch, rng: Random) -> None:
    wide, split = rng.uniform(0.16, 0.23), rng.uniform(0.48, 0.56)
    cap = rng.choice((INK, INK, METALS["silver"], (245, 244, 240)))
    s.lathe([(0.05, 0.055), (split - 0.04, 0.08), (split, 0.08)], cap)
    if rng.random() < 0.5:
        s.ellipse((0.5 - wide, split - 0.02, 0.5 + wide, 0.95), s.main, "left")
    else:
        s.box((0.5 - wide, split, 0.5 + wide, 0.95), s.main, 0.05, "left")
    s.box((0.5 - wide * 0.6, split + 0.1, 0.5 - wide * 0.35, 0.86), (255, 255, 255, 120), 0.02)


def hair_brush(s: Sketch, rng: Random) -> None:
    wide = rng.uniform(0.18, 0.23)
    s.box((0.45, 0.5, 0.55, 0.97), PATTERN, 0.045, "round")
    s.ellipse((0.5 - wide, 0.03, 0.5 + wide, 0.62), PATTERN, "left")
    s.ellipse((0.53 - wide, 0.07, 0.47 + wide, 0.57), s.dark)
    for row in range(8):
        for column in range(5):
            x, y = 0.5 + (column - 2) * wide * 0.3, 0.14 + 0.05 * row
            s.line([(x, y), (x + 0.006, y - 0.025)], (235, 225, 210), 0.012)


def soap(s: Sketch, rng: Random) -> None:
    for k in range(rng.choice((1, 1, 2))):
        lift = 0.2 * k
        s.box((0.1, 0.44 - lift, 0.9, 0.78 - lift), s.dark, 0.14)
        s.box((0.1, 0.36 - lift, 0.9, 0.7 - lift), PATTERN, 0.14, "top")
        s.box((0.2, 0.43 - lift, 0.8, 0.62 - lift), s.light, 0.09)
        s.box((0.22, 0.45 - lift, 0.78, 0.61 - lift), s.main, 0.08)
    for _ in range(rng.randint(0, 8)):
        s.disc(rng.uniform(0.1, 0.9), rng.uniform(0.72, 0.92), rng.uniform(0.02, 0.06), (225, 238, 245, 200), "left")


def tube(s: Sketch, rng: Random) -> None:
    wide = rng.uniform(0.17, 0.23)
    s.polygon(
        [(0.5 - wide, 0.05), (0.5 + wide, 0.05), (0.5 + wide * 0.72, 0.78), (0.5 - wide * 0.72, 0.78)], PATTERN, "round"
    )
    s.box((0.5 - wide, 0.03, 0.5 + wide, 0.08), s.dark)
    cap = rng.choice(((245, 245, 243), INK, s.second))
    s.lathe([(0.78, wide * 0.62), (0.96, wide * 0.56)], cap)
    label(s, 0.5 - wide * 0.6, 0.26, 0.5 + wide * 0.6, 0.54, rng)


def palette(s: Sketch, rng: Random) -> None:
    s.box((0.06, 0.1, 0.94, 0.5), PATTERN, 0.05, "top")
    s.box((0.12, 0.15, 0.88, 0.46), (205, 220, 228), 0.02, "left")
    s.box((0.06, 0.5, 0.94, 0.92), s.dark, 0.05)
    base = rng.choice((COLOURS["pink"], COLOURS["brown"], COLOURS["purple"], COLOURS["orange"]))
    for row in range(2):
        for column in range(count := 4):
            x, y = 0.12 + column * 0.76 / count, 0.55 + 0.17 * row
            s.box((x + 0.01, y, x + 0.17, y + 0.14), jitter(base, rng, 60), 0.015)


def mascara(s: Sketch, rng: Random) -> None:
    s.polygon(smooth([(0.24, 0.1), (0.38, 0.1), (0.38, 0.92), (0.24, 0.92)], 3), PATTERN, "round")
    s.box((0.23, 0.5, 0.39, 0.52), GOLD)
    s.box((0.6, 0.52, 0.76, 0.95), s.main, 0.04, "round")
    s.line([(0.68, 0.52), (0.68, 0.34)], METALS["silver"], 0.02)
    for k in range(12):
        y = 0.1 + 0.021 * k
        s.line([(0.63, y + 0.01), (0.73, y - 0.01)], INK, 0.012)
    s.line([(0.68, 0.08), (0.68, 0.36)], INK, 0.03)


KINDS = (
    Kind(
        perfume,
        (MAIN, "Fragrances", "Perfumes"),
        ("perfume", "eau de parfum", "perfume spray"),
        ("glass", "floral", "musk"),
        ("notes of jasmine and sandalwood", "stays the whole day", "100 ml spray"),
        (299, 4999),
        0.0,
    ),
    Kind(
        lipstick,
        (MAIN, "Makeup", "Lipsticks"),
        ("lipstick", "matte lipstick", "lip colour"),
        ("matte", "creamy", "glossy"),
        ("full colour in one stroke", "does not dry the lips", "stays through coffee and lunch"),
        (99, 1299),
        0.0,
    ),
    Kind(
        shampoo,
        (MAIN, "Hair Care", "Shampoos"),
        ("shampoo", "shampoo bottle", "herbal shampoo"),
        ("herbal", "aloe vera", "argan oil"),
        ("for smooth and strong hair", "free of parabens", "250 ml for daily washing"),
        (99, 799),
        0.3,
    ),
    Kind(
        cream_jar,
        (MAIN, "Body & Skin Care", "Creams"),
        ("face cream", "skin cream", "night cream"),
        ("aloe vera", "shea butter", "vitamin E"),
        ("keeps the skin soft all night", "absorbed at once, not sticky", "for dry and normal skin"),
        (129, 1499),
        0.35,
    ),
    Kind(
        nail_polish,
        (MAIN, "Makeup", "Nail Polish"),
        ("nail polish", "nail paint", "nail lacquer"),
        ("glossy", "matte", "gel"),
        ("dries in a minute", "chip free for a week", "wide brush for an even coat"),
        (59, 499),
        0.0,
        sets=0.3,
    ),
    Kind(
        hair_brush,
        (MAIN, "Hair Care", "Hair Brushes"),
        ("hair brush", "paddle brush", "brush for hair"),
        ("wooden", "plastic", "bamboo"),
        ("soft bristles do not pull", "massages the scalp", "for long and short hair"),
        (99, 799),
        0.45,
    ),
    Kind(
        soap,
        (MAIN, "Bath & Shower", "Soaps"),
        ("soap", "bath soap", "handmade soap"),
        ("glycerine", "herbal", "goat milk"),
        ("rich lather and a fresh scent", "made with coconut oil", "gentle cleansing for the bath"),
        (39, 399),
        0.3,
        sets=0.3,
    ),
    Kind(
        tube,
        (MAIN, "Body & Skin Care", "Face Wash"),
        ("face wash", "hand cream", "cleansing gel"),
        ("neem", "aloe vera", "charcoal"),
        ("cleans deeply without drying", "100 ml tube", "for every type of skin"),
        (79, 599),
        0.35,
    ),
    Kind(
        palette,
        (MAIN, "Makeup", "Eye Shadow"),
        ("eye shadow palette", "makeup palette", "makeup kit"),
        ("matte", "shimmer", "mineral"),
        ("eight shades with a mirror", "blends easily", "from day to evening looks"),
        (199, 1999),
        0.35,
    ),
    Kind(
        mascara,
        (MAIN, "Makeup", "Mascara"),
        ("mascara", "waterproof mascara", "volume mascara"),
        ("waterproof", "mineral", "vegan"),
        ("lifts and parts the lashes", "does not smudge", "curved brush"),
        (149, 1199),
        0.2,
        0.1,
    ),
)
