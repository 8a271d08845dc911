"""Batches of listings for people: the newest that still waits for answers, or a new one."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from embedkit.errors import EmbedkitError
from embedkit.review import draw_review, settled
from embedkit.select import Standing
from embedkit.stores import answers, items, judgements
from embedkit.stores.database import Connection
from embedkit.types import ReviewPolicy
from embedkit.workspace import Workspace


@dataclass(frozen=True)
class Batch:
    """The listings of a batch that people are to be asked about, of how many, and whether it was drawn just now."""

    batch_id: int
    waiting: tuple[judgements.ReviewItem, ...]
    drawn: bool
    size: int


def newest(workspace: Workspace, gone: Set[str] = frozenset()) -> Batch | None:
    """Return the newest batch if a listing of it waits to be asked about, else None.

    What an earlier batch has brought out, to a place that is not `gone`, is answered there.
    """
    with workspace.database().connect(read_only=True) as connection:
        reviewed = answers.load_reviewed(connection)
        if not reviewed:
            return None
        batch_id = reviewed[-1].batch_id
        batch = [one.item for one in reviewed if one.batch_id == batch_id]
        waiting = _waiting(connection, batch_id, batch, gone)
    return Batch(batch_id, waiting, False, len(batch)) if waiting else None


def draw(workspace: Workspace, standing: Standing, policy: ReviewPolicy, head_id: str, run_id: int) -> Batch:
    """Return a new batch, recorded before anything of it is sent: whatever breaks, the same goes out next time.

    A listing that the audit drew and that is out or answered already is in it, and nobody is asked again.
    """
    with workspace.database().connect(read_only=True) as connection:
        drawn_before = judgements.count_batches(connection)
    queue = draw_review(standing, policy, drawn_before, head_id)
    asked = {int(item_id) for item_id in standing.ids[standing.open]}
    waiting = tuple(one for one in queue if one.item_id in asked)
    if not waiting:
        raise EmbedkitError(
            "there is no listing left to ask people about: all are accepted, out, or answered",
            "Take in what was answered: embedkit import-labels. A higher --promise finds more to ask about.",
        )
    with workspace.database().connect(read_only=False) as connection:
        batch_id = judgements.record_review(connection, run_id, queue)
    return Batch(batch_id, waiting, True, len(queue))


def _waiting(
    connection: Connection, batch_id: int, batch: list[judgements.ReviewItem], gone: Set[str]
) -> tuple[judgements.ReviewItem, ...]:
    """Return the items of a batch that are in the catalogue, not settled, and not out with an earlier batch."""
    there = {item.item_id for item in items.load_items(connection, [one.item_id for one in batch])}
    out = {
        task.item_id
        for task in answers.load_tasks(connection)
        if task.batch_id != batch_id and task.destination not in gone
    }
    left = there - settled(connection) - (out - set(answers.load_ties(connection)))
    return tuple(one for one in batch if one.item_id in left)
