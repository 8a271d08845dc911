"""Why a person is asked, in words."""

from __future__ import annotations

from typing import Any

from embedkit.report.reasons import reason_sentences, sure
from embedkit.wording import wording

ROW: dict[str, Any] = {
    "predicted": "Curtains",
    "given": "Watches",
    "confidence": 0.999,
    "needed": 0.9,
    "looks": "Curtains",
    "looks_confidence": 0.8,
    "reads": "Watches",
    "reads_confidence": 0.7,
    "novelty": 2.25,
}


def said(**changed: Any) -> list[str]:
    return reason_sentences({**ROW, **changed}, wording("en"))


def test_each_reason_has_its_sentence_in_their_order() -> None:
    sentences = said(reasons="suspect, disagreement, novel")
    assert sentences[0] == "The model is over 99% sure of Curtains; the catalogue says Watches."
    assert sentences[1] == "The picture looks like Curtains (80%); the text reads like Watches (70%)."
    assert "2.2 times" in sentences[2]


def test_doubt_says_what_it_would_take_or_that_nothing_would() -> None:
    assert "it would take 90%" in said(reasons="doubt", confidence=0.4)[0]
    assert "knows too little" in said(reasons="doubt", confidence=0.4, needed=None)[0]


def test_what_is_too_little_never_looks_like_what_it_would_take() -> None:
    assert (
        "only 93.6% sure of Curtains; to be accepted it would take 94.2%"
        in (said(reasons="doubt", confidence=0.936, needed=0.942)[0])
    )


def test_a_suspicion_without_a_category_falls_back_to_doubt() -> None:
    assert "only" in said(reasons="suspect", given=None)[0]


def test_people_who_disagree_and_chance_are_named() -> None:
    assert "disagree" in said(reasons="tie")[0]
    assert "at random" in said(reasons="audit")[0]


def test_nothing_is_certain() -> None:
    assert [sure(share, wording("en")) for share in (1.0, 0.994, 0.0)] == ["over 99%", "99%", "under 1%"]
