"""What helps the picture tower of clip-tiny to learn from few pictures: densenet-tiny's features, and plain labels.

A vision transformer needs many more pictures than a convolutional network to learn the same; so it is also asked for
what the trained network sees in the very picture (Touvron et al., Training data-efficient image transformers, 2021).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from bundled_data import Shelf
from bundled_inputs import Looks, Parts
from bundled_training import labels_of
from torch import nn
from torch.nn import functional
from torchvision.models import DenseNet


class Teacher(nn.Module):
    """Extra losses on the picture tower's vectors; its own layers are trained along, and thrown away after."""

    def __init__(self, network: DenseNet, looks: Looks, its_looks: Looks, shelves: Sequence[Shelf], dim: int) -> None:
        super().__init__()
        self.sets = [one for shelf in shelves for one in shelf.sets]
        self.labels = nn.ModuleList([nn.Linear(dim, len(one.classes)) for one in self.sets])
        width = network.classifier.in_features
        self.seen = nn.Sequential(nn.Linear(dim, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.spread = nn.BatchNorm1d(width, affine=False)
        self._network = [network.features.eval()]  # in a list, so that it is not among this module's parameters
        self._gain = looks.std / its_looks.std
        self._shift = (looks.mean - its_looks.mean) / its_looks.std

    def forward(self, vectors: torch.Tensor, images: torch.Tensor, parts: Parts) -> torch.Tensor:
        """Return the loss of float[n, dim] (not normalised), the vectors of these images."""
        with torch.no_grad():
            pixels = (images * self._gain + self._shift).contiguous(memory_format=torch.channels_last)
            maps = functional.relu(self._network[0](pixels)).float()
            target = self.spread(maps.mean(dim=(2, 3)))
        loss = functional.mse_loss(self.seen(vectors), target)
        for one, layer in zip(self.sets, self.labels, strict=True):
            labels = labels_of(one, parts).to(vectors.device)
            if bool((labels >= 0).any()):
                loss = loss + 0.3 * functional.cross_entropy(layer(vectors), labels, ignore_index=-1)
        return loss
