"""What people answered, from Label Studio's JSON export of tasks: a file, or what a server sends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from embedkit.annotation.documents import Element, read_elements
from embedkit.annotation.labelling import ANOTHER, CATEGORY, COMMENT, FLAG, NEW_CATEGORY, OTHER_CATEGORY
from embedkit.annotation.values import clean, mapping, plain, seconds, shown, text, when, whole
from embedkit.errors import EmbedkitError
from embedkit.types import Answer, Problem, TaskState

CHOOSE_JSON = "Export the project again in the format JSON, the first in Label Studio's list."
NAMELESS = re.compile(r"user \d+")
"""Who answered, where only the number of the person is known."""
FLAT_ROW = frozenset({"annotation_id", "annotator", "lead_time"})


@dataclass(frozen=True)
class Export:
    """The answers of an export, the tasks that it holds whole, and what could not be used.

    A task with an annotation that could not be read is not among `tasks`: of that task nothing can be told to be gone.
    """

    answers: tuple[Answer, ...]
    tasks: tuple[TaskState, ...]
    problems: tuple[Problem, ...]


class _Unusable(Exception):
    """A task or annotation that cannot be used, in words."""


def read_export(path: Path, source: str | None = None) -> Export:
    """Return what a file of Label Studio's JSON export says; what of it cannot be used is listed, the rest goes in.

    Raises EmbedkitError for a file that is no such export at all, or is damaged: then nothing of it is taken.
    """
    gathered = _Gathered(source or path.name)
    annotated = False
    for element in read_elements(path):
        _refuse_other_formats(path, element.value)
        annotated |= isinstance(element.value, dict) and "annotations" in element.value
        gathered.take(element)
    if gathered.taken and not annotated:
        raise EmbedkitError(
            f"{path} holds no annotations at all, not even empty lists: these are questions, not answers",
            "Import them in Label Studio, have them answered, and export the project as JSON.",
        )
    return gathered.export()


def read_tasks(tasks: Iterable[Any], source: str, people: Mapping[int, str] | None = None) -> Export:
    """Return what tasks say that a server sent; `people` are its users' addresses by number."""
    gathered = _Gathered(source, people or {})
    for task in tasks:
        gathered.take(Element(task, 0, ()))
    return gathered.export()


@dataclass
class _Gathered:
    """What the tasks so far said: of an annotation that stands there twice, the newer version."""

    source: str
    people: Mapping[int, str] = field(default_factory=dict)
    taken: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    tasks: dict[tuple[int, str], TaskState] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def export(self) -> Export:
        return Export(tuple(self.answers.values()), tuple(self.tasks.values()), tuple(self.problems))

    def take(self, element: Element) -> None:
        self.taken += 1
        try:
            state = _state(element)
            if state is not None:
                self._annotations(element.value, state)
        except _Unusable as error:
            self.problems.append(Problem(_place(self.taken, element), shown(element.value), str(error)))

    def _annotations(self, task: Mapping[str, Any], state: TaskState) -> None:
        keys, complete = set(), True
        for entry in task["annotations"]:
            try:
                answer = _answer(entry, state, task, self.source, self.people)
            except _Unusable as error:
                complete = False
                number = shown(entry["id"]) if isinstance(entry, dict) and "id" in entry else "without a number"
                place = f"task {state.task_id}, annotation {number}"
                self.problems.append(Problem(place, shown(task), str(error)))
                continue
            keys.add(answer.annotation)
            known = self.answers.get(answer.annotation)
            if known is None or known.updated_at < answer.updated_at:
                self.answers[answer.annotation] = answer
        if complete:
            before = self.tasks.get((state.task_id, state.created_at))
            both = keys | (before.annotations if before else frozenset())
            self.tasks[state.task_id, state.created_at] = replace(state, annotations=frozenset(both))


def _state(element: Element) -> TaskState | None:
    """Return a task, its annotations not looked at yet; None for a stranger's that nobody answered."""
    task = element.value
    if element.doubled:
        raise _Unusable(f"the key {element.doubled[0]!r} stands twice in one object")
    if not isinstance(task, dict):
        raise _Unusable("not a task: a task is a JSON object")
    data, annotations = task.get("data"), task.get("annotations")
    if not isinstance(data, dict) or not isinstance(annotations, list):
        raise _Unusable("not a task: it lacks its data or its list of annotations")
    item_id = whole(_ours(task).get("item_id"))
    if item_id is None:
        if not annotations:
            return None
        raise _Unusable("this task was not made by embedkit")
    if str(data.get("item", item_id)) != str(item_id):
        raise _Unusable(f"the task names two listings: {shown(data['item'])} and {item_id}")
    task_id, created_at = whole(task.get("id")), when(task.get("created_at"))
    if task_id is None or created_at is None:
        raise _Unusable("the task has no number, or does not say when it was made")
    return TaskState(task_id, item_id, created_at, when(task.get("updated_at")) or created_at, frozenset())


