"""Numbers and messages, as their readers write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from embedkit.wording import wording


def test_english_numbers_have_commas_and_points() -> None:
    assert wording("en").number(12345.678, 1) == "12,345.7"


def test_a_share_is_said_in_percent() -> None:
    assert wording("en").share(0.9761) == "97.6%"
    assert wording("en").share(0.9761, 0) == "98%"


def test_a_message_is_filled_in() -> None:
    assert wording("en")("head {head}", head="h1") == "head h1"


def test_a_message_without_values_may_hold_braces() -> None:
    assert wording("en")("a {brace") == "a {brace"


@pytest.mark.parametrize(("n", "said"), [(0, "0 listings"), (1, "1 listing"), (1200, "1,200 listings")])
def test_one_and_many_differ(n: int, said: str) -> None:
    assert wording("en").plural("{n} listing", "{n} listings", n) == said


def test_a_moment_is_day_and_minute() -> None:
    assert wording("en").moment(datetime(2026, 11, 26, 5, 7)) == "26 Nov 2026 05:07"


def test_an_unknown_language_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="en, fr"):
        wording("de")
