"""Drawings of home textiles."""

from __future__ import annotations

import math
from random import Random

from embedkit.demo.kinds import Kind
from embedkit.demo.paint import METALS, Colour, shade
from embedkit.demo.sketch import PATTERN, Sketch, smooth

MAIN = "Home Furnishing"
WOOD: Colour = (120, 82, 52)


def curtain(s: Sketch, rng: Random) -> None:
    s.line([(0.02, 0.06), (0.98, 0.06)], rng.choice((WOOD, *METALS.values())), 0.03)
    for x in (0.02, 0.98):
        s.disc(x, 0.06, 0.035, WOOD)
    tied = rng.random() < 0.5
    for sign in (-1, 1):
        outer, inner, waist = 0.5 + sign * 0.44, 0.5 + sign * 0.06, 0.5 + sign * (0.28 if tied else 0.07)
        panel = [(outer, 0.07), (inner, 0.07), (inner, 0.3), (waist, 0.62), (inner + sign * 0.12, 0.96), (outer, 0.96)]
        s.polygon(panel, PATTERN, "folds")
        if tied:
            s.box((min(waist, outer), 0.6, max(waist, outer), 0.65), s.second)
        for k in range(5):
            s.disc(inner + sign * (0.03 + 0.08 * k), 0.09, 0.016, METALS["silver"])


def towel(s: Sketch, rng: Random) -> None:
    """Draw a bath towel: folded on a pile, or hanging."""
    if rng.random() < 0.5:
        top = 0.3
        for k in range(count := rng.randint(2, 4)):
            y = top + k * 0.52 / count
            s.box((0.1, y, 0.9, y + 0.56 / count), PATTERN if k % 2 == 0 else s.dark, 0.06, "top")
            s.line([(0.14, y + 0.3 / count), (0.86, y + 0.3 / count)], s.dark, 0.006)
        return
    s.line([(0.08, 0.1), (0.92, 0.1)], METALS["silver"], 0.025)
    s.box((0.22, 0.09, 0.78, 0.86), PATTERN, 0.02, "folds")
    for y in (0.68, 0.73):
        s.box((0.22, y, 0.78, y + 0.022), s.second)
    for k in range(18):
        s.line([(0.235 + 0.031 * k, 0.86), (0.235 + 0.031 * k, 0.9)], s.main, 0.01)


def cushion(s: Sketch, rng: Random) -> None:
    dent, high = rng.uniform(0.015, 0.045), rng.choice((0.42, 0.42, 0.28))
    corners = [(0.5 - 0.44, 0.5 - high), (0.94, 0.5 - high), (0.94, 0.5 + high), (0.06, 0.5 + high)]
    middles = [(0.5, 0.5 - high + dent), (0.94 - dent, 0.5), (0.5, 0.5 + high - dent), (0.06 + dent, 0.5)]
    outline = [point for pair in zip(corners, middles, strict=True) for point in pair]
    s.polygon(smooth(outline), s.dark)
    inner = [(0.5 + (x - 0.5) * 0.96, 0.5 + (y - 0.5) * 0.96) for x, y in outline]
    s.polygon(smooth(inner), PATTERN, "left")
    if rng.random() < 0.35:
        for x, y in corners:
            s.disc(x, y, 0.035, s.second)
    if rng.random() < 0.3:
        s.disc(0.5, 0.5, 0.03, s.second)


def bed_sheet(s: Sketch, rng: Random) -> None:
    s.box((0.1, 0.14, 0.9, 0.5), WOOD, 0.04, "top")
    s.polygon([(0.12, 0.42), (0.88, 0.42), (0.97, 0.84), (0.03, 0.84)], PATTERN, "top")
    s.polygon([(0.03, 0.84), (0.97, 0.84), (0.96, 0.94), (0.04, 0.94)], s.dark)
    for x in (0.3, 0.7):
        fill = PATTERN if rng.random() < 0.5 else s.second
        s.ellipse((x - 0.16, 0.3, x + 0.16, 0.5), shade(s.second, 0.75))
        s.ellipse((x - 0.155, 0.3, x + 0.155, 0.49), fill, "top")


def blanket(s: Sketch, rng: Random) -> None:
    s.polygon(smooth([(0.1, 0.28), (0.86, 0.24), (0.92, 0.8), (0.12, 0.84)], 4), s.dark)
    s.polygon([(0.1, 0.22), (0.9, 0.22), (0.9, 0.74), (0.1, 0.74)], PATTERN, "left")
    for k in range(3):
        s.box((0.1, 0.74 + 0.04 * k, 0.9, 0.775 + 0.04 * k), s.main if k % 2 else s.dark, 0.015)
    s.polygon([(0.55, 0.22), (0.9, 0.22), (0.9, 0.56)], s.second, "top")


