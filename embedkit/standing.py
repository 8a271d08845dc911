"""Which head is in use, and the gate that a new one passes to take its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.blocks import KEYWORDS, TITLE, load_block
from embedkit.errors import EmbedkitError, Misuse, WorkspaceError
from embedkit.ground import load_truths
from embedkit.heads.state import head_from_state
from embedkit.heads.train import TrainedHead
from embedkit.metrics import mcnemar
from embedkit.stores import headfile, judgements, promotions, spaces
from embedkit.stores.database import Connection
from embedkit.types import Int64, Item, Predictions
from embedkit.workspace import Workspace

BEYOND_CHANCE = 0.05
"""A fall that would come about so rarely by chance is taken for one."""


def head_in_use(connection: Connection) -> str | None:
    """Return the head promoted last; before any promotion the one trained last; None if none was to come into use."""
    return promotions.promoted(connection) or judgements.last_trained(connection)


def find_head(heads: Sequence[judgements.HeadRecord], head_id: str | None) -> judgements.HeadRecord:
    """Return the record of a head; raises Misuse for one that is not there, EmbedkitError where none is in use."""
    if not heads:
        raise EmbedkitError("no head has been trained here", "Train one: embedkit train")
    names = ", ".join(head.head_id for head in heads)
    if head_id is None:
        raise EmbedkitError("no head is in use", f"Take one into use: embedkit heads promote HEAD; heads: {names}")
    for head in heads:
        if head.head_id == head_id:
            return head
    raise Misuse(f"there is no head {head_id!r}", f"Heads: {names}")


def load_trained(workspace: Workspace, record: judgements.HeadRecord) -> TrainedHead:
    """Return a head from its file; raises WorkspaceError for a file that is missing or damaged."""
    return head_from_state(*headfile.load_head(workspace.heads / record.file))


@dataclass(frozen=True)
class ClassFall:
    """A category that a new head recognises less well; p_value holds for all categories looked at."""

    category: str
    items: int
    in_use_right: int
    new_right: int
    p_value: float


@dataclass(frozen=True)
class GateResult:
    """How a new head does beside the one in use, on listings that neither has learnt from.

    p_value: of "the new one is right as often", exact and one-sided. falls: categories that fall beyond chance.
    incomparable: why the two cannot be compared at all; empty where they can.
    """

    new: str
    in_use: str
    items: int = 0
    audited: int = 0
    new_right: int = 0
    in_use_right: int = 0
    p_value: float = 1.0
    falls: tuple[ClassFall, ...] = ()
    incomparable: str = ""

    @property
    def passed(self) -> bool:
        """Whether the new head does not do worse."""
        return not self.incomparable and self.p_value >= BEYOND_CHANCE and not self.falls

    @property
    def why(self) -> str:
        """The result in words."""
        if self.incomparable:
            return f"it cannot be compared with {self.in_use}, in use so far: {self.incomparable}"
        if not self.items:
            return f"no listing is kept aside or audited, so nothing tells {self.new} and {self.in_use} apart"
        audited = f" ({self.audited:,} of them audited)" if self.audited else ""
        right = f"{self.new} has {self.new_right:,} right, {self.in_use}, in use so far, {self.in_use_right:,}"
        fallen = [
            f"{fall.category!r} falls from {fall.in_use_right:,} to {fall.new_right:,} of {fall.items:,} right "
            f"(p = {fall.p_value:.2g})"
            for fall in self.falls
        ]
        return "; ".join([f"of {self.items:,} listings{audited} {right} (p = {self.p_value:.2g})", *fallen])

    @property
    def numbers(self) -> dict[str, Any]:
        """The result for programs."""
        return {**asdict(self), "passed": self.passed}


def compare_heads(workspace: Workspace, new: str, in_use: str) -> GateResult:
    """Return how two heads do on the audited listings and on those kept aside from training.

    A listing that a head was trained on is judged by its out-of-fold prediction; one that it was trained on without
    having any is left out.
    """
    with workspace.database().connect(read_only=True) as connection:
        heads = judgements.load_heads(connection)
        pair = [find_head(heads, head_id) for head_id in (in_use, new)]
        records = spaces.load_spaces(connection)
        truths = load_truths(connection, pair[1].depth)
        split = judgements.load_split(connection)
        learnt = [_learnt(connection, record) for record in pair]
    why = _incomparable(pair, records)
    if why:
        return GateResult(new, in_use, incomparable=why)
    try:
        trained = [load_trained(workspace, record) for record in pair]
    except WorkspaceError as error:
        return GateResult(new, in_use, incomparable=error.message)
    tested = split.ids[~split.train] if split is not None else np.zeros(0, dtype=np.int64)
    chosen = truths.audited | (truths.countable & np.isin(truths.ids, tested))
    for head, ids in zip(trained, learnt, strict=True):
        chosen &= head.is_out_of_fold(truths.ids) | ~np.isin(truths.ids, ids)
    rows = np.flatnonzero(chosen)
    current = [truths.items[row] for row in rows]
    labels = [truths.labels[row] for row in rows]
    before, after = (_right(workspace, head, current, labels, records) for head in trained)
    return GateResult(
        new,
        in_use,
        items=len(rows),
        audited=int(truths.audited[rows].sum()),
        new_right=int(after.sum()),
        in_use_right=int(before.sum()),
        p_value=mcnemar(before, after).fall,
        falls=_falls(before, after, labels),
    )


def predict(
    workspace: Workspace, trained: TrainedHead, current: list[Item], records: Sequence[spaces.SpaceRecord]
) -> Predictions:
    """Return what a head says of these items, in their order; out of fold for those it was trained on."""
    blocks = [load_block(workspace, space, records, current) for space in trained.head.spaces]
    return trained.predict(np.array([item.item_id for item in current], dtype=np.int64), blocks)


@dataclass(frozen=True)
class Standing:
    """What became of a head: why it is in use, or None where it is held back; and what the gate saw."""

    why: promotions.Why | None
    said: str
    gate: GateResult | None = None

    @property
    def held_back(self) -> bool:
        """Whether the gate kept the head out of use."""
        return self.why is None


def take_into_use(workspace: Workspace, head_id: str, run_id: int, *, force: bool = False) -> Standing:
    """Return what became of a head: it takes the place of the one in use if it passes the gate, or by force."""
    with workspace.database().connect(read_only=True) as connection:
        in_use, chosen = head_in_use(connection), promotions.promoted(connection)
    if head_id == chosen:
        return Standing("passed", "it was before")
    gate = compare_heads(workspace, head_id, in_use) if in_use is not None and in_use != head_id else None
    if gate is not None and not gate.passed and not force:
        return Standing(None, gate.why, gate)
    why: promotions.Why = "first" if gate is None else "passed" if gate.passed else "forced"
    numbers = gate.numbers if gate is not None else {}
    replaced = in_use if gate is not None else None
    with workspace.database().connect(read_only=False) as connection:
        promotions.promote(connection, promotions.Promotion(head_id, replaced, why, numbers, run_id))
    return Standing(why, gate.why if gate is not None else "it is the first", gate)


def _learnt(connection: Connection, record: judgements.HeadRecord) -> Int64:
    """Return the ids of the listings that a head was trained on; the categories of a zero-shot head shape nothing."""
    split = judgements.load_split(connection, record.run_id) if record.kind != "zeroshot" else None
    return split.ids[split.train] if split is not None else np.zeros(0, dtype=np.int64)


def _incomparable(pair: Sequence[judgements.HeadRecord], records: Sequence[spaces.SpaceRecord]) -> str:
    """Return why two heads cannot be compared; empty if they can."""
    in_use, new = pair
    if in_use.depth != new.depth:
        return f"one is of level {in_use.depth} of the categories, the other of level {new.depth}"
    known = {record.space for record in records} | {KEYWORDS, TITLE}
    for record in pair:
        missing = [space for space in record.spaces if space not in known]
        if missing:
            return f"{record.head_id} reads {', '.join(missing)}, which is not here"
    return ""


def _right(
    workspace: Workspace,
    trained: TrainedHead,
    current: list[Item],
    labels: Sequence[str],
    records: Sequence[spaces.SpaceRecord],
) -> NDArray[np.bool_]:
    """Return bool[n]: of which items a head names the category."""
    if not current:
        return np.zeros(0, dtype=bool)
    said = predict(workspace, trained, current, records).label
    return np.array([one == true for one, true in zip(said, labels, strict=True)], dtype=bool)


def _falls(before: NDArray[np.bool_], after: NDArray[np.bool_], labels: Sequence[str]) -> tuple[ClassFall, ...]:
    """Return the categories that fall beyond chance; each p-value is multiplied by their number (Bonferroni)."""
    names = np.asarray(labels, dtype=object)
    categories = sorted(set(labels))
    falls = []
    for category in categories:
        mine = names == category
        p_value = min(1.0, mcnemar(before[mine], after[mine]).fall * len(categories))
        if p_value < BEYOND_CHANCE:
            counts = (int(mine.sum()), int(before[mine].sum()), int(after[mine].sum()))
            falls.append(ClassFall(category, *counts, p_value))
    return tuple(falls)
