"""Coloured shops whose listings people have looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedkit.annotation.labelling import codes
from embedkit.stages import import_labels, index, train
from embedkit.stores import answers, items, judgements, runs
from embedkit.stores.items import ItemRow
from embedkit.types import DrawnBy, Label, Report, no_progress
from embedkit.workspace import Workspace
from tests.worlds import Row, write_shop


def silent(line: str) -> None:
    """Take a line for people, and keep it to oneself."""


def indexed(workspace: Workspace, folder: Path, rows: Sequence[Row], **options: Any) -> None:
    """Index a shop of these rows."""
    spec = index.IndexSpec(write_shop(folder, rows), encoders=("colour",), **options)
    index.run(workspace, spec, silent, no_progress)


def listed(workspace: Workspace, rows: Sequence[Row]) -> None:
    """Make the listings those of these rows, without looking at any picture: what is read of people needs none."""
    workspace.create()
    workspace.database().create()
    listings = [
        ItemRow(row["sku"], row["title"], category=(row["category"],) if row["category"] else ()) for row in rows
    ]
    with workspace.database().connect(read_only=False) as connection:
        run_id = runs.begin_run(connection, "index", {})
        runs.record_catalogue(connection, run_id, runs.CatalogueRecord("shop.csv", None, {}, {}))
        items.commit_items(connection, run_id, items.plan_items(items.load_stored(connection), listings))
        runs.finish_run(connection, run_id, 0, {"encoders": []})


def fit(workspace: Workspace, **options: Any) -> train.Trained:
    """Train a head."""
    return train.run(workspace, train.TrainSpec(**options), silent, no_progress)


def ids_of(workspace: Workspace) -> dict[str, int]:
    """Return each listing's id by its key."""
    with workspace.database().connect(read_only=True) as connection:
        return {item.key: item.item_id for item in items.load_items(connection)}


def queue(
    workspace: Workspace,
    keys: Sequence[str],
    drawn_by: DrawnBy = "doubt",
    also: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Queue listings for people, and return the batch."""
    ids = ids_of(workspace)
    batch = [
        judgements.ReviewItem(
            ids[key], "probe-1", 0.5, (drawn_by,), drawn_by, tuple(ids[k] for k in (also or {}).get(key, ()))
        )
        for key in keys
    ]
    with workspace.database().connect(read_only=False) as connection:
        return judgements.record_review(connection, 1, batch)


def answer(workspace: Workspace, said: Mapping[str, str], drawn_by: DrawnBy = "doubt", who: str = "zoë") -> None:
    """Note what a person answered: a category by key; an empty one takes the answer back."""
    ids = ids_of(workspace)
    with workspace.database().connect(read_only=False) as connection:
        judgements.record_labels(connection, 1, [Label(ids[k], v, "annotator", drawn_by, who) for k, v in said.items()])


def kept_aside(workspace: Workspace) -> list[str]:
    """Return the keys of the listings that the newest split keeps aside."""
    with workspace.database().connect(read_only=True) as connection:
        split = judgements.load_split(connection)
    assert split is not None
    aside = set(split.ids[~split.train].tolist())
    return [key for key, item_id in ids_of(workspace).items() if item_id in aside]


def answered(workspace: Workspace) -> dict[str, answers.AnswerRow]:
    """Return what people agreed on, by key."""
    with workspace.database().connect(read_only=True) as connection:
        rows = answers.load_answers(connection)
    return {key: rows[item_id] for key, item_id in ids_of(workspace).items() if item_id in rows}


def said(number: int, category: str | None, who: int = 1, minute: int = 0, **more: Any) -> dict[str, Any]:
    """Return an annotation as Label Studio exports it; no category is a flagged one."""
    flags = [{"from_name": "flags", "to_name": "image", "type": "choices", "value": {"choices": ["needs_category"]}}]
    chosen = {"from_name": "category", "to_name": "image", "type": "choices", "origin": "manual"}
    result = [{**chosen, "value": {"choices": [codes([category])[category]]}}] if category else flags
    moment = f"2031-05-17T10:{minute:02d}:00.000000Z"
    made = {"id": number, "unique_id": f"u{number}", "completed_by": who, "result": result, "was_cancelled": False}
    return {**made, "created_at": moment, "updated_at": moment, "lead_time": 2.5, **more}


def typed(control: str, words: str) -> dict[str, Any]:
    """Return the part of an annotation that holds words."""
    return {"from_name": control, "to_name": "image", "type": "textarea", "value": {"text": [words]}}


@dataclass(frozen=True)
class Desk:
    """Where people answer about a workspace's listings: its tasks in a batch, exported as Label Studio would."""

    workspace: Workspace
    folder: Path
    batch_id: int = 1
    categories: tuple[str, ...] = ("red", "green", "blue")

    def task(self, key: str, *annotations: dict[str, Any], minute: int = 30, **more: Any) -> dict[str, Any]:
        """Return the task of a listing, last changed in this minute."""
        item_id = ids_of(self.workspace)[key]
        named = {code: name for name, code in codes(self.categories).items()}
        ours = {"item_id": item_id, "batch_id": self.batch_id, "head_id": "probe-1", "codes": named}
        return {
            "id": 100 + item_id,
            "data": {"item": str(item_id), "key": key, "title": f"Listing {key}"},
            "meta": {"embedkit": ours},
            "annotations": list(annotations),
            "drafts": [],
            "predictions": [7],
            "created_at": "2031-05-17T09:00:00.000000Z",
            "updated_at": f"2031-05-17T10:{minute:02d}:00.500000Z",
            **more,
        }

    def export(self, *tasks: dict[str, Any], name: str = "export.json") -> Path:
        """Return the file that the export of these tasks is in."""
        path = self.folder / name
        path.write_text(json.dumps(tasks, ensure_ascii=False), encoding="utf-8")
        return path

    def take_in(self, *tasks: dict[str, Any], name: str = "export.json") -> Report:
        """Import an export of these tasks."""
        spec = import_labels.ImportSpec((self.export(*tasks, name=name),))
        return import_labels.run(self.workspace, spec, None, silent, no_progress)
