"""The fits behind a head: of all items, and of all but a fold, so that each item has logits from one that lacked it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from embedkit.errors import Misuse
from embedkit.heads.blocks import has_anything
from embedkit.heads.calibrate import fit_temperature
from embedkit.heads.dense import densify
from embedkit.heads.fusion import BlockTrial, fold_rows, fusion_weights, try_block
from embedkit.heads.keywords import GramSpec, KeywordWeights
from embedkit.heads.probe import ProbeHead, fit_part, prior_logits
from embedkit.heads.prototype import PrototypeHead, fit_prototype
from embedkit.heads.splits import grouped_folds
from embedkit.heads.weighted import WeightedHead
from embedkit.heads.zeroshot import ZeroShotHead
from embedkit.types import Block, Documents, Features, Int64, Progress

Kind = Literal["probe", "prototype", "zeroshot"]
MANY_ITEMS, FEW_FOLDS = 10_000, 3
"""Of so many items two thirds teach nearly as much as all, so that three folds are enough."""
AnyHead = ProbeHead | PrototypeHead | ZeroShotHead | WeightedHead


@dataclass(frozen=True)
class HeadSpec:
    """How a head is trained; `grams` says for a keyword space what is counted, `zero_shot` is the head to calibrate."""

    balanced: bool = False
    prototypes: int = 1
    folds: int = 5
    grams: Mapping[str, GramSpec] = field(default_factory=dict)
    keyword_weights: Mapping[str, Mapping[str, float]] | None = None
    zero_shot: ZeroShotHead | None = None


@dataclass(frozen=True)
class Task:
    """What a head is fitted on: aligned blocks, and each item's column of `classes` (-1: none) and fold, int64[n]."""

    kind: Kind
    blocks: Sequence[Block]
    targets: Int64
    folds: Int64
    classes: tuple[str, ...]
    spec: HeadSpec
    seed: int
    progress: Progress


def task_of(
    kind: Kind,
    blocks: Sequence[Block],
    labels: Sequence[str],
    groups: Int64,
    spec: HeadSpec,
    seed: int,
    progress: Progress,
) -> Task:
    """Return the task of these labels; `groups` int64[n] are near-duplicates, never in two folds."""
    classes = spec.zero_shot.classes if kind == "zeroshot" and spec.zero_shot else tuple(sorted(set(labels)))
    column = {name: i for i, name in enumerate(classes)}
    targets = np.asarray([column.get(label, -1) for label in labels], dtype=np.int64)
    wanted = min(spec.folds, FEW_FOLDS) if len(targets) > MANY_ITEMS else spec.folds
    folds = grouped_folds(targets, groups, max(2, min(wanted, len(targets))), seed)
    return Task(kind, blocks, targets, folds, classes, spec, seed, progress)


def fit_task(task: Task) -> tuple[AnyHead, NDArray[np.floating], list[BlockTrial]]:
    """Return the head fitted on all items, logits float[n, k] of each item by a model that had not seen it, and a
    probe's blocks' own such logits.
    """
    if task.kind == "probe":
        return _fit_probe(task)
    if task.kind == "prototype":
        return _fit_prototype(task)
    if task.kind != "zeroshot" or task.spec.zero_shot is None:
        raise Misuse(
            f"there is no head kind {task.kind!r} to fit", "probe, prototype, or zeroshot with a zero-shot head given"
        )
    return task.spec.zero_shot, task.spec.zero_shot.logits(*task.blocks), []


def _fit_prototype(task: Task) -> tuple[AnyHead, NDArray[np.floating], list[BlockTrial]]:
    vectors = [block for block in task.blocks if isinstance(block, Features)]
    if len(vectors) != len(task.blocks):
        raise Misuse("a prototype is a mean of vectors: it takes no keywords", "train a probe, or leave keywords out")

    def fitted(blocks: list[Features], targets: Int64) -> PrototypeHead:
        return fit_prototype(blocks, targets, task.classes, task.spec.prototypes, task.seed)

    logits = np.zeros((len(task.targets), len(task.classes)), dtype=np.float32)
    for done, (train, held) in enumerate(fold_rows(task.folds)):
        task.progress("cross-fit", done, task.spec.folds)
        part = fitted([block.take(block.ids[train]) for block in vectors], task.targets[train])
        logits[held] = part.logits(*(block.take(block.ids[held]) for block in vectors))
    return fitted(vectors, task.targets), logits, []


def with_words(
    head: AnyHead, logits: NDArray[np.floating], task: Task, counted: NDArray[np.bool_]
) -> tuple[WeightedHead, NDArray[np.floating]]:
    """Return the head with the user's keyword weights, and the logits with what they add."""
    weights = KeywordWeights.from_mapping(task.spec.keyword_weights or {}, task.classes)
    first = fit_temperature(logits[counted], task.targets[counted], "")
    documents = tuple(block.space for block in task.blocks if isinstance(block, Documents))
    weighted = WeightedHead.on(head, weights, documents, first.temperature)
    return weighted, logits + weighted.added(task.blocks)


def _fit_probe(task: Task) -> tuple[ProbeHead, NDArray[np.floating], list[BlockTrial]]:
    k, balanced = len(task.classes), task.spec.balanced
    dense, trials = [], []
    for done, block in enumerate(task.blocks):
        task.progress("cross-fit blocks", done, len(task.blocks))
        dense.append(densify(block, task.spec.grams.get(block.space), task.seed))
        trials.append(try_block(dense[-1], task.targets, k, task.folds, balanced))
    weights = fusion_weights([trial.logits for trial in trials], task.targets, task.folds)
    parts = []
    for done, (one, trial, weight) in enumerate(zip(dense, trials, weights, strict=True)):
        task.progress("fit", done, len(task.blocks))
        parts.append(fit_part(one, trial.strength, weight, task.targets, k, balanced))
    prior = prior_logits(task.targets, k, balanced)
    logits = np.tensordot(weights, np.stack([trial.logits for trial in trials]), 1)
    logits[~has_anything(task.blocks)] = prior
    return ProbeHead("probe", task.classes, tuple(parts), prior), logits, trials
