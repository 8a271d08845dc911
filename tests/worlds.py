"""Small worlds: coloured squares for pictures, colour names for texts, and an encoder that sees just that."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from embedkit.encoders.options import EncoderOptions
from embedkit.encoders.pictures import decode_picture
from embedkit.types import Encoder, EncoderSpec, Float32, Modality, unit

COLOURS = {"red": (230, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 230), "grey": (128, 128, 128)}


GRAIN = 0.3


@dataclass
class ColourEncoder:
    """Embeds a picture as its mean RGB, and a text as the mean RGB of the colours it names; counts what it embeds.

    Eight more dimensions hold a grain of the content's own, so that two red things are alike and not the same.
    """

    modality: Modality
    variant: str = ""
    embedded: int = 0

    @property
    def spec(self) -> EncoderSpec:
        return EncoderSpec("colour", self.modality, 11, "0" * 64, {}, "colour@0", self.variant or "plain")

    def prepare(self, one: Any) -> Float32:
        if self.modality == "text":
            named = [COLOURS[word] for word in one.lower().split() if word in COLOURS] or [(60, 60, 60)]
            return _grained(np.mean(named, axis=0), one.encode())
        picture = one if isinstance(one, Image.Image) else decode_picture(one, 8)
        return _grained(np.asarray(picture, dtype=np.float32).reshape(-1, 3).mean(axis=0), picture.tobytes())

    def embed(self, prepared: Sequence[Float32]) -> Float32:
        self.embedded += len(prepared)
        return unit(np.stack(prepared))

    def encode(self, batch: Sequence[Any]) -> Float32:
        return self.embed([self.prepare(one) for one in batch])


def _grained(rgb: Any, content: bytes) -> Float32:
    """Return float32[11]: the colour at unit length, and a grain that follows from the content."""
    grain = np.random.default_rng(zlib.crc32(content)).normal(size=8)
    parts = (rgb / np.linalg.norm(rgb), GRAIN * grain / np.linalg.norm(grain))
    return np.concatenate(parts).astype(np.float32)


class ColourRegistry:
    """Stands in for the registry: one encoder a modality and variant, opened as often as asked for."""

    def __init__(self) -> None:
        self.opened: list[ColourEncoder] = []

    def load(self, name: str, modality: Modality, options: EncoderOptions) -> Encoder:
        assert name == "colour"
        self.opened.append(ColourEncoder(modality, options.variant))
        return self.opened[-1]

    @property
    def embedded(self) -> int:
        """How many pictures and texts were embedded so far."""
        return sum(encoder.embedded for encoder in self.opened)


def square(colour: str, size: int = 16, shade: int = 0) -> bytes:
    """Return a PNG of one colour, `shade` steps darker."""
    rgb = tuple(max(0, c - shade // 2) for c in COLOURS[colour])
    png = io.BytesIO()
    Image.new("RGB", (size, size), rgb).save(png, "PNG")
    return png.getvalue()


def spotted(colour: str, seed: int) -> bytes:
    """Return a PNG of grey noise with a square of the colour in it."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(90, 160, (8, 8, 1), dtype=np.uint8).repeat(3, 2).repeat(8, 0).repeat(8, 1)
    top, left = rng.integers(0, 40, 2)
    pixels[top : top + 24, left : left + 24] = COLOURS[colour]
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return png.getvalue()


Row = dict[str, str]


def listing(key: str, colour: str, category: str = "", title: str = "", **more: str) -> Row:
    """Return one row; its picture is KEY.png."""
    title = title or f"a {colour} thing"
    return {"sku": key, "title": title, "image": f"{key}.png", "category": category or colour, "colour": colour, **more}


def write_shop(folder: Path, rows: Sequence[Row], pictures: bool = True) -> Path:
    """Write shop.csv and a coloured square beside for each row; return the CSV's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "shop.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for number, row in enumerate(rows):
        if pictures and row["image"]:
            (folder / row["image"]).write_bytes(square(row["colour"], size=16 + number, shade=number % 20))
    return path


def coloured(count: int, colours: Sequence[str] = ("red", "green", "blue")) -> list[Row]:
    """Return `count` rows whose category is their colour, in turn."""
    return [
        listing(f"k{i:03d}", colours[i % len(colours)], title=f"{colours[i % len(colours)]} no {i}")
        for i in range(count)
    ]
