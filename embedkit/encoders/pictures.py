"""Pictures of any kind, decoded to RGB in bounded memory and laid out as an encoder wants them."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from embedkit.errors import PictureError

UInt8 = NDArray[np.uint8]

# Pixels a decoder may hold at once, after JPEG's own reduction: 400 MB at Pillow's four bytes a pixel.
MAX_DECODED_PIXELS = 100_000_000
# A JPEG is reduced while it is read, so its limit is time: about ten seconds of entropy decoding.
MAX_JPEG_PIXELS = 400_000_000
# Pictures above this are decoded one at a time, so that n threads do not hold n of them.
BIG_PIXELS = 16_000_000
_big_picture = threading.Lock()

# Formats that sellers upload; the rest of Pillow's (EPS runs an interpreter) stay closed.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000", "ICO")
# What Pillow's plugins raise on damaged files, besides OSError.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    AttributeError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
_WHITE = (255, 255, 255)
_ORIENTATION_TAG = 0x0112
SIDEWAYS = 5
"""From this value on, EXIF's orientation makes a picture's width its height."""
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode_picture(data: bytes, target: int, *, draft: bool = True) -> Image.Image:
    """Return the picture as RGB, upright, its first frame, alpha over white; raises PictureError with the cause.

    A JPEG comes at 1, 1/2, 1/4 or 1/8 of its size, its shorter side at least twice `target` where it was.
    """
    if not data:
        raise PictureError("the file is empty (zero bytes)")
    try:
        image = _open(data)
    except _DAMAGE as error:
        raise PictureError(f"not a picture that can be read: {_words(error)}") from error
    with image:
        size = image.size
        big = _plan(image, 2 * target if draft else 0)
        turn = _TURNS.get(_orientation(image))
        try:
            with big:
                image.load()
                rgb = _reduced(image, 2 * target)
        except _DAMAGE as error:
            raise PictureError(f"damaged {image.format} of {size[0]} x {size[1]}: {_words(error)}") from error
        except MemoryError as error:
            raise PictureError(f"not enough memory for {size[0]} x {size[1]} pixels") from error
    return rgb if turn is None else rgb.transpose(turn)


@dataclass(frozen=True)
class Glance:
    """A picture as it is stored, upright width and height in pixels, and small: uint8[h, w, 3], RGB."""

    format: str
    width: int
    height: int
    rgb: UInt8


def glance(data: bytes, side: int) -> Glance:
    """Return a picture with its longer side reduced to `side`, never enlarged; raises PictureError with the cause."""
    small = decode_picture(data, side // 2)
    small.thumbnail((side, side))
    with _open(data) as image:  # what was decoded can be opened
        width, height = image.size[::-1] if _orientation(image) >= SIDEWAYS else image.size
        stored = "JPEG" if image.format == "MPO" else str(image.format)
    return Glance(stored, width, height, np.asarray(small))


def _open(data: bytes) -> ImageFile.ImageFile:
    """Return the opened, not yet decoded picture.

    Image.open would judge the size before a JPEG can be reduced, by a setting that the whole process shares.
    """
    Image.init()
    for name in _FORMATS:
        factory, accept = Image.OPEN.get(name, (None, None))
        # `accept` answers True, False, or a sentence on why this build of Pillow cannot.
        if factory is not None and (accept is None or accept(data[:16]) is True):
            return cast(ImageFile.ImageFile, cast(Callable[..., Any], factory)(io.BytesIO(data), ""))
    raise PictureError("not a picture: " + ("text or markup" if data[:1] in b"<{" else "no known format begins so"))


def _plan(image: ImageFile.ImageFile, at_least: int) -> AbstractContextManager[Any]:
    """Return what to hold while decoding; set a JPEG's reduction, and refuse what would not fit."""
    width, height = image.size
    if min(width, height) < 1:
        raise PictureError(f"a picture of {width} x {height} pixels")
    limit = MAX_DECODED_PIXELS
    if image.format in ("JPEG", "MPO"):
        if at_least:
            scale = next((s for s in (8, 4, 2) if min(width, height) // s >= at_least), 1)
            image.draft(None, (width // scale, height // scale))
        if width * height > MAX_JPEG_PIXELS:
            limit = 0
    # A progressive JPEG holds all coefficients of the full picture, reduced or not.
    held = width * height if image.info.get("progressive") else image.width * image.height
    if held > (limit or held - 1):
        most = (limit or MAX_JPEG_PIXELS) // 1_000_000
        raise PictureError(
            f"too large: {width} x {height} is {width * height // 1_000_000} megapixels; "
            f"at most {most} for a {image.format}"
        )
    return _big_picture if held > BIG_PIXELS else nullcontext()


def _orientation(image: Image.Image) -> int:
    """Return EXIF's orientation, 1 to 8; damaged EXIF does not make a picture unusable."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except _DAMAGE:
        return 1


def _reduced(image: Image.Image, at_least: int) -> Image.Image:
    """Return RGB; a big picture reduced by a whole factor, strip by strip, so that no second copy is held."""
    width, height = image.size
    if width * height <= BIG_PIXELS:
        return _rgb(image)
    factor = max(1, min(width, height) // max(1, at_least))
    rows = factor * max(1, 4_000_000 // (width * factor))
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        strip.info = image.info
        small.paste(_rgb(strip).reduce(factor), (0, top // factor))
    return small


def _rgb(image: Image.Image) -> Image.Image:
    """Return RGB: 16-bit scaled rather than clipped, transparency over white."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image.copy() if isinstance(image, ImageFile.ImageFile) else image
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(image), image.mode)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        seen = image.convert("RGBA")
        white = Image.new("RGB", image.size, _WHITE)
        white.paste(seen, mask=seen.getchannel("A"))
        return white
    return image.convert("RGB")


def _eight_bits(pixels: NDArray[Any], mode: str) -> UInt8:
    """Return uint8[h, w] in [0, 255] from 16-bit grey, 32-bit integers holding it, or floats in [0, 1] or beyond."""
    values = np.nan_to_num(pixels.astype(np.float32))
    peak = float(values.max(initial=0.0))
    if mode.startswith("I;16") or (mode == "I" and 255 < peak <= 65535):
        values /= 257.0
    elif mode == "F" and peak <= 1.0:
        values *= 255.0
    elif peak > 255:
        values *= 255.0 / peak
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def _words(error: BaseException) -> str:
    return str(error).strip() or type(error).__name__


@dataclass(frozen=True)
class Framing:
    """How a picture of any shape becomes a square: all of it shapes the vector, so all of it is in the spec.

    `resize` is the shorter side before the centre crop; for the padded variants it plays no part.
    """

    variant: str
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize: int = 0
    resize_mode: Literal["shortest", "squash", "longest"] = "shortest"
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    draft: bool = True

    def __call__(self, picture: bytes | Image.Image) -> UInt8:
        """Return uint8[3, size, size] in [0, 255], RGB, not yet normalised."""
        if isinstance(picture, Image.Image):
            image = _rgb(picture)
        else:
            image = decode_picture(picture, self.size, draft=self.draft)
        if self.variant == "crop" and self.resize_mode != "longest":
            square = self._cropped(image)
        else:
            square = self._padded(image)
        return np.ascontiguousarray(np.asarray(square).transpose(2, 0, 1))

    @property
    def _filter(self) -> Image.Resampling:
        return Image.Resampling.BILINEAR if self.interpolation == "bilinear" else Image.Resampling.BICUBIC

    def _cropped(self, image: Image.Image) -> Image.Image:
        """Return the centre square, pixel for pixel what torchvision's Resize and CenterCrop give."""
        size = (self.size, self.size)
        if self.resize_mode == "squash":
            return image.resize(size, self._filter)
        short = self.resize or self.size
        width, height = image.size
        scaled = (int(short * width / min(image.size)), int(short * height / min(image.size)))
        left, top = (round((side - self.size) / 2.0) for side in scaled)
        right, bottom = left + self.size, top + self.size
        if max(scaled) <= 4 * short:
            return image.resize(scaled, self._filter).crop((left, top, right, bottom))
        # Only the square is computed, to a rounding: the whole of a 4000 x 3 picture would be 67 megapixels.
        x, y = width / scaled[0], height / scaled[1]
        return image.resize(size, self._filter, box=(left * x, top * y, min(width, right * x), min(height, bottom * y)))

    def _padded(self, image: Image.Image) -> Image.Image:
        """Return the whole picture, centred on a square whose colour the variant chooses."""
        longest = max(image.size)
        width, height = (max(1, round(side * self.size / longest)) for side in image.size)
        small = image.resize((width, height), self._filter)
        if self.variant == "grey":
            small = small.convert("L").convert("RGB")
        if width == height:
            return small
        colour = {"pad-white": _WHITE, "crop": (0, 0, 0)}.get(self.variant) or _edge_colour(small)
        square = Image.new("RGB", (self.size, self.size), colour)
        square.paste(small, ((self.size - width) // 2, (self.size - height) // 2))
        return square


def _edge_colour(image: Image.Image) -> tuple[int, int, int]:
    """Return the median, channel by channel, of the picture's outermost pixels."""
    pixels = np.asarray(image)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = (int(channel) for channel in np.median(edge, axis=0))
    return red, green, blue
