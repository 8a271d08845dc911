"""Encoders whose weights are random but whose architectures and files are real; each is written once."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
import torchvision
from PIL import Image
from safetensors.torch import save_file

from embedkit.encoders.clip import build_clip, bundled_config
from embedkit.encoders.densenet import build_densenet
from embedkit.encoders.weights import save_bundled


@pytest.fixture(scope="session", autouse=True)
def few_threads() -> None:
    torch.set_num_threads(2)


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "clip-tiny.safetensors"
    torch.manual_seed(0)
    save_bundled(_seeded(build_clip(bundled_config()["model_cfg"])), path, tokens=range(40_000))
    return path


@pytest.fixture(scope="session")
def tiny_densenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "densenet-tiny.safetensors"
    save_bundled(_seeded(build_densenet(bundled_config("densenet-tiny")["model_cfg"])), path)
    return path


@pytest.fixture(scope="session")
def full_clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, torch.nn.Module]:
    """Return ViT-B-32's weights on disk and the model they came from, as open_clip makes it for OpenAI's weights."""
    path = tmp_path_factory.mktemp("weights") / "vit-b-32.safetensors"
    model = open_clip.create_model("ViT-B-32", force_quick_gelu=True).eval()
    save_file(model.state_dict(), path)
    return path, model


@pytest.fixture(scope="session")
def full_densenet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, torch.nn.Module]:
    """Return densenet121's weights as a state dict on disk, under the names of 2017, and the model."""
    path = tmp_path_factory.mktemp("weights") / "densenet121.pth"
    model = _seeded(torchvision.models.densenet121(weights=None)).eval()
    old = {name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): v for name, v in model.state_dict().items()}
    torch.save({name: value for name, value in old.items() if "num_batches_tracked" not in name}, path)
    return path, model


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Return a maker of picture files: smooth colours with a bright corner, so that turns and crops show."""

    def make(width: int = 90, height: int = 60, kind: str = "PNG", seed: int = 0, mode: str = "RGB", **save) -> bytes:
        coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).convert(mode)
        file = io.BytesIO()
        image.save(file, kind, **save)
        return file.getvalue()

    return make


def _seeded(model: torch.nn.Module) -> torch.nn.Module:
    """Return the model with batch norm statistics that matter."""
    generator = torch.Generator().manual_seed(0)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1, generator=generator)
            part.running_var.uniform_(0.5, 1.5, generator=generator)
    return model
