"""Fit a head on the catalogue's categories, calibrate it, test it on listings kept aside, and store it."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from embedkit.blocks import KEYWORDS, load_block, resolve, short_name
from embedkit.encoding import opening_of
from embedkit.errors import EmbedkitError, Misuse, NotEnoughLabels
from embedkit.heads.crossval import CrossValidation, cross_validate
from embedkit.heads.promise import PromisePolicy, decide
from embedkit.heads.splits import assign_splits, near_duplicate_groups
from embedkit.heads.state import head_state
from embedkit.heads.train import HeadSpec, Kind, TrainedHead, fit_head
from embedkit.heads.zeroshot import ZeroShotHead, class_prompts, zero_shot_head
from embedkit.indexing import near_pairs
from embedkit.metrics import Share, accuracy, ece, macro_f1, per_class
from embedkit.stores import headfile, items, judgements, lock, runs, spaces
from embedkit.types import Block, Features, Int64, Item, Predictions, Progress, Say
from embedkit.workspace import Workspace


@dataclass(frozen=True)
class TrainSpec:
    """What kind of head, on which blocks, of which level, and how it is tested."""

    kind: Kind = "probe"
    features: tuple[str, ...] = ()
    category_depth: int | None = None
    test_share: float = 0.2
    folds: int = 5
    cv: int | None = None
    balanced: bool = False
    prototypes: int = 1
    keyword_weights: Path | None = None
    descriptions: Path | None = None
    seed: int = 0


@dataclass(frozen=True)
class Trained:
    """One row on the head, one a class, and the head's name."""

    head_id: str
    row: dict[str, Any]
    per_class: list[dict[str, Any]]


@dataclass(frozen=True)
class Ground:
    """What a head is trained on: labelled items, their blocks, groups of near-duplicates, and who tests."""

    ids: Int64
    labels: tuple[str, ...]
    blocks: tuple[Block, ...]
    groups: Int64
    train: np.ndarray[Any, np.dtype[np.bool_]]
    depth: int
    records: tuple[spaces.SpaceRecord, ...]


def run(workspace: Workspace, spec: TrainSpec, say: Say, progress: Progress) -> Trained:
    """Return how the new head does; its file and its row are written last.

    Raises NotEnoughLabels without labelled items, Misuse for features that are not there.
    """
    workspace.require()
    with lock.hold(workspace.lock, "train"):
        workspace.database().migrate()
        with workspace.database().connect(read_only=False) as connection:
            run_id = runs.begin_run(connection, "train", vars(spec))
        ground = _ground(workspace, spec, run_id, progress)
        sides = f"{int(ground.train.sum()):,} train, {int((~ground.train).sum()):,} test"
        say(f"{spec.kind} on {', '.join(_names(ground))}: {len(ground.ids):,} labelled listings, {sides}")
        head_spec = _head_spec(workspace, spec, ground)
        started = time.monotonic()
        trained = fit_head(
            spec.kind,
            ground.ids[ground.train],
            ground.blocks,
            [label for label, train in zip(ground.labels, ground.train, strict=True) if train],
            ground.groups[ground.train],
            head_spec,
            seed=spec.seed,
            progress=progress,
        )
        seconds = time.monotonic() - started
        for note in trained.notes:
            say(f"note: {note}")
        crossed = _crossed(spec, ground, head_spec, progress)
        result = _judged(trained, ground, seconds, crossed)
        _store(workspace, trained, spec, ground, result, run_id)
    return result


def _ground(workspace: Workspace, spec: TrainSpec, run_id: int, progress: Progress) -> Ground:
    """Return the labelled items with their blocks, and record which of them test."""
    with workspace.database().connect(read_only=True) as connection:
        current = items.load_items(connection)
        records = tuple(spaces.load_spaces(connection))
        catalogue = runs.last_catalogue(connection)
        indexed = runs.load_runs(connection, "index")
        split = judgements.load_split(connection)
    depth = spec.category_depth or int((catalogue.columns if catalogue else {}).get("category_depth", 1))
    labelled = [item for item in current if item.category]
    if not labelled:
        raise NotEnoughLabels(
            "no listing here has a category", "Name the column: embedkit index CATALOG --column category=NAME"
        )
    names = spec.features or _default_features(spec.kind, indexed)
    wanted = [name if name == KEYWORDS else resolve(name, records).space for name in names]
    if spec.keyword_weights and KEYWORDS not in wanted and spec.kind != "prototype":
        wanted.append(KEYWORDS)
    blocks = tuple(load_block(workspace, name, records, current) for name in dict.fromkeys(wanted))
    ids = np.array([item.item_id for item in labelled], dtype=np.int64)
    labels = tuple(str(item.category_at(depth)) for item in labelled)
    groups = _groups(workspace, labelled, records)
    train = _sides(labelled, labels, groups, spec, split)
    with workspace.database().connect(read_only=False) as connection:
        judgements.record_split(connection, run_id, judgements.Split(ids, train, groups, spec.seed))
    return Ground(ids, labels, blocks, groups, train, depth, records)


