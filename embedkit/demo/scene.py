"""Product pictures: a sketch, or several, set on a background and cut to the odd sizes that sellers upload."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from embedkit.demo.kinds import Kind
from embedkit.demo.paint import COLOURS, Colour, Paint, brightness, jitter, mix_paint, shade
from embedkit.demo.sketch import Sketch

ASPECTS = (1.0, 1.0, 1.0, 0.75, 0.8, 0.67, 1.33, 1.25, 1.6, 0.5)
WOODS: tuple[Colour, ...] = ((150, 105, 65), (188, 148, 102), (95, 65, 45))


@dataclass(frozen=True)
class Look:
    """All that decides one picture: what is shown, in which paint, how many, and the seed of everything else."""

    kind: Kind
    colour: str
    pattern: str
    copies: int
    seed: str


def picture(look: Look) -> Image.Image:
    """Return the RGB picture of a look; the same look is always the same picture."""
    rng = Random(look.seed)
    paint = mix_paint(look.colour, look.pattern, rng)
    long_edge = _long_edge(rng)
    aspect = rng.choice(ASPECTS) if look.copies == 1 else rng.choice((1.0, 1.33, 1.6))
    width, height = (long_edge, round(long_edge / aspect)) if aspect >= 1 else (round(long_edge * aspect), long_edge)
    canvas = _background(width, height, paint, rng)
    edge = round(min(width, height) * rng.uniform(0.62, 0.98))
    product = _product(look, paint, edge, rng)
    product.thumbnail((round(width * 0.98), round(height * 0.98)))
    x = round((width - product.width) * rng.uniform(0.3, 0.7))
    y = round((height - product.height) * rng.uniform(0.35, 0.75))
    if rng.random() < 0.7:
        _cast_shadow(canvas, product, x, y)
    canvas.paste(product, (x, y), product)
    if rng.random() < 0.06:
        _badge(canvas, rng)
    if rng.random() < 0.3:
        canvas = ImageEnhance.Brightness(canvas).enhance(rng.uniform(0.8, 1.12))
    return canvas


def encoded(image: Image.Image, extension: str, quality: int) -> bytes:
    """Return the picture as the bytes of a .jpg, .png or .webp file."""
    out = io.BytesIO()
    if extension == ".png":
        image.save(out, "PNG", compress_level=3)
    elif extension == ".webp":
        image.save(out, "WEBP", quality=quality, method=1)
    else:
        image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def recropped(image: Image.Image, rng: Random) -> Image.Image:
    """Return what another seller makes of the same photograph: a little cropped, another size, other light."""
    width, height = image.size
    left, top = rng.uniform(0.0, 0.06) * width, rng.uniform(0.0, 0.06) * height
    right, bottom = (1 - rng.uniform(0.0, 0.06)) * width, (1 - rng.uniform(0.0, 0.06)) * height
    scale = rng.uniform(0.7, 1.15)
    size = (max(32, round((right - left) * scale)), max(32, round((bottom - top) * scale)))
    again = image.resize(size, Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    return ImageEnhance.Brightness(again).enhance(rng.uniform(0.94, 1.06))


def _long_edge(rng: Random) -> int:
    luck = rng.random()
    if luck < 0.08:
        return rng.randint(90, 160)
    if luck < 0.82:
        return rng.randint(160, 400)
    if luck < 0.98:
        return rng.randint(400, 640)
    return rng.randint(1000, 1500)


def _product(look: Look, paint: Paint, edge: int, rng: Random) -> Image.Image:
    sketch = Sketch(min(max(round(edge * 1.7), 180), 640), paint, rng)
    look.kind.draw(sketch, rng)
    one = sketch.image
    if rng.random() < 0.3:
        one = one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.35:
        one = one.rotate(rng.uniform(-14, 14), Image.Resampling.BILINEAR, expand=True)
    one = one.resize((edge, round(edge * one.height / one.width)), Image.Resampling.BILINEAR, reducing_gap=2.0)
    if look.copies == 1:
        return one
    step = round(edge * rng.uniform(0.55, 0.85))
    row = Image.new("RGBA", (edge + step * (look.copies - 1), one.height + 20), (0, 0, 0, 0))
    for k in range(look.copies):
        row.alpha_composite(one, (k * step, 20 * (k % 2)))
    return row


def _cast_shadow(canvas: Image.Image, product: Image.Image, x: int, y: int) -> None:
    small = product.getchannel("A").resize((max(1, product.width // 4), max(1, product.height // 4)))
    blurred = small.filter(ImageFilter.GaussianBlur(max(1.0, product.width / 90))).resize(product.size)
    shadow = blurred.point([level * 2 // 5 for level in range(256)])
    drop = max(2, product.height // 30)
    canvas.paste((45, 42, 40), (x + drop // 2, y + drop), shadow)


def _badge(canvas: Image.Image, rng: Random) -> None:
    radius = min(canvas.size) // 10
    draw = ImageDraw.Draw(canvas)
    x, y = rng.choice((radius + 4, canvas.width - radius - 4)), radius + 4
    draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=rng.choice(((215, 30, 40), (250, 160, 20))))
    for k in (-1, 0, 1):
        draw.line([(x - radius / 2, y + k * radius / 3), (x + radius / 2, y + k * radius / 3)], fill="white", width=2)


def _background(width: int, height: int, paint: Paint, rng: Random) -> Image.Image:
    pale = brightness(paint.main) > 215
    luck = rng.random()
    if luck < 0.5 and not pale:
        return Image.new("RGB", (width, height), (255, 255, 255))
    draw: Callable[[int, int, Colour, Random], Image.Image]
    draw = rng.choice((_gradient, _gradient, _room, _table, _bokeh, _tiles))
    colour = jitter(rng.choice([c for n, c in COLOURS.items() if n not in (paint.name, "black")]), rng)
    if pale and brightness(colour) > 200:
        colour = shade(colour, 0.75)
    return draw(width, height, colour, rng)


def _gradient(width: int, height: int, colour: Colour, rng: Random) -> Image.Image:
    low, high = shade(colour, rng.uniform(1.2, 1.5)), shade(colour, rng.uniform(1.6, 1.85))
    ramp = Image.linear_gradient("L").resize((width, height))
    return Image.composite(Image.new("RGB", (width, height), low), Image.new("RGB", (width, height), high), ramp)


def _room(width: int, height: int, colour: Colour, rng: Random) -> Image.Image:
    image = Image.new("RGB", (width, height), shade(colour, 1.7))
    draw = ImageDraw.Draw(image)
    floor = round(height * rng.uniform(0.6, 0.8))
    draw.rectangle([0, floor, width, height], fill=rng.choice(WOODS))
    draw.rectangle([0, floor - height // 40, width, floor], fill=(240, 238, 232))
    if rng.random() < 0.5:
        x = round(width * rng.uniform(0.05, 0.6))
        draw.rectangle(
            [x, height // 12, x + width // 4, height // 3], fill=(200, 225, 240), outline=(250, 250, 250), width=4
        )
    return image


def _table(width: int, height: int, colour: Colour, rng: Random) -> Image.Image:
    wood = jitter(rng.choice(WOODS), rng)
    image = Image.new("RGB", (width, height), wood)
    draw = ImageDraw.Draw(image)
    plank = max(12, height // rng.randint(4, 8))
    for y in range(0, height, plank):
        draw.rectangle([0, y, width, y + plank - 2], fill=jitter(wood, rng, 12))
        for _ in range(3):
            line = y + rng.randint(2, plank - 2)
            draw.line([(0, line), (width, line + rng.randint(-3, 3))], fill=shade(wood, 0.85))
    return image


def _bokeh(width: int, height: int, colour: Colour, rng: Random) -> Image.Image:
    image = Image.new("RGB", (max(8, width // 8), max(8, height // 8)), shade(colour, 1.25))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randint(8, 20)):
        x, y, r = rng.uniform(0, image.width), rng.uniform(0, image.height), rng.uniform(1, image.width / 7)
        draw.ellipse([x - r, y - r, x + r, y + r], fill=shade(jitter(colour, rng, 60), 1.4))
    return image.filter(ImageFilter.GaussianBlur(1.5)).resize((width, height), Image.Resampling.BICUBIC)


def _tiles(width: int, height: int, colour: Colour, rng: Random) -> Image.Image:
    image = Image.new("RGB", (width, height), shade(colour, 1.75))
    draw = ImageDraw.Draw(image)
    step = max(16, min(width, height) // rng.randint(4, 7))
    for x in range(0, width, step):
        draw.line([(x, 0), (x, height)], fill=shade(colour, 1.5), width=2)
    for y in range(0, height, step):
        draw.line([(0, y), (width, y)], fill=shade(colour, 1.5), width=2)
    grey = Image.linear_gradient("L").resize((width, height)).point([255 - level // 6 for level in range(256)])
    return ImageChops.multiply(image, Image.merge("RGB", (grey, grey, grey)))
