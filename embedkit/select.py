"""The review queue: which listings a person should see, in what order, and the named reasons.

A batch is spread by taking the greatest doubt x squared distance to what it holds already, doubt being the square of
what the margin lacks to 1. On two catalogues, with a logistic regression for a head and batches of 10 and 40, that
taught more than the smallest margin or confidence alone, as much as k-means over the most doubtful and as covering
them (cosine x doubt), and it needs no clusters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from embedkit.types import DrawnBy, Float32, Int64, Reason, ReviewPolicy

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FAIRLY_SURE = 0.6
"""A picture or a text whose own probability is at least this has an opinion that counts."""
NEAREST = 3
MOST_REFERENCES = 5_000
FEWEST_REFERENCES = 20
"""Of fewer labelled listings, none tells what is usual."""
ROWS_AT_ONCE = 2_048
LEAST_DOUBT = 1e-4
"""No margin is so great that a listing of great weight is not worth a look."""
FARTHEST = 2.0
"""The squared distance of unit vectors that have nothing in common."""


@dataclass(frozen=True)
class Standing:
    """What is known of every listing: arrays of n in one order; columns are those of `classes`, -1 for none.

    confidence in [0, 1] of the column `predicted`, and its margin over the second likeliest; `needed`: what it takes
    to be `accepted` by the promise, inf for never. picture and text: what each alone says, with its confidence.
    `given`: the catalogue's category; `suspect`: it seems wrong. novelty: how many times as far from the nearest
    labelled listings as usual; `novel`: too far. vectors float32[n, d], unit L2 or zero, tell near from far; groups:
    near-duplicates share one. weight >= 0. `out` listings wait for an answer, `answered` ones have it, of a `tie`
    people disagree.
    """

    ids: Int64
    classes: tuple[str, ...]
    confidence: Floats
    margin: Floats
    predicted: Int64
    accepted: Bools
    needed: Floats
    picture: Int64
    picture_confidence: Floats
    text: Int64
    text_confidence: Floats
    given: Int64
    suspect: Bools
    novelty: Floats
    novel: Bools
    vectors: Float32
    groups: Int64
    weight: Floats
    out: Bools
    answered: Bools
    tie: Bools

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def open(self) -> Bools:
        """bool[n]: whom to ask about: not out and not answered, or people disagree."""
        return np.asarray(self.tie | ~(self.out | self.answered))

    @cached_property
    def holds(self) -> Mapping[Reason, Bools]:
        """bool[n] for each reason but chance: for which listings it holds."""
        differ = disagreements(self.picture, self.picture_confidence, self.text, self.text_confidence)
        return {
            "tie": self.tie,
            "suspect": self.suspect,
            "disagreement": differ,
            "novel": self.novel,
            "doubt": ~self.accepted,
        }

    @cached_property
    def strength(self) -> Mapping[Reason, Floats]:
        """float64[n] for each reason but chance: how much it speaks for asking about a listing."""
        return {
            "tie": self.weight,
            "suspect": self.weight * self.confidence,
            "disagreement": self.weight * np.minimum(self.picture_confidence, self.text_confidence),
            "novel": self.weight * self.novelty,
            "doubt": self.weight * np.maximum(1.0 - self.margin, LEAST_DOUBT) ** 2,
        }


@dataclass(frozen=True)
class Queued:
    """One listing of the queue. `drawn_by` says why it is there, for good: an audit must stay a uniform sample.

    score in [0, 1], lowest first: the confidence, 0 for a tie, and of what the audit drew another's, by lot: half a
    batch is to hold half of its audit, not the doubtful half. `also` are near-duplicates that its answer settles.
    """

    item_id: int
    position: int
    score: float
    reasons: tuple[Reason, ...]
    drawn_by: DrawnBy
    also: tuple[int, ...] = ()


def suspect_labels(probs: NDArray[np.floating], given: Int64) -> Bools:
    """Return bool[n]: where the model is sure of another class than the given column int64[n] (-1: none given).

    Confident learning (Northcutt, Jiang & Chuang 2021, JAIR 70, eq. 1): sure of a class is a probability, out of fold,
    of at least the mean that listings given this class have of it; float[n, k]. It must be the likeliest, too.
    """
    n, k = probs.shape
    rows = np.flatnonzero(given >= 0)
    own = np.asarray(probs, dtype=np.float64)[rows, given[rows]]
    count = np.bincount(given[rows], minlength=k)
    mean = np.bincount(given[rows], weights=own, minlength=k) / np.maximum(count, 1)
    usual = np.where(count > 0, mean, np.inf)
    best = probs.argmax(axis=1) if n else np.zeros(0, dtype=np.int64)
    return np.asarray((given >= 0) & (best != given) & (probs[np.arange(n), best] >= usual[best]))


def disagreements(picture: Int64, picture_confidence: Floats, text: Int64, text_confidence: Floats) -> Bools:
    """Return bool[n]: where picture and text name different columns int64[n] (-1: none) and both are fairly sure."""
    both = (picture >= 0) & (text >= 0) & (picture != text)
    return np.asarray(both & (np.minimum(picture_confidence, text_confidence) >= FAIRLY_SURE))


def novelty(vectors: Float32, labelled: Bools, groups: Int64) -> Floats:
    """Return float64[n]: how many times as far from its nearest labelled listings each is as is usual among those.

    Far is 1 - cosine, on average over NEAREST labelled ones of other groups; usual is the median of the labelled. Zero
    for a zero vector, and everywhere where too few are labelled to tell. Of many labelled an even sample is compared.
    """
    here = vectors.any(axis=1)
    known = np.flatnonzero(labelled & here)
    if len(known) > MOST_REFERENCES:
        known = known[np.linspace(0, len(known) - 1, MOST_REFERENCES).astype(np.int64)]
    if len(np.unique(groups[known])) < max(FEWEST_REFERENCES, NEAREST + 1):
        return np.zeros(len(vectors))
    far = np.zeros(len(vectors))
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        cosine = vectors[rows] @ vectors[known].T
        cosine[groups[rows, None] == groups[None, known]] = -1.0
        far[rows] = 1.0 - np.partition(cosine, -NEAREST, axis=1)[:, -NEAREST:].mean(axis=1)
    usual = float(np.median(far[known]))
    return np.where(here, far / usual, 0.0) if usual > 0 else np.zeros(len(vectors))


def too_far(novelty: Floats, labelled: Bools) -> Bools:
    """Return bool[n]: whose novelty float64[n] is beyond Tukey's fence of the labelled, Q3 + 1.5 (Q3 - Q1) (1977)."""
    known = novelty[labelled & (novelty > 0)]
    if not len(known):
        return np.zeros(len(novelty), dtype=bool)
    low, high = np.quantile(known, [0.25, 0.75])
    return np.asarray(novelty > high + 1.5 * (high - low))


