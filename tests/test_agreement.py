"""How far people agree, and what they say together."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from embedkit.agreement import (
    Consensus,
    Votes,
    cohen_kappa,
    consensus,
    dawid_skene,
    krippendorff_alpha,
    pair_kappas,
    reliabilities,
    votes_of,
)

# Dawid & Skene 1979, table 1: 45 patients; the first anaesthetist judged thrice, four others once.
ANAESTHETISTS = """
111 1 1 1 1|333 4 3 3 4|112 2 1 2 2|222 3 1 2 1|222 3 2 2 2|222 3 3 2 2|122 2 1 1 1|333 3 4 3 3|222 2 2 2 3|232 2 2 2 3
444 4 4 4 4|222 3 3 4 3|111 1 1 1 1|222 3 2 1 2|121 1 1 1 1|111 2 1 1 1|111 1 1 1 1|111 1 1 1 1|222 2 2 2 1|222 1 3 2 2
222 2 2 2 2|222 2 2 2 1|222 3 2 2 2|221 2 2 2 2|111 1 1 1 1|111 1 1 1 1|232 2 2 2 2|111 1 1 1 1|111 1 1 1 1|112 1 1 2 1
111 1 1 1 1|333 3 2 3 3|111 1 1 1 1|222 2 2 2 2|222 3 2 3 2|433 4 3 4 3|221 2 2 3 2|232 3 2 3 3|333 3 4 3 2|111 1 1 1 1
111 1 1 1 1|121 2 1 1 1|232 2 2 2 2|121 1 1 1 1|222 2 2 2 2
"""


def anaesthetists() -> Votes:
    patients = [cell.split() for line in ANAESTHETISTS.strip().splitlines() for cell in line.split("|")]
    return votes_of(
        (row, f"observer {who}", label)
        for row, cells in enumerate(patients)
        for who, said in enumerate(cells)
        for label in said
    )


def table(*people: str) -> Votes:
    """Return votes of one string a person, one character an item, "." for none."""
    return votes_of(
        (item, f"p{who}", label) for who, said in enumerate(people) for item, label in enumerate(said) if label != "."
    )


@pytest.mark.parametrize(
    ("people", "alpha"),
    [
        (("0100000010", "1110010000"), 0.095),  # Krippendorff 2011, A: two observers, two values
        (("aabbdcccedda", "babbbccceddd"), 0.692),  # B: two observers, many values
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),  # C: many observers, missing data
    ],
)
def test_alpha_is_that_of_the_published_examples(people: tuple[str, ...], alpha: float) -> None:
    assert krippendorff_alpha(table(*people)) == pytest.approx(alpha, abs=5e-4)


def naive_alpha(votes: Votes) -> float:
    """Return 1 - observed / expected disagreement, by walking all pairs of votes."""
    of_item: dict[int, list[int]] = {}
    for item, label in zip(votes.item.tolist(), votes.label.tolist(), strict=True):
        of_item.setdefault(item, []).append(label)
    paired = [said for said in of_item.values() if len(said) > 1]
    everything = [label for said in paired for label in said]
    observed = sum(2 * sum(a != b for a, b in combinations(said, 2)) / (len(said) - 1) for said in paired)
    expected = 2 * sum(a != b for a, b in combinations(everything, 2)) / (len(everything) - 1)
    return 1 - observed / expected


def noisy(rng: np.random.Generator, accuracy: list[float], items: int = 60, labels: int = 4) -> tuple[Votes, list[int]]:
    """Return votes of people who are right this often, each on most items, and the truth."""
    truth = rng.integers(labels, size=items)
    said = []
    for who, right in enumerate(accuracy):
        for item in range(items):
            if rng.random() < 0.9:
                wrong = (truth[item] + rng.integers(1, labels)) % labels
                said.append((item, f"p{who}", str(truth[item] if rng.random() < right else wrong)))
    return votes_of(said), truth.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_alpha_is_what_walking_all_pairs_gives(seed: int) -> None:
    votes, _ = noisy(np.random.default_rng(seed), [0.9, 0.6, 0.3])
    assert krippendorff_alpha(votes) == pytest.approx(naive_alpha(votes))


@pytest.mark.parametrize("people", [(), ("ab",), ("aa", "aa"), ("a.", ".b")])
def test_alpha_of_nothing_to_compare_is_not_a_number(people: tuple[str, ...]) -> None:
    assert np.isnan(krippendorff_alpha(table(*people)))


def test_kappa_is_that_of_the_published_table() -> None:
    # Cohen 1968, table 1 (that of 1960 in counts): 200 patients, observed 0.70, by chance 0.41.
    counts = {"pp": 88, "pn": 14, "ps": 18, "np": 10, "nn": 40, "ns": 10, "sp": 2, "sn": 6, "ss": 12}
    first = "".join(pair[0] * times for pair, times in counts.items())
    second = "".join(pair[1] * times for pair, times in counts.items())
    assert cohen_kappa(first, second) == pytest.approx((0.70 - 0.41) / (1 - 0.41))
    assert cohen_kappa(first, second) == pytest.approx(0.492, abs=5e-4)


@pytest.mark.parametrize("seed", range(3))
def test_kappa_is_what_counting_by_hand_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (["abc"[i] for i in rng.integers(3, size=40)] for _ in range(2))
    observed = np.mean([a == b for a, b in zip(first, second, strict=True)])
    chance = np.mean([a == b for a in first for b in second])
    assert cohen_kappa(first, second) == pytest.approx((observed - chance) / (1 - chance))


def test_kappa_of_one_label_only_is_not_a_number() -> None:
    assert np.isnan(cohen_kappa("aaa", "aaa"))
    assert np.isnan(cohen_kappa("", ""))


def test_kappa_refuses_labels_that_do_not_pair_up() -> None:
    with pytest.raises(ValueError, match="3 labels of one person, 2 of the other"):
        cohen_kappa("aaa", "aa")


def test_pairs_are_compared_on_the_items_that_both_judged() -> None:
    rows = pair_kappas(table("aabb", "ab..", "..b."))
    assert [(row.first, row.second, row.items, row.agreed) for row in rows] == [("p0", "p1", 2, 1), ("p0", "p2", 1, 1)]


def test_of_two_judgements_of_one_person_the_last_is_compared() -> None:
    votes = votes_of([(1, "ann", "a"), (1, "bob", "b"), (1, "ann", "b")])
    assert [(row.items, row.agreed) for row in pair_kappas(votes)] == [(1, 1)]


def test_dawid_and_skene_find_the_class_shares_they_published() -> None:
    found = dawid_skene(anaesthetists())
    assert found.prior == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.005)


def test_dawid_and_skene_find_the_first_observers_errors_that_they_published() -> None:
    assert dawid_skene(anaesthetists()).confusion[0][0] == pytest.approx([0.89, 0.11, 0.00, 0.00], abs=0.005)


def naive_dawid_skene(votes: Votes, steps: int, smoothing: float) -> np.ndarray:
    """Return the posterior by the formulas written out, in plain probabilities."""
    n, people, k = len(votes.items), len(votes.people), len(votes.labels)
    cast = list(zip(votes.item.tolist(), votes.who.tolist(), votes.label.tolist(), strict=True))
    posterior = np.zeros((n, k))
    for item, _, label in cast:
        posterior[item, label] += 1
    posterior /= posterior.sum(axis=1, keepdims=True)
    for _ in range(steps):
        prior = posterior.mean(axis=0)
        confusion = np.full((people, k, k), smoothing * 0.15 / (k - 1))
        for true in range(k):
            confusion[:, true, true] = smoothing * 0.85
        for item, who, label in cast:
            confusion[who, :, label] += posterior[item]
        confusion /= confusion.sum(axis=2, keepdims=True)
        posterior = np.tile(prior, (n, 1))
        for item, who, label in cast:
            posterior[item] *= confusion[who, :, label]
        posterior /= posterior.sum(axis=1, keepdims=True)
    return posterior


@pytest.mark.parametrize("seed", range(3))
def test_em_is_what_the_formulas_written_out_give(seed: int) -> None:
    votes, _ = noisy(np.random.default_rng(seed), [0.9, 0.7, 0.5, 0.5])
    assert dawid_skene(votes, smoothing=3.0).posterior == pytest.approx(naive_dawid_skene(votes, 300, 3.0), abs=1e-4)


def test_a_careless_person_is_found_out() -> None:
    votes, _ = noisy(np.random.default_rng(0), [0.95, 0.95, 0.95, 0.3], items=200)
    assert reliabilities(votes) == pytest.approx([0.93, 0.93, 0.93, 0.35], abs=0.05)


def settled(votes: Votes) -> list[str | None]:
    return [one.label for one in consensus(votes)]


def test_the_majority_decides() -> None:
    assert settled(table("ab", "ab", "ba")) == ["a", "b"]


def test_two_who_disagree_are_a_tie() -> None:
    (tie,) = consensus(table("a", "b"))
    assert (tie.label, tie.tie, tie.votes, tie.agreed) == (None, True, 2, 1)


def test_one_person_is_believed() -> None:
    (alone,) = consensus(votes_of([(7, "ann", "a")]))
    assert alone == Consensus(7, "a", 1, 1, pytest.approx(0.85))


def test_nobody_says_nothing() -> None:
    assert consensus(votes_of([])) == []


def test_two_who_often_disagree_stay_tied_even_where_one_says_the_common_label() -> None:
    assert settled(table("a" * 130, "a" * 100 + "b" * 30))[100:] == [None] * 30


def test_with_few_items_a_majority_is_never_overruled() -> None:
    # p2 agrees with everyone on nine items; on the last, the two others agree with each other.
    votes = table("aaabbbccca", "aaabbbccca", "aaabbbcccb")
    assert settled(votes)[-1] == "a"
    for people in (3, 4, 5):
        for shift in range(10):
            said = ["".join("b" if (i + shift) % (p + 2) == 0 else "a" for i in range(6)) for p in range(people)]
            for one in consensus(table(*said)):
                count = sum(person[one.item_id] == "a" for person in said)
                assert one.label == ("a" if 2 * count > people else "b") or 2 * count == people


def test_a_tie_is_broken_by_who_proved_far_more_reliable() -> None:
    # Three careful people and a careless one judged two hundred items; then one of each judged one more.
    votes, _ = noisy(np.random.default_rng(1), [0.97, 0.97, 0.97, 0.35], items=200)
    said = [
        (item, votes.people[w], votes.labels[v]) for item, w, v in zip(votes.item, votes.who, votes.label, strict=True)
    ]
    assert settled(votes_of([*said, (999, "p0", "2"), (999, "p3", "1")]))[-1] == "2"
    assert settled(votes_of([*said, (999, "p0", "2"), (999, "p1", "1")]))[-1] is None


def test_weighing_by_reliability_finds_more_of_the_truth_than_counting() -> None:
    by_weight = by_count = 0
    for seed in range(10):
        votes, truth = noisy(np.random.default_rng(seed), [0.95, 0.9, 0.4, 0.4, 0.35], items=150)
        said = settled(votes)
        by_weight += sum(said[i] == str(truth[item]) for i, item in enumerate(votes.items))
        most = votes.counts().toarray()
        top = most.max(axis=1)
        by_count += sum(
            most[i, votes.labels.index(str(truth[item]))] == top[i] and (most[i] == top[i]).sum() == 1
            for i, item in enumerate(votes.items)
        )
    assert by_weight > by_count + 50
