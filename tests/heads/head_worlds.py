"""Small worlds that the heads' tests share."""

from __future__ import annotations

import numpy as np

from embedkit.types import Documents, Features, Int64, unit

WORDS = {"cups": "mug tea cup saucer", "rugs": "carpet wool rug floor", "toys": "doll game toy puzzle"}


def blobs(
    n: int = 60, classes: int = 3, spread: float = 0.4, dim: int = 8, seed: int = 0
) -> tuple[Features, list[str]]:
    """Return vectors around one centre a class, and the labels: "c0", "c1", … in turn."""
    rng = np.random.default_rng(seed)
    column = np.arange(n) % classes
    vectors = rng.normal(size=(classes, dim))[column] + spread * rng.normal(size=(n, dim))
    return Features(np.arange(n, dtype=np.int64) + 100, unit(vectors), "pictures"), [f"c{i}" for i in column]


def texts(n: int = 60, seed: int = 0) -> tuple[Documents, list[str]]:
    """Return documents of four words, three of their class and one shared, and the labels in turn."""
    rng = np.random.default_rng(seed)
    names = list(WORDS)
    labels = [names[i % 3] for i in range(n)]
    tokens = tuple((*rng.choice(WORDS[label].split(), 3).tolist(), "new") for label in labels)
    return Documents(np.arange(n, dtype=np.int64) + 100, tokens), labels


def each_its_own(n: int) -> Int64:
    """Return groups int64[n] in which nothing is anything's duplicate."""
    return np.arange(n, dtype=np.int64)
