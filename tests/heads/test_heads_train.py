"""Heads end to end: fitted, cross-fitted, stored, and asked about what they have never seen."""

from __future__ import annotations

import json

import numpy as np
import pytest
from head_worlds import blobs, each_its_own, texts
from sklearn.linear_model import LogisticRegression

from embedkit import metrics
from embedkit.errors import EmbedkitError, Misuse, NotEnoughLabels, SpaceMismatch
from embedkit.heads.crossval import cross_validate
from embedkit.heads.softmax import fit_softmax, principal_axes
from embedkit.heads.splits import grouped_folds
from embedkit.heads.state import head_from_state, head_state
from embedkit.heads.train import HeadSpec, fit_head
from embedkit.heads.zeroshot import class_prompts, zero_shot_head
from embedkit.types import Documents, Features


def test_the_solver_finds_what_scikit_learn_finds() -> None:
    features, labels = blobs(90, spread=1.0)
    x, targets = features.vectors.astype(float), np.unique(labels, return_inverse=True)[1]
    theirs = LogisticRegression(C=5.0, tol=1e-10, max_iter=5000).fit(x, targets)
    coef, bias = fit_softmax(principal_axes(x), targets, 3, 5.0)
    ours = x @ coef + bias
    expected = theirs.decision_function(x)
    assert np.abs((ours - ours.mean(1, keepdims=True)) - (expected - expected.mean(1, keepdims=True))).max() < 0.02


def test_more_columns_than_rows_give_the_same_regression() -> None:
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(20, 50))
    assert np.allclose(wide @ (axes := principal_axes(wide)).back, axes.z, atol=1e-8)


@pytest.mark.parametrize("kind", ["probe", "prototype"])
def test_a_head_tells_apart_what_is_apart(kind: str) -> None:
    features, labels = blobs(90)
    head = fit_head(kind, features.ids[:60], [features], labels[:60])
    assert head.predict(features.ids[60:], [features]).label == tuple(labels[60:])


def test_several_prototypes_hold_a_class_of_two_kinds_together() -> None:
    features, kinds = blobs(120, classes=4, spread=0.1)
    labels = ["left" if kind in ("c0", "c1") else "right" for kind in kinds]
    head = fit_head("prototype", features.ids, [features], labels, spec=HeadSpec(prototypes=2))
    assert head.head.prototypes[0].shape == (4, 8)


def test_an_item_that_was_trained_on_is_judged_by_a_model_that_had_not_seen_it() -> None:
    features, _ = blobs(40, classes=1, spread=1.0, dim=60)
    labels = ["a", "b"] * 20
    head = fit_head("probe", features.ids, [features], labels)
    by_heart = Features(features.ids + 1000, features.vectors.copy(), "pictures")
    assert head.predict(by_heart.ids, [by_heart]).label == tuple(labels)
    assert metrics.accuracy(head.predict(features.ids, [features]).label, labels).value < 0.9
    assert head.is_out_of_fold(features.ids).all()


@pytest.mark.parametrize("kind", ["probe", "prototype"])
def test_a_stored_head_answers_as_before(kind: str) -> None:
    features, labels = blobs()
    head = fit_head(kind, features.ids[:40], [features], labels[:40])
    arrays, config = head_state(head)
    again = head_from_state(arrays, json.loads(json.dumps(config)))
    assert np.array_equal(again.predict(features.ids, [features]).probs, head.predict(features.ids, [features]).probs)
    assert again.head.head_id == head.head.head_id


def test_a_keyword_head_with_weights_is_stored_whole() -> None:
    documents, labels = texts()
    spec = HeadSpec(keyword_weights={"toys": {"new": 2.0}})
    head = fit_head("probe", documents.ids, [documents], labels, spec=spec)
    arrays, config = head_state(head)
    again = head_from_state(arrays, json.loads(json.dumps(config)))
    stranger = Documents(np.array([1]), (("new", "cup"),))
    assert np.array_equal(again.predict([1], [stranger]).probs, head.predict([1], [stranger]).probs)


def test_the_head_id_says_what_the_head_is() -> None:
    features, labels = blobs()
    one, same = (fit_head("probe", features.ids, [features], labels) for _ in range(2))
    other = fit_head("probe", features.ids, [features], labels[1:] + labels[:1])
    assert one.head.head_id == same.head.head_id != other.head.head_id


def test_features_of_another_space_are_refused() -> None:
    features, labels = blobs()
    head = fit_head("probe", features.ids, [features], labels)
    with pytest.raises(SpaceMismatch):
        head.head.logits(Features(features.ids, features.vectors.copy(), "other"))


def test_pictures_and_texts_together_beat_either_and_a_missing_picture_is_no_harm() -> None:
    features, _ = blobs(90, spread=1.2)
    documents, labels = texts(90)
    head = fit_head("probe", features.ids[:60], [features, documents], labels[:60])
    bare = Features(features.ids[:0], features.vectors[:0].copy(), "pictures")
    said = head.predict(features.ids[60:], [bare, documents])
    assert said.label == tuple(labels[60:])


def test_an_item_with_nothing_gets_the_shares_of_the_classes() -> None:
    features, labels = blobs(60)
    labels = ["common" if label != "c2" else "rare" for label in labels]
    head = fit_head("probe", features.ids, [features], labels)
    probs = head.predict([999], [features]).probs[0]
    assert probs == pytest.approx([41 / 62, 21 / 62], abs=1e-4)


def test_a_class_with_one_item_is_learnt_reported_and_not_tested() -> None:
    features, labels = blobs(61)
    labels[-1] = "alone"
    head = fit_head("probe", features.ids, [features], labels)
    assert "alone" in head.head.classes
    assert not head.is_out_of_fold(features.ids[-1:])[0]
    assert "alone" in head.notes[0]
    assert cross_validate("probe", features.ids, [features], labels).untested.tolist() == [160]


