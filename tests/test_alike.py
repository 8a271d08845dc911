"""The labelled listings that are shown beside one that a person is to judge."""

from __future__ import annotations

from pathlib import Path

from embedkit.alike import alike, merge
from embedkit.ground import load_truths
from embedkit.stores import items, spaces
from embedkit.workspace import Workspace
from tests.review_worlds import ids_of, indexed
from tests.worlds import ColourRegistry, listing

TITLES = {"red": "lipstick in a tube", "green": "garden hose", "blue": "ink bottle"}


def near(workspace: Workspace, key: str) -> list[str]:
    """Return the keys of the five listings most like one, all labelled ones compared."""
    ids = ids_of(workspace)
    keys = {item_id: key for key, item_id in ids.items()}
    with workspace.database().connect(read_only=True) as connection:
        truths, known = load_truths(connection, 1), spaces.load_spaces(connection)
        asked = items.load_items(connection, [ids[key]])
    found = alike(workspace, asked, truths, known, (), 5)
    return [keys[item_id] for item_id in found.get(ids[key], ())]


def test_what_two_orders_name_comes_before_what_one_puts_first() -> None:
    assert merge([[1, 2, 3], [4, 2, -1]]) == [2, 1, 4, 3]
    assert merge([]) == []


def test_words_bring_near_what_a_picture_alone_would_miss(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = [listing(f"{colour}{n}", colour, title=f"{TITLES[colour]} {n}") for n in range(6) for colour in TITLES]
    rows.append(listing("odd", "red", "green", "garden hose in a red box"))
    indexed(workspace, tmp_path / "shop", rows)
    assert sum(key.startswith("green") for key in near(workspace, "odd")) >= 2
    assert sum(key.startswith("red") for key in near(workspace, "odd")) >= 2
    assert all(key.startswith("blue") for key in near(workspace, "blue0"))


def test_a_listing_without_a_picture_is_placed_by_its_words_and_is_never_its_own_neighbour(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = [listing(f"{colour}{n}", colour, title=f"{TITLES[colour]} {n}") for n in range(6) for colour in TITLES]
    rows.append({**listing("bare", "red", "green", "garden hose"), "image": ""})
    indexed(workspace, tmp_path / "shop", rows)
    found = near(workspace, "bare")
    assert len(found) == 5
    assert all(key.startswith("green") for key in found)
