"""Linear layers in eight bits: weights quantised once, a channel each; inputs while they run, a row each."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Int8Linear(nn.Module):
    """What nn.Linear computes, in integers.

    torch's dynamic kernel takes one range for its whole input, so that a vector would depend on its batch. Here each
    row is first divided by its own largest value, and one row more, of +1 and -1, fixes the range.
    """

    int8_original_dtype = torch.float32  # the name by which open_clip asks for the dtype of activations

    def __init__(self, whole: nn.Linear) -> None:
        super().__init__()
        weight = whole.weight.detach().float()
        scales = weight.abs().amax(dim=1).clamp_min(1e-12).double() / 127
        zeros = torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings():
            # torch retires its quantised dtypes; the packed weight below has no other maker yet.
            warnings.filterwarnings("ignore", message=".*quantize_per_channel", category=UserWarning)
            kept = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        self.packed = torch.ops.quantized.linear_prepack(kept, None)
        self.bias = torch.zeros(len(weight)) if whole.bias is None else whole.bias.detach().float()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.reshape(-1, x.shape[-1])
        peak = torch.linalg.vector_norm(rows, ord=float("inf"), dim=1, keepdim=True).clamp_min_(1e-12)
        scaled = rows.new_empty(len(rows) + 1, rows.shape[1])
        torch.div(rows, peak, out=scaled[:-1])
        scaled[-1, 0::2], scaled[-1, 1::2] = 1.0, -1.0
        # Seven bits (reduce_range) so that processors without VNNI do not overflow, and all give the same vectors.
        product = torch.ops.quantized.linear_dynamic(scaled, self.packed, True)[:-1]
        return torch.addcmul(self.bias, product, peak).view(*x.shape[:-1], -1)


class _SplitAttention(nn.Module):
    """What nn.MultiheadAttention computes, its two matrices as layers of their own so that they can be quantised."""

    def __init__(self, whole: nn.MultiheadAttention) -> None:
        super().__init__()
        self.heads = whole.num_heads
        stacked = nn.Linear(whole.embed_dim, 3 * whole.embed_dim)
        stacked.weight, stacked.bias = whole.in_proj_weight, whole.in_proj_bias
        self.in_proj, self.out_proj = Int8Linear(stacked), Int8Linear(whole.out_proj)

    def forward(
        self, query: torch.Tensor, key: Any, value: Any, need_weights: bool = False, attn_mask: Any = None
    ) -> tuple[torch.Tensor, None]:
        n, length, width = query.shape
        split = self.in_proj(query).view(n, length, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=attn_mask)
        return self.out_proj(mixed.transpose(1, 2).reshape(n, length, width)), None


def quantise(module: nn.Module) -> None:
    """Replace the module's linear layers by int8 ones, those of plain self-attention included."""
    for name, child in module.named_children():
        if isinstance(child, nn.MultiheadAttention):
            if child.batch_first and child.in_proj_weight is not None and child.bias_k is None:
                setattr(module, name, _SplitAttention(child))
        elif isinstance(child, nn.Linear):
            setattr(module, name, Int8Linear(child))
        else:
            quantise(child)
