"""What the picture alone and the text alone say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from embedkit.heads.state import head_from_state, head_state
from embedkit.heads.train import TrainedHead, fit_head
from embedkit.types import Documents, Features, Int64
from tests.heads.head_worlds import blobs, texts

NAMES = {"c0": "cups", "c1": "rugs", "c2": "toys"}


def two_eyes(n: int = 90, spread: float = 0.9) -> tuple[Features, Documents, list[str]]:
    """Return pictures and texts of the same items, which both tell their category more or less well."""
    pictures, labels = blobs(n, spread=spread)
    documents, _ = texts(n)
    swapped = tuple(documents.tokens[i - 1 if i % 5 == 4 else i] for i in range(n))
    documents = replace(documents, tokens=swapped)
    return replace(pictures, space="colour/image/plain@0"), documents, [NAMES[label] for label in labels]


def both(rows: Int64) -> TrainedHead:
    pictures, documents, labels = two_eyes()
    return fit_head("probe", pictures.ids[rows], [pictures, documents], [labels[row] for row in rows])


@pytest.mark.parametrize(("modality", "which"), [("image", 0), ("text", 1)])
def test_a_modality_alone_says_what_a_head_of_it_alone_says(modality: str, which: int) -> None:
    pictures, documents, labels = two_eyes()
    block, rows = (pictures, documents)[which], np.arange(60)
    own = fit_head("probe", block.ids[rows], [block], [labels[row] for row in rows])
    columns, confidence = both(rows).judge_alone(modality, block.ids, [pictures, documents])  # type: ignore[arg-type]
    expected = own.predict(block.ids, [block])
    assert columns.tolist() == expected.order[:, 0].tolist()
    assert confidence == pytest.approx(expected.confidence, abs=1e-3)
    assert len(set(confidence.tolist())) > 10


def test_a_listing_that_was_trained_on_is_judged_by_a_judge_that_had_not_seen_it() -> None:
    pictures, documents, labels = two_eyes(spread=0.4)
    rows = np.arange(90)
    labels[0] = "toys"  # filed wrongly: who learnt it would repeat it
    trained = fit_head("probe", pictures.ids, [pictures, documents], labels)
    columns, _ = trained.judge_alone("image", pictures.ids[rows], [pictures, documents])
    assert trained.head.classes[columns[0]] == "cups"


def test_a_block_that_weighs_nothing_together_still_has_its_own_opinion() -> None:
    pictures, documents, labels = two_eyes()
    trained = both(np.arange(60))
    silent = tuple(replace(part, weight=0.0) for part in trained.head.parts)  # type: ignore[union-attr]
    trained = replace(trained, head=replace(trained.head, parts=silent))  # type: ignore[arg-type]
    assert not trained.head.logits(pictures, documents).any()
    columns, _ = trained.judge_alone("text", documents.ids[60:], [pictures, documents])
    said = [trained.head.classes[column] for column in columns]
    assert np.mean([one == label for one, label in zip(said, labels[60:], strict=True)]) > 0.7


def test_of_a_listing_without_a_picture_the_picture_says_nothing() -> None:
    pictures, documents, labels = two_eyes()
    seen = Features(pictures.ids[1:], pictures.vectors[1:], pictures.space)
    trained = fit_head("probe", pictures.ids[:60], [seen, documents], labels[:60])
    lacking = np.array([pictures.ids[0], 999])
    for modality, expected in (("image", [True, True]), ("text", [False, True])):
        columns, confidence = trained.judge_alone(modality, lacking, [seen, documents])  # type: ignore[arg-type]
        assert (columns == -1).tolist() == expected
        assert (confidence == 0).tolist() == expected


def test_a_stored_head_keeps_its_judges() -> None:
    trained = both(np.arange(60))
    pictures, documents, _ = two_eyes()
    arrays, config = head_state(trained)
    again = head_from_state(arrays, config)
    for modality in ("image", "text"):
        before, after = (t.judge_alone(modality, pictures.ids, [pictures, documents]) for t in (trained, again))
        assert before[0].tolist() == after[0].tolist()
        assert before[1].tolist() == after[1].tolist()
    assert arrays["alone.image.columns"].dtype == np.int16
    assert arrays["alone.text.confidence"].dtype == np.float16


@pytest.mark.parametrize("kind", ["one modality", "prototype"])
def test_other_heads_have_no_judges(kind: str) -> None:
    pictures, documents, labels = two_eyes()
    blocks = [documents] if kind == "one modality" else [pictures]
    trained = fit_head("probe" if kind == "one modality" else "prototype", pictures.ids, blocks, labels)
    assert trained.alone == ()
    columns, confidence = trained.judge_alone("text", pictures.ids, blocks)
    assert set(columns.tolist()) == {-1}
    assert set(confidence.tolist()) == {0.0}


def test_a_head_file_of_earlier_times_answers_as_it_did_and_has_no_judges() -> None:
    trained = both(np.arange(60))
    pictures, documents, _ = two_eyes()
    arrays, config = head_state(trained)
    for i, part in enumerate(trained.head.parts):  # type: ignore[union-attr]
        arrays[f"coef.{i}"], arrays[f"offset.{i}"] = (
            arrays.pop(f"raw.{i}") * part.weight,
            arrays.pop(f"bias.{i}") * part.weight,
        )
    arrays = {name: array for name, array in arrays.items() if not name.startswith("alone")}
    del config["alone"]
    old = head_from_state(arrays, config)
    blocks = [pictures, documents]
    assert old.alone == ()
    assert old.predict(pictures.ids, blocks).probs == pytest.approx(
        trained.predict(pictures.ids, blocks).probs, abs=1e-5
    )
