"""Pictures at a glance: how they are stored, and small."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from embedkit.encoders.pictures import glance
from embedkit.errors import PictureError


def stored(kind: str, size: tuple[int, int], **options: object) -> bytes:
    """Return a picture, left half red and right half blue, as a file."""
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (size[0] // 2, 0, *size))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_big_picture_comes_small_and_keeps_its_size_in_words(kind: str) -> None:
    seen = glance(stored(kind, (2000, 1000)), 256)
    assert (seen.format, seen.width, seen.height) == (kind, 2000, 1000)
    assert seen.rgb.shape == (128, 256, 3)
    assert seen.rgb[64, 60, 0] > 200 > 50 > seen.rgb[64, 200, 0]


def test_a_small_picture_is_not_enlarged() -> None:
    assert glance(stored("PNG", (60, 80)), 256).rgb.shape == (80, 60, 3)


def test_a_picture_on_its_side_is_measured_upright() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    seen = glance(stored("JPEG", (400, 200), exif=turned.tobytes()), 256)
    assert (seen.width, seen.height) == (200, 400)
    assert seen.rgb.shape == (256, 128, 3)


def test_a_picture_that_cannot_be_read_says_why() -> None:
    with pytest.raises(PictureError, match="zero bytes"):
        glance(b"", 256)


def test_what_is_seen_is_pixels_of_eight_bits() -> None:
    assert glance(stored("PNG", (10, 10)), 256).rgb.dtype == np.uint8
