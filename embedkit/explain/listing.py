"""What is said of one listing: its leading categories, what each part of it adds, the maps and their marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.explain.faithfulness import Faithfulness
from embedkit.explain.remarks import Remark
from embedkit.explain.words import Keyword
from embedkit.types import Float32

KEYWORDS = "keywords"
"""What people call what a head reads word by word; `adds` and the word table are of all of it together."""

LEAST_SAID = 0.005
"""A share below this would be written as 0 %."""

CHEFER = "Chefer et al. 2021, gradient-weighted attention through all layers"
GRAD_CAM = "Grad-CAM, Selvaraju et al. 2017"
"""What maps are made by, as `method` says it."""


@dataclass(frozen=True)
class Map:
    """What one tower finds for and against one category: favour and against, float32[cells], neither below 0.

    `score` is what the tower's space adds to the category's calibrated logit.
    """

    category: str
    favour: Float32
    against: Float32
    score: float
    mark: Faithfulness

    @property
    def shares(self) -> Float32:
        """float32[cells] in [-1, 1], for less against, absolute values summing to 1 (or all 0)."""
        return shares_of(self.favour - self.against)

    @property
    def balance(self) -> tuple[float, float]:
        """The shares for and against, each in [0, 1], summing to 1 (or both 0)."""
        return float(self.shares.clip(min=0).sum()), float((-self.shares).clip(min=0).sum())

    def as_json(self) -> dict[str, Any]:
        """Return the map and its mark for programs."""
        mark = self.mark
        return {
            "category": self.category,
            "score": round(self.score, 4),
            "shares": [round(float(share), 4) for share in self.shares],
            "for": [float(f"{value:.4g}") for value in self.favour],
            "against": [float(f"{value:.4g}") for value in self.against],
            "mark": {
                "passed": mark.passed,
                "verdict": mark.verdict,
                "deletion_area": finite(mark.deletion),
                "insertion_area": finite(mark.insertion),
                "random_areas": [round(area, 4) for area in mark.random_areas],
                "rank_correlation_random_weights": finite(mark.likeness),
            },
        }


def shares_of(signed: Float32) -> Float32:
    """Return float32[cells] divided by the sum of their absolute values; all zero where that is zero."""
    total = float(np.abs(signed).sum())
    return np.asarray(signed / np.float32(total) if total > 0 else np.zeros_like(signed), dtype=np.float32)


def finite(value: float) -> float | None:
    """Return the value to four places, None for NaN, which JSON has not."""
    return round(value, 4) if np.isfinite(value) else None


@dataclass(frozen=True)
class PictureMaps:
    """Maps over a picture: the picture uint8[h, w, 3] laid out as the tower sees it (but sharper), and the grid.

    `seen_px` is the side of the square that the tower itself gets.
    """

    space: str
    name: str
    method: str
    picture: NDArray[np.uint8]
    seen_px: int
    grid: tuple[int, int]
    maps: tuple[Map, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the maps for programs."""
        own = {"space": self.space, "method": self.method, "grid": list(self.grid), "seen_px": self.seen_px}
        return {**own, "maps": [one.as_json() for one in self.maps]}

    def strongest_cells(self, place: int, sign: int, count: int = 3) -> list[tuple[int, int, float]]:
        """Return the cells that speak most for a category (sign 1) or against it (sign -1): row, column and share.

        Rows and columns are counted from 1.
        """
        found = _strongest(self.maps[place].shares, sign, count)
        return [(cell // self.grid[1] + 1, cell % self.grid[1] + 1, share) for cell, share in found]

    def strongest(self, place: int, sign: int) -> list[str]:
        """Return the same in words."""
        return [f"row {row} col {column} {share:+.0%}" for row, column, share in self.strongest_cells(place, sign)]


@dataclass(frozen=True)
class WordMaps:
    """Maps over the words of a text, and how many words at its end the tower did not read."""

    space: str
    name: str
    method: str
    words: tuple[str, ...]
    unread: int
    maps: tuple[Map, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the maps for programs."""
        own = {"space": self.space, "method": self.method, "words": list(self.words), "unread_words": self.unread}
        return {**own, "maps": [one.as_json() for one in self.maps]}

    def strongest(self, place: int, sign: int, count: int = 3) -> list[str]:
        """Return the words that speak most for a category (sign 1) or against it (sign -1), with their shares."""
        return [f"{self.words[i]} {share:+.0%}" for i, share in _strongest(self.maps[place].shares, sign, count)]


def _strongest(shares: Float32, sign: int, count: int) -> list[tuple[int, float]]:
    order = np.argsort(-sign * shares, kind="stable")[:count]
    return [(int(i), float(shares[i])) for i in order if sign * float(shares[i]) >= LEAST_SAID]


@dataclass(frozen=True)
class Nearest:
    """A labelled listing that is near in a space: evidence, not cause."""

    by: str
    key: str
    title: str
    category: str
    cosine: float
    picture: bytes | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the neighbour for programs, without its picture."""
        return {"by": self.by, "key": self.key, "category": self.category, "cosine": round(self.cosine, 4)}


@dataclass(frozen=True)
class Explanation:
    """Why a listing went where it did: `categories` are those explained, side by side, with their probabilities.

    `adds` maps what people call a block to what it adds to each category's calibrated logit, float64[k]. `known` is the
    category that people or the catalogue say, `predicted` the likeliest, which need not be among those explained.
    """

    key: str
    title: str
    known: str | None
    predicted: str
    confidence: float
    categories: tuple[str, ...]
    probabilities: tuple[float, ...]
    adds: Mapping[str, NDArray[np.float64]]
    pictures: tuple[PictureMaps, ...] = ()
    texts: tuple[WordMaps, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    keyword_rest: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    nearest: tuple[Nearest, ...] = ()
    notes: tuple[Remark, ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether the head says something other than people or the catalogue."""
        return self.known is not None and self.known != self.predicted

    @property
    def gaps(self) -> dict[str, float]:
        """What each part adds to the first category rather than the second, or to the only one."""
        two = len(self.categories) > 1
        return {name: float(adds[0] - adds[1]) if two else float(adds[0]) for name, adds in self.adds.items()}

    @property
    def deciding(self) -> str | None:
        """The part that adds most to the first category rather than the second.

        None where there is one category only, or where the parts together speak for the second: a twin that has not
        seen the listing may lean the other way.
        """
        gaps = self.gaps
        if len(self.categories) < 2 or sum(gaps.values()) <= 0:
            return None
        return max(gaps, key=lambda name: gaps[name])

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each map and for the keywords, category by category."""
        return [row for place in range(len(self.categories)) for row in self._rows(place)]

    def _rows(self, place: int) -> list[dict[str, Any]]:
        start = {
            "key": self.key,
            "known": self.known,
            "category": self.categories[place],
            "probability": round(self.probabilities[place], 4),
        }
        drawings: dict[str, PictureMaps | WordMaps] = {one.name: one for one in self.pictures}
        drawings |= {one.name: one for one in self.texts}
        rows = []
        for name, adds in self.adds.items():
            drawn = drawings.get(name)
            favour, against, mark = "", "", ""
            if drawn is not None:
                one = drawn.maps[place]
                favour, against = (", ".join(drawn.strongest(place, sign)) for sign in (1, -1))
                mark = "holds" if one.mark.passed else "don't rely on this"
            elif name == KEYWORDS:
                favour, against = (", ".join(self._telling(place, sign)) for sign in (1, -1))
                mark = "exact"
            elif not np.any(adds):
                mark = "adds nothing"
            added = round(float(adds[place]), 3)
            rows.append({**start, "part": name, "adds": added, "for": favour, "against": against, "mark": mark})
        return rows

    def _telling(self, place: int, sign: int) -> list[str]:
        """Return the words that add most to a category (sign 1) or take most from it (sign -1)."""
        order = sorted(self.keywords, key=lambda one: -sign * float(one.adds[place]))
        return [f"{one.word} {float(one.adds[place]):+.2f}" for one in order[:3] if sign * float(one.adds[place]) > 0]

    def as_json(self) -> dict[str, Any]:
        """Return everything but the pictures, for programs."""
        return {
            "key": self.key,
            "title": self.title,
            "known": self.known,
            "predicted": self.predicted,
            "confidence": round(self.confidence, 4),
            "categories": [
                {"category": name, "probability": round(p, 4)}
                for name, p in zip(self.categories, self.probabilities, strict=True)
            ],
            "adds": {name: [round(float(one), 4) for one in adds] for name, adds in self.adds.items()},
            "pictures": [one.as_json() for one in self.pictures],
            "texts": [one.as_json() for one in self.texts],
            "keywords": [
                {"word": one.word, "adds": [round(float(add), 4) for add in one.adds], "your_weight": one.own}
                for one in self.keywords
            ],
            "keyword_rest": [round(float(one), 4) for one in self.keyword_rest],
            "nearest": [one.as_json() for one in self.nearest],
            "notes": [one.text for one in self.notes],
        }
