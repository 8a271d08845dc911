"""What people said of each listing together: one label an item, written anew where it changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast

import numpy as np

from embedkit.agreement import Consensus, Votes, consensus, krippendorff_alpha, pair_kappas, votes_of
from embedkit.returned import Categories
from embedkit.stores import answers, judgements
from embedkit.stores.database import Connection
from embedkit.types import Answer, DrawnBy, Label

OPENS: DrawnBy = "doubt"
"""Why an item was drawn of which that is not known: like one that was doubtful it proves nothing about the others."""


@dataclass(frozen=True)
class Settled:
    """How many listings got a label, another one, or lost theirs; how many are settled by a near-duplicate's answer.

    ties: the listings that people disagree about now. agreement: how far they agree, for programs.
    """

    labelled: int
    changed: int
    taken_back: int
    by_near_duplicate: int
    ties: int
    agreement: Mapping[str, Any]


class Verdict(NamedTuple):
    """A label as it is to be written, with all that stands behind it."""

    label: Label
    details: Mapping[str, Any]


@dataclass
class _Said:
    """What people say of one listing now, each person's newest word: categories, and what else they noted."""

    voices: list[Answer] = field(default_factory=list)

    @property
    def votes(self) -> list[Answer]:
        return [one for one in self.voices if one.state == "answered"]


class Drawn:
    """Why items were drawn, in which batch, and which near-duplicates they settle."""

    def __init__(self, reviewed: Sequence[answers.Reviewed]) -> None:
        self._reviewed = reviewed
        self._in_batch = {(one.batch_id, one.item.item_id): one.item.drawn_by for one in reviewed}
        self._last = {one.item.item_id: one.item.drawn_by for one in reviewed}

    def by(self, item_id: int, batch_id: int | None) -> DrawnBy:
        """Return why an item was drawn, in the batch that its answer belongs to, or else the last time."""
        found = self._in_batch.get((batch_id or -1, item_id), self._last.get(item_id, OPENS))
        return cast(DrawnBy, found)

    def near_duplicates(self, answered: Iterable[int]) -> list[tuple[int, int]]:
        """Return (near-duplicate, answered item) pairs, oldest batch first."""
        done = set(answered)
        return [
            (other, one.item.item_id) for one in self._reviewed if one.item.item_id in done for other in one.item.also
        ]


def reasons_drawn(connection: Connection) -> Drawn:
    """Return why the items of all batches were drawn."""
    return Drawn(answers.load_reviewed(connection))


def settle(connection: Connection, run_id: int) -> Settled:
    """Append a label for each item of which people now say something else together than before."""
    said = _newest_words(connection)
    votes = votes_of((item_id, one.who, str(one.label)) for item_id, now in said.items() for one in now.votes)
    drawn = reasons_drawn(connection)
    wanted: dict[int, Verdict] = {}
    for found in consensus(votes):
        wanted[found.item_id] = _verdict(found, said[found.item_id], drawn)
    own = {item_id for item_id, now in said.items() if any(one.state != "skipped" for one in now.voices)}
    for item_id, near in drawn.near_duplicates(item_id for item_id, one in wanted.items() if one.label.label):
        if item_id not in own:
            wanted[item_id] = _by_near_duplicate(item_id, wanted[near])
    before = answers.load_newest(connection)
    rows = [verdict for item_id, verdict in sorted(wanted.items()) if _differs(before.get(item_id), verdict)]
    rows += [_taken_back(row) for item_id, row in sorted(before.items()) if item_id not in wanted and _from_people(row)]
    judgements.record_labels(connection, run_id, [row.label for row in rows], [row.details for row in rows])
    had = {item_id: row.label for item_id, row in before.items()}
    now = [(row.label.label, had.get(row.label.item_id, "")) for row in rows]
    return Settled(
        labelled=sum(bool(label) and not was for label, was in now),
        changed=sum(bool(label) and bool(was) and label != was for label, was in now),
        taken_back=sum(bool(was) and not label for label, was in now),
        by_near_duplicate=sum(answers.SETTLED_WITH in row.details for row in rows),
        ties=len(answers.load_ties(connection)),
        agreement=_agreement(votes),
    )


