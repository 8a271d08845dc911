"""What people answered comes in: once, whole, and nothing of it is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from embedkit.annotation.access import NotThere
from embedkit.errors import EmbedkitError, Misuse
from embedkit.stages import import_labels, status, train
from embedkit.stores import answers, judgements
from embedkit.types import Answer, Report, no_progress
from embedkit.workspace import Workspace
from tests.annotation.fake_server import FakeServer
from tests.review_worlds import Desk, answer, answered, fit, ids_of, indexed, listed, queue, said, silent, typed
from tests.worlds import ColourRegistry, coloured

HOSTILE = (
    "Mugs, \"large\" & 'small'",
    "<script>alert(1)</script>",
    "Cups & <b>saucers</b>; a, b",
    "🪴 Plants",
    "أكواب ومُرطّبات",
    "=cmd|' /C calc'!A0",
)


@pytest.fixture
def desk(workspace: Workspace, tmp_path: Path) -> Desk:
    """Thirty listings in three colours, of which six wait for people in one batch."""
    listed(workspace, coloured(30))
    batch = queue(workspace, [f"k{i:03d}" for i in range(6)], "doubt")
    return Desk(workspace, tmp_path, batch)


def current(desk: Desk) -> list[Answer]:
    with desk.workspace.database().connect(read_only=True) as connection:
        return answers.load_annotations(connection)


def versions(desk: Desk) -> list[tuple[str, str | None]]:
    with desk.workspace.database().connect(read_only=True) as connection:
        return [(one.state, one.label) for one in answers.load_versions(connection)]


def ties(desk: Desk) -> list[tuple[str, ...]]:
    with desk.workspace.database().connect(read_only=True) as connection:
        return list(answers.load_ties(connection).values())


def label_rows(desk: Desk) -> int:
    with desk.workspace.database().connect(read_only=True) as connection:
        return len(judgements.load_labels(connection))


def numbers(report: Report, *names: str) -> tuple[Any, ...]:
    return tuple(report.numbers[name] for name in names)


def test_a_label_keeps_who_when_how_long_and_from_where(desk: Desk) -> None:
    report = desk.take_in(desk.task("k000", said(5, "blue", who=3)))
    assert (report.exit_code, *numbers(report, "new", "labelled")) == (0, 1, 1)
    row = answered(desk.workspace)["k000"]
    assert (row.label, row.source, row.who, row.drawn_by) == ("blue", "annotator", "user 3", "doubt")
    assert row.when == "2031-05-17T10:00:00+00:00"
    (voice,) = row.details["by"]
    kept = {name: voice[name] for name in ("who", "lead_time_s", "task", "annotation", "batch", "head", "origin")}
    assert kept == {
        "who": "user 3",
        "lead_time_s": 2.5,
        "task": 100 + ids_of(desk.workspace)["k000"],
        "annotation": "u5",
        "batch": 1,
        "head": "probe-1",
        "origin": "manual",
    }
    assert (row.details["batch"], row.details["head"], row.details["lead_time_s"]) == (1, "probe-1", 2.5)


def test_the_same_file_twice_adds_nothing_and_says_so(desk: Desk) -> None:
    tasks = [desk.task("k000", said(5, "blue")), desk.task("k001", said(6, "red"))]
    desk.take_in(*tasks)
    again = desk.take_in(*tasks, name="copy.json")
    assert numbers(again, "new", "edited", "unchanged", "labelled", "changed") == (0, 0, 2, 0, 0)
    assert (len(versions(desk)), label_rows(desk)) == (2, 2)


def test_an_edit_replaces(desk: Desk) -> None:
    desk.take_in(desk.task("k000", said(5, "blue")))
    report = desk.take_in(desk.task("k000", said(5, "green", minute=5)))
    assert numbers(report, "new", "edited", "changed") == (0, 1, 1)
    assert answered(desk.workspace)["k000"].label == "green"
    assert versions(desk) == [("answered", "blue"), ("answered", "green")]


def test_an_older_export_that_comes_late_changes_nothing(desk: Desk) -> None:
    old, new = desk.task("k000", said(5, "blue"), minute=1), desk.task("k000", said(5, "green", minute=5))
    desk.take_in(new)
    desk.take_in(old)
    assert answered(desk.workspace)["k000"].label == "green"


def test_an_answer_that_did_not_come_from_an_annotation_is_left_alone(desk: Desk) -> None:
    answer(desk.workspace, {"k020": "green"}, drawn_by="seed")
    desk.take_in(desk.task("k000", said(5, "blue")))
    assert {key: row.label for key, row in answered(desk.workspace).items()} == {"k000": "blue", "k020": "green"}


def test_a_deletion_takes_back(desk: Desk) -> None:
    desk.take_in(desk.task("k000", said(5, "blue")))
    report = desk.take_in(desk.task("k000", minute=40))
    assert numbers(report, "retracted", "taken_back") == (1, 1)
    assert answered(desk.workspace) == {}
    assert versions(desk) == [("answered", "blue"), ("retracted", "blue")]
    assert numbers(desk.take_in(desk.task("k000", minute=40)), "retracted", "taken_back") == (0, 0)


def test_an_export_from_before_an_answer_takes_nothing_back(desk: Desk) -> None:
    desk.take_in(desk.task("k000", said(5, "blue", minute=20)))
    report = desk.take_in(desk.task("k000", said(6, "blue", who=2), minute=10))
    assert numbers(report, "retracted", "new") == (0, 1)
    assert answered(desk.workspace)["k000"].details["votes"] == 2


def test_an_export_from_before_a_deletion_does_not_bring_the_answer_back(desk: Desk) -> None:
    before = desk.task("k000", said(5, "blue"), minute=1)
    desk.take_in(before)
    desk.take_in(desk.task("k000", minute=40))
    desk.take_in(before)
    assert answered(desk.workspace) == {}


def test_a_task_of_the_same_number_on_another_server_takes_nothing_back(desk: Desk) -> None:
    desk.take_in(desk.task("k000", said(5, "blue")))
    other = desk.task("k000", minute=50, created_at="2031-05-17T09:00:00.000001Z")
    assert numbers(desk.take_in(other), "retracted") == (0,)
    assert answered(desk.workspace)["k000"].label == "blue"


def test_a_task_that_is_wholly_absent_takes_nothing_back_and_is_counted(desk: Desk) -> None:
    desk.take_in(desk.task("k000", said(5, "blue")), desk.task("k001", said(6, "red")))
    report = desk.take_in(desk.task("k001", said(6, "red")))
    assert numbers(report, "retracted", "absent") == (0, 1)
    assert "are kept" in report.summary[-1]
    assert set(answered(desk.workspace)) == {"k000", "k001"}


def test_what_was_skipped_is_counted_and_is_no_label(desk: Desk) -> None:
    report = desk.take_in(desk.task("k000", said(5, "blue", was_cancelled=True)))
    assert numbers(report, "new", "skipped", "labelled") == (1, 1, 0)
    assert answered(desk.workspace) == {}


def test_what_was_flagged_without_a_category_is_kept_and_is_no_label(desk: Desk) -> None:
    flagged = said(5, None)
    flagged["result"] += [typed("new_category", HOSTILE[0]), typed("comment", HOSTILE[1])]
    report = desk.take_in(desk.task("k000", flagged))
    assert numbers(report, "flagged", "labelled") == (1, 0)
    (one,) = current(desk)
    assert (one.flags, one.new_category, one.comment) == (("needs_category",), HOSTILE[0], HOSTILE[1])


def test_a_prediction_is_never_an_answer(desk: Desk) -> None:
    suggested = {"model_version": "probe-1#3", "score": 0.9, "result": said(5, "blue")["result"]}
    desk.take_in(desk.task("k000", predictions=[suggested]))
    assert (current(desk), answered(desk.workspace)) == ([], {})


def test_a_person_who_takes_the_category_away_takes_the_label_away(desk: Desk) -> None:
    desk.take_in(desk.task("k000", said(5, "blue")))
    desk.take_in(desk.task("k000", said(5, None, minute=5)))
    assert answered(desk.workspace) == {}


def test_the_majority_counts_and_everybody_is_named(desk: Desk) -> None:
    report = desk.take_in(
        desk.task("k000", said(1, "blue", 1), said(2, "red", 2), said(3, "blue", 3)),
        desk.task("k001", said(4, "red", 1), said(5, "red", 2)),
    )
    row = answered(desk.workspace)["k000"]
    assert (row.label, row.source, row.who) == ("blue", "consensus", "user 1, user 3")
    assert (row.details["votes"], row.details["agreed"]) == (3, 2)
    assert [(voice["who"], voice["label"]) for voice in row.details["by"]] == [
        ("user 1", "blue"),
        ("user 2", "red"),
        ("user 3", "blue"),
    ]
    assert numbers(report, "people", "judged_by_several") == (3, 2)
    pairs = {(pair["first"], pair["second"]): (pair["items"], pair["agreed"]) for pair in report.numbers["pairs"]}
    assert pairs == {("user 1", "user 2"): (2, 1), ("user 1", "user 3"): (1, 1), ("user 2", "user 3"): (1, 0)}
    # Five votes, three of them red: observed 2 x (2 x 1) / (3 - 1) = 2, expected 25 - 2 x 2 - 3 x 3 = 12.
    assert report.numbers["alpha"] == pytest.approx(1 - 4 * 2 / 12, abs=1e-4)


def test_of_one_persons_two_answers_the_newer_counts(desk: Desk) -> None:
    desk.take_in(desk.task("k000", said(5, "blue"), said(6, "green", minute=9)))
    row = answered(desk.workspace)["k000"]
    assert (row.label, row.source, row.details["votes"]) == ("green", "annotator", 1)


def test_a_tie_is_no_label_and_waits_for_one_more_person(desk: Desk) -> None:
    desk.take_in(desk.task("k000", said(1, "blue", 1)))
    report = desk.take_in(desk.task("k000", said(1, "blue", 1), said(2, "red", 2)))
    assert (answered(desk.workspace), ties(desk)) == ({}, [("blue", "red")])
    assert numbers(report, "ties", "taken_back") == (1, 1)
    assert "1 listings wait for one more person" in "\n".join(report.summary)
    desk.take_in(desk.task("k000", said(1, "blue", 1), said(2, "red", 2), said(3, "red", 3)))
    assert (answered(desk.workspace)["k000"].label, ties(desk)) == ("red", [])


def test_an_answer_settles_near_duplicates_unless_somebody_looked_at_them(desk: Desk) -> None:
    batch = queue(desk.workspace, ["k006", "k007"], "audit", also={"k006": ["k012", "k018"]})
    other = Desk(desk.workspace, desk.folder, batch)
    report = other.take_in(other.task("k006", said(5, "blue")), other.task("k018", said(6, "green")))
    found = answered(desk.workspace)
    assert {key: row.label for key, row in found.items()} == {"k006": "blue", "k012": "blue", "k018": "green"}
    assert found["k012"].details["settled_with"] == ids_of(desk.workspace)["k006"]
    # It was not drawn at random itself: it may train, and is no part of the audit.
    assert (found["k006"].drawn_by, found["k012"].drawn_by) == ("audit", "doubt")
    assert numbers(report, "labelled", "by_near_duplicate") == (3, 1)
    other.take_in(other.task("k006", minute=50))
    assert set(answered(desk.workspace)) == {"k018"}


@pytest.mark.parametrize("name", HOSTILE)
def test_any_category_goes_through_unharmed(desk: Desk, name: str) -> None:
    hostile = Desk(desk.workspace, desk.folder, desk.batch_id, (name, "red"))
    answer(desk.workspace, {"k029": name})  # somebody named it before
    assert hostile.take_in(hostile.task("k000", said(5, name))).exit_code == 0
    assert answered(desk.workspace)["k000"].label == name


def test_a_category_that_only_its_code_names_is_found_again(desk: Desk) -> None:
    bare = Desk(desk.workspace, desk.folder, desk.batch_id, ())
    assert bare.take_in(bare.task("k000", said(5, "blue"))).exit_code == 0
    assert answered(desk.workspace)["k000"].label == "blue"


def problems(desk: Desk) -> list[tuple[str, str, str]]:
    return [(row["key"], row["value"], row["cause"]) for row in status.failures(desk.workspace)]


def test_an_unknown_category_is_listed_and_kept_until_it_is_known(desk: Desk) -> None:
    unknown = Desk(desk.workspace, desk.folder, desk.batch_id, ())
    tasks = [unknown.task("k000", said(5, "violet")), unknown.task("k001", said(6, "red"))]
    report = unknown.take_in(*tasks)
    assert (report.exit_code, report.failed, *numbers(report, "labelled")) == (3, 1, 1)
    number = tasks[0]["id"]
    ((place, value, cause),) = problems(desk)
    assert (place, value.startswith("violet-"), "no such category" in cause) == (
        f"task {number}, annotation 5",
        True,
        True,
    )
    answer(desk.workspace, {"k020": "violet"})
    assert unknown.take_in(*tasks).exit_code == 0
    assert problems(desk) == []
    assert answered(desk.workspace)["k000"].label == "violet"


def test_a_listing_that_is_gone_is_listed_and_its_answer_waits_for_it(desk: Desk) -> None:
    task = desk.task("k005", said(5, "blue"))
    listed(desk.workspace, coloured(30)[:5])
    assert desk.take_in(task).exit_code == 3
    assert "gone from the catalogue" in problems(desk)[0][2]
    listed(desk.workspace, coloured(30))
    assert answered(desk.workspace)["k005"].label == "blue"


def test_tasks_of_other_workspaces_are_listed_and_skipped(desk: Desk) -> None:
    stranger, foreign, unknown = (desk.task(f"k00{i}", said(5 + i, "blue")) for i in range(3))
    stranger["meta"] = {}
    foreign["data"]["key"] = "B00X12"
    unknown["data"]["item"], unknown["meta"]["embedkit"]["item_id"] = "999", 999
    report = desk.take_in(stranger, foreign, unknown, desk.task("k003", said(9, "red")))
    assert (report.failed, set(answered(desk.workspace))) == (3, {"k003"})
    assert [cause for _, _, cause in problems(desk)] == [
        "this task was not made by embedkit",
        "there is no such listing here: the task is another workspace's",
        "there is no such listing here: the task is another workspace's",
    ]
    assert len(current(desk)) == 1


def test_a_malformed_file_is_listed_and_the_others_go_in(desk: Desk) -> None:
    good = desk.export(desk.task("k000", said(5, "blue")))
    bad = desk.folder / "bad.json"
    bad.write_text('[{"id": 1, "data"')
    spec = import_labels.ImportSpec((bad, good))
    report = import_labels.run(desk.workspace, spec, None, silent, no_progress)
    assert (report.exit_code, set(answered(desk.workspace))) == (3, {"k000"})
    assert [place for place, _, _ in problems(desk)] == ["bad.json"]
    with pytest.raises(EmbedkitError, match=r"bad\.json"):
        import_labels.run(desk.workspace, import_labels.ImportSpec((bad,)), None, silent, no_progress)


def test_a_malformed_annotation_does_not_take_its_neighbours_with_it(desk: Desk) -> None:
    broken = said(5, "blue")
    broken["result"] = "blue"
    report = desk.take_in(desk.task("k000", broken, said(6, "blue", 2)), desk.task("k001", said(7, "red")))
    assert (report.exit_code, set(answered(desk.workspace))) == (3, {"k000", "k001"})


def test_a_report_is_written_with_the_problems(desk: Desk) -> None:
    stranger = desk.task("k000", said(5, "blue"))
    stranger["meta"] = {}
    desk.take_in(stranger)
    (path,) = desk.workspace.reports.glob("import-labels-*.json")
    report = json.loads(path.read_text())
    assert (report["new"], len(report["problems"])) == (0, 1)


def test_answers_come_from_files_or_from_a_server(desk: Desk) -> None:
    with pytest.raises(Misuse, match="from files or from a server"):
        import_labels.run(desk.workspace, import_labels.ImportSpec(), None, silent, no_progress)


@pytest.fixture
def server(desk: Desk) -> FakeServer:
    """A server whose project 1 has a task of each of three listings, none answered yet."""
    made = FakeServer()
    made.add_project()
    for key in ("k000", "k001", "k002"):
        task = desk.task(key, updated_at="2031-05-17T09:00:00.000001Z")
        made.tasks[task["id"]] = task
    return made


def reply(server: FakeServer, desk: Desk, key: str, at: str, *annotations: dict[str, Any]) -> None:
    """Change a task's annotations at a time of day."""
    task = server.tasks[100 + ids_of(desk.workspace)[key]]
    task["annotations"], task["updated_at"] = list(annotations), f"2031-05-17T{at}.500000Z"


