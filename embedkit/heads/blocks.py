"""Blocks lined up: the same items in the same order, of the spaces that a head was made for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embedkit.errors import EmbedkitError, SpaceMismatch
from embedkit.types import Block, Documents, Features, Int64


def align(ids: Int64, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return the blocks of these items, in this order; what an item lacks is a zero row or an empty text."""
    return tuple(block.take(ids, missing="zero") for block in blocks)


def pick(spaces: Sequence[str], blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return the block of each space, in the spaces' order.

    Raises SpaceMismatch if one is not there, ValueError if the blocks are not aligned, EmbedkitError for a vector
    that is not finite. Blocks of other spaces are passed over.
    """
    by_space = {block.space: block for block in blocks}
    missing = [space for space in spaces if space not in by_space]
    if missing:
        raise SpaceMismatch(spaces, ", ".join(by_space) or "none", f"there is nothing in {', '.join(missing)}")
    chosen = tuple(by_space[space] for space in spaces)
    for block in chosen:
        if not np.array_equal(block.ids, chosen[0].ids):
            raise ValueError(f"{block.space} and {chosen[0].space} are not aligned: align(ids, blocks) first")
        check_finite(block)
    return chosen


def check_finite(block: Block) -> None:
    """Raise EmbedkitError naming the first item whose vector is NaN or infinite."""
    if isinstance(block, Documents):
        return
    bad = np.flatnonzero(~np.isfinite(block.vectors).all(axis=1))
    if len(bad):
        raise EmbedkitError(
            f"item {int(block.ids[bad[0]])} has a vector in {block.space} that is not finite ({len(bad)} such items)",
            "index the catalogue again, so that it is encoded anew",
        )


def present(block: Block) -> NDArray[np.bool_]:
    """Return bool[n]: which items have anything in the block: a vector that is not all zero, or one token."""
    if isinstance(block, Features):
        return np.asarray(block.vectors.any(axis=1))
    return np.fromiter((bool(tokens) for tokens in block.tokens), dtype=bool, count=len(block))


def has_anything(blocks: Sequence[Block]) -> NDArray[np.bool_]:
    """Return bool[n]: which items have something in at least one of these aligned blocks."""
    return np.logical_or.reduce([present(block) for block in blocks])


def log_prior(counts: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return float64[k], the log share of each class with one item added to each (Laplace), centred on zero."""
    logs = np.log((counts + 1.0) / (counts.sum() + len(counts)))
    return np.asarray(logs - logs.mean())
