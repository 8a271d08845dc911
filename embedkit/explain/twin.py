"""The same head as if it had never seen a few listings: what it says of them was not learnt from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from embedkit.explain.directions import plain
from embedkit.heads.blocks import align
from embedkit.heads.dense import densify
from embedkit.heads.probe import ProbeHead, fit_part
from embedkit.heads.prototype import PrototypeHead, fit_prototype
from embedkit.heads.train import HeadSpec, TrainedHead
from embedkit.heads.weighted import WeightedHead
from embedkit.types import Block, Features, Int64


def twin_without(
    trained: TrainedHead,
    ids: Int64,
    blocks: Sequence[Block],
    labels: Sequence[str],
    spec: HeadSpec,
    seed: int,
) -> TrainedHead:
    """Return the head fitted again on these items int64[n] and labels of n, by the very settings of the first fit.

    How strongly each block is penalised, how much it weighs and the temperature are the first head's, so only what was
    learnt from the listings that are left out is gone. A zero-shot head learnt from none and comes back as it is.
    """
    head = plain(trained.head)
    column = {name: i for i, name in enumerate(head.classes)}
    known = [row for row, label in enumerate(labels) if label in column]
    targets = np.array([column[labels[row]] for row in known], dtype=np.int64)
    mine = {block.space: block for block in align(ids[known], blocks)}
    picked = [mine[space] for space in head.spaces]
    fitted: ProbeHead | PrototypeHead
    with threadpool_limits(1 if len(known) <= 5_000 else None, "blas"):
        if isinstance(head, ProbeHead):
            parts = tuple(
                fit_part(
                    densify(block, spec.grams.get(block.space), seed),
                    part.strength,
                    part.weight,
                    targets,
                    len(head.classes),
                    spec.balanced,
                )
                for part, block in zip(head.parts, picked, strict=True)
            )
            fitted = replace(head, parts=parts)
        elif isinstance(head, PrototypeHead):
            vectors = [block for block in picked if isinstance(block, Features)]
            fitted = fit_prototype(vectors, targets, head.classes, spec.prototypes, seed, head.head_id)
        else:
            return trained
    whole = replace(trained.head, head=fitted) if isinstance(trained.head, WeightedHead) else fitted
    none = np.zeros(0, dtype=np.int64)
    nothing = np.zeros((0, len(head.classes)), dtype=np.float32)
    return TrainedHead(whole, trained.calibration, none, nothing, none, np.zeros(0, dtype=bool))
