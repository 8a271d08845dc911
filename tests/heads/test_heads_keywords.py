"""Words as features: counted as scikit-learn does, explained exactly, weighed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from head_worlds import texts
from sklearn.feature_extraction.text import TfidfVectorizer

from embedkit.errors import Misuse
from embedkit.heads.keywords import GramSpec, KeywordWeights, fit_tfidf
from embedkit.heads.train import HeadSpec, fit_head
from embedkit.types import Documents


def test_the_matrix_is_scikit_learn_s() -> None:
    documents, _ = texts(30)
    ours = fit_tfidf(documents, GramSpec(words=2, min_items=1))
    theirs = TfidfVectorizer(analyzer=ours.spec.names, sublinear_tf=True, vocabulary=ours.column)
    assert np.allclose(ours.matrix(documents).toarray(), theirs.fit_transform(documents.tokens).toarray(), atol=1e-6)


def test_a_word_of_one_text_only_is_passed_over() -> None:
    documents = Documents(np.arange(3), (("red", "cup"), ("red", "mug"), ("red",)))
    assert fit_tfidf(documents).vocabulary == ("red",)


def test_where_no_word_is_shared_all_are_kept() -> None:
    assert len(fit_tfidf(Documents(np.arange(2), (("cup",), ("mug",)))).vocabulary) == 2


def test_the_vocabulary_is_bounded_by_the_most_widespread() -> None:
    documents = Documents(np.arange(3), (("a", "b"), ("a", "b"), ("a",)))
    assert fit_tfidf(documents, GramSpec(words=1, max_features=1)).vocabulary == ("a",)


def test_pieces_of_words_recognise_a_word_never_seen() -> None:
    documents = Documents(np.arange(2), (("curtain",), ("curtain",)))
    fitted = fit_tfidf(documents, GramSpec(words=1, chars=(3,)))
    assert fitted.matrix(Documents(np.arange(1), (("curtains",),))).nnz > 3


def test_contributions_of_tokens_sum_to_the_logits() -> None:
    documents, labels = texts()
    spec = HeadSpec(grams={"keywords": GramSpec(words=2, chars=(3, 4))})
    head = fit_head("probe", documents.ids, [documents], labels, spec=spec).head
    said = head.contributions(documents.tokens[0])
    total = np.sum(list(said.values()), axis=0) + head.parts[0].offset
    assert total == pytest.approx(head.logits(documents)[0], abs=1e-4)


def test_the_telling_word_tells_and_the_shared_one_does_not() -> None:
    documents, labels = texts(90)
    head = fit_head("probe", documents.ids, [documents], labels).head
    said = head.contributions(("mug", "new"))
    cups = head.classes.index("cups")
    assert said["mug"][cups] > 3 * abs(said["new"][cups])


def test_a_user_s_word_turns_a_doubtful_listing() -> None:
    documents, labels = texts()
    plain = fit_head("probe", documents.ids, [documents], labels)
    spec = HeadSpec(keyword_weights={"toys": {"Tea Set": 5.0}})
    weighed = fit_head("probe", documents.ids, [documents], labels, spec=spec)
    listing = Documents(np.array([1]), (("doll", "tea", "set", "cup", "tea"),))
    toys = plain.head.classes.index("toys")
    assert weighed.predict([1], [listing]).probs[0, toys] > plain.predict([1], [listing]).probs[0, toys]


def test_a_weight_of_one_multiplies_the_odds_by_e() -> None:
    weights = KeywordWeights.from_mapping({"toys": {"doll": 1.0}}, ["cups", "toys"])
    added = weights.logits([Documents(np.arange(2), (("dolls",), ("a", "doll")))], ["cups", "toys"])
    assert added.tolist() == [[0.0, 0.0], [0.0, 1.0]]


def test_weights_for_a_category_that_is_not_there_are_refused_by_name() -> None:
    with pytest.raises(Misuse, match="tyos"):
        KeywordWeights.from_mapping({"tyos": {"doll": 1.0}}, ["toys"])


def test_a_weight_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(Misuse, match="doll"):
        KeywordWeights.from_mapping({"toys": {"doll": "much"}}, ["toys"])  # type: ignore[dict-item]
