"""Lengths of texts, and what is lost."""

from __future__ import annotations

from embedkit.study.lengths import Length, cut, text_lengths, too_long

SHORT = Length("short", "mugs", characters=20, words=4, tokens=77)
LONG = Length("long", "lamps", characters=400, words=90, tokens=102, distinct=40, lost=("brass", "bulb"))
LONGER = Length("longer", "lamps", characters=800, words=180, tokens=202, distinct=60, lost=("a", "b", "c"))


def test_lengths_are_told_for_the_whole_and_for_each_category() -> None:
    rows = {(row["measure"], row["category"]): row for row in text_lengths([SHORT, LONG, LONGER])}
    assert rows["words", "(all)"]["median"] == 90
    assert (rows["tokens", "lamps"]["least"], rows["tokens", "lamps"]["mean"]) == (102, 152)
    assert rows["characters", "mugs"]["listings"] == 1


def test_a_text_of_77_tokens_loses_nothing_and_one_of_78_loses_one() -> None:
    assert (SHORT.cut, Length("k", "c", 1, 1, 78).cut) == (0, 1)


def test_what_is_lost_is_a_share_of_the_texts_that_are_cut() -> None:
    whole, lamps, mugs = too_long([SHORT, LONG, LONGER])
    assert (whole["too_long"], whole["share"]) == (2, 0.6667)
    assert whole["tokens_lost"] == round((25 + 125) / (100 + 200), 4)
    assert lamps["words_lost"] == round(5 / 100, 4)
    assert (mugs["too_long"], mugs["tokens_lost"], mugs["words_lost"]) == (0, 0, 0)


def test_examples_are_the_longest_first() -> None:
    assert too_long([LONG, SHORT, LONGER])[0]["examples"] == ["longer", "long"]


def test_the_words_that_nobody_reads_are_named() -> None:
    first, second = cut([SHORT, LONG, LONGER])
    assert (first["key"], first["tokens_lost"], first["lost"]) == ("longer", 0.625, ["a", "b", "c"])
    assert (second["words_lost"], second["lost"]) == (2, ["brass", "bulb"])


def test_no_texts_have_no_lengths() -> None:
    assert (text_lengths([]), too_long([]), cut([])) == ([], [], [])
