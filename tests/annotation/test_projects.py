"""The project that people work in."""

from __future__ import annotations

import pytest

from embedkit.annotation.access import AnswerLost, NotThere
from embedkit.annotation.projects import ProjectSpec, prepare
from embedkit.errors import Misuse
from tests.annotation.fake_server import FakeServer

PAGE = '<View className="ek"><Image name="image" value="$image" /></View>'


def spec(**more: object) -> ProjectSpec:
    made = {"name": "review", "labelling_config": PAGE, "instructions": "<p>Look.</p>", **more}
    return ProjectSpec(**made)  # type: ignore[arg-type]


def test_a_new_project_shows_the_most_doubtful_first_and_preselects_nothing() -> None:
    prepared = prepare(FakeServer(), spec(annotators=2))
    assert prepared.done == ("made",)
    settings = prepared.project.settings
    assert (settings["sampling"], settings["show_collab_predictions"]) == ("Uncertainty sampling", False)
    assert (settings["maximum_annotations"], settings["enable_empty_annotation"]) == (2, False)


def test_its_list_of_tasks_leaves_out_what_only_the_labelling_page_can_show() -> None:
    server = FakeServer()
    project_id = prepare(server, spec()).project.project_id
    hidden = server.tabs[project_id]["hiddenColumns"]["explore"]
    assert {"tasks:data.neighbours", "tasks:data.suggestions"} <= set(hidden)
    assert {"tasks:data.title", "tasks:data.category", "tasks:data.reasons"}.isdisjoint(hidden)


def test_a_second_time_nothing_is_changed() -> None:
    server = FakeServer()
    prepare(server, spec())
    assert prepare(server, spec()).done == ()
    assert server.calls.count("update_project") == 0


def test_a_new_page_reaches_the_project_and_what_people_set_stays() -> None:
    server = FakeServer()
    made = prepare(server, spec()).project
    server.update_project(made.project_id, {"sampling": "Sequential sampling", "maximum_annotations": 3})
    prepared = prepare(server, spec(labelling_config=PAGE.replace("image", "picture")))
    assert prepared.done == ("label_config",)
    assert prepared.project.settings["sampling"] == "Sequential sampling"
    assert prepared.project.settings["maximum_annotations"] == 3


def test_instructions_that_somebody_edited_are_left_alone() -> None:
    server = FakeServer()
    made = prepare(server, spec()).project
    assert prepare(server, spec(instructions="<p>Look twice.</p>")).done == ("expert_instruction",)
    edited = str(server.project(made.project_id).settings["expert_instruction"]).replace("twice", "thrice")
    server.update_project(made.project_id, {"expert_instruction": edited})
    assert prepare(server, spec(instructions="<p>Look again.</p>")).done == ()


def test_a_project_with_a_page_of_its_own_is_never_taken_over() -> None:
    server = FakeServer()
    server.add_project(1, "review", label_config="<View><Text name='t' value='$t'/></View>")
    with pytest.raises(Misuse, match="a labelling page that embedkit did not make"):
        prepare(server, spec())


def test_an_empty_project_made_by_hand_can_be_named_by_its_number() -> None:
    server = FakeServer()
    server.add_project(7, "By hand")
    assert "label_config" in prepare(server, spec(name="7")).done


def test_a_number_that_is_none_makes_no_project() -> None:
    server = FakeServer()
    with pytest.raises(NotThere):
        prepare(server, spec(name="12"))
    assert server.titles == {}


@pytest.mark.parametrize("name", ["ab", "x" * 51])
def test_a_title_that_label_studio_refuses_is_refused_first(name: str) -> None:
    with pytest.raises(Misuse, match="3 to 50"):
        prepare(FakeServer(), spec(name=name))


def test_a_lost_answer_makes_no_second_project() -> None:
    server = FakeServer()
    server.lose("create_project", AnswerLost("broke off"), after=True)
    assert prepare(server, spec()).project.project_id == 1
    assert len(server.titles) == 1
