"""CLIP through open_clip: its picture tower and its text tower, each an encoder of one family."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.convert import convert_state_dict
from open_clip.model import CLIP, CustomTextCLIP, convert_to_custom_text_state_dict
from PIL import Image
from torch import nn

from embedkit.encoders import fetch
from embedkit.encoders.options import EncoderOptions
from embedkit.encoders.pictures import Framing, UInt8
from embedkit.encoders.runtime import Normaliser, Runtime
from embedkit.encoders.tokens import TextPreparer, Tokens, preparer_for
from embedkit.encoders.towers import text_forward
from embedkit.encoders.weights import State, Unfilled, load_strictly, read_state, sha256_of
from embedkit.errors import EmbedkitError, Misuse, WeightsMissing
from embedkit.types import Encoder, EncoderSpec, Float32, Modality

_PICTURES_AT_ONCE = 32
_TEXTS_AT_ONCE = 32


class ClipImage:
    """The picture tower: pictures in, unit vectors out."""

    def __init__(self, spec: EncoderSpec, visual: nn.Module, framing: Framing, runtime: Runtime) -> None:
        self.spec = spec
        self.preparer = framing
        self.runtime = runtime
        self.visual = runtime.place(visual)
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
                outputs.append(_only_pooled(self.visual(self.normalise(pixels))))
        return self.runtime.vectors(outputs, self.spec.dim)

    def encode(self, batch: Sequence[bytes | Image.Image]) -> Float32:
        """Return float32[n, dim], unit L2."""
        return self.embed([self.prepare(one) for one in batch])


class ClipText:
    """The text tower: strings in, unit vectors out."""

    def __init__(self, spec: EncoderSpec, model: nn.Module, preparer: TextPreparer, runtime: Runtime) -> None:
        self.spec = spec
        self.preparer = preparer
        self.runtime = runtime
        self.model = runtime.place(model)
        self.forward = text_forward(self.model, preparer.context_length)

    def prepare(self, one: str) -> Tokens:
        """Return int64[length], length <= the context's: the text's tokens, from start to end."""
        return self.preparer(one)

    def embed(self, prepared: Sequence[Tokens]) -> Float32:
        """Return float32[n, dim], unit L2, in the order given; computed by rising length, so little is padding."""
        order = sorted(range(len(prepared)), key=lambda row: len(prepared[row]))
        outputs = []
        with torch.inference_mode(), self.runtime.arithmetic():
            for start in range(0, len(order), _TEXTS_AT_ONCE):
                rows = [prepared[row] for row in order[start : start + _TEXTS_AT_ONCE]]
                tokens = np.full((len(rows), max(map(len, rows))), self.preparer.pad, dtype=np.int64)
                for row, text in zip(tokens, rows, strict=True):
                    row[: len(text)] = text
                outputs.append(_only_pooled(self.forward(self.runtime.tensor(tokens))))
        sorted_vectors = self.runtime.vectors(outputs, self.spec.dim)
        vectors = np.empty_like(sorted_vectors)
        vectors[order] = sorted_vectors
        return vectors

    def encode(self, batch: Sequence[str]) -> Float32:
        """Return float32[n, dim], unit L2."""
        return self.embed([self.prepare(one) for one in batch])

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return int64[n]: each text's tokens before any cut, its start and end included."""
        return self.preparer.count(texts)


def load(name: str, modality: Modality, options: EncoderOptions) -> Encoder:
    """Return the encoder "clip-tiny" or "open_clip/MODEL/TAG", its weights verified."""
    runtime, variant = Runtime.choose(options), options.variant_for(modality)
    config, preprocess, path = _resolve(name, modality, options)
    try:
        with Unfilled():
            model = build_clip(config)
        preparer = preparer_for(config["text_cfg"], name, variant) if modality == "text" else None
    except OSError as error:  # towers of the transformers library take configuration and vocabulary from its hub
        raise WeightsMissing(
            f"{name} needs files of {config['text_cfg'].get('hf_model_name') or 'its tokenizer'} that are not here",
            f"fetch them once with a network, or use the bundled {fetch.BUNDLED[modality]}",
        ) from error
    load_strictly(model, read_state(path), path, lambda state: _adapted(state, model))
    sha256 = sha256_of(path)
    family = f"{name}@{sha256[:8]}"
    if preparer is not None:
        model.visual = None
        shape = {"context_length": preparer.context_length, "tokenizer": preparer.name}
        spec = EncoderSpec(name, "text", int(config["embed_dim"]), sha256, shape, family, variant, options.precision)
        return ClipText(spec, model, preparer, runtime)
    framing = _framing(config, preprocess, variant)
    shape = json.loads(json.dumps(asdict(framing)))
    spec = EncoderSpec(name, "image", int(config["embed_dim"]), sha256, shape, family, variant, options.precision)
    return ClipImage(spec, model.visual, framing, runtime)


