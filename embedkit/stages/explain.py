"""Say why listings went where they did: what each part of them adds, what in it, and how far that can be relied on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from embedkit.errors import EmbedkitError, Misuse
from embedkit.explain.listing import Explanation
from embedkit.explaining import Scene, open_scene
from embedkit.explanations import explain_listings, predict
from embedkit.stores import items
from embedkit.stores.database import Connection
from embedkit.types import Item, Progress, Say
from embedkit.workspace import Workspace


@dataclass(frozen=True)
class ExplainSpec:
    """Which listings (by key, and the head's worst errors), which head, which categories, and how much evidence."""

    keys: tuple[str, ...] = ()
    top_errors: int = 0
    head_id: str | None = None
    categories: tuple[str, ...] = ()
    neighbours: int = 4


@dataclass(frozen=True)
class Explained:
    """The explanations, in the order asked for, a row for each map and keyword block, and the head's name."""

    explanations: tuple[Explanation, ...]
    rows: list[dict[str, Any]]
    head_id: str


def run(workspace: Workspace, spec: ExplainSpec, say: Say, progress: Progress) -> Explained:
    """Return why each listing went where it did; writes nothing into the workspace.

    Raises Misuse where nothing is asked for or a category is not the head's, EmbedkitError for an unknown key.
    """
    workspace.require()
    if not spec.keys and not spec.top_errors:
        raise Misuse("there is nothing to explain", "Name listings by their keys, or ask for --top-errors N.")
    with workspace.database().connect(read_only=True) as connection:
        asked = [_item(connection, key) for key in dict.fromkeys(spec.keys)]
    scene = open_scene(workspace, spec.head_id, spec.categories)
    chosen = asked + [item for item in _errors(scene, spec.top_errors, say) if item not in asked]
    say(f"head {scene.trained.head.head_id}: {len(chosen):,} {'listing' if len(chosen) == 1 else 'listings'}")
    categories = {item.item_id: spec.categories for item in chosen}
    explanations = explain_listings(scene, chosen, categories, spec.neighbours, say, progress)
    rows = [row for explanation in explanations for row in explanation.rows()]
    return Explained(explanations, rows, scene.trained.head.head_id)


def _item(connection: Connection, key: str) -> Item:
    item_id = items.find_key(connection, key)
    if item_id is None:
        raise EmbedkitError(f"no listing has the key {key!r}", "embedkit search TEXT shows keys.")
    return items.load_items(connection, [item_id])[0]


def _errors(scene: Scene, count: int, say: Say) -> list[Item]:
    """Return the listings that the head is surest of while people or the catalogue say otherwise, surest first."""
    if not count:
        return []
    rows = [row for row, label in enumerate(scene.truths.labels) if label in scene.trained.head.classes]
    current = [scene.truths.items[row] for row in rows]
    if not current:
        say("no listing here has a category that the head knows, so there are no errors")
        return []
    predictions, _ = predict(scene, current)
    wrong = [i for i, row in enumerate(rows) if predictions.label[i] != scene.truths.labels[row]]
    say(f"{len(wrong):,} of {len(rows):,} listings are filed elsewhere than the head says")
    return [current[i] for i in sorted(wrong, key=lambda i: (-float(predictions.confidence[i]), i))[:count]]
