"""The project that people work in: found or made, its page kept in step with the categories, its people's work left."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from embedkit.annotation.access import AnswerLost, NotSent
from embedkit.annotation.server import Project
from embedkit.errors import Misuse

SHORTEST, LONGEST = 3, 50
"""Characters of a title, by Label Studio's own rule."""
OURS = 'className="ek'
"""What every labelling page made by embedkit has in it."""
UNREADABLE = ("item", "image", "text", "said", "suggestions", "neighbours", "choices")
"""What tasks hold for the labelling page alone: as columns of a list it is HTML, lists within lists, or too long."""
TECHNICAL = [
    *("inner_id", "annotations_results", "annotations_ids", "predictions_results", "predictions_model_versions"),
    *("file_upload", "storage_filename", "created_at", "updated_at", "updated_by", "avg_lead_time", "draft_exists"),
]
"""Columns of Label Studio's own that would stand before the listings."""
TAB = {
    "title": "Listings",
    "type": "list",
    "target": "tasks",
    "hiddenColumns": {
        "explore": [*(f"tasks:data.{name}" for name in UNREADABLE), *(f"tasks:{name}" for name in TECHNICAL)],
        "labeling": [],
    },
}
_STAMP = re.compile(r"\n?<!-- embedkit ([0-9a-f]{12}) -->\s*$")


class ProjectServer(Protocol):
    """What a server must do for projects: see `embedkit.annotation.server.Server`."""

    def find_project(self, name: str) -> Project | None: ...
    def project(self, project_id: int) -> Project: ...
    def create_project(self, settings: Mapping[str, Any]) -> Project: ...
    def update_project(self, project_id: int, settings: Mapping[str, Any]) -> None: ...
    def first_tab(self, project_id: int, settings: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True)
class ProjectSpec:
    """A project by its number or title, and how people work in it; `annotators` None leaves it as it is, 1 at first."""

    name: str
    labelling_config: str
    instructions: str
    preselect: bool = False
    annotators: int | None = None


@dataclass(frozen=True)
class Prepared:
    """The project as it is now, and what was done for that: "made", or the names of the settings that were changed."""

    project: Project
    done: tuple[str, ...]


def prepare(server: ProjectServer, spec: ProjectSpec) -> Prepared:
    """Return the project, made or brought up to date; what people may have set for themselves stays.

    Raises NotThere for a number that is none, Misuse for a title that cannot be one and for a project of another kind.
    """
    project = server.find_project(spec.name)
    if project is None:
        project = _make(server, spec)
        server.first_tab(project.project_id, TAB)
        return Prepared(project, ("made",))
    config = str(project.settings.get("label_config") or "")
    if OURS not in config and re.sub(r"\s", "", config) not in ("", "<View></View>", "<View/>"):
        raise Misuse(
            f"project {project.project_id}, {project.title!r}, has a labelling page that embedkit did not make",
            "Name another project with --project; a new name makes a new one.",
        )
    changes = _changes(project.settings, spec)
    if changes:
        server.update_project(project.project_id, changes)
        project = server.project(project.project_id)
    return Prepared(project, tuple(changes))


def _make(server: ProjectServer, spec: ProjectSpec) -> Project:
    if not SHORTEST <= len(spec.name) <= LONGEST:
        raise Misuse(
            f"{spec.name!r} has {len(spec.name)} characters; a project's title has {SHORTEST} to {LONGEST}",
            "Name the project otherwise, or an existing one by its number.",
        )
    settings = {
        "title": spec.name,
        "description": "Listings to be judged, sent by embedkit",
        "label_config": spec.labelling_config,
        "expert_instruction": stamped(spec.instructions),
        "show_instruction": False,
        "sampling": "Uncertainty sampling",
        "show_collab_predictions": spec.preselect,
        "enable_empty_annotation": False,
        "maximum_annotations": spec.annotators or 1,
    }
    try:
        return server.create_project(settings)
    except NotSent:
        raise
    except AnswerLost:
        made = server.find_project(spec.name)
        if made is None:
            raise
        return made


def _changes(has: Mapping[str, Any], spec: ProjectSpec) -> dict[str, Any]:
    """Return the settings to change: those that a head or an option decides, and instructions that nobody edited."""
    wanted: dict[str, Any] = {
        "label_config": spec.labelling_config,
        "show_collab_predictions": spec.preselect,
        "enable_empty_annotation": False,
    }
    if spec.annotators is not None:
        wanted["maximum_annotations"] = spec.annotators
    if _is_unedited(str(has.get("expert_instruction") or "")):
        wanted["expert_instruction"] = stamped(spec.instructions)
    return {name: value for name, value in wanted.items() if _plain(has.get(name)) != _plain(value)}


def stamped(instructions: str) -> str:
    """Return the instructions with a mark, which people do not see, that tells whether somebody has edited them."""
    return f"{instructions.strip()}\n<!-- embedkit {_digest(instructions)} -->"


def _is_unedited(instructions: str) -> bool:
    mark = _STAMP.search(instructions)
    return not instructions.strip() or (mark is not None and mark[1] == _digest(instructions[: mark.start()]))


def _digest(text: str) -> str:
    return hashlib.sha256(_plain(text).encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:
    """Return a text with its white space made plain: a server may keep it otherwise."""
    return " ".join(value.split()) if isinstance(value, str) else value
