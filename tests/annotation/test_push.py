"""Items on their way to a project: each once, whatever breaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from embedkit.annotation.access import AnswerLost, NotSent, TimedOut
from embedkit.annotation.push import Parcel, Pushed, PushSpec, push
from embedkit.annotation.routes import Inside, Picture, Route, Uploaded
from embedkit.errors import EmbedkitError, Misuse
from tests.annotation.fake_server import FakeServer


@pytest.fixture
def server() -> FakeServer:
    """A server with one project, which is empty."""
    made = FakeServer()
    made.add_project()
    return made


def parcel(item_id: int, key: str = "", score: float = 0.5, wanted: bool = True) -> Parcel:
    def prediction(version: str) -> dict[str, Any]:
        return {"model_version": version, "score": score, "result": []}

    def task(address: str, version: str) -> dict[str, Any]:
        data = {"item": str(item_id), "key": key or f"k{item_id}", "image": address}
        return {"data": data, "predictions": [prediction(version)]}

    picture = Picture(f"p{item_id}.jpg", f"p{item_id}.png", lambda: b"jpeg")
    return Parcel(item_id, key or f"k{item_id}", picture, task, prediction, wanted)


def send(
    server: FakeServer,
    items: list[Parcel] | range,
    stem: str = "head",
    run_id: int = 1,
    batch: int = 2,
    route: Route | None = None,
) -> Pushed:
    parcels = [parcel(item) for item in items] if isinstance(items, range) else items
    spec = PushSpec(1, server.project(1).model_version, stem, run_id, batch, server.pause)
    return push(server, parcels, spec, route or Inside())


def items(server: FakeServer) -> list[int]:
    return sorted(int(task["data"]["item"]) for task in server.tasks.values())


def test_every_item_becomes_one_task_in_batches(server: FakeServer) -> None:
    pushed = send(server, range(1, 6))
    assert (pushed.made, pushed.there, items(server)) == (5, 0, [1, 2, 3, 4, 5])
    assert server.calls.count("import_tasks") == 3
    assert pushed.tasks == {1: 1, 2: 2, 3: 3, 4: 4, 5: 5}


def test_sent_again_nothing_is_added(server: FakeServer) -> None:
    send(server, range(1, 6))
    again = send(server, range(1, 6), run_id=2)
    assert (again.made, again.there, again.predictions) == (0, 5, 0)
    assert items(server) == [1, 2, 3, 4, 5]
    assert server.model_versions(1) == {"head#1": 5}


def test_what_was_made_before_a_crash_is_not_made_again(server: FakeServer) -> None:
    server.lose("import_tasks", None, RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        send(server, range(1, 6))
    assert items(server) == [1, 2]
    resumed = send(server, range(1, 6), run_id=2)
    assert (resumed.made, resumed.there, items(server)) == (3, 2, [1, 2, 3, 4, 5])
    assert server.model_versions(1) == {"head#1": 5}


def test_each_batch_is_told_of_as_soon_as_it_is_there(server: FakeServer) -> None:
    told: list[Mapping[int, int]] = []
    spec = PushSpec(1, "", "head", 1, 2, server.pause)
    server.lose("import_tasks", None, RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        push(server, [parcel(i) for i in range(1, 6)], spec, Inside(), told.append)
    assert told == [{1: 1, 2: 2}]


@pytest.mark.parametrize("error", [AnswerLost("broke off"), TimedOut("no answer"), AnswerLost("answers 502")])
def test_a_lost_answer_makes_no_second_task(server: FakeServer, error: Exception) -> None:
    server.lose("import_tasks", error, after=True)
    assert send(server, range(1, 4)).made == 3
    assert items(server) == [1, 2, 3]


def test_tasks_that_show_up_late_are_waited_for(server: FakeServer) -> None:
    server.lose("import_tasks", TimedOut("no answer"), after=True)
    found = [0]
    look = server.find_tasks

    def late(project_id: int, item_ids: list[int]) -> Any:
        found[0] += 1
        return {} if found[0] < 4 else look(project_id, item_ids)

    server.find_tasks = late  # type: ignore[method-assign,assignment]
    assert send(server, range(1, 3)).made == 2
    assert items(server) == [1, 2]
    assert server.calls.count("import_tasks") == 1


def test_a_request_that_never_arrived_is_sent_again(server: FakeServer) -> None:
    server.lose("import_tasks", NotSent("refused"), AnswerLost("answers 500: database is locked"))
    assert send(server, range(1, 3)).made == 2
    assert items(server) == [1, 2]


def test_a_request_that_timed_out_is_not_sent_again_in_the_same_run(server: FakeServer) -> None:
    server.lose("import_tasks", TimedOut("no answer"))
    with pytest.raises(TimedOut):
        send(server, range(1, 3))
    assert (server.calls.count("import_tasks"), sum(server.paused) >= 60) == (1, True)
    assert send(server, range(1, 3)).made == 2


def test_a_server_that_stays_away_is_an_error_after_some_tries(server: FakeServer) -> None:
    server.lose("import_tasks", *[NotSent("refused")] * 9)
    with pytest.raises(AnswerLost):
        send(server, range(1, 3))
    assert server.calls.count("import_tasks") < 9


def test_a_new_head_is_heard_by_open_tasks_and_answered_ones_are_left_alone(server: FakeServer) -> None:
    send(server, range(1, 4))
    server.tasks[2]["annotations"].append({"id": 1})
    pushed = send(server, range(1, 5), stem="better", run_id=7)
    assert (pushed.made, pushed.there, pushed.answered, pushed.predictions) == (1, 3, 1, 2)
    versions = {n: [one["model_version"] for one in task["predictions"]] for n, task in server.tasks.items()}
    assert versions == {1: ["head#1", "better#7"], 2: ["head#1"], 3: ["head#1", "better#7"], 4: ["better#7"]}
    assert server.project(1).model_version == "better#7"


def test_tasks_of_earlier_batches_hear_the_new_head_too_and_none_is_made_for_them(server: FakeServer) -> None:
    send(server, range(1, 3))
    pushed = send(server, [parcel(1, wanted=False), parcel(9, wanted=False), parcel(3)], stem="better", run_id=7)
    assert (pushed.made, pushed.there, pushed.predictions, items(server)) == (1, 0, 1, [1, 2, 3])


def test_a_new_head_never_speaks_twice_in_one_task(server: FakeServer) -> None:
    send(server, range(1, 4))
    server.lose("import_predictions", AnswerLost("broke off"), after=True)
    send(server, range(1, 4), stem="better", run_id=7)
    server.lose("update_project", RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        send(server, range(1, 4), stem="third", run_id=8)
    send(server, range(1, 4), stem="third", run_id=9)
    assert server.model_versions(1) == {"head#1": 3, "better#7": 3, "third#8": 3}
    assert server.project(1).model_version == "third#8"


def test_a_head_that_comes_back_speaks_under_its_old_name(server: FakeServer) -> None:
    for run_id, stem in enumerate(["head", "better", "head"], 1):
        send(server, range(1, 4), stem=stem, run_id=run_id)
    assert server.model_versions(1) == {"head#1": 3, "better#2": 3}
    assert server.project(1).model_version == "head#1"


def test_predictions_dropped_in_silence_are_an_error_that_names_the_first(server: FakeServer) -> None:
    send(server, range(1, 4))
    server.wrong_predictions = True
    with pytest.raises(EmbedkitError, match=r"left out 3 predictions in silence; of that of 'k1' .* no such choice"):
        send(server, range(1, 4), stem="better", run_id=7)
    assert server.project(1).model_version == "head#1"


def test_another_catalogue_is_never_mixed_in(server: FakeServer) -> None:
    send(server, range(1, 4))
    with pytest.raises(Misuse, match="its listing 2 is 'k2', here it is 'other'"):
        send(server, [parcel(2, key="other")])
    assert items(server) == [1, 2, 3]


def test_items_with_two_tasks_are_named(server: FakeServer) -> None:
    send(server, range(1, 3))
    server.import_tasks(1, [parcel(2).task("", "head#1")])
    assert send(server, range(1, 3)).doubled == (2,)


def test_where_people_disagree_one_more_is_asked_once(server: FakeServer) -> None:
    send(server, range(1, 4))
    server.tasks[1]["annotations"] += [{"id": 1}, {"id": 2}]
    server.tasks[2]["annotations"] += [{"id": 3}]
    disputed = replace(parcel(1), again="People disagree.")
    assert send(server, [disputed, parcel(2)]).asked_again == 1
    assert [task.get("overlap") for task in server.tasks.values()] == [3, None, None]
    assert send(server, [disputed, parcel(2)]).asked_again == 0
    assert str(server.tasks[1]["data"]["reasons"]).startswith("People disagree.")


def test_a_task_that_one_more_is_asked_about_hears_a_new_head_or_it_would_come_last(server: FakeServer) -> None:
    send(server, range(1, 3))
    for task in server.tasks.values():
        task["annotations"] += [{"id": 1}, {"id": 2}]
    send(server, [replace(parcel(1), again="People disagree."), parcel(2)], stem="other")
    heard = [[str(one["model_version"]).startswith("other") for one in t["predictions"]] for t in server.tasks.values()]
    assert heard == [[False, True], [False]]


def test_an_uploaded_picture_of_a_task_that_exists_is_not_uploaded_again(server: FakeServer) -> None:
    server.lose("import_tasks", None, RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        send(server, range(1, 5), route=Uploaded(server, 1, server.pause))
    assert len(server.files) == 4
    send(server, range(1, 5), route=Uploaded(server, 1, server.pause))
    assert server.calls.count("upload") == 2
    assert server.tasks[4]["data"]["image"] == "/data/upload/1/p4.jpg"