def pull(desk: Desk, server: FakeServer, whole: bool = False, project: str = "1") -> Report:
    spec = import_labels.ImportSpec(project=project, whole=whole)
    return import_labels.run(desk.workspace, spec, server, silent, no_progress)  # type: ignore[arg-type]


def test_a_project_is_read_from_where_it_was_read_last(desk: Desk, server: FakeServer) -> None:
    reply(server, desk, "k000", "11:00:00", said(5, "blue"))
    assert numbers(pull(desk, server), "new", "labelled") == (1, 1)
    assert answered(desk.workspace)["k000"].who == "ann@example.com"
    reply(server, desk, "k001", "13:00:00", said(6, "red", 2))
    assert numbers(pull(desk, server), "new", "labelled") == (1, 1)
    reply(server, desk, "k002", "15:00:00", said(7, "red", 2))
    # The task that was changed last is looked at again, those before it are not.
    assert numbers(pull(desk, server), "new", "unchanged") == (1, 1)
    with desk.workspace.database().connect(read_only=True) as connection:
        assert answers.last_import(connection, "http://fake/projects/1") == "2031-05-17T15:00:00.500000+00:00"


def test_a_deletion_on_the_server_takes_back(desk: Desk, server: FakeServer) -> None:
    reply(server, desk, "k000", "11:00:00", said(5, "blue"))
    pull(desk, server)
    reply(server, desk, "k000", "12:00:00")
    assert numbers(pull(desk, server), "retracted", "taken_back") == (1, 1)


