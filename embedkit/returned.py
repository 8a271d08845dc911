"""What came back from people: strangers' tasks sorted out, every version stored once, what was deleted taken back."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from embedkit.annotation.answers import NAMELESS
from embedkit.annotation.labelling import codes
from embedkit.stores import answers, items, judgements, runs
from embedkit.stores.database import Connection
from embedkit.types import Answer, Problem, TaskState

TICK = timedelta(microseconds=1)
TASK = re.compile(r"task (\d+)")


@dataclass(frozen=True)
class Returned:
    """What was read of a file or of a server's project. `whole`: all of it, not only what changed lately."""

    source: str
    answers: tuple[Answer, ...]
    tasks: tuple[TaskState, ...]
    problems: tuple[Problem, ...]
    whole: bool = True


@dataclass(frozen=True)
class Stored:
    """How many annotations were new, edited, taken back or there before; of the first two, skipped and flagged ones.

    absent: earlier annotations of this source whose task was not in what was read; they are kept.
    """

    new: int
    edited: int
    retracted: int
    unchanged: int
    skipped: int
    flagged: int
    absent: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Categories:
    """Every category that this workspace has a word for: the catalogue's, the heads', people's; and their codes."""

    names: frozenset[str]
    by_code: Mapping[str, str]

    @classmethod
    def of(cls, connection: Connection) -> Categories:
        """Return what this workspace knows now."""
        paths = items.load_categories(connection)
        names = {" > ".join(path[:depth]) for path in paths for depth in range(1, len(path) + 1)}
        names |= {name for head in judgements.load_heads(connection) for name in head.classes}
        names |= {answer.label for answer in answers.load_answers(connection).values()}
        return cls(frozenset(names), {code: name for name, code in codes(names).items()})

    def named(self, answer: Answer) -> str | None:
        """Return the category that was answered, by its name or by its code; None for one that is not known."""
        return answer.label if answer.label in self.names else self.by_code.get(answer.code or "")


def store(connection: Connection, run_id: int, returned: Returned) -> Stored:
    """Append what is new in what came back, and note what cannot be used."""
    usable, problems = _sorted_out(connection, returned)
    before = answers.load_versions(connection)
    usable = _under_one_name(usable, before)
    known = {one.annotation for one in before if one.state != "retracted"}
    versions = {(one.annotation, judgements.moment(one.updated_at)) for one in before}
    current = answers.load_annotations(connection)
    gone = _deleted(current, returned.tasks)
    fresh = answers.record_annotations(connection, run_id, [*usable, *gone])
    changed = [one for one in fresh if (one.annotation, judgements.moment(one.updated_at)) not in versions]
    said = [one for one in changed if one.state != "retracted"]
    everything = (*returned.problems, *problems)
    _note(connection, run_id, returned, everything)
    seen = {(task.task_id, task.item_id) for task in returned.tasks}
    mine = [one for one in current if one.source == returned.source]
    return Stored(
        new=sum(one.annotation not in known for one in said),
        edited=sum(one.annotation in known for one in said),
        retracted=len(changed) - len(said),
        unchanged=len(usable) - len(said),
        skipped=sum(one.state == "skipped" for one in said),
        flagged=sum(one.state == "flagged" for one in said),
        absent=sum((one.task_id, one.item_id) not in seen for one in mine) if returned.whole else 0,
        problems=everything,
    )


def _sorted_out(connection: Connection, returned: Returned) -> tuple[list[Answer], list[Problem]]:
    """Return the answers about listings of this workspace, their categories by name, and what is wrong.

    What is wrong with an answer to a listing of ours is listed, and the answer is kept: a person gave it.
    """
    listings = items.load_known(connection)
    categories = Categories.of(connection)
    usable, problems = [], []
    for answer in returned.answers:
        listing = listings.get(answer.item_id)
        place = f"task {answer.task_id}, annotation {answer.annotation_id}"
        if listing is None or answer.key not in (None, listing.key):
            what = f"listing {answer.item_id}" if answer.key is None else answer.key
            problems.append(Problem(place, what, "there is no such listing here: the task is another workspace's"))
            continue
        named = replace(answer, label=categories.named(answer) or answer.label)
        usable.append(named)
        if named.state == "answered" and categories.named(named) is None:
            what = named.label or named.code or ""
            why = "there is no such category here; the answer is kept, and counts once there is"
            problems.append(Problem(place, what, why))
        elif listing.gone:
            why = "the listing is gone from the catalogue; the answer is kept, and counts when it comes back"
            problems.append(Problem(place, listing.key, why))
    return usable, problems


def _under_one_name(returned: Sequence[Answer], before: Iterable[Answer]) -> list[Answer]:
    """Return answers with each person by the address that is known here: a file has only people's numbers.

    Who a number of a file is, an annotation tells that came with the address before.
    """
    author = {one.annotation: one.who for one in before if not NAMELESS.fullmatch(one.who)}
    names: dict[str, set[str]] = defaultdict(set)
    for one in returned:
        if one.annotation in author:
            names[one.who].add(author[one.annotation])
    called = {who: next(iter(found)) for who, found in names.items() if len(found) == 1}
    return [
        replace(one, who=author.get(one.annotation) or called.get(one.who, one.who))
        if NAMELESS.fullmatch(one.who)
        else one
        for one in returned
    ]


def _deleted(current: Iterable[Answer], tasks: Iterable[TaskState]) -> list[Answer]:
    """Return the retraction of each annotation that its task no longer has.

    A task is the same one if its number and the moment of its making are. An annotation that is newer than the task's
    last change was made after this state was written down, so that its absence says nothing.
    """
    of_task: dict[tuple[int, int], list[Answer]] = defaultdict(list)
    for one in current:
        of_task[one.task_id, one.item_id].append(one)
    gone = []
    for task in tasks:
        made, changed = judgements.moment(task.created_at), judgements.moment(task.updated_at)
        for one in of_task[task.task_id, task.item_id]:
            same = one.task_created_at is not None and judgements.moment(one.task_created_at) == made
            said = judgements.moment(one.updated_at)
            if same and said <= changed and one.annotation not in task.annotations:
                gone.append(replace(one, state="retracted", updated_at=max(changed, said + TICK).isoformat()))
    return gone


def _note(connection: Connection, run_id: int, returned: Returned, problems: Iterable[Problem]) -> None:
    """Record problems that are not listed yet, and mend those whose task was read again without them."""
    now: Mapping[tuple[str, str], Problem] = {(one.where, one.value): one for one in problems}
    listed = {
        (failure.key, failure.value): failure
        for failure in runs.current_failures(connection)
        if failure.stage == "import" and failure.subject == returned.source
    }
    seen = {str(task.task_id) for task in returned.tasks}
    rows = [
        runs.Failure("import", returned.source, one.where, one.value, one.cause)
        for place, one in now.items()
        if place not in listed or listed[place].cause != one.cause
    ]
    rows += [
        failure._replace(cause=None)
        for place, failure in listed.items()
        if place not in now and (returned.whole or _number(failure.key) in seen)
    ]
    runs.record_failures(connection, run_id, rows)


def _number(where: str) -> str | None:
    match = TASK.match(where)
    return match[1] if match else None
