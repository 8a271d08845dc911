"""Languages, each text given all."""

from __future__ import annotations

import numpy as np
import pytest

from embedkit.study.languages import languages, settle

CODES = ("de", "en", "fr")
NAMES = {"de": "German", "en": "English", "fr": "French"}
SURE, VAGUE, FRENCH = [0.02, 0.96, 0.02], [0.34, 0.36, 0.3], [0.02, 0.03, 0.95]


def test_what_says_little_by_itself_follows_the_others() -> None:
    settled = settle(np.array([SURE] * 20 + [VAGUE]))
    assert settled[-1, 1] > 0.8
    assert settled.sum(axis=1) == pytest.approx(np.ones(21))


def test_a_single_french_text_among_many_english_ones_is_seen() -> None:
    rows = languages("title", [f"k{i}" for i in range(21)], CODES, np.array([SURE] * 20 + [FRENCH]), NAMES)
    assert [(row["name"], row["listings"], row["examples"][0]) for row in rows] == [
        ("English", 20, "k0"),
        ("French", 1, "k20"),
    ]


def test_what_cannot_be_told_comes_last_and_says_so() -> None:
    likely = np.array([SURE] * 10 + [FRENCH] * 10 + [VAGUE])
    rows = languages("title", [f"k{i}" for i in range(21)], CODES, likely, NAMES)
    assert [(row["field"], row["language"], row["listings"]) for row in rows] == [
        ("title", "en", 10),
        ("title", "fr", 10),
        ("title", "unknown", 1),
    ]


def test_no_texts_have_no_language() -> None:
    assert languages("title", [], CODES, np.zeros((0, 3)), NAMES) == []