def draw_batch(standing: Standing, policy: ReviewPolicy, rng: np.random.Generator) -> list[Queued]:
    """Return at most `policy.budget` listings to ask people about, the ties first, then the least confident.

    The audit part is a uniform sample of *all* listings, so that accuracy can be estimated from it without bias: one
    that is out or answered already is in it, and costs nobody anything. Then ties, then each reason's share of the
    rest; what a reason cannot fill goes to the most doubtful of all reasons. Near-duplicates are asked about once, but
    for those that the audit drew.
    """
    hand = _Hand(standing)
    size = min(round(policy.budget * policy.audit_share), len(standing))
    audited = np.sort(rng.choice(len(standing), size=size, replace=False))
    drawn: dict[int, DrawnBy] = dict.fromkeys(audited.tolist(), "audit")
    for row in audited:
        hand.hold(int(row))
    left = policy.budget - int(standing.open[audited].sum())
    taken = hand.draw(standing.tie, standing.strength["tie"], left)
    drawn |= dict.fromkeys(taken, "tie")
    left -= len(taken)
    for reason, share in _quotas(left, policy.shares).items():
        taken = hand.draw(standing.holds[reason], standing.strength[reason], share)
        drawn |= dict.fromkeys(taken, reason)
        left -= len(taken)
    any_of = np.logical_or.reduce([standing.holds[reason] for reason in ("doubt", *policy.shares)])
    for row in hand.draw(any_of, standing.strength["doubt"], left):
        drawn[row] = next(reason for reason in ("doubt", *policy.shares) if standing.holds[reason][row])
    score = np.where(standing.tie, 0.0, standing.confidence)
    others = score[[row for row in drawn if drawn[row] != "audit"]]
    lot = audited[~standing.tie[audited]]
    score[lot] = rng.choice(others, len(lot)) if len(others) else rng.random(len(lot))
    rows = sorted(drawn, key=lambda row: (score[row], row))
    return [
        Queued(
            int(standing.ids[row]),
            position,
            float(score[row]),
            reasons_of(standing, row, drawn[row] == "audit"),
            drawn[row],
            _settled_too(standing, row, drawn),
        )
        for position, row in enumerate(rows)
    ]