def build_clip(config: dict[str, Any]) -> Any:
    """Return open_clip's own model for a `model_cfg`, randomly initialised, the global generator untouched."""
    config = json.loads(json.dumps(config))
    custom = config.pop("custom_text", False) or "hf_model_name" in config["text_cfg"]
    if "multimodal_cfg" in config:
        raise Misuse("CoCa models are not supported", "choose a CLIP model: embedkit models")
    # Weights follow from one file, or not at all: no tower may bring its own.
    for part, flag in (("vision_cfg", "timm_model_pretrained"), ("text_cfg", "hf_model_pretrained")):
        if flag.replace("_pretrained", "_name") in config[part]:
            config[part][flag] = False
    with torch.random.fork_rng(devices=[]):
        return (CustomTextCLIP if custom else CLIP)(**config).eval()


def bundled_config(name: str = "clip-tiny") -> dict[str, Any]:
    """Return the bundled model's {"model_cfg": …, "preprocess_cfg": …}, in open_clip's own form."""
    config: dict[str, Any] = json.loads(fetch.bundled_file(name, "json").read_text(encoding="utf-8"))
    return config


def _resolve(name: str, modality: Modality, options: EncoderOptions) -> tuple[dict[str, Any], dict[str, Any], Path]:
    """Return the model's architecture, its preprocessing and its weights' file."""
    if not name.startswith("open_clip/"):
        whole = bundled_config(name)
        return whole["model_cfg"], whole["preprocess_cfg"], options.weights or fetch.bundled_file(name, "safetensors")
    _, model, tag = (*name.split("/"), "")[:3]
    config = open_clip.get_model_config(model)
    if config is None:
        raise EmbedkitError(f"open_clip has no model {model!r}", "embedkit models lists names to choose from")
    known = open_clip.get_pretrained_cfg(model, tag)
    if not known and (tag or options.weights is None):
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(model)) or "none; give --weights FILE"
        raise EmbedkitError(f"open_clip/{model} has no pretrained tag {tag!r}", f"its tags: {tags}")
    if known:
        # What the weights were trained with decides: open_clip only warns when a model's name says otherwise.
        config["quick_gelu"] = bool(known.get("quick_gelu", False))
    path = options.weights or _pretrained_file(name, model, tag, modality, dict(known))
    return config, dict(known), path


def _pretrained_file(name: str, model: str, tag: str, modality: Modality, known: dict[str, Any]) -> Path:
    from huggingface_hub import constants, try_to_load_from_cache

    cached = None
    repository, _, file = known.get("hf_hub", "").rpartition("/")
    if repository:
        wanted = file or "open_clip_pytorch_model.bin"
        safe = wanted.rsplit(".", 1)[0] + ".safetensors" if file else "open_clip_model.safetensors"
        found = (try_to_load_from_cache(repository, each) for each in (safe, wanted))
        cached = next((Path(path) for path in found if isinstance(path, str)), None)
    elif known.get("url"):
        here = Path.home() / ".cache" / "clip" / Path(known["url"]).name
        cached = here if here.is_file() else None
    return fetch.cached_or_fetched(
        name,
        modality,
        cached,
        constants.ENDPOINT if repository else known.get("url", ""),
        lambda: open_clip.download_pretrained(known),
        f'python -c "import open_clip as o; print(o.download_pretrained(o.get_pretrained_cfg({model!r}, {tag!r})))"',
    )


def _adapted(state: State, model: Any) -> State:
    """Return the state under the model's own names, as open_clip's loader does, but without filling any gap."""
    state = convert_state_dict(model, state)
    if "positional_embedding" in state and not hasattr(model, "positional_embedding"):
        state = convert_to_custom_text_state_dict(state)
    for name in ("logit_scale", "logit_bias"):  # a scalar in some files, one number in a row in others
        mine = getattr(model, name, None)
        if name in state and mine is not None and state[name].numel() == 1:
            state[name] = state[name].reshape(mine.shape)
    state.pop("text.transformer.embeddings.position_ids", None)  # transformers stored it before version 4.31
    for name in ("input_resolution", "context_length", "vocab_size"):
        state.pop(name, None)
    return state


def _framing(config: dict[str, Any], preprocess: dict[str, Any], variant: str) -> Framing:
    size = config["vision_cfg"].get("image_size") or preprocess.get("size") or 224
    if not isinstance(size, int):
        if len(set(size)) != 1:
            raise Misuse(f"pictures of {size[0]} x {size[1]} are not supported, only squares")
        size = size[0]
    return Framing(
        variant=variant,
        size=int(size),
        mean=tuple(preprocess.get("mean") or open_clip.OPENAI_DATASET_MEAN),
        std=tuple(preprocess.get("std") or open_clip.OPENAI_DATASET_STD),
        resize_mode=preprocess.get("resize_mode") or "shortest",
        interpolation=preprocess.get("interpolation") or "bicubic",
    )


def _only_pooled(output: Any) -> torch.Tensor:
    """Return float[n, dim] from a tower, some of which give the tokens as well."""
    pooled: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return pooled
