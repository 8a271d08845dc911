"""Relevance is the paper's, finds what was planted, and leaves the model as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from torch.nn import functional

from embedkit.encoders.attention import Heed, heeding, plain_attentions
from embedkit.encoders.clip import ClipImage, ClipText
from embedkit.encoders.explainers import explainer_for
from embedkit.encoders.relevance import PictureRelevance, TextRelevance, aimed
from embedkit.encoders.stand_ins import call_with, scrambled_weights
from embedkit.errors import CannotExplain
from embedkit.types import Float32
from tests.encoders import relevance_worlds as worlds
from tests.worlds import ColourEncoder

Taught = tuple[Any, Float32]


@pytest.fixture(scope="module")
def taught_patch() -> tuple[ClipImage, Float32]:
    return worlds.taught_patch()


@pytest.fixture(scope="module")
def taught_word() -> tuple[ClipText, Float32]:
    return worlds.taught_word()


@pytest.fixture
def whole_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No processor computes in half the bits."""
    monkeypatch.setattr("embedkit.encoders.skim.computes_bf16", lambda: False)


def aims(seed: int = 0, k: int = 2) -> Float32:
    return np.random.default_rng(seed).normal(size=(k, worlds.DIM)).astype(np.float32)


def test_the_patch_that_decides_the_class_is_the_most_relevant(taught_patch: Taught) -> None:
    encoder, red = taught_patch
    pictures, classes = worlds.patchwork(np.random.default_rng(5), 30)
    explainer = PictureRelevance(encoder)
    found = []
    for picture, is_red in zip(pictures, classes, strict=True):
        signed = explainer.relevance(picture, red if is_red else -red).signed
        found.append(int(signed[0].argmax()) == worlds.CAUSE_CELL)
    assert np.mean(found) >= 0.9


def test_the_patch_speaks_against_the_other_class(taught_patch: Taught) -> None:
    encoder, red = taught_patch
    pictures, classes = worlds.patchwork(np.random.default_rng(6), 30)
    blue = [picture for picture, is_red in zip(pictures, classes, strict=True) if not is_red]
    maps = [PictureRelevance(encoder).relevance(picture, red).signed[0] for picture in blue]
    assert np.mean([int(one.argmin()) == worlds.CAUSE_CELL for one in maps]) >= 0.9


def test_the_word_that_decides_the_class_is_the_most_relevant(taught_word: Taught) -> None:
    encoder, says = taught_word
    texts, classes = worlds.sentences(np.random.default_rng(5), 60)
    explainer = TextRelevance(encoder)
    found = []
    for text in [text for text, said in zip(texts, classes, strict=True) if said]:
        tokens = encoder.prepare(text)
        signed = explainer.relevance(tokens, says).signed
        pieces = explainer.pieces(tokens)
        found.append(pieces[int(signed[0].argmax())] == f"{worlds.CAUSE}</w>".encode())
    assert len(found) > 20
    assert np.mean(found) >= 0.9


def naive(run: Callable[[], torch.Tensor], transformer: Any, coefs: Float32, row: int) -> list[tuple[Any, Any]]:
    """Return relevance for and against by the paper's full matrices, the attention an explicit loop over heads."""
    recorded: list[torch.Tensor] = []

    def attention(self: Any, x: torch.Tensor, *args: Any, attn_mask: Any = None, **kwargs: Any) -> Any:
        q, k, v = functional.linear(x[0], self.in_proj_weight, self.in_proj_bias).chunk(3, dim=-1)
        width = q.shape[-1] // self.num_heads
        probs = []
        for h in range(self.num_heads):
            part = slice(h * width, (h + 1) * width)
            logits = q[:, part] @ k[:, part].T / width**0.5 + (0 if attn_mask is None else attn_mask)
            probs.append(torch.softmax(logits, dim=-1))
        stacked = torch.stack(probs)
        if not stacked.requires_grad:
            stacked.requires_grad_()
        recorded.append(stacked)
        heads = [stacked[h] @ v[:, h * width : (h + 1) * width] for h in range(self.num_heads)]
        return self.out_proj(torch.cat(heads, dim=-1))[None], None

    for block in transformer.resblocks:
        block.attn.forward = attention.__get__(block.attn)
    v = functional.normalize(run().float(), dim=-1)[0]
    found = []
    for coef in torch.from_numpy(coefs):
        slopes = torch.autograd.grad(coef @ v, recorded, retain_graph=True)
        for sign in (1, -1):
            r = torch.eye(recorded[0].shape[-1])
            for probs, slope in zip(recorded, slopes, strict=True):
                r = r + (sign * slope * probs).clamp(min=0).mean(dim=0) @ r
            found.append(r[row].detach().numpy())
    for block in transformer.resblocks:
        del block.attn.forward
    return list(zip(found[::2], found[1::2], strict=True))


