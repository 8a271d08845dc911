"""How long texts are, and what is lost of those that are longer than CLIP reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedkit.study.spread import share, spread
from embedkit.study.tree import by_category

CONTEXT = 77
"""Tokens that CLIP reads of a text, its start and its end included."""
MARKS = 2
"""Of these, the start and the end."""
EXAMPLES = 5
MOST_CUT = 50
WORDS_SHOWN = 12
LENGTH_POINTS = ("least", "p25", "median", "p75", "p95", "most", "mean")


@dataclass(frozen=True)
class Length:
    """One listing's text: characters, words, tokens (start and end included), its distinct words, and those cut off.

    `distinct` and `lost` are looked at only where the text is longer than CLIP's context.
    """

    key: str
    category: str
    characters: int
    words: int
    tokens: int
    distinct: int = 0
    lost: tuple[str, ...] = ()

    @property
    def cut(self) -> int:
        """How many tokens are not read."""
        return max(0, self.tokens - CONTEXT)


def text_lengths(texts: Sequence[Length]) -> list[dict[str, Any]]:
    """Return quantiles of words, characters and tokens, for the whole catalogue and for each category."""
    rows = []
    for category, places in by_category([one.category for one in texts]).items() if texts else ():
        mine = [texts[place] for place in places]
        measures: Mapping[str, list[int]] = {
            "words": [one.words for one in mine],
            "characters": [one.characters for one in mine],
            "tokens": [one.tokens for one in mine],
        }
        for measure, values in measures.items():
            found = spread(values)
            points = {point: found[point] for point in LENGTH_POINTS}
            rows.append({"measure": measure, "category": category, "listings": len(mine), **points})
    order = list(dict.fromkeys(row["measure"] for row in rows))
    return sorted(rows, key=lambda row: order.index(row["measure"]))


def too_long(texts: Sequence[Length]) -> list[dict[str, Any]]:
    """Return, for the catalogue and each category, how many texts CLIP cuts, and the shares of tokens and words lost.

    The shares are those of the texts that are cut: of all their tokens, and of the distinct words of each, summed.
    """
    rows = []
    for category, places in by_category([one.category for one in texts]).items() if texts else ():
        long = sorted((texts[place] for place in places if texts[place].cut), key=lambda one: (-one.tokens, one.key))
        rows.append(
            {
                "category": category,
                "texts": len(places),
                "too_long": len(long),
                "share": share(len(long), len(places)),
                "tokens_lost": share(sum(one.cut for one in long), sum(one.tokens - MARKS for one in long)),
                "words_lost": share(sum(len(one.lost) for one in long), sum(one.distinct for one in long)),
                "examples": [one.key for one in long[:EXAMPLES]],
            }
        )
    return rows


def cut(texts: Sequence[Length]) -> list[dict[str, Any]]:
    """Return the texts that lose most, at most 50: how much, and the first words that nobody reads."""
    long = sorted((one for one in texts if one.cut), key=lambda one: (-one.tokens, one.key))
    return [
        {
            "key": one.key,
            "category": one.category,
            "tokens": one.tokens,
            "tokens_lost": share(one.cut, one.tokens - MARKS),
            "words_lost": len(one.lost),
            "lost": list(one.lost[:WORDS_SHOWN]),
        }
        for one in long[:MOST_CUT]
    ]
