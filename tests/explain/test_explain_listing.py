"""What an explanation says of a listing in a few words."""

from __future__ import annotations

import numpy as np

from embedkit.explain.faithfulness import Faithfulness
from embedkit.explain.listing import Explanation, Map, WordMaps

HOLDS = Faithfulness(0.1, 0.9, (0.5,) * 9, 0.0, 16)


def explained(*shares: float, **adds: float) -> Explanation:
    """Return why a listing of as many words as there are shares went to "mugs"."""
    signed = np.array(shares, dtype=np.float32)
    one = Map("mugs", signed.clip(min=0), (-signed).clip(min=0), 1.0, HOLDS)
    words = tuple("abcdefgh"[: len(shares)])
    return Explanation(
        key="k1",
        title="a mug",
        known="mugs",
        predicted="mugs",
        confidence=0.9,
        categories=("mugs",),
        probabilities=(0.9,),
        adds={name.replace("_", "-"): np.array([value]) for name, value in adds.items()},
        pictures=(),
        texts=(WordMaps("t", "clip-text", "m", words, 0, (one,)),),
        keywords=(),
        keyword_rest=np.zeros(1),
        nearest=(),
    )


def test_a_word_whose_share_would_read_as_nothing_is_not_named() -> None:
    (row,) = explained(0.9, 0.097, 0.001, -0.002, clip_text=1.0).rows()
    assert (row["for"], row["against"]) == ("a +90%, b +10%", "")


def test_a_part_that_adds_nothing_says_so_instead_of_nothing() -> None:
    rows = explained(1.0, clip_text=1.0, densenet=0.0).rows()
    assert [(row["part"], row["mark"]) for row in rows] == [("clip-text", "holds"), ("densenet", "adds nothing")]
