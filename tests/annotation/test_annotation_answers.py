"""What a JSON export says, and what of it is not to be believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from embedkit.annotation import documents
from embedkit.annotation.answers import Export, read_export, read_tasks
from embedkit.errors import EmbedkitError

WHEN = "2026-11-26T02:47:33.255814Z"
LATER = "2026-11-27T10:00:00.000001Z"


def chosen(code: str, control: str = "category", kind: str = "choices", **more: Any) -> dict[str, Any]:
    return {"from_name": control, "to_name": "image", "type": kind, "value": {kind: [code]}, **more}


def typed(control: str, *lines: str) -> dict[str, Any]:
    return {"from_name": control, "to_name": "image", "type": "textarea", "value": {"text": list(lines)}}


def annotation(number: int, *result: dict[str, Any], **more: Any) -> dict[str, Any]:
    made = {
        "id": number,
        "unique_id": f"u{number}",
        "completed_by": 1,
        "result": list(result),
        "was_cancelled": False,
        "created_at": WHEN,
        "updated_at": WHEN,
        "lead_time": 3.5,
    }
    return {**made, **more}


def task(item_id: int, *annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": 100 + item_id,
        "data": {"item": str(item_id), "key": f"k{item_id}", "title": f"Listing {item_id}"},
        "meta": {"embedkit": {"item_id": item_id, "batch_id": 4, "head_id": "probe-1", "codes": {"mugs-1": "Mugs"}}},
        "annotations": list(annotations),
        "drafts": [],
        "predictions": [1],
        "created_at": WHEN,
        "updated_at": WHEN,
    }
    return {**made, **more}


def write(folder: Path, content: Any, name: str = "export.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def read(tasks: list[Any]) -> Export:
    return read_tasks(json.loads(json.dumps(tasks)), "review", {1: "ann@example.com"})


def test_an_answer_keeps_who_when_how_long_and_from_where(tmp_path: Path) -> None:
    flags = chosen("ambiguous", "flags")
    path = write(tmp_path, [task(7, annotation(3, chosen("mugs-1", origin="manual"), flags, typed("comment", "odd")))])
    (answer,) = read_export(path).answers
    assert (answer.item_id, answer.key, answer.task_id, answer.annotation, answer.state) == (
        7,
        "k7",
        107,
        "u3",
        "answered",
    )
    assert (answer.code, answer.label, answer.flags, answer.comment) == ("mugs-1", "Mugs", ("ambiguous",), "odd")
    assert (answer.who, answer.lead_time_s, answer.batch_id, answer.head_id) == ("user 1", 3.5, 4, "probe-1")
    assert (answer.origin, answer.updated_at) == ("manual", "2026-11-26T02:47:33.255814+00:00")


def test_a_skip_carries_the_models_label_and_is_no_answer() -> None:
    export = read([task(7, annotation(3, chosen("mugs-1", origin="prediction", score=0.9), was_cancelled=True))])
    (answer,) = export.answers
    assert (answer.state, answer.code, answer.label) == ("skipped", None, None)


def test_flags_without_a_category_are_an_answer_without_a_label() -> None:
    new = [chosen("needs_category", "flags"), typed("new_category", 'Umbrellas, "foldable" <x>')]
    (answer,) = read([task(7, annotation(3, *new))]).answers
    assert (answer.state, answer.code, answer.flags) == ("flagged", None, ("needs_category",))
    assert answer.new_category == 'Umbrellas, "foldable" <x>'


def test_a_category_found_by_search_counts_where_the_list_says_so() -> None:
    found = {
        "from_name": "other_category",
        "to_name": "image",
        "type": "taxonomy",
        "value": {"taxonomy": [["home-9", "mugs-1"]]},
    }
    export = read(
        [
            task(1, annotation(1, chosen("another-category"), found)),
            task(2, annotation(2, chosen("cups-2"), found)),
            task(3, annotation(3, chosen("another-category"))),
        ]
    )
    assert [(answer.code, answer.state) for answer in export.answers] == [
        ("mugs-1", "answered"),
        ("cups-2", "answered"),
        (None, "flagged"),
    ]


def test_several_people_and_an_edit_by_another() -> None:
    export = read(
        [
            task(
                7,
                annotation(3, chosen("mugs-1")),
                annotation(4, chosen("cups-2"), completed_by={"id": 2, "email": "ben@example.com"}),
                annotation(5, chosen("cups-2"), completed_by=9, updated_by=1, updated_at=LATER),
            )
        ]
    )
    assert [answer.who for answer in export.answers] == ["ann@example.com", "ben@example.com", "user 9"]
    assert export.tasks[0].annotations == {"u3", "u4", "u5"}


def test_drafts_and_predictions_are_never_answers() -> None:
    draft = {"id": 1, "result": [chosen("mugs-1")], "user": 1}
    predictions = [{"id": 5, "result": [chosen("mugs-1")], "score": 0.9}]
    export = read([task(7, drafts=[draft], predictions=predictions)])
    assert export.answers == ()
    assert export.tasks[0].annotations == frozenset()


def test_of_one_annotation_twice_the_newer_version_is_taken() -> None:
    old, new = annotation(3, chosen("mugs-1")), annotation(3, chosen("cups-2"), updated_at=LATER)
    for order in ([old, new], [new, old]):
        export = read([task(7, order[0]), task(7, order[1])])
        assert [answer.code for answer in export.answers] == ["cups-2"]
        assert [one.annotations for one in export.tasks] == [{"u3"}]


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        (["not", "a", "task"], "a task is a JSON object"),
        (task(7, annotations="none"), "lacks its data or its list"),
        ({"id": 4, "annotations": []}, "lacks its data or its list"),
        (task(7, annotation(1), meta={}), "not made by embedkit"),
        (task(7, annotation(1), meta={"embedkit": {"item_id": True}}), "not made by embedkit"),
        (task(7, annotation(1), meta={"embedkit": {"item_id": 10**30}}), "not made by embedkit"),
        (task(7, annotation(1), data={"item": "8"}), "names two listings: 8 and 7"),
        (task(7, annotation(1), id="x"), "has no number"),
        (task(7, annotation(1), created_at="yesterday"), "when it was made"),
    ],
)
def test_a_task_that_cannot_be_used_is_listed_and_the_rest_goes_in(bad: Any, cause: str) -> None:
    export = read([bad, task(8, annotation(2, chosen("mugs-1")))])
    assert [answer.item_id for answer in export.answers] == [8]
    (problem,) = export.problems
    assert cause in problem.cause


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        ("x", "an annotation is a JSON object"),
        (annotation(3, id=None), "no number, or no time"),
        (annotation(3, created_at=None, updated_at="soon"), "no number, or no time"),
        (annotation(3, result={"a": 1}), "no list of objects"),
        (annotation(3, result=["x"]), "no list of objects"),
        (annotation(3, chosen("a-1"), chosen("b-2")), "2 categories are chosen: a-1, b-2"),
        (annotation(3, {**chosen("a"), "value": {"choices": [{"x": 1}]}}), "is no category"),
    ],
)
def test_an_annotation_that_cannot_be_used_is_listed_and_nothing_of_its_task_looks_deleted(
    bad: Any, cause: str
) -> None:
    export = read([task(7, bad, annotation(4, chosen("mugs-1")))])
    assert [answer.annotation for answer in export.answers] == ["u4"]
    assert (len(export.problems), cause in export.problems[0].cause) == (1, True)
    assert export.tasks == ()


def test_a_strangers_task_that_nobody_answered_is_of_no_interest() -> None:
    assert read([task(7, meta=None)]) == Export((), (), ())


def test_numbers_that_are_none_and_halves_of_characters_do_no_harm(tmp_path: Path) -> None:
    text = json.dumps([task(7, annotation(3, typed("comment", "a\ud83d"), lead_time=1.5))])
    path = write(tmp_path, text.replace("1.5", "NaN"))
    (answer,) = read_export(path).answers
    assert (answer.lead_time_s, answer.comment) == (None, "a?")
    json.dumps(answer.result, allow_nan=False).encode()


def test_a_key_that_stands_twice_is_not_guessed_at(tmp_path: Path) -> None:
    text = json.dumps([task(7, annotation(3, chosen("mugs-1"))), task(8)])
    path = write(tmp_path, text.replace('"id": 3,', '"id": 3, "id": 4,'))
    export = read_export(path)
    assert [(problem.where, problem.cause) for problem in export.problems] == [
        ("task 107", "the key 'id' stands twice in one object")
    ]
    assert [one.item_id for one in export.tasks] == [8]


def test_names_of_any_kind_come_through_unharmed(tmp_path: Path) -> None:
    name = 'Mugs, "cups" <b>&amp; 靴 👟 ‏نعال</b>'
    meta = {"embedkit": {"item_id": 7, "codes": {"c-1": name}}}
    path = write(tmp_path, [task(7, annotation(3, chosen("c-1"), typed("comment", name)), meta=meta)])
    (answer,) = read_export(path).answers
    assert (answer.label, answer.comment) == (name, name)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_that_systems_write_are_read(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(json.dumps([task(7, annotation(3, typed("comment", "靴")))], ensure_ascii=False).encode(codec))
    assert read_export(path).answers[0].comment == "靴"


def test_another_encoding_is_refused_with_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(b'[{"id": 1, "x": "caf\xe9"}]')
    with pytest.raises(EmbedkitError, match="byte 20 is no UTF-8"):
        read_export(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("id,category\n1,mugs\n", "is no JSON: it begins with 'id,category"),
        ('[{"annotation_id": 3, "category": "mugs", "id": 1}]', "format JSON_MIN"),
        ('{"images": [], "categories": [], "annotations": []}', "format COCO"),
        ('[{"data": {"item": "7"}, "meta": {}, "predictions": []}]', "questions, not answers"),
        ('[{"id": 1,\n "data": {},\n', "line 3: the file is cut off"),
        ('[{"id": 1}', "line 1: the file is cut off"),
        ('[{"id": 1},', "line 1: the file is cut off"),
        ('[{"id": "never end', "line 1: the file is cut off"),
        ('[\n{"id": 1}\n{"id": 2}]', "line 3: a comma or the end of the list is missing"),
        ('[\n\n{"id": nix, "a": "long enough that this is no cut"}]', "line 3: Expecting value"),
        ('[{"id": 1}] []', "line 1: there is more behind the end"),
        ("[" * 200_000, "line 1: objects are nested too deeply"),
    ],
)
def test_a_file_that_is_no_export_is_refused_in_words(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EmbedkitError) as refused:
        read_export(write(tmp_path, text))
    assert message in refused.value.message
    assert "export.json" in refused.value.message


def test_a_compressed_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(EmbedkitError, match="compressed archive"):
        read_export(path)


def test_an_export_of_nothing_is_no_error(tmp_path: Path) -> None:
    assert read_export(write(tmp_path, "[ ]")) == Export((), (), ())


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_wherever_a_chunk_ends_the_same_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    tasks = [task(n, annotation(n, chosen("mugs-1"), typed("comment", 'a\\"b\n靴👟'))) for n in range(1, 4)]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")
    whole = read_export(path)
    monkeypatch.setattr(documents, "CHUNK", chunk)
    assert read_export(path) == whole
    assert [answer.comment for answer in whole.answers] == ['a\\"b\n靴👟'] * 3


def test_a_large_file_that_is_wrong_at_its_start_is_refused_at_its_start(tmp_path: Path) -> None:
    import tracemalloc

    path = write(tmp_path, '[{"id": nix, "pad": "' + "x" * 30_000_000)
    tracemalloc.start()
    with pytest.raises(EmbedkitError, match="line 1: Expecting value"):
        read_export(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_large_file_is_read_in_the_memory_of_a_few_tasks(tmp_path: Path) -> None:
    import tracemalloc

    one = json.dumps(task(7, annotation(3, chosen("mugs-1")), data={"item": "7", "pad": "x" * 1_000_000}))
    path = write(tmp_path, "[" + ",\n".join([one] * 40) + "]")
    tracemalloc.start()
    assert len(read_export(path).answers) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 15_000_000
