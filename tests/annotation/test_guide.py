"""The annotators' guide says what the page shows, and is safe to show."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import get_args

import pytest

from embedkit.annotation.guide import instructions
from embedkit.annotation.labelling import FLAGS
from embedkit.annotation.style import GUIDE_STYLE
from embedkit.reasons import reason_words
from embedkit.types import Reason
from tests.test_reasons_in_words import TOLD


class Tags(HTMLParser):
    """The tags and attributes of some markup."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str | None] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name == "href"]


REASONS = {
    "tie": "The people who judged it disagree",
    "suspect": "the catalogue says",
    "disagreement": "The picture looks like",
    "novel": "It is unlike the listings of every category",
    "doubt": "knows too little of that category",
    "audit": "It was drawn at random",
}


def test_the_guide_explains_every_flag_with_its_key() -> None:
    guide = instructions()
    assert [flag.name for flag in FLAGS if f"<strong>{flag.name}</strong> <code>{flag.key}</code>" not in guide] == []


@pytest.mark.parametrize("reason", get_args(Reason))
def test_the_guide_explains_every_reason_in_the_words_in_which_it_is_told(reason: Reason) -> None:
    assert REASONS[reason] in reason_words(TOLD, 0, reason)
    assert f"<strong>{REASONS[reason]}</strong>" in instructions()
    assert f"<strong>{reason_words(TOLD, 1, 'doubt')[:17]}</strong>" in instructions()


def test_the_guide_is_plain_markup_and_its_look() -> None:
    seen = Tags(instructions())
    assert {"h1", "h2", "p", "ol", "ul", "li", "table", "td", "code", "strong"} <= seen.tags
    assert {"script", "img", "iframe", "link"} & seen.tags == set()
    assert seen.attributes == {"class"}
    assert set("<>&") & set(GUIDE_STYLE) == set()
    assert "url(" not in GUIDE_STYLE


def test_a_guide_of_ones_own_can_bring_nothing_that_runs_or_is_fetched() -> None:
    own = instructions(
        "Hello <script>alert(1)</script> <img src=x onerror=alert(2)>\n\n"
        "[click](javascript:alert(3)) ![x](http://evil.example/x.png) [fine](https://example.org/)"
    )
    assert Tags(own).tags == {"div", "style", "p", "a"}
    assert Tags(own).attributes == {"class", "href"}
    assert Tags(own).links == ["http://evil.example/x.png", "https://example.org/"]
