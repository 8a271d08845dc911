"""What the bundled encoders see in training: which listings, how pictures are changed, and how they are worded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from bundled_data import Shelf
from torch.nn import functional

from embedkit.encoders.tokens import TextPreparer
from embedkit.heads.zeroshot import TEMPLATES
from embedkit.types import Int64

Parts = Sequence[tuple[Shelf, np.ndarray[Any, Any]]]
"""A batch: of each shelf, the rows drawn from it."""
SIZE = 64
_WORDS_OF_TEXT = 16


class Stock:
    """The training listings of several shelves as one, each shelf drawn from by its share."""

    def __init__(self, shelves: Sequence[Shelf], shares: Sequence[float], seed: int) -> None:
        self.shelves = shelves
        self.rows: list[Int64] = [np.flatnonzero(~shelf.held_out) for shelf in shelves]
        self.shares = np.asarray(shares) / np.sum(shares)
        self.rng = np.random.default_rng(seed)
        self.forget()

    def forget(self) -> None:
        """Begin anew: listings already drawn may come again, from `rows` as they are now."""
        self._orders: list[Int64] = [np.empty(0, dtype=np.int64) for _ in self.shelves]

    def batch(self, count: int) -> list[tuple[Shelf, np.ndarray[Any, Any]]]:
        """Return about `count` listings as (shelf, rows); every listing comes once before any comes again."""
        drawn = []
        for k, shelf in enumerate(self.shelves):
            wanted = max(1, round(count * self.shares[k]))
            while len(self._orders[k]) < wanted:
                self._orders[k] = np.concatenate([self._orders[k], self.rng.permutation(self.rows[k])])
            drawn.append((shelf, self._orders[k][:wanted]))
            self._orders[k] = self._orders[k][wanted:]
        return drawn


class Looks:
    """Pictures as the models see them in training: moved, zoomed, mirrored, lit otherwise, now and then grey."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device, seed: int) -> None:
        self.mean = torch.tensor(mean, device=device).view(3, 1, 1)
        self.std = torch.tensor(std, device=device).view(3, 1, 1)
        self.device = device
        self.rng = torch.Generator().manual_seed(seed)

    def __call__(self, parts: Parts, strength: float = 1.0) -> torch.Tensor:
        """Return float[n, 3, 64, 64], normalised."""
        pixels = np.concatenate([shelf.pixels[rows] for shelf, rows in parts])
        n = len(pixels)
        images = torch.from_numpy(pixels).to(self.device).float() / 255
        zoom = 1 - strength * (0.32 * self._draw(n) - 0.08)
        squeeze = 1 + strength * 0.12 * (self._draw(n) - 0.5)
        flip = (self._draw(n) < 0.5).float() * 2 - 1
        angle = strength * 0.25 * (self._draw(n) - 0.5)
        room = (1 - zoom).clamp(min=0) + 0.06 * strength
        shift_x, shift_y = ((self._draw(n) * 2 - 1) * room for _ in range(2))
        theta = torch.stack(
            [
                torch.stack([zoom * squeeze * flip * angle.cos(), -zoom * angle.sin(), shift_x], dim=1),
                torch.stack([zoom * flip * angle.sin(), zoom / squeeze * angle.cos(), shift_y], dim=1),
            ],
            dim=1,
        )
        grid = functional.affine_grid(theta, [n, 3, SIZE, SIZE], align_corners=False).to(self.device)
        images = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
        light = (1 + strength * 0.3 * (self._draw(n) - 0.5)).view(n, 1, 1, 1).to(self.device)
        grey = (self._draw(n) < 0.04 * strength).view(n, 1, 1, 1).to(self.device)
        images = torch.where(grey, images.mean(dim=1, keepdim=True), images)
        return ((images * light).clamp(0, 1) - self.mean) / self.std

    def plain(self, pixels: np.ndarray[Any, Any]) -> torch.Tensor:
        """Return float[n, 3, 64, 64], normalised and otherwise unchanged."""
        images = torch.from_numpy(pixels).to(self.device).float() / 255
        images = functional.interpolate(images, size=SIZE, mode="bilinear", antialias=True)
        return (images - self.mean) / self.std

    def _draw(self, n: int) -> torch.Tensor:
        return torch.rand(n, generator=self.rng)


class Words:
    """Texts as tokens of a small vocabulary: those that occur, in CLIP's own order; the end token stays the largest."""

    def __init__(self, preparer: TextPreparer, texts: Sequence[str]) -> None:
        self.preparer = preparer
        self.kept = np.unique(np.concatenate([preparer(text) for text in texts]))

    def __call__(self, texts: Sequence[str]) -> torch.Tensor:
        """Return int64[n, longest]: small-vocabulary tokens, 0 after each text's end."""
        rows = [self.preparer(text) for text in texts]
        tokens = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
        for out, row in zip(tokens, rows, strict=True):
            out[: len(row)] = np.minimum(np.searchsorted(self.kept, row), len(self.kept) - 1)
        return torch.from_numpy(tokens)


def one_text(shelf: Shelf, row: int, rng: np.random.Generator) -> str:
    """Return one of the ways in which the listing may be described: title, caption, or a piece of its text."""
    luck = rng.random()
    words = shelf.texts[row].split()
    if luck < 0.12 and len(words) > 3:
        start = int(rng.integers(0, max(1, len(words) - _WORDS_OF_TEXT // 2)))
        return " ".join(words[start : start + _WORDS_OF_TEXT])
    captions = shelf.captions[row]
    if luck < 0.35 and captions:
        caption = captions[int(rng.integers(len(captions)))]
        return TEMPLATES[int(rng.integers(len(TEMPLATES)))].replace("{}", caption)
    title = shelf.titles[row].split()
    if luck < 0.6:
        title = [word for word in title if rng.random() > 0.2] or title
    return " ".join(title)


def vocabulary(shelves: Sequence[Shelf]) -> list[str]:
    """Return every text that training may show, for the vocabulary: nothing of what is kept aside."""
    texts = [template.replace("{}", "") for template in TEMPLATES] + [
        "a b c d e f g h i j k l m n o p q r s t u v w x y z"
    ]
    texts += [f"{number}" for number in range(100)]
    for shelf in shelves:
        for one in shelf.sets:
            texts += [name.lower() for name in one.classes]
        for row in np.flatnonzero(~shelf.held_out):
            texts += [shelf.titles[row], *shelf.captions[row]]
            words = shelf.texts[row].split()
            texts += [" ".join(words[k : k + _WORDS_OF_TEXT]) for k in range(0, len(words), _WORDS_OF_TEXT)]
    return list(dict.fromkeys(texts))
