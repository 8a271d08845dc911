"""The page says what was gathered, loads nothing, runs nothing, and holds each picture once."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from embedkit.explain.listing import Nearest
from embedkit.explain.remarks import Remark
from embedkit.report.html import VOID
from embedkit.report.page import report_page, write_report
from embedkit.studies import Rows
from embedkit.wording import LANGUAGES
from tests.report.pages import NASTY, bare, explanation, full, png


class Elements(HTMLParser):
    """Collects elements and text, and whether every element is closed where it should be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.broken: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request: pytest.FixtureRequest) -> Elements:
    return Elements(report_page(full(), request.param))


@pytest.fixture(scope="module")
def english() -> str:
    return report_page(full(), "en")


def test_it_is_well_formed(page: Elements) -> None:
    assert page.open == page.broken == []


def test_nothing_of_a_title_becomes_an_element_or_a_handler(page: Elements) -> None:
    assert not [tag for tag, _ in page.found if tag in ("script", "iframe", "object", "link", "form")]
    assert not [name for _, attrs in page.found for name in attrs if name.startswith("on")]
    assert page.text.count(NASTY) > 10


def test_nothing_is_loaded_from_elsewhere(page: Elements) -> None:
    named = [
        attrs[name] for _, attrs in page.found for name in ("src", "href", "xlink:href", "data") if attrs.get(name)
    ]
    assert len(named) > 10
    assert [one for one in named if one and not one.startswith(("#", "data:image/jpeg;base64,"))] == []


def test_what_is_referred_to_is_there_and_no_name_occurs_twice(page: Elements) -> None:
    names = [attrs["id"] for _, attrs in page.found if "id" in attrs]
    assert len(names) == len(set(names))
    used = {
        one[1:]
        for _, attrs in page.found
        for name in ("href", "xlink:href")
        if (one := attrs.get(name) or "")[:1] == "#"
    }
    used |= {one for _, attrs in page.found for one in (attrs.get("aria-labelledby") or "").split()}
    assert used <= set(names)