def test_a_pictures_relevance_equals_the_papers_matrices() -> None:
    encoder = worlds.picture_encoder(worlds.small_clip(3))
    picture = worlds.patchwork(np.random.default_rng(0), 1)[0][0]
    pixels = encoder.normalise(torch.from_numpy(picture[None]))
    twin = naive(lambda: encoder.visual(pixels), encoder.visual.transformer, aims(), 0)
    found = PictureRelevance(encoder).relevance(picture, aims())
    for i, (for_, against_) in enumerate(twin):
        np.testing.assert_allclose(found.favour[i], for_[1:], rtol=1e-4, atol=1e-8)
        np.testing.assert_allclose(found.against[i], against_[1:], rtol=1e-4, atol=1e-8)


def test_a_texts_relevance_equals_the_papers_matrices() -> None:
    encoder = worlds.text_encoder(worlds.small_clip(3))
    tokens = encoder.prepare("red wool curtain, 42mm")
    twin = naive(lambda: encoder.forward(torch.from_numpy(tokens[None])), encoder.model.transformer, aims(), -1)
    found = TextRelevance(encoder).relevance(tokens, aims())
    for i, (for_, against_) in enumerate(twin):
        np.testing.assert_allclose(found.favour[i], for_[1:-1], rtol=1e-4, atol=1e-8)
        np.testing.assert_allclose(found.against[i], against_[1:-1], rtol=1e-4, atol=1e-8)


def test_patches_without_a_class_token_are_read_as_their_mean() -> None:
    encoder = worlds.picture_encoder(worlds.small_clip(3, pool_type="avg"))
    picture = worlds.patchwork(np.random.default_rng(0), 1)[0][0]
    pixels = encoder.normalise(torch.from_numpy(picture[None]))
    rows = [naive(lambda: encoder.visual(pixels), encoder.visual.transformer, aims(), 1 + i)[0][0] for i in range(16)]
    found = PictureRelevance(encoder).relevance(picture, aims())
    np.testing.assert_allclose(found.favour[0], np.mean(rows, axis=0)[1:], rtol=1e-4, atol=1e-8)


def test_the_gradient_of_the_attention_is_what_finite_differences_say() -> None:
    torch.manual_seed(0)
    x, mask = torch.randn(1, 5, 6, dtype=torch.float64), torch.full((5, 5), -torch.inf).triu(1).double()
    weights = [torch.randn(shape, dtype=torch.float64) for shape in ((18, 6), (18,), (6, 6))]
    heed = Heed(x, mask, torch.zeros(()), 2, *weights)
    attention, values = heed.attention()
    towards = torch.randn(1, 5, 6, dtype=torch.float64)

    def score(probs: torch.Tensor) -> float:
        mixed = torch.cat([probs[h] @ values[h] for h in range(2)], dim=-1)
        return float((towards * (mixed @ weights[2].T)).sum())

    gradient = heed.gradient(towards[None], values)[0]
    for place in [(0, 1, 0), (1, 4, 2), (0, 3, 3)]:
        step = torch.zeros_like(attention)
        step[place] = 1e-6
        slope = (score(attention + step) - score(attention - step)) / 2e-6
        assert float(gradient[place]) == pytest.approx(slope, rel=1e-6)


def test_the_attention_is_the_models_own() -> None:
    encoder = worlds.picture_encoder(worlds.small_clip(2))
    pixels = encoder.normalise(torch.from_numpy(worlds.patchwork(np.random.default_rng(0), 1)[0][0][None]))
    attentions = plain_attentions(encoder.visual.transformer)
    assert attentions is not None
    with heeding(attentions) as heard:
        encoder.visual(pixels)
    _, theirs = attentions[2](heard[2].x, heard[2].x, heard[2].x, need_weights=True, average_attn_weights=False)
    torch.testing.assert_close(heard[2].attention()[0], theirs[0])


@pytest.mark.parametrize("centred", [False, True])
def test_a_score_is_the_coefficient_times_the_unit_vector(centred: bool) -> None:
    z, centre = torch.tensor([[3.0, 4.0]]), torch.tensor([0.6, 0.0]) if centred else None
    expected = [0.0, 2.0] if centred else [1.2, 1.6]
    assert aimed(z, torch.tensor([[2.0, 0.0], [0.0, 2.0]]), centre).tolist() == pytest.approx(expected)


