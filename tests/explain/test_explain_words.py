"""Pieces become the words that were written, and what words add is exact."""

from __future__ import annotations

import numpy as np
import pytest

from embedkit.encoders.relevance import TextRelevance
from embedkit.explain.words import Words, join_pieces, keyword_rest, keyword_table
from embedkit.heads.blocks import align
from embedkit.heads.train import HeadSpec, fit_head
from embedkit.types import Documents
from tests.encoders import relevance_worlds as worlds
from tests.heads.head_worlds import texts


def joined(text: str, context: int = 77) -> Words:
    """Return the words that a text tower of this context reads."""
    explainer = TextRelevance(worlds.text_encoder(worlds.words_only(), context))
    return join_pieces(explainer.pieces(explainer.encoder.prepare(text)), explainer.cleaned(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Red WOOL  curtain", ("red", "wool", "curtain")),
        ("wrist-watch, 42mm (steel)!", ("wrist-watch,", "42mm", "(steel)!")),
        ("men's don't", ("men's", "don't")),
        ("हिन्दी दीया &amp; rug", ("हिन्दी", "दीया", "&", "rug")),
        ("", ()),
    ],
)
def test_words_are_what_stands_between_spaces(text: str, words: tuple[str, ...]) -> None:
    found = joined(text)
    assert found.words == words
    assert found.unread == 0
    assert sorted(set(found.owner.tolist())) == list(range(len(words)))


def test_a_word_has_all_its_pieces() -> None:
    found = joined("curtain 42mm x")
    assert found.owner.tolist() == [0, 1, 1, 1, 2]
    summed = found.summed(np.ones((1, len(found.owner)), dtype=np.float32))
    assert summed.tolist() == [[1.0, 3.0, 1.0]]


def test_words_beyond_the_context_are_counted() -> None:
    found = joined("one two three four five", context=4)
    assert found.words == ("one", "two")
    assert found.unread == 3


def test_pieces_that_spell_another_text_end_where_the_vocabulary_says() -> None:
    found = join_pieces([b"cur", b"tain</w>", b"red</w>", b"ma"], "something else")
    assert found.words == ("curtain", "red", "ma")
    assert found.owner.tolist() == [0, 0, 1, 2]


def test_what_words_add_sums_to_what_the_keyword_block_adds() -> None:
    documents, labels = texts()
    trained = fit_head("probe", documents.ids, [documents], labels)
    one = align(np.array([101]), [documents])
    table = keyword_table(trained, ("cups", "rugs"), one)
    total = np.sum([word.adds for word in table], axis=0) + keyword_rest(trained, ("cups", "rugs"), one)
    logits = trained.head.logits(*one)[0] / trained.calibration.temperature
    assert total[0] - total[1] == pytest.approx(float(logits[0] - logits[1]), abs=1e-4)


def test_the_words_that_tell_the_two_apart_most_come_first() -> None:
    documents, labels = texts()
    trained = fit_head("probe", documents.ids, [documents], labels)
    one = (Documents(np.array([1]), (("mug", "new", "carpet"),)),)
    table = keyword_table(trained, ("cups", "rugs"), one)
    assert [word.word for word in table][-1] == "new"
    assert {word.word: bool(word.adds[0] > word.adds[1]) for word in table[:2]} == {"mug": True, "carpet": False}


def test_a_users_weight_is_marked_as_such() -> None:
    documents, labels = texts()
    spec = HeadSpec(keyword_weights={"rugs": {"tea": 3.0}})
    trained = fit_head("probe", documents.ids, [documents], labels, spec=spec)
    one = (Documents(np.array([1]), (("tea", "new"),)),)
    own = [word for word in keyword_table(trained, ("rugs", "cups"), one) if word.own]
    assert [word.word for word in own] == ["tea"]
    gap = float(own[0].adds[0] - own[0].adds[1])
    assert gap == pytest.approx(3.0 * trained.head.unit / trained.calibration.temperature, rel=1e-5)  # type: ignore[union-attr]
