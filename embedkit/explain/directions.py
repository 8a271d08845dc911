"""A head's categories as directions in a space, and what each block of a listing adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedkit.heads.blocks import pick, present
from embedkit.heads.probe import ProbeHead
from embedkit.heads.prototype import SCALE, PrototypeHead
from embedkit.heads.train import TrainedHead
from embedkit.heads.weighted import PlainHead, WeightedHead
from embedkit.types import Block, Features, Float32, unit

OWN_WEIGHTS = "your keyword weights"


@dataclass(frozen=True)
class Directions:
    """Categories as coefs float32[k, dim] and offsets float32[k]: what one space adds is coefs @ unit vector + offset.

    With a centre float32[dim], the unit vector of what is left when the centre is taken off. What a space adds to every
    category alike is taken out: it decides nothing.
    """

    space: str
    categories: tuple[str, ...]
    coefs: Float32
    offsets: Float32
    centre: Float32 | None = None

    def scores(self, vectors: Float32) -> Float32:
        """Return float32[n, k] of unit vectors float32[n, dim]."""
        moved = vectors if self.centre is None else unit(vectors - self.centre)
        return np.asarray(moved @ self.coefs.T + self.offsets, dtype=np.float32)


def plain(head: PlainHead | WeightedHead) -> PlainHead:
    """Return the head without a user's keyword weights."""
    return head.head if isinstance(head, WeightedHead) else head


def centred(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return float64[n, k] less each row's mean: what is added to every category alike decides nothing."""
    whole = np.asarray(logits, dtype=np.float64)
    return np.asarray(whole - whole.mean(axis=-1, keepdims=True)) if whole.shape[-1] > 1 else whole


def directions(trained: TrainedHead, space: str, categories: Sequence[str], blocks: Sequence[Block]) -> Directions:
    """Return categories as directions in one vector space of the head, for one item (blocks of one row each).

    Scores are in units of the calibrated logit: a difference of 1 between two categories multiplies their odds by e.
    """
    head = plain(trained.head)
    columns = [head.classes.index(name) for name in categories]
    centre: Float32 | None = None
    whole: Float32
    offset: Float32 = np.zeros(len(head.classes), dtype=np.float32)
    if isinstance(head, ProbeHead):
        part = next(part for part in head.parts if part.space == space)
        whole, offset = part.coef.T, part.offset
    else:
        picked, at = pick(head.spaces, blocks), head.spaces.index(space)
        here = np.array([bool(present(block)[0]) for block in picked])
        if isinstance(head, PrototypeHead):
            centre = head.means[at]
            whole = _nearest_prototypes(head, at, picked[at]) * np.float32(SCALE / here.sum())
        else:
            weights = np.asarray(head.weights, dtype=np.float64)
            whole = head.embeddings * np.float32(head.scale * weights[at] / weights[here].sum())
    temperature = trained.calibration.temperature
    coefs = np.ascontiguousarray(centred(whole.T).T[columns] / temperature, dtype=np.float32)
    offsets = np.asarray(centred(offset)[columns] / temperature, dtype=np.float32)
    return Directions(space, tuple(categories), coefs, offsets, centre)


def _nearest_prototypes(head: PrototypeHead, at: int, block: Block) -> Float32:
    """Return float32[classes, dim]: of each class the prototype that is nearest to the item, zero where it has none."""
    assert isinstance(block, Features)
    cosine = head.prototypes[at] @ unit(block.vectors - head.means[at])[0]
    chosen = np.zeros((len(head.classes), block.dim), dtype=np.float32)
    for column in range(len(head.classes)):
        mine = np.flatnonzero(head.owners[at] == column)
        if len(mine):
            chosen[column] = head.prototypes[at][mine[cosine[mine].argmax()]]
    return chosen


def block_shares(
    trained: TrainedHead, categories: Sequence[str], blocks: Sequence[Block]
) -> dict[str, NDArray[np.float64]]:
    """Return what each block of one item adds to each category's calibrated logit, space -> float64[k].

    They sum to the calibrated logit, but for a constant that all categories share. Spaces that the item lacks are out.
    """
    head, columns = plain(trained.head), [trained.head.classes.index(name) for name in categories]
    temperature = trained.calibration.temperature
    picked = [block for block in pick(head.spaces, blocks) if present(block)[0]]
    if isinstance(head, ProbeHead):
        whole = head.shares(*blocks)
        shares = {block.space: centred(whole[block.space])[0, columns] / temperature for block in picked}
    else:
        vectors = {block.space: block.vectors for block in picked if isinstance(block, Features)}
        aims = {space: directions(trained, space, categories, blocks) for space in vectors}
        shares = {space: aims[space].scores(vectors[space])[0].astype(np.float64) for space in vectors}
    if isinstance(trained.head, WeightedHead):
        added = trained.head.added(blocks)
        if added.any():
            shares[OWN_WEIGHTS] = centred(added)[0, columns] / temperature
    return shares
