"""What people answered, as it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedkit.stages import labels, status
from embedkit.stores import answers
from embedkit.workspace import Workspace
from tests.review_worlds import Desk, ids_of, listed, queue, said, typed
from tests.worlds import coloured

HOSTILE = '<b>"Pots", 🪴 & أكواب</b>'


@pytest.fixture
def desk(workspace: Workspace, tmp_path: Path) -> Desk:
    """Thirty listings, of which eight wait for people in one batch, two of them drawn at random."""
    listed(workspace, coloured(30))
    queue(workspace, ["k000"], "doubt")
    return Desk(workspace, tmp_path, queue(workspace, [f"k{i:03d}" for i in range(8)], "audit"), ("red", "blue"))


def test_an_answer_is_shown_beside_what_the_catalogue_says(desk: Desk) -> None:
    one = said(1, "blue")
    flag = {"from_name": "flags", "to_name": "image", "type": "choices", "value": {"choices": ["ambiguous"]}}
    one["result"] += [flag, typed("comment", HOSTILE)]
    desk.take_in(desk.task("k000", one, said(2, "blue", 2), said(3, "red", 3)))
    (row,) = labels.run(desk.workspace)
    assert row == {
        "key": "k000",
        "label": "blue",
        "who": "user 1, user 2",
        "when": "2031-05-17T10:00:00+00:00",
        "drawn_by": "audit",
        "agreement": "2 of 3",
        "flags": ["ambiguous"],
        "comment": HOSTILE,
        "near_duplicate": False,
        "source": "consensus",
        "lead_time_s": 7.5,
        "batch": row["batch"],
        "head": row["head"],
        "task": row["task"],
        "annotation": [1, 2, 3],
        "title": "red no 0",
        "catalogue_category": "red",
    }
    assert (row["batch"], len(row["task"])) == (desk.batch_id, 1)


def test_every_version_is_shown_on_request(desk: Desk) -> None:
    desk.take_in(desk.task("k000", said(1, "blue"), said(2, "red", 2, was_cancelled=True)))
    desk.take_in(desk.task("k000", said(1, "red", minute=5)))
    rows = labels.versions(desk.workspace)
    assert [(row["who"], row["state"], row["label"]) for row in rows] == [
        ("user 1", "answered", "blue"),
        ("user 2", "skipped", None),
        ("user 1", "answered", "red"),
        ("user 2", "retracted", None),
    ]
    assert {row["lead_time_s"] for row in rows} == {2.5}


def test_the_answer_of_a_listing_that_is_gone_is_still_shown_with_its_key(desk: Desk) -> None:
    desk.take_in(desk.task("k007", said(1, "blue")))
    listed(desk.workspace, coloured(30)[:7])
    assert [row["key"] for row in labels.run(desk.workspace)] == ["k007"]


def test_proposed_categories_are_grouped_the_most_wanted_first(desk: Desk) -> None:
    tasks = []
    for number, (who, name) in enumerate(
        [(1, HOSTILE), (2, "Vases"), (1, "  vases "), (2, HOSTILE.upper()), (3, "vASES")]
    ):
        flagged = said(number + 1, None, who, minute=number)
        flagged["result"].append(typed("new_category", name))
        tasks.append(desk.task(f"k00{number}", flagged))
    desk.take_in(*tasks)
    rows = labels.proposed(desk.workspace)
    assert [(row["proposed"], row["listings"], row["people"], row["keys"]) for row in rows] == [
        ("Vases", 3, 3, ["k001", "k002", "k004"]),
        (HOSTILE, 2, 2, ["k000", "k003"]),
    ]


def test_a_batch_says_where_it_stands(desk: Desk) -> None:
    ids = ids_of(desk.workspace)
    with desk.workspace.database().connect(read_only=False) as connection:
        sent = [answers.TaskRow(2, ids[f"k{i:03d}"], "http://here/projects/1", 100 + i) for i in range(6)]
        answers.record_tasks(connection, 1, sent)
    desk.take_in(
        desk.task("k000", said(1, "blue")),
        desk.task("k001", said(2, "blue"), said(3, "red", 2)),
        desk.task("k002", said(4, "red", was_cancelled=True)),
        desk.task("k003", said(5, None)),
    )
    first, second = status.batches(desk.workspace)
    assert first == {
        "batch": 1,
        "queued": 1,
        "out": 0,
        "answered": 1,
        "skipped": 0,
        "agreed": 1,
        "tied": 0,
        "audit": 0,
    }
    assert second == {
        "batch": 2,
        "queued": 8,
        "out": 6,
        "answered": 3,
        "skipped": 1,
        "agreed": 1,
        "tied": 1,
        "audit": 8,
    }
    rows = {row["what"]: row for row in status.run(desk.workspace)}
    assert (rows["batch 2"]["count"], rows["answered"]["count"]) == (8, 1)
    assert rows["batch 2"]["more"] == "out 6, answered 3, skipped 1, agreed 1, tied 1, audit 8"
