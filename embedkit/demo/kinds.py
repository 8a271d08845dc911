"""What a sort of product is: where it stands in the tree, how it is drawn, and the words that sellers use for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from embedkit.demo.sketch import Sketch


@dataclass(frozen=True)
class Kind:
    """One sort of product. `patterned`, `metallic`, `sets`: the shares with a print, in a metal's colour, in a pack."""

    draw: Callable[[Sketch, Random], None]
    path: tuple[str, ...]
    nouns: tuple[str, ...]
    materials: tuple[str, ...]
    facts: tuple[str, ...]
    price: tuple[int, int]
    patterned: float = 0.5
    metallic: float = 0.0
    sets: float = 0.0
