"""What people answered, listing by listing; every version of it; and the new categories that they propose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from embedkit.stores import answers, items
from embedkit.stores.database import Connection
from embedkit.types import Answer
from embedkit.verdicts import reasons_drawn
from embedkit.workspace import Workspace


def run(workspace: Workspace) -> list[dict[str, Any]]:
    """Return a row for each listing that has an answer: who gave it, when, to which task, and what the catalogue says.

    lead_time_s is what all who judged it took together, None where that is not known.
    """
    workspace.require()
    with workspace.database().connect(read_only=True) as connection:
        answered = answers.load_answers(connection)
        listings = _listings(connection)
    return [_answered(row, listings[item_id]) for item_id, row in answered.items()]


def versions(workspace: Workspace) -> list[dict[str, Any]]:
    """Return a row for each version of each annotation, skipped and retracted ones too, by listing and time."""
    workspace.require()
    with workspace.database().connect(read_only=True) as connection:
        said = answers.load_versions(connection)
        drawn = reasons_drawn(connection)
        listings = _listings(connection)
    return [
        {
            **listings[one.item_id],
            "label": one.label,
            "state": one.state,
            "who": one.who,
            "when": one.updated_at,
            "drawn_by": drawn.by(one.item_id, one.batch_id),
            "flags": list(one.flags),
            "new_category": one.new_category,
            "comment": one.comment,
            "origin": one.origin,
            "lead_time_s": one.lead_time_s,
            "source": one.source,
            "task": one.task_id,
            "annotation": one.annotation_id,
            "batch": one.batch_id,
            "head": one.head_id,
        }
        for one in said
    ]


def proposed(workspace: Workspace) -> list[dict[str, Any]]:
    """Return a row for each new category that people propose, the most wanted first.

    Names that differ only in case or spaces are one, called as it was first written.
    """
    workspace.require()
    with workspace.database().connect(read_only=True) as connection:
        said = [one for one in answers.load_annotations(connection) if one.new_category and one.state != "skipped"]
        listings = _listings(connection)
    groups: dict[str, list[Answer]] = defaultdict(list)
    for one in sorted(said, key=lambda one: one.updated_at):
        groups[" ".join(str(one.new_category).casefold().split())].append(one)
    rows = []
    for group in groups.values():
        ids = list(dict.fromkeys(one.item_id for one in group))
        rows.append(
            {
                "proposed": " ".join(str(group[0].new_category).split()),
                "listings": len(ids),
                "people": len({one.who for one in group}),
                "who": sorted({one.who for one in group}),
                "keys": [listings[item_id]["key"] for item_id in ids],
                "last": max(one.updated_at for one in group),
            }
        )
    return sorted(rows, key=lambda row: (-row["listings"], row["proposed"]))


def _answered(row: answers.AnswerRow, listing: Mapping[str, Any]) -> dict[str, Any]:
    details: Mapping[str, Any] = row.details
    votes = details.get("votes", 1)
    voices = details.get("by", [])
    return {
        "key": listing["key"],
        "label": row.label,
        "who": row.who,
        "when": row.when,
        "drawn_by": row.drawn_by,
        "agreement": f"{details.get('agreed', votes)} of {votes}",
        "flags": list(details.get("flags", [])),
        "comment": "\n".join(details.get("comments", [])),
        "near_duplicate": answers.SETTLED_WITH in details,
        "source": row.source,
        "lead_time_s": details.get("lead_time_s"),
        "batch": details.get("batch"),
        "head": details.get("head"),
        "task": list(dict.fromkeys(one["task"] for one in voices)),
        "annotation": [one["annotation_id"] for one in voices],
        "title": listing["title"],
        "catalogue_category": listing["catalogue_category"],
    }


def _listings(connection: Connection) -> dict[int, dict[str, Any]]:
    """Return what tells a listing, by item: also of one that is gone from the catalogue, for its answer is not."""
    return {
        item_id: {"key": one.key, "title": one.title, "catalogue_category": " > ".join(one.category)}
        for item_id, one in items.load_known(connection).items()
    }