def _default_features(kind: Kind, indexed: Sequence[runs.Run]) -> tuple[str, ...]:
    """Return the spaces of the newest finished index run; a probe reads keywords too, zero-shot only CLIP."""
    made = next((run.summary["encoders"] for run in reversed(indexed) if run.summary), [])
    names = tuple(one["space"] for one in made if kind != "zeroshot" or "densenet" not in one["name"])
    return (*names, KEYWORDS) if kind == "probe" else names


def _groups(workspace: Workspace, labelled: list[Item], records: Sequence[spaces.SpaceRecord]) -> Int64:
    """Return each item's group of near-duplicates: same picture, same text, or almost the same picture vector."""
    ids = np.array([item.item_id for item in labelled], dtype=np.int64)
    same = [[item.image_sha256 for item in labelled], [item.text_sha256 for item in labelled]]
    return near_duplicate_groups(ids, same, near_pairs(workspace, labelled, records))


def _sides(
    labelled: list[Item], labels: Sequence[str], groups: Int64, spec: TrainSpec, split: judgements.Split | None
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return bool[n], who trains; with the same seed, an item stays on the side it was on."""
    earlier = {}
    if split is not None and split.seed == spec.seed:
        side_of = dict(zip(split.ids.tolist(), split.train.tolist(), strict=True))
        earlier = {
            item.key: "train" if side_of[item.item_id] else "test" for item in labelled if item.item_id in side_of
        }
        if abs(np.mean(~split.train) - spec.test_share) > 0.02:
            earlier = {}
    keys = [item.key for item in labelled]
    sides = assign_splits(keys, labels, groups, spec.test_share, spec.seed, earlier)  # type: ignore[arg-type]
    return np.array([side == "train" for side in sides])


def _head_spec(workspace: Workspace, spec: TrainSpec, ground: Ground) -> HeadSpec:
    weights = read_keyword_weights(spec.keyword_weights) if spec.keyword_weights else None
    made = HeadSpec(spec.balanced, spec.prototypes, spec.folds, keyword_weights=weights)
    return replace(made, zero_shot=_zero_shot(workspace, spec, ground)) if spec.kind == "zeroshot" else made


def _zero_shot(workspace: Workspace, spec: TrainSpec, ground: Ground) -> ZeroShotHead:
    """Return the head whose classes are the categories' names, encoded by the text tower of the blocks' family."""
    used = [record for record in ground.records for block in ground.blocks if block.space == record.space]
    families = {record.spec.family for record in used}
    towers = [r for r in ground.records if r.spec.family in families and r.spec.modality == "text"]
    if len(families) != 1 or not towers:
        raise Misuse(
            "a zero-shot head reads the spaces of one CLIP encoder", "For instance --features clip-image,clip-text"
        )
    with workspace.database().connect(read_only=True) as connection:
        encoder = opening_of(towers[-1].space, runs.load_runs(connection, "index")).open()
    described = json.loads(spec.descriptions.read_text(encoding="utf-8")) if spec.descriptions else None
    classes = tuple(sorted(set(ground.labels)))
    embeddings = [encoder.encode(prompts) for prompts in class_prompts(classes, described)]
    return zero_shot_head(classes, embeddings, [record.space for record in used])


def read_keyword_weights(path: Path) -> Mapping[str, Mapping[str, float]]:
    """Return category -> word -> weight from a JSON object of objects, or a CSV of category, word, weight.

    Raises Misuse naming the file and, in a CSV, the row.
    """
    if path.suffix.lower() == ".json":
        try:
            weights = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Misuse(f"{path} is not JSON: {error}") from error
        if not isinstance(weights, dict):
            raise Misuse(f"{path} is not an object of category, then word, then weight")
        return weights
    weights = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"category", "word", "weight"} <= set(reader.fieldnames or ()):
            raise Misuse(f"{path} has the columns {reader.fieldnames}; it needs category, word, weight")
        for number, row in enumerate(reader, 1):
            try:
                weights.setdefault(row["category"], {})[row["word"]] = float(row["weight"])
            except (TypeError, ValueError) as error:
                raise Misuse(f"{path}, row {number}: the weight {row['weight']!r} is not a number") from error
    return weights


def _crossed(spec: TrainSpec, ground: Ground, head_spec: HeadSpec, progress: Progress) -> CrossValidation | None:
    if spec.cv is None:
        return None
    return cross_validate(
        spec.kind,
        ground.ids,
        ground.blocks,
        ground.labels,
        ground.groups,
        head_spec,
        k=spec.cv,
        seed=spec.seed,
        progress=progress,
    )


def _judged(trained: TrainedHead, ground: Ground, seconds: float, crossed: CrossValidation | None) -> Trained:
    """Return the rows: accuracy on the listings trained on, and on those kept aside, which alone says how good it is."""
    test_ids = ground.ids[~ground.train]
    truth = [label for label, train in zip(ground.labels, ground.train, strict=True) if not train]
    predictions = trained.predict(test_ids, ground.blocks)
    right = np.array([label == true for label, true in zip(predictions.label, truth, strict=True)], dtype=bool)
    row: dict[str, Any] = {
        "head": trained.head.head_id,
        "features": ", ".join(_names(ground)),
        "classes": len(trained.head.classes),
        "train_accuracy": round(_seen(trained, ground).value, 4),
        **_shares("test", accuracy(predictions.label, truth)),
        "macro_f1": round(macro_f1(predictions.label, truth), 4) if truth else float("nan"),
        "ece_before": round(trained.calibration.ece_before, 4),
        "ece_after": round(trained.calibration.ece_after, 4),
        "test_ece": round(ece(predictions.confidence, right), 4) if truth else float("nan"),
        "coverage_at_0.98": round(_coverage(trained, predictions), 3),
        "seconds": round(seconds, 2),
    }
    if crossed is not None:
        row |= {"cv_folds": "groups kept whole", **_shares("cv", crossed.accuracy)}
    table = [
        {"category": s.name, "precision": s.precision, "recall": s.recall, "f1": s.f1, "support": s.support}
        for s in per_class(predictions.label, truth, trained.head.classes)
    ]
    return Trained(trained.head.head_id, row, table)


def _shares(name: str, share: Share) -> dict[str, Any]:
    interval = f"{share.low:.4f}-{share.high:.4f}"
    return {f"{name}_accuracy": round(share.value, 4), f"{name}_95%": interval, f"{name}_n": share.total}


def _seen(trained: TrainedHead, ground: Ground) -> Share:
    """Return the accuracy on the training listings, as the head itself sees them."""
    ids = ground.ids[ground.train]
    logits = trained.head.logits(*(block.take(ids, missing="zero") for block in ground.blocks))
    said = [trained.head.classes[column] for column in logits.argmax(axis=1)]
    return accuracy(said, [label for label, train in zip(ground.labels, ground.train, strict=True) if train])


def _coverage(trained: TrainedHead, predictions: Predictions) -> float:
    if not len(predictions.ids):
        return float("nan")
    return decide(trained.evidence(), predictions, PromisePolicy(0.98)).coverage


def _names(ground: Ground) -> list[str]:
    short = {record.space: short_name(record) for record in ground.records}
    return [short.get(block.space, block.space) for block in ground.blocks]


def _store(
    workspace: Workspace, trained: TrainedHead, spec: TrainSpec, ground: Ground, result: Trained, run_id: int
) -> None:
    arrays, config = head_state(trained)
    path = workspace.head_file(result.head_id)
    headfile.save_head(path, arrays, config)
    record = judgements.HeadRecord(
        head_id=result.head_id,
        kind=spec.kind,
        spaces=tuple(trained.head.spaces),
        classes=trained.head.classes,
        file=path.name,
        config=json.loads(runs.to_json(vars(spec))),
        metrics={**_finite(result.row), "per_class": result.per_class},
        calibration=_finite(asdict(trained.calibration)),
        depth=ground.depth,
        run_id=run_id,
    )
    with workspace.database().connect(read_only=False) as connection:
        known = {head.head_id for head in judgements.load_heads(connection)}
        if result.head_id not in known:
            judgements.record_head(connection, record)
        runs.finish_run(connection, run_id, 0, {"head_id": result.head_id, **_finite(result.row)})
    (workspace.reports / f"train-{run_id:05d}.json").write_text(
        json.dumps({**_finite(result.row), "per_class": result.per_class}, indent=2) + "\n", encoding="utf-8"
    )


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping with None for NaN, which JSON has not."""
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}
