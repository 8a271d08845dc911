"""A transformer run many times over parts of one input, its vector read at a single token: forwards, roughly, fast."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from embedkit.encoders.stand_ins import call_with


class Skim:
    """The layers of an open_clip transformer, in half the bits where the processor computes so, else as they are.

    Its vectors are off by some thousandths: good enough to be compared with each other, not to be stored. Of 318 maps
    that the bundled CLIP gave of a public catalogue, 2 were judged otherwise than in whole bits, near the limit.
    """

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    @cached_property
    def _weights(self) -> dict[str, torch.Tensor]:
        parameters = dict(self.transformer.named_parameters())
        on_processor = all(value.device.type == "cpu" for value in parameters.values())
        if not (on_processor and computes_bf16()):
            return {}
        return {name: value.detach().bfloat16() for name, value in parameters.items()}

    def read(self, x: torch.Tensor, at: torch.Tensor | None = None, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Return float[n, 1, width], what the layers make of the token at int64[n] in each row of x float[n, t, width].

        Without `at`, of all tokens: float[n, t, width]. The last layer is computed for the tokens that are read only.
        The mask float[t, t] is added to the attention's logits.
        """
        if not self._weights:
            return self._run(x, at, mask)
        half = None if mask is None else mask.bfloat16()
        read: torch.Tensor = call_with(self.transformer, self._weights, self._run, x.bfloat16(), at, half)
        return read.to(x.dtype)

    def _run(self, x: torch.Tensor, at: torch.Tensor | None, mask: torch.Tensor | None) -> torch.Tensor:
        *early, last = self.transformer.resblocks
        for block in early:
            x = _layer(block, x, x, mask)
        if at is None:
            return _layer(last, x, x, mask)
        rows = torch.arange(len(x), device=x.device)
        return _layer(last, x[rows, at][:, None], x, None if mask is None else mask[at][:, None, None])


def computes_bf16() -> bool:
    """Return whether the processor multiplies bfloat16 by itself; where torch cannot tell, it is taken to not do so."""
    known: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get("avx512_bf16") or known.get("amx_bf16"))


def _layer(block: Any, x: torch.Tensor, among: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Return what a residual attention block makes of tokens x among all tokens, which may be x itself."""
    x = x + block.ls_1(_attended(block.attn, block.ln_1(x), block.ln_1(among), mask))
    moved: torch.Tensor = x + block.ls_2(block.mlp(block.ln_2(x)))
    return moved


def _attended(
    attention: nn.MultiheadAttention, x: torch.Tensor, among: torch.Tensor, mask: torch.Tensor | None
) -> torch.Tensor:
    """Return float[n, q, width]: tokens x float[n, q, width] attending to float[n, t, width].

    Its matrices get contiguous rows, which nn.MultiheadAttention, transposing first, does not give them.
    """
    width, bias = attention.embed_dim, attention.in_proj_bias
    own, others = attention.in_proj_weight.split((width, 2 * width))
    own_bias, other_bias = (None, None) if bias is None else bias.split((width, 2 * width))
    q = functional.linear(x, own, own_bias)
    k, v = functional.linear(among, others, other_bias).chunk(2, dim=-1)
    split = [part.unflatten(-1, (attention.num_heads, -1)).transpose(1, 2) for part in (q, k, v)]
    mixed = functional.scaled_dot_product_attention(split[0], split[1], split[2], attn_mask=mask)
    out: torch.Tensor = attention.out_proj(mixed.transpose(1, 2).flatten(2))
    return out
