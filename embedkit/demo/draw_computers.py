"""Drawings of computers and what is plugged into them."""

from __future__ import annotations

from random import Random

from embedkit.demo.kinds import Kind
from embedkit.demo.paint import COLOURS, Colour, shade
from embedkit.demo.sketch import PATTERN, Box, Sketch

MAIN = "Computers"
INK: Colour = (22, 22, 26)


def screen(s: Sketch, box: Box, rng: Random) -> None:
    """Draw a switched-on screen: a wallpaper, a few windows, a bar of icons."""
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    sky = rng.choice(list(COLOURS.values()))
    s.box(box, sky, light="top")
    if rng.random() < 0.5:
        s.polygon([(left, bottom), (left + 0.4 * wide, top + 0.4 * high), (left + 0.8 * wide, bottom)], shade(sky, 0.6))
        s.polygon(
            [(left + 0.4 * wide, bottom), (left + 0.75 * wide, top + 0.5 * high), (right, bottom)], shade(sky, 0.8)
        )
    for _ in range(rng.randint(0, 3)):
        x, y = left + rng.uniform(0.05, 0.5) * wide, top + rng.uniform(0.05, 0.4) * high
        s.box((x, y, x + 0.4 * wide, y + 0.4 * high), (245, 246, 248))
        s.box((x, y, x + 0.4 * wide, y + 0.06 * high), (120, 140, 170))
    s.box((left, bottom - 0.08 * high, right, bottom), (35, 38, 45))
    for k in range(5):
        s.disc(left + (0.06 + 0.07 * k) * wide, bottom - 0.04 * high, 0.025 * high, rng.choice(list(COLOURS.values())))


def keys(s: Sketch, box: Box, rows: int, columns: int, colour: Colour) -> None:
    """Draw rows of keys that fill the box; a wide field has a space bar in its last row."""
    left, top, right, bottom = box
    wide, high = (right - left) / columns, (bottom - top) / rows
    for row in range(rows):
        for column in range(columns):
            if row == rows - 1 and 3 <= column < columns - 4:  # the space bar's place
                continue
            x, y = left + column * wide, top + row * high
            s.box((x + 0.1 * wide, y + 0.1 * high, x + 0.9 * wide, y + 0.9 * high), colour, 0.15 * high)
    if columns < 8:
        return
    space = top + (rows - 1) * high
    s.box((left + 3.1 * wide, space + 0.1 * high, right - 4.1 * wide, space + 0.9 * high), colour, 0.15 * high)


def laptop(s: Sketch, rng: Random) -> None:
    top, lean = rng.uniform(0.12, 0.22), rng.uniform(0.03, 0.09)
    s.box((0.14, top, 0.86, 0.66), s.main, 0.02)
    s.box((0.16, top + 0.02, 0.84, 0.64), INK)
    screen(s, (0.175, top + 0.035, 0.825, 0.625), rng)
    s.polygon([(0.14, 0.66), (0.86, 0.66), (0.86 + lean, 0.86), (0.14 - lean, 0.86)], shade(s.main, 0.85), "top")
    for row in range(4):
        y, grow = 0.68 + 0.028 * row, lean * (0.02 + 0.028 * row) / 0.2
        for k in range(14):
            x = 0.17 - grow + k * (0.66 + 2 * grow) / 14
            s.box((x, y, x + 0.038, y + 0.021), INK, 0.004)
    s.polygon([(0.41, 0.8), (0.59, 0.8), (0.6, 0.85), (0.4, 0.85)], shade(s.main, 0.7))
    s.polygon([(0.14 - lean, 0.86), (0.86 + lean, 0.86), (0.85 + lean, 0.885), (0.15 - lean, 0.885)], s.dark)


