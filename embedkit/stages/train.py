"""Fit a head on what people answered and the catalogue says, test it on listings kept aside, and store it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from embedkit.blocks import GRAMS
from embedkit.catalog.category_files import read_descriptions, read_keyword_weights
from embedkit.encoding import opening_of
from embedkit.errors import GATE_NOT_MET, Misuse
from embedkit.ground import Ground, GroundSpec, survey
from embedkit.heads.crossval import CrossValidation, cross_validate
from embedkit.heads.promise import PromisePolicy, decide
from embedkit.heads.state import head_state
from embedkit.heads.train import HeadSpec, Kind, TrainedHead, fit_head
from embedkit.heads.zeroshot import ZeroShotHead, class_prompts, zero_shot_head
from embedkit.metrics import Share, accuracy, ece, macro_f1, per_class
from embedkit.standing import Standing, find_head, head_in_use, take_into_use
from embedkit.stores import headfile, judgements, lock, runs
from embedkit.types import Predictions, Progress, Say
from embedkit.workspace import Workspace


@dataclass(frozen=True)
class TrainSpec:
    """What kind of head, on which blocks, of which level, how it is tested, and whether it may come into use."""

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
    min_accuracy: float | None = None
    promote: bool = True


@dataclass(frozen=True)
class Trained:
    """One row on the head, one a class, the head's name, and what became of it; `held_back` says why, or nothing."""

    head_id: str
    row: dict[str, Any]
    per_class: list[dict[str, Any]]
    standing: Standing | None = None
    held_back: str = ""


def run(workspace: Workspace, spec: TrainSpec, say: Say, progress: Progress) -> Trained:
    """Return how the new head does and whether it came into use; a head that is held back is stored all the same.

    Raises NotEnoughLabels without labelled items, Misuse for features that are not there.
    """
    workspace.require()
    with lock.hold(workspace.lock, "train"):
        workspace.database().migrate()
        ground = survey(workspace, _ground_spec(spec))
        with workspace.database().connect(read_only=False) as connection:
            run_id = runs.begin_run(connection, "train", vars(spec))
            judgements.record_split(connection, run_id, ground.split)
            warning = runs.unfinished(connection)
        if warning:
            say(f"note: {warning}")
        sides = f"{int(ground.train.sum()):,} train, {int(ground.test.sum()):,} test"
        say(f"{spec.kind} on {', '.join(ground.names)}: {len(ground.ids):,} labelled listings, {sides}")
        head_spec = _head_spec(workspace, spec, ground)
        started = time.monotonic()
        trained = fit_head(
            spec.kind,
            ground.ids[ground.train],
            ground.blocks,
            ground.labels_of(ground.train),
            ground.groups[ground.train],
            head_spec,
            seed=spec.seed,
            countable=ground.countable[ground.train],
            progress=progress,
        )
        seconds = time.monotonic() - started
        for note in trained.notes:
            say(f"note: {note}")
        crossed = _crossed(spec, ground, head_spec, progress)
        result = _judged(trained, ground, seconds, crossed)
        _store(workspace, trained, spec, ground, result, run_id)
        result = _promoted(workspace, spec, result, run_id)
        _finish(workspace, result, run_id)
    if result.standing is not None and not result.standing.held_back:
        say(f"{result.head_id} is in use now: {result.standing.said}")
    return result


def next_spec(workspace: Workspace) -> TrainSpec:
    """Return how the head in use was trained, to train the next one; the defaults where none is in use."""
    workspace.require()
    with workspace.database().connect(read_only=True) as connection:
        heads, in_use = judgements.load_heads(connection), head_in_use(connection)
    if in_use is None:
        return TrainSpec()
    record = find_head(heads, in_use)
    known = {field.name for field in fields(TrainSpec)} - {"promote"}
    config = {name: value for name, value in record.config.items() if name in known}
    for name in ("keyword_weights", "descriptions"):
        config[name] = Path(config[name]) if config.get(name) else None
    return TrainSpec(**{**config, "features": tuple(config.get("features", ())), "category_depth": record.depth})


