"""What a picture looks like in a few numbers, and what they say against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 256
"""Pictures are looked at with this longer side, about what encoders see; smaller ones as they are."""
BORDER_SHARE = 0.03
SAME_COLOUR = 16
"""Two colours are one where no channel differs by more than this, of 255."""
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)

STEEPEST = 0.995

DARK = 0.2
BLURRED = 0.2
TINY = 100
ODD = 3.0
BLANK = 0.01
GREY = 0.01
PLAIN = 0.9
WHITE = 0.94


@dataclass(frozen=True)
class Look:
    """One picture: how it is stored (format, bytes, upright width and height in pixels), and what it looks like.

    brightness, contrast, colour, border and border_brightness lie in [0, 1]; sharpness is how steep its steepest edges
    are, as a part of its contrast: from 0 to about 2.
    """

    format: str
    width: int
    height: int
    bytes: int
    brightness: float
    contrast: float
    sharpness: float
    colour: float
    border: float
    border_brightness: float

    @property
    def aspect(self) -> float:
        """Width / height."""
        return self.width / self.height

    @property
    def elongation(self) -> float:
        """The longer side / the shorter."""
        return max(self.aspect, 1.0 / self.aspect)

    @property
    def blank(self) -> bool:
        """Whether there is nothing on it."""
        return self.contrast < BLANK


def look(rgb: NDArray[np.uint8], stored: str, width: int, height: int, size: int) -> Look:
    """Return the look of a picture uint8[h, w, 3]; the rest is how it is stored.

    Its longer side has at most 256 pixels: the same thresholds then hold for every size.
    """
    pixels = rgb.astype(np.float32)
    luma = pixels @ LUMA
    channels = [pixels[..., channel] for channel in range(3)]
    border, border_colour = _border(pixels)
    return Look(
        format=stored,
        width=width,
        height=height,
        bytes=size,
        brightness=float(luma.mean()) / 255,
        contrast=float(luma.std()) / 255,
        sharpness=_sharpness(luma),
        colour=float((np.maximum.reduce(channels) - np.minimum.reduce(channels)).mean()) / 255,
        border=border,
        border_brightness=float(border_colour @ LUMA) / 255,
    )


def _sharpness(luma: NDArray[np.float32]) -> float:
    """Return the 99.5th percentile of the Laplacian (4 neighbours, absolute) over the range of brightness.

    What is out of focus has no steep edges (Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR
    2000, who take the Laplacian's variance). That variance is as low for a white thing on white: so the steepest edges
    are set against the contrast that there is. Infinite for a picture too small to have a Laplacian.
    """
    if min(luma.shape) < 3:
        return float("inf")
    middle = luma[1:-1, 1:-1]
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    low, high = np.quantile(luma, (1 - STEEPEST, STEEPEST))
    return float(np.quantile(np.abs(around - 4 * middle), STEEPEST) / max(high - low, 1.0))


def _border(pixels: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
    """Return which share of a picture's edge, 3 % deep, has one colour, and that colour float32[3]."""
    deep = max(1, round(BORDER_SHARE * min(pixels.shape[:2])))
    inner = pixels[deep:-deep]
    ring = np.concatenate(
        [part.reshape(-1, 3) for part in (pixels[:deep], pixels[-deep:], inner[:, :deep], inner[:, -deep:])]
    )
    colour = np.median(ring, axis=0)
    return float((np.abs(ring - colour).max(axis=1) <= SAME_COLOUR).mean()), colour


@dataclass(frozen=True)
class Flag:
    """Something to know about a picture: its name, what it means with its threshold, its value, and whether it holds.

    `worst` says which values are the worst, the lowest (-1) or the highest (1); `fault` whether it is one at all.
    """

    name: str
    means: str
    value: Callable[[Look], float]
    holds: Callable[[Look], bool]
    worst: int
    fault: bool = True

    @property
    def column(self) -> str:
        """Its name as a column of a table."""
        return self.name.replace(" ", "_")


def _plain(one: Look) -> bool:
    return one.border >= PLAIN and not one.blank


FLAGS: tuple[Flag, ...] = (
    Flag(
        "dark",
        f"mean brightness under {DARK:.0%}",
        lambda one: one.brightness,
        lambda one: one.brightness < DARK and not one.blank,
        -1,
    ),
    Flag(
        "blurred",
        f"steepest edges (Laplacian) under {BLURRED:.0%} of its contrast, at {SIDE} pixels",
        lambda one: one.sharpness,
        lambda one: one.sharpness < BLURRED and not one.blank,
        -1,
    ),
    Flag(
        "tiny",
        f"shorter side under {TINY} pixels",
        lambda one: min(one.width, one.height),
        lambda one: min(one.width, one.height) < TINY,
        -1,
    ),
    Flag(
        "odd shape",
        f"longer side over {ODD:.0f} times the shorter",
        lambda one: one.elongation,
        lambda one: one.elongation > ODD,
        1,
    ),
    Flag("blank", f"brightness varies by less than {BLANK:.0%}", lambda one: one.contrast, lambda one: one.blank, -1),
    Flag(
        "grey",
        f"channels differ by less than {GREY:.0%}",
        lambda one: one.colour,
        lambda one: one.colour < GREY and not one.blank,
        -1,
        fault=False,
    ),
    Flag(
        "plain background", f"one colour along {PLAIN:.0%} of the edge", lambda one: one.border, _plain, 1, fault=False
    ),
    Flag(
        "white background",
        f"plain, and brighter than {WHITE:.0%}",
        lambda one: one.border_brightness,
        lambda one: _plain(one) and one.border_brightness > WHITE,
        1,
        fault=False,
    ),
)

SHAPES: Mapping[str, tuple[float, float]] = {
    "very tall": (0.0, 1 / ODD),
    "tall": (1 / ODD, 0.95),
    "square": (0.95, 1 / 0.95),
    "wide": (1 / 0.95, ODD),
    "very wide": (ODD, float("inf")),
}
"""Width / height from (included) and to (not included)."""