def _answer(entry: Any, state: TaskState, task: Mapping[str, Any], source: str, people: Mapping[int, str]) -> Answer:
    """Return one annotation as an answer; raises _Unusable with the cause."""
    if not isinstance(entry, dict):
        raise _Unusable("not an annotation: an annotation is a JSON object")
    number = whole(entry.get("id"))
    updated_at = when(entry.get("updated_at")) or when(entry.get("created_at"))
    if number is None or updated_at is None:
        raise _Unusable("the annotation has no number, or no time")
    result = entry.get("result")
    if not isinstance(result, list) or not all(isinstance(part, dict) for part in result):
        raise _Unusable("the annotation's result is no list of objects")
    skipped = bool(entry.get("was_cancelled"))
    # A skipped annotation carries the suggestion that stood there, which nobody chose.
    code, origin = (None, None) if skipped else _category(result)
    ours = _ours(task)
    return Answer(
        annotation=text(entry.get("unique_id")) or f"{source}#{number}",
        annotation_id=number,
        task_id=state.task_id,
        item_id=state.item_id,
        who=_who(entry.get("completed_by"), people),
        state="skipped" if skipped else "answered" if code is not None else "flagged",
        updated_at=updated_at,
        created_at=when(entry.get("created_at")) or updated_at,
        source=source,
        code=code,
        label=text(mapping(ours.get("codes")).get(code)) if code is not None else None,
        flags=tuple(_values(result, FLAG, "choices")),
        new_category="\n".join(_values(result, NEW_CATEGORY, "text")) or None,
        comment="\n".join(_values(result, COMMENT, "text")) or None,
        origin=origin,
        lead_time_s=seconds(entry.get("lead_time")),
        batch_id=whole(ours.get("batch_id")),
        head_id=text(ours.get("head_id")),
        result=tuple(plain(part) for part in result),
        key=text(task["data"].get("key")),
        task_created_at=state.created_at,
    )


def _category(result: list[dict[str, Any]]) -> tuple[str | None, str | None]:
    """Return the code that was chosen and where it comes from ("manual", "prediction", …); None for none chosen.

    What was found by search counts where the list's own choice says so.
    """
    listed, searched = _chosen(result, CATEGORY, "choices"), _chosen(result, OTHER_CATEGORY, "taxonomy")
    chosen = {code: origin for code, origin in listed.items() if code != ANOTHER} or searched
    if len(chosen) > 1:
        raise _Unusable(f"{len(chosen)} categories are chosen: {', '.join(chosen)}")
    return next(iter(chosen.items()), (None, None))


def _chosen(result: list[dict[str, Any]], control: str, kind: str) -> dict[str, str | None]:
    """Return the codes chosen in a control, of a path in a tree the last, with their origin."""
    chosen: dict[str, str | None] = {}
    for part in result:
        if part.get("from_name") == control:
            values = mapping(part.get("value")).get(kind) or []
            for value in values if isinstance(values, list) else [values]:
                code = value[-1] if isinstance(value, list) and value else value
                if not isinstance(code, str):
                    raise _Unusable(f"{shown(value)!r} is no category")
                chosen[clean(code)] = text(part.get("origin"))
    return chosen


def _values(result: list[dict[str, Any]], control: str, kind: str) -> list[str]:
    """Return what stands in a control, choices or lines of text, without what is blank."""
    found: list[str] = []
    for part in result:
        if part.get("from_name") == control:
            values = mapping(part.get("value")).get(kind) or []
            found += [clean(str(value)) for value in (values if isinstance(values, list) else [values])]
    return [value for value in found if value.strip()]


def _who(completed_by: Any, people: Mapping[int, str]) -> str:
    """Return who answered, by address where it is known: an export has a number, Label Studio's pages an object."""
    if isinstance(completed_by, dict):
        address = text(completed_by.get("email"))
        if address:
            return address
        completed_by = completed_by.get("id")
    number = whole(completed_by)
    if number is None:
        return text(completed_by) or "unknown"
    return people.get(number) or f"user {number}"


def _ours(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what embedkit wrote into a task besides what people see."""
    return mapping(mapping(task.get("meta")).get("embedkit"))


def _refuse_other_formats(path: Path, value: Any) -> None:
    """Raise EmbedkitError for Label Studio's other formats: they leave out skips, edits and who answered."""
    if not isinstance(value, dict) or "data" in value:
        return
    if FLAT_ROW & value.keys():
        what = "is an export in the format JSON_MIN, which leaves out what was skipped"
        raise EmbedkitError(f"{path} {what}", CHOOSE_JSON)
    if {"images", "categories"} <= value.keys():
        raise EmbedkitError(f"{path} is an export in the format COCO", CHOOSE_JSON)


def _place(number: int, element: Element) -> str:
    task_id = element.value.get("id") if isinstance(element.value, dict) else None
    if task_id is not None:
        return f"task {shown(task_id)}"
    return f"element {number}" + (f", line {element.line}" if element.line > 1 else "")
