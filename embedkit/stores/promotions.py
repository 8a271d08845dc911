"""Rows about which head is in use: each promotion with what it was decided on, and what it replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from embedkit.stores.database import Connection, next_id
from embedkit.stores.runs import as_utc, now, to_json

Why = Literal["first", "passed", "forced", "rolled back"]


@dataclass(frozen=True)
class Promotion:
    """A head that came into use, in place of which, why, and the numbers that the gate saw."""

    head_id: str
    replaced: str | None
    why: Why
    gate: Mapping[str, Any] = field(default_factory=dict)
    run_id: int = 0
    made_at: datetime | None = None


def promote(connection: Connection, promotion: Promotion) -> None:
    """Append a promotion: its head is in use from now on."""
    connection.execute(
        "INSERT INTO promotions VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            next_id(connection, "promotions", "promotion_id"),
            promotion.head_id,
            promotion.replaced,
            promotion.why,
            to_json(promotion.gate),
            promotion.run_id,
            promotion.made_at or now(),
        ],
    )


def load_promotions(connection: Connection) -> list[Promotion]:
    """Return every promotion, oldest first."""
    rows = connection.execute(
        "SELECT head_id, replaced, why, gate, run_id, made_at AT TIME ZONE 'UTC' FROM promotions ORDER BY promotion_id"
    ).fetchall()
    return [
        Promotion(head_id, replaced, why, json.loads(gate), run_id, as_utc(made_at))
        for head_id, replaced, why, gate, run_id, made_at in rows
    ]


def promoted(connection: Connection) -> str | None:
    """Return the head that was promoted last, or None before the first promotion."""
    rows = connection.execute("SELECT head_id FROM promotions ORDER BY promotion_id DESC LIMIT 1").fetchall()
    return str(rows[0][0]) if rows else None


def before(promotions: list[Promotion]) -> str | None:
    """Return the head that was in use before the one that is now; taken back twice, it is the one before that."""
    stack: list[str] = []
    for promotion in promotions:
        if promotion.why == "rolled back":
            del stack[-1:]
            continue
        if not stack and promotion.replaced is not None:
            stack.append(promotion.replaced)
        stack.append(promotion.head_id)
    return stack[-2] if len(stack) > 1 else None
