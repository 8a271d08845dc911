"""Colours by name, and the patterns that fabric, crockery and packaging are printed with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]

COLOURS: dict[str, Colour] = {
    "red": (205, 35, 40),
    "blue": (40, 95, 205),
    "green": (45, 145, 65),
    "yellow": (245, 205, 45),
    "orange": (240, 130, 35),
    "purple": (120, 60, 160),
    "pink": (240, 130, 175),
    "brown": (120, 75, 45),
    "black": (30, 30, 33),
    "white": (246, 246, 243),
    "grey": (140, 143, 148),
    "navy": (25, 35, 90),
    "teal": (20, 130, 130),
    "beige": (222, 200, 165),
    "maroon": (110, 20, 40),
    "turquoise": (70, 200, 205),
}
METALS: dict[str, Colour] = {"gold": (212, 170, 75), "silver": (192, 196, 202), "copper": (190, 115, 75)}
PATTERNS = ("striped", "dotted", "checked", "floral", "zigzag", "starry", "geometric")


@dataclass(frozen=True)
class Paint:
    """How one product is coloured: the colour its title names, a second one, and the pattern made of both."""

    name: str
    main: Colour
    second: Colour
    pattern: str = "plain"


def shade(colour: Colour, factor: float) -> Colour:
    """Return the colour darkened (factor < 1) or lightened towards white (factor > 1)."""
    if factor <= 1:
        return (int(colour[0] * factor), int(colour[1] * factor), int(colour[2] * factor))
    lift = min(1.0, factor - 1)
    red, green, blue = (int(c + (255 - c) * lift) for c in colour)
    return (red, green, blue)


def jitter(colour: Colour, rng: Random, spread: int = 16) -> Colour:
    """Return a colour near this one: no two sellers' blues are the same."""
    red, green, blue = (max(0, min(255, c + rng.randint(-spread, spread))) for c in colour)
    return (red, green, blue)


def brightness(colour: Colour) -> float:
    """Return the perceived brightness, 0 to 255 (ITU-R BT.601 luma)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def mix_paint(name: str, pattern: str, rng: Random) -> Paint:
    """Return a paint of the named colour, with a second colour that can be told from it."""
    main = jitter({**COLOURS, **METALS}[name], rng)
    others = [c for n, c in COLOURS.items() if n != name and abs(brightness(c) - brightness(main)) > 70]
    white = COLOURS["white"]
    contrasting = white if brightness(main) < 170 and rng.random() < 0.55 else rng.choice(others)
    return Paint(name, main, jitter(contrasting, rng, 8), pattern)


def texture(paint: Paint, size: int, rng: Random) -> Image.Image:
    """Return an RGB picture, size by size pixels, covered with the paint's pattern."""
    image = Image.new("RGB", (size, size), paint.main)
    if paint.pattern != "plain":
        _DRAWN[paint.pattern](ImageDraw.Draw(image), size, paint, rng)
    return image


def _striped(draw: ImageDraw.ImageDraw, size: int, paint: Paint, rng: Random) -> None:
    step = size / rng.randint(9, 22)
    width = max(2, int(step * rng.uniform(0.35, 0.55)))
    slope = rng.choice((0.0, 0.0, 1.0, None))
    for i in range(-int(size / step) - 1, int(2 * size / step) + 2):
        at = i * step
        if slope is None:
            draw.line([(0, at), (size, at)], fill=paint.second, width=width)
        else:
            draw.line([(at, 0), (at + slope * size, size)], fill=paint.second, width=width)


def _dotted(draw: ImageDraw.ImageDraw, size: int, paint: Paint, rng: Random) -> None:
    step = size / rng.randint(8, 17)
    radius = step * rng.uniform(0.2, 0.32)
    for row in range(int(size / step) + 2):
        for column in range(int(size / step) + 2):
            x, y = (column + 0.5 * (row % 2)) * step, row * step
            draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=paint.second)


