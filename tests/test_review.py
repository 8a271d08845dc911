"""What is known of every listing when people are to be asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedkit.errors import Misuse
from embedkit.reasons import reason_words
from embedkit.review import AXES, MOST_TWINS, asked_once, draw_review, judge, survey_candidates, vectors_of, weights_of
from embedkit.select import Standing, draw_batch
from embedkit.stages import classify, index, train
from embedkit.standing import find_head, head_in_use, load_trained
from embedkit.stores import answers, judgements
from embedkit.types import Answer, Documents, Features, Item, Label, ReviewPolicy, no_progress
from embedkit.workspace import Workspace
from tests.worlds import ColourRegistry, Row, coloured, write_shop


def trained_shop(workspace: Workspace, folder: Path, rows: list[Row], kind: str = "probe") -> Workspace:
    """Return a workspace with these listings and a head of them in use."""
    spec = index.IndexSpec(write_shop(folder, rows), encoders=("colour",))
    index.run(workspace, spec, lambda line: None, no_progress)
    train.run(workspace, train.TrainSpec(kind=kind), lambda line: None, no_progress)  # type: ignore[arg-type]
    return workspace


def survey(workspace: Workspace, **options: Any) -> Standing:
    with workspace.database().connect(read_only=True) as connection:
        record = find_head(judgements.load_heads(connection), head_in_use(connection))
    trained = load_trained(workspace, record)
    return survey_candidates(workspace, trained, record, judge(workspace, trained, record, 0.9), **options)


def filed(rows: list[Row], row: int, category: str) -> list[Row]:
    rows[row]["category"] = category
    return rows


@pytest.fixture
def shop(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> Workspace:
    """Ninety listings in three colours; the first is red and filed under green, the second looks green, reads blue."""
    rows = filed(coloured(90), 0, "green")
    rows[1]["title"] = "blue no 1"
    return trained_shop(workspace, tmp_path, rows)


def test_a_listing_filed_wrongly_is_suspect_and_the_words_say_why(shop: Workspace) -> None:
    known = survey(shop)
    assert np.flatnonzero(known.suspect).tolist() == [0]
    words = reason_words(known, 0, "suspect")
    assert words.startswith("The model is ")
    assert words.endswith(" sure of red; the catalogue says green.")


def test_a_listing_whose_picture_and_text_differ_is_found(shop: Workspace) -> None:
    known = survey(shop)
    assert known.holds["disagreement"][1]
    assert [known.classes[column] for column in (known.picture[1], known.text[1])] == ["green", "blue"]
    assert known.holds["disagreement"].sum() <= 2


def test_a_head_of_one_mean_a_category_knows_of_no_disagreement(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    known = survey(trained_shop(workspace, tmp_path, coloured(60), kind="prototype"))
    assert set(known.picture.tolist()) == set(known.text.tolist()) == {-1}
    assert not known.holds["disagreement"].any()


def test_what_was_answered_sent_out_or_disputed_is_known(shop: Workspace) -> None:
    ids = survey(shop).ids.tolist()
    with shop.database().connect(read_only=False) as connection:
        labels = [Label(ids[3], "red", "annotator", "doubt"), Label(ids[4], "", "consensus", "doubt")]
        judgements.record_labels(connection, 1, labels, [{}, {answers.TIE: ["red", "blue"]}])
        tasks = [answers.TaskRow(1, ids[4], "a project"), answers.TaskRow(1, ids[5], "a project")]
        answers.record_tasks(connection, 1, [*tasks, answers.TaskRow(1, ids[6], "a project that is gone")])
    known = survey(shop, gone={"a project that is gone"})
    found = [np.flatnonzero(flags).tolist() for flags in (known.answered, known.out, known.tie)]
    assert found == [[3], [4, 5], [4]]
    assert np.flatnonzero(~known.open).tolist() == [3, 5]


def test_a_listing_that_was_skipped_is_still_open_and_one_that_nothing_fits_is_settled(shop: Workspace) -> None:
    ids, when = survey(shop).ids.tolist(), "2031-05-17T09:30:00Z"
    said = [
        Answer(f"a{row}", row, row, ids[row], "ann", state, when, when)  # type: ignore[arg-type]
        for row, state in ((3, "skipped"), (4, "flagged"))
    ]
    with shop.database().connect(read_only=False) as connection:
        answers.record_annotations(connection, 1, said)
    assert np.flatnonzero(survey(shop).answered).tolist() == [4]


def test_copies_of_a_listing_are_asked_about_once(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(60)
    for row in rows[3:12:3]:
        row |= {"image": rows[0]["image"], "title": rows[0]["title"]}
    trained_shop(workspace, tmp_path, rows)
    spec = classify.ClassifySpec(queue=60, promise=0.9999, audit_share=0.0)
    classify.run(workspace, spec, lambda line: None)
    with workspace.database().connect(read_only=True) as connection:
        queue = judgements.load_review(connection)
    settled = [sorted([one.item_id, *one.also]) for one in queue]
    assert [1, 4, 7, 10] in settled
    assert sorted(item_id for group in settled for item_id in group) == list(range(1, 61))


def test_classify_weighs_by_a_column(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> None:
    rows = coloured(60)
    for number, row in enumerate(rows):
        row["stock"] = "1000000" if number == 17 else "1"
    trained_shop(workspace, tmp_path, rows)
    spec = classify.ClassifySpec(queue=1, promise=0.9999, audit_share=0.0, weight="stock")
    classify.run(workspace, spec, lambda line: None)
    with workspace.database().connect(read_only=True) as connection:
        assert [one.item_id for one in judgements.load_review(connection)] == [18]


def test_the_next_batch_audits_other_listings(shop: Workspace) -> None:
    known, policy = survey(shop), ReviewPolicy(budget=10, audit_share=1.0)
    first, again, second = (draw_review(known, policy, before, "probe-1") for before in (0, 0, 1))
    assert first == again
    assert {one.item_id for one in first} != {one.item_id for one in second}


def items(*attributes: dict[str, Any]) -> list[Item]:
    return [Item(number, f"k{number}", attributes=one) for number, one in enumerate(attributes)]


def test_without_a_column_all_listings_weigh_the_same() -> None:
    assert weights_of(items({}, {}), None).tolist() == [1.0, 1.0]


def test_a_listing_without_a_value_weighs_as_the_others_do_on_average() -> None:
    assert weights_of(items({"stock": 1}, {"stock": None}, {"stock": 4.0}, {}), "stock").tolist() == [
        1.0,
        2.5,
        4.0,
        2.5,
    ]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("stok", 3, "there is no column 'stok' to weigh by"),
        ("stock", "many", "stock of listing 'k1' is 'many', and a weight is a number from 0 up"),
        ("stock", True, "stock of listing 'k1' is True, and"),
        ("stock", -2, "stock of listing 'k1' is -2, and"),
        ("brand", None, "no listing has a value in the column 'brand'"),
    ],
)
def test_a_column_that_cannot_weigh_is_named_with_its_value(column: str, value: object, message: str) -> None:
    with pytest.raises(Misuse) as error:
        weights_of(items({"stock": 1, "brand": None}, {"stock": value}), column)
    assert error.value.message.startswith(message)
    assert column != "stok" or error.value.hint == "Columns: brand, stock"


def twins(count: int, texts: list[bytes | None]) -> list[int]:
    """Return the groups that listings of one picture fall into."""
    current = [Item(number, str(number), text_sha256=texts[number % len(texts)]) for number in range(count)]
    return asked_once(np.full(count, 0), current).tolist()


def test_a_few_listings_of_one_picture_are_one_thing() -> None:
    assert set(twins(MOST_TWINS, [b"a", b"b"])) == {0}


def test_of_a_picture_that_very_many_share_only_equal_texts_are_one_thing() -> None:
    assert twins(MOST_TWINS + 2, [b"a", b"b"])[:4] == [0, 1, 0, 1]
    assert len(set(twins(MOST_TWINS + 1, [None]))) == MOST_TWINS + 1


def test_what_looks_or_reads_alike_is_near_and_all_vectors_are_of_unit_length() -> None:
    rng, ids = np.random.default_rng(0), np.arange(40)
    direction = rng.normal(size=(2, 3 * AXES))
    pictures = direction[ids % 2] + 0.5 * rng.normal(size=(40, 3 * AXES))
    pictures[7] = 0
    words = tuple(("red", "wool", str(i)) if i % 2 else ("blue", "steel", str(i)) for i in ids.tolist())
    seen = Features(ids, pictures.astype(np.float32), "colour/image/plain@0")
    vectors = vectors_of(ids, [seen, Documents(ids, words)])
    cosine = vectors @ vectors.T
    for row in (0, 1, 7):  # the eighth has no picture, and its words tell
        mine = ids % 2 == row % 2
        mine[row] = False
        assert cosine[row, mine].min() > cosine[row, ids % 2 != row % 2].max()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(40), abs=1e-5)
    assert vectors.shape[1] <= 2 * AXES + 1


def test_a_listing_with_nothing_in_it_is_at_no_place() -> None:
    ids = np.arange(3)
    documents = Documents(ids, (("red", "wool"), ("red", "silk"), ()))
    assert np.linalg.norm(vectors_of(ids, [documents]), axis=1) == pytest.approx([1, 1, 0], abs=1e-5)
    assert not vectors_of(ids, [Documents(ids, ((), (), ()))]).any()
    assert not vectors_of(ids, [Features(ids, np.zeros((3, 4), dtype=np.float32), "colour/image/plain@0")]).any()


def test_what_a_catalogue_says_of_a_category_that_the_head_has_not_is_not_held_against_it(shop: Workspace) -> None:
    known = survey(shop)
    assert known.given[0] == known.classes.index("green")
    with shop.database().connect(read_only=True) as connection:
        record = find_head(judgements.load_heads(connection), head_in_use(connection))
    trained = load_trained(shop, record)
    judged = judge(shop, trained, record, 0.9)
    judged.items[0] = replace(judged.items[0], category=("violet",))
    other = survey_candidates(shop, trained, record, judged)
    assert (other.given[0], other.suspect[0]) == (-1, False)


def test_a_batch_of_a_real_standing_is_drawn_whole(shop: Workspace) -> None:
    drawn = draw_batch(survey(shop), ReviewPolicy(0.9, 20), np.random.default_rng(0))
    assert 2 <= len(drawn) <= 20
    assert sum(one.drawn_by == "audit" for one in drawn) == 2
    assert {"suspect", "disagreement"} <= {reason for one in drawn for reason in one.reasons}
