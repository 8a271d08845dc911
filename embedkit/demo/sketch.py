"""A drawing board in unit coordinates: (0, 0) is the top left corner of a product's square, (1, 1) the bottom right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw

from embedkit.demo.paint import Colour, Paint, shade, texture

Point = tuple[float, float]
Box = tuple[float, float, float, float]
PATTERN = "pattern"
Fill = Colour | tuple[int, int, int, int] | str
"""A colour (with alpha, if it is see-through), or PATTERN for the paint's own pattern."""


class Sketch:
    """A transparent square that one product is drawn on, `size` pixels wide, with the paint it is drawn in."""

    def __init__(self, size: int, paint: Paint, rng: Random) -> None:
        self.size = size
        self.paint = paint
        self.image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)
        self._texture = texture(paint, size, rng)

    @property
    def main(self) -> Colour:
        return self.paint.main

    @property
    def second(self) -> Colour:
        return self.paint.second

    @property
    def dark(self) -> Colour:
        return shade(self.paint.main, 0.6)

    @property
    def light(self) -> Colour:
        return shade(self.paint.main, 1.45)

    def polygon(self, points: Sequence[Point], fill: Fill, light: str = "flat") -> None:
        """Draw a filled outline; light is "flat", "round" (a cylinder), "left" or "top" (from where it comes)."""
        self._fill("polygon", points, fill, light)

    def ellipse(self, box: Box, fill: Fill, light: str = "flat") -> None:
        """Draw a filled ellipse inside the box (left, top, right, bottom)."""
        self._fill("ellipse", [(box[0], box[1]), (box[2], box[3])], fill, light)

    def disc(self, x: float, y: float, radius: float, fill: Fill, light: str = "flat") -> None:
        """Draw a filled circle."""
        self.ellipse((x - radius, y - radius, x + radius, y + radius), fill, light)

    def box(self, box: Box, fill: Fill, radius: float = 0.0, light: str = "flat") -> None:
        """Draw a filled rectangle, its corners rounded by `radius`."""
        self._fill("box", [(box[0], box[1]), (box[2], box[3])], fill, light, radius)

    def lathe(self, profile: Sequence[Point], fill: Fill, x: float = 0.5, light: str = "round") -> None:
        """Draw what is round about a vertical axis, from a profile of (y, half width)."""
        right = [(x + half, y) for y, half in profile]
        left = [(x - half, y) for y, half in reversed(profile)]
        self.polygon(right + left, fill, light)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """Draw a line through the points with round ends, `width` in units."""
        pixels = max(1, round(width * self.size))
        scaled = [(x * self.size, y * self.size) for x, y in points]
        self._draw.line(scaled, fill=fill, width=pixels, joint="curve")
        for x, y in (scaled[0], scaled[-1]):
            self._draw.ellipse([x - pixels / 2, y - pixels / 2, x + pixels / 2, y + pixels / 2], fill=fill)

    def arc(self, box: Box, start: float, end: float, fill: Colour, width: float) -> None:
        """Draw part of an ellipse's rim, in degrees clockwise from three o'clock."""
        scaled = [v * self.size for v in box]
        self._draw.arc(scaled, start, end, fill=fill, width=max(1, round(width * self.size)))

    def _fill(self, shape: str, points: Sequence[Point], fill: Fill, light: str, radius: float = 0.0) -> None:
        scaled = [(x * self.size, y * self.size) for x, y in points]
        if light == "flat" and isinstance(fill, tuple) and len(fill) == 3:
            _draw_shape(self._draw, shape, scaled, fill, radius * self.size)
            return
        xs, ys = [x for x, _ in scaled], [y for _, y in scaled]
        left, top = max(0, math.floor(min(xs))), max(0, math.floor(min(ys)))
        right, bottom = min(self.size, math.ceil(max(xs)) + 1), min(self.size, math.ceil(max(ys)) + 1)
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", (right - left, bottom - top), 0)
        opacity = fill[3] if isinstance(fill, tuple) and len(fill) == 4 else 255
        moved = [(x - left, y - top) for x, y in scaled]
        _draw_shape(ImageDraw.Draw(mask), shape, moved, opacity, radius * self.size)
        if isinstance(fill, tuple):
            surface = Image.new("RGB", mask.size, fill[:3])
        else:
            surface = self._texture.crop((left, top, right, bottom))
        if light != "flat":
            surface = ImageChops.multiply(surface, _lighting(light, mask.size))
        surface.putalpha(mask)
        if opacity < 255:
            self.image.alpha_composite(surface, (left, top))
        else:
            self.image.paste(surface, (left, top), mask)


def _draw_shape(draw: ImageDraw.ImageDraw, shape: str, points: list[Point], fill: Colour | int, radius: float) -> None:
    if shape == "polygon":
        draw.polygon(points, fill=fill)
    elif shape == "ellipse":
        draw.ellipse(points, fill=fill)
    else:
        draw.rounded_rectangle(points, radius=radius, fill=fill)


@lru_cache(maxsize=8)
def _falloff(light: str) -> Image.Image:
    levels = {
        "round": [0.62 + 0.38 * math.sin(math.pi * (0.12 + 0.8 * i / 63)) ** 0.8 for i in range(64)],
        "left": [1.0 - 0.3 * i / 63 for i in range(64)],
        "top": [1.0 - 0.3 * i / 63 for i in range(64)],
        "folds": [0.8 + 0.2 * math.sin(i / 63 * math.tau * 6) for i in range(64)],
    }[light]
    strip = Image.new("L", (64, 1) if light != "top" else (1, 64))
    strip.putdata([int(255 * level) for level in levels])
    return strip


def _lighting(light: str, size: tuple[int, int]) -> Image.Image:
    grey = _falloff(light).resize(size, Image.Resampling.BILINEAR)
    return Image.merge("RGB", (grey, grey, grey))


def smooth(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """Return a closed curve through the points (Catmull-Rom spline)."""
    curve = []
    count = len(points)
    for i in range(count):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (points[(i + k) % count] for k in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            curve.append((_spline(ax, bx, cx, dx, t), _spline(ay, by, cy, dy, t)))
    return curve


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def mirrored(half: Sequence[Point], x: float = 0.5) -> list[Point]:
    """Return a symmetric outline from its right half, given from top to bottom."""
    return [*half, *((2 * x - px, py) for px, py in reversed(half))]
