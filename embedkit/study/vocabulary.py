"""Words: how many a category has, which tell it apart, and which it shares with others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embedkit.study.tree import NONE, WHOLE, by_category

Float64 = NDArray[np.float64]
MOST_CATEGORIES = 200
"""Only the largest so many are compared: a matrix of more is read by nobody."""
PRIOR_WORDS = 500.0
"""How many words the prior weighs: Monroe, Colaresi and Quinn's own choice."""
COMMON_SHARE = 0.05
COMMON_LISTINGS = 2


@dataclass(frozen=True)
class Vocabulary:
    """In how many listings of each category each word occurs.

    categories: c names, the largest first; words: w, sorted; counts int64[c, w]; running int64[c]: words in all, every
    repetition counted; listings int64[c].
    """

    categories: tuple[str, ...]
    words: tuple[str, ...]
    counts: NDArray[np.int64]
    running: NDArray[np.int64]
    listings: NDArray[np.int64]

    @cached_property
    def z(self) -> Float64:
        """float64[c, w]: how surely a word tells a category from all others.

        The z-score of the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn, Fightin'
        Words, Political Analysis 16, 2008): here against all other listings, with the whole catalogue as the prior.
        What is counted is listings with the word: a text that repeats it forty times says no more than one that
        has it once.
        """
        counts = self.counts.astype(np.float64)
        total = counts.sum(axis=0)
        prior = PRIOR_WORDS * total / max(1.0, total.sum())
        rest = total - counts
        variance = 1.0 / (counts + prior) + 1.0 / (rest + prior)
        return np.asarray((_log_odds(counts, prior) - _log_odds(rest, prior)) / np.sqrt(variance))

    @cached_property
    def common(self) -> NDArray[np.bool_]:
        """bool[c, w]: words that at least 5 % of a category's listings have, and at least two."""
        least = np.maximum(COMMON_LISTINGS, np.ceil(COMMON_SHARE * self.listings))
        return np.asarray(self.counts >= least[:, None])


def _log_odds(counts: Float64, prior: Float64) -> Float64:
    """Return float64[c, w]: log of a word's odds among all words of its row, the prior added to the counts."""
    weight = counts + prior
    return np.asarray(np.log(weight) - np.log(weight.sum(axis=1, keepdims=True) - weight + 1e-12))


def says_something(word: str) -> bool:
    """Return whether a word has a letter in it, and is not one letter alone; a sign of a script without case may be."""
    return any(map(str.isalpha, word)) and (len(word) > 1 or word.lower() == word.upper())


def vocabulary(texts: Sequence[Sequence[str]], labels: Sequence[str]) -> Vocabulary:
    """Return the vocabulary of the largest categories, of texts in words; numbers and single letters are left out."""
    spoken = [[word for word in text if says_something(word)] for text in texts]
    groups = [(name, rows) for name, rows in by_category(labels).items() if name not in (WHOLE, NONE)]
    largest = groups[:MOST_CATEGORIES]
    found = [Counter(word for row in rows for word in set(spoken[row])) for _, rows in largest]
    words = tuple(sorted(set().union(*found)))
    place = {word: column for column, word in enumerate(words)}
    counts = np.zeros((len(largest), len(words)), dtype=np.int64)
    for line, count in zip(counts, found, strict=True):
        line[[place[word] for word in count]] = list(count.values())
    return Vocabulary(
        categories=tuple(name for name, _ in largest),
        words=words,
        counts=counts,
        running=np.array([sum(len(spoken[row]) for row in rows) for _, rows in largest], dtype=np.int64),
        listings=np.array([len(rows) for _, rows in largest], dtype=np.int64),
    )
