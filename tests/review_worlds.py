"""Coloured shops whose listings people have looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from embedkit.stages import index, train
from embedkit.stores import answers, items, judgements
from embedkit.types import DrawnBy, Label, no_progress
from embedkit.workspace import Workspace
from tests.worlds import Row, write_shop


def silent(line: str) -> None:
    """Take a line for people, and keep it to oneself."""


def indexed(workspace: Workspace, folder: Path, rows: Sequence[Row], **options: Any) -> None:
    """Index a shop of these rows."""
    spec = index.IndexSpec(write_shop(folder, rows), encoders=("colour",), **options)
    index.run(workspace, spec, silent, no_progress)


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
