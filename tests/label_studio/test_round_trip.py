"""The loop through a real server: out to people, their answers back, another head, and out again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from embedkit.annotation.server import Server
from embedkit.stages import import_labels
from embedkit.stores import answers, judgements
from embedkit.types import no_progress
from embedkit.workspace import Workspace
from tests.label_studio.studio import Studio, category, flag, number_of, send, take_in, words
from tests.review_worlds import answered, fit, ids_of, indexed, silent
from tests.worlds import COLOURS, ColourRegistry, coloured

HOSTILE = ['Mugs, "cups" & <b>靴</b> 👟', "it's $title; {x} -- ‏نعال‎", "a\\b/c #1 100%"]


def current(workspace: Workspace) -> list[Any]:
    with workspace.database().connect(read_only=True) as connection:
        return answers.load_annotations(connection)


def test_out_answered_by_several_back_trained_and_out_again(shop: Workspace, studio: Studio) -> None:
    sent = send(shop, studio.api, "round trip", annotators=2)
    project_id, tasks = number_of(sent), studio.tasks_of(number_of(sent))
    assert (sent["made"], len(tasks)) == (12, 12)
    ann, ben = studio.person("ann"), studio.person("ben")
    true = {task["id"]: task["data"]["title"].split()[0] for task in tasks}
    for task in tasks[:6]:
        ann.answer(task["id"], category(true[task["id"]]), words("comment", f"seen {task['data']['key']}"))
    for task in tasks[:5]:
        ben.answer(task["id"], category(true[task["id"]] if task is not tasks[0] else "grey"))
    ben.answer(tasks[5]["id"], flag("needs_category"), words("new_category", "Umbrellas"))
    first = take_in(shop, studio.api, "round trip")
    assert (first.failed, first.numbers["new"], first.numbers["flagged"]) == (0, 12, 1)
    assert first.numbers["judged_by_several"] == 5
    key_of = {task["id"]: task["data"]["key"] for task in tasks}
    labels = answered(shop)
    for task in tasks[1:6]:
        row = labels[key_of[task["id"]]]
        assert (row.label, row.details["batch"], row.details["head"]) == (true[task["id"]], 1, sent["head"])
        assert "ann@example.com" in row.who
        assert row.details["by"][0]["lead_time_s"] == 2.5
    again = take_in(shop, studio.api, "round trip")
    assert (again.numbers["new"], again.numbers["edited"], again.numbers["labelled"]) == (0, 0, 0)
    assert fit(shop).head_id
    second = send(shop, studio.api, "round trip")
    # A head that was trained on the answers speaks in the tasks that nobody answered, and none is made twice.
    assert (second["made"], second["answered"]) == (0, 1 if first.numbers["ties"] else 0)
    assert len(studio.tasks_of(project_id)) == 12


def test_an_edit_replaces_a_deletion_takes_back_and_a_skip_is_no_label(shop: Workspace, studio: Studio) -> None:
    project_id = number_of(send(shop, studio.api, "edits"))
    tasks, ann = studio.tasks_of(project_id), studio.person("ann")
    numbers = [ann.answer(task["id"], category("red")) for task in tasks[:2]]
    ann.answer(tasks[2]["id"], category("red"), skip=True)
    first = take_in(shop, studio.api, "edits")
    assert (first.numbers["new"], first.numbers["skipped"], len(answered(shop))) == (3, 1, 2)
    ann.edit(numbers[0], category("blue"))
    ann.delete(numbers[1])
    second = take_in(shop, studio.api, "edits")
    assert (second.numbers["edited"], second.numbers["retracted"], second.failed) == (1, 1, 0)
    assert {key: row.label for key, row in answered(shop).items()} == {tasks[0]["data"]["key"]: "blue"}


def test_a_file_that_a_person_exports_says_the_same_as_the_server(
    shop: Workspace, studio: Studio, tmp_path: Path
) -> None:
    project_id = number_of(send(shop, studio.api, "by file"))
    tasks, ann = studio.tasks_of(project_id), studio.person("ann")
    ann.answer(tasks[0]["id"], category("red"))
    path = tmp_path / "export.json"
    path.write_bytes(studio.admin.http.get(f"/api/projects/{project_id}/export?exportType=JSON").content)
    import_labels.run(shop, import_labels.ImportSpec((path,)), None, silent, no_progress)
    from_server = take_in(shop, studio.api, "by file")
    assert (from_server.numbers["new"], from_server.numbers["unchanged"], len(current(shop))) == (0, 1, 1)


@pytest.mark.parametrize("kind", ["JSON_MIN", "CSV"])
def test_the_other_formats_are_refused_with_the_one_to_choose(
    shop: Workspace, studio: Studio, tmp_path: Path, kind: str
) -> None:
    project_id = number_of(send(shop, studio.api, f"as {kind}"))
    studio.person("ann").answer(studio.tasks_of(project_id)[0]["id"], category("red"))
    path = tmp_path / "export"
    path.write_bytes(studio.admin.http.get(f"/api/projects/{project_id}/export?exportType={kind}").content)
    with pytest.raises(Exception, match=r"JSON_MIN|is no JSON") as refused:
        import_labels.run(shop, import_labels.ImportSpec((path,)), None, silent, no_progress)
    assert "format JSON" in str(refused.value)


def test_the_most_doubtful_is_served_first_also_after_a_new_head(shop: Workspace, studio: Studio) -> None:
    project_id = number_of(send(shop, studio.api, "order"))
    fit(shop, features=("clip-text",))
    numbers = send(shop, studio.api, "order")
    assert numbers["predictions"] == 12
    version = numbers["model_version"]
    scores = {
        task["id"]: next(one["score"] for one in task["predictions"] if one["model_version"] == version)
        for task in studio.tasks_of(project_id)
    }
    served = []
    for _ in range(4):
        task = studio.person("ann").next_task(project_id)
        assert task is not None
        served.append(scores[task["id"]])
        studio.person("ann").answer(task["id"], category("red"))
    assert served == sorted(scores.values())[:4]


def test_where_people_disagree_a_third_is_asked(shop: Workspace, studio: Studio) -> None:
    project_id = number_of(send(shop, studio.api, "ties", annotators=2, budget=3))
    tasks = studio.tasks_of(project_id)
    for person, said in ((studio.person("ann"), "red"), (studio.person("ben"), "blue")):
        for task in tasks:
            person.answer(task["id"], category(said if task is tasks[0] else "green"))
    assert take_in(shop, studio.api, "ties").numbers["ties"] == 1
    cleo = studio.person("cleo")
    assert cleo.next_task(project_id) is None
    assert send(shop, studio.api, "ties")["asked_again"] == 1
    task = cleo.next_task(project_id)
    assert task is not None
    assert task["id"] == tasks[0]["id"]
    cleo.answer(task["id"], category("blue"))
    take_in(shop, studio.api, "ties")
    assert answered(shop)[tasks[0]["data"]["key"]].label == "blue"


def test_hostile_names_and_texts_go_there_and_back_unharmed(
    workspace: Workspace, colours: ColourRegistry, studio: Studio, tmp_path: Path
) -> None:
    names = dict(zip(("red", "green", "blue"), HOSTILE, strict=True))
    rows = [
        {**row, "category": names[row["colour"]], "title": f"{row['colour']} <script>alert(1)</script> {HOSTILE[0]}"}
        for row in coloured(30)
    ]
    indexed(workspace, tmp_path / "shop", rows)
    fit(workspace)
    project_id = number_of(send(workspace, studio.api, f"<b>&'\" {HOSTILE[0]}"[:50]))
    tasks, ann = studio.tasks_of(project_id), studio.person("ann")
    assert {task["data"]["title"] for task in tasks} <= {row["title"] for row in rows}
    for task, name in zip(tasks, HOSTILE, strict=False):
        ann.answer(task["id"], category(name), words("comment", name), words("new_category", name))
    report = take_in(workspace, studio.api, str(project_id))
    assert report.failed == 0
    labels = answered(workspace)
    said = {(one.comment, one.new_category) for one in current(workspace)}
    for task, name in zip(tasks, HOSTILE, strict=False):
        assert labels[task["data"]["key"]].label == name
        assert (name, name) in said


@pytest.mark.parametrize("way", ["upload", "inside", "local"])
def test_pictures_are_there_for_who_looks(shop: Workspace, studio: Studio, way: str) -> None:
    assert studio.spec.pictures is not None
    pictures = f"local:{studio.spec.pictures / 'shared'}" if way == "local" else way
    project_id = number_of(send(shop, studio.api, f"pictures {way}", pictures=pictures))
    for task in studio.tasks_of(project_id):
        address = task["data"]["image"]
        if way == "inside":
            assert address.startswith("data:image/jpeg;base64,")
            continue
        response = studio.admin.http.get(address)
        assert (response.status_code, response.headers["content-type"]) == (200, "image/jpeg")
        assert response.content.startswith(b"\xff\xd8")


def test_a_folder_that_the_server_may_not_show_is_refused_with_the_cause(
    shop: Workspace, studio: Studio, tmp_path: Path
) -> None:
    with pytest.raises(Exception, match="LOCAL_FILES_DOCUMENT_ROOT"):
        send(shop, studio.api, "elsewhere", pictures=f"local:{tmp_path / 'elsewhere'}")


def test_a_personal_access_token_opens_everything_too(shop: Workspace, studio: Studio) -> None:
    dora = studio.person("dora")
    studio.admin.ask("POST", "/api/jwt/settings", json={"api_tokens_enabled": True, "legacy_api_tokens_enabled": True})
    token = dora.ask("POST", "/api/token/", json={})["token"]
    assert token.count(".") == 2
    server = Server(studio.url, token)
    assert server.whoami() == "dora@example.com"
    project_id = number_of(send(shop, server, "with a PAT"))
    dora.answer(studio.tasks_of(project_id)[0]["id"], category("red"))
    assert take_in(shop, server, "with a PAT").numbers["new"] == 1


def test_preselected_only_when_asked_for(shop: Workspace, studio: Studio) -> None:
    project_id = number_of(send(shop, studio.api, "blind"))
    assert all(one["result"] == [] for task in studio.tasks_of(project_id) for one in task["predictions"])
    numbers = send(shop, studio.api, "blind", preselect=True)
    assert numbers["predictions"] == 12
    newest = [task["predictions"][-1]["result"] for task in studio.tasks_of(project_id)]
    assert all(result[0]["value"]["choices"] for result in newest)
    assert studio.api.project(project_id).settings["show_collab_predictions"] is True


def test_a_thousand_listings_go_there_and_none_twice(
    workspace: Workspace, colours: ColourRegistry, studio: Studio, tmp_path: Path
) -> None:
    rows = [{**row, "image": row["image"] if n < 300 else ""} for n, row in enumerate(coloured(1100, tuple(COLOURS)))]
    indexed(workspace, tmp_path / "shop", rows)
    fit(workspace, features=("clip-image",))
    numbers = send(workspace, studio.api, "a thousand", budget=1000, audit_share=1.0)
    tasks = studio.tasks_of(number_of(numbers))
    assert (numbers["made"], len({task["data"]["item"] for task in tasks})) == (1000, 1000)
    assert send(workspace, studio.api, "a thousand")["made"] == 0
    for task in tasks[:40]:
        studio.admin.answer(task["id"], category("red"))
    assert take_in(workspace, studio.api, "a thousand").numbers["new"] == 40


def test_what_was_sent_is_noted_with_the_numbers_that_the_server_gave(shop: Workspace, studio: Studio) -> None:
    numbers = send(shop, studio.api, "noted")
    with shop.database().connect(read_only=True) as connection:
        rows = answers.load_tasks(connection, numbers["place"])
        batch = judgements.load_review(connection)
    there = {task["id"]: int(task["data"]["item"]) for task in studio.tasks_of(number_of(numbers))}
    assert {row.task_id: row.item_id for row in rows} == there
    assert {one.item_id for one in batch} == set(there.values())
    assert set(there.values()) <= set(ids_of(shop).values())
    assert json.dumps(numbers)