def test_a_file_and_the_server_of_one_project_agree(desk: Desk, server: FakeServer) -> None:
    reply(server, desk, "k000", "11:00:00", said(5, "blue"))
    pull(desk, server)
    report = desk.take_in(*server.tasks.values())
    assert numbers(report, "new", "edited", "retracted", "changed") == (0, 0, 0, 0)


def test_who_is_a_number_in_a_file_and_an_address_on_the_server_is_one_person(desk: Desk, server: FakeServer) -> None:
    reply(server, desk, "k000", "11:00:00", said(5, "blue"), said(6, "red", 2))
    desk.take_in(*server.tasks.values())
    assert {one.who for one in current(desk)} == {"user 1", "user 2"}
    report = pull(desk, server)
    assert numbers(report, "new", "edited", "retracted", "unchanged", "people") == (0, 0, 0, 2, 2)
    assert {one.who for one in current(desk)} == {"ann@example.com", "ben@example.com"}
    # A later file brings another answer of the same person about the same listing: the newer of the two counts.
    reply(server, desk, "k000", "13:00:00", said(5, "blue"), said(6, "red", 2), said(7, "red", minute=40))
    reply(server, desk, "k001", "13:00:00", said(8, "red", 3))
    report = desk.take_in(*server.tasks.values())
    assert numbers(report, "new", "people", "judged_by_several") == (2, 3, 1)
    assert {one.who for one in current(desk)} == {"ann@example.com", "ben@example.com", "user 3"}
    assert answered(desk.workspace)["k000"].label == "red"


