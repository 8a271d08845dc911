"""The vector index: like comparing with everything, but faster, and it knows its space."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from store_worlds import some_features

from embedkit.errors import EmbedkitError, SpaceMismatch, WorkspaceError
from embedkit.stores import vectors
from embedkit.stores.plan import STEPS, Kind, plan_kind
from embedkit.stores.vectors import VectorIndex, build, load, measure, save, search, search_exact
from embedkit.types import Features, Neighbours, unit

SPACE = "colour/image/pad@1"
KINDS = list(STEPS)
IVF = [kind for kind in KINDS if kind.startswith("ivf")]


def index_of(features: Features, kind: Kind = "flat") -> VectorIndex:
    return build(plan_kind(kind, len(features), features.dim), features, seed=1, content_sha256=b"\7" * 32)


def naive(features: Features, queries: Features, k: int, allowed: list[int] | None = None) -> Neighbours:
    """Return the k nearest by sorting all cosines."""
    kept = np.isin(features.ids, allowed) if allowed is not None else np.ones(len(features), dtype=bool)
    cosine = np.where(kept, queries.vectors @ features.vectors.T, -np.inf)
    rows = np.argsort(-cosine, axis=1, kind="stable")[:, : min(k, int(kept.sum()))]
    return Neighbours(queries.ids, features.ids[rows], np.take_along_axis(cosine, rows, axis=1))


def recall(found: Neighbours, true: Neighbours) -> float:
    pairs = zip(found.ids, true.ids, strict=True)
    return float(np.mean([len(set(a.tolist()) & set(b.tolist())) / len(b) for a, b in pairs]))


@pytest.fixture(scope="module")
def thousands() -> Features:
    """Return three thousand vectors in sixty groups, as pictures of sixty kinds of things would be."""
    groups = some_features(60, dim=32, seed=9).vectors[np.arange(3000) % 60]
    vectors = unit(groups + np.float32(0.5) * some_features(3000, dim=32).vectors)
    return Features(some_features(3000, dim=32).ids, vectors, SPACE)


@pytest.fixture(scope="module")
def queries() -> Features:
    """Return twenty vectors, each near a group."""
    near = some_features(60, dim=32, seed=9).vectors[:20] + np.float32(0.3) * some_features(20, dim=32, seed=3).vectors
    return Features(np.arange(20, dtype=np.int64), unit(near), SPACE)


@pytest.fixture(scope="module", params=KINDS)
def index(request: pytest.FixtureRequest, thousands: Features) -> VectorIndex:
    return index_of(thousands, request.param)


def test_exact_search_is_sorting_all_cosines() -> None:
    features, queries = some_features(60), some_features(7, seed=3)
    found, true = search(index_of(features), queries, 5), naive(features, queries, 5)
    assert found.ids.tolist() == true.ids.tolist()
    np.testing.assert_allclose(found.cosine, true.cosine, atol=1e-6)


def test_each_kind_finds_nearly_all_of_the_nearest(index: VectorIndex, thousands: Features, queries: Features) -> None:
    assert recall(search(index, queries, 10), naive(thousands, queries, 10)) > 0.9


def test_each_kind_finds_a_vector_itself_first(index: VectorIndex, thousands: Features) -> None:
    found = search(index, thousands.take(thousands.ids[:20]), 1)
    assert found.ids[:, 0].tolist() == thousands.ids[:20].tolist()
    assert (found.cosine > 0.98).all()
    assert (found.cosine <= 1).all()


def test_each_kind_answers_alike_after_saving_and_loading(
    index: VectorIndex, queries: Features, tmp_path: Path
) -> None:
    save(index, tmp_path / "a" / "b.faiss")
    loaded = load(tmp_path / "a" / "b.faiss", SPACE)
    assert search(loaded, queries, 10).ids.tolist() == search(index, queries, 10).ids.tolist()
    assert (loaded.plan, loaded.content_sha256, loaded.ids.tolist()) == (index.plan, b"\7" * 32, index.ids.tolist())


@pytest.mark.parametrize("few", [1, 25, 1500])
@pytest.mark.parametrize("exact_up_to", [0, 20_000], ids=["walk", "exact"])
def test_a_filter_leaves_only_the_allowed_and_finds_them(
    index: VectorIndex,
    thousands: Features,
    queries: Features,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    exact_up_to: int,
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", exact_up_to)
    allowed = np.random.default_rng(2).choice(thousands.ids, few, replace=False)
    found = search(index, queries, 10, allowed=allowed)
    assert set(found.ids.ravel().tolist()) <= {*allowed.tolist(), -1}
    assert ((found.ids >= 0).sum(axis=1) == min(10, few)).all()
    assert recall(found, naive(thousands, queries, 10, allowed.tolist())) > 0.9


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_when_few_remain_the_search_is_exact(thousands: Features, queries: Features, kind: Kind) -> None:
    allowed = thousands.ids[5::100]
    found = search(index_of(thousands, kind), queries, 10, allowed=allowed)
    assert found.ids.tolist() == naive(thousands, queries, 10, allowed.tolist()).ids.tolist()


@pytest.mark.parametrize("kind", IVF)
def test_when_few_remain_an_index_of_codes_is_exact_over_the_vectors_it_is_given(
    thousands: Features, kind: Kind
) -> None:
    allowed, queries = thousands.ids[5::100], some_features(9, dim=32, seed=3)
    found = search(index_of(thousands, kind), queries, 10, allowed=allowed, vectors_of=thousands.take)
    assert found.ids.tolist() == naive(thousands, queries, 10, allowed.tolist()).ids.tolist()


def test_a_walk_that_ends_too_early_gives_way_to_the_exact_search(
    thousands: Features, queries: Features, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 0)
    monkeypatch.setattr(vectors, "MOST_EF_SEARCH", 10)
    allowed = thousands.ids[5::100]
    found = search(index_of(thousands, "hnsw"), queries, 10, allowed=allowed)
    assert found.ids.tolist() == naive(thousands, queries, 10, allowed.tolist()).ids.tolist()


def test_allowed_items_that_are_not_in_the_index_or_come_twice_change_nothing() -> None:
    found = search(index_of(some_features(3)), some_features(1), 3, allowed=np.array([999, 20, 20, -5]))
    assert found.ids.tolist() == [[20, -1, -1]]


@pytest.mark.parametrize("allowed", [None, np.array([], dtype=np.int64)])
def test_where_there_is_nothing_to_find_every_place_is_empty(allowed: np.ndarray | None) -> None:
    empty = index_of(some_features(0)) if allowed is None else index_of(some_features(4))
    found = search(empty, some_features(2), 3, allowed=allowed)
    assert found.ids.tolist() == [[-1] * 3] * 2
    assert found.cosine.tolist() == [[-1] * 3] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_vector_is_found_and_the_rest_padded(kind: Kind) -> None:
    found = search(index_of(some_features(1), kind), some_features(1), 3)
    assert found.ids.tolist() == [[10, -1, -1]]


def test_an_empty_index_outlives_its_file(tmp_path: Path) -> None:
    save(index_of(some_features(0)), tmp_path / "i.faiss")
    assert len(load(tmp_path / "i.faiss", SPACE)) == 0


def test_no_queries_have_no_neighbours() -> None:
    assert search(index_of(some_features(3)), some_features(0), 2).ids.shape == (0, 2)


def test_an_item_with_two_vectors_is_refused() -> None:
    twice = Features(np.array([4, 4]), np.eye(2, 8, dtype=np.float32), SPACE)
    with pytest.raises(EmbedkitError, match="item 4 has two vectors"):
        index_of(twice)


def test_a_query_of_another_space_is_refused_unless_it_is_called_comparable() -> None:
    index, query = index_of(some_features(3)), some_features(1, space="colour/text/raw@2")
    with pytest.raises(SpaceMismatch, match="colour/text/raw@2"):
        search(index, query, 1)
    assert search(index, query, 1, comparable=["colour/text/raw@2"]).ids.tolist() == [[10]]


def test_a_query_of_another_dimension_is_refused() -> None:
    with pytest.raises(SpaceMismatch, match="8 dimensions"):
        search(index_of(some_features(3)), some_features(1, dim=9), 1)


def test_the_index_of_another_space_is_not_loaded(tmp_path: Path) -> None:
    save(index_of(some_features(3)), tmp_path / "i.faiss")
    with pytest.raises(SpaceMismatch, match="belongs to another space"):
        load(tmp_path / "i.faiss", "colour/image/pad@2")


@pytest.mark.parametrize("broken", ["nothing", "no seal", "truncated", "no index", "garbled"])
def test_an_unfinished_or_damaged_index_asks_to_be_built_again(tmp_path: Path, broken: str) -> None:
    path, seal = tmp_path / "i.faiss", tmp_path / "i.faiss.json"
    save(index_of(some_features(3)), path)
    whole = path.read_bytes()
    if broken in ("nothing", "no seal"):
        seal.unlink()
    if broken in ("nothing", "no index"):
        path.unlink()
    if broken in ("truncated", "garbled"):
        path.write_bytes(whole[:-9] if broken == "truncated" else b"\0" * len(whole))
    with pytest.raises(WorkspaceError, match=r"i\.faiss cannot be used"):
        load(path, SPACE)


def test_an_index_replaced_half_way_is_not_taken_for_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(index_of(some_features(3)), tmp_path / "i.faiss")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(vectors.json, "dumps", killed)
    with pytest.raises(KeyboardInterrupt):
        save(index_of(some_features(4)), tmp_path / "i.faiss")
    with pytest.raises(WorkspaceError, match="was not finished"):
        load(tmp_path / "i.faiss", SPACE)


def test_cosines_never_pass_one() -> None:
    features = some_features(1)
    longer = replace(features, vectors=features.vectors * np.float32(1.001))
    assert search(index_of(longer), longer, 1).cosine.tolist() == [[1.0]]


def test_the_exact_index_measures_as_exact(thousands: Features) -> None:
    measured = measure(index_of(thousands), thousands, sample=40)
    assert measured.recall_at_10_vs_flat == 1.0
    assert measured.query_ms > 0


def test_a_poor_index_measures_as_poor() -> None:
    shapeless = some_features(3000, dim=32)
    poor = index_of(shapeless, "ivf-fp16")
    poor = replace(poor, plan=replace(poor.plan, probes=1))
    assert measure(poor, shapeless, sample=40).recall_at_10_vs_flat < 0.8


def test_identical_vectors_do_not_spoil_the_measure() -> None:
    twins = Features(np.arange(30), np.tile(np.eye(1, 8, dtype=np.float32), (30, 1)), SPACE)
    assert measure(index_of(twins), twins, sample=5).recall_at_10_vs_flat == 1.0


def test_a_single_vector_measures_as_exact() -> None:
    assert measure(index_of(some_features(1)), some_features(1)).recall_at_10_vs_flat == 1.0


def test_the_exact_reference_pads_too() -> None:
    assert search_exact(some_features(1), some_features(1), 2).ids.tolist() == [[10, -1]]
