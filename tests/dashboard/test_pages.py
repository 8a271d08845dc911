"""Every page in every state of a workspace: what it shows, and what it says where something is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from embedkit.stores.runs import now
from embedkit.studies import Study, write_study
from embedkit.workspace import Workspace
from tests.dashboard.conftest import HOSTILE
from tests.review_worlds import answer, fit, indexed, queue
from tests.worlds import ColourRegistry, coloured

pytestmark = pytest.mark.skipif(importlib.util.find_spec("streamlit") is None, reason="streamlit is not installed")

PAGES = ("overview", "scenarios", "errors", "listing", "search", "threshold", "review", "map")
SCRIPT = """
from pathlib import Path
from embedkit.dashboard.app import page
from embedkit.dashboard.snapshots import snapshots_of
from embedkit.wording import wording
page({name!r}, "The title", snapshots_of(Path({root!r})), wording({lang!r}), {{}})()
"""


class Seen:
    """A page as it was run: what it says in words, and its widgets."""

    def __init__(self, name: str, root: Path, lang: str = "en", **address: str) -> None:
        from streamlit.testing.v1 import AppTest

        self.run: Any = AppTest.from_string(SCRIPT.format(name=name, root=str(root), lang=lang), default_timeout=120)
        for key, value in address.items():
            self.run.query_params[key] = value
        self.run.run()

    @property
    def html(self) -> str:
        """Every piece of HTML, but for the style sheet."""
        return "\n".join(one.proto.body for one in self.run.get("html") if not one.proto.body.startswith("<style>"))

    @property
    def words(self) -> str:
        """All that is said: HTML, remarks, headings."""
        told = [*self.run.info, *self.run.warning, *self.run.subheader, *self.run.code]
        return "\n".join([self.html, *(str(one.value) for one in told)])

    @property
    def commands(self) -> list[str]:
        """The commands that would help."""
        return [str(one.value) for one in self.run.code]


def calm(seen: Seen) -> bool:
    """Return whether nothing on the page looks like a failure of the program."""
    return not seen.run.exception and "Error:" not in seen.words and "Traceback" not in seen.words


@pytest.mark.parametrize("name", PAGES)
def test_without_a_workspace_every_page_says_what_is_missing_and_which_command_makes_it(
    name: str, tmp_path: Path
) -> None:
    seen = Seen(name, tmp_path)
    assert calm(seen)
    assert "holds no catalogue" in seen.words
    assert "embedkit index CATALOGUE" in seen.words


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("overview", "train"),
        ("scenarios", "compare"),
        ("errors", "train"),
        ("threshold", "train"),
        ("review", "train"),
        ("map", "report -o report.html"),
    ],
)
def test_without_a_head_a_page_says_so_and_names_the_command(
    name: str, command: str, workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    indexed(workspace, tmp_path / "shop", coloured(9))
    seen = Seen(name, workspace.root)
    assert calm(seen)
    assert seen.commands == [f"embedkit {command} -w {workspace.root}"]


@pytest.mark.parametrize(
    ("name", "command"), [("overview", "classify --promise 0.98"), ("errors", "classify --promise 0.98")]
)
def test_without_predictions_a_page_says_so_and_names_the_command(
    name: str, command: str, workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    indexed(workspace, tmp_path / "shop", coloured(60))
    fit(workspace)
    seen = Seen(name, workspace.root)
    assert calm(seen)
    assert seen.commands == [f"embedkit {command} -w {workspace.root}"]


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_a_whole_workspace_is_shown(name: str, lang: str, looked_at: Workspace) -> None:
    assert calm(Seen(name, looked_at.root, lang, key="k003"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_survives_that_all_files_but_the_database_are_gone(name: str, looked_at: Workspace) -> None:
    for folder in (looked_at.heads, looked_at.indexes, looked_at.features, looked_at.reports):
        for path in [one for one in folder.rglob("*") if one.is_file()]:
            path.unlink()
    assert calm(Seen(name, looked_at.root, key="k003"))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_survives_a_damaged_database(name: str, looked_at: Workspace) -> None:
    looked_at.catalog.write_bytes(b"nothing that DuckDB knows" * 500)
    seen = Seen(name, looked_at.root)
    assert calm(seen)
    assert str(looked_at.catalog) in seen.words


@pytest.mark.parametrize("name", ["scenarios", "map", "review"])
def test_a_page_survives_a_study_that_lacks_what_it_shows(name: str, looked_at: Workspace) -> None:
    for verb in ("compare", "report"):
        rows = [{"scenario": "0", "key": "k001"}]
        write_study(looked_at, Study(verb, 99, now(), {}, {"scenarios": rows, "changed": rows, "map": rows}))
    assert calm(Seen(name, looked_at.root))


def test_the_first_page_shows_how_much_is_accepted_and_how_much_is_for_people(looked_at: Workspace) -> None:
    words = Seen("overview", looked_at.root).words
    assert "<dt>Listings</dt><dd>62</dd>" in words
    assert "of 62 need no person; of those at least 50.0% are right, as promised" in words
    assert "(95 %), on" in words


def test_the_first_page_says_how_long_each_verb_took(looked_at: Workspace) -> None:
    words = Seen("overview", looked_at.root).words
    assert "the last run of each: index" in words
    assert '<th scope="row">1</th><td>index</td>' in words


def test_errors_are_those_where_model_and_known_category_differ(looked_at: Workspace) -> None:
    seen = Seen("errors", looked_at.root)
    assert set(seen.run.dataframe[0].value["key"]) >= {"bad-1", "bad-2"}
    assert set(seen.run.dataframe[0].value["outcome"]) == {"they differ"}


def test_a_category_narrows_the_errors_down(looked_at: Workspace) -> None:
    seen = Seen("errors", looked_at.root)
    seen.run.multiselect[0].set_value([])
    seen.run.multiselect[1].set_value(["blue"])
    seen.run.run()
    shown = seen.run.dataframe[0].value
    assert set(shown["predicted"]) | set(shown["known"]) >= {"blue"}
    assert all("blue" in pair for pair in zip(shown["known"], shown["predicted"], strict=True))


def test_filters_that_nothing_passes_say_so(looked_at: Workspace) -> None:
    seen = Seen("errors", looked_at.root)
    seen.run.slider[0].set_value((0, 1))
    seen.run.run()
    assert "No listing passes these filters." in seen.words


def test_a_listing_is_shown_with_its_categories_and_neighbours(looked_at: Workspace) -> None:
    seen = Seen("listing", looked_at.root, key="k004")
    assert "green no 4" in seen.html
    assert "<td>green</td>" in seen.html
    assert 'href="listing?key=k' in seen.html
    assert "People are asked" in seen.html or "accepted" in seen.html


def test_whatever_a_seller_wrote_is_shown_as_it_is(looked_at: Workspace) -> None:
    html = Seen("listing", looked_at.root, key="k003").html
    assert "&lt;script&gt;window.harmed=1&lt;/script&gt;" in html
    assert "*bold* [a](http://evil.example) $x$ `c`" in html
    assert "<script" not in html
    assert HOSTILE.startswith("<script")


def test_a_key_that_no_listing_has_is_said_as_it_is(looked_at: Workspace) -> None:
    seen = Seen("listing", looked_at.root, key="<b>none</b>")
    assert "No listing has this key." in seen.words
    assert "&lt;b&gt;none&lt;/b&gt;" in seen.html


def test_a_listing_is_explained_when_asked_to(looked_at: Workspace) -> None:
    seen = Seen("listing", looked_at.root, key="k004")
    assert not seen.run.get("iframe")
    seen.run.button[0].click().run()
    assert calm(seen)
    (frame,) = seen.run.get("iframe")
    assert "What each part adds" in frame.proto.srcdoc
    assert "default-src &#x27;none&#x27;" in frame.proto.srcdoc


def test_words_find_listings(looked_at: Workspace) -> None:
    seen = Seen("search", looked_at.root)
    seen.run.text_input[0].set_value("something blue").run()
    assert calm(seen)
    assert seen.html.count("blue no") >= 12


def test_the_threshold_tells_live_how_much_is_accepted_and_how_much_of_it_is_right(looked_at: Workspace) -> None:
    seen = Seen("threshold", looked_at.root)
    seen.run.slider[0].set_value(0.0).run()
    assert "62 of 62 listings" in seen.html
    seen.run.slider[0].set_value(100.0).run()
    assert "0 of 62 listings" in seen.html
    assert "no held-out listing is as sure" in seen.html


def test_a_head_whose_file_is_gone_is_named_with_the_command_that_helps(looked_at: Workspace) -> None:
    for path in looked_at.heads.iterdir():
        path.unlink()
    words = Seen("threshold", looked_at.root).words
    assert "cannot be read" in words
    assert "embedkit train" in words


def test_the_review_page_shows_batches_answers_and_the_audit(looked_at: Workspace) -> None:
    queue(looked_at, ["k001", "k002"], "audit")
    answer(looked_at, {"k001": "green", "k002": "red"}, drawn_by="audit")
    seen = Seen("review", looked_at.root)
    assert calm(seen)
    assert "<dt>Answered</dt><dd>2</dd>" in seen.html
    assert "from 2 listings drawn at random" in seen.html
    assert sorted(seen.run.dataframe[0].value["label"]) == ["green", "red"]


def test_the_map_is_that_of_the_report(looked_at: Workspace) -> None:
    rows = [
        {
            "item_id": number,
            "key": f"k00{number}",
            "title": "",
            "x": float(number),
            "y": 0.0,
            "category": "red",
            "predicted": "blue",
            "confidence": 0.5,
            "outcome": "wrong",
        }
        for number in range(5)
    ]
    numbers = {"map_spaces": "clip-image", "map_method": "t-SNE"}
    write_study(looked_at, Study("report", 99, now(), numbers, {"map": rows}))
    seen = Seen("map", looked_at.root)
    assert calm(seen)
    assert "5 listings by clip-image, laid out by t-SNE" in seen.html


def test_scenarios_stand_side_by_side(looked_at: Workspace) -> None:
    rows = [
        {"scenario": name, "what": "words", "test_accuracy": 0.9, "test_low": 0.8, "test_high": 0.95, "total_s": 3.0}
        for name in ("0", "A")
    ]
    changed = [{"scenario": "A", "key": "k001", "title": "t", "truth": "red", "label": "red", "change": "now right"}]
    write_study(looked_at, Study("compare", 99, now(), {}, {"scenarios": rows, "changed": changed}))
    seen = Seen("scenarios", looked_at.root)
    assert calm(seen)
    assert "80.0% to 95.0%" in seen.html
    assert list(seen.run.dataframe[0].value["key"]) == ["k001"]
