"""What the picture alone and the text alone say of a listing: two opinions that can disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from embedkit.heads.blocks import has_anything
from embedkit.heads.calibrate import fit_temperature, softmax
from embedkit.heads.fusion import BlockTrial, fusion_weights
from embedkit.heads.probe import ProbeHead
from embedkit.types import Block, Documents, Int64, Modality


@dataclass(frozen=True)
class Alone:
    """One modality's own judge: which parts of the head it has, how they weigh together, and its temperature.

    columns int16[n] and confidence float16[n] are what it said of the labelled items out of fold, -1 and 0 where an
    item has nothing of the modality or is in no fold.
    """

    modality: Modality
    weights: dict[str, float]
    temperature: float
    columns: NDArray[np.int16]
    confidence: NDArray[np.float16]

    def of(self, rows: NDArray[np.bool_]) -> Alone:
        """Return the same judge with what it said of these rows, bool[n]."""
        return replace(self, columns=self.columns[rows], confidence=self.confidence[rows])

    def judge(self, head: ProbeHead, blocks: Sequence[Block]) -> tuple[Int64, NDArray[np.float64]]:
        """Return the likeliest column int64[n] (-1: nothing to go by) and its probability float64[n], in [0, 1]."""
        by_space = {block.space: block for block in blocks}
        mine = [by_space[space] for space in self.weights]
        parts = {part.space: part for part in head.parts}
        logits = sum(
            weight * parts[block.space].raw_logits(block)
            for weight, block in zip(self.weights.values(), mine, strict=True)
        )
        return best_of(np.asarray(logits), self.temperature, has_anything(mine))


def best_of(
    logits: NDArray[np.floating], temperature: float, known: NDArray[np.bool_]
) -> tuple[Int64, NDArray[np.float64]]:
    """Return the likeliest column int64[n] and its probability float64[n]; -1 and 0 where not `known` bool[n]."""
    probs = softmax(logits, temperature)
    columns, confidence = probs.argmax(axis=1).astype(np.int64), probs.max(axis=1).astype(np.float64)
    return np.where(known, columns, -1), np.where(known, confidence, 0.0)


def modality_of(block: Block) -> Modality | None:
    """Return what a block was made of: a space's name says it, NAME/MODALITY/VARIANT@DIGEST; None for another name."""
    if isinstance(block, Documents):
        return "text"
    steps = block.space.rsplit("/", 2)
    return next((one for one in get_args(Modality) if len(steps) == 3 and steps[1] == one), None)


def each_alone(
    blocks: Sequence[Block],
    trials: Sequence[BlockTrial],
    targets: Int64,
    folds: Int64,
    countable: NDArray[np.bool_],
) -> tuple[Alone, ...]:
    """Return the judge of each modality, from the blocks' out-of-fold logits; none where there is one modality only.

    `countable` bool[n] says which items may calibrate.
    """
    of = [modality_of(block) for block in blocks]
    if not trials or not {"image", "text"} <= set(of):
        return ()
    judges = []
    for modality in get_args(Modality):
        mine = [i for i, one in enumerate(of) if one == modality]
        known = has_anything([blocks[i] for i in mine]) & (folds >= 0)
        stack = [trials[i].logits for i in mine]
        weights = fusion_weights(stack, targets, np.where(known, folds, -1))
        logits = np.tensordot(weights, np.stack(stack), 1)
        counted = known & countable
        temperature = fit_temperature(logits[counted], targets[counted], "out-of-fold").temperature
        columns, confidence = best_of(logits, temperature, known)
        spaces = {blocks[i].space: float(weight) for i, weight in zip(mine, weights, strict=True)}
        judges.append(Alone(modality, spaces, temperature, columns.astype(np.int16), confidence.astype(np.float16)))
    return tuple(judges)
