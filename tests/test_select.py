"""The review queue."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from embedkit.select import (
    Queued,
    Standing,
    disagreements,
    draw_batch,
    novelty,
    reasons_of,
    suspect_labels,
    too_far,
)
from embedkit.types import ReviewPolicy

CLASSES = ("Computers", "Watches", "Curtains")


def standing(confidence: list[float], **known: Any) -> Standing:
    """Return listings 100, 101, … of these confidences: said to be Computers, not accepted, far from one another."""
    n = len(confidence)
    no, none, zero = np.zeros(n, dtype=bool), np.full(n, -1), np.zeros(n)
    plain: dict[str, Any] = {
        "ids": np.arange(100, 100 + n),
        "classes": CLASSES,
        "confidence": np.array(confidence, dtype=float),
        "margin": np.array(confidence, dtype=float),
        "predicted": np.zeros(n, dtype=np.int64),
        "accepted": no,
        "needed": np.full(n, 0.95),
        "picture": none,
        "picture_confidence": zero,
        "text": none,
        "text_confidence": zero,
        "given": none,
        "suspect": no,
        "novelty": np.ones(n),
        "novel": no,
        "vectors": np.eye(n, dtype=np.float32),
        "groups": np.arange(n),
        "weight": np.ones(n),
        "out": no,
        "answered": no,
        "tie": no,
    }
    for name, value in known.items():
        plain[name] = np.asarray(value)
    return Standing(**plain)


def draw(listings: Standing, budget: int = 10, audit_share: float = 0.0, seed: int = 0, **more: Any) -> list[Queued]:
    policy = ReviewPolicy(budget=budget, audit_share=audit_share, **more)
    return draw_batch(listings, policy, np.random.default_rng(seed))


def ids(queue: list[Queued]) -> list[int]:
    return [one.item_id for one in queue]


def test_the_least_confident_listing_comes_first() -> None:
    drawn = draw(standing([0.9, 0.6, 0.7]))
    assert [(q.item_id, q.position, q.score) for q in drawn] == [(101, 0, 0.6), (102, 1, 0.7), (100, 2, 0.9)]


def test_what_the_audit_drew_is_spread_over_the_batch_so_that_half_a_batch_holds_half_of_it() -> None:
    sure = [0.999] * 900 + [0.3 + 0.0001 * n for n in range(100)]
    queue = draw(standing(sure, vectors=np.zeros((1000, 1), dtype=np.float32)), budget=100, audit_share=0.4)
    places = [one.position for one in queue if one.drawn_by == "audit"]
    first_half = sum(place < 50 for place in places)
    assert (len(places), 12 <= first_half <= 28) == (40, True)
    assert [one.score for one in queue] == sorted(one.score for one in queue)


def test_of_more_than_the_budget_the_most_doubtful_are_drawn() -> None:
    assert ids(draw(standing([0.9, 0.3, 0.8, 0.5]), budget=2)) == [101, 103]


def test_between_two_categories_is_more_doubtful_than_spread_over_many() -> None:
    between_two, over_many = 0.02, 0.3
    assert ids(draw(standing([0.5, 0.4], margin=[between_two, over_many]), budget=1)) == [100]


def test_an_accepted_listing_is_queued_only_by_the_audit() -> None:
    accepted = standing([0.9, 0.6], accepted=[True, False])
    assert ids(draw(accepted)) == [100 + 1]
    assert {q.drawn_by for q in draw(standing([0.9, 0.8], accepted=[True, True]), budget=2, audit_share=1.0)} == {
        "audit"
    }


def test_a_doubtful_listing_drawn_by_the_audit_keeps_both_reasons_and_counts_as_audit() -> None:
    (drawn,) = draw(standing([0.6]), budget=1, audit_share=1.0)
    assert (drawn.reasons, drawn.drawn_by) == (("doubt", "audit"), "audit")


def test_the_budget_is_never_exceeded() -> None:
    ties = [True] * 30 + [False] * 20
    for share in (0.0, 0.3, 0.5, 1.0):
        assert len(draw(standing([0.6] * 50, tie=ties, suspect=[True] * 50), budget=20, audit_share=share)) == 20


def test_the_audit_draws_every_listing_equally_often() -> None:
    listings = standing(
        [0.6, 0.7, 0.99, 0.999],
        accepted=[False, False, True, True],
        out=[False, True, False, False],
        answered=[False, False, False, True],
        groups=[0, 0, 0, 0],
        weight=[9.0, 1.0, 0.0, 1.0],
    )
    counts = Counter(i for seed in range(2000) for i in ids(draw(listings, 1, 1.0, seed)))
    assert [counts[i] / 2000 for i in listings.ids.tolist()] == pytest.approx([0.25] * 4, abs=0.04)


def test_people_are_asked_about_what_is_neither_out_nor_answered_and_about_what_they_dispute() -> None:
    known = {"out": [False, True, False, True], "answered": [False, False, True, False], "tie": [False] * 3 + [True]}
    assert standing([0.6] * 4, **known).open.tolist() == [True, False, False, True]


@pytest.mark.parametrize("state", ["answered", "out"])
def test_listings_of_an_audit_that_nobody_need_be_asked_about_leave_the_budget_to_others(state: str) -> None:
    known = standing([0.6] * 20, **{state: [True] * 10 + [False] * 10})
    for seed in range(5):
        drawn = draw(known, budget=10, audit_share=0.5, seed=seed)
        assert sum(q.drawn_by == "audit" for q in drawn) == 5
        assert sum(q.item_id >= 110 for q in drawn) == 10


def test_a_listing_that_is_out_or_answered_is_not_drawn_again() -> None:
    assert ids(draw(standing([0.5, 0.5, 0.5], out=[True, False, False], answered=[False, True, False]))) == [102]


def test_a_near_duplicate_of_a_listing_that_is_out_waits_for_its_answer() -> None:
    assert ids(draw(standing([0.5, 0.5, 0.5], out=[True, False, False], groups=[7, 7, 8]))) == [102]


def test_what_people_dispute_waits_for_no_near_duplicate() -> None:
    assert ids(draw(standing([0.5, 0.5], tie=[True, False], out=[False, True], groups=[1, 1]))) == [100]


def test_what_people_disagree_about_comes_first_and_before_all_else() -> None:
    drawn = draw(standing([0.3, 0.99, 0.5], tie=[False, True, False], out=[False, True, False]), budget=2)
    assert [(q.item_id, q.drawn_by, q.score) for q in drawn] == [(101, "tie", 0.0), (100, "doubt", 0.3)]


def test_of_near_duplicates_one_is_drawn_and_its_answer_settles_the_rest() -> None:
    (first, second) = draw(standing([0.6, 0.5, 0.7, 0.8], groups=[1, 1, 1, 2]))
    assert (first.item_id, first.also) == (101, (100, 102))
    assert (second.item_id, second.also) == (103, ())


@pytest.mark.parametrize(
    "other", [{"predicted": [0, 1]}, {"given": [0, 1]}, {"answered": [False, True]}, {"tie": [True, True]}]
)
def test_an_answer_does_not_settle_what_was_judged_otherwise(other: dict[str, Any]) -> None:
    drawn = draw(standing([0.5, 0.6], groups=[1, 1], **other), budget=1)
    assert all(q.also == () for q in drawn)


def test_near_duplicates_that_the_audit_drew_stay_in_its_sample_and_settle_nothing_of_it() -> None:
    drawn = draw(standing([0.5, 0.6, 0.7], groups=[1, 1, 1]), budget=3, audit_share=0.7)
    assert [q.drawn_by for q in drawn] == ["audit"] * 2
    assert sum(len(q.also) for q in drawn) == 2
    assert {i for q in drawn for i in q.also}.isdisjoint(ids(drawn))


def test_a_batch_is_spread_over_what_is_far_apart() -> None:
    # Three clusters of four, the first the most doubtful: the plain order would take four of one kind.
    vectors = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    drawn = draw(standing([0.50] * 4 + [0.55] * 4 + [0.60] * 4, vectors=vectors), budget=3)
    assert [(i - 100) // 4 for i in ids(drawn)] == [0, 1, 2]


def test_a_batch_stays_away_from_what_is_out() -> None:
    vectors = np.eye(2, dtype=np.float32)[[0, 0, 1]]
    assert ids(draw(standing([0.3, 0.4, 0.8], vectors=vectors, out=[True, False, False]), budget=1)) == [102]


def test_what_weighs_more_is_drawn_first_and_what_weighs_nothing_last() -> None:
    assert ids(draw(standing([0.5, 0.6, 0.4], weight=[1.0, 9.0, 0.0]), budget=1)) == [101]
    assert set(ids(draw(standing([0.5, 0.6, 0.4], weight=[1.0, 9.0, 0.0]), budget=2))) == {100, 101}


def test_even_a_listing_that_the_model_is_certain_of_can_weigh_enough() -> None:
    assert ids(draw(standing([1.0, 1.0, 0.9], weight=[1.0, 1e6, 1.0]), budget=1)) == [101]


def test_each_reason_gets_its_share() -> None:
    n = 60
    listings = standing(
        [0.6] * n,
        suspect=[i < 20 for i in range(n)],
        novel=[20 <= i < 40 for i in range(n)],
        accepted=[i < 40 for i in range(n)],
    )
    by = Counter(q.drawn_by for q in draw(listings, budget=20, shares={"doubt": 2.0, "suspect": 1.0, "novel": 1.0}))
    assert by == {"doubt": 10, "suspect": 5, "novel": 5}


def test_a_share_that_a_reason_cannot_fill_goes_to_the_most_doubtful() -> None:
    suspect = [True] + [False] * 9
    drawn = draw(standing([0.9] + [0.6] * 8 + [0.2], suspect=suspect), budget=4, shares={"doubt": 1.0, "suspect": 1.0})
    assert Counter(q.drawn_by for q in drawn) == {"suspect": 1, "doubt": 3}
    assert ids(drawn)[0] == 109


@pytest.mark.parametrize("total", range(12))
def test_shares_of_any_sum_are_divided_to_the_last_listing(total: int) -> None:
    shares = {"doubt": 5.0, "suspect": 2.5, "disagreement": 1.5, "novel": 1.0}
    known = {name: [True] * 40 for name in ("suspect", "novel")}
    known |= {"picture": [0] * 40, "text": [1] * 40, "picture_confidence": [0.9] * 40, "text_confidence": [0.9] * 40}
    by = Counter(q.drawn_by for q in draw(standing([0.6] * 40, **known), budget=total, shares=shares))
    assert sum(by.values()) == total
    assert all(abs(by[name] - total * share / 10) < 1 for name, share in shares.items())  # type: ignore[index]


def test_a_listing_carries_every_reason_that_holds() -> None:
    listings = standing(
        [0.6],
        suspect=[True],
        novel=[True],
        picture=[0],
        text=[1],
        picture_confidence=[0.7],
        text_confidence=[0.8],
        tie=[True],
    )
    assert reasons_of(listings, 0, audited=True) == ("tie", "suspect", "disagreement", "novel", "doubt", "audit")


def test_nothing_to_ask_about_is_an_empty_queue() -> None:
    assert draw(standing([0.9], accepted=[True])) == []
    assert draw(standing([])) == []


def test_the_same_luck_draws_the_same_batch() -> None:
    listings = standing(np.random.default_rng(0).uniform(0.3, 1, 50).tolist())
    assert draw(listings, 10, 0.3, seed=4) == draw(listings, 10, 0.3, seed=4)
    assert draw(listings, 10, 0.3, seed=4) != draw(listings, 10, 0.3, seed=5)


def naive_batch(listings: Standing, count: int) -> list[int]:
    """Return the rows of greatest doubt x squared distance to the nearest drawn before, by comparing all each time."""
    rows: list[int] = []
    while len(rows) < count:
        worth = {}
        for row in range(len(listings)):
            if any(listings.groups[row] == listings.groups[other] for other in rows):
                continue
            far = min((float(((listings.vectors[row] - listings.vectors[o]) ** 2).sum()) for o in rows), default=2.0)
            worth[row] = (1 - listings.margin[row]) ** 2 * min(far, 2.0)
        rows.append(max(worth, key=lambda row: worth[row]))
    return rows


def test_the_draw_is_what_comparing_all_with_all_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedkit.select.ROWS_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(80, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    listings = standing(rng.uniform(0.2, 1, 80).tolist(), vectors=vectors, groups=rng.integers(60, size=80))
    drawn = draw(listings, budget=15, shares={"doubt": 1.0})
    assert sorted(ids(drawn)) == sorted(100 + row for row in naive_batch(listings, 15))


def test_a_label_is_suspect_where_the_model_is_surer_of_another_class_than_is_usual_there() -> None:
    # Usual: 0.8 for class 0, (0.6 + 0.9 + 0.1) / 3 = 0.53 for class 1.
    probs = np.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9], [0.9, 0.1], [0.3, 0.7]])
    assert suspect_labels(probs, np.array([0, 1, 1, 1, -1])).tolist() == [False, False, False, True, False]


def test_a_model_that_is_less_sure_than_is_usual_casts_no_suspicion() -> None:
    probs = np.array([[0.95, 0.05], [0.95, 0.05], [0.6, 0.4], [0.4, 0.6]])
    assert not suspect_labels(probs, np.array([0, 0, 1, 1])).any()


def test_a_class_that_no_listing_was_given_makes_none_suspect() -> None:
    assert not suspect_labels(np.array([[0.1, 0.9], [0.2, 0.8]]), np.array([0, 0])).any()
    assert suspect_labels(np.zeros((0, 2)), np.zeros(0, dtype=np.int64)).tolist() == []


@pytest.mark.parametrize("seed", range(3))
def test_suspects_are_what_the_definition_written_out_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    probs, given = rng.dirichlet([0.5] * 4, size=80), rng.integers(-1, 4, size=80)
    expected = []
    for p, g in zip(probs, given, strict=True):
        best = int(p.argmax())
        own = [q[best] for q, other in zip(probs, given, strict=True) if other == best]
        expected.append(bool(g >= 0 and best != g and own and p[best] >= np.mean(own)))
    assert suspect_labels(probs, given).tolist() == expected
    assert any(expected)


def test_picture_and_text_disagree_where_both_are_fairly_sure() -> None:
    picture, text = np.array([0, 0, 0, -1, 1]), np.array([1, 1, 0, 1, -1])
    both = disagreements(picture, np.array([0.9, 0.9, 0.9, 0.9, 0.9]), text, np.array([0.7, 0.5, 0.9, 0.9, 0.9]))
    assert both.tolist() == [True, False, False, False, False]


def crowd(n: int = 60, seed: int = 0) -> np.ndarray:
    """Return unit vectors around one direction, and a last one that points elsewhere."""
    vectors = np.array([3.0, 0, 0, 0]) + np.random.default_rng(seed).normal(size=(n, 4))
    vectors[-1] = [-1, 0.2, 0, 0]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def naive_novelty(vectors: np.ndarray, labelled: np.ndarray, groups: np.ndarray) -> list[float]:
    """Return the mean distance to the three nearest labelled of other groups, over the median of the labelled's."""

    def far(row: int) -> float:
        others = [o for o in range(len(vectors)) if labelled[o] and groups[o] != groups[row]]
        return float(np.mean(sorted(1 - float(vectors[row] @ vectors[o]) for o in others)[:3]))

    all_far = [far(row) for row in range(len(vectors))]
    usual = np.median([one for one, known in zip(all_far, labelled, strict=True) if known])
    return [one / usual for one in all_far]


