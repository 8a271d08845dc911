"""An evidence card: all that a person needs for one decision, and nothing that runs."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from embedkit.annotation.cards import NO_PICTURE, Card, Neighbour, Suggested, percent, strip, task_of
from embedkit.annotation.labelling import ANOTHER, Category, LabellingSpec, codes

THUMBNAIL = "data:image/jpeg;base64," + base64.b64encode(b"a picture").decode()
HOSTILE = '<script>alert(1)</script><img src="http://evil.example/x" onerror="alert(2)">"\'&</div> $title 靴'
FEW = codes(["Bags", "Shoes", "Watches"])


def spec_of(names: list[str], **more: bool) -> LabellingSpec:
    return LabellingSpec(tuple(Category(code, name) for name, code in codes(names).items()), **more)


SPEC = spec_of(list(FEW))
CARD = Card(
    item_id=7,
    key="B00X12",
    title="A red shoe",
    text="Made of leather.\nSize 42.",
    category="Bags",
    picture="/data/upload/1/7.jpg",
    top=(Suggested(FEW["Shoes"], "Shoes", 0.62), Suggested(FEW["Bags"], "Bags", 0.3)),
    reasons=("The model is sure of another category.", "Drawn at random."),
    neighbours=(Neighbour("Another shoe", "Shoes", THUMBNAIL),),
    score=0.62,
    model_version="head#3",
    batch_id=2,
    head_id="head",
)


class Elements(HTMLParser):
    """The elements of some markup, with their attributes, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_task_holds_the_evidence_and_knows_whence_it_comes() -> None:
    task = task_of(CARD, SPEC)
    assert {name: task["data"][name] for name in ("item", "key", "title", "text", "category", "image")} == {
        "item": "7",
        "key": "B00X12",
        "title": "A red shoe",
        "text": "Made of leather.\nSize 42.",
        "category": "Bags",
        "image": "/data/upload/1/7.jpg",
    }
    assert task["data"]["reasons"] == "The model is sure of another category.\nDrawn at random."
    assert task["data"]["said"] == "The catalogue says: Bags"
    assert task["meta"]["embedkit"] == {
        "item_id": 7,
        "batch_id": 2,
        "head_id": "head",
        "codes": {code: name for name, code in FEW.items()},
    }


def test_suggestions_name_the_key_that_chooses_them() -> None:
    rows = task_of(CARD, SPEC)["data"]["suggestions"]
    assert [(row["Key"], row["The model suggests"]) for row in rows] == [("2", "Shoes"), ("1", "Bags")]
    assert [row["Probability"].split() for row in rows] == [["62", "%", "██████"], ["30", "%", "███"]]


def test_nothing_is_chosen_beforehand_unless_asked_for() -> None:
    assert task_of(CARD, SPEC)["predictions"] == [{"model_version": "head#3", "score": 0.62, "result": []}]
    (prediction,) = task_of(CARD, replace(SPEC, preselect=True))["predictions"]
    (part,) = prediction["result"]
    assert (part["from_name"], part["to_name"], part["type"]) == ("category", "image", "choices")
    assert part["value"] == {"choices": [FEW["Shoes"]]}


def test_many_categories_come_in_the_models_order_and_then_in_the_pages() -> None:
    names = [f"c{number:02d}" for number in range(12)]
    known = codes(names)
    top = (Suggested(known["c07"], "c07", 0.5), Suggested(known["c03"], "c03", 0.25))
    data = task_of(replace(CARD, top=top, category="c11"), spec_of(names))["data"]
    assert [row["value"] for row in data["choices"][:4]] == ["c07\xa0·\xa050\xa0%", "c03\xa0·\xa025\xa0%", "c00", "c01"]
    assert [row["hotkey"] for row in data["choices"]] == list("1234567890ta")
    assert data["choices"][0]["alias"] == known["c07"]


def test_a_short_list_always_holds_the_catalogues_own_category_and_the_way_to_all() -> None:
    names = [f"c{number:02d}" for number in range(50)]
    data = task_of(replace(CARD, top=(), category="c40 > below"), spec_of(names))["data"]
    assert [row["value"] for row in data["choices"]][-2:] == ["c40", "Another category …"]
    assert (data["choices"][-1]["alias"], data["choices"][-1]["hotkey"]) == (ANOTHER, "0")
    assert len(data["choices"]) == 10


def test_a_task_does_not_carry_hundreds_of_codes() -> None:
    names = [f"c{number:03d}" for number in range(400)]
    task = task_of(replace(CARD, top=(), category="c399"), spec_of(names))
    assert sorted(task["meta"]["embedkit"]["codes"].values()) == [f"c{n:03d}" for n in (*range(8), 399)]


def test_what_is_missing_is_said() -> None:
    bare = replace(CARD, category=None, picture="", top=(), neighbours=(), title="", text="")
    data = task_of(bare, SPEC)["data"]
    assert (data["image"], data["said"], data["category"]) == (NO_PICTURE, "The catalogue names no category", "")
    assert [row["The model suggests"] for row in data["suggestions"]] == ["nothing"]
    assert "No labelled listing is near" in data["neighbours"]


def test_hostile_texts_stay_texts() -> None:
    markup = strip([Neighbour(HOSTILE, HOSTILE, THUMBNAIL)])
    elements = Elements(markup)
    assert {tag for tag, _ in elements.found} == {"p", "div", "i", "b", "span"}
    assert {name for _, attributes in elements.found for name in attributes} == {"class", "title", "style"}
    assert elements.text.count(HOSTILE) == 2
    data = task_of(replace(CARD, title=HOSTILE, text=HOSTILE, key=HOSTILE), SPEC)["data"]
    assert (data["title"], data["text"], data["key"]) == (HOSTILE, HOSTILE, HOSTILE)


@pytest.mark.parametrize(
    "picture",
    [
        "http://evil.example/x.png",
        "//evil.example/x.png",
        "data:image/svg+xml;base64,AAAA",
        "data:text/html;base64,AAAA",
        "data:image/jpeg;base64,AA'),url(http://evil.example/x",
        'data:image/jpeg;base64,AA"onmouseover="alert(1)',
        "data:image/jpeg;base64,AA\n",
    ],
)
def test_a_thumbnail_that_is_not_wholly_inside_is_left_out(picture: str) -> None:
    assert not [a for _, a in Elements(strip([Neighbour("a", "b", picture)])).found if "style" in a]
    assert [a for _, a in Elements(strip([Neighbour("a", "b", THUMBNAIL)])).found if "style" in a]


def test_of_a_path_the_end_is_shown_and_all_of_it_on_request() -> None:
    markup = strip([Neighbour("Blue towel", "Home > Bath & Co", THUMBNAIL)])
    assert "<b>Bath &amp; Co</b>" in markup
    assert 'title="Home &gt; Bath &amp; Co\nBlue towel"' in markup


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.1, 1.5])
def test_a_score_that_would_upset_the_queue_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="item 7"):
        task_of(replace(CARD, score=score), SPEC)


def test_certainty_is_never_claimed() -> None:
    assert [percent(p) for p in (0.0, 0.004, 0.01, 0.495, 0.99, 0.999, 1.0)] == [
        *("< 1 %", "< 1 %", "1 %", "50 %", "99 %"),
        *("> 99 %", "> 99 %"),
    ]


def test_a_task_is_json_whatever_sellers_write() -> None:
    wild = "\x00 \ud83d \u2028 " + HOSTILE
    assert json.loads(json.dumps(task_of(replace(CARD, title=wild), SPEC)))["data"]["title"] == wild