def test_a_centred_score_is_explained_as_such() -> None:
    encoder = worlds.picture_encoder(worlds.small_clip(3))
    picture = worlds.patchwork(np.random.default_rng(0), 1)[0][0]
    centre = 0.9 * encoder.embed([picture])[0]
    explainer = PictureRelevance(encoder)
    plain, moved = (explainer.relevance(picture, aims(), one).favour for one in (None, centre))
    assert np.abs(moved).sum() > 5 * np.abs(plain).sum()  # a tenth of the vector is left, so it turns ten times as fast


@pytest.mark.usefixtures("whole_bits")
def test_all_cells_kept_give_the_pictures_own_vector() -> None:
    encoder = worlds.picture_encoder(worlds.small_clip())
    picture = worlds.patchwork(np.random.default_rng(0), 1)[0][0]
    seen = PictureRelevance(encoder).seen(picture, np.ones((1, 16), dtype=bool))
    np.testing.assert_allclose(seen, encoder.embed([picture]), atol=1e-6)


@pytest.mark.usefixtures("whole_bits")
def test_a_tower_without_a_class_token_sees_what_is_kept_and_nothing_as_zeros() -> None:
    encoder = worlds.picture_encoder(worlds.small_clip(pool_type="avg"))
    picture = worlds.patchwork(np.random.default_rng(0), 1)[0][0]
    seen = PictureRelevance(encoder).seen(picture, np.array([[True] * 16, [False] * 16]))
    np.testing.assert_allclose(seen[0], encoder.embed([picture])[0], atol=1e-6)
    assert not seen[1].any()


@pytest.mark.usefixtures("whole_bits")
def test_a_cell_that_is_left_out_cannot_matter() -> None:
    encoder = worlds.picture_encoder(worlds.small_clip())
    first, second = (picture.copy() for picture in worlds.patchwork(np.random.default_rng(0), 2)[0])
    kept = np.zeros((2, 16), dtype=bool)
    kept[0, [0, 5]], kept[1, [0, 5, 6]] = True, True
    for cell in (0, 5):
        top, left = (worlds.PATCH * place for place in divmod(cell, 4))
        second[:, top : top + 8, left : left + 8] = first[:, top : top + 8, left : left + 8]
    a, b = (PictureRelevance(encoder).seen(picture, kept) for picture in (first, second))
    np.testing.assert_allclose(a[0], b[0], atol=1e-6)
    assert np.abs(a[1] - b[1]).max() > 1e-3


@pytest.mark.usefixtures("whole_bits")
def test_words_that_are_left_out_were_never_written() -> None:
    encoder = worlds.text_encoder(worlds.small_clip())
    kept = np.array([[True, False, True], [True, True, True]])
    seen = TextRelevance(encoder).seen(encoder.prepare("red wool curtain"), kept)
    np.testing.assert_allclose(seen, encoder.encode(["red curtain", "red wool curtain"]), atol=1e-6)


@pytest.mark.parametrize("scores", [1, 3])
def test_scores_come_with_their_maps_and_do_not_depend_on_each_other(scores: int) -> None:
    encoder = worlds.picture_encoder(worlds.small_clip(3))
    picture, coefs = worlds.patchwork(np.random.default_rng(0), 1)[0][0], aims(k=scores)
    together = PictureRelevance(encoder).relevance(picture, coefs)
    np.testing.assert_allclose(together.scores, coefs @ encoder.embed([picture])[0], atol=1e-5)
    for i in range(scores):
        alone = PictureRelevance(encoder).relevance(picture, coefs[i : i + 1])
        np.testing.assert_allclose(together.signed[i], alone.signed[0], rtol=1e-4, atol=1e-8)


def test_random_weights_give_another_map_and_are_gone_afterwards(taught_patch: Taught) -> None:
    encoder, red = taught_patch
    picture = worlds.patchwork(np.random.default_rng(0), 1)[0][0]
    explainer, before = PictureRelevance(encoder), worlds.Trace.of(encoder.visual)
    own = explainer.relevance(picture, red).signed[0]
    other = explainer.relevance(picture, red, scrambled=True).signed[0]
    assert abs(np.corrcoef(own, other)[0, 1]) < 0.5
    np.testing.assert_array_equal(explainer.relevance(picture, red).signed[0], own)
    assert before.same(worlds.Trace.of(encoder.visual))


