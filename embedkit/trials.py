"""What one process of the comparison does: encode with one tower, or fit and test one scenario's head."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embedkit.blocks import GRAMS, KEYWORDS, TITLE, load_block
from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.text import tokenize
from embedkit.encoding import Encoded, Opening, Tower, device_of, encode, rehearse
from embedkit.errors import PictureError
from embedkit.ground import Ground
from embedkit.heads.crossval import cross_validate
from embedkit.heads.promise import PromisePolicy, decide
from embedkit.heads.train import HeadSpec, Kind, TrainedHead, fit_head
from embedkit.heads.zeroshot import ZeroShotHead, class_prompts, zero_shot_head
from embedkit.indexing import features_of
from embedkit.intake import Intake
from embedkit.metrics import Share, accuracy
from embedkit.stores import items, runs
from embedkit.stores.items import StoredItem
from embedkit.stores.spaces import SpaceRecord
from embedkit.study.comparison import Repeat, Tried
from embedkit.types import Block, Encoder, EncoderSpec, Int64, Item, Progress, Say
from embedkit.workspace import Workspace

SAMPLE = 192
"""So many contents fill the stream of batches that is worked on at once: from there on memory grows no more."""
SEEDS_APART = 1000


@dataclass(frozen=True)
class TowerTask:
    """Give these listings, ids int64[n], vectors of one tower."""

    root: Path
    run_id: int
    ids: Int64
    opening: Opening
    batch: int


@dataclass(frozen=True)
class TowerDone:
    """The encoder as it was opened, what it encoded, and what a sample took if that was too little to judge by."""

    spec: EncoderSpec
    device: str
    encoded: Encoded
    rehearsed: Encoded | None


def encode_tower(task: TowerTask, say: Say, progress: Progress) -> TowerDone:
    """Return what encoding took, reading the weights not included; the vectors are stored as `embedkit index` does.

    A picture that is no longer what was indexed gets none, and is no failure of the workspace.
    """
    workspace = Workspace(task.root)
    with workspace.database().connect(read_only=True) as connection:
        current = items.load_items(connection, task.ids)
        catalogue = runs.last_catalogue(connection)
        stored = items.load_stored(connection) if task.opening.modality == "image" else {}
    assert catalogue is not None
    pictures = PictureSource(Path(catalogue.source), Path(catalogue.images) if catalogue.images else None)
    if task.opening.modality == "image":
        current = _as_indexed(current, stored, pictures, say)
    tower = Tower(task.opening)
    encoder = tower.open()
    taken = Intake(task.run_id, current, pictures, "", {}, 0)
    encoded = encode(workspace, taken, tower, task.batch, say, progress)
    enough = min(SAMPLE, encoded.present + encoded.encoded)
    rehearsed = rehearse(taken, tower, SAMPLE, task.batch, progress) if encoded.encoded < enough else None
    return TowerDone(encoder.spec, device_of(encoder), encoded, rehearsed)


def _as_indexed(current: list[Item], stored: Mapping[str, StoredItem], pictures: PictureSource, say: Say) -> list[Item]:
    """Return the items, without the picture of those whose file is gone or has changed since it was indexed."""
    same = [_same_picture(one, stored[one.key], pictures) for one in current]
    if lost := same.count(False):
        say(f"{lost:,} pictures are no longer as they were indexed and are left out: run embedkit index again")
    return [one if kept else replace(one, image_sha256=None) for one, kept in zip(current, same, strict=True)]


def _same_picture(item: Item, was: StoredItem, pictures: PictureSource) -> bool:
    if item.image_sha256 is None or item.picture is None:
        return True
    try:
        status = pictures.stat(item.picture)
        if status is not None and status == (was.row.picture_size, was.row.picture_mtime_ns):
            return True  # as git does
        return hashlib.sha256(pictures.read(item.picture)).digest() == item.image_sha256
    except (PictureError, OSError):
        return False


@dataclass(frozen=True)
class Terms:
    """What is the same for every scenario: the ground, the promise, and how heads are fitted and cross-validated."""

    root: Path
    ground: Ground
    promise: float = 0.98
    folds: int = 5
    cv: int | None = None
    repeats: int = 1


@dataclass(frozen=True)
class HeadTask:
    """Fit and test a head of this kind on these spaces and, with `keywords`, on the listings' words.

    `names` opens the tower that reads the categories' names, for a zero-shot head.
    """

    terms: Terms
    kind: Kind
    spaces: tuple[SpaceRecord, ...]
    keywords: bool = False
    keyword_weights: Mapping[str, Mapping[str, float]] | None = None
    names: Opening | None = None


def try_head(task: HeadTask, say: Say, progress: Progress) -> Tried:
    """Return what the head says of the listings kept aside; nothing is stored."""
    ground, seed = task.terms.ground, task.terms.ground.seed
    workspace = Workspace(task.terms.root)
    with workspace.database().connect(read_only=True) as connection:
        current = items.load_items(connection, ground.ids)
    blocks: list[Block] = [features_of(workspace, record, current) for record in task.spaces]
    names = task.names.open() if task.names is not None else None
    tokenize("")  # the tokenizer is loaded before the clock starts, as encoders are
    started = time.perf_counter()
    blocks += [load_block(workspace, name, (), current) for name in (KEYWORDS, TITLE) if task.keywords]
    words_s, started = time.perf_counter() - started, time.perf_counter()
    spec = HeadSpec(
        folds=task.terms.folds,
        grams=GRAMS,
        keyword_weights=task.keyword_weights,
        zero_shot=_zero_shot(task, names) if names is not None else None,
    )
    trained = fit_head(
        task.kind,
        ground.ids[ground.train],
        blocks,
        ground.labels_of(ground.train),
        ground.groups[ground.train],
        spec,
        seed=seed,
        countable=ground.countable[ground.train],
        progress=progress,
    )
    train_s, started = time.perf_counter() - started, time.perf_counter()
    said = trained.predict(ground.ids[ground.test], blocks)
    predict_s = time.perf_counter() - started
    tested = len(said.ids) > 0
    decisions = decide(trained.evidence(), said, PromisePolicy(task.terms.promise)) if tested else None
    return Tried(
        labels=said.label,
        confidence=said.confidence.astype(np.float64),
        accepted=decisions.accept if decisions else np.zeros(0, dtype=bool),
        coverage=decisions.coverage if decisions else float("nan"),
        seen=_seen(trained, ground, blocks),
        words_s=words_s,
        train_s=train_s,
        predict_s=predict_s,
        repeats=tuple(_repeat(task, blocks, spec, number, progress) for number in range(_repeats(task.terms))),
        notes=trained.notes,
    )


def _zero_shot(task: HeadTask, encoder: Encoder) -> ZeroShotHead:
    """Return the head whose classes are the categories' names."""
    classes = tuple(sorted(set(task.terms.ground.labels)))
    embeddings = [encoder.encode(prompts) for prompts in class_prompts(classes)]
    return zero_shot_head(classes, embeddings, [record.space for record in task.spaces])


