"""What a workspace holds, where the people's part of the work stands, and what failed."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from embedkit.blocks import short_name
from embedkit.errors import EmbedkitError
from embedkit.forecast import audit_estimate, reviews_for_a_point
from embedkit.ground import load_truths
from embedkit.standing import find_head, head_in_use, load_trained, predict
from embedkit.stores import answers, items, judgements, runs, spaces
from embedkit.types import Item
from embedkit.workspace import Workspace

COUNTED = ("queued", "out", "answered", "skipped", "agreed", "tied", "audit")


def run(workspace: Workspace) -> list[dict[str, Any]]:
    """Return rows of what, how many and more: listings, spaces, heads, predictions, batches, accuracy, failures."""
    workspace.require()
    with workspace.database().connect(read_only=True) as connection:
        current = items.load_items(connection)
        catalogue = runs.last_catalogue(connection)
        indexed = runs.load_runs(connection, "index")
        warning = runs.unfinished(connection)
        records = spaces.load_spaces(connection)
        indexes = {record.space: spaces.last_index(connection, record.space) for record in records}
        trained = judgements.load_heads(connection)
        in_use = head_in_use(connection) or ""
        suggested = judgements.load_predictions(connection, in_use)
        answered = answers.load_answers(connection)
        failed = runs.current_failures(connection)
    rows = [_row("listings", len(current), catalogue.source if catalogue else "")]
    rows.append(_row("with a picture", sum(item.image_sha256 is not None for item in current)))
    rows.append(_row("with a text", sum(item.text_sha256 is not None for item in current), _long_texts(indexed)))
    rows.append(_row("with a category", sum(bool(item.category) for item in current)))
    for record in records:
        index = indexes[record.space]
        kept = f"index {index.kind}, recall@10 {index.recall_at_10_vs_flat:.3f}" if index else "no index"
        count = len(workspace.vectors().present(record.space))
        rows.append(_row(f"vectors {short_name(record)}", count, f"{record.space}; {kept}"))
    rows.append(_row("heads", len(trained), f"in use {in_use}" if in_use else _without_head(len(trained))))
    if suggested:
        decided = Counter(one.decision for one in suggested)
        rows.append(_row("accepted", decided["accept"], f"by {in_use}"))
        rows.append(_row("for review", decided["review"]))
    rows.append(_row("answered", len(answered), "listings that people labelled: embedkit labels" if answered else ""))
    rows += [_row(f"batch {row['batch']}", row["queued"], _progress(row)) for row in batches(workspace)]
    rows += _accuracy(workspace, in_use, current)
    rows += _forecast(suggested, set(answered), len(current)) if in_use else []
    rows.append(_row("failed", len(failed), "embedkit status --failed" if failed else ""))
    return rows + ([_row("unfinished", 1, warning)] if warning else [])


def batches(workspace: Workspace) -> list[dict[str, Any]]:
    """Return a row for each batch: how many listings are queued, out, answered, skipped, agreed on, tied."""
    workspace.require()
    with workspace.database().connect(read_only=True) as connection:
        reviewed = answers.load_reviewed(connection)
        out = {(task.batch_id, task.item_id) for task in answers.load_tasks(connection)}
        said = answers.load_annotations(connection)
        agreed, ties = answers.load_answers(connection), answers.load_ties(connection)
    answered = {one.item_id for one in said if one.state != "skipped"} | set(agreed)
    skipped = {one.item_id for one in said} - answered
    rows: dict[int, dict[str, Any]] = {}
    for batch_id, one in reviewed:
        row = rows.setdefault(batch_id, {"batch": batch_id, **dict.fromkeys(COUNTED, 0)})
        member = (
            True,
            (batch_id, one.item_id) in out,
            one.item_id in answered,
            one.item_id in skipped,
            one.item_id in agreed,
            one.item_id in ties,
            one.drawn_by == "audit",
        )
        for name, holds in zip(COUNTED, member, strict=True):
            row[name] += holds
    return list(rows.values())


def failures(workspace: Workspace) -> list[dict[str, Any]]:
    """Return a row for each listing and thing that fails now, with the cause."""
    workspace.require()
    with workspace.database().connect(read_only=True) as connection:
        return [
            {
                "row": failure.row,
                "key": failure.key,
                "stage": failure.stage,
                "what": failure.subject,
                "value": failure.value,
                "cause": failure.cause,
            }
            for failure in runs.current_failures(connection)
        ]


def heads(workspace: Workspace) -> list[dict[str, Any]]:
    """Return a row for each trained head, newest last."""
    workspace.require()
    with workspace.database().connect(read_only=True) as connection:
        trained = judgements.load_heads(connection)
        in_use = head_in_use(connection)
    return [
        {
            "head": head.head_id,
            "in use": "yes" if head.head_id == in_use else "",
            "kind": head.kind,
            "features": head.metrics.get("features"),
            "classes": len(head.classes),
            "depth": head.depth,
            "train_accuracy": head.metrics.get("train_accuracy"),
            "test_accuracy": head.metrics.get("test_accuracy"),
            "test_low": head.metrics.get("test_low"),
            "test_high": head.metrics.get("test_high"),
            "seconds": head.metrics.get("seconds"),
            "created": head.created_at.strftime("%Y-%m-%d %H:%M:%S") if head.created_at else None,
        }
        for head in trained
    ]


def _progress(row: dict[str, Any]) -> str:
    """Return where a batch stands, in words."""
    return ", ".join(f"{name} {row[name]:,}" for name in COUNTED[1:] if row[name] or name in ("out", "answered"))


def _without_head(trained: int) -> str:
    return "none in use: embedkit heads promote HEAD" if trained else "none yet: embedkit train"


def _accuracy(workspace: Workspace, in_use: str, current: list[Item]) -> list[dict[str, Any]]:
    """Return a row on how often the head in use is right, from the listings that were drawn at random and answered."""
    if not in_use:
        return []
    with workspace.database().connect(read_only=True) as connection:
        record = find_head(judgements.load_heads(connection), in_use)
        truths = load_truths(connection, record.depth)
        records = spaces.load_spaces(connection)
        drawn = {one.item.item_id for one in answers.load_reviewed(connection) if one.item.drawn_by == "audit"}
    audited = np.flatnonzero(truths.audited)
    if not len(audited):
        return []
    chosen = [truths.items[row] for row in audited]
    try:
        said = predict(workspace, load_trained(workspace, record), chosen, records).label
    except EmbedkitError as error:
        return [_row("audited", len(audited), f"how often {in_use} is right cannot be said: {error.message}")]
    right = np.array([one == truths.labels[row] for one, row in zip(said, audited, strict=True)], dtype=bool)
    share = audit_estimate(right, len(current))
    of_drawn = f"of {len(drawn):,} drawn at random; " if len(drawn) > len(audited) else ""
    return [_row("audited", len(audited), f"{of_drawn}{in_use} is right for {share} of all listings")]


def _forecast(suggested: list[judgements.Suggestion], answered: set[int], listings: int) -> list[dict[str, Any]]:
    """Return a row on how many reviews would make the catalogue a point better, by what the head in use suggested."""
    if not suggested:
        return [_row("reviews to the next point", None, "known after: embedkit classify")]
    confidence = np.array([one.probs[0] for one in suggested if one.item_id not in answered], dtype=np.float64)
    if not len(confidence):
        return []
    reviews = reviews_for_a_point(confidence, listings)
    if reviews is None:
        return [_row("reviews to the next point", None, "what is open comes to less than a point of accuracy")]
    return [_row("reviews to the next point", reviews, "of accuracy, the most doubtful listings first")]


def _long_texts(indexed: list[runs.Run]) -> str:
    """Return how many texts CLIP cuts, as the newest finished index run counted them."""
    counted = next((run.summary.get("texts_cut") for run in reversed(indexed) if run.summary), None)
    return "" if counted is None else f"{counted:,} exceed CLIP's 77 tokens and are cut"


def _row(what: str, count: int | None, more: str = "") -> dict[str, Any]:
    return {"what": what, "count": count, "more": more}
