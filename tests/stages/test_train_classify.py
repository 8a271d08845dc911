"""Heads trained on a catalogue, and what they decide about it."""

from __future__ import annotations

import csv
import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from embedkit import indexing
from embedkit.errors import EmbedkitError, Misuse, NotEnoughLabels, SpaceMismatch
from embedkit.stages import classify, index, status, train
from embedkit.stores import items, judgements, runs, spaces
from embedkit.types import no_progress
from embedkit.workspace import Workspace
from tests.review_worlds import answer, queue
from tests.worlds import ColourRegistry, Row, coloured, write_shop


def indexed(workspace: Workspace, folder: Path, rows: list[Row], **options: object) -> None:
    spec = index.IndexSpec(write_shop(folder, rows), encoders=("colour",), **options)  # type: ignore[arg-type]
    index.run(workspace, spec, lambda line: None, no_progress)


@pytest.fixture
def shop(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> Workspace:
    """Ninety listings in three colours, each filed under its own."""
    indexed(workspace, tmp_path, coloured(90))
    return workspace


def fit(workspace: Workspace, **options: object) -> train.Trained:
    return train.run(workspace, train.TrainSpec(**options), lambda line: None, no_progress)  # type: ignore[arg-type]


def decide(workspace: Workspace, **options: object) -> classify.Classified:
    return classify.run(workspace, classify.ClassifySpec(**options), lambda line: None)  # type: ignore[arg-type]


def test_a_classify_run_lasted_as_long_as_it_took_and_not_as_its_last_write(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(shop)
    judge = classify.judge

    def slowly(*given: Any) -> Any:
        time.sleep(0.3)
        return judge(*given)

    monkeypatch.setattr("embedkit.stages.classify.judge", slowly)
    decide(shop)
    with shop.database().connect(read_only=True) as connection:
        (run,) = runs.load_runs(connection, "classify")
    assert run.finished_at is not None
    assert (run.finished_at - run.started_at).total_seconds() >= 0.3


@pytest.mark.parametrize("kind", ["probe", "prototype", "zeroshot"])
def test_every_kind_of_head_learns_colours(shop: Workspace, kind: str) -> None:
    trained = fit(shop, kind=kind)
    assert trained.row["test_accuracy"] == 1.0
    assert trained.row["test_n"] == 18
    assert [row["category"] for row in trained.per_class] == ["blue", "green", "red"]


def test_features_can_be_chosen(shop: Workspace) -> None:
    assert fit(shop, features=("clip-image",)).row["features"] == "clip-image"
    assert fit(shop, features=("keywords", "clip-text")).row["features"] == "keywords, clip-text"


def test_features_that_are_not_there_are_named(shop: Workspace) -> None:
    with pytest.raises(Misuse, match="densenet"):
        fit(shop, features=("densenet",))


def test_a_split_stays_as_the_catalogue_grows(shop: Workspace, tmp_path: Path) -> None:
    def sides() -> dict[int, bool]:
        with shop.database().connect(read_only=True) as connection:
            split = judgements.load_split(connection)
        assert split is not None
        return dict(zip(split.ids.tolist(), split.train.tolist(), strict=True))

    fit(shop)
    before = sides()
    indexed(shop, tmp_path, coloured(120))
    fit(shop)
    after = sides()
    assert len(after) == 120
    assert {item: after[item] for item in before} == before


def test_listings_with_one_picture_never_stand_on_both_sides(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(60)
    for row in rows:
        row["image"] = rows[int(row["sku"][1:]) // 6 * 6]["image"]
    indexed(workspace, tmp_path, rows)
    fit(workspace)
    with workspace.database().connect(read_only=True) as connection:
        split = judgements.load_split(connection)
    assert split is not None
    side_of: dict[int, set[bool]] = {}
    for group, side in zip(split.group_id.tolist(), split.train.tolist(), strict=True):
        side_of.setdefault(group, set()).add(side)
    assert {len(sides) for sides in side_of.values()} == {1}


def test_in_a_large_catalogue_the_index_finds_near_duplicates_as_comparing_all_does(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop.database().connect(read_only=True) as connection:
        current, records = items.load_items(connection), spaces.load_spaces(connection)
    monkeypatch.setattr(indexing, "NEAR_COSINE", 0.9)
    compared = indexing.near_pairs(shop, current, records)
    monkeypatch.setattr(indexing, "COMPARE_ALL_UP_TO", 0)
    assert indexing.near_pairs(shop, current, records) == compared != []


def test_the_closest_pictures_come_first(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with shop.database().connect(read_only=True) as connection:
        current, records = items.load_items(connection), spaces.load_spaces(connection)
    monkeypatch.setattr(indexing, "NEAR_COSINE", 0.9)
    (record,) = [one for one in records if one.spec.modality == "image"]
    pairs = indexing.near_pairs(shop, current, [record])
    features = indexing.features_of(shop, record, current)
    centred = features.vectors - features.vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    cosines = [float(centred[features.row(one)] @ centred[features.row(other)]) for one, other in pairs]
    assert len(set(np.round(cosines, 4))) > 1
    assert cosines == sorted(cosines, reverse=True)


def test_the_depth_chooses_the_level(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> None:
    rows = coloured(60)
    for row in rows:
        row["category"] = f"Things > {row['category']}"
    indexed(workspace, tmp_path, rows, category_depth=2)
    assert fit(workspace).row["classes"] == 3
    assert fit(workspace, category_depth=1).row["classes"] == 1


def test_without_categories_there_is_nothing_to_train_on(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    indexed(workspace, tmp_path, coloured(6), columns={"category": ()})
    with pytest.raises(NotEnoughLabels, match="no listing here has a category"):
        fit(workspace)


def test_keyword_weights_move_a_listing(shop: Workspace, tmp_path: Path) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text(json.dumps({"red": {"no": 100.0}}))
    assert fit(shop, features=("clip-image",), keyword_weights=weights).row["test_accuracy"] == pytest.approx(
        1 / 3, abs=0.01
    )


def test_a_wrong_keyword_weight_is_named_with_its_row(shop: Workspace, tmp_path: Path) -> None:
    weights = tmp_path / "weights.csv"
    weights.write_text("category,word,weight\nred,ruby,1\nred,rose,much\n")
    with pytest.raises(Misuse, match=r"weights.csv, row 2: the weight 'much'"):
        fit(shop, keyword_weights=weights)


def test_the_newest_head_classifies_and_every_listing_gets_a_decision(shop: Workspace) -> None:
    trained = fit(shop)
    decided = decide(shop)
    assert decided.numbers["listings"] == 90
    assert decided.numbers["accepted"] + decided.numbers["review"] == 90
    assert {row["category_1"] for row in decided.rows} == {"red", "green", "blue"}
    with shop.database().connect(read_only=True) as connection:
        stored = judgements.load_predictions(connection, trained.head_id)
    assert [one.labels[0] for one in stored] == [row["category_1"] for row in decided.rows]


def test_a_listing_that_was_trained_on_is_judged_by_a_head_that_had_not_seen_it(shop: Workspace) -> None:
    trained = fit(shop)
    decide(shop)
    with shop.database().connect(read_only=True) as connection:
        stored = judgements.load_predictions(connection, trained.head_id)
    assert sum(one.out_of_fold for one in stored) == 72


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
def test_rows_are_written_in_the_format_of_the_suffix(shop: Workspace, tmp_path: Path, suffix: str) -> None:
    fit(shop)
    path = tmp_path / f"out.{suffix}"
    rows = decide(shop, output=path).rows
    if suffix == "csv":
        with path.open(newline="") as file:
            read = [row["key"] for row in csv.DictReader(file)]
    else:
        read = [
            r["key"] for r in (pq.read_table(path).to_pylist() if suffix == "parquet" else json.loads(path.read_text()))
        ]
    assert read == [row["key"] for row in rows]


def test_a_queue_is_drawn_within_its_budget_and_kept(shop: Workspace) -> None:
    fit(shop)
    decide(shop, queue=20, audit_share=0.5)
    with shop.database().connect(read_only=True) as connection:
        queue = judgements.load_review(connection)
    assert 10 <= len(queue) <= 20
    assert sum("audit" in one.reasons for one in queue) == 10


def test_without_a_head_nothing_can_be_classified(shop: Workspace) -> None:
    with pytest.raises(EmbedkitError, match="no head has been trained"):
        decide(shop)


def test_an_unknown_head_is_named_with_those_that_are_there(shop: Workspace) -> None:
    trained = fit(shop)
    with pytest.raises(Misuse, match="probe-0000") as error:
        decide(shop, head_id="probe-0000")
    assert trained.head_id in error.value.hint


def test_a_head_refuses_vectors_of_another_space(shop: Workspace, tmp_path: Path) -> None:
    fit(shop, features=("clip-image",))
    with shop.database().connect(read_only=False) as connection:
        connection.execute("UPDATE heads SET spaces = ['colour/image/grey@00000000']")
    with pytest.raises((Misuse, SpaceMismatch), match="grey@00000000"):
        decide(shop)


def test_a_category_of_one_listing_in_the_test_has_its_row(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(60)
    for row in rows[:20]:
        row["category"] = f"Things > {row['sku']}"
    for row in rows[20:]:
        row["category"] = f"Things > {row['colour']}"
    indexed(workspace, tmp_path, rows, category_depth=2)
    trained = fit(workspace, test_share=0.4)
    assert sum(row["support"] for row in trained.per_class) == trained.row["test_n"] > 0


def test_a_few_right_answers_do_not_earn_a_promise(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    indexed(workspace, tmp_path, coloured(30))
    assert fit(workspace).row["test_accuracy"] == 1.0
    assert decide(workspace, promise=0.98).numbers["accepted"] == 0


def test_where_nothing_is_accepted_the_promise_that_would_accept_something_is_named(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    indexed(workspace, tmp_path, coloured(30))
    fit(workspace)
    said: list[str] = []
    classify.run(workspace, classify.ClassifySpec(promise=0.999), said.append)
    promise, count = re.findall(
        r"nothing is sure enough for 0.999: --promise ([0-9.]+) would accept ([0-9]+)", said[-1]
    )[0]
    assert decide(workspace, promise=float(promise)).numbers["accepted"] == int(count) > 0


def test_another_split_makes_another_head(shop: Workspace) -> None:
    first = fit(shop, kind="zeroshot").head_id
    assert fit(shop, kind="zeroshot", seed=1, test_share=0.4).head_id != first
    assert [row["in use"] for row in status.heads(shop)] == ["", "yes"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "is not JSON"), ('{"red": 3}', "the description of 'red' is 3"), ("[]", "is not an object")],
)
def test_descriptions_that_cannot_be_meant_are_named(shop: Workspace, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "descriptions.json"
    path.write_text(text)
    with pytest.raises(Misuse, match=message):
        fit(shop, kind="zeroshot", descriptions=path)


def test_an_unknown_suffix_is_refused_before_anything_is_kept(shop: Workspace, tmp_path: Path) -> None:
    head = fit(shop).head_id
    with pytest.raises(Misuse, match=r"\.xlsx"):
        decide(shop, output=tmp_path / "out.xlsx")
    with shop.database().connect(read_only=True) as connection:
        assert judgements.load_predictions(connection, head) == []


def test_heads_are_listed_with_how_they_did(shop: Workspace) -> None:
    first, second = fit(shop, kind="prototype"), fit(shop)
    listed = status.heads(shop)
    assert [row["head"] for row in listed] == [first.head_id, second.head_id]
    assert [row["test_accuracy"] for row in listed] == [1.0, 1.0]


def test_training_the_same_head_twice_stores_it_once(shop: Workspace) -> None:
    assert fit(shop).head_id == fit(shop).head_id
    assert len(status.heads(shop)) == 1


def test_the_head_trained_last_classifies_even_if_it_was_there_before(shop: Workspace) -> None:
    first = fit(shop).head_id
    fit(shop, kind="prototype", features=("clip-image",))
    assert fit(shop).head_id == first
    decide(shop)
    with shop.database().connect(read_only=True) as connection:
        assert len(judgements.load_predictions(connection, first)) == 90


def test_a_class_with_one_item_is_trained_and_reported(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(60)
    rows[0]["category"] = "odd"
    indexed(workspace, tmp_path, rows)
    said: list[str] = []
    trained = train.run(workspace, train.TrainSpec(), said.append, no_progress)
    assert trained.row["classes"] == 4
    assert any("odd" in line for line in said)


def test_listings_without_any_picture_or_text_go_to_a_person(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(60)
    rows[5] |= {"title": "", "image": ""}
    indexed(workspace, tmp_path, rows)
    fit(workspace)
    row = next(row for row in decide(workspace).rows if row["key"] == "k005")
    assert (row["decision"], row["reason"]) == ("review", "no picture and no text")


def test_status_estimates_accuracy_from_what_was_drawn_at_random_and_answered(shop: Workspace) -> None:
    fit(shop)
    decide(shop)
    before = {row["what"]: row for row in status.run(shop)}
    assert "audited" not in before
    queue(shop, ["k000", "k001", "k002", "k003", "k004"], "audit")
    answer(shop, {"k000": "red", "k001": "green", "k002": "blue", "k003": "green"}, drawn_by="audit")
    answer(shop, {"k010": "red", "k011": "red"})
    rows = {row["what"]: row for row in status.run(shop)}
    # Three of the four that were answered are as the head says; what was picked for being doubtful does not count.
    assert rows["audited"]["count"] == 4
    assert "is right for 75.0% [" in rows["audited"]["more"]
    assert rows["reviews to the next point"]["count"] in (None, *range(1, 90))
    with shop.database().connect(read_only=True) as connection:
        (head,) = judgements.load_heads(connection)
    shop.head_file(head.head_id).write_bytes(b"no head")
    assert "cannot be said" in next(row["more"] for row in status.run(shop) if row["what"] == "audited")
