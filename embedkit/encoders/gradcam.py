"""Where a convolutional tower finds what it scores a picture by: Grad-CAM for DenseNet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import nn

from embedkit.encoders.densenet import DenseNetImage
from embedkit.encoders.pictures import UInt8
from embedkit.encoders.relevance import SCRAMBLE_SEED, Relevance, aimed, as_floats, as_tensors
from embedkit.encoders.stand_ins import call_with, scrambled_weights
from embedkit.types import Float32

FEWEST_A_SIDE = 4
"""Of the layers that could be shown, the last one with at least so many cells a side: 2 x 2 would show nothing."""
BLUR = 16


class GradCam:
    """The relevance of a picture's cells in torchvision's DenseNet."""

    def __init__(self, encoder: DenseNetImage) -> None:
        self.encoder = encoder
        self.features: Any = encoder.features
        size = encoder.preparer.size
        self.layer, self.grid = _layer(self.features, size)
        self.cells = self.grid[0] * self.grid[1]

    @cached_property
    def _scrambled(self) -> dict[str, torch.Tensor]:
        return scrambled_weights(self.features, SCRAMBLE_SEED)

    def relevance(
        self, picture: UInt8, coefs: Float32, centre: Float32 | None = None, scrambled: bool = False
    ) -> Relevance:
        """Return the relevance of each cell for each score, row by row of the grid.

        Selvaraju et al. 2017, "Grad-CAM" (ICCV), section 3: the activations of a layer, each channel weighted by the
        mean of the score's gradient over the cells (equation 1), summed, the positive part (equation 2). Against: the
        same of the negated score, their counterfactual explanation.
        """
        with torch.enable_grad(), self._leaf() as kept:
            pixels = self.encoder.normalise(self.encoder.runtime.tensor(picture[None]))
            pixels = pixels.contiguous(memory_format=torch.channels_last)
            maps = self._features(pixels, scrambled).relu()
            if self.layer is None:
                maps = maps.detach().requires_grad_()
                kept.append(maps)
            z = maps.mean(dim=(2, 3))
            scores = aimed(z, *as_tensors(coefs, centre, z.device))
            slopes = [torch.autograd.grad(score, kept, retain_graph=True)[0] for score in scores]
        weights = [slope.mean(dim=(2, 3), keepdim=True) for slope in slopes]
        cams = torch.cat([(weight * kept[0].detach()).sum(dim=1).flatten(1) for weight in weights])
        return Relevance(as_floats(cams.clamp(min=0)), as_floats((-cams).clamp(min=0)), as_floats(scores))

    def _features(self, pixels: torch.Tensor, scrambled: bool) -> torch.Tensor:
        if not scrambled:
            return cast(torch.Tensor, self.features(pixels))
        return cast(torch.Tensor, call_with(self.features, self._scrambled, self.features, pixels))

    @contextmanager
    def _leaf(self) -> Iterator[list[torch.Tensor]]:
        """Yield a list that takes the layer's activations, where the gradient graph then begins."""
        kept: list[torch.Tensor] = []

        def leaf(module: nn.Module, args: Any, output: torch.Tensor) -> torch.Tensor:
            kept.append(output.detach().clone().requires_grad_())
            return kept[0]

        hook = None if self.layer is None else self.layer.register_forward_hook(leaf)
        try:
            yield kept
        finally:
            if hook is not None:
                hook.remove()

    def seen(self, picture: UInt8, kept: NDArray[np.bool_]) -> Float32:
        """Return float32[n, dim], unit L2: the picture's vector when only the cells of kept bool[n, cells] are there.

        The others are blurred, by a sixteenth of the picture's side: their details go and their colours stay, as where
        RISE starts its insertion (Petsiuk et al. 2018, section 4.1), for one colour would draw edges of its own.
        """
        size = picture.shape[1]
        rows = (np.arange(size) * self.grid[0]) // size
        columns = (np.arange(size) * self.grid[1]) // size
        there = kept.reshape(-1, 1, *self.grid)[:, :, rows][:, :, :, columns]
        image = Image.fromarray(np.ascontiguousarray(picture.transpose(1, 2, 0)))
        blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(size / BLUR))).transpose(2, 0, 1)
        return self.encoder.embed(list(np.where(there, picture, blurred)))


def _layer(features: Any, size: int) -> tuple[nn.Module | None, tuple[int, int]]:
    """Return the layer that is shown and its grid: the end of a dense block, which a transition then halves.

    None stands for the end of the last, whose mean over the cells is the picture's vector.
    """
    side = size // 4
    stages: list[tuple[nn.Module | None, int]] = []
    for name, module in features.named_children():
        if name.startswith("transition"):
            stages.append((module.relu, side))
            side //= 2
    stages.append((None, side))
    layer, side = next((stage for stage in reversed(stages) if stage[1] >= FEWEST_A_SIDE), stages[0])
    return layer, (side, side)
