"""A batch of listings on its way to people."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from embedkit import batches
from embedkit.annotation.access import AnswerLost
from embedkit.annotation.labelling import codes
from embedkit.errors import EmbedkitError, Misuse
from embedkit.stages import export_tasks, index
from embedkit.stores import answers, judgements
from embedkit.types import Report, no_progress
from embedkit.workspace import Workspace
from tests.annotation.fake_server import FakeServer
from tests.review_worlds import Desk, answer, fit, ids_of, indexed, said, silent
from tests.worlds import ColourRegistry, coloured, write_shop

HOSTILE = 'Mug, "blue" <script>alert(1)</script> &amp; 靴 👟 ‏نعال {"a": 1}'


@pytest.fixture
def shop(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> Workspace:
    """Sixty coloured listings, and a head."""
    indexed(workspace, tmp_path / "shop", coloured(60))
    fit(workspace)
    return workspace


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


def send(workspace: Workspace, server: FakeServer | None, lines: list[str] | None = None, **options: Any) -> Report:
    given = {"budget": 10, "project": "" if server is None else "review", "batch": 4, **options}
    spec = export_tasks.ExportSpec(**given)
    say = silent if lines is None else lines.append
    return export_tasks.run(workspace, spec, server, say, no_progress)  # type: ignore[arg-type]


def items(server: FakeServer) -> list[int]:
    return [int(task["data"]["item"]) for task in server.tasks.values()]


def shown(address: str) -> Image.Image:
    """Return the picture that is inside an address."""
    kind, _, data = address.partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def out(workspace: Workspace) -> list[answers.TaskRow]:
    with workspace.database().connect(read_only=True) as connection:
        return answers.load_tasks(connection)


def test_a_batch_goes_out_each_listing_with_the_evidence_about_it(shop: Workspace, server: FakeServer) -> None:
    report = send(shop, server)
    assert (report.numbers["made"], len(items(server)), len(set(items(server)))) == (10, 10, 10)
    task = server.tasks[1]
    assert task["data"]["image"].startswith("/data/upload/1/ek-")
    assert len(task["data"]["suggestions"]) == 3
    assert "Nearest labelled listings" in task["data"]["neighbours"]
    assert task["data"]["neighbours"].count("data:image/jpeg;base64,") == 5
    assert task["data"]["reasons"]
    (prediction,) = task["predictions"]
    assert (prediction["result"], 0 <= prediction["score"] <= 1) == ([], True)
    assert prediction["model_version"] == server.project(1).model_version
    assert [task["predictions"][0]["score"] for task in server.tasks.values()] == sorted(
        task["predictions"][0]["score"] for task in server.tasks.values()
    )


def test_no_listing_is_its_own_neighbour(shop: Workspace, server: FakeServer) -> None:
    send(shop, server)
    for task in server.tasks.values():
        assert f'title="{task["data"]["title"]}"' not in task["data"]["neighbours"]


def test_a_large_picture_is_sent_as_large_as_a_page_shows_it(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path / "shop", coloured(60))
    Image.new("RGB", (3000, 1500), (230, 20, 20)).save(shop.parent / "k000.png")
    index.run(workspace, index.IndexSpec(shop, encoders=("colour",)), silent, no_progress)
    fit(workspace)
    send(workspace, None, output=tmp_path / "tasks.json", budget=60, audit_share=1.0)
    tasks = {task["data"]["key"]: task["data"] for task in json.loads((tmp_path / "tasks.json").read_text())}
    assert shown(tasks["k000"]["image"]).size == (1024, 512)
    strips = "".join(data["neighbours"] for data in tasks.values())
    thumbnails = {shown(found).size for found in re.findall(r"data:image/jpeg;base64,[^']+", strips)}
    assert max(max(size) for size in thumbnails) <= 96


def test_a_listing_that_the_catalogue_files_wrongly_is_asked_about_and_says_why(
    workspace: Workspace, colours: ColourRegistry, server: FakeServer, tmp_path: Path
) -> None:
    rows = coloured(90)
    rows[0]["category"] = "blue"
    indexed(workspace, tmp_path / "shop", rows)
    fit(workspace)
    send(workspace, server, audit_share=0.0)
    reasons = {task["data"]["key"]: task["data"]["reasons"] for task in server.tasks.values()}
    assert "sure of red; the catalogue says blue." in reasons["k000"]


def test_what_an_audit_draws_and_people_have_answered_costs_nobody_anything(
    shop: Workspace, server: FakeServer
) -> None:
    answer(shop, dict.fromkeys(list(ids_of(shop))[:30], "red"))
    numbers = send(shop, server, budget=60, audit_share=1.0).numbers
    assert (numbers["listings"], numbers["waiting"], numbers["made"]) == (60, 30, 30)


def test_what_went_out_with_an_earlier_batch_is_not_sent_again_elsewhere(
    shop: Workspace, server: FakeServer, tmp_path: Path
) -> None:
    send(shop, None, output=tmp_path / "tasks.json", budget=20, audit_share=1.0)
    first = {row.item_id for row in out(shop)}
    numbers = send(shop, server, new_batch=True, budget=60, audit_share=1.0).numbers
    assert (numbers["listings"], numbers["made"], set(items(server)) & first) == (60, 40, set())
    assert send(shop, server).numbers["waiting"] == 40


def test_what_is_out_is_noted_with_its_task(shop: Workspace, server: FakeServer) -> None:
    send(shop, server)
    rows = out(shop)
    assert {row.destination for row in rows} == {"http://fake/projects/1"}
    assert sorted((row.item_id, row.task_id) for row in rows) == sorted(
        (int(task["data"]["item"]), number) for number, task in server.tasks.items()
    )


def test_sent_again_nothing_is_added_and_it_says_so(shop: Workspace, server: FakeServer) -> None:
    send(shop, server)
    before = json.dumps(server.tasks)
    report = send(shop, server)
    assert report.summary[0].startswith("sent nothing new; 10 were there already, 0 of them answered")
    assert (json.dumps(server.tasks), len(out(shop))) == (before, 10)
    assert server.calls.count("upload") == 3


def test_stopped_half_way_the_same_batch_goes_on(shop: Workspace, server: FakeServer) -> None:
    server.lose("import_tasks", None, RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        send(shop, server)
    assert (len(items(server)), len(out(shop))) == (4, 4)
    report = send(shop, server, budget=33)
    assert (report.numbers["made"], report.numbers["there"], report.numbers["batch"]) == (6, 4, 1)
    assert len(set(items(server))) == 10
    assert len({one["predictions"][0]["model_version"] for one in server.tasks.values()}) == 1


def test_a_lost_answer_doubles_nothing(shop: Workspace, server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedkit.annotation.push.LOST_PAUSES_S", (0.0,) * 4)
    server.lose("import_tasks", AnswerLost("broke off"), after=True)
    assert send(shop, server).numbers["made"] == 10
    assert sorted(items(server)) == sorted(set(items(server)))


def test_when_all_is_answered_another_batch_is_drawn_without_what_is_known(shop: Workspace, server: FakeServer) -> None:
    send(shop, server)
    first = set(items(server))
    keys = {item_id: key for key, item_id in ids_of(shop).items()}
    answer(shop, {keys[item_id]: "red" for item_id in first})
    report = send(shop, server)
    assert (report.numbers["batch"], report.numbers["drawn"]) == (2, True)
    assert len(set(items(server)) - first) == report.numbers["made"]
    assert set(items(server)[10:]) & first == set()


def test_another_batch_can_be_asked_for(shop: Workspace, server: FakeServer) -> None:
    send(shop, server)
    report = send(shop, server, new_batch=True)
    assert (report.numbers["batch"], len(set(items(server))) > 10) == (2, True)
    assert len(items(server)) == len(set(items(server)))


def test_listings_that_went_to_a_project_that_is_gone_can_be_drawn_again(shop: Workspace, server: FakeServer) -> None:
    send(shop, server, budget=60, audit_share=1.0)
    with pytest.raises(EmbedkitError, match="no listing left"):
        send(shop, server, new_batch=True)
    del server.titles[1]
    server.tasks.clear()
    server.add_project(2)
    assert send(shop, server, new_batch=True).numbers["made"] == 10


def test_a_batch_that_classify_queued_goes_out(shop: Workspace, server: FakeServer) -> None:
    ids = ids_of(shop)
    with shop.database().connect(read_only=False) as connection:
        queue = [judgements.ReviewItem(ids[key], "h", 0.5, ("doubt",), "doubt") for key in ("k003", "k007")]
        judgements.record_review(connection, 1, queue)
    assert send(shop, server).numbers["drawn"] is False
    assert sorted(items(server)) == sorted([ids["k003"], ids["k007"]])


def test_open_tasks_of_every_batch_hear_a_new_head(shop: Workspace, server: FakeServer) -> None:
    first = send(shop, server)
    send(shop, server, new_batch=True)
    server.tasks[2]["annotations"].append({"id": 1})
    with shop.database().connect(read_only=True) as connection:
        old = judgements.last_trained(connection)
    fit(shop, features=("clip-text",))
    second = send(shop, server)
    assert second.numbers["predictions"] == len(server.tasks) - 1
    version = server.project(1).model_version
    assert (first.numbers["model_version"].startswith(f"{old}#"), version.startswith(f"{old}#")) == (True, False)
    assert [
        number
        for number, task in server.tasks.items()
        if version not in {one["model_version"] for one in task["predictions"]}
    ] == [2]


def test_where_people_disagree_one_more_is_asked(shop: Workspace, server: FakeServer) -> None:
    send(shop, server)
    key = str(server.tasks[1]["data"]["key"])
    server.tasks[1]["annotations"] = [{"id": 1}, {"id": 2}]
    Desk(shop, shop.root).take_in(Desk(shop, shop.root).task(key, said(1, "red"), said(2, "blue", who=2)))
    report = send(shop, server)
    assert (report.numbers["asked_again"], server.tasks[1]["overlap"]) == (1, 3)
    assert server.tasks[1]["data"]["reasons"].startswith("The people who judged it disagree")
    fit(shop, features=("clip-text",))
    send(shop, server)
    assert [one["score"] for one in server.tasks[1]["predictions"]][1:] == [0.0]


def test_a_listing_that_is_gone_is_not_asked_about(shop: Workspace, server: FakeServer, tmp_path: Path) -> None:
    send(shop, FakeServer())
    indexed(shop, tmp_path / "shop", coloured(40))
    there = set(ids_of(shop).values())
    send(shop, server)
    assert set(items(server)) <= there


def test_a_file_works_alone_and_has_its_page_beside_it(shop: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    report = send(shop, None, output=path)
    tasks = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name))
    assert (len(tasks), report.numbers["made"]) == (10, 10)
    assert shown(tasks[0]["data"]["image"]).format == "JPEG"
    assert "<View" in path.with_suffix(".xml").read_text(encoding="utf-8")
    assert [row.destination for row in out(shop)] == [str(path)] * 10
    again = send(shop, None, output=path)
    assert "the same as before" in again.summary[0]


def test_a_file_can_point_at_pictures_on_the_web_or_in_a_folder(shop: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    send(shop, None, output=path, pictures="url:https://cdn.example.com/")
    assert json.loads(path.read_text())[0]["data"]["image"].startswith("https://cdn.example.com/k0")
    send(shop, None, output=path, pictures=f"local:{tmp_path / 'shown' / 'ek'}")
    address = json.loads(path.read_text())[0]["data"]["image"]
    assert address.startswith("/data/local-files/?d=ek/ek-")
    assert (tmp_path / "shown" / address.partition("=")[2]).is_file()


def test_whatever_sellers_write_goes_through_unharmed(
    workspace: Workspace, colours: ColourRegistry, server: FakeServer, tmp_path: Path
) -> None:
    rows = [{**row, "title": HOSTILE, "category": f'{row["colour"]}, "x" <b>&靴</b>'} for row in coloured(30)]
    indexed(workspace, tmp_path / "shop", rows)
    fit(workspace)
    send(workspace, server)
    data = server.tasks[1]["data"]
    assert data["title"] == HOSTILE
    assert "<script>" not in data["neighbours"]
    name = 'red, "x" <b>&靴</b>'
    assert codes([name])[name] in str(server.project(1).settings["label_config"])


def test_a_picture_that_cannot_be_shown_is_no_reason_to_ask_nobody(
    shop: Workspace, server: FakeServer, tmp_path: Path
) -> None:
    for path in (tmp_path / "shop").glob("*.png"):
        path.unlink()
    assert send(shop, server).numbers["made"] == 10
    assert server.files == {}


def test_without_a_head_nothing_is_sent(
    workspace: Workspace, colours: ColourRegistry, server: FakeServer, tmp_path: Path
) -> None:
    indexed(workspace, tmp_path / "shop", coloured(6))
    with pytest.raises(EmbedkitError, match="no head has been trained"):
        send(workspace, server)
    assert server.titles == {}


def test_when_all_listings_are_out_there_is_nothing_to_draw(shop: Workspace, server: FakeServer) -> None:
    send(shop, server, budget=60, audit_share=1.0)
    with pytest.raises(EmbedkitError, match="no listing left"):
        send(shop, server, new_batch=True)


@pytest.mark.parametrize(
    ("name", "options"),
    [("tasks.json", {"pictures": "nowhere"}), ("tasks.json", {"pictures": "upload"}), ("tasks.xml", {}), (None, {})],
)
def test_what_does_not_fit_together_is_refused_before_anything_is_drawn(
    shop: Workspace, tmp_path: Path, name: str | None, options: dict[str, Any]
) -> None:
    with pytest.raises(Misuse):
        send(shop, None, output=tmp_path / name if name else None, **options)
    assert not list(tmp_path.glob("tasks*"))
    assert not batches.newest(shop)


def test_a_tree_of_categories_of_one_level_is_said_to_be_none(shop: Workspace, server: FakeServer) -> None:
    lines: list[str] = []
    send(shop, server, lines, tree=True)
    assert [line for line in lines if "no tree" in line] != []
