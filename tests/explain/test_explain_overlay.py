"""A drawn map is as coarse as its cells, and says its signs without colour."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from embedkit.explain.overlay import AGAINST, FAVOUR, SIDE_PX, draw_map, draw_plain, with_caption
from embedkit.types import Float32

WHITE = np.full((64, 64, 3), 255, dtype=np.uint8)


def shares(**cells: float) -> Float32:
    """Return shares of a 7 x 7 grid: c10=0.5 is cell 10."""
    found = np.zeros(49, dtype=np.float32)
    for name, share in cells.items():
        found[int(name[1:])] = share
    return found


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def inside(image: Image.Image, cell: int) -> np.ndarray:
    """Return a cell's pixels, without the lines around it, as [h, w, 3]."""
    top, left = (SIDE_PX // 7 * place for place in divmod(cell, 7))
    return pixels(image)[top + 2 : top + 62, left + 2 : left + 62]


def test_a_cell_is_one_tint_from_edge_to_edge_and_the_next_is_not_touched() -> None:
    drawn = draw_map(WHITE, shares(c10=0.01, c30=0.99), (7, 7))
    faint = inside(drawn, 10)
    assert (faint == faint[0, 0]).all()  # no number: one percent is not written
    assert (inside(drawn, 11) == 255).all()


def test_for_is_orange_and_against_is_blue_and_hatched() -> None:
    drawn = draw_map(WHITE, shares(c10=0.5, c20=-0.5), (7, 7))
    orange, blue = inside(drawn, 10)[:10, :10], inside(drawn, 20)[:10, :10]
    assert (orange == orange[0, 0]).all()
    assert orange[0, 0, 0] > orange[0, 0, 2]
    assert not (blue == blue[0, 0]).all()  # lines run through it
    assert blue.reshape(-1, 3).mean(axis=0)[2] > blue.reshape(-1, 3).mean(axis=0)[0]
    assert FAVOUR[0] > FAVOUR[2]
    assert AGAINST[2] > AGAINST[0]


def test_the_stronger_cell_is_the_deeper() -> None:
    drawn = draw_map(WHITE, shares(c10=0.3, c20=0.6), (7, 7))
    weak, strong = (inside(drawn, cell)[0, 0].sum() for cell in (10, 20))
    assert strong < weak < 3 * 255


def test_a_strong_cell_says_its_share_and_a_weak_one_does_not() -> None:
    drawn = draw_map(WHITE, shares(c10=0.3, c20=0.015), (7, 7))
    assert (inside(drawn, 10).sum(axis=-1) < 150).any()  # ink
    assert not (inside(drawn, 20).sum(axis=-1) < 150).any()


def test_a_flat_map_draws_only_its_grid() -> None:
    drawn = pixels(draw_map(WHITE, shares(), (7, 7)))
    assert (drawn[:, SIDE_PX // 7] == 200).all()
    assert (drawn[2:62, 2:62] == 255).all()


@pytest.mark.parametrize("grid", [(7, 7), (8, 8), (4, 4), (14, 14)])
def test_every_cell_of_any_grid_is_drawn(grid: tuple[int, int]) -> None:
    cells = np.full(grid[0] * grid[1], 1 / (grid[0] * grid[1]), dtype=np.float32)
    drawn = pixels(draw_map(WHITE, cells, grid))
    for cell in range(len(cells)):
        row, column = divmod(cell, grid[1])
        red, _, blue = drawn[SIDE_PX * row // grid[0] + 3, SIDE_PX * column // grid[1] + 3]
        assert blue < red


@pytest.mark.parametrize("sign", ["é", "−", "œ", "’", "Ж", "ש"])
def test_letters_beyond_english_are_written_in_a_caption(sign: str) -> None:
    plain, unknown = draw_plain(WHITE), "\U0010fffd"
    assert (pixels(with_caption(plain, [sign])) != pixels(with_caption(plain, [unknown]))).any()


def test_a_caption_is_wrapped_below_the_picture() -> None:
    plain = draw_plain(WHITE)
    sheet = with_caption(plain, ["word " * 60, "last"])
    assert sheet.width == SIDE_PX
    assert sheet.height > SIDE_PX + 100
    below = pixels(sheet)[SIDE_PX:]
    assert (below[:, :8] == 255).all()
    assert (below[:, -6:] == 255).all()
    assert (below.sum(axis=-1) < 150).any()
