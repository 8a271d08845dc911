"""Other weights in place of a model's own, for the length of one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.func import functional_call


class _Call(nn.Module):
    """A module, and a call that goes through it."""

    def __init__(self, inner: nn.Module, call: Callable[..., Any]) -> None:
        super().__init__()
        self.inner = inner
        # Within a tuple: a call that is itself the module would be a second child, and its weights not put back.
        self.call = (call,)

    def forward(self, *args: Any) -> Any:
        return self.call[0](*args)


def scrambled_weights(module: nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """Return for each parameter random numbers of its own mean and spread, by name: what was learnt is gone.

    Adebayo et al. 2018, "Sanity Checks for Saliency Maps" (NeurIPS), section 3: all layers at once.
    """
    generator = torch.Generator().manual_seed(seed)
    return {name: _noise(value.detach(), generator) for name, value in module.named_parameters()}


def _noise(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    noise = torch.empty(like.shape).normal_(generator=generator).to(like.device, like.dtype)
    if like.numel() < 2:
        return noise.add_(like)
    return noise.mul_(like.std()).add_(like.mean())


def call_with(module: nn.Module, weights: dict[str, torch.Tensor], call: Callable[..., Any], *args: Any) -> Any:
    """Return `call(*args)` computed with these weights in the module; its own are back afterwards, also on error."""
    return functional_call(_Call(module, call), {f"inner.{name}": value for name, value in weights.items()}, args)
