"""Names of encoders, as users type them: who loads each, and which are here. Imports no model library."""

from __future__ import annotations

import difflib
import os
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from embedkit.encoders.options import EncoderOptions, ModelCard
from embedkit.errors import EmbedkitError, WeightsMissing
from embedkit.types import Encoder, Modality

GROUP = "embedkit.encoders"
# Ours take the road of a stranger's: an entry point, found by the first part of the encoder's name, whose object
# is `load(name, modality, options) -> Encoder`.
_OURS = {
    "clip-tiny": "embedkit.encoders.clip:load",
    "open_clip": "embedkit.encoders.clip:load",
    "densenet-tiny": "embedkit.encoders.densenet:load",
    "torchvision": "embedkit.encoders.densenet:load",
}
_BOTH: tuple[Modality, ...] = ("image", "text")
_HUB, _TORCH = "https://huggingface.co/", "https://download.pytorch.org/models/"
# The models of the study and their neighbours; open_clip/MODEL/TAG takes all of open_clip's others too.
_KNOWN = (
    ModelCard("clip-tiny", "CLIP", _BOTH, 160, True, 0, "clip-tiny.safetensors"),
    ModelCard("densenet-tiny", "DenseNet", ("image",), 268, True, 0, "densenet-tiny.safetensors"),
    ModelCard(
        "open_clip/ViT-B-32/openai", "CLIP", _BOTH, 512, False, 605_143_316, "timm/vit_base_patch32_clip_224.openai"
    ),
    ModelCard(
        "open_clip/ViT-B-32/laion2b_s34b_b79k",
        "CLIP",
        _BOTH,
        512,
        False,
        605_143_316,
        "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
    ),
    ModelCard(
        "open_clip/ViT-B-16/openai", "CLIP", _BOTH, 512, False, 598_516_884, "timm/vit_base_patch16_clip_224.openai"
    ),
    ModelCard(
        "open_clip/ViT-L-14/openai", "CLIP", _BOTH, 768, False, 1_710_517_724, "timm/vit_large_patch14_clip_224.openai"
    ),
    ModelCard(
        "torchvision/densenet121/IMAGENET1K_V1",
        "DenseNet",
        ("image",),
        1024,
        False,
        32_342_954,
        "densenet121-a639ec97.pth",
    ),
    ModelCard(
        "torchvision/densenet169/IMAGENET1K_V1",
        "DenseNet",
        ("image",),
        1664,
        False,
        57_365_526,
        "densenet169-b2777c0a.pth",
    ),
    ModelCard(
        "torchvision/densenet201/IMAGENET1K_V1",
        "DenseNet",
        ("image",),
        1920,
        False,
        81_131_730,
        "densenet201-c1103571.pth",
    ),
    ModelCard(
        "torchvision/densenet161/IMAGENET1K_V1",
        "DenseNet",
        ("image",),
        2208,
        False,
        115_730_790,
        "densenet161-8d451a50.pth",
    ),
)


def load_encoder(name: str, modality: Modality, options: EncoderOptions | None = None) -> Encoder:
    """Return the encoder of that name, its weights verified; never a part of one."""
    loaders = _loaders()
    point = loaders.get(name.split("/")[0])
    if point is None or (name in {"open_clip", "torchvision"}):
        names = [card.name for card in _KNOWN] + sorted(loaders.keys() - _OURS.keys())
        short = {each.rsplit("/", 1)[0].rsplit("/", 1)[-1].lower(): each for each in names}
        close = difflib.get_close_matches(name, names, cutoff=0.4)
        close += [short[each] for each in difflib.get_close_matches(name.lower(), short) if short[each] not in close]
        raise EmbedkitError(f"no encoder is called {name!r}", f"did you mean {' or '.join(close[:3] or names[:3])}?")
    chosen = options or EncoderOptions()
    if chosen.weights is not None and not Path(chosen.weights).is_file():
        raise WeightsMissing(f"no weights file {chosen.weights}", "give --weights a safetensors file or a state dict")
    encoder: Encoder = point.load()(name, modality, chosen)
    return encoder


def list_models() -> list[ModelCard]:
    """Return a card for each known model, the bundled first, then strangers' encoders; looks at files only."""
    cards = [_looked_up(card) for card in _KNOWN]
    strangers = sorted(_loaders().keys() - _OURS.keys())
    return cards + [ModelCard(name, "entry point", (), 0, True, 0, _loaders()[name].value) for name in strangers]


def _loaders() -> dict[str, EntryPoint]:
    """Return the entry points by name; a stranger's may not take one of our names."""
    ours = {name: EntryPoint(name, target, GROUP) for name, target in _OURS.items()}
    return {point.name: point for point in entry_points(group=GROUP)} | ours


def _looked_up(card: ModelCard) -> ModelCard:
    """Return the card with the weights' file and size if they are on this machine."""
    file, home = _place(card)
    if file is not None and file.is_file():
        return replace(card, present=True, size_bytes=file.stat().st_size, where=str(file))
    return replace(card, present=False, where=home)


def _place(card: ModelCard) -> tuple[Path | None, str]:
    """Return where the weights would lie, and where they come from."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if card.name.startswith("open_clip/"):
        hub = Path(os.environ.get("HF_HOME") or cache / "huggingface") / "hub"
        repository = Path(os.environ.get("HF_HUB_CACHE") or hub) / f"models--{card.where.replace('/', '--')}"
        files = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
        found = (path for file in files for path in sorted(repository.glob(f"snapshots/*/{file}")))
        return next(found, None), _HUB + card.where
    if card.name.startswith("torchvision/"):
        hub = Path(os.environ.get("TORCH_HOME") or cache / "torch") / "hub"
        return hub / "checkpoints" / card.where, _TORCH + card.where
    return Path(__file__).resolve().parent.parent / "models" / card.where, f"bundled as {card.where}"
