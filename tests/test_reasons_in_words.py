"""Why a person is asked, in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from embedkit.reasons import percent, reason_words, told_apart
from tests.test_select import standing

UNLIKE = "It is unlike the listings of every category: 2.3 times as far from the nearest labelled listings as is usual."
TOLD = standing(
    [0.97, 0.61],
    predicted=[1, 0],
    given=[0, -1],
    picture=[1, -1],
    picture_confidence=[0.91, 0.0],
    text=[2, 1],
    text_confidence=[0.88, 0.7],
    novelty=[2.34, 1.0],
    needed=[np.inf, 0.93],
)


@pytest.mark.parametrize(
    ("row", "reason", "words"),
    [
        (0, "suspect", "The model is 97 % sure of Watches; the catalogue says Computers."),
        (0, "disagreement", "The picture looks like Watches (91 %); the text reads like Curtains (88 %)."),
        (0, "novel", UNLIKE),
        (1, "doubt", "The model is only 61 % sure of Computers; to be accepted it would take 93 %."),
        (
            0,
            "doubt",
            "The model is 97 % sure of Watches, but knows too little of that category to accept any yet.",
        ),
        (1, "audit", "It was drawn at random, to measure how often the model is right."),
        (1, "tie", "The people who judged it disagree: one more opinion decides."),
    ],
)
def test_a_reason_is_said_in_words_with_its_numbers(row: int, reason: str, words: str) -> None:
    assert reason_words(TOLD, row, reason) == words  # type: ignore[arg-type]


def test_a_reason_that_has_passed_names_no_category_that_is_not_there() -> None:
    for reason in ("suspect", "disagreement"):
        assert reason_words(TOLD, 1, reason) == reason_words(TOLD, 1, "doubt")  # type: ignore[arg-type]
    assert "Curtains" not in reason_words(replace(TOLD, text=np.array([-1, -1])), 0, "disagreement")


@pytest.mark.parametrize(
    ("share", "said"), [(0.999, "over 99 %"), (0.994, "99 %"), (0.5, "50 %"), (0.001, "under 1 %")]
)
def test_nobody_is_told_that_anything_is_certain(share: float, said: str) -> None:
    assert percent(share) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.61, 0.93, ("61 %", "93 %")),
        (0.936, 0.942, ("93.6 %", "94.2 %")),
        (0.9961, 0.9982, ("99.6 %", "99.8 %")),
        (0.99996, 0.99999, ("99.996 %", "99.999 %")),
        (0.9999999, 0.99999999, ("over 99.999 %", "over 99.999 %")),
    ],
)
def test_too_little_never_looks_like_enough(low: float, high: float, said: tuple[str, str]) -> None:
    assert told_apart(low, high) == said
