"""Drawings of clothes and things for babies."""

from __future__ import annotations

from random import Random

from embedkit.demo.kinds import Kind
from embedkit.demo.paint import Colour, star
from embedkit.demo.sketch import PATTERN, Sketch, mirrored, smooth

MAIN = "Baby Care"
INK: Colour = (40, 32, 30)


def motif(s: Sketch, x: float, y: float, size: float, rng: Random) -> None:
    """Draw a small picture on the cloth: a star, a heart, a bear's face, or none."""
    kind = rng.randint(0, 3)
    if kind == 0:
        s.polygon(star(x, y, size), s.second)
    elif kind == 1:
        s.polygon(
            smooth([(x, y + size), (x + size, y - 0.1 * size), (x + size * 0.5, y - size * 0.7), (x, y - size * 0.2),
                    (x - size * 0.5, y - size * 0.7), (x - size, y - 0.1 * size)]),
            s.second,
        )  # fmt: skip
    elif kind == 2:
        for dx in (-0.7, 0.7):
            s.disc(x + dx * size, y - 0.7 * size, 0.42 * size, s.second)
        s.disc(x, y, size, s.second)
        for dx in (-0.35, 0.35):
            s.disc(x + dx * size, y - 0.1 * size, 0.12 * size, INK)
        s.disc(x, y + 0.35 * size, 0.16 * size, INK)


def bodysuit(s: Sketch, rng: Random) -> None:
    sleeve = rng.uniform(0.3, 0.5)
    half = [(0.6, 0.08), (0.74, 0.13), (0.95, sleeve), (0.83, sleeve + 0.08), (0.73, 0.32), (0.73, 0.66), (0.72, 0.72)]
    legs = [(0.6, 0.86), (0.58, 0.93)]
    outline = mirrored([*half, *legs])
    s.polygon(outline, PATTERN, "left")
    s.ellipse((0.39, 0.02, 0.61, 0.16), s.dark)
    s.ellipse((0.41, 0.01, 0.59, 0.13), (238, 236, 232))
    s.line([(0.59, 0.93), (0.41, 0.93)], s.second, 0.018)
    for x in (0.45, 0.5, 0.55):
        s.disc(x, 0.9, 0.011, (250, 250, 250))
    s.line([(0.95, sleeve), (0.83, sleeve + 0.08)], s.second, 0.018)
    s.line([(0.05, sleeve), (0.17, sleeve + 0.08)], s.second, 0.018)
    if s.paint.pattern == "plain":
        motif(s, 0.5, 0.42, rng.uniform(0.08, 0.12), rng)


def bib(s: Sketch, rng: Random) -> None:
    wide = rng.uniform(0.33, 0.4)
    s.polygon(
        smooth([(0.5 - 0.13, 0.06), (0.5 - wide, 0.34), (0.5 - wide, 0.74), (0.5, 0.95), (0.5 + wide, 0.74),
                (0.5 + wide, 0.34), (0.5 + 0.13, 0.06)]),
        s.second,
    )  # fmt: skip
    inner = wide - 0.03
    s.polygon(
        smooth([(0.5 - 0.14, 0.1), (0.5 - inner, 0.36), (0.5 - inner, 0.72), (0.5, 0.92), (0.5 + inner, 0.72),
                (0.5 + inner, 0.36), (0.5 + 0.14, 0.1)]),
        PATTERN,
        "top",
    )  # fmt: skip
    s.ellipse((0.34, 0.0, 0.66, 0.34), s.second)
    s.ellipse((0.36, -0.02, 0.64, 0.32), (240, 240, 240))
    motif(s, 0.5, 0.62, rng.uniform(0.09, 0.14), rng)