def _checked(draw: ImageDraw.ImageDraw, size: int, paint: Paint, rng: Random) -> None:
    step = size / rng.randint(7, 15)
    middle = tuple((a + b) // 2 for a, b in zip(paint.main, paint.second, strict=True))
    count = int(size / step) + 1
    for i in range(0, count, 2):
        draw.rectangle([i * step, 0, (i + 1) * step, size], fill=middle)
        draw.rectangle([0, i * step, size, (i + 1) * step], fill=middle)
    for i in range(0, count, 2):
        for j in range(0, count, 2):
            draw.rectangle([i * step, j * step, (i + 1) * step, (j + 1) * step], fill=paint.second)


def _floral(draw: ImageDraw.ImageDraw, size: int, paint: Paint, rng: Random) -> None:
    step = size / rng.randint(5, 9)
    leaf = shade(paint.main, 0.6) if brightness(paint.main) > 120 else shade(paint.main, 1.35)
    for row in range(int(size / step) + 2):
        for column in range(int(size / step) + 2):
            x = (column + 0.5 * (row % 2) + rng.uniform(-0.15, 0.15)) * step
            y = (row + rng.uniform(-0.15, 0.15)) * step
            petal, turn = step * rng.uniform(0.13, 0.19), rng.uniform(0, math.tau)
            draw.ellipse([x + petal, y + petal, x + 3.2 * petal, y + 2 * petal], fill=leaf)
            for k in range(5):
                px, py = x + 1.2 * petal * math.cos(turn + k * 1.257), y + 1.2 * petal * math.sin(turn + k * 1.257)
                draw.ellipse([px - petal, py - petal, px + petal, py + petal], fill=paint.second)
            draw.ellipse([x - petal * 0.7, y - petal * 0.7, x + petal * 0.7, y + petal * 0.7], fill=(240, 190, 60))


def _zigzag(draw: ImageDraw.ImageDraw, size: int, paint: Paint, rng: Random) -> None:
    step = size / rng.randint(8, 15)
    width = max(2, int(step * 0.4))
    for row in range(-1, int(size / step) + 2):
        points = [(i * step, row * step + (i % 2) * step * 0.8) for i in range(int(size / step) + 3)]
        draw.line(points, fill=paint.second, width=width, joint="curve")


def _starry(draw: ImageDraw.ImageDraw, size: int, paint: Paint, rng: Random) -> None:
    step = size / rng.randint(6, 11)
    for row in range(int(size / step) + 2):
        for column in range(int(size / step) + 2):
            x, y = (column + 0.5 * (row % 2)) * step, row * step
            draw.polygon(star(x, y, step * 0.34, 5, rng.uniform(0, 1)), fill=paint.second)


def _geometric(draw: ImageDraw.ImageDraw, size: int, paint: Paint, rng: Random) -> None:
    step = size / rng.randint(6, 11)
    tones = (paint.second, shade(paint.main, 0.7), shade(paint.main, 1.35))
    for row in range(int(size / step) + 1):
        for column in range(int(size / step) + 1):
            x, y = column * step, row * step
            if rng.random() < 0.8:
                corner = rng.choice(((x, y), (x + step, y + step)))
                draw.polygon([corner, (x + step, y), (x, y + step)], fill=rng.choice(tones))


def star(x: float, y: float, radius: float, spikes: int = 5, turn: float = 0.0) -> list[tuple[float, float]]:
    """Return the outline of a star around (x, y)."""
    angles = [turn - math.pi / 2 + k * math.pi / spikes for k in range(2 * spikes)]
    reach = [radius if k % 2 == 0 else radius * 0.42 for k in range(2 * spikes)]
    return [(x + r * math.cos(a), y + r * math.sin(a)) for a, r in zip(angles, reach, strict=True)]


_DRAWN = {
    "striped": _striped,
    "dotted": _dotted,
    "checked": _checked,
    "floral": _floral,
    "zigzag": _zigzag,
    "starry": _starry,
    "geometric": _geometric,
}