def test_scripts_are_forbidden_and_the_language_is_said(page: Elements) -> None:
    policy = next(attrs["content"] for tag, attrs in page.found if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy
    assert page.found[0][1]["lang"] in LANGUAGES


def test_every_chapter_is_in_the_contents(page: Elements) -> None:
    anchors = [attrs["id"] for tag, attrs in page.found if tag == "section"]
    links = [attrs["href"] for tag, attrs in page.found if tag == "a"]
    assert len(anchors) == 10
    assert {f"#{anchor}" for anchor in anchors} <= set(links)


def test_every_drawing_and_every_picture_has_a_text(page: Elements) -> None:
    images = [attrs for tag, attrs in page.found if attrs.get("role") == "img"]
    assert len(images) > 10
    assert all(attrs.get("aria-label") or attrs.get("aria-labelledby") for attrs in images)


def test_a_picture_is_held_once_however_often_it_is_shown(english: str) -> None:
    held = re.findall(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+", english)
    assert len(held) == len(set(held)) == 4  # the listing, a neighbour, two maps
    assert full().picture(1) == png(200)


def test_it_begins_with_how_many_how_good_and_what_to_do(english: str) -> None:
    text = Elements(english).text
    assert "shop.csv holds 1,500 listings in 3 categories." in text
    assert "names the right category for 87.5% of 16 listings" in text
    assert "To do first: judge the 40 listings that wait for review" in text


def test_numbers_and_words_are_french_in_french() -> None:
    text = Elements(report_page(full(), "fr")).text
    assert "1\N{NARROW NO-BREAK SPACE}500 annonces" in text
    assert "87,5\N{NARROW NO-BREAK SPACE}%" in text
    assert "Matrice de confusion" in text
    assert "Confusion matrix" not in text


def test_a_map_that_failed_its_test_says_so(english: str) -> None:
    assert english.count("✘ <b>don’t rely on this map</b>") == 2
    assert 'class="fails"' in english


def test_what_nobody_has_computed_names_its_command(english: str) -> None:
    missing = re.findall(r'<p class="missing">.*?<code>(.*?)</code>', english)
    assert missing == ["embedkit compare", "embedkit explore"]


def test_without_a_head_every_chapter_says_what_to_do() -> None:
    page = report_page(bare(), "en")
    assert page.count("<code>embedkit train</code>") > 5
    assert Elements(page).broken == []


def test_no_test_listing_no_accuracy_is_claimed() -> None:
    tested = full(tested=0, right=0, accuracy=None, low=None, high=None, macro_f1=None, ece=None)
    empty: dict[str, Rows] = {name: [] for name in ("per_class", "confusion", "coverage", "reliability")}
    gathered = replace(tested, report=replace(tested.report, tables={**tested.report.tables, **empty}))
    text = Elements(report_page(gathered, "en")).text
    assert "nobody knows how good it is" in text


def test_a_promise_that_no_listing_keeps_is_not_said_to_be_kept() -> None:
    text = Elements(report_page(full(promise=0.9999, accepted=0), "en")).text
    never = full(promise=0.9999, accepted=0)
    curve = [{**row, "precision": 0.5} for row in never.table("coverage")]
    nothing = replace(never, report=replace(never.report, tables={**never.report.tables, "coverage": curve}))
    assert "Not even the surest" in Elements(report_page(nothing, "en")).text
    assert "not yet sure enough to promise 99.99% right" in text


def test_a_twin_that_leans_the_other_way_is_not_summed_up() -> None:
    one = explanation()
    other = replace(one, adds={"clip-image": np.array([0.4, -0.1]), "keywords": np.array([-1.5, 0.5])})
    leaning = replace(full(), explanations={1: other})
    assert 'class="short"' in report_page(full(), "en")
    assert 'class="short"' not in report_page(leaning, "en")


def test_a_twin_that_decides_otherwise_is_said_to() -> None:
    notes = (Remark("learnt"), Remark("twin", {"category": "blue", "share": 0.6}))
    page = report_page(replace(full(), explanations={1: replace(explanation(), notes=notes)}), "en")
    assert "The twin says blue (60%)." in page
    assert "The twin says" not in report_page(full(), "en")


def test_a_part_that_counts_for_nothing_is_neither_shown_nor_evidence() -> None:
    one = explanation()
    near = (Nearest("densenet", "k9", "far", "blue", 0.99, None), *one.nearest)
    deaf = replace(one, adds={**one.adds, "densenet": np.zeros(2)}, nearest=near)
    counting = replace(one, adds={**one.adds, "densenet": np.ones(2)}, nearest=near)
    assert "picture (DenseNet)" not in report_page(replace(full(), explanations={1: deaf}), "en")
    assert "by picture (DenseNet)" in report_page(replace(full(), explanations={1: counting}), "en")


def test_each_part_names_its_nearest_before_any_names_its_second() -> None:
    near = [Nearest("clip-image", f"k{i}", f"look {i}", "red", 0.9 - i / 100, None) for i in range(4)]
    words = Nearest("keywords", "k9", "by words alone", "red", 0.2, None)
    page = report_page(replace(full(), explanations={1: replace(explanation(), nearest=(*near, words))}), "en")
    assert re.findall(r"by (picture|words)<", page) == ["picture", "words", "picture", "picture"] * 2


def test_an_interval_that_ends_short_of_all_is_not_said_to_reach_it() -> None:
    text = Elements(report_page(full(low=0.9576, high=0.9967), "en")).text
    assert "(95% interval: 95.8% to 99.7%)" in text


def test_the_command_that_is_named_for_review_can_be_run_as_it_stands() -> None:
    assert "<code>embedkit export-tasks -o tasks.json</code>" in report_page(full(waiting=0), "en")


def test_it_is_the_same_every_time(english: str) -> None:
    assert report_page(full(), "en") == english


def test_the_file_is_written_whole(tmp_path: Path, english: str) -> None:
    size = write_report(tmp_path / "new" / "report.html", full(), "en")
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8") == english
    assert size == len(english.encode())