def baby_dress(s: Sketch, rng: Random) -> None:
    flare = rng.uniform(0.36, 0.45)
    bodice = mirrored([(0.58, 0.08), (0.66, 0.1), (0.7, 0.2), (0.63, 0.26), (0.64, 0.42)])
    s.polygon(
        mirrored([(0.64, 0.42), (0.5 + flare, 0.84), (0.46 + flare, 0.9), (0.5 + flare / 2, 0.93)]), PATTERN, "folds"
    )
    s.polygon(bodice, PATTERN, "left")
    s.ellipse((0.42, 0.03, 0.58, 0.16), (238, 236, 232))
    s.line([(0.36, 0.42), (0.64, 0.42)], s.second, 0.035)
    for sign in (-1, 1):
        s.polygon([(0.5, 0.42), (0.5 + sign * 0.1, 0.37), (0.5 + sign * 0.1, 0.48)], s.second)


def feeding_bottle(s: Sketch, rng: Random) -> None:
    wide = rng.uniform(0.16, 0.2)
    s.lathe([(0.03, 0.025), (0.1, 0.05), (0.17, 0.1), (0.2, 0.11)], (225, 185, 140))
    s.lathe([(0.2, wide * 0.85), (0.32, wide * 0.85)], s.main)
    s.lathe([(0.32, wide * 0.8), (0.4, wide), (0.86, wide), (0.93, wide * 0.85)], (225, 232, 236))
    s.lathe([(0.55, wide * 0.94), (0.86, wide * 0.94), (0.92, wide * 0.8)], (252, 248, 236))
    for k in range(6):
        s.line([(0.5 + wide * 0.4, 0.46 + 0.065 * k), (0.5 + wide * 0.75, 0.46 + 0.065 * k)], s.dark, 0.008)
    motif(s, 0.46, 0.66, 0.06, rng)


def hooded_towel(s: Sketch, rng: Random) -> None:
    """Draw a baby's towel: spread with its hood up, or folded like any other towel."""
    if rng.random() < 0.35:
        for k in range(2):
            s.box((0.1, 0.32 + 0.26 * k, 0.9, 0.6 + 0.26 * k), PATTERN, 0.06, "top")
        motif(s, 0.72, 0.74, 0.07, rng)
        return
    s.polygon([(0.5, 0.04), (0.96, 0.5), (0.5, 0.96), (0.04, 0.5)], PATTERN, "left")
    s.polygon([(0.5, 0.04), (0.72, 0.26), (0.28, 0.26)], s.second, "top")
    for x in (0.36, 0.64):
        s.disc(x, 0.13, 0.06, s.second)
    for x in (0.45, 0.55):
        s.disc(x, 0.18, 0.014, INK)
    s.disc(0.5, 0.22, 0.018, INK)


def teddy(s: Sketch, rng: Random) -> None:
    muzzle = (240, 222, 195)
    for x in (0.32, 0.68):
        s.disc(x, 0.13, 0.09, s.main, "left")
        s.disc(x, 0.13, 0.05, s.second)
        s.ellipse((x - 0.14, 0.74, x + 0.14, 0.97), s.main, "left")
        s.ellipse((x - 0.07, 0.79, x + 0.07, 0.93), muzzle)
    for box in ((0.08, 0.42, 0.34, 0.68), (0.66, 0.42, 0.92, 0.68)):
        s.ellipse(box, s.main, "left")
    s.ellipse((0.26, 0.4, 0.74, 0.9), PATTERN, "left")
    s.ellipse((0.26, 0.07, 0.74, 0.48), s.main, "left")
    s.ellipse((0.39, 0.27, 0.61, 0.45), muzzle)
    for x in (0.4, 0.6):
        s.disc(x, 0.23, 0.028, INK)
    s.ellipse((0.45, 0.29, 0.55, 0.36), INK)
    if rng.random() < 0.5:
        for sign in (-1, 1):
            s.polygon([(0.5, 0.49), (0.5 + sign * 0.14, 0.43), (0.5 + sign * 0.14, 0.55)], s.second)


