"""Texts of listings, whole and in words, in any script."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from nltk.tokenize import RegexpTokenizer

from embedkit.catalog import text as text_module
from embedkit.catalog.text import full_text, tokenize, word_pattern


@pytest.mark.parametrize(
    ("title", "text", "whole"),
    [
        ("Red mug", "Holds tea.", "Red mug\nHolds tea."),
        ("Red mug", "RED  MUG holds tea.", "RED  MUG holds tea."),
        ("Red mug", "", "Red mug"),
        (" ", " Holds tea. ", "Holds tea."),
        ("", "", ""),
    ],
)
def test_the_title_comes_first_and_only_once(title: str, text: str, whole: str) -> None:
    assert full_text(title, text) == whole


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Red, WOOL curtain (7 ft)!", ("red", "wool", "curtain", "7", "ft")),
        ("हिन्दी में ऊनी परदा", ("हिन्दी", "में", "ऊनी", "परदा")),
        ("ستارة صوف حمراءُ", ("ستارة", "صوف", "حمراءُ")),
        ("红色 羊毛，窗帘", ("红色", "羊毛", "窗帘")),
        ("می\u200cخواهم", ("می\u200cخواهم",)),
        ("cafe\u0301 crème", ("café", "crème")),
        ("<p>Tom &amp; Jerry<br/>mug &lt;new&gt;</p>", ("tom", "jerry", "mug", "new")),
        ("5 < 7 & 8 > 3", ("5", "7", "8", "3")),
        ("!!! ...", ()),
        ("", ()),
    ],
)
def test_words_are_found_in_any_script(text: str, words: tuple[str, ...]) -> None:
    assert tokenize(text) == words


def test_a_word_keeps_its_vowel_signs_under_pythons_own_expressions() -> None:
    assert re.findall(word_pattern(), "हिन्दी में حمراءُ") == ["हिन्दी", "में", "حمراءُ"]


def test_a_text_of_many_pieces_has_the_words_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "LONGEST_PIECE", 16)
    assert tokenize(" red  wool\ncurtain " * 50) == ("red", "wool", "curtain") * 50


def test_latin_text_is_cut_as_nltks_plain_word_pattern_cuts_it() -> None:
    text = "Price: Rs. 899 This curtain's look, is made-from 100% polyester_fabric.It features an eyelet"
    assert list(tokenize(text)) == RegexpTokenizer(r"\w+").tokenize(text.lower())


def test_importing_it_does_not_import_nltk() -> None:
    code = "import embedkit.catalog.text, embedkit.catalog.read, sys; print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not [name for name in ("nltk", "pandas", "pyarrow", "torch") if f"'{name}'" in loaded]
