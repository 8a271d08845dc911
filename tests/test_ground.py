"""What a head stands on: people's answers before the catalogue's categories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embedkit.errors import NotEnoughLabels
from embedkit.ground import Ground, GroundSpec, load_truths, survey
from embedkit.standing import find_head, load_trained
from embedkit.stores import judgements
from embedkit.workspace import Workspace
from tests.review_worlds import answer, answered, fit, ids_of, indexed, kept_aside, listed, queue
from tests.worlds import ColourRegistry, coloured


@pytest.fixture
def shop(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> Workspace:
    """Forty-eight listings in three colours, and twelve grey ones without a category."""
    rows = [*coloured(48), *coloured(60, ["grey"])[48:]]
    for row in rows[48:]:
        row["category"] = ""
    indexed(workspace, tmp_path, rows)
    return workspace


def by_key(workspace: Workspace, ground: Ground) -> dict[str, tuple[str, bool, bool]]:
    """Return label, whether it trains, and whether it tests, by key."""
    rows = {i: row for row, i in enumerate(ground.ids.tolist())}
    return {
        key: (ground.labels[rows[i]], bool(ground.train[rows[i]]), bool(ground.test[rows[i]]))
        for key, i in ids_of(workspace).items()
        if i in rows
    }


def test_an_answer_goes_before_the_category_of_the_catalogue(shop: Workspace) -> None:
    answer(shop, {"k000": "violet"})
    assert by_key(shop, survey(shop, GroundSpec()))["k000"][0] == "violet"


def test_an_answer_that_was_taken_back_leaves_the_category_of_the_catalogue(shop: Workspace) -> None:
    answer(shop, {"k000": "violet", "k050": "blue"})
    answer(shop, {"k000": "", "k050": ""})
    found = by_key(shop, survey(shop, GroundSpec()))
    assert found["k000"][0] == "red"
    assert "k050" not in found


def test_a_listing_without_a_category_but_with_an_answer_trains_and_never_tests(shop: Workspace) -> None:
    answer(shop, {f"k{i:03d}": "blue" for i in range(48, 60)})
    found = by_key(shop, survey(shop, GroundSpec()))
    assert [found[f"k{i:03d}"] for i in range(48, 60)] == [("blue", True, False)] * 12


@pytest.mark.parametrize(("drawn_by", "counts"), [("audit", True), ("seed", True), ("doubt", False), ("novel", False)])
def test_only_what_was_not_picked_for_being_doubtful_may_score(shop: Workspace, drawn_by: str, counts: bool) -> None:
    answer(shop, {"k050": "blue"}, drawn_by=drawn_by)  # type: ignore[arg-type]
    ground = survey(shop, GroundSpec())
    assert bool(ground.countable[ground.ids.tolist().index(ids_of(shop)["k050"])]) is counts


def test_an_answer_to_a_doubtful_listing_that_is_drawn_at_random_later_may_score(shop: Workspace) -> None:
    answer(shop, {"k050": "blue"}, drawn_by="doubt")
    queue(shop, ["k050"], "audit")
    ground = survey(shop, GroundSpec())
    assert ground.countable[ground.ids.tolist().index(ids_of(shop)["k050"])]


def test_doubtful_listings_that_the_catalogue_has_a_category_for_go_on_testing(shop: Workspace) -> None:
    fit(shop)
    aside = kept_aside(shop)
    answer(shop, dict.fromkeys(aside, "red"), drawn_by="doubt")
    found = by_key(shop, survey(shop, GroundSpec()))
    assert [found[key] for key in aside] == [("red", False, True)] * len(aside)


def test_many_answers_do_not_move_anybody_to_the_other_side(shop: Workspace) -> None:
    fit(shop)
    before = kept_aside(shop)
    answer(shop, {f"k{i:03d}": "blue" for i in range(48, 60)})
    fit(shop)
    assert kept_aside(shop) == before
    fit(shop)
    assert kept_aside(shop) == before


def test_what_only_trains_does_not_make_the_sides_look_drawn_for_another_share(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    greys = [{**row, "category": ""} for row in coloured(130, ["grey"])[100:]]
    indexed(workspace, tmp_path / "shop", [*coloured(30), *greys])
    answer(workspace, {row["sku"]: "blue" for row in greys})
    ground = survey(workspace, GroundSpec())
    # Six of the thirty that may test, and none that would be drawn now.
    alone = [
        row for row in np.flatnonzero(ground.countable) if np.count_nonzero(ground.groups == ground.groups[row]) == 1
    ]
    train = np.ones(len(ground.ids), dtype=bool)
    train[[row for row in alone if ground.train[row]][:6]] = False
    with workspace.database().connect(read_only=False) as connection:
        judgements.record_split(connection, 1, judgements.Split(ground.ids, train, ground.groups, ground.seed))
    assert survey(workspace, GroundSpec()).train.tolist() == train.tolist()


def test_a_near_duplicate_of_what_tests_neither_trains_nor_tests(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(60)
    for row, original in zip(rows[40:], rows, strict=False):
        row |= {"category": "", "image": original["image"]}
    indexed(workspace, tmp_path, rows)
    answer(workspace, {row["sku"]: row["colour"] for row in rows[40:]})
    ground = survey(workspace, GroundSpec())
    tested = set(ground.groups[ground.test].tolist())
    assert tested
    assert not tested & set(ground.groups[ground.train].tolist())
    kept_out = ~ground.train & ~ground.countable
    assert np.count_nonzero(kept_out)
    assert not np.count_nonzero(ground.test & kept_out)


def test_the_head_is_not_calibrated_on_what_was_picked_for_being_doubtful(shop: Workspace) -> None:
    answer(shop, {f"k{i:03d}": "blue" for i in range(48, 60)})
    with_answers = fit(shop)
    assert (with_answers.row["test_n"], with_answers.row["test_accuracy"]) == (9, 1.0)
    with shop.database().connect(read_only=True) as connection:
        trained = load_trained(shop, find_head(judgements.load_heads(connection), with_answers.head_id))
    doubted = {ids_of(shop)[f"k{i:03d}"] for i in range(48, 60)}
    assert doubted <= set(trained.oof_ids.tolist())
    assert not doubted & set(trained.evidence().ids.tolist())


def test_an_answer_is_taken_at_the_level_that_is_asked_for(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(30)
    for row in rows:
        row["category"] = f"Things > {row['colour']} > small"
    indexed(workspace, tmp_path, rows, category_depth=2)
    answer(workspace, {"k000": "Things > blue", "k001": "Things", "k002": "Others > odd"})
    for depth, expected in {
        1: ("Things", "Things", "Others"),
        2: ("Things > blue", "Things > green", "Others > odd"),
        3: ("Things > blue", "Things > green > small", "Others > odd"),
    }.items():
        found = by_key(workspace, survey(workspace, GroundSpec(depth=depth)))
        assert (found["k000"][0], found["k001"][0], found["k002"][0]) == expected


def test_a_category_whose_name_looks_like_a_path_stays_whole(workspace: Workspace) -> None:
    rows = coloured(6)
    rows[1]["category"] = "5 > 3, & <b>more</b>"
    listed(workspace, rows)
    answer(workspace, {"k000": "5 > 3, & <b>more</b>", "k002": "red > dark"})
    with workspace.database().connect(read_only=True) as connection:
        truths = load_truths(connection, 1)
    assert truths.labels[:3] == ("5 > 3, & <b>more</b>", "5 > 3, & <b>more</b>", "red")


def test_answers_alone_are_enough_to_train_on(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> None:
    indexed(workspace, tmp_path, coloured(30), columns={"category": ()})
    with pytest.raises(NotEnoughLabels, match="no listing here has a category"):
        fit(workspace)
    answer(workspace, {row["sku"]: row["colour"] for row in coloured(30)}, drawn_by="audit")
    assert fit(workspace).row["test_accuracy"] == 1.0
    answer(workspace, {row["sku"]: row["colour"] for row in coloured(30)}, drawn_by="doubt")
    assert fit(workspace).row["test_n"] == 0


def test_cross_validation_tests_only_what_may_score(shop: Workspace) -> None:
    answer(shop, {f"k{i:03d}": "blue" for i in range(48, 60)})
    assert fit(shop, cv=3).row["cv_n"] == 48


def test_the_answers_of_a_listing_that_is_gone_come_back_with_it(shop: Workspace, tmp_path: Path) -> None:
    answer(shop, {"k059": "blue"})
    indexed(shop, tmp_path, coloured(59))
    assert "k059" not in by_key(shop, survey(shop, GroundSpec()))
    indexed(shop, tmp_path, [*coloured(59), {**coloured(60)[59], "category": ""}])
    assert by_key(shop, survey(shop, GroundSpec()))["k059"][0] == "blue"
    assert answered(shop)["k059"].label == "blue"
