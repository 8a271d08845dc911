"""What is remarked about a listing reads the same on every page, in each language."""

from __future__ import annotations

import pytest

from embedkit.explain.faithfulness import Faithfulness
from embedkit.explain.remarks import REMARKS, Remark
from embedkit.report.evidence import remark, signed, signed_share, verdict
from embedkit.wording import wording

VALUES: dict[str, str | float | int] = {
    "cells": 1200,
    "category": "Watches & <Clocks>",
    "share": 0.876,
    "part": "clip-image",
    "encoder": "clip-tiny",
    "precision": "int8",
    "message": "k005.png is gone",
}


def of(kind: str) -> Remark:
    return Remark(kind, {name: value for name, value in VALUES.items() if f"{{{name}}}" in REMARKS[kind]})


@pytest.mark.parametrize("kind", [kind for kind in REMARKS if kind != "few"])
def test_a_remark_says_on_a_page_what_it_says_to_programs(kind: str) -> None:
    assert remark(of(kind), wording("en")) == of(kind).text


def test_a_remarks_numbers_are_written_as_the_language_writes_them() -> None:
    assert remark(of("few"), wording("en")).startswith("1,200 parts")
    assert remark(of("few"), wording("fr")).startswith("1\N{NARROW NO-BREAK SPACE}200 parties")
    assert "88\N{NARROW NO-BREAK SPACE}%" in remark(of("twin"), wording("fr"))


def test_a_map_is_judged_in_the_readers_language() -> None:
    good = Faithfulness(0.1, 0.9, (0.4, 0.5, 0.6), 0.0, 49)
    assert verdict(good, wording("en")) == "Holds: better than each of 3 random orders."
    assert verdict(good, wording("fr")) == "Tient\N{NO-BREAK SPACE}: fait mieux que chacun des 3 ordres au hasard."
    bad = Faithfulness(0.9, 0.9, (0.4, 0.5, 0.6), 0.9, 49)
    assert verdict(bad, wording("en")) == (
        "Don't rely on this: taking away what it marks lowers the score no more than taking away at random; "
        "it looks much the same when the model's weights are random."
    )


@pytest.mark.parametrize(
    ("lang", "number", "share"), [("en", "−1.50", "−8%"), ("fr", "−1,50", "−8\N{NARROW NO-BREAK SPACE}%")]
)
def test_signs_are_always_written(lang: str, number: str, share: str) -> None:
    assert signed(-1.5, wording(lang)) == number
    assert signed(1.5, wording(lang)).startswith("+")
    assert signed_share(-0.08, wording(lang)) == share
