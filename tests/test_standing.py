"""The gate: a new head takes the place of the one in use only if it does not do worse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedkit.standing import GateResult, compare_heads, head_in_use
from embedkit.stores import judgements, promotions
from embedkit.workspace import Workspace
from tests.review_worlds import answer, fit, ids_of, indexed, kept_aside, queue
from tests.worlds import ColourRegistry, coloured, listing


@pytest.fixture
def shop(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> Workspace:
    """Ninety listings in three colours; eighteen of them are kept aside, six of each."""
    indexed(workspace, tmp_path / "shop", coloured(90))
    return workspace


def in_use(workspace: Workspace) -> str | None:
    with workspace.database().connect(read_only=True) as connection:
        return head_in_use(connection)


def spoiling(workspace: Workspace, **weights: float) -> Path:
    """Return keyword weights that make listings with these words red."""
    path = workspace.root / "weights.json"
    path.write_text(json.dumps({"red": weights}))
    return path


def test_the_first_head_comes_into_use_at_once(shop: Workspace) -> None:
    trained = fit(shop)
    assert (in_use(shop), trained.held_back) == (trained.head_id, "")
    with shop.database().connect(read_only=True) as connection:
        (promotion,) = promotions.load_promotions(connection)
    assert (promotion.head_id, promotion.replaced, promotion.why) == (trained.head_id, None, "first")


def test_a_head_that_does_as_well_comes_into_use_with_the_numbers_it_was_decided_on(shop: Workspace) -> None:
    first, second = fit(shop), fit(shop, features=("clip-image",))
    assert in_use(shop) == second.head_id
    with shop.database().connect(read_only=True) as connection:
        promotion = promotions.load_promotions(connection)[-1]
    assert (promotion.replaced, promotion.why) == (first.head_id, "passed")
    gate = promotion.gate
    assert (gate["items"], gate["new_right"], gate["in_use_right"], gate["passed"]) == (18, 18, 18, True)


def test_a_head_that_does_worse_is_stored_and_held_back(shop: Workspace) -> None:
    first, second = fit(shop), fit(shop, keyword_weights=spoiling(shop, no=100))
    assert in_use(shop) == first.head_id != second.head_id
    assert second.standing is not None
    gate = second.standing.gate
    assert gate is not None
    # Twelve of eighteen are lost: as rare by chance as twelve heads in a row.
    assert (gate.new_right, gate.in_use_right, gate.p_value) == (6, 18, pytest.approx(0.5**12))
    assert "has 6 right" in second.held_back
    with shop.database().connect(read_only=True) as connection:
        assert len(judgements.load_heads(connection)) == 2
        assert judgements.last_trained(connection) == first.head_id


def test_a_category_that_falls_holds_a_head_back_whatever_the_others_gain(shop: Workspace) -> None:
    first = fit(shop, keyword_weights=spoiling(shop, blue=100))
    second = fit(shop, keyword_weights=spoiling(shop, green=100))
    gate = second.standing.gate if second.standing else None
    assert gate is not None
    assert (gate.new_right, gate.in_use_right) == (12, 12)
    (fall,) = gate.falls
    assert (fall.category, fall.items, fall.in_use_right, fall.new_right) == ("green", 6, 6, 0)
    assert fall.p_value == pytest.approx(3 * 0.5**6)
    assert (in_use(shop), "'green' falls from 6 to 0 of 6 right" in second.held_back) == (first.head_id, True)


def test_a_loss_spread_over_categories_holds_a_head_back_though_none_falls_beyond_chance(shop: Workspace) -> None:
    first = fit(shop)
    numbers = [int(key[1:]) for key in kept_aside(shop)]
    lost = [str(n) for colour in (1, 2) for n in [one for one in numbers if one % 3 == colour][:3]]
    second = fit(shop, keyword_weights=spoiling(shop, **dict.fromkeys(lost, 100)))
    gate = second.standing.gate if second.standing else None
    assert gate is not None
    assert (gate.new_right, gate.falls, gate.p_value) == (12, (), pytest.approx(0.5**6))
    assert in_use(shop) == first.head_id


def test_a_loss_that_may_be_chance_holds_nothing_back(shop: Workspace) -> None:
    fit(shop)
    word = next(str(int(key[1:])) for key in kept_aside(shop) if int(key[1:]) % 3)
    second = fit(shop, keyword_weights=spoiling(shop, **{word: 100}))
    gate = second.standing.gate if second.standing else None
    assert gate is not None
    assert (gate.new_right, gate.in_use_right, in_use(shop)) == (17, 18, second.head_id)


def test_audited_listings_are_judged_too_though_they_were_trained_on(shop: Workspace) -> None:
    fit(shop)
    aside = set(kept_aside(shop))
    trained_on = [key for key in ids_of(shop) if key not in aside][:5]
    queue(shop, [*trained_on, "k000"], "audit")
    answer(shop, {key: coloured(90)[int(key[1:])]["colour"] for key in trained_on}, drawn_by="audit")
    second = fit(shop, features=("clip-image",))
    gate = second.standing.gate if second.standing else None
    assert gate is not None
    assert (gate.items, gate.audited, gate.new_right) == (23, 5, 23)


def test_doubtful_listings_without_a_category_of_the_catalogue_are_not_judged(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(60)
    for row in rows[48:]:
        row["category"] = ""
    indexed(workspace, tmp_path, rows)
    first = fit(workspace)
    answer(workspace, {row["sku"]: row["colour"] for row in rows[48:]})
    second = fit(workspace, features=("clip-image",))
    assert compare_heads(workspace, second.head_id, first.head_id).items == 9


def test_a_listing_that_a_head_has_learnt_by_heart_does_not_count(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    # The only grey listing trains in every fold, so that nothing tells how well grey is recognised.
    indexed(workspace, tmp_path, [*coloured(60), listing("odd", "grey")])
    first, second = fit(workspace), fit(workspace, features=("clip-image",))
    queue(workspace, ["odd"], "audit")
    answer(workspace, {"odd": "grey"}, drawn_by="audit")
    result = compare_heads(workspace, second.head_id, first.head_id)
    assert (result.items, result.audited) == (12, 0)


def test_a_category_that_only_the_new_head_knows_speaks_for_it(shop: Workspace) -> None:
    first = fit(shop)
    greens = [row["sku"] for row in coloured(90) if row["colour"] == "green"]
    answer(shop, dict.fromkeys(greens, 'Mint, "cool" & <b>fresh</b>'), drawn_by="audit")
    second = fit(shop)
    result = compare_heads(shop, second.head_id, first.head_id)
    assert (result.in_use_right, result.new_right, result.passed) == (12, 18, True)
    assert in_use(shop) == second.head_id


def test_heads_of_different_levels_cannot_be_compared(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(60)
    for row in rows:
        row["category"] = f"Things > {row['colour']}"
    indexed(workspace, tmp_path, rows, category_depth=2)
    first, second = fit(workspace), fit(workspace, category_depth=1)
    assert in_use(workspace) == first.head_id
    assert "level 2 of the categories, the other of level 1" in second.held_back


def test_a_head_whose_vectors_are_not_here_cannot_be_compared(shop: Workspace) -> None:
    fit(shop, features=("clip-image",))
    with shop.database().connect(read_only=False) as connection:
        connection.execute("UPDATE heads SET spaces = ['colour/image/grey@00000000']")
    assert "colour/image/grey@00000000, which is not here" in fit(shop).held_back


def test_a_head_whose_file_is_damaged_cannot_be_compared(shop: Workspace) -> None:
    first = fit(shop)
    shop.head_file(first.head_id).write_bytes(b"no head")
    assert "cannot be read" in fit(shop, features=("clip-image",)).held_back


def test_where_nothing_can_be_judged_a_head_passes_and_that_is_said() -> None:
    result = GateResult("new", "old")
    assert result.passed
    assert "no listing is kept aside or audited" in result.why


def test_a_head_of_a_workspace_from_before_heads_were_promoted_is_in_use(shop: Workspace) -> None:
    first = fit(shop)
    with shop.database().connect(read_only=False) as connection:
        connection.execute("DELETE FROM promotions")
        connection.execute("UPDATE runs SET args = '{\"kind\": \"probe\"}' WHERE verb = 'train'")
    assert in_use(shop) == first.head_id
    second = fit(shop, keyword_weights=spoiling(shop, no=100))
    assert (second.held_back != "", in_use(shop)) == (True, first.head_id)


def test_a_head_that_is_only_to_be_stored_stays_out_of_use(shop: Workspace) -> None:
    aside = fit(shop, promote=False)
    assert (in_use(shop), aside.held_back, aside.standing) == (None, "", None)
    first = fit(shop, features=("clip-image",))
    fit(shop, features=("clip-text",), promote=False)
    assert in_use(shop) == first.head_id


def test_a_head_below_the_accuracy_asked_for_is_held_back(shop: Workspace) -> None:
    trained = fit(shop, keyword_weights=spoiling(shop, no=100), min_accuracy=0.9)
    assert (in_use(shop), "is below --min-accuracy 0.9" in trained.held_back) == (None, True)


def test_training_the_head_in_use_again_changes_nothing(shop: Workspace) -> None:
    first, again = fit(shop), fit(shop)
    assert (again.head_id, again.held_back) == (first.head_id, "")
    with shop.database().connect(read_only=True) as connection:
        assert len(promotions.load_promotions(connection)) == 1
