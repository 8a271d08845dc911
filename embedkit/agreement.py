"""How far several people agree, whom to believe where they do not, and what they said together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embedkit.types import Int64

Floats = NDArray[np.float64]

PRIOR_ACCURACY = 0.85
"""How often a person of whom nothing is known is taken to be right."""
PRIOR_VOTES = 20.0
"""So many votes' worth of "as good as the others" stand beside what a person's own votes say: ten make no expert."""
TELLING = 3
SETTLED_ODDS = 9.0
"""Where as many said one as the other, or the few were more reliable than the many, the odds that settle it."""
STEPS, STILL = 200, 1e-7


@dataclass(frozen=True)
class Votes:
    """Who said what of which item: int64[v] each, positions in `items`, `people` and `labels`."""

    items: tuple[int, ...]
    people: tuple[str, ...]
    labels: tuple[str, ...]
    item: Int64
    who: Int64
    label: Int64

    def __len__(self) -> int:
        return len(self.item)

    def counts(self) -> sparse.csr_matrix:
        """Return float64[items, labels]: how many said each label of each item."""
        shape = (len(self.items), len(self.labels))
        return sparse.csr_matrix((np.ones(len(self)), (self.item, self.label)), shape=shape)

    def where(self, chosen: NDArray[np.bool_]) -> Votes:
        """Return the chosen votes of bool[v], of the same items, people and labels."""
        return Votes(self.items, self.people, self.labels, self.item[chosen], self.who[chosen], self.label[chosen])


def votes_of(said: Iterable[tuple[int, str, str]]) -> Votes:
    """Return the votes of (item, person, label) triples; a person may have judged an item more than once."""
    triples = list(said)
    items, item = _numbered([item for item, _, _ in triples])
    people, who = _numbered([person for _, person, _ in triples])
    labels, label = _numbered([label for _, _, label in triples])
    return Votes(items, people, labels, item, who, label)


Name = TypeVar("Name", int, str)


def _numbered(names: Sequence[Name]) -> tuple[tuple[Name, ...], Int64]:
    """Return the different names, sorted, and int64[n]: which of them each is."""
    different = tuple(sorted(set(names)))
    at = {name: i for i, name in enumerate(different)}
    return different, np.fromiter((at[name] for name in names), dtype=np.int64, count=len(names))


def krippendorff_alpha(votes: Votes) -> float:
    """Return Krippendorff's alpha of nominal labels, at most 1, 0 for agreement by chance; items may lack votes.

    NaN where no item has two votes, or all votes are the same: then chance cannot be told from agreement. Krippendorff
    2011, "Computing Krippendorff's Alpha-Reliability", D: 1 - observed disagreement / expected disagreement.
    """
    counts = votes.counts()
    counts = counts[np.asarray(counts.sum(axis=1)).ravel() >= 2]
    of_item = np.asarray(counts.sum(axis=1)).ravel()
    of_label = np.asarray(counts.sum(axis=0)).ravel()
    total = of_label.sum()
    expected = total * total - float(of_label @ of_label)
    if expected <= 0:
        return float("nan")
    same = np.asarray(counts.multiply(counts).sum(axis=1)).ravel()
    observed = float(((of_item**2 - same) / (of_item - 1)).sum())
    return 1.0 - (total - 1) * observed / expected


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float:
    """Return Cohen's kappa of two people's labels of the same items, in [-1, 1]; NaN where chance alone agrees fully.

    Cohen 1960, "A coefficient of agreement for nominal scales", eq. 1: (observed - chance) / (1 - chance).
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} labels of one person, {len(second)} of the other")
    names = {name: i for i, name in enumerate(sorted({*first, *second}))}
    table = np.zeros((len(names), len(names)))
    np.add.at(table, ([names[a] for a in first], [names[b] for b in second]), 1.0)
    total = table.sum()
    chance = float(table.sum(axis=1) @ table.sum(axis=0)) / (total * total) if total else 1.0
    if chance >= 1.0:
        return float("nan")
    return (float(np.trace(table)) / float(total) - chance) / (1.0 - chance)


class PairKappa(NamedTuple):
    """Two people, how many items both judged, of how many they said the same, and Cohen's kappa."""

    first: str
    second: str
    items: int
    agreed: int
    kappa: float


def pair_kappas(votes: Votes) -> list[PairKappa]:
    """Return a row for each two people who judged an item in common; of several votes of one person the last counts."""
    said: list[dict[int, str]] = [{} for _ in votes.people]
    for item, who, label in zip(votes.item.tolist(), votes.who.tolist(), votes.label.tolist(), strict=True):
        said[who][item] = votes.labels[label]
    rows = []
    for a, b in combinations(range(len(votes.people)), 2):
        both = sorted(said[a].keys() & said[b].keys())
        if both:
            one, other = [said[a][item] for item in both], [said[b][item] for item in both]
            agreed = sum(x == y for x, y in zip(one, other, strict=True))
            rows.append(PairKappa(votes.people[a], votes.people[b], len(both), agreed, cohen_kappa(one, other)))
    return rows


@dataclass(frozen=True)
class DawidSkene:
    """What EM found: posterior float64[items, labels], prior float64[labels], confusion float64[people, true, said]."""

    posterior: Floats
    prior: Floats
    confusion: Floats


