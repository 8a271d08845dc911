"""The review queue: which listings a person should see, in what order, and the named reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from embedkit.types import Predictions, ReviewPolicy


@dataclass(frozen=True)
class Queued:
    """One listing of the queue. `drawn_by` says why it is there, for good: an audit must stay a uniform sample."""

    item_id: int
    position: int
    score: float
    reasons: tuple[str, ...]
    drawn_by: Literal["doubt", "audit"]


def draw_queue(
    predictions: Predictions, accepted: NDArray[np.bool_], policy: ReviewPolicy, rng: np.random.Generator
) -> list[Queued]:
    """Return at most `policy.budget` listings, the least confident first, with their reasons.

    The audit part is a uniform sample of *all* listings, accepted or not, so that accuracy can be estimated from it
    without bias; the rest are the listings not accepted, least confident first.
    """
    count = len(predictions.ids)
    audit_size = min(round(policy.budget * policy.audit_share), count)
    audited = rng.choice(count, size=audit_size, replace=False)
    is_audited = np.zeros(count, dtype=bool)
    is_audited[audited] = True
    doubtful = np.flatnonzero(~accepted & ~is_audited)
    doubtful = doubtful[np.argsort(predictions.confidence[doubtful], kind="stable")]
    rows = np.concatenate([audited, doubtful[: max(policy.budget - audit_size, 0)]])
    rows = rows[np.argsort(predictions.confidence[rows], kind="stable")]
    return [
        Queued(
            item_id=int(predictions.ids[row]),
            position=position,
            score=float(predictions.confidence[row]),
            reasons=tuple(
                reason for reason, holds in (("doubt", not accepted[row]), ("audit", is_audited[row])) if holds
            ),
            drawn_by="audit" if is_audited[row] else "doubt",
        )
        for position, row in enumerate(rows)
    ]
