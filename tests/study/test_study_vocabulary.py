"""Words that tell categories apart, and words that they share."""

from __future__ import annotations

import math

import numpy as np
import pytest

from embedkit.study.vocabulary import PRIOR_WORDS, says_something, vocabulary
from embedkit.study.words import overlap, overlap_matrix, sizes, telling


def world() -> tuple[list[list[str]], list[str]]:
    """Return 100 watches, 100 mugs and 100 plates; all say "buy", mugs and plates say "ceramic"."""
    texts = [["buy", "watch", "steel"]] * 100 + [["buy", "mug", "ceramic"]] * 100 + [["buy", "plate", "ceramic"]] * 100
    return texts, ["watches"] * 100 + ["mugs"] * 100 + ["plates"] * 100


def test_what_only_one_category_says_tells_it_and_what_all_say_tells_nothing() -> None:
    rows = telling(vocabulary(*world()))
    watches = [row["word"] for row in rows if row["category"] == "watches"]
    assert sorted(watches) == ["steel", "watch"]
    assert "buy" not in {row["word"] for row in rows}


def test_a_word_of_two_categories_tells_each_less_than_its_own() -> None:
    rows = [row for row in telling(vocabulary(*world())) if row["category"] == "mugs"]
    assert [row["word"] for row in rows] == ["mug", "ceramic"]
    assert rows[0]["z"] > rows[1]["z"] > 1.96
    assert (rows[1]["here"], rows[1]["elsewhere"], rows[1]["listings"]) == (1.0, 0.5, 100)


def test_the_score_is_the_formula_of_the_paper() -> None:
    known = vocabulary(*world())
    line, column = known.categories.index("mugs"), known.words.index("ceramic")
    prior, weight = PRIOR_WORDS * 200 / 900, PRIOR_WORDS
    here = math.log((100 + prior) / (300 + weight - 100 - prior))
    there = math.log((100 + prior) / (600 + weight - 100 - prior))
    assert known.z[line, column] == pytest.approx((here - there) / math.sqrt(2 / (100 + prior)), rel=1e-6)


def test_a_text_that_repeats_a_word_says_it_once() -> None:
    texts, labels = world()
    repeated = [text * 40 if label == "mugs" else text for text, label in zip(texts, labels, strict=True)]
    np.testing.assert_allclose(vocabulary(repeated, labels).z, vocabulary(texts, labels).z)


def test_numbers_and_single_letters_say_nothing_and_a_chinese_sign_does() -> None:
    assert [word for word in ("12", "s", "mm", "4gb", "灯", "é") if says_something(word)] == ["mm", "4gb", "灯"]


def test_sizes_count_every_repetition_and_the_words_that_a_category_alone_has() -> None:
    whole, mugs = sizes(vocabulary(*world()))[:2]
    assert (whole["category"], whole["distinct_words"], whole["words"]) == ("(all)", 6, 900)
    assert (mugs["words"], mugs["distinct_words"], mugs["own_words"], mugs["own_share"]) == (300, 3, 1, 0.3333)
    assert mugs["words_a_listing"] == 3


def test_overlap_is_the_jaccard_of_common_words_and_names_those_that_tell_both() -> None:
    rows = {(row["category"], row["other"]): row for row in overlap(vocabulary(*world()))}
    assert len(rows) == 3
    assert (rows["mugs", "plates"]["overlap"], rows["mugs", "plates"]["shared"]) == (0.5, ["ceramic"])
    assert (rows["mugs", "watches"]["overlap"], rows["mugs", "watches"]["shared"]) == (0.2, [])


def test_the_matrix_holds_every_pair_twice_and_ones_between() -> None:
    known = vocabulary(*world())
    rows = overlap_matrix(overlap(known), known.categories)
    assert [row["category"] for row in rows] == list(known.categories)
    assert [row[str(row["number"])] for row in rows] == [1.0] * 3
    mugs, plates = (next(row for row in rows if row["category"] == name) for name in ("mugs", "plates"))
    assert mugs[str(plates["number"])] == plates[str(mugs["number"])] == 0.5


def test_a_word_of_four_listings_in_a_hundred_is_not_common() -> None:
    texts, labels = world()
    texts = [*texts[:100], *[["buy", "mug", "ceramic", "steel"]] * 4, *texts[104:]]
    rows = {(row["category"], row["other"]): row for row in overlap(vocabulary(texts, labels))}
    assert rows["mugs", "watches"]["shared_words"] == 1


def test_listings_without_a_category_are_compared_with_nothing() -> None:
    texts, labels = world()
    known = vocabulary([*texts, ["strange"]], [*labels, "(none)"])
    assert "strange" not in known.words
    assert len(known.categories) == 3


def test_a_catalogue_of_one_category_has_no_words_that_tell_it() -> None:
    known = vocabulary([["buy", "mug"]] * 5, ["mugs"] * 5)
    assert (telling(known), overlap(known)) == ([], [])


def test_no_categories_have_no_vocabulary() -> None:
    known = vocabulary([["buy"]], ["(none)"])
    assert (sizes(known), telling(known), overlap(known)) == ([], [], [])
