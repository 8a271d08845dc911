"""The languages of texts, by the library's own model."""

from __future__ import annotations

import pytest

from embedkit.catalog.languages import LANGUAGES, NAMES, language_probabilities, script_of

TEXTS = {
    "en": "This curtain enhances the look of the interiors and makes the room feel warm",
    "fr": "Ce rideau embellit votre intérieur et rend la pièce plus chaleureuse",
    "de": "Dieser Vorhang verschönert die Einrichtung und macht das Zimmer gemütlich",
    "hi": "यह पर्दा कमरे को सुंदर बनाता है और रोशनी को नरम करता है",
    "ru": "Эта занавеска украшает интерьер и делает комнату уютной",
    "ja": "このカーテンは部屋を明るくします",
    "zh": "这款窗帘让房间更加温馨",
}


def test_sentences_are_in_their_language() -> None:
    codes, likely = language_probabilities(list(TEXTS.values()))
    assert [codes[column] for column in likely.argmax(axis=1)] == list(TEXTS)
    assert likely.sum(axis=1) == pytest.approx([1.0] * len(TEXTS))


def test_a_language_of_another_script_is_out_of_the_question() -> None:
    codes, likely = language_probabilities([TEXTS["ru"]])
    assert {codes[column] for column in likely[0].nonzero()[0]} == {"bg", "ru", "uk"}


def test_what_has_no_letters_may_be_anything() -> None:
    _, likely = language_probabilities(["12 345 €", ""])
    assert likely.ravel().tolist() == pytest.approx([1 / len(LANGUAGES)] * 2 * len(LANGUAGES))


@pytest.mark.parametrize(
    ("text", "script"),
    [("red", "LATIN"), ("Vélo été", "LATIN"), ("Nike 窗", "LATIN"), ("【包邮】M", "CJK"), ("123", ""), ("—€", "")],
)
def test_a_script_is_that_of_most_letters(text: str, script: str) -> None:
    assert script_of(text) == script


def test_every_text_is_counted_as_it_is_done() -> None:
    done: list[int] = []
    language_probabilities(["red", "blue"], done.append)
    assert done == [1, 2]


def test_every_language_has_a_name() -> None:
    assert NAMES["fr"] == "French"
    assert all(len(code) == 2 and name and scripts for code, (name, scripts) in LANGUAGES.items())
