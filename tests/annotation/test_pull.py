"""Answers from a server: only what changed, and nothing missed."""

from __future__ import annotations

from typing import Any

import pytest

from embedkit.annotation.access import NotThere
from embedkit.annotation.pull import pull
from tests.annotation.fake_server import FakeServer

DAY = "2026-11-26T"


def answer(number: int, code: str = "mugs-1", who: int = 1, **more: Any) -> dict[str, Any]:
    result = [{"from_name": "category", "to_name": "image", "type": "choices", "value": {"choices": [code]}}]
    moment = DAY + "10:00:00+00:00"
    made = {"id": number, "unique_id": f"u{number}", "completed_by": who, "result": result, "was_cancelled": False}
    return {**made, "created_at": moment, "updated_at": moment, **more}


@pytest.fixture
def server() -> FakeServer:
    """A server with three tasks that were imported at nine o'clock."""
    made = FakeServer()
    made.add_project()
    for number in (1, 2, 3):
        made.tasks[number] = {
            "id": number,
            "data": {"item": str(number), "key": f"k{number}"},
            "meta": {"embedkit": {"item_id": number}},
            "annotations": [],
            "predictions": [],
            "created_at": DAY + "09:00:00.000100+00:00",
            "updated_at": DAY + "09:00:00.000200+00:00",
        }
    return made


def touch(server: FakeServer, number: int, at: str, *annotations: dict[str, Any]) -> None:
    server.tasks[number]["annotations"] = list(annotations)
    server.tasks[number]["updated_at"] = f"{DAY}{at}+00:00"


def test_answers_come_with_the_address_of_who_gave_them(server: FakeServer) -> None:
    touch(server, 2, "10:00:00", answer(5), answer(6, who=2), answer(7, who=77))
    pulled = pull(server, 1, "fake 1")
    assert [one.who for one in pulled.answers] == ["ann@example.com", "ben@example.com", "user 77"]
    assert {one.source for one in pulled.answers} == {"fake 1"}
    assert pulled.until == DAY + "10:00:00+00:00"


def test_tasks_that_nobody_touched_are_not_even_fetched(server: FakeServer) -> None:
    touch(server, 2, "10:00:00", answer(5))
    pulled = pull(server, 1, "fake 1")
    assert [task.task_id for task in pulled.tasks] == [2]
    assert pull(FakeServer(titles=server.titles), 1, "fake 1").until is None


def test_the_next_time_only_what_changed_is_read_with_an_overlap(server: FakeServer) -> None:
    touch(server, 1, "10:00:00", answer(5))
    first = pull(server, 1, "fake 1")
    touch(server, 2, "12:00:00", answer(6))
    second = pull(server, 1, "fake 1", first.until)
    assert [one.annotation for one in second.answers] == ["u5", "u6"]
    touch(server, 3, "11:55:00", answer(7))  # stamped before, committed after the last look
    third = pull(server, 1, "fake 1", second.until)
    assert [one.annotation for one in third.answers] == ["u6", "u7"]
    assert third.until == second.until


def test_what_was_seen_last_may_be_deleted_and_the_clock_does_not_go_back(server: FakeServer) -> None:
    touch(server, 1, "10:00:00", answer(5))
    first = pull(server, 1, "fake 1")
    del server.tasks[1]
    assert pull(server, 1, "fake 1", first.until).until == first.until


def test_a_task_whose_last_answer_was_deleted_is_there_without_one(server: FakeServer) -> None:
    touch(server, 1, "10:00:00")
    pulled = pull(server, 1, "fake 1")
    assert [(task.task_id, task.annotations) for task in pulled.tasks] == [(1, frozenset())]


def test_a_task_that_is_gone_when_it_is_fetched_says_nothing(server: FakeServer) -> None:
    touch(server, 1, "10:00:00", answer(5))
    listed = server.changed_tasks(1, None)
    del server.tasks[1]
    server.changed_tasks = lambda project_id, since: listed  # type: ignore[method-assign]
    pulled = pull(server, 1, "fake 1")
    assert (pulled.answers, pulled.tasks, pulled.problems) == ((), (), ())


def test_a_strangers_task_is_listed_and_the_rest_comes(server: FakeServer) -> None:
    touch(server, 1, "10:00:00", answer(5))
    touch(server, 2, "10:00:00", answer(6))
    server.tasks[1]["meta"] = {}
    pulled = pull(server, 1, "fake 1")
    assert [one.annotation for one in pulled.answers] == ["u6"]
    assert [problem.where for problem in pulled.problems] == ["task 1"]


def test_a_deleted_project_is_an_error_and_not_an_empty_answer(server: FakeServer) -> None:
    with pytest.raises(NotThere):
        pull(server, 2, "fake 2", DAY + "10:00:00+00:00")
