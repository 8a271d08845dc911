"""Attention and its gradient, taken from a running transformer by hooks that leave nothing behind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class Heed:
    """One self-attention as it ran on a single input: input float[1, t, width], output float[1, t, width], weights.

    The weights are those that ran, also where others stood in for the module's own.
    """

    x: torch.Tensor
    mask: torch.Tensor | None
    output: torch.Tensor
    heads: int
    in_weight: torch.Tensor
    in_bias: torch.Tensor | None
    out_weight: torch.Tensor

    def attention(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the attention float[heads, t, t], rows summing to 1, and the values float[heads, t, width / heads]."""
        q, k, v = (self._split(part) for part in functional.linear(self.x, self.in_weight, self.in_bias).chunk(3, -1))
        logits = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        return (logits if self.mask is None else logits + self.mask).softmax(dim=-1), v

    def gradient(self, of_output: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Return d score / d attention, float[k, heads, t, t], given d score / d output float[k, 1, t, width].

        output = concat_h(attention_h @ values_h) @ out_weight.T, so the chain rule leads back in two products.
        """
        mixed = (of_output[:, 0] @ self.out_weight).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        return mixed @ values.transpose(-1, -2)

    def _split(self, x: torch.Tensor) -> torch.Tensor:
        return x[0].view(x.shape[1], self.heads, -1).transpose(0, 1)


@contextmanager
def heeding(attentions: Sequence[nn.MultiheadAttention]) -> Iterator[list[Heed]]:
    """Yield a list that fills with what each attention does, in order; the hooks go when the block ends, however.

    The first output becomes the leaf of the gradient graph: nothing before it is differentiated.
    """
    heard: list[Heed] = []

    def hook(module: nn.MultiheadAttention, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        if not output[0].requires_grad:
            output[0].requires_grad_()
        heard.append(
            Heed(
                args[0].detach(),
                kwargs.get("attn_mask"),
                output[0],
                module.num_heads,
                module.in_proj_weight.detach(),
                None if module.in_proj_bias is None else module.in_proj_bias.detach(),
                module.out_proj.weight.detach(),
            )
        )

    handles = [one.register_forward_hook(hook, with_kwargs=True) for one in attentions]
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()


def plain_attentions(transformer: Any) -> list[nn.MultiheadAttention] | None:
    """Return the attentions of an open_clip transformer, first layer first; None where one of them is another kind."""
    found = [getattr(block, "attn", None) for block in getattr(transformer, "resblocks", ())]
    plain = [one for one in found if isinstance(one, nn.MultiheadAttention)]
    usable = all(one.batch_first and one.in_proj_weight is not None and one.bias_k is None for one in plain)
    return plain if found and len(plain) == len(found) and usable else None


def rolled(heard: Sequence[Heed], scores: torch.Tensor, start: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return relevance for and against each of the scores float[k], float[k, t]: of every token for the vector read.

    Chefer, Gur & Wolf 2021, "Generic Attention-model Explainability" (ICCV), equations 5 and 6: R starts as the
    identity, and each layer in turn makes it R + A R, where A is the mean over heads of the positive part of
    gradient x attention. `start` float[t] picks the row of R that is read (or a mean of rows), so that only a vector
    is carried, from the last layer to the first. Against: the same of the negated score, as in Mamooler's
    CLIP_Explainability.
    """
    each = torch.eye(len(scores), device=scores.device)
    slopes = torch.autograd.grad(scores, [heed.output for heed in heard], each, is_grads_batched=True)
    favour, against = start.repeat(len(scores), 1, 1), start.repeat(len(scores), 1, 1)
    with torch.no_grad():
        for heed, slope in zip(reversed(heard), reversed(slopes), strict=True):
            attention, values = heed.attention()
            weighted = heed.gradient(slope, values) * attention
            favour = favour + favour @ weighted.clamp(min=0).mean(dim=1)
            against = against + against @ (-weighted).clamp(min=0).mean(dim=1)
    return favour[:, 0], against[:, 0]