def booties(s: Sketch, rng: Random) -> None:
    for dx, dy in ((-0.02, -0.16), (0.06, 0.16)):
        shoe = [(0.14, 0.36), (0.42, 0.36), (0.46, 0.5), (0.72, 0.54), (0.86, 0.64), (0.8, 0.72), (0.16, 0.72)]
        s.polygon(smooth([(x + dx, y + dy) for x, y in shoe]), PATTERN, "top")
        s.box((0.13 + dx, 0.3 + dy, 0.44 + dx, 0.42 + dy), s.second, 0.04)
        s.box((0.14 + dx, 0.68 + dy, 0.84 + dx, 0.74 + dy), s.dark, 0.03)
        s.disc(0.52 + dx, 0.5 + dy, 0.04, s.second)


def baby_cap(s: Sketch, rng: Random) -> None:
    s.disc(0.5, 0.14, rng.uniform(0.08, 0.11), s.second)
    s.polygon(smooth([(0.5, 0.14), (0.8, 0.34), (0.88, 0.74), (0.5, 0.78), (0.12, 0.74), (0.2, 0.34)]), PATTERN, "left")
    s.box((0.08, 0.66, 0.92, 0.86), s.second, 0.06, "round")
    for k in range(14):
        s.line([(0.13 + 0.057 * k, 0.68), (0.13 + 0.057 * k, 0.84)], s.dark, 0.006)


KINDS = (
    Kind(
        bodysuit,
        (MAIN, "Infant Wear", "Bodysuits"),
        ("baby bodysuit", "infant romper", "baby onesie"),
        ("cotton", "organic cotton", "jersey"),
        ("snap buttons for quick changes", "soft seams do not rub the skin", "for babies of 0 to 12 months"),
        (199, 999),
        0.6,
        sets=0.15,
    ),
    Kind(
        bib,
        (MAIN, "Baby Feeding", "Bibs"),
        ("baby bib", "feeding bib", "bib"),
        ("cotton", "silicone", "terry cotton"),
        ("catches spills at meal time", "closes with a soft button", "machine washable"),
        (79, 499),
        0.6,
        sets=0.2,
    ),
    Kind(
        baby_dress,
        (MAIN, "Infant Wear", "Baby Girls' Clothes"),
        ("baby dress", "infant frock", "baby girl's dress"),
        ("cotton", "georgette", "net"),
        ("a bow at the waist", "for parties and birthdays", "lined with soft cotton"),
        (299, 1499),
        0.65,
    ),
    Kind(
        feeding_bottle,
        (MAIN, "Baby Feeding", "Feeding Bottles"),
        ("feeding bottle", "baby bottle", "baby feeding bottle"),
        ("bpa-free plastic", "glass", "silicone"),
        ("anti-colic teat", "marks every 30 ml", "easy to sterilise"),
        (149, 799),
        0.0,
        sets=0.15,
    ),
    Kind(
        hooded_towel,
        (MAIN, "Baby Bath & Skin", "Baby Bath Towels"),
        ("hooded baby towel", "baby towel", "baby bath towel"),
        ("cotton", "terry cotton", "muslin"),
        ("the hood keeps the head warm after the bath", "gentle on a newborn's skin", "75 by 75 cm"),
        (199, 899),
        0.5,
    ),
    Kind(
        teddy,
        (MAIN, "Baby Toys", "Soft Toys"),
        ("teddy bear", "soft toy", "plush bear"),
        ("plush", "cotton", "fleece"),
        ("filled with washable fibre", "eyes are sewn, not glued", "a friend to cuddle at bed time"),
        (199, 1999),
        0.25,
    ),
    Kind(
        booties,
        (MAIN, "Infant Wear", "Baby Footwear"),
        ("baby booties", "infant shoes", "baby shoes"),
        ("cotton", "wool", "knitted wool"),
        ("soft sole for first steps", "stays on small feet", "warm in winter"),
        (129, 699),
        0.5,
    ),
    Kind(
        baby_cap,
        (MAIN, "Infant Wear", "Baby Caps"),
        ("baby cap", "infant beanie", "knitted baby cap"),
        ("wool", "cotton", "acrylic wool"),
        ("covers the ears", "with a fluffy pompom", "stretches as the baby grows"),
        (99, 499),
        0.6,
    ),
)