def test_novelty_is_what_comparing_all_with_all_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedkit.select.ROWS_AT_ONCE", 7)
    vectors, labelled, groups = crowd(), np.arange(60) % 2 == 0, np.arange(60) // 2
    assert novelty(vectors, labelled, groups) == pytest.approx(naive_novelty(vectors, labelled, groups), rel=1e-4)


def test_what_lies_elsewhere_is_novel_and_its_copy_does_not_make_it_known() -> None:
    vectors, labelled, groups = crowd(), np.ones(60, dtype=bool), np.arange(60)
    vectors[-4:], groups[-4:] = vectors[-1], 59
    far = novelty(vectors, labelled, groups)
    assert np.flatnonzero(too_far(far, labelled))[-4:].tolist() == [56, 57, 58, 59]
    assert far[-1] > 5
    assert too_far(far, labelled).sum() < 10


def test_a_listing_without_vectors_is_not_novel_and_among_few_labelled_none_is() -> None:
    vectors, labelled, groups = crowd(), np.ones(60, dtype=bool), np.arange(60)
    vectors[0] = 0
    assert novelty(vectors, labelled, groups)[0] == 0
    assert not novelty(vectors, np.arange(60) < 10, groups).any()
    assert not novelty(vectors, labelled, groups // 10).any()
    assert not too_far(np.zeros(60), labelled).any()


def test_of_very_many_labelled_a_sample_tells_what_is_far(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, labelled, groups = crowd(400), np.ones(400, dtype=bool), np.arange(400)
    whole = novelty(vectors, labelled, groups)
    monkeypatch.setattr("embedkit.select.MOST_REFERENCES", 100)
    sampled = novelty(vectors, labelled, groups)
    assert sampled.argmax() == whole.argmax() == 399
    assert np.corrcoef(whole, sampled)[0, 1] > 0.9
