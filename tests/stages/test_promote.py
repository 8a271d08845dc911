"""Taking a head into use by hand, and going back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedkit.errors import EmbedkitError, Misuse, WorkspaceError
from embedkit.stages import classify, promote, status
from embedkit.stores import promotions, runs
from embedkit.workspace import Workspace
from tests.review_worlds import fit, indexed, silent
from tests.worlds import ColourRegistry, coloured


@pytest.fixture
def shop(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> Workspace:
    indexed(workspace, tmp_path / "shop", coloured(60))
    return workspace


def in_use(workspace: Workspace) -> list[str]:
    return [row["head"] for row in status.heads(workspace) if row["in use"]]


def worse(workspace: Workspace) -> str:
    """Train a head that takes everything for red, and return its name."""
    path = workspace.root / "weights.json"
    path.write_text(json.dumps({"red": {"no": 100.0}}))
    return fit(workspace, keyword_weights=path).head_id


def test_a_head_that_does_worse_is_held_back_unless_forced(shop: Workspace) -> None:
    first, bad = fit(shop).head_id, worse(shop)
    held = promote.run(shop, bad, silent)
    assert (held.held_back != "", in_use(shop)) == (True, [first])
    forced = promote.run(shop, bad, silent, force=True)
    assert (forced.row, in_use(shop)) == ({"head": bad, "replaced": first, "why": "forced"}, [bad])
    with shop.database().connect(read_only=True) as connection:
        assert promotions.load_promotions(connection)[-1].gate["new_right"] == 4
        codes = [run.exit_code for run in runs.load_runs(connection, "heads promote")]
    assert codes == [4, 0]


def test_a_head_that_was_only_stored_comes_into_use_when_asked_for(shop: Workspace) -> None:
    fit(shop)
    aside = fit(shop, features=("clip-image",), promote=False).head_id
    assert promote.run(shop, aside, silent).why == "passed"
    assert in_use(shop) == [aside]


def test_classify_takes_the_head_in_use_and_not_the_one_trained_last(shop: Workspace) -> None:
    first = fit(shop).head_id
    worse(shop)
    fit(shop, features=("clip-image",))
    promote.rollback(shop, silent)
    said: list[str] = []
    classify.run(shop, classify.ClassifySpec(), said.append)
    assert said[0].startswith(f"head {first},")


def test_without_a_head_in_use_classify_says_how_to_take_one_into_use(shop: Workspace) -> None:
    aside = fit(shop, promote=False).head_id
    with pytest.raises(EmbedkitError, match="no head is in use") as error:
        classify.run(shop, classify.ClassifySpec(), silent)
    assert aside in error.value.hint
    assert "embedkit heads promote" in error.value.hint


def test_going_back_twice_goes_back_two_heads(shop: Workspace) -> None:
    heads = [fit(shop, features=(name,)).head_id for name in ("keywords", "clip-text", "clip-image")]
    assert promote.rollback(shop, silent).row == {"head": heads[1], "replaced": heads[2], "why": "rolled back"}
    promote.rollback(shop, silent)
    assert in_use(shop) == [heads[0]]
    with pytest.raises(EmbedkitError, match=f"no head was in use before {heads[0]}"):
        promote.rollback(shop, silent)


def test_an_unknown_head_is_named_with_those_that_are_there(shop: Workspace) -> None:
    head = fit(shop).head_id
    with pytest.raises(Misuse, match="probe-0000") as error:
        promote.run(shop, "probe-0000", silent)
    assert head in error.value.hint


def test_a_head_whose_file_is_damaged_never_comes_into_use(shop: Workspace) -> None:
    first = fit(shop).head_id
    second = fit(shop, features=("clip-image",)).head_id
    shop.head_file(first).write_bytes(b"no head")
    with pytest.raises(WorkspaceError, match="cannot be read"):
        promote.run(shop, first, silent, force=True)
    with pytest.raises(WorkspaceError, match="cannot be read"):
        promote.rollback(shop, silent)
    assert in_use(shop) == [second]


def test_promoting_the_head_in_use_changes_nothing(shop: Workspace) -> None:
    head = fit(shop).head_id
    assert promote.run(shop, head, silent).replaced is None
    with shop.database().connect(read_only=True) as connection:
        assert len(promotions.load_promotions(connection)) == 1
