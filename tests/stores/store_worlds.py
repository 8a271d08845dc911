"""What the tests of the stores put in: digests and small features."""

from __future__ import annotations

import hashlib

import numpy as np

from embedkit.types import Features, unit


def sha(text: str) -> bytes:
    """Return the digest of a content."""
    return hashlib.sha256(text.encode()).digest()


def some_features(n: int, dim: int = 8, seed: int = 0, space: str = "colour/image/pad@1") -> Features:
    """Return n random unit vectors with the ids 10, 20, 30 …"""
    vectors = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return Features(np.arange(1, n + 1, dtype=np.int64) * 10, unit(vectors) if n else vectors, space)
