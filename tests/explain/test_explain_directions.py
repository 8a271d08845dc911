"""What each block adds sums to the odds, and a direction says what a block adds."""

from __future__ import annotations

import numpy as np
import pytest

from embedkit.explain.directions import OWN_WEIGHTS, block_shares, directions
from embedkit.explain.twin import twin_without
from embedkit.heads.blocks import align
from embedkit.heads.train import HeadSpec, Kind, TrainedHead, fit_head
from embedkit.heads.zeroshot import zero_shot_head
from embedkit.types import Block, Features, unit
from tests.heads.head_worlds import blobs, texts

Fitted = tuple[TrainedHead, list[Block], list[str]]


def fitted(kind: Kind, keyword_weights: dict[str, dict[str, float]] | None = None) -> Fitted:
    """Return a head on pictures and, for a probe, on words; the classes are c0, c1 and c2."""
    pictures, labels = blobs(spread=0.8)
    blocks: list[Block] = [pictures, Features(pictures.ids, pictures.vectors[:, ::-1].copy(), "mirrored")]
    spec = HeadSpec(keyword_weights=keyword_weights)
    if kind == "probe":
        blocks = [pictures, texts()[0]]
    if kind == "zeroshot":
        prompts = [unit(np.random.default_rng(i).normal(size=(2, 8)).astype(np.float32)) for i in range(3)]
        head = zero_shot_head(("c0", "c1", "c2"), prompts, [block.space for block in blocks], weights=(1.0, 0.5))
        spec = HeadSpec(zero_shot=head)
    return fit_head(kind, pictures.ids, blocks, labels, spec=spec), blocks, labels


def log_odds(trained: TrainedHead, one: tuple[Block, ...], a: str, b: str) -> float:
    logits = trained.head.logits(*one)[0] / trained.calibration.temperature
    return float(logits[trained.head.classes.index(a)] - logits[trained.head.classes.index(b)])


@pytest.mark.parametrize("kind", ["probe", "prototype", "zeroshot"])
def test_what_the_blocks_add_sums_to_the_calibrated_log_odds(kind: Kind) -> None:
    trained, blocks, _ = fitted(kind)
    one = align(np.array([107]), blocks)
    total = np.sum(list(block_shares(trained, ("c0", "c2"), one).values()), axis=0)
    assert total[0] - total[1] == pytest.approx(log_odds(trained, one, "c0", "c2"), abs=1e-4)


@pytest.mark.parametrize("kind", ["probe", "prototype", "zeroshot"])
def test_a_direction_scores_what_its_block_adds(kind: Kind) -> None:
    trained, blocks, _ = fitted(kind)
    one = align(np.array([107]), blocks)
    aims = directions(trained, "pictures", ("c0", "c2"), one)
    picture = next(block for block in one if isinstance(block, Features) and block.space == "pictures")
    added = block_shares(trained, ("c0", "c2"), one)["pictures"]
    np.testing.assert_allclose(aims.scores(picture.vectors)[0], added, atol=1e-4)


def test_a_block_that_a_listing_lacks_adds_nothing_and_is_not_listed() -> None:
    trained, blocks, _ = fitted("prototype")
    one = list(align(np.array([107]), blocks))
    one[1] = Features(one[1].ids, np.zeros((1, 8), dtype=np.float32), "mirrored")
    shares = block_shares(trained, ("c0", "c1"), one)
    assert list(shares) == ["pictures"]
    assert shares["pictures"][0] - shares["pictures"][1] == pytest.approx(
        log_odds(trained, tuple(one), "c0", "c1"), abs=1e-4
    )


def test_a_users_keyword_weights_are_a_part_of_their_own() -> None:
    trained, blocks, _ = fitted("probe", {"c1": {"new": 2.0}})
    one = align(np.array([107]), blocks)
    shares = block_shares(trained, ("c1", "c2"), one)
    expected = 2.0 * trained.head.unit / trained.calibration.temperature  # type: ignore[union-attr]
    assert shares[OWN_WEIGHTS][0] - shares[OWN_WEIGHTS][1] == pytest.approx(expected, rel=1e-5)
    total = np.sum(list(shares.values()), axis=0)
    assert total[0] - total[1] == pytest.approx(log_odds(trained, one, "c1", "c2"), abs=1e-4)


@pytest.mark.parametrize("kind", ["probe", "prototype"])
def test_a_twin_without_nothing_is_the_head_itself(kind: Kind) -> None:
    trained, blocks, labels = fitted(kind)
    twin = twin_without(trained, trained.oof_ids, blocks, labels, HeadSpec(), 0)
    one = align(np.array([107, 110]), blocks)
    np.testing.assert_allclose(twin.head.logits(*one), trained.head.logits(*one), atol=1e-3)


def test_a_twin_does_not_know_by_heart_what_was_left_out() -> None:
    pictures, labels = blobs(spread=0.3)
    labels[7] = "c0"  # among those of c1
    trained = fit_head("probe", pictures.ids, [pictures], labels)
    rest = np.delete(np.arange(60), 7)
    twin = twin_without(trained, pictures.ids[rest], [pictures], [labels[row] for row in rest], HeadSpec(), 0)
    one = align(pictures.ids[7:8], [pictures])
    gap = [log_odds(head, one, "c1", "c0") for head in (trained, twin)]
    assert gap[1] > gap[0] + 0.1
    assert twin.predict(pictures.ids[7:8], [pictures]).label == ("c1",)


def test_a_twin_of_a_zero_shot_head_is_itself() -> None:
    trained, blocks, labels = fitted("zeroshot")
    assert twin_without(trained, trained.oof_ids, blocks, labels, HeadSpec(), 0) is trained
