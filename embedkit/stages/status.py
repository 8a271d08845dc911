"""What a workspace holds, and what failed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from embedkit.blocks import short_name
from embedkit.stores import items, judgements, runs, spaces
from embedkit.workspace import Workspace


def run(workspace: Workspace) -> list[dict[str, Any]]:
    """Return rows of what, how many and more: listings, spaces and indexes, heads, predictions, the queue, failures."""
    workspace.require()
    with workspace.database().connect(read_only=True) as connection:
        current = items.load_items(connection)
        catalogue = runs.last_catalogue(connection)
        indexed = runs.load_runs(connection, "index")
        records = spaces.load_spaces(connection)
        indexes = {record.space: spaces.last_index(connection, record.space) for record in records}
        trained = judgements.load_heads(connection)
        newest = judgements.last_trained(connection) or ""
        suggested = judgements.load_predictions(connection, newest)
        queue = judgements.load_review(connection)
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
    rows.append(_row("heads", len(trained), f"newest {newest}" if newest else "none yet: embedkit train"))
    if suggested:
        decided = Counter(one.decision for one in suggested)
        rows.append(_row("accepted", decided["accept"], f"by {newest}"))
        rows.append(_row("for review", decided["review"]))
    rows.append(_row("queued", len(queue), "newest batch" if queue else ""))
    rows.append(_row("failed", len(failed), "embedkit status --failed" if failed else ""))
    return rows


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
        newest = judgements.last_trained(connection)
    return [
        {
            "head": head.head_id,
            "in use": "yes" if head.head_id == newest else "",
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


def _long_texts(indexed: list[runs.Run]) -> str:
    """Return how many texts CLIP cuts, as the newest finished index run counted them."""
    counted = next((run.summary.get("texts_cut") for run in reversed(indexed) if run.summary), None)
    return "" if counted is None else f"{counted:,} exceed CLIP's 77 tokens and are cut"


def _row(what: str, count: int, more: str = "") -> dict[str, Any]:
    return {"what": what, "count": count, "more": more}
