"""What ran when, with which models and heads: the diary of a workspace as tables."""

from __future__ import annotations

from typing import Any

from embedkit.standing import head_in_use
from embedkit.stores import judgements, runs, spaces
from embedkit.stores.runs import Run
from embedkit.studies import Rows
from embedkit.workspace import Workspace


def run_rows(workspace: Workspace) -> Rows:
    """Return a row for each run, oldest first; `seconds` and `exit_code` are None for one that did not end."""
    with workspace.database().connect(read_only=True) as connection:
        found = runs.load_runs(connection)
    return [
        {
            "run_id": one.run_id,
            "verb": one.verb,
            "started_at": one.started_at.isoformat(),
            "seconds": (one.finished_at - one.started_at).total_seconds() if one.finished_at else None,
            "exit_code": one.exit_code,
            "version": one.version,
            "what": _what(one),
        }
        for one in found
    ]


def _what(one: Run) -> str:
    """Return what a run made or read, by name; empty where it has none."""
    summary: dict[str, Any] = one.summary or {}
    if "head_id" in summary or "head" in summary:
        return str(summary.get("head_id") or summary.get("head") or "")
    if "encoders" in summary:
        return ", ".join(dict.fromkeys(made["name"] for made in summary["encoders"]))
    return str(one.args.get("head_id") or "")


def model_rows(workspace: Workspace) -> Rows:
    """Return a row for each tower that made vectors here: its weights by the first eight digits of their sha256."""
    with workspace.database().connect(read_only=True) as connection:
        records = spaces.load_spaces(connection)
    return [
        {
            "space": record.space,
            "name": record.spec.name,
            "modality": record.spec.modality,
            "dim": record.spec.dim,
            "variant": record.spec.variant,
            "precision": record.spec.precision,
            "weights": record.spec.weights_sha256[:8],
            "device": record.device,
            "vectors": len(workspace.vectors().present(record.space)),
        }
        for record in records
    ]


def head_rows(workspace: Workspace) -> Rows:
    """Return a row for each trained head, oldest first."""
    with workspace.database().connect(read_only=True) as connection:
        heads, in_use = judgements.load_heads(connection), head_in_use(connection)
    return [
        {
            "head": head.head_id,
            "in_use": head.head_id == in_use,
            "kind": head.kind,
            "features": head.metrics.get("features"),
            "classes": len(head.classes),
            "test_accuracy": head.metrics.get("test_accuracy"),
            "test_low": head.metrics.get("test_low"),
            "test_high": head.metrics.get("test_high"),
            "test_n": head.metrics.get("test_n"),
            "created_at": head.created_at.isoformat() if head.created_at else None,
        }
        for head in heads
    ]
