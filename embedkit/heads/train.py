"""From labelled items to a head whose confidence is honest: cross-fitted logits, a temperature, the final fit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from embedkit.errors import Misuse, NotEnoughLabels
from embedkit.heads.alone import Alone, each_alone
from embedkit.heads.blocks import align, check_finite, has_anything
from embedkit.heads.calibrate import fit_temperature, softmax
from embedkit.heads.fitting import AnyHead, HeadSpec, Kind, Task, fit_task, task_of, with_words
from embedkit.heads.probe import ProbeHead
from embedkit.heads.promise import Evidence
from embedkit.heads.weighted import WeightedHead
from embedkit.types import (
    Block,
    Calibration,
    Float32,
    Int64,
    Modality,
    Predictions,
    Progress,
    no_progress,
)

ONE_THREAD_UP_TO = 5_000
"""Products of up to so many rows gain little from a second BLAS thread, whose spinning costs a busy machine dearly."""


@dataclass(frozen=True)
class TrainedHead:
    """A head, its calibration, and what was said of each labelled item by a model that had not seen it.

    oof_ids int64[n]; oof_logits float32[n, classes]; oof_targets int64[n], the true columns; countable bool[n], which
    of them may calibrate and score (not those drawn because they were doubtful). notes: what a person should know.
    alone: what the picture and what the text says by itself, their arrays in the order of oof_ids; only a probe of both
    has it.
    """

    head: AnyHead
    calibration: Calibration
    oof_ids: Int64
    oof_logits: Float32
    oof_targets: Int64
    countable: NDArray[np.bool_]
    notes: tuple[str, ...] = ()
    alone: tuple[Alone, ...] = ()

    @cached_property
    def _oof_row(self) -> dict[int, int]:
        return {int(item_id): row for row, item_id in enumerate(self.oof_ids)}

    def is_out_of_fold(self, ids: Int64) -> NDArray[np.bool_]:
        """Return bool[n]: for which items `predict` answers with the logits of a model that had not seen them."""
        return np.fromiter((int(i) in self._oof_row for i in ids), dtype=bool, count=len(ids))

    def predict(self, ids: Int64, blocks: Sequence[Block]) -> Predictions:
        """Return calibrated predictions of these items, in order.

        An item that was trained on gets its out-of-fold logits, so that its confidence is honest; an item with nothing
        in any block gets the classes' shares.
        """
        ids = np.asarray(ids, dtype=np.int64)
        aligned = align(ids, blocks)
        logits = self.head.logits(*aligned) / np.float32(self.calibration.temperature)
        rows = [(row, self._oof_row[int(i)]) for row, i in enumerate(ids) if int(i) in self._oof_row]
        if rows:
            here, there = np.asarray(rows).T
            logits[here] = self.oof_logits[there] / np.float32(self.calibration.temperature)
        mine = [block for block in aligned if block.space in self.head.spaces]
        nothing = ~has_anything(mine)
        logits[nothing] = self.head.logits(*(block.take(ids[nothing]) for block in mine))
        return Predictions(ids, softmax(logits), self.head.classes, self.head.head_id)

    def judge_alone(self, modality: Modality, ids: Int64, blocks: Sequence[Block]) -> tuple[Int64, NDArray[np.float64]]:
        """Return what one modality alone says of these items: column int64[n], -1 for nothing, and its probability.

        As in `predict`, by a judge that had not seen them. All -1 where the head has no such judge.
        """
        ids = np.asarray(ids, dtype=np.int64)
        head = self.head.head if isinstance(self.head, WeightedHead) else self.head
        mine = next((one for one in self.alone if one.modality == modality), None)
        if mine is None or not isinstance(head, ProbeHead):
            return np.full(len(ids), -1, dtype=np.int64), np.zeros(len(ids))
        columns, confidence = mine.judge(head, align(ids, blocks))
        rows = [(row, self._oof_row[int(i)]) for row, i in enumerate(ids) if int(i) in self._oof_row]
        if rows:
            here, there = np.asarray(rows).T
            columns[here], confidence[here] = mine.columns[there], mine.confidence[there]
        return columns, confidence

    def out_of_fold(self, countable_only: bool = True) -> Predictions:
        """Return the calibrated out-of-fold predictions of the labelled items."""
        rows = self.countable if countable_only else np.ones(len(self.oof_ids), dtype=bool)
        probs = softmax(self.oof_logits[rows], self.calibration.temperature)
        return Predictions(self.oof_ids[rows], probs, self.head.classes, self.head.head_id)

    def evidence(self) -> Evidence:
        """Return what is known of how often this head is right, for `decide`."""
        predictions = self.out_of_fold()
        predicted = predictions.order[:, 0]
        right = predicted == self.oof_targets[self.countable]
        return Evidence(predictions.ids, predictions.confidence.astype(np.float64), predicted, right)


def fit_head(
    kind: Kind,
    ids: Int64,
    blocks: Sequence[Block],
    labels: Sequence[str],
    groups: Int64 | None = None,
    spec: HeadSpec | None = None,
    *,
    seed: int = 0,
    countable: NDArray[np.bool_] | None = None,
    progress: Progress = no_progress,
) -> TrainedHead:
    """Return a trained head of the labelled items `ids` int64[n] with `labels` of n.

    `groups` int64[n] are near-duplicates, never apart in cross-fitting; `countable` bool[n] says which items may
    calibrate (default all). Raises NotEnoughLabels for none, EmbedkitError for a vector that is not finite.
    """
    spec = spec or HeadSpec()
    ids = _checked(kind, ids, blocks, labels)
    aligned = align(ids, blocks)
    for block in aligned:
        check_finite(block)
    countable = np.ones(len(ids), dtype=bool) if countable is None else np.asarray(countable, dtype=bool)
    groups = np.arange(len(ids)) if groups is None else np.asarray(groups, dtype=np.int64)
    task = task_of(kind, aligned, labels, groups, spec, seed, progress)
    with threadpool_limits(1 if len(ids) <= ONE_THREAD_UP_TO else None, "blas"):
        head, logits, trials = fit_task(task)
    known = ((task.folds >= 0) | (kind == "zeroshot")) & (task.targets >= 0)
    counted = known & countable
    if spec.keyword_weights:
        head, logits = with_words(head, logits, task, counted)
    calibration = _calibrated(kind, logits[counted], task.targets[counted])
    head = head.named(f"{kind}-{_digest(head, ids[known], logits[known])}")
    alone = each_alone(aligned, trials, task.targets, task.folds, countable)
    return TrainedHead(
        head,
        calibration,
        ids[known],
        logits[known].astype(np.float32),
        task.targets[known],
        countable[known],
        _notes(task, labels),
        tuple(one.of(known) for one in alone),
    )


def _checked(kind: Kind, ids: Int64, blocks: Sequence[Block], labels: Sequence[str]) -> Int64:
    """Return the ids as int64[n]; raises for labels of another number, no block, and nothing to learn from."""
    ids = np.asarray(ids, dtype=np.int64)
    if len(ids) != len(labels):
        raise ValueError(f"{len(ids)} items, {len(labels)} labels")
    if not blocks:
        raise Misuse("a head needs at least one space", "name one, for instance keywords")
    if len(ids) == 0 and kind != "zeroshot":
        raise NotEnoughLabels(f"no labelled items to train a {kind} on", "label some, or use the zero-shot head")
    return ids


def _calibrated(kind: Kind, logits: NDArray[np.floating], targets: Int64) -> Calibration:
    calibration = fit_temperature(logits, targets, "none" if kind == "zeroshot" else "out-of-fold")
    if kind == "zeroshot" and len(targets):
        return replace(calibration, split="labelled items, none of which shaped the head")
    return calibration


def _digest(head: AnyHead, oof_ids: Int64, oof_logits: NDArray[np.floating]) -> str:
    """Return eight digits that name a head: what it is, and what its calibration and evidence stand on."""
    arrays, config = head.state()
    arrays = {**arrays, "oof.ids": oof_ids, "oof.logits": oof_logits.astype(np.float32)}
    digest = hashlib.sha256(repr((head.classes, head.spaces, sorted(config.items()))).encode())
    for name in sorted(arrays):
        digest.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()[:8]


def _some(names: Sequence[str], most: int = 10) -> str:
    """Return names in a row, those beyond the first few as a number."""
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _notes(task: Task, labels: Sequence[str]) -> tuple[str, ...]:
    """Return what a person should know about these labels, a sentence each."""
    targets, folds, classes = task.targets, task.folds, task.classes
    notes = []
    stray = sorted({label for label, target in zip(labels, targets, strict=True) if target < 0})
    if stray:
        notes.append(f"the head has no class for: {_some(stray)}")
    if len(classes) == 1:
        notes.append(f"there is one category only, {classes[0]!r}: the head always says it, and has learnt nothing")
    alone = [classes[c] for c in range(len(classes)) if (targets == c).any() and not (folds[targets == c] >= 0).any()]
    if alone and task.kind != "zeroshot":
        notes.append(
            f"{len(alone)} categories have a single listing (or near-copies of one), so how well they are recognised "
            f"cannot be measured: {_some(alone)}"
        )
    empty = int((~has_anything(task.blocks)).sum()) if len(targets) else 0
    if empty:
        have = "1 labelled listing has" if empty == 1 else f"{empty:,} labelled listings have"
        notes.append(f"{have} nothing of what this head reads")
    return tuple(notes)