def _seen(trained: TrainedHead, ground: Ground, blocks: Sequence[Block]) -> Share:
    """Return the accuracy on the training listings, as the head itself sees them."""
    ids = ground.ids[ground.train]
    logits = trained.head.logits(*(block.take(ids, missing="zero") for block in blocks))
    return accuracy([trained.head.classes[column] for column in logits.argmax(axis=1)], ground.labels_of(ground.train))


def _repeats(terms: Terms) -> int:
    return terms.repeats if terms.cv else 0


def _repeat(task: HeadTask, blocks: Sequence[Block], spec: HeadSpec, number: int, progress: Progress) -> Repeat:
    """Return one cross-validation; its folds follow from the ground and the number, not from the scenario."""
    ground = task.terms.ground
    crossed = cross_validate(
        task.kind,
        ground.ids,
        blocks,
        ground.labels,
        ground.groups,
        spec,
        k=task.terms.cv or 2,
        seed=ground.seed + SEEDS_APART * number,
        countable=ground.countable,
        progress=partial(_numbered, progress, number + 1),
    )
    right: NDArray[np.bool_] = np.array(
        [said == true for said, true in zip(crossed.predicted, crossed.truth, strict=True)], dtype=bool
    )
    return Repeat(crossed.accuracy, crossed.macro_f1, crossed.ece, right)


def _numbered(progress: Progress, number: int, what: str, done: int, total: int) -> None:
    progress(f"{what}, repeat {number}", done, total)
