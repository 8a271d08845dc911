"""Gather what a report says: how good and how sure the head in use is, its errors, what to review, what ran when."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from embedkit import __version__
from embedkit.blocks import KEYWORDS, TITLE, short_name
from embedkit.catalog.pictures import PictureSource
from embedkit.explain.listing import Explanation
from embedkit.explaining import open_scene
from embedkit.explanations import explain_listings
from embedkit.findings import (
    MOST_ON_MAP,
    audited,
    decided,
    gallery_rows,
    known_of,
    map_rows,
    quality_tables,
    scores,
    threshold_rows,
)
from embedkit.forecast import reviews_for_a_point
from embedkit.gathered import Gathered
from embedkit.ground import load_truths
from embedkit.nearest import picture_of
from embedkit.past import head_rows, model_rows, run_rows
from embedkit.review import Judged, judge, survey_candidates
from embedkit.standing import find_head, head_in_use, load_trained
from embedkit.stores import answers, items, judgements, lock, runs
from embedkit.studies import Rows, Study, newest_study, write_study
from embedkit.types import Item, Progress, Say
from embedkit.waiting import waiting_rows
from embedkit.workspace import Workspace

NEIGHBOURS = 2
USUAL_PROMISE = 0.98


@dataclass(frozen=True)
class ReportSpec:
    """What is promised, and how many listings are shown: of each kind of error, and of those to review first.

    No promise: that of the last classify run, 0.98 without one.
    """

    promise: float | None = None
    gallery: int = 6
    review: int = 24
    seed: int = 0


@dataclass
class _Draft:
    """The report on its way: numbers, tables, and the explanations of the gallery."""

    numbers: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, Rows] = field(default_factory=dict)
    explanations: dict[int, Explanation] = field(default_factory=dict)


def run(workspace: Workspace, spec: ReportSpec, say: Say, progress: Progress) -> Gathered:
    """Return what there is to say, and keep it as a study; without a head in use, what can be said without one."""
    workspace.require()
    started = time.monotonic()
    with lock.hold(workspace.lock, "report"):
        workspace.database().migrate()
        with workspace.database().connect(read_only=False) as connection:
            catalogue = runs.the_catalogue(connection)
            promise = spec.promise or _last_promise(runs.load_runs(connection, "classify"))
            run_id = runs.begin_run(connection, "report", vars(replace(spec, promise=promise)))
            current = items.load_items(connection)
            in_use = head_in_use(connection)
        draft = _Draft({"listings": len(current), "with_category": sum(bool(item.category) for item in current)})
        draft.tables |= {"models": model_rows(workspace), "heads": head_rows(workspace)}
        if in_use is None:
            say("no head is in use, so nothing is said about predictions; train one: embedkit train")
        else:
            _judge(workspace, in_use, promise, spec, draft, say, progress)
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


def _last_promise(classified: Sequence[runs.Run]) -> float:
    return next((float(one.args["promise"]) for one in reversed(classified) if one.finished_at), USUAL_PROMISE)


def _judge(
    workspace: Workspace,
    head_id: str,
    promise: float,
    spec: ReportSpec,
    draft: _Draft,
    say: Say,
    progress: Progress,
) -> None:
    """Add all that the head in use has to do with."""
    with workspace.database().connect(read_only=True) as connection:
        record = find_head(judgements.load_heads(connection), head_id)
        truths = load_truths(connection, record.depth)
        split = judgements.load_split(connection, record.run_id)
        answered = set(answers.load_answers(connection))
    trained = load_trained(workspace, record)
    judged = judge(workspace, trained, record, promise)
    say(f"head {head_id}: {len(judged.items):,} listings, {len(truths.items):,} of them with a category")
    known = known_of(trained, judged, truths, split)
    draft.numbers |= {
        "categories": len(trained.head.classes),
        "depth": record.depth,
        "head": head_id,
        "kind": record.kind,
        "promise": promise,
        **scores(known),
        **decided(judged),
        **audited(judged, truths),
        "answered": len(answered),
    }
    confidence = judged.predictions.confidence.astype(np.float64)
    still_open = ~np.isin(judged.predictions.ids, np.fromiter(answered, dtype=np.int64, count=len(answered)))
    draft.numbers["reviews_for_a_point"] = reviews_for_a_point(confidence[still_open], len(judged.items))
    draft.tables |= quality_tables(known) | {"thresholds": threshold_rows(judged)}
    standing = survey_candidates(workspace, trained, record, judged)
    review, numbers = waiting_rows(workspace, judged, standing, promise, spec.review, spec.seed)
    draft.tables["review"] = review
    draft.numbers |= numbers
    say(f"map of {min(MOST_ON_MAP, len(judged.items)):,} listings")
    draft.tables["map"] = map_rows(judged, standing, known, spec.seed)
    spaces = {record.space: short_name(record) for record in judged.records} | {KEYWORDS: KEYWORDS, TITLE: KEYWORDS}
    read = dict.fromkeys(spaces.get(space, space) for space in trained.head.spaces)
    draft.numbers |= {"map_spaces": ", ".join(read), "map_listings": len(draft.tables["map"]), "map_method": "t-SNE"}
    gallery = gallery_rows(judged, known, spec.gallery)
    draft.tables["gallery"] = gallery
    draft.explanations |= _explained(workspace, head_id, judged, gallery, say, progress)


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
