"""What the pages show of one snapshot: read when it is first asked for, and kept as long as the snapshot is."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embedkit.catalog.pictures import PictureSource
from embedkit.errors import EmbedkitError
from embedkit.stores import answers, glance, items, judgements, promotions, runs, spaces
from embedkit.stores.database import Connection
from embedkit.studies import Study, newest_study
from embedkit.types import Int64, Item
from embedkit.workspace import Workspace

if TYPE_CHECKING:
    from embedkit.ground import Truths
    from embedkit.heads.promise import Evidence
    from embedkit.metrics import Share

Texts = NDArray[np.object_]
RIGHT, WRONG, UNKNOWN = "right", "wrong", "unknown"


@dataclass(frozen=True)
class Judgements:
    """What a head said of every listing in its newest run, in one order: ids int64[n] and columns of n.

    known: what people or the catalogue say, None for nothing; confidence float64[n] in [0, 1]; second and
    second_confidence: the category after the first, None and NaN where there is none; decision "accept" or "review";
    reason in the words of classify; asked: why people were asked about it, the newest batch that has it counts.
    """

    head_id: str
    ids: Int64
    keys: Texts
    titles: Texts
    known: Texts
    predicted: Texts
    confidence: NDArray[np.float64]
    second: Texts
    second_confidence: NDArray[np.float64]
    decision: Texts
    reason: Texts
    asked: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def outcome(self) -> Texts:
        """For each listing "right", "wrong" (people or the catalogue say otherwise) or "unknown"."""
        known = np.array([one is not None for one in self.known], dtype=bool)
        found = np.where(self.known == self.predicted, RIGHT, WRONG)
        return np.where(known, found, UNKNOWN).astype(object)


@dataclass(frozen=True)
class Front:
    """What is known of a workspace without looking at each listing; all of it is read at once.

    runs and heads: oldest first; predicting: the heads whose predictions are stored, that of the newest run first;
    decided: what became of the listings in that run, a row a category; failed: how many things fail now.
    """

    counts: glance.Counts
    runs: list[runs.Run]
    failed: int
    encoded: list[glance.Encoded]
    records: list[spaces.SpaceRecord]
    heads: list[judgements.HeadRecord]
    in_use: judgements.HeadRecord | None
    promotions: list[promotions.Promotion]
    predicting: list[str]
    decided: list[glance.Decided]


def _front(connection: Connection) -> Front:
    heads = judgements.load_heads(connection)
    head_id = promotions.promoted(connection) or judgements.last_trained(connection)
    predicting = glance.predicting_heads(connection)
    return Front(
        counts=glance.count_listings(connection),
        runs=runs.load_runs(connection),
        failed=len(runs.current_failures(connection)),
        encoded=glance.count_vectors(connection),
        records=spaces.load_spaces(connection),
        heads=heads,
        in_use=next((head for head in heads if head.head_id == head_id), None),
        promotions=promotions.load_promotions(connection),
        predicting=predicting,
        decided=glance.count_decisions(connection, predicting[0]) if predicting else [],
    )


class Reading:
    """Reads one snapshot, each thing once; what fails raises EmbedkitError, and is tried again when asked again."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._judgements: dict[str, Judgements] = {}
        self._truths: dict[int, Truths] = {}
        self._lock = threading.RLock()

    @cached_property
    def front(self) -> Front:
        """What the first page shows."""
        with self.workspace.database().connect(read_only=True) as connection:
            return _front(connection)

    @property
    def in_use(self) -> judgements.HeadRecord | None:
        """The head in use, None where there is none."""
        return self.front.in_use

    @cached_property
    def pictures(self) -> PictureSource:
        """Where the catalogue's pictures are read from."""
        with self.workspace.database().connect(read_only=True) as connection:
            catalogue = runs.last_catalogue(connection)
        if catalogue is None:
            raise EmbedkitError("no catalogue was read yet", "Read one: embedkit index CATALOGUE")
        return PictureSource(Path(catalogue.source), Path(catalogue.images) if catalogue.images else None)

    @cached_property
    def reviewed(self) -> list[answers.Reviewed]:
        """The listings that were queued for people, oldest batch first."""
        with self.workspace.database().connect(read_only=True) as connection:
            return answers.load_reviewed(connection)

    def study(self, verb: str) -> Study | None:
        """Return what the newest study of a verb found, None before the first; studies are files and never stale."""
        return newest_study(self.workspace, verb)

    def head(self, head_id: str) -> judgements.HeadRecord | None:
        """Return the record of a head, None for one that is not there."""
        return next((head for head in self.front.heads if head.head_id == head_id), None)

    def truths(self, depth: int) -> Truths:
        """Return the listings whose category is known down to a depth."""
        from embedkit.ground import load_truths  # brings faiss along, which the first page does without

        with self._lock:
            if depth not in self._truths:
                with self.workspace.database().connect(read_only=True) as connection:
                    self._truths[depth] = load_truths(connection, depth)
            return self._truths[depth]

    def known(self, depth: int) -> dict[int, str]:
        """Return the category that people or the catalogue say, by item."""
        truths = self.truths(depth)
        return dict(zip(truths.ids.tolist(), truths.labels, strict=True))

    def judgements(self, head_id: str) -> Judgements:
        """Return what a head said of every listing in its newest run."""
        with self._lock:
            if head_id not in self._judgements:
                self._judgements[head_id] = self._judged(head_id)
            return self._judgements[head_id]

    def _judged(self, head_id: str) -> Judgements:
        head = self.head(head_id)
        with self.workspace.database().connect(read_only=True) as connection:
            table = glance.load_judged(connection, head_id)
        texts = {
            name: np.array(table.column(name).to_pylist(), dtype=object)
            for name in ("key", "title", "predicted", "second", "decision", "reason")
        }
        ids = table.column("item_id").to_numpy()
        known = self.known(head.depth) if head is not None else {}
        asked = {one.item.item_id: tuple(one.item.reasons) for one in self.reviewed}
        return Judgements(
            head_id=head_id,
            ids=ids,
            keys=texts["key"],
            titles=texts["title"],
            known=np.array([known.get(item_id) for item_id in ids.tolist()], dtype=object),
            predicted=texts["predicted"],
            confidence=table.column("confidence").to_numpy().astype(np.float64),
            second=texts["second"],
            second_confidence=table.column("second_confidence").to_numpy(zero_copy_only=False).astype(np.float64),
            decision=texts["decision"],
            reason=texts["reason"],
            asked=tuple(asked.get(item_id, ()) for item_id in ids.tolist()),
        )

    def listing(self, key: str) -> Item | None:
        """Return the listing of a key, None where the catalogue has none."""
        with self.workspace.database().connect(read_only=True) as connection:
            item_id = items.find_key(connection, key)
            return items.load_items(connection, [item_id])[0] if item_id is not None else None

    def said(self, item_id: int) -> list[glance.Said]:
        """Return what each head said of one listing."""
        with self.workspace.database().connect(read_only=True) as connection:
            return glance.load_said(connection, item_id)

    def answer(self, item_id: int) -> answers.AnswerRow | None:
        """Return what people agreed on for one listing, None for nothing."""
        with self.workspace.database().connect(read_only=True) as connection:
            return answers.load_answers(connection).get(item_id)

    def first_keys(self, count: int) -> Sequence[tuple[str, str]]:
        """Return the keys and titles of the first listings."""
        with self.workspace.database().connect(read_only=True) as connection:
            return glance.first_keys(connection, count)

    @cached_property
    def evidence(self) -> Evidence:
        """What is known of how often the head in use is right; raises EmbedkitError without one or its file."""
        from embedkit.standing import find_head, load_trained

        head_id = self.in_use.head_id if self.in_use is not None else None
        return load_trained(self.workspace, find_head(self.front.heads, head_id)).evidence()

    @cached_property
    def audit(self) -> Share | None:
        """How often the head in use is right, from the listings drawn at random and answered; None without any."""
        from embedkit.forecast import audit_estimate
        from embedkit.standing import load_trained, predict

        head = self.in_use
        if head is None:
            return None
        truths = self.truths(head.depth)
        rows = np.flatnonzero(truths.audited)
        if not len(rows):
            return None
        said = predict(
            self.workspace, load_trained(self.workspace, head), [truths.items[r] for r in rows], self.front.records
        )
        right = np.array([a == truths.labels[row] for a, row in zip(said.label, rows, strict=True)], dtype=bool)
        return audit_estimate(right, self.front.counts.listings)


def accuracy_of(head: judgements.HeadRecord) -> dict[str, Any]:
    """Return a head's accuracy on the listings kept aside: value, low, high and n; empty where none was tested."""
    names = {"value": "test_accuracy", "low": "test_low", "high": "test_high", "n": "test_n"}
    found = {name: head.metrics.get(metric) for name, metric in names.items()}
    return found if found["value"] is not None and found["n"] else {}