def reasons_of(standing: Standing, row: int, audited: bool) -> tuple[Reason, ...]:
    """Return the names of the reasons that hold for a listing, the strongest kind first."""
    held = {reason for reason, holds in standing.holds.items() if holds[row]} | ({"audit"} if audited else set())
    return tuple(reason for reason in get_args(Reason) if reason in held)


class _Hand:
    """What a batch holds so far: who may still be drawn, and how far each is from what is held or out."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        waiting = np.flatnonzero(standing.out & ~standing.tie)
        self.free = (standing.open & ~np.isin(standing.groups, standing.groups[waiting])) | standing.tie
        self.far = np.full(len(standing), FARTHEST)
        self._move(waiting[-MOST_REFERENCES // 5 :])

    def _move(self, rows: Int64) -> None:
        vectors = self.standing.vectors
        for start in range(0, len(vectors) if len(rows) else 0, ROWS_AT_ONCE):
            here = slice(start, start + ROWS_AT_ONCE)
            near = (vectors[here] @ vectors[rows].T).max(axis=1)
            self.far[here] = np.minimum(self.far[here], np.maximum(FARTHEST - 2.0 * near, 0.0))

    def hold(self, row: int) -> None:
        """Take a listing in: its near-duplicates are not drawn any more."""
        self.free &= self.standing.groups != self.standing.groups[row]
        self._move(np.array([row]))

    def draw(self, holds: Bools, strength: Floats, count: int) -> list[int]:
        """Return up to `count` rows for which a reason holds: each the strongest x farthest from those held before."""
        rows: list[int] = []
        while len(rows) < count:
            worth = np.where(self.free & holds, strength * self.far, -1.0)
            best = int(worth.argmax()) if len(worth) else 0
            if not len(worth) or worth[best] < 0:
                break
            rows.append(best)
            self.hold(best)
        return rows


def _quotas(total: int, shares: Mapping[Reason, float]) -> dict[Reason, int]:
    """Return how many each reason gets of the total, the rarer reasons first; what is left over goes to the largest."""
    whole = sum(shares.values())
    exact = {reason: total * share / whole for reason, share in shares.items() if share > 0}
    quotas = {reason: int(part) for reason, part in exact.items()}
    for reason in sorted(exact, key=lambda one: quotas[one] - exact[one])[: max(0, total) - sum(quotas.values())]:
        quotas[reason] += 1
    return {reason: quotas[reason] for reason in get_args(Reason) if reason in quotas}


def _settled_too(standing: Standing, row: int, drawn: Mapping[int, DrawnBy]) -> tuple[int, ...]:
    """Return the near-duplicates that the answer settles: open, not drawn themselves, and judged alike so far."""
    same = (standing.groups == standing.groups[row]) & standing.open & ~standing.tie
    same &= (standing.predicted == standing.predicted[row]) & (standing.given == standing.given[row])
    return tuple(int(standing.ids[mate]) for mate in np.flatnonzero(same) if mate not in drawn)
