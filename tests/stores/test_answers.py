"""Rows about what people said, what was sent to them, and which head is in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from embedkit.stores import answers, judgements, promotions, runs
from embedkit.stores.database import Connection, Database
from embedkit.types import Answer, Label

HOSTILE = [
    'Mugs, "large"',
    "Cups & <b>saucers</b>",
    "<script>alert(1)</script>",
    "🪴 Plants > 'pots'",
    "أكواب ومُرطّبات",
    "a\\'; DROP TABLE labels; --",
]
SAID = Answer(
    annotation="3f0a",
    annotation_id=12,
    task_id=7,
    item_id=1,
    who="zoë@example.com",
    state="answered",
    updated_at="2031-05-17T09:30:00.123456Z",
    created_at="2031-05-17T09:29:00Z",
    source="http://here/projects/3",
    code="mugs-1a",
    label="Mugs",
    flags=("ambiguous", "bad_picture"),
    new_category=None,
    comment="is it?",
    origin="manual",
    lead_time_s=4.5,
    batch_id=2,
    head_id="probe-1",
    result=({"value": {"choices": ["mugs-1a"]}},),
    task_created_at="2031-05-17T08:00:00Z",
)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect(read_only=False) as opened:
        yield opened


def later(answer: Answer, minute: int, **changes: object) -> Answer:
    """Return a later version of an annotation."""
    return replace(answer, updated_at=f"2031-05-17T10:{minute:02d}:00Z", **changes)  # type: ignore[arg-type]


def utc(answer: Answer) -> Answer:
    """Return the answer with its times as they are loaded."""
    times = {name: getattr(answer, name) for name in ("updated_at", "created_at", "task_created_at")}
    return replace(answer, **{name: when.replace("Z", "+00:00") for name, when in times.items()})


def test_an_annotation_comes_back_as_it_was_said(connection: Connection) -> None:
    assert answers.record_annotations(connection, 1, [SAID]) == [SAID]
    assert answers.load_annotations(connection) == [utc(SAID)]


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_goes_through_unharmed(connection: Connection, text: str) -> None:
    answers.record_annotations(connection, 1, [replace(SAID, label=text, comment=text, new_category=text, who=text)])
    (loaded,) = answers.load_annotations(connection)
    assert (loaded.label, loaded.comment, loaded.new_category, loaded.who) == (text, text, text, text)
    judgements.record_labels(connection, 1, [Label(1, text, "annotator", "doubt", text)], [{"comments": [text]}])
    row = answers.load_answers(connection)[1]
    assert (row.label, row.who, row.details) == (text, text, {"comments": [text]})


def test_the_same_version_is_never_stored_twice(connection: Connection) -> None:
    assert len(answers.record_annotations(connection, 1, [SAID, SAID])) == 1
    same_moment = replace(SAID, updated_at="2031-05-17T11:30:00.123456+02:00", label="Lamps")
    assert answers.record_annotations(connection, 2, [same_moment]) == []
    assert [one.label for one in answers.load_versions(connection)] == ["Mugs"]


def test_an_edit_replaces_and_the_earlier_version_is_kept(connection: Connection) -> None:
    answers.record_annotations(connection, 1, [SAID])
    answers.record_annotations(connection, 2, [later(SAID, 5, label="Lamps")])
    assert [one.label for one in answers.load_annotations(connection)] == ["Lamps"]
    assert [one.label for one in answers.load_versions(connection)] == ["Mugs", "Lamps"]


def test_an_older_version_that_comes_late_does_not_replace_a_newer_one(connection: Connection) -> None:
    answers.record_annotations(connection, 1, [later(SAID, 5, label="Lamps")])
    answers.record_annotations(connection, 2, [SAID])
    assert [one.label for one in answers.load_annotations(connection)] == ["Lamps"]


def test_what_was_retracted_is_not_current_but_kept(connection: Connection) -> None:
    answers.record_annotations(connection, 1, [SAID])
    answers.record_annotations(connection, 2, [later(SAID, 5, state="retracted")])
    assert answers.load_annotations(connection) == []
    assert [one.state for one in answers.load_versions(connection)] == ["answered", "retracted"]


def test_the_newest_answer_of_an_item_counts_and_an_empty_one_takes_it_back(connection: Connection) -> None:
    said = Label(1, "Mugs", "annotator", "audit", "zoë", "2031-05-17T09:30:00Z")
    judgements.record_labels(connection, 1, [said, replace(said, item_id=2)])
    # It was given before the first, and came in after it.
    judgements.record_labels(connection, 2, [replace(said, label="Lamps", when="2031-05-17T09:00:00Z")])
    assert {item: row.label for item, row in answers.load_answers(connection).items()} == {1: "Lamps", 2: "Mugs"}
    judgements.record_labels(connection, 3, [replace(said, label="")])
    assert list(answers.load_answers(connection)) == [2]


def test_a_label_of_the_catalogue_is_no_answer(connection: Connection) -> None:
    judgements.record_labels(connection, 1, [Label(1, "Mugs", "catalogue", "seed")])
    assert answers.load_answers(connection) == {}


def test_a_tie_lasts_until_it_is_broken(connection: Connection) -> None:
    tie = Label(1, "", "consensus", "doubt", "bo, zoë")
    judgements.record_labels(connection, 1, [tie], [{"tie": ["Lamps", "Mugs"]}])
    assert answers.load_ties(connection) == {1: ("Lamps", "Mugs")}
    assert answers.load_answers(connection) == {}
    judgements.record_labels(connection, 2, [replace(tie, label="Mugs")])
    assert answers.load_ties(connection) == {}


def test_the_items_of_all_batches_are_loaded_with_their_near_duplicates(connection: Connection) -> None:
    first = judgements.ReviewItem(3, "probe-1", 0.2, ("doubt", "novel"), "doubt", (4, 5))
    second = judgements.ReviewItem(1, "probe-1", 0.9, ("audit",), "audit")
    judgements.record_review(connection, 1, [first])
    judgements.record_review(connection, 2, [second])
    assert answers.load_reviewed(connection) == [answers.Reviewed(1, first), answers.Reviewed(2, second)]


def test_an_item_that_was_sent_is_noted_once_a_destination(connection: Connection) -> None:
    here, there = answers.TaskRow(1, 3, "http://here/projects/1", 7), answers.TaskRow(1, 3, "tasks.json")
    assert answers.record_tasks(connection, 1, [here, here]) == 1
    assert answers.record_tasks(connection, 2, [here, there]) == 1
    assert answers.load_tasks(connection) == [here, there]
    assert answers.load_tasks(connection, "tasks.json") == [there]


def test_noting_a_few_tasks_looks_at_no_others(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [answers.TaskRow(1, item, "here", item) for item in range(1, 5001)]
    assert answers.record_tasks(connection, 1, many) == 5000
    looked_at: list[int] = []
    load = answers._tasks
    monkeypatch.setattr(answers, "_tasks", lambda *asked: [looked_at.append(1) or one for one in load(*asked)])
    assert answers.record_tasks(connection, 2, [*many[:3], answers.TaskRow(1, 6000, "here")]) == 1
    assert len(looked_at) == 3


def test_an_import_goes_on_from_where_the_last_one_of_its_source_ended(connection: Connection) -> None:
    assert answers.last_import(connection, "here") is None
    answers.record_import(connection, 1, "here", "2031-05-17T09:30:00Z")
    answers.record_import(connection, 2, "there", "2031-06-01T00:00:00Z")
    assert answers.last_import(connection, "here") == "2031-05-17T09:30:00+00:00"


def promote(connection: Connection, head: str, why: promotions.Why, replaced: str | None = None) -> None:
    promotions.promote(connection, promotions.Promotion(head, replaced, why, {"p": 0.5}, 1))


def test_the_head_promoted_last_is_in_use(connection: Connection) -> None:
    assert promotions.promoted(connection) is None
    promote(connection, "a", "first")
    promote(connection, "b", "passed", "a")
    assert promotions.promoted(connection) == "b"
    assert [(one.head_id, one.replaced, one.gate) for one in promotions.load_promotions(connection)] == [
        ("a", None, {"p": 0.5}),
        ("b", "a", {"p": 0.5}),
    ]


def test_taking_back_twice_goes_back_two_heads(connection: Connection) -> None:
    for head, replaced in (("a", "old"), ("b", "a"), ("c", "b")):
        promote(connection, head, "passed", replaced)
    for expected in ("b", "a", "old"):
        back = promotions.before(promotions.load_promotions(connection))
        assert back == expected
        promote(connection, expected, "rolled back", promotions.promoted(connection))
    assert promotions.before(promotions.load_promotions(connection)) is None


def test_after_taking_back_a_promotion_starts_from_there(connection: Connection) -> None:
    for head, why in (("a", "first"), ("b", "passed"), ("a", "rolled back"), ("c", "forced")):
        promote(connection, head, why)  # type: ignore[arg-type]
    assert promotions.before(promotions.load_promotions(connection)) == "a"


def test_a_problem_of_an_import_is_listed_until_it_is_mended(connection: Connection) -> None:
    odd = runs.Failure("import", "answers.json", "task 7", '"<x>"', "there is no such category")
    runs.record_failures(connection, 1, [odd])
    runs.record_catalogue(connection, 2, runs.CatalogueRecord("c.csv", None, {}, {}))
    assert runs.current_failures(connection) == [odd]
    runs.record_failures(connection, 3, [odd._replace(cause=None)])
    assert runs.current_failures(connection) == []


def test_a_run_that_was_told_not_to_bring_its_head_into_use_is_passed_over(connection: Connection) -> None:
    for head, args in (("old", {}), ("new", {"promote": True}), ("aside", {"promote": False})):
        run_id = runs.begin_run(connection, "train", args)
        runs.finish_run(connection, run_id, 0, {"head_id": head})
    assert judgements.last_trained(connection) == "new"
