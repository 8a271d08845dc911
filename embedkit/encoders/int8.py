"""Linear layers in eight bits, their inputs quantised while they run."""

from __future__ import annotations

import warnings
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional


class _SplitAttention(nn.Module):
    """What nn.MultiheadAttention computes, its two matrices as nn.Linear so that they can be quantised."""

    def __init__(self, whole: nn.MultiheadAttention) -> None:
        super().__init__()
        self.heads = whole.num_heads
        self.in_proj = nn.Linear(whole.embed_dim, 3 * whole.embed_dim)
        self.in_proj.weight, self.in_proj.bias = whole.in_proj_weight, whole.in_proj_bias
        self.out_proj = nn.Linear(whole.embed_dim, whole.embed_dim)
        self.out_proj.weight, self.out_proj.bias = whole.out_proj.weight, whole.out_proj.bias

    def forward(
        self, query: torch.Tensor, key: Any, value: Any, need_weights: bool = False, attn_mask: Any = None
    ) -> tuple[torch.Tensor, None]:
        n, length, width = query.shape
        split = self.in_proj(query).view(n, length, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=attn_mask)
        return self.out_proj(mixed.transpose(1, 2).reshape(n, length, width)), None


def quantised(module: nn.Module) -> nn.Module:
    """Return the module with its linear layers in int8, self-attention's included; the module given is changed."""
    _split_attention(module)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # torch.ao's; torchao has no CPU kernels here
        warnings.filterwarnings("ignore", category=UserWarning, module="torch")
        module = torch.ao.quantization.quantize_dynamic(module, {nn.Linear}, dtype=torch.qint8)
    for part in module.modules():
        if hasattr(part, "c_fc"):
            # open_clip asks this layer for the dtype of activations
            cast(Any, part.c_fc).int8_original_dtype = torch.float32
    return module


def _split_attention(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.MultiheadAttention):
            plain = child.batch_first and child.in_proj_weight is not None and child.bias_k is None
            if plain and not child.add_zero_attn:
                setattr(module, name, _SplitAttention(child))
        else:
            _split_attention(child)