def keyboard(s: Sketch, rng: Random) -> None:
    high = rng.uniform(0.3, 0.4)
    top = 0.5 - high / 2
    if rng.random() < 0.6:
        s.line([(0.5, top), (0.52, 0.15), (0.7, 0.05)], INK, 0.012)
    s.box((0.02, top, 0.98, 0.5 + high / 2), s.dark, 0.03)
    s.box((0.03, top + 0.01, 0.97, 0.49 + high / 2), PATTERN, 0.025, "top")
    cap = rng.choice(((240, 240, 240), INK, s.second))
    keys(s, (0.05, top + 0.04, 0.7, 0.46 + high / 2), 5, 14, cap)
    keys(s, (0.74, top + 0.04, 0.95, 0.46 + high / 2), 5, 4, cap)


def mouse(s: Sketch, rng: Random) -> None:
    wide = rng.uniform(0.2, 0.26)
    if rng.random() < 0.55:
        s.line([(0.5, 0.25), (0.47, 0.12), (0.6, 0.06), (0.78, 0.03)], INK, 0.018)
    s.box((0.5 - wide, 0.2, 0.5 + wide, 0.93), s.dark, wide * 0.98)
    s.box((0.515 - wide, 0.21, 0.485 + wide, 0.91), PATTERN, wide * 0.95, "left")
    s.line([(0.5, 0.22), (0.5, 0.5)], s.dark, 0.012)
    s.line([(0.52 - wide, 0.5), (0.48 + wide, 0.5)], s.dark, 0.01)
    s.box((0.465, 0.29, 0.535, 0.43), INK, 0.03)
    s.box((0.475, 0.32, 0.525, 0.34), (150, 150, 150))
    if rng.random() < 0.4:
        s.disc(0.5, 0.74, 0.05, rng.choice(list(COLOURS.values())))


def monitor(s: Sketch, rng: Random) -> None:
    top = rng.uniform(0.08, 0.16)
    s.polygon([(0.45, 0.65), (0.55, 0.65), (0.57, 0.86), (0.43, 0.86)], s.dark, "round")
    s.ellipse((0.28, 0.82, 0.72, 0.93), s.main, "top")
    s.box((0.04, top, 0.96, 0.7), s.main, 0.02)
    screen(s, (0.07, top + 0.03, 0.93, 0.65), rng)
    s.disc(0.9, 0.675, 0.01, (60, 220, 90))


def router(s: Sketch, rng: Random) -> None:
    for k in range(count := rng.randint(2, 4)):
        x = 0.18 + 0.64 * k / (count - 1)
        lean = (k - (count - 1) / 2) * 0.05
        s.polygon([(x - 0.018, 0.62), (x + 0.018, 0.62), (x + lean + 0.014, 0.12), (x + lean - 0.014, 0.12)], INK)
    s.polygon([(0.14, 0.58), (0.86, 0.58), (0.95, 0.78), (0.05, 0.78)], s.main, "top")
    s.box((0.05, 0.77, 0.95, 0.88), s.dark, 0.02)
    for k in range(7):
        s.disc(0.16 + 0.08 * k, 0.825, 0.014, rng.choice(((60, 230, 90), (60, 180, 250), (250, 160, 50))))


def flash_drive(s: Sketch, rng: Random) -> None:
    split, half = rng.uniform(0.3, 0.4), rng.uniform(0.13, 0.17)
    s.box((0.5 - half * 0.72, 0.08, 0.5 + half * 0.72, split), (195, 198, 204), light="round")
    for x in (0.5 - half * 0.4, 0.5 + half * 0.12):
        s.box((x, 0.15, x + half * 0.3, 0.21), (60, 62, 68))
    s.box((0.5 - half, split, 0.5 + half, 0.92), PATTERN, 0.05, "round")
    s.box((0.5 - half * 0.6, split + 0.14, 0.5 + half * 0.6, split + 0.3), (245, 245, 245), 0.01)
    s.disc(0.5, 0.87, 0.022, (250, 250, 250))