def _newest_words(connection: Connection) -> dict[int, _Said]:
    """Return each person's newest annotation of each item; a category that is not known here is no vote."""
    categories = Categories.of(connection)
    newest: dict[tuple[int, str], Answer] = {}
    for one in answers.load_annotations(connection):
        label = categories.named(one)
        if one.state != "answered" or label is not None:
            newest[one.item_id, one.who] = replace(one, label=label)
    said: dict[int, _Said] = defaultdict(_Said)
    for (item_id, _), one in sorted(newest.items()):
        said[item_id].voices.append(one)
    return said


def _verdict(found: Consensus, said: _Said, drawn: Drawn) -> Verdict:
    """Return the label that an item's votes come to; an empty one, with what it is between, for a tie."""
    votes = said.votes
    agreeing = [one for one in votes if found.tie or one.label == found.label]
    last = max(votes, key=lambda one: one.updated_at)
    label = Label(
        item_id=found.item_id,
        label=found.label or "",
        source="annotator" if len(votes) == 1 else "consensus",
        drawn_by=drawn.by(found.item_id, last.batch_id),
        who=", ".join(one.who for one in agreeing),
        when=last.updated_at,
    )
    details: dict[str, Any] = {
        "votes": found.votes,
        "agreed": found.agreed,
        "certainty": round(found.certainty, 4),
        "batch": last.batch_id,
        "head": last.head_id,
        "lead_time_s": _sum(one.lead_time_s for one in votes),
        "flags": sorted({flag for one in said.voices for flag in one.flags}),
        "comments": [one.comment for one in said.voices if one.comment],
        "new_categories": [one.new_category for one in said.voices if one.new_category],
        "by": [_voice(one) for one in said.voices],
    }
    if found.tie:
        details[answers.TIE] = sorted({str(one.label) for one in votes})
    return Verdict(label, details)


def _voice(one: Answer) -> dict[str, Any]:
    """Return who said what, when, how long it took, and in which task it was."""
    return {
        "who": one.who,
        "state": one.state,
        "label": one.label,
        "when": one.updated_at,
        "lead_time_s": one.lead_time_s,
        "origin": one.origin,
        "source": one.source,
        "task": one.task_id,
        "annotation": one.annotation,
        "annotation_id": one.annotation_id,
        "batch": one.batch_id,
        "head": one.head_id,
    }


def _by_near_duplicate(item_id: int, verdict: Verdict) -> Verdict:
    """Return the verdict on a near-duplicate: the same label. It was not drawn itself, so it is no part of an audit."""
    said = verdict.label
    drawn_by = OPENS if said.drawn_by in ("audit", "seed") else said.drawn_by
    label = Label(item_id, said.label, said.source, drawn_by, said.who, said.when)
    return Verdict(label, {**verdict.details, answers.SETTLED_WITH: said.item_id})


def _differs(row: answers.AnswerRow | None, verdict: Verdict) -> bool:
    """Return whether a verdict says anything that the row does not; how certain it is changes with every answer."""
    said = verdict.label
    if row is None:
        return bool(said.label) or answers.TIE in verdict.details
    same = (row.label, row.source, row.drawn_by, row.who) == (said.label, said.source, said.drawn_by, said.who)
    before = {name: value for name, value in row.details.items() if name != "certainty"}
    return not same or before != {name: value for name, value in verdict.details.items() if name != "certainty"}


def _from_people(row: answers.AnswerRow) -> bool:
    """Return whether a row was made of annotations, and says something that can be taken back."""
    return "by" in row.details and (bool(row.label) or answers.TIE in row.details)


def _taken_back(row: answers.AnswerRow) -> Verdict:
    label = Label(row.item_id, "", cast(Any, row.source), cast(DrawnBy, row.drawn_by), row.who)
    return Verdict(label, {"taken_back": row.label})


def _sum(times: Iterable[float | None]) -> float | None:
    known = [one for one in times if one is not None]
    return round(sum(known), 3) if known else None


def _agreement(votes: Votes) -> dict[str, Any]:
    """Return how far people agree: Krippendorff's alpha, and Cohen's kappa of each two; None where it says nothing."""
    if not len(votes):
        return {"people": 0, "judged_by_several": 0, "alpha": None, "pairs": []}
    several = int((np.bincount(votes.item) > 1).sum())
    return {
        "people": len(votes.people),
        "judged_by_several": several,
        "alpha": _finite(krippendorff_alpha(votes)),
        "pairs": [{**pair._asdict(), "kappa": _finite(pair.kappa)} for pair in pair_kappas(votes)],
    }


def _finite(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None
