"""Batches of listings for people: the newest that still waits for answers, or a new one."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from embedkit.errors import EmbedkitError
from embedkit.select import draw_queue
from embedkit.stores import answers, items, judgements
from embedkit.stores.database import Connection
from embedkit.types import Predictions, ReviewPolicy
from embedkit.workspace import Workspace


@dataclass(frozen=True)
class Batch:
    """The listings of a batch that wait for an answer, of how many, and whether it was drawn just now."""

    batch_id: int
    waiting: tuple[judgements.ReviewItem, ...]
    drawn: bool
    size: int


def newest(workspace: Workspace) -> Batch | None:
    """Return the newest batch if a listing of it waits for an answer, else None."""
    with workspace.database().connect(read_only=True) as connection:
        reviewed = answers.load_reviewed(connection)
        last = [one for one in reviewed if one.batch_id == reviewed[-1].batch_id]
        there = {item.item_id for item in items.load_items(connection, [one.item.item_id for one in last])}
        waiting = tuple(one.item for one in last if one.item.item_id in there - settled(connection))
    return Batch(last[0].batch_id, waiting, False, len(last)) if waiting else None


def settled(connection: Connection) -> set[int]:
    """Return the listings about which no more people need be asked: they agree, or said that nothing fits."""
    said = {one.item_id for one in answers.load_annotations(connection) if one.state in ("answered", "flagged")}
    return (said | set(answers.load_answers(connection))) - set(answers.load_ties(connection))


def draw(
    workspace: Workspace,
    record: judgements.HeadRecord,
    predictions: Predictions,
    policy: ReviewPolicy,
    run_id: int,
    gone: Set[str] = frozenset(),
) -> Batch:
    """Return a new batch, recorded before anything of it is sent: whatever breaks, the same goes out next time.

    Listings that are out are left out, unless they went to a place that is `gone`.
    """
    with workspace.database().connect(read_only=True) as connection:
        out = {task.item_id for task in answers.load_tasks(connection) if task.destination not in gone}
        taken = settled(connection) | out
    free = np.array([int(i) not in taken for i in predictions.ids], dtype=bool)
    open_ = Predictions(predictions.ids[free], predictions.probs[free], predictions.classes, predictions.head_id)
    queue = draw_queue(open_, np.zeros(int(free.sum()), dtype=bool), policy, np.random.default_rng(policy.seed))
    if not queue:
        raise EmbedkitError("there is no listing left to ask about: all are out or answered")
    waiting = [judgements.ReviewItem(q.item_id, record.head_id, q.score, q.reasons, q.drawn_by) for q in queue]
    with workspace.database().connect(read_only=False) as connection:
        batch_id = judgements.record_review(connection, run_id, waiting)
    return Batch(batch_id, tuple(waiting), True, len(waiting))