def dawid_skene(votes: Votes, smoothing: float = 0.0) -> DawidSkene:
    """Return each item's probable labels, and how often each person says which label of which true one.

    EM from the shares of the votes (Dawid & Skene 1979, Applied Statistics 28, eq. 2.3 to 2.5 and 3.1). `smoothing`
    votes are added to each row of each confusion table, divided as a person right PRIOR_ACCURACY of the time would.
    """
    people, k = len(votes.people), len(votes.labels)
    counts = votes.counts().toarray()
    posterior = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    wrong = (1.0 - PRIOR_ACCURACY) / max(1, k - 1)
    pseudo = smoothing * (np.eye(k) * (PRIOR_ACCURACY - wrong) + wrong)
    pair = votes.who * k + votes.label
    # A table of [person and said label, vote]: one product sums a column of all items over each person's votes.
    spread = sparse.csr_matrix((np.ones(len(votes)), (pair, np.arange(len(votes)))), shape=(people * k, len(votes)))
    prior, confusion = np.zeros(k), np.zeros((people, k, k))
    for _ in range(STEPS):
        prior = posterior.mean(axis=0)
        confusion = (spread @ posterior[votes.item]).reshape(people, k, k).transpose(0, 2, 1) + pseudo
        confusion = confusion / np.maximum(confusion.sum(axis=2, keepdims=True), 1e-300)
        log_p = np.tile(np.log(np.maximum(prior, 1e-300)), (len(votes.items), 1))
        np.add.at(log_p, votes.item, np.log(np.maximum(confusion, 1e-300))[votes.who, :, votes.label])
        log_p -= log_p.max(axis=1, keepdims=True)
        before, posterior = posterior, np.exp(log_p)
        posterior /= posterior.sum(axis=1, keepdims=True)
        if np.abs(posterior - before).max(initial=0.0) < STILL:
            break
    return DawidSkene(posterior, prior, confusion)


def reliabilities(votes: Votes) -> Floats:
    """Return float64[people], how often each is right as Dawid and Skene's model sees it, in (0, 1).

    Only items of three or more votes say anything: of two who differ, nothing tells who is right, and EM would believe
    the one who names the commoner label. What few votes say is drawn to the mean of all people.
    """
    telling = votes.where(np.bincount(votes.item, minlength=len(votes.items))[votes.item] >= TELLING)
    found = dawid_skene(telling, smoothing=PRIOR_VOTES)
    hits = found.posterior[telling.item, telling.label]
    right = np.bincount(telling.who, weights=hits, minlength=len(votes.people))
    judged = np.bincount(telling.who, minlength=len(votes.people))
    mean = (right.sum() + PRIOR_VOTES * PRIOR_ACCURACY) / (judged.sum() + PRIOR_VOTES)
    return np.asarray((right + PRIOR_VOTES * mean) / (judged + PRIOR_VOTES))


@dataclass(frozen=True)
class Consensus:
    """What people said of one item together: a label, or None for a tie that a further person should break.

    votes: how many people; agreed: how many of them said it (of a tie, the largest number); certainty in (0, 1]: how
    probable it is given how reliable they are (of a tie, the likeliest of the labels).
    """

    item_id: int
    label: str | None
    votes: int
    agreed: int
    certainty: float

    @property
    def tie(self) -> bool:
        """Whether people disagree and none is to be believed over the other."""
        return self.label is None


def consensus(votes: Votes) -> list[Consensus]:
    """Return what each item's votes come to, in the order of `votes.items`: a majority weighted with reliability.

    A vote weighs the log odds that it is right, one of k labels: ln(r (k - 1) / (1 - r)) (Nitzan & Paroush 1982 for
    two). Most votes win. Reliability decides where as many said one as another, or where it outweighs the many, and
    then only with odds of SETTLED_ODDS; else it is a tie.
    """
    if not len(votes):
        return []
    k = max(2, len(votes.labels))
    r = np.clip(reliabilities(votes), 1.0 / k, 0.999)
    weight = np.maximum(np.log(r * (k - 1) / (1.0 - r)), 1e-6)
    shape = (len(votes.items), len(votes.labels))
    weighed = sparse.csr_matrix((weight[votes.who], (votes.item, votes.label)), shape=shape)
    counted = votes.counts()
    results = []
    for row, item_id in enumerate(votes.items):
        at = slice(counted.indptr[row], counted.indptr[row + 1])
        results.append(
            _settled(item_id, votes.labels, counted.indices[at], counted.data[at], weighed[row].toarray().ravel(), k)
        )
    return results


def _settled(
    item_id: int, labels: Sequence[str], said: NDArray[np.integer], counts: Floats, weights: Floats, k: int
) -> Consensus:
    """Return one item's consensus; `said` int[m] are the labels named, `counts` float64[m] how often."""
    mine = weights[said]
    order = np.argsort(-mine, kind="stable")
    best = int(order[0])
    lead = float(mine[best] - mine[order[1]]) if len(said) > 1 else np.inf
    rest = np.delete(counts, best)
    most = not len(rest) or counts[best] > rest.max()
    settled = most or lead >= np.log(SETTLED_ODDS)
    odds = np.exp(mine - mine[best])
    unsaid = (k - len(said)) * float(np.exp(-mine[best]))
    return Consensus(
        item_id,
        labels[int(said[best])] if settled else None,
        int(counts.sum()),
        int(counts[best] if settled else counts.max()),
        float(1.0 / (odds.sum() + unsaid)),
    )