def test_a_problem_of_a_project_is_listed_until_its_task_is_read_without_it(desk: Desk, server: FakeServer) -> None:
    broken = said(5, "blue")
    broken["result"] = "blue"
    reply(server, desk, "k000", "11:00:00", broken)
    assert pull(desk, server).exit_code == 3
    reply(server, desk, "k001", "13:00:00", said(6, "red"))
    pull(desk, server)
    reply(server, desk, "k002", "14:00:00", said(7, "red"))
    assert pull(desk, server).exit_code == 0
    assert len(problems(desk)) == 1
    reply(server, desk, "k000", "15:00:00", said(5, "blue", minute=5))
    assert pull(desk, server).exit_code == 0
    assert problems(desk) == []


def test_tasks_that_were_deleted_take_nothing_back(desk: Desk, server: FakeServer) -> None:
    reply(server, desk, "k000", "11:00:00", said(5, "blue"))
    pull(desk, server)
    server.tasks.clear()
    assert numbers(pull(desk, server, whole=True), "retracted", "absent") == (0, 1)
    server.titles.clear()
    with pytest.raises(NotThere):
        pull(desk, server)
    assert answered(desk.workspace)["k000"].label == "blue"


def test_a_project_that_is_not_there_is_named(desk: Desk, server: FakeServer) -> None:
    with pytest.raises(NotThere, match="'autumn'"):
        pull(desk, server, project="autumn")


def test_a_broken_connection_takes_nothing_in_and_the_next_time_begins_where_this_one_did(
    desk: Desk, server: FakeServer
) -> None:
    reply(server, desk, "k000", "11:00:00", said(5, "blue"))
    server.lose("export", EmbedkitError("the connection broke off"))
    with pytest.raises(EmbedkitError, match="broke off"):
        pull(desk, server)
    assert current(desk) == []
    assert numbers(pull(desk, server), "new") == (1,)


def test_the_next_head_is_trained_as_the_one_in_use_was_and_on_the_answers(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    indexed(workspace, tmp_path / "shop", coloured(30))
    desk = Desk(workspace, tmp_path, queue(workspace, ["k000"]))
    first = fit(desk.workspace, features=("clip-image",), folds=3, seed=4)
    desk.take_in(desk.task("k000", said(5, "blue")))
    spec = train.next_spec(desk.workspace)
    assert (spec.features, spec.folds, spec.seed, spec.promote) == (("clip-image",), 3, 4, True)
    assert fit(desk.workspace, features=("clip-image",), folds=3, seed=4).head_id != first.head_id
