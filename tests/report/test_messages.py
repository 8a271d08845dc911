"""Everything that report and dashboard say can be said in every language."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedkit import messages
from embedkit.wording import LANGUAGES

SOURCE = """
join([_("a {x}", x=[_("within")])])
_.plural("{n} b", "{n} bs", 2)
_.plain("alone")
_.plain.plural("i", "j", 1)
"""


@pytest.mark.parametrize("lang", LANGUAGES[1:])
def test_every_message_is_translated_with_its_placeholders_and_compiled(lang: str) -> None:
    assert messages.problems(lang) == []


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the .po file of two messages, translated and compiled."""
    monkeypatch.setattr(messages, "LOCALES", tmp_path / "locales")
    monkeypatch.setattr(messages, "said", lambda: {"a {x}", ("{n} b", "{n} bs")})
    messages.update("fr")
    po = tmp_path / "locales" / "fr" / "LC_MESSAGES" / "embedkit.po"
    text = po.read_text(encoding="utf-8").replace('msgid "a {x}"\nmsgstr ""', 'msgid "a {x}"\nmsgstr "un {x}"')
    po.write_text(text.replace('[0] ""', '[0] "{n} bé"').replace('[1] ""', '[1] "{n} bés"'), encoding="utf-8")
    messages.update("fr")
    return po


def test_a_full_catalogue_has_no_problem_and_updating_it_again_changes_nothing(small: Path) -> None:
    before = small.read_bytes(), small.with_suffix(".mo").read_bytes()
    assert messages.problems("fr") == []
    messages.update("fr")
    assert (small.read_bytes(), small.with_suffix(".mo").read_bytes()) == before


@pytest.mark.parametrize(
    ("was", "is_now", "problem"),
    [
        ('"un {x}"', '""', "not translated"),
        ('"un {x}"', '"un"', "a placeholder is lost"),
        ('"un {x}"', '"un {x} {y}"', "a placeholder that the message has not"),
        ('msgid "a {x}"', '#, fuzzy\nmsgid "a {x}"', "uncertain"),
        ('msgid "a {x}"', 'msgid "other {x}"', "missing"),
        ('"un {x}"', '"une {x}"', "the compiled catalogue is not"),
    ],
)
def test_a_catalogue_that_lacks_something_says_what(small: Path, was: str, is_now: str, problem: str) -> None:
    small.write_text(small.read_text(encoding="utf-8").replace(was, is_now), encoding="utf-8")
    assert any(line.startswith(problem) for line in messages.problems("fr"))


def test_what_waits_for_a_translator_is_the_only_problem(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "said", lambda: {"a {x}", ("{n} b", "{n} bs"), "new", ("{n} c", "{n} cs")})
    messages.update("fr")
    assert messages.problems("fr") == ["not translated: ('{n} c', '{n} cs')", "not translated: new"]


def test_what_nobody_says_any_more_is_named_and_dropped(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "said", lambda: {"a {x}"})
    assert any(line.startswith("nobody says") for line in messages.problems("fr"))
    messages.update("fr")
    assert messages.problems("fr") == []


def test_messages_are_found_where_they_are_said(tmp_path: Path) -> None:
    for folder in ("report", "dashboard", "other"):
        (tmp_path / folder).mkdir()
    (tmp_path / "report" / "one.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "other" / "two.py").write_text('_("elsewhere")\n', encoding="utf-8")
    assert messages.said(tmp_path) == {"a {x}", "within", "alone", ("{n} b", "{n} bs"), ("i", "j")}


def test_a_message_that_is_no_literal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "one.py").write_text("\n_(name)\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"one\.py:2"):
        messages.said(tmp_path)