def test_one_class_only_is_said_always_and_so_is_that() -> None:
    features, _ = blobs(10)
    head = fit_head("probe", features.ids, [features], ["cups"] * 10)
    assert head.predict([999], [features]).label == ("cups",)
    assert "has learnt nothing" in head.notes[0]


def test_texts_that_are_all_empty_leave_the_shares_of_the_classes() -> None:
    documents = Documents(np.arange(6), ((),) * 6)
    head = fit_head("probe", documents.ids, [documents], ["a", "a", "a", "a", "b", "b"])
    assert head.predict([0], [documents]).probs[0] == pytest.approx([5 / 8, 3 / 8], abs=1e-4)
    assert head.notes[0] == "6 labelled listings have nothing of what this head reads"


def test_a_vector_that_is_not_finite_is_named() -> None:
    features, labels = blobs()
    vectors = features.vectors.copy()
    vectors[7, 0] = np.nan
    with pytest.raises(EmbedkitError, match="item 107 "):
        fit_head("probe", features.ids, [Features(features.ids, vectors, "pictures")], labels)


def test_no_labels_at_all_are_not_enough() -> None:
    features, _ = blobs()
    with pytest.raises(NotEnoughLabels):
        fit_head("probe", features.ids[:0], [features], [])


def test_classes_of_one_item_each_cannot_be_cross_validated() -> None:
    features, _ = blobs(3)
    with pytest.raises(NotEnoughLabels):
        cross_validate("probe", features.ids, [features], ["a", "b", "c"])


def test_items_that_may_not_calibrate_are_no_evidence() -> None:
    features, labels = blobs(60)
    countable = np.arange(60) >= 20
    head = fit_head("probe", features.ids, [features], labels, countable=countable)
    assert head.evidence().ids.tolist() == features.ids[20:].tolist()


def test_balance_lifts_the_rare_class() -> None:
    features, labels = blobs(90, spread=2.0)
    keep = [i for i in range(90) if labels[i] == "c0" or i < 20]
    ids, kept = features.ids[keep], [labels[i] for i in keep]
    plain = fit_head("probe", ids, [features], kept)
    fair = fit_head("probe", ids, [features], kept, spec=HeadSpec(balanced=True))
    said = [(head.head.logits(features).argmax(1) != 0).sum() for head in (plain, fair)]
    assert said[1] > said[0]


def test_temperature_makes_an_overconfident_head_modest() -> None:
    features, labels = blobs(150, spread=3.0)
    head = fit_head("probe", features.ids, [features], labels)
    assert head.calibration.ece_after <= head.calibration.ece_before + 0.02
    assert head.calibration.split == "out-of-fold"


def test_cross_validation_counts_every_item_once() -> None:
    features, labels = blobs(60, spread=0.2)
    found = cross_validate("probe", features.ids, [features], labels, each_its_own(60))
    assert sorted(found.ids.tolist()) == features.ids.tolist()
    assert found.accuracy.value == 1.0


def test_labels_of_noise_are_not_predicted_better_than_chance() -> None:
    features, _ = blobs(150, classes=1, spread=1.0)
    labels = np.random.default_rng(1).permutation(["a", "b"] * 75).tolist()
    assert cross_validate("probe", features.ids, [features], labels).accuracy.low < 0.5


def test_copies_with_opposite_luck_never_help_each_other() -> None:
    rng = np.random.default_rng(0)
    half = rng.normal(size=(40, 30)).astype(np.float32)
    features = Features(np.arange(80), np.repeat(half, 2, axis=0), "pictures")
    labels = np.repeat(rng.permutation(["a", "b"] * 20), 2).tolist()
    groups = np.repeat(np.arange(40), 2)
    assert cross_validate("probe", features.ids, [features], labels, groups).accuracy.value < 0.75
    assert (grouped_folds(labels, groups)[::2] == grouped_folds(labels, groups)[1::2]).all()


def test_zero_shot_goes_by_the_mean_of_a_class_s_prompts() -> None:
    towards = [np.array([[1, 0.1], [1, -0.1]], dtype=np.float32), np.array([[0, 2.0]], dtype=np.float32)]
    zero = zero_shot_head(["cups", "rugs"], towards, ["pictures"], scale=10.0)
    assert zero.embeddings.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    features = Features(np.array([1]), np.array([[0.6, 0.8]], dtype=np.float32), "pictures")
    assert zero.logits(features)[0] == pytest.approx([6.0, 8.0])
    trained = fit_head("zeroshot", np.array([1]), [features], ["rugs"], spec=HeadSpec(zero_shot=zero))
    assert trained.predict([1], [features]).label == ("rugs",)


def test_zero_shot_needs_no_labels() -> None:
    zero = zero_shot_head(["cups"], [np.ones((1, 2), dtype=np.float32)], ["pictures"])
    features = Features(np.array([1]), np.ones((1, 2), dtype=np.float32), "pictures")
    assert fit_head("zeroshot", [], [features], [], spec=HeadSpec(zero_shot=zero)).calibration.temperature == 1.0


def test_prompts_carry_the_last_step_of_a_path_and_its_description() -> None:
    (lines,) = class_prompts(["Home > Rugs"], {"Home > Rugs": "carpets of wool"}, ["a {}"])
    assert lines == ["a rugs", "carpets of wool", "rugs: carpets of wool"]


def test_a_description_of_no_category_is_refused() -> None:
    with pytest.raises(Misuse, match="rgus"):
        class_prompts(["rugs"], {"rgus": "typo"})
