"""Gather what a report says: how good and how sure the head in use is, its errors, what to review, what ran when."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit import __version__
from embedkit.blocks import KEYWORDS, TITLE, short_name
from embedkit.catalog.pictures import PictureSource
from embedkit.explain.listing import Explanation
from embedkit.explaining import open_scene
from embedkit.explanations import explain_listings
from embedkit.forecast import audit_estimate, reviews_for_a_point
from embedkit.gathered import Gathered
from embedkit.ground import Truths, load_truths
from embedkit.heads.train import TrainedHead
from embedkit.metrics import accuracy, ece, macro_f1
from embedkit.nearest import picture_of
from embedkit.past import head_rows, model_rows, run_rows
from embedkit.review import Judged, judge, survey_candidates
from embedkit.select import Standing
from embedkit.standing import find_head, head_in_use, load_trained
from embedkit.stores import answers, items, judgements, lock, runs
from embedkit.studies import Rows, Study, newest_study, write_study
from embedkit.study import projection, quality
from embedkit.types import Item, Progress, Say
from embedkit.waiting import waiting_rows
from embedkit.workspace import Workspace

MOST_ON_MAP = 3_000
SURE_AND_WRONG, UNSURE_AND_RIGHT = "sure and wrong", "unsure and right"
NEIGHBOURS = 2


@dataclass(frozen=True)
class ReportSpec:
    """What is promised, and how many listings are shown: of each kind of error, and of those to review first."""

    promise: float = 0.98
    gallery: int = 6
    review: int = 24
    seed: int = 0


@dataclass
class _Draft:
    """The report on its way: numbers, tables, and the explanations of the gallery."""

    numbers: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Rows] = field(default_factory=dict)
    explanations: dict[int, Explanation] = field(default_factory=dict)


@dataclass(frozen=True)
class _Known:
    """What a head says of the listings whose category is known: `rows` int64[n] are theirs in the judgement.

    unseen bool[n]: whom the head has not learnt from, or judged out of fold; tested bool[n]: who was kept aside.
    """

    rows: NDArray[np.int64]
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    unseen: NDArray[np.bool_]
    tested: NDArray[np.bool_]


def run(workspace: Workspace, spec: ReportSpec, say: Say, progress: Progress) -> Gathered:
    """Return what there is to say, and keep it as a study; without a head in use, what can be said without one."""
    workspace.require()
    started = time.monotonic()
    with lock.hold(workspace.lock, "report"):
        workspace.database().migrate()
        with workspace.database().connect(read_only=False) as connection:
            run_id = runs.begin_run(connection, "report", vars(spec))
            current = items.load_items(connection)
            catalogue = runs.last_catalogue(connection)
            in_use = head_in_use(connection)
        assert catalogue is not None
        draft = _Draft({"listings": len(current), "with_category": sum(bool(item.category) for item in current)})
        draft.tables |= {"models": model_rows(workspace), "heads": head_rows(workspace)}
        if in_use is None:
            say("no head is in use, so nothing is said about predictions; train one: embedkit train")
        else:
            _judge(workspace, in_use, spec, draft, say, progress)
        draft.numbers["seconds"] = round(time.monotonic() - started, 2)
        with workspace.database().connect(read_only=False) as connection:
            runs.finish_run(connection, run_id, 0, draft.numbers)
        draft.tables["runs"] = run_rows(workspace)
        write_study(workspace, Study("report", run_id, runs.now(), draft.numbers, draft.tables))
        study = newest_study(workspace, "report")
    assert study is not None
    pictures = PictureSource(Path(catalogue.source), Path(catalogue.images) if catalogue.images else None)
    return Gathered(
        catalogue=Path(catalogue.source).name,
        version=__version__,
        report=study,
        explore=newest_study(workspace, "explore"),
        compare=newest_study(workspace, "compare"),
        explanations=draft.explanations,
        picture=partial(_picture, {item.item_id: item for item in current}, pictures),
    )


def _picture(current: dict[int, Item], pictures: PictureSource, item_id: int) -> bytes | None:
    return picture_of(current[item_id], pictures) if item_id in current else None


def _judge(workspace: Workspace, head_id: str, spec: ReportSpec, draft: _Draft, say: Say, progress: Progress) -> None:
    """Add all that the head in use has to do with."""
    with workspace.database().connect(read_only=True) as connection:
        record = find_head(judgements.load_heads(connection), head_id)
        truths = load_truths(connection, record.depth)
        split = judgements.load_split(connection, record.run_id)
        answered = set(answers.load_answers(connection))
    trained = load_trained(workspace, record)
    judged = judge(workspace, trained, record, spec.promise)
    say(f"head {head_id}: {len(judged.items):,} listings, {len(truths.items):,} of them with a category")
    known = _known(trained, judged, truths, split)
    draft.numbers |= {
        "categories": len(trained.head.classes),
        "depth": record.depth,
        "head": head_id,
        "kind": record.kind,
        "promise": spec.promise,
        **_scores(known),
        **_decided(judged),
        **_audited(judged, truths),
        "answered": len(answered),
    }
    confidence = judged.predictions.confidence.astype(np.float64)
    still_open = ~np.isin(judged.predictions.ids, np.fromiter(answered, dtype=np.int64, count=len(answered)))
    draft.numbers["reviews_for_a_point"] = reviews_for_a_point(confidence[still_open], len(judged.items))
    draft.tables |= _quality(known) | {"thresholds": _thresholds(judged)}
    standing = survey_candidates(workspace, trained, record, judged)
    review, numbers = waiting_rows(workspace, judged, standing, spec.promise, spec.review, spec.seed)
    draft.tables["review"] = review
    draft.numbers |= numbers
    say(f"map of {min(MOST_ON_MAP, len(judged.items)):,} listings")
    draft.tables["map"] = _map(judged, standing, known, spec.seed)
    spaces = {record.space: short_name(record) for record in judged.records} | {KEYWORDS: KEYWORDS, TITLE: KEYWORDS}
    read = dict.fromkeys(spaces.get(space, space) for space in trained.head.spaces)
    draft.numbers |= {"map_spaces": ", ".join(read), "map_listings": len(draft.tables["map"]), "map_method": "t-SNE"}
    gallery = _gallery(judged, known, spec.gallery)
    draft.tables["gallery"] = gallery
    draft.explanations |= _explained(workspace, head_id, judged, gallery, say, progress)


def _known(trained: TrainedHead, judged: Judged, truths: Truths, split: judgements.Split | None) -> _Known:
    """Return the listings whose category is known, with what the head says of them."""
    row_of = {int(item_id): row for row, item_id in enumerate(judged.predictions.ids)}
    rows = np.array([row_of[int(item_id)] for item_id in truths.ids], dtype=np.int64)
    predicted = tuple(judged.predictions.label[row] for row in rows)
    learnt = split.ids[split.train] if split is not None else np.zeros(0, dtype=np.int64)
    seen = np.isin(truths.ids, learnt)
    return _Known(
        rows=rows,
        labels=truths.labels,
        predicted=predicted,
        confidence=judged.predictions.confidence[rows].astype(np.float64),
        right=np.array([one == true for one, true in zip(predicted, truths.labels, strict=True)], dtype=bool),
        unseen=~seen | trained.is_out_of_fold(truths.ids),
        tested=~seen & truths.countable,
    )


def _of(names: Sequence[str], chosen: NDArray[np.bool_]) -> list[str]:
    return [name for name, kept in zip(names, chosen, strict=True) if kept]


def _scores(known: _Known) -> dict[str, Any]:
    """Return how often the head is right on what was kept aside, with the 95 % interval, and how honest it is."""
    predicted, truth = _of(known.predicted, known.tested), _of(known.labels, known.tested)
    share = accuracy(predicted, truth)
    return {
        "tested": share.total,
        "right": share.right,
        "accuracy": share.value,
        "low": share.low,
        "high": share.high,
        "macro_f1": macro_f1(predicted, truth),
        "ece": ece(known.confidence[known.tested], known.right[known.tested]),
    }


def _quality(known: _Known) -> dict[str, Rows]:
    predicted, truth = _of(known.predicted, known.tested), _of(known.labels, known.tested)
    confidence, right = known.confidence[known.tested], known.right[known.tested]
    return {
        "per_class": quality.class_rows(predicted, truth),
        "confusion": quality.confusion_rows(predicted, truth),
        "coverage": quality.coverage_rows(confidence, right),
        "reliability": quality.reliability_rows(confidence, right),
    }


def _decided(judged: Judged) -> dict[str, Any]:
    decisions = judged.decisions
    accepted = int(decisions.accept.sum())
    return {
        "accepted": accepted,
        "review": len(decisions.ids) - accepted,
        "coverage": decisions.coverage,
        "risk": decisions.risk,
        "expected_precision": decisions.expected_precision,
    }


def _audited(judged: Judged, truths: Truths) -> dict[str, Any]:
    """Return how often the head is right, from the listings that were drawn at random and answered by people."""
    said = dict(zip(judged.predictions.ids.tolist(), judged.predictions.label, strict=True))
    rows = np.flatnonzero(truths.audited)
    right = np.array([said[int(truths.ids[row])] == truths.labels[row] for row in rows], dtype=bool)
    if not len(right):
        return {"audited": 0, "audit_accuracy": None, "audit_low": None, "audit_high": None}
    share = audit_estimate(right, len(judged.items))
    return {
        "audited": share.total,
        "audit_accuracy": share.value,
        "audit_low": share.low,
        "audit_high": share.high,
    }


def _thresholds(judged: Judged) -> Rows:
    """Return a row a category: what it takes to be accepted there, on what evidence, and how many were."""
    predicted, accept = judged.predictions.order[:, 0], judged.decisions.accept
    rows = []
    for column, name in enumerate(judged.predictions.classes):
        threshold, mine = judged.decisions.thresholds[name], predicted == column
        rows.append(
            {
                "category": name,
                "listings": int(mine.sum()),
                "accepted": int((mine & accept).sum()),
                "review": int((mine & ~accept).sum()),
                "threshold": threshold.value if np.isfinite(threshold.value) else None,
                "evidence": threshold.origin,
                "known": threshold.evidence,
                "wrong": threshold.wrong,
                "needed": threshold.needed,
            }
        )
    return rows


def _map(judged: Judged, standing: Standing, known: _Known, seed: int) -> Rows:
    """Return a row for each listing on the map; those without picture and text have no place on it."""
    label_of = dict(zip(known.rows.tolist(), known.labels, strict=True))
    outcome = {
        int(row): "right" if right else "wrong"
        for row, right, unseen in zip(known.rows, known.right, known.unseen, strict=True)
        if unseen
    }
    there = np.flatnonzero(np.abs(standing.vectors).sum(axis=1) > 0)
    strata = [label_of.get(int(row), "") for row in there]
    chosen = there[projection.stratified_sample(strata, MOST_ON_MAP, np.random.default_rng(seed))]
    points = projection.project(standing.vectors[chosen], seed)
    return [
        {
            "item_id": judged.items[row].item_id,
            "key": judged.items[row].key,
            "title": judged.items[row].title,
            "x": round(float(x), 4),
            "y": round(float(y), 4),
            "category": label_of.get(int(row)),
            "predicted": judged.predictions.label[row],
            "confidence": round(float(judged.predictions.confidence[row]), 4),
            "outcome": outcome.get(int(row), "unknown"),
        }
        for row, (x, y) in zip(chosen, points, strict=True)
    ]


def _gallery(judged: Judged, known: _Known, count: int) -> Rows:
    """Return the surest of the wrong and the least sure of the right listings, `count` of each, near-copies once."""
    wrong = np.flatnonzero(known.unseen & ~known.right)
    right = np.flatnonzero(known.unseen & known.right)
    chosen = [(SURE_AND_WRONG, i) for i in wrong[np.argsort(-known.confidence[wrong], kind="stable")][:count]]
    chosen += [(UNSURE_AND_RIGHT, i) for i in right[np.argsort(known.confidence[right], kind="stable")][:count]]
    predictions, rows = judged.predictions, []
    for kind, i in chosen:
        row = int(known.rows[i])
        second = int(predictions.order[row, 1]) if len(predictions.classes) > 1 else None
        rows.append(
            {
                "kind": kind,
                "item_id": judged.items[row].item_id,
                "key": judged.items[row].key,
                "title": judged.items[row].title,
                "known": known.labels[i],
                "predicted": known.predicted[i],
                "confidence": float(known.confidence[i]),
                "second": predictions.classes[second] if second is not None else None,
                "second_probability": float(predictions.probs[row, second]) if second is not None else None,
            }
        )
    return rows


def _explained(
    workspace: Workspace, head_id: str, judged: Judged, gallery: Rows, say: Say, progress: Progress
) -> dict[int, Explanation]:
    """Return why each listing of the gallery went where it did, beside where it is filed or the next likeliest."""
    if not gallery:
        return {}
    scene = open_scene(workspace, head_id, ())
    item_of = {item.item_id: item for item in judged.items}
    chosen = [item_of[row["item_id"]] for row in gallery]
    beside = {}
    for row in gallery:
        wrong = row["known"] != row["predicted"] and row["known"] in scene.trained.head.classes
        other = row["known"] if wrong else row["second"]
        beside[row["item_id"]] = tuple(name for name in (row["predicted"], other) if name is not None)
    said = explain_listings(scene, chosen, beside, NEIGHBOURS, say, progress)
    return {item.item_id: one for item, one in zip(chosen, said, strict=True)}
