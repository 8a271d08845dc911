"""What a catalogue's words say: sizes of vocabularies, words that tell a category apart, words that two share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from embedkit.study.spread import share, tidy
from embedkit.study.tree import WHOLE
from embedkit.study.vocabulary import Vocabulary

TELLING = 20
SHOWN = 10
SHARED_SHOWN = 8
IN_MATRIX = 20
"""A matrix of more categories does not fit a page."""
SURE_Z = 1.96
"""A word that tells less surely than this (95 %, two-sided) is not named."""


def sizes(known: Vocabulary) -> list[dict[str, Any]]:
    """Return a row for each category, the whole first: its words, distinct words, those it alone has, its telling ones.

    `own_words` stand in no other of the categories that are compared.
    """
    if not known.categories:
        return []
    there = known.counts > 0
    alone = there & (there.sum(axis=0) == 1)
    rows = [_size(WHOLE, int(known.listings.sum()), int(known.running.sum()), len(known.words))]
    for line, name in enumerate(known.categories):
        distinct, own = int(there[line].sum()), int(alone[line].sum())
        row = _size(name, int(known.listings[line]), int(known.running[line]), distinct)
        named = [known.words[column] for column in _most_telling(known, line)[:SHOWN]]
        rows.append({**row, "own_words": own, "own_share": share(own, distinct), "telling": named})
    return rows


def _size(name: str, listings: int, running: int, distinct: int) -> dict[str, Any]:
    return {
        "category": name,
        "listings": listings,
        "words": running,
        "distinct_words": distinct,
        "words_a_listing": tidy(running / max(1, listings)),
        "own_words": None,
        "own_share": None,
        "telling": [],
    }


def telling(known: Vocabulary) -> list[dict[str, Any]]:
    """Return the words that tell each category from all others, at most 20, surest first."""
    everywhere, total = known.counts.sum(axis=0), int(known.listings.sum())
    rows = []
    for line, name in enumerate(known.categories):
        mine = int(known.listings[line])
        for rank, column in enumerate(_most_telling(known, line)[:TELLING], 1):
            count = int(known.counts[line, column])
            rows.append(
                {
                    "category": name,
                    "rank": rank,
                    "word": known.words[column],
                    "z": round(float(known.z[line, column]), 2),
                    "here": share(count, mine),
                    "elsewhere": share(int(everywhere[column]) - count, total - mine),
                    "listings": count,
                }
            )
    return rows


def overlap(known: Vocabulary) -> list[dict[str, Any]]:
    """Return every pair of categories once, the largest overlap first: Jaccard of their common words.

    A category's common words are those that at least 5 % of its listings have, and at least two. `shared` are the words
    common to both that tell each of them from the rest, the surest for the less sure of the two first.
    """
    common, z = known.common, known.z
    rows = []
    for left in range(len(known.categories)):
        for right in range(left + 1, len(known.categories)):
            both = common[left] & common[right]
            sure = np.where(both, np.minimum(z[left], z[right]), 0.0)
            sure_of = np.flatnonzero(sure >= SURE_Z)
            best = sure_of[np.argsort(-sure[sure_of], kind="stable")][:SHARED_SHOWN]
            rows.append(
                {
                    "category": known.categories[left],
                    "other": known.categories[right],
                    "overlap": share(int(both.sum()), int((common[left] | common[right]).sum())),
                    "shared_words": int(both.sum()),
                    "shared": [known.words[column] for column in best],
                }
            )
    return sorted(rows, key=lambda row: -row["overlap"])


def overlap_matrix(pairs: Sequence[Mapping[str, Any]], order: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each of the first 20 categories of an order: its overlap with each of them, by its number.

    `pairs` are the rows of `overlap`; a category's overlap with itself is 1.
    """
    shares = {(row["category"], row["other"]): row["overlap"] for row in pairs}
    shares |= {(other, name): share_ for (name, other), share_ in shares.items()}
    names = list(order[:IN_MATRIX]) if shares else []
    return [
        {"number": number, "category": name}
        | {str(place): shares.get((name, other), 1.0) for place, other in enumerate(names, 1)}
        for number, name in enumerate(names, 1)
    ]


def _most_telling(known: Vocabulary, line: int) -> list[int]:
    """Return the columns of the words that surely tell a category, surest first."""
    surest = np.argsort(-known.z[line], kind="stable")[:TELLING]
    return [int(column) for column in surest if known.z[line, column] >= SURE_Z]