def _promoted(workspace: Workspace, spec: TrainSpec, result: Trained, run_id: int) -> Trained:
    """Return the result with what became of the head: held back by --min-accuracy or by the gate, or in use."""
    accuracy = result.row["test_accuracy"]
    if spec.min_accuracy is not None and not accuracy >= spec.min_accuracy:  # NaN, for no listing tested, meets no gate
        below = f"test accuracy {accuracy:.4f} is below --min-accuracy {spec.min_accuracy}"
        return replace(result, held_back=below)
    if not spec.promote:
        return result
    standing = take_into_use(workspace, result.head_id, run_id)
    return replace(result, standing=standing, held_back=standing.said if standing.held_back else "")


def _ground_spec(spec: TrainSpec) -> GroundSpec:
    """Return what the head stands on; a probe reads keywords unless told otherwise, zero-shot only what CLIP made."""
    return GroundSpec(
        features=spec.features,
        keywords=bool(spec.keyword_weights) or (spec.kind == "probe" and not spec.features),
        pictures_and_texts_of_one=spec.kind == "zeroshot",
        depth=spec.category_depth,
        test_share=spec.test_share,
        seed=spec.seed,
    )


def _head_spec(workspace: Workspace, spec: TrainSpec, ground: Ground) -> HeadSpec:
    return HeadSpec(
        balanced=spec.balanced,
        prototypes=spec.prototypes,
        folds=spec.folds,
        grams=GRAMS,
        keyword_weights=read_keyword_weights(spec.keyword_weights) if spec.keyword_weights else None,
        zero_shot=_zero_shot(workspace, spec, ground) if spec.kind == "zeroshot" else None,
    )


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
    described = read_descriptions(spec.descriptions) if spec.descriptions else None
    classes = tuple(sorted(set(ground.labels)))
    embeddings = [encoder.encode(prompts) for prompts in class_prompts(classes, described)]
    return zero_shot_head(classes, embeddings, [record.space for record in used])


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
        countable=ground.countable,
        progress=progress,
    )


def _judged(trained: TrainedHead, ground: Ground, seconds: float, crossed: CrossValidation | None) -> Trained:
    """Return the rows: accuracy on the listings trained on, and on those kept aside, which tells how good it is."""
    test_ids = ground.ids[ground.test]
    truth = ground.labels_of(ground.test)
    predictions = trained.predict(test_ids, ground.blocks)
    right = np.array([label == true for label, true in zip(predictions.label, truth, strict=True)], dtype=bool)
    row: dict[str, Any] = {
        "head": trained.head.head_id,
        "features": ", ".join(ground.names),
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
        row |= _shares("cv", crossed.accuracy)
    table = [
        {"category": s.name, "precision": s.precision, "recall": s.recall, "f1": s.f1, "support": s.support}
        for s in per_class(predictions.label, truth)
    ]
    return Trained(trained.head.head_id, row, table)


def _shares(name: str, share: Share) -> dict[str, Any]:
    """Return the share, the ends of its 95 % interval, and how many items it is of."""
    low, high = round(share.low, 4), round(share.high, 4)
    return {
        f"{name}_accuracy": round(share.value, 4),
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_n": share.total,
    }


def _seen(trained: TrainedHead, ground: Ground) -> Share:
    """Return the accuracy on the training listings, as the head itself sees them."""
    ids = ground.ids[ground.train]
    logits = trained.head.logits(*(block.take(ids, missing="zero") for block in ground.blocks))
    said = [trained.head.classes[column] for column in logits.argmax(axis=1)]
    return accuracy(said, ground.labels_of(ground.train))


def _coverage(trained: TrainedHead, predictions: Predictions) -> float:
    if not len(predictions.ids):
        return float("nan")
    return decide(trained.evidence(), predictions, PromisePolicy(0.98)).coverage


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


def _finish(workspace: Workspace, result: Trained, run_id: int) -> None:
    """Note how the run ended, and write its report."""
    gate = result.standing.gate.numbers if result.standing and result.standing.gate else None
    numbers = {**_finite(result.row), "held_back": result.held_back or None, "gate": gate}
    with workspace.database().connect(read_only=False) as connection:
        code = GATE_NOT_MET if result.held_back else 0
        runs.finish_run(connection, run_id, code, {"head_id": result.head_id, **numbers})
    (workspace.reports / f"train-{run_id:05d}.json").write_text(
        json.dumps({**numbers, "per_class": result.per_class}, indent=2) + "\n", encoding="utf-8"
    )


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the mapping with None for NaN, which JSON has not."""
    return {k: None if isinstance(v, float) and not np.isfinite(v) else v for k, v in row.items()}
