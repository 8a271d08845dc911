"""Which languages the texts are in, as far as so short a text can say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.study.spread import share

UNKNOWN = "unknown"
SURE = 0.7
"""A language is named where it is at least this likely."""
OPEN_MIND = 0.2
"""The part of the expectation that every language shares alike, whatever the catalogue is in."""
MOST_ROUNDS = 100
SETTLED = 1e-5
EXAMPLES = 3


def settle(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return float64[n, languages], rows sum to 1: each text's languages, given what the catalogue as a whole is in.

    A title of five names says little by itself, and much where nearly all others are English. The catalogue's shares
    are found with the texts' own by expectation and maximisation (Saerens, Latinne and Decaestecker, Neural Computation
    14, 2002); a fifth of the expectation stays equal for all languages, so that a single French text is still seen.
    """
    alike = np.full(probabilities.shape[1], 1.0 / max(1, probabilities.shape[1]))
    expected, settled = alike, probabilities
    for _ in range(MOST_ROUNDS):
        weighed = probabilities * ((1.0 - OPEN_MIND) * expected + OPEN_MIND * alike)
        settled = weighed / np.maximum(weighed.sum(axis=1, keepdims=True), 1e-300)
        seen = settled.mean(axis=0)
        if np.abs(seen - expected).max() < SETTLED:
            break
        expected = seen
    return settled


def languages(
    field: str,
    keys: Sequence[str],
    codes: Sequence[str],
    probabilities: NDArray[np.float64],
    names: dict[str, str],
) -> list[dict[str, Any]]:
    """Return a row for each language of a field: how many texts are in it, most first; those not told come last."""
    if not len(keys):
        return []
    settled = settle(probabilities)
    best = settled.argmax(axis=1)
    sure = settled.max(axis=1)
    said = [codes[column] if sure[row] >= SURE else UNKNOWN for row, column in enumerate(best)]
    rows = []
    for code in sorted(set(said), key=lambda one: (one == UNKNOWN, -said.count(one), one)):
        mine = sorted((row for row, one in enumerate(said) if one == code), key=lambda row: (-sure[row], row))
        rows.append(
            {
                "field": field,
                "language": code,
                "name": names.get(code, code),
                "listings": len(mine),
                "share": share(len(mine), len(keys)),
                "examples": [keys[row] for row in mine[:EXAMPLES]],
            }
        )
    return rows
