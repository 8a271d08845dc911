"""The listings that people should look at first, with the numbers behind each reason."""

from __future__ import annotations

from typing import Any

import numpy as np

from embedkit import batches
from embedkit.review import Judged, draw_review
from embedkit.select import Standing
from embedkit.stores import judgements
from embedkit.studies import Rows
from embedkit.types import ReviewPolicy
from embedkit.workspace import Workspace


def waiting_rows(
    workspace: Workspace, judged: Judged, standing: Standing, promise: float, most: int, seed: int
) -> tuple[Rows, dict[str, Any]]:
    """Return a row a listing, first come first, and the batch they are of and how many of it wait.

    They are what waits of the newest batch, or, where nothing waits (batch None), what a batch drawn now would hold.
    """
    batch = batches.newest(workspace)
    numbers: dict[str, Any]
    if batch is not None:
        queue, numbers = batch.waiting, {"batch": batch.batch_id, "waiting": len(batch.waiting)}
    else:
        with workspace.database().connect(read_only=True) as connection:
            before = judgements.count_batches(connection)
        policy = ReviewPolicy(promise, max(1, most), audit_share=0.0, seed=seed)
        drawn = draw_review(standing, policy, before, judged.predictions.head_id)
        queue, numbers = tuple(drawn), {"batch": None, "waiting": 0}
    row_of = {int(item_id): row for row, item_id in enumerate(standing.ids)}
    shown = [one for one in queue if one.item_id in row_of][:most]
    return [_row(place, one, judged, standing, row_of[one.item_id]) for place, one in enumerate(shown, 1)], numbers


def _row(place: int, queued: judgements.ReviewItem, judged: Judged, standing: Standing, row: int) -> dict[str, Any]:
    item, needed = judged.items[row], float(standing.needed[row])
    return {
        "position": place,
        "item_id": item.item_id,
        "key": item.key,
        "title": item.title,
        "given": _name(standing, int(standing.given[row])),
        "predicted": standing.classes[int(standing.predicted[row])],
        "confidence": float(standing.confidence[row]),
        "reasons": ", ".join(queued.reasons),
        "drawn_by": queued.drawn_by,
        "needed": needed if np.isfinite(needed) else None,
        "looks": _name(standing, int(standing.picture[row])),
        "looks_confidence": float(standing.picture_confidence[row]),
        "reads": _name(standing, int(standing.text[row])),
        "reads_confidence": float(standing.text_confidence[row]),
        "novelty": float(standing.novelty[row]),
    }


def _name(standing: Standing, column: int) -> str | None:
    return standing.classes[column] if column >= 0 else None
