"""A skimmed transformer says what the transformer says, in whole bits exactly and in half of them nearly."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from embedkit.encoders import skim
from embedkit.encoders.skim import Skim, computes_bf16
from tests.encoders import relevance_worlds as worlds

MASK = torch.full((9, 9), float("-inf")).triu(1)


def transformer(**tower: Any) -> Any:
    return worlds.picture_encoder(worlds.small_clip(3, **tower)).visual.transformer  # type: ignore[attr-defined]


def inputs(layers: Any, n: int = 4) -> torch.Tensor:
    return torch.randn(n, len(MASK), layers.width, generator=torch.Generator().manual_seed(0))


def in_bits(monkeypatch: pytest.MonkeyPatch, half: bool) -> None:
    monkeypatch.setattr(skim, "computes_bf16", lambda: half)


@pytest.mark.parametrize("mask", [None, MASK], ids=["all see all", "backwards only"])
@pytest.mark.parametrize("scaled", [None, 0.5], ids=["plain", "layer scale"])
def test_the_token_that_is_read_is_the_transformers_own(
    mask: torch.Tensor | None, scaled: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_bits(monkeypatch, half=False)
    layers, at = transformer(ls_init_value=scaled), torch.tensor([0, 8, 3, 3])
    with torch.inference_mode():
        whole = layers(inputs(layers), attn_mask=mask)
        torch.testing.assert_close(Skim(layers).read(inputs(layers), at, mask)[:, 0], whole[torch.arange(4), at])
        torch.testing.assert_close(Skim(layers).read(inputs(layers), None, mask), whole)


@pytest.mark.parametrize("mask", [None, MASK], ids=["all see all", "backwards only"])
def test_half_the_bits_say_nearly_the_same_and_leave_the_model_as_it_was(
    mask: torch.Tensor | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_bits(monkeypatch, half=True)
    layers = transformer()
    before = worlds.Trace.of(layers)
    with torch.inference_mode():
        whole, half = layers(inputs(layers), attn_mask=mask), Skim(layers).read(inputs(layers), None, mask)
        assert half.dtype == torch.float32
        assert not torch.equal(half, whole)
        assert torch.nn.functional.cosine_similarity(half, whole, dim=-1).min() > 0.999
        assert before.same(worlds.Trace.of(layers))
        torch.testing.assert_close(layers(inputs(layers), attn_mask=mask), whole)


@pytest.mark.parametrize(
    ("known", "half"), [({}, False), ({"avx512_bf16": True}, True), ({"amx_bf16": True}, True), ({"avx2": True}, False)]
)
def test_half_the_bits_are_for_processors_that_compute_in_them(
    known: dict[str, bool], half: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: known, raising=False)
    assert computes_bf16() == half


def test_a_torch_that_cannot_tell_what_the_processor_does_gets_whole_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not computes_bf16()