def rug(s: Sketch, rng: Random) -> None:
    shape = rng.choice(("mat", "round", "perspective"))
    if shape == "round":
        s.ellipse((0.03, 0.2, 0.97, 0.8), s.dark)
        s.ellipse((0.06, 0.22, 0.94, 0.78), PATTERN)
        s.ellipse((0.3, 0.38, 0.7, 0.62), s.second)
        return
    lean = 0.14 if shape == "perspective" else 0.0
    s.polygon([(0.06 + lean, 0.24), (0.94 - lean, 0.24), (0.94, 0.76), (0.06, 0.76)], s.second)
    s.polygon([(0.1 + lean, 0.28), (0.9 - lean, 0.28), (0.89, 0.72), (0.11, 0.72)], PATTERN)
    for k in range(26):
        x, near = 0.07 + 0.0345 * k, 0.07 + lean + (0.0345 - lean / 12.5) * k
        s.line([(x, 0.76), (x, 0.81)], s.second, 0.008)
        s.line([(near, 0.24), (near, 0.2)], s.second, 0.008)


def table_cloth(s: Sketch, rng: Random) -> None:
    for x in (0.2, 0.8):
        s.line([(x, 0.6), (x, 0.95)], WOOD, 0.035)
    drop = rng.uniform(0.18, 0.3)
    hem = [(0.02 + 0.08 * k, 0.5 + drop + 0.025 * math.sin(k * 1.9)) for k in range(13)]
    s.polygon([(0.03, 0.5), (0.97, 0.5), *reversed(hem)], PATTERN, "folds")
    s.ellipse((0.03, 0.36, 0.97, 0.62), PATTERN, "top")
    s.arc((0.03, 0.36, 0.97, 0.62), 0, 180, s.dark, 0.008)
    s.lathe([(0.3, 0.03), (0.44, 0.06), (0.48, 0.05)], (230, 232, 235))
    s.disc(0.5, 0.25, 0.05, (225, 80, 90))


KINDS = (
    Kind(
        curtain,
        (MAIN, "Curtains & Accessories", "Curtains"),
        ("curtain", "window curtain", "door curtain"),
        ("polyester", "cotton", "linen"),
        ("eyelet rings slide smoothly", "dims the light of the room", "213 cm long, for door or window"),
        (299, 2499),
        0.7,
        sets=0.3,
    ),
    Kind(
        towel,
        (MAIN, "Bath Linen", "Towels"),
        ("bath towel", "towel", "hand towel"),
        ("cotton", "terry cotton", "microfibre"),
        ("absorbs water at once", "500 GSM, soft on the skin", "dries quickly after the bath"),
        (149, 1299),
        0.5,
        sets=0.3,
    ),
    Kind(
        cushion,
        (MAIN, "Cushions & Pillows", "Cushion Covers"),
        ("cushion cover", "cushion", "pillow cover"),
        ("cotton", "velvet", "jute"),
        ("hidden zip at the back", "40 by 40 cm", "brightens sofa and bed"),
        (129, 1099),
        0.8,
        sets=0.25,
    ),
    Kind(
        bed_sheet,
        (MAIN, "Bed Linen", "Bedsheets"),
        ("bed sheet", "double bedsheet", "bed cover"),
        ("cotton", "satin", "polycotton"),
        ("with two pillow covers", "fits a double bed", "colours stay after many washes"),
        (399, 2999),
        0.75,
    ),
    Kind(
        blanket,
        (MAIN, "Bed Linen", "Blankets"),
        ("blanket", "fleece blanket", "throw blanket"),
        ("fleece", "wool", "cotton"),
        ("warm and light in winter", "for bed, sofa and travel", "does not shed"),
        (349, 2999),
        0.6,
    ),
    Kind(
        rug,
        (MAIN, "Floor Coverings", "Rugs & Carpets"),
        ("rug", "carpet", "door mat"),
        ("jute", "wool", "cotton"),
        ("does not slip on smooth floors", "woven by hand", "for living room and hall"),
        (199, 4999),
        0.75,
    ),
    Kind(
        table_cloth,
        (MAIN, "Kitchen & Dining Linen", "Table Covers"),
        ("table cloth", "table cover", "dining table cover"),
        ("cotton", "pvc", "linen"),
        ("covers a table for six", "stains wipe off", "hemmed all around"),
        (199, 1499),
        0.75,
    ),
)
