"""The text tower of an open_clip model, computed only as far as its texts reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from open_clip.transformer import text_global_pool
from torch import nn
from torch.nn import functional

Forward = Callable[[torch.Tensor], torch.Tensor]


def text_forward(model: Any, context_length: int) -> Forward:
    """Return tokens int64[n, length] -> float[n, dim], not normalised; length may be less than the context's.

    A causal tower whose vector is read at the end-of-text token cannot see what follows it, so what follows is
    not computed. Any other tower gets its tokens padded to the full context.
    """
    tower = getattr(model, "text", model)
    if reads_only_backwards(tower):
        return lambda tokens: _cut_forward(tower, tokens)
    pad = int(getattr(tower, "pad_id", 0) or 0)
    if hasattr(tower, "config"):
        pad = int(getattr(tower.config, "pad_token_id", 0) or 0)
    return lambda tokens: model.encode_text(
        functional.pad(tokens, (0, context_length - tokens.shape[1]), value=pad), normalize=False
    )


def reads_only_backwards(tower: Any) -> bool:
    """Return whether nothing after the end-of-text token can reach the vector."""
    return (
        hasattr(tower, "transformer")
        and getattr(tower, "token_embedding", None) is not None
        and getattr(tower, "attn_mask", None) is not None
        and getattr(tower, "cls_emb", None) is None
        and not getattr(tower, "use_pad_mask", False)
        and _pooling(tower) in ("argmax", "eos")
    )


def _pooling(tower: Any) -> str | None:
    return getattr(tower, "pool_type", None) or getattr(tower, "text_pool_type", None)


def _cut_forward(tower: Any, tokens: torch.Tensor) -> torch.Tensor:
    """Return what open_clip's CLIP.encode_text and TextTransformer.forward return, for the first columns only."""
    length = tokens.shape[1]
    x = tower.transformer(embedded_tokens(tower, tokens), attn_mask=tower.attn_mask[:length, :length])
    end = getattr(tower, "text_eos_id", None) if hasattr(tower, "text_eos_id") else getattr(tower, "eos_id", None)
    return projected_text(tower, text_global_pool(x, tokens, _pooling(tower), eos_token_id=end))


def embedded_tokens(tower: Any, tokens: torch.Tensor) -> torch.Tensor:
    """Return float[n, length, width], what the first layer of a text tower gets for tokens int64[n, length]."""
    x: torch.Tensor = tower.token_embedding(tokens) + tower.positional_embedding[: tokens.shape[1]]
    return x


def projected_text(tower: Any, pooled: torch.Tensor) -> torch.Tensor:
    """Return float[n, dim], not normalised, of what the last layer made of the end of each text float[n, width]."""
    pooled = tower.ln_final(pooled)
    if isinstance(tower.text_projection, nn.Linear):
        return tower.text_projection(pooled)
    return pooled if tower.text_projection is None else pooled @ tower.text_projection