def test_random_weights_have_the_spread_of_those_they_stand_for() -> None:
    module = torch.nn.Linear(400, 300)
    torch.nn.init.normal_(module.weight, 0.5, 2.0)
    stand_in = scrambled_weights(module, seed=0)["weight"]
    assert float(stand_in.mean()) == pytest.approx(0.5, abs=0.03)
    assert float(stand_in.std()) == pytest.approx(2.0, abs=0.03)
    assert torch.equal(stand_in, scrambled_weights(module, seed=0)["weight"])
    assert not torch.equal(stand_in, module.weight)


def test_stand_ins_are_gone_even_after_an_error() -> None:
    module = torch.nn.Linear(3, 2)
    before = worlds.Trace.of(module)
    with pytest.raises(RuntimeError, match="shapes"):
        call_with(module, scrambled_weights(module, 0), module, torch.zeros(1, 4))
    assert before.same(worlds.Trace.of(module))


@pytest.mark.parametrize("wrong", [False, True])
def test_a_picture_tower_is_left_as_it_was(wrong: bool) -> None:
    encoder = worlds.picture_encoder(worlds.small_clip())
    picture = worlds.patchwork(np.random.default_rng(0), 1)[0][0]
    explainer, before, vector = PictureRelevance(encoder), worlds.Trace.of(encoder.visual), encoder.embed([picture])
    if wrong:
        with pytest.raises(RuntimeError):
            explainer.relevance(picture, np.ones((1, worlds.DIM + 1), dtype=np.float32))
        with pytest.raises(RuntimeError):
            explainer.seen(np.zeros((3, 5, 5), dtype=np.uint8), np.ones((1, 16), dtype=bool))
    else:
        explainer.relevance(picture, aims())
        explainer.seen(picture, np.eye(16, dtype=bool))
    assert before.same(worlds.Trace.of(encoder.visual))
    np.testing.assert_array_equal(encoder.embed([picture]), vector)


@pytest.mark.parametrize("wrong", [False, True])
def test_a_text_tower_is_left_as_it_was(wrong: bool) -> None:
    encoder = worlds.text_encoder(worlds.small_clip())
    tokens = encoder.prepare("red wool curtain")
    explainer, before, vector = TextRelevance(encoder), worlds.Trace.of(encoder.model), encoder.embed([tokens])
    if wrong:
        with pytest.raises(RuntimeError):
            explainer.relevance(tokens, np.ones((1, worlds.DIM + 1), dtype=np.float32))
    else:
        explainer.relevance(tokens, aims(), scrambled=True)
        explainer.seen(tokens, np.eye(3, dtype=bool))
    assert before.same(worlds.Trace.of(encoder.model))
    np.testing.assert_array_equal(encoder.embed([tokens]), vector)


def test_a_tower_that_pools_by_attention_says_so() -> None:
    encoder = worlds.picture_encoder(worlds.small_clip(attentional_pool=True, attn_pooler_queries=4))
    with pytest.raises(CannotExplain, match="pools by attention"):
        explainer_for(encoder)


def test_a_resnet_says_so() -> None:
    config = {**worlds.CONFIG, "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8}}
    encoder = worlds.picture_encoder(open_clip.model.CLIP(**config).eval())
    with pytest.raises(CannotExplain, match="ModifiedResNet, not open_clip's vision transformer"):
        explainer_for(encoder)


def test_a_timm_tower_says_so() -> None:
    vision = {"image_size": 32, "timm_model_name": "resnet10t", "timm_model_pretrained": False, "timm_pool": "avg"}
    encoder = worlds.picture_encoder(open_clip.model.CLIP(**{**worlds.CONFIG, "vision_cfg": vision}).eval())
    with pytest.raises(CannotExplain, match="TimmModel"):
        explainer_for(encoder)


def test_an_attention_of_another_kind_says_so() -> None:
    encoder = worlds.picture_encoder(worlds.small_clip(qk_norm=True))
    with pytest.raises(CannotExplain, match="another kind"):
        explainer_for(encoder)


def test_integers_have_no_gradients_and_say_so() -> None:
    with pytest.raises(CannotExplain, match="int8"):
        explainer_for(worlds.picture_encoder(worlds.small_clip(), "int8"))


def test_an_encoder_that_nobody_knows_says_so() -> None:
    with pytest.raises(CannotExplain, match="colour cannot be explained: it is a ColourEncoder"):
        explainer_for(ColourEncoder("image"))
