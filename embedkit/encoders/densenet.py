"""DenseNet through torchvision: the features that its classifier would see, as an encoder."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision
from PIL import Image
from torch.nn import functional

from embedkit.encoders import fetch
from embedkit.encoders.options import EncoderOptions
from embedkit.encoders.pictures import Framing, UInt8
from embedkit.encoders.runtime import Normaliser, Runtime
from embedkit.encoders.weights import State, load_strictly, read_state, sha256_of
from embedkit.errors import EmbedkitError, Misuse
from embedkit.types import Encoder, EncoderSpec, Float32, Modality

_PICTURES_AT_ONCE = 16
# torchvision's own checkpoints still carry names from before dots were forbidden in module names.
_LEGACY = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\.(?:weight|bias|running_mean|running_var))$")
_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class DenseNetImage:
    """Pooled DenseNet features: global average after the last ReLU, unit L2."""

    def __init__(
        self, spec: EncoderSpec, model: torchvision.models.DenseNet, framing: Framing, runtime: Runtime
    ) -> None:
        self.spec = spec
        self.preparer = framing
        self.runtime = runtime
        # Batch norm in training mode would make a vector depend on its batch: `place` sets eval mode and checks.
        self.features = runtime.place(model.features).to(memory_format=torch.channels_last)
        self.normalise = Normaliser(framing.mean, framing.std).to(runtime.device)

    def prepare(self, one: bytes | Image.Image) -> UInt8:
        """Return uint8[3, size, size] from a picture, or from a file's bytes; raises PictureError."""
        return self.preparer(one)

    def embed(self, prepared: Sequence[UInt8]) -> Float32:
        """Return float32[n, dim], unit L2, in the order given."""
        outputs = []
        with torch.inference_mode(), self.runtime.arithmetic():
            for start in range(0, len(prepared), _PICTURES_AT_ONCE):
                pixels = self.runtime.tensor(np.stack(prepared[start : start + _PICTURES_AT_ONCE]))
                pixels = self.normalise(pixels.contiguous(memory_format=torch.channels_last))
                maps = functional.relu(self.features(pixels), inplace=True)
                outputs.append(maps.mean(dim=(2, 3)))
        return self.runtime.vectors(outputs, self.spec.dim)

    def encode(self, batch: Sequence[bytes | Image.Image]) -> Float32:
        """Return float32[n, dim], unit L2."""
        return self.embed([self.prepare(one) for one in batch])


def load(name: str, modality: Modality, options: EncoderOptions) -> Encoder:
    """Return the encoder "densenet-tiny" or "torchvision/densenet121/IMAGENET1K_V1", its weights verified."""
    if modality != "image":
        raise Misuse(f"{name} encodes pictures only", "for texts: clip-tiny, or an open_clip model")
    if options.precision == "int8":
        raise Misuse(f"int8 quantises linear layers, and {name} has none", "use --precision fp32")
    runtime, variant = Runtime.choose(options), options.variant_for(modality)
    if name.startswith("torchvision/"):
        model, path = _torchvision(name, options)
        preprocess: dict[str, Any] = {"size": 224, "resize": 256}
    else:
        config = json.loads(fetch.bundled_file(name, "json").read_text(encoding="utf-8"))
        model, preprocess = build_densenet(config["model_cfg"]), config["preprocess_cfg"]
        path = options.weights or fetch.bundled_file(name, "safetensors")
    load_strictly(model, read_state(path), path, _renamed)
    framing = Framing(
        variant=variant,
        size=preprocess["size"],
        resize=preprocess["resize"],
        mean=tuple(preprocess.get("mean", _IMAGENET_MEAN)),
        std=tuple(preprocess.get("std", _IMAGENET_STD)),
        interpolation="bilinear",
    )
    sha256 = sha256_of(path)
    shape = json.loads(json.dumps(asdict(framing)))
    family = f"{name}@{sha256[:8]}"
    dim = int(model.classifier.in_features)
    spec = EncoderSpec(name, "image", dim, sha256, shape, family, variant, options.precision)
    return DenseNetImage(spec, model, framing, runtime)


def build_densenet(config: dict[str, Any]) -> torchvision.models.DenseNet:
    """Return torchvision's own model of these numbers, randomly initialised, the global generator untouched."""
    with torch.random.fork_rng(devices=[]):
        return torchvision.models.DenseNet(**config).eval()


def _torchvision(name: str, options: EncoderOptions) -> tuple[torchvision.models.DenseNet, Path]:
    """Return the model, still random, and its weights' file."""
    _, architecture, tag = (*name.split("/"), "")[:3]
    family = [each for each in torchvision.models.list_models() if re.fullmatch(r"densenet\d+", each)]
    if architecture not in family:
        raise EmbedkitError(f"no DenseNet {architecture!r} in torchvision", f"one of: {', '.join(family)}")
    known = torchvision.models.get_model_weights(architecture)
    if tag and tag not in known.__members__:
        raise EmbedkitError(f"{architecture} has no weights {tag!r}", f"one of: {', '.join(known.__members__)}")
    with torch.random.fork_rng(devices=[]):
        model = torchvision.models.get_model(architecture, weights=None)
    if options.weights is not None:
        return model, options.weights
    url = known[tag or "IMAGENET1K_V1"].url
    kept = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]

    def fetched() -> Path:
        kept.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(kept), hash_prefix=kept.stem.rsplit("-", 1)[1], progress=False)
        return kept

    path = fetch.cached_or_fetched(name, "image", kept if kept.is_file() else None, url, fetched, f"curl -LO {url}")
    return model, path


def _renamed(state: State) -> State:
    """Return the state under today's names, as torchvision does for its own files."""
    state = {_LEGACY.sub(r"\1\2", name): value for name, value in state.items()}
    for name in [name for name in state if name.endswith("running_var")]:
        # Files from before 2018 lack the counters, which only training reads.
        state.setdefault(name.replace("running_var", "num_batches_tracked"), torch.tensor(0, dtype=torch.long))
    return state
