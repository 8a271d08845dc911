"""Maps drawn over pictures: cells as cells, for and against told apart by sign and hatching as well as by colour."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from embedkit.types import Float32

SIDE_PX = 448
"""How large a picture is drawn, whatever the tower sees: the cells say how fine the map is."""
FAVOUR, AGAINST = (213, 94, 0), (0, 90, 181)
"""Orange and blue, which people with any common colour blindness tell apart."""
DEEPEST = 0.62
SPOKEN_SHARE = 0.02
MOST_SPOKEN = 14
HATCH_PX = 9
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
INK, PAPER = (20, 20, 20), (255, 255, 255)


def draw_map(picture: NDArray[np.uint8], shares: Float32, grid: tuple[int, int]) -> Image.Image:
    """Return the picture uint8[h, w, 3] under a map: shares float32[cells] in [-1, 1], row by row of the grid.

    A cell for is tinted orange, a cell against blue and hatched; the deeper, the more. The strongest cells carry their
    share in percent, with its sign. No value is smoothed between cells.
    """
    base = Image.fromarray(picture).convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    grey = base.convert("L").convert("RGB")
    base = Image.blend(base, grey, 0.5)
    strongest = float(np.abs(shares).max(initial=0.0))
    tint = Image.new("RGB", base.size)
    depth = Image.new("L", base.size)
    for cell, share in enumerate(shares):
        box = _box(cell, grid)
        tint.paste(FAVOUR if share > 0 else AGAINST, box)
        depth.paste(round(255 * DEEPEST * abs(float(share)) / strongest) if strongest else 0, box)
    drawn = Image.composite(tint, base, depth)
    draw = ImageDraw.Draw(drawn)
    for cell in np.flatnonzero(shares <= -SPOKEN_SHARE):
        _hatch(draw, _box(int(cell), grid))
    _lines(draw, grid)
    for cell in _spoken(shares):
        _write(draw, _box(cell, grid), f"{100 * float(shares[cell]):+.0f}")
    return drawn


def draw_plain(picture: NDArray[np.uint8]) -> Image.Image:
    """Return the picture uint8[h, w, 3] alone, as large as a map."""
    return Image.fromarray(picture).convert("RGB").resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)


def with_caption(image: Image.Image, lines: Sequence[str]) -> Image.Image:
    """Return the image above lines of text, wrapped to its width, so that it can be passed on by itself."""
    font = _font(13)
    wrapped = [part for line in lines for part in _wrapped(line, font, image.width - 16)]
    step = 20
    sheet = Image.new("RGB", (image.width, image.height + step * len(wrapped) + 12), PAPER)
    sheet.paste(image)
    draw = ImageDraw.Draw(sheet)
    for row, line in enumerate(wrapped):
        draw.text((8, image.height + 6 + step * row), line, INK, font)
    return sheet


def _font(size: int) -> Font:
    """Return a font with the letters of most languages: Pillow's own has neither é nor the minus sign.

    It is the one that comes with matplotlib, which is not imported for it.
    """
    found = find_spec("matplotlib")
    for folder in (found.submodule_search_locations or []) if found is not None else []:
        path = Path(folder) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)


def _wrapped(line: str, font: Font, width: int) -> list[str]:
    lines = [""]
    for word in line.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _box(cell: int, grid: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of a cell, in pixels of the drawing."""
    row, column = divmod(cell, grid[1])
    edges = [round(SIDE_PX * i / n) for i, n in ((column, grid[1]), (row, grid[0]))]
    ends = [round(SIDE_PX * (i + 1) / n) for i, n in ((column, grid[1]), (row, grid[0]))]
    return edges[0], edges[1], ends[0], ends[1]


def _spoken(shares: Float32) -> list[int]:
    """Return the cells whose share is written: the strongest, of two percent or more."""
    order = np.argsort(-np.abs(shares), kind="stable")[:MOST_SPOKEN]
    return [int(cell) for cell in order if abs(float(shares[cell])) >= SPOKEN_SHARE]


def _hatch(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    for start in range(left - (bottom - top), right, HATCH_PX):
        first, last = max(left, start), min(right, start + bottom - top)
        if first < last:
            draw.line([(first, bottom - (first - start)), (last, bottom - (last - start))], PAPER, 1)


def _lines(draw: ImageDraw.ImageDraw, grid: tuple[int, int]) -> None:
    for count, vertical in ((grid[1], True), (grid[0], False)):
        for i in range(1, count):
            at = round(SIDE_PX * i / count)
            ends = [(at, 0), (at, SIDE_PX)] if vertical else [(0, at), (SIDE_PX, at)]
            draw.line(ends, (200, 200, 200), 1)


def _write(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], text: str) -> None:
    font = ImageFont.load_default(min(20, (box[2] - box[0]) // 3))
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    draw.text(middle, text, INK, font, anchor="mm", stroke_width=3, stroke_fill=PAPER)