def headset(s: Sketch, rng: Random) -> None:
    band = rng.uniform(0.035, 0.06)
    s.arc((0.17, 0.1, 0.83, 0.9), 180, 360, s.dark, band)
    s.arc((0.18, 0.11, 0.82, 0.89), 205, 335, s.main, band * 0.7)
    for x in (0.2, 0.8):
        s.ellipse((x - 0.12, 0.44, x + 0.12, 0.8), INK)
        s.ellipse((x - 0.09, 0.47, x + 0.09, 0.77), PATTERN, "left")
    s.arc((0.2, 0.6, 0.75, 0.96), 60, 175, INK, 0.02)
    s.ellipse((0.5, 0.9, 0.62, 0.97), INK)


def laptop_sleeve(s: Sketch, rng: Random) -> None:
    top = rng.uniform(0.2, 0.28)
    if rng.random() < 0.5:
        s.arc((0.38, top - 0.12, 0.62, top + 0.12), 180, 360, s.dark, 0.03)
    s.box((0.06, top, 0.94, 0.84), PATTERN, 0.05, "top")
    s.line([(0.1, top + 0.06), (0.9, top + 0.06)], s.dark, 0.014)
    s.box((0.84, top + 0.05, 0.88, top + 0.14), (205, 205, 210), 0.01)
    if rng.random() < 0.5:
        s.box((0.14, 0.56, 0.86, 0.78), s.dark, 0.03)


KINDS = (
    Kind(
        laptop,
        (MAIN, "Laptops", "Notebooks"),
        ("laptop", "notebook", "thin laptop"),
        ("aluminium", "metal", "plastic"),
        ("8 GB memory and a fast solid state disk", "full HD screen of 15 inches", "battery lasts nine hours"),
        (19999, 89999),
        0.0,
        0.35,
    ),
    Kind(
        keyboard,
        (MAIN, "Computer Peripherals", "Keyboards"),
        ("keyboard", "usb keyboard", "wireless keyboard"),
        ("plastic", "aluminium", "silicone"),
        ("full size layout with number pad", "quiet keys for the office", "plug and play by usb"),
        (299, 4999),
        0.15,
    ),
    Kind(
        mouse,
        (MAIN, "Computer Peripherals", "Mice"),
        ("mouse", "optical mouse", "wireless mouse"),
        ("plastic", "matte plastic", "rubber"),
        ("1600 dpi optical sensor", "fits the left and the right hand", "scroll wheel and three buttons"),
        (149, 2999),
        0.3,
    ),
    Kind(
        monitor,
        (MAIN, "Computer Peripherals", "Monitors"),
        ("monitor", "LED monitor", "full HD monitor"),
        ("plastic", "metal"),
        ("24 inch panel with HDMI input", "wide viewing angle", "the stand tilts"),
        (5999, 29999),
        0.0,
    ),
    Kind(
        router,
        (MAIN, "Network Components", "Routers"),
        ("router", "wifi router", "dual band router"),
        ("plastic",),
        ("wireless internet in every room", "external antennas for range", "four ethernet ports"),
        (799, 5999),
        0.0,
    ),
    Kind(
        flash_drive,
        (MAIN, "Storage", "Pen Drives"),
        ("pen drive", "usb flash drive", "usb stick"),
        ("metal", "plastic", "rubber"),
        ("holds 32 GB of files", "usb 3.0 transfer speed", "works with every computer"),
        (249, 1999),
        0.4,
    ),
    Kind(
        headset,
        (MAIN, "Computer Peripherals", "Headsets"),
        ("headset", "headset with microphone", "gaming headset"),
        ("plastic", "leatherette", "foam"),
        ("microphone for calls and games", "soft ear cushions", "volume control on the cable"),
        (399, 5999),
        0.2,
    ),
    Kind(
        laptop_sleeve,
        (MAIN, "Laptop Accessories", "Laptop Bags"),
        ("laptop sleeve", "laptop bag", "sleeve for 15 inch laptop"),
        ("neoprene", "canvas", "polyester"),
        ("padded against scratches and falls", "zipped pocket for the charger", "fits laptops up to 15.6 inches"),
        (299, 1999),
        0.7,
    ),
)
