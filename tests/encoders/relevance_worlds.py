"""Small towers with a planted cause: one patch of a picture, or one word of a text, decides the class."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import open_clip
import torch
from open_clip.tokenizer import SimpleTokenizer
from torch.nn import functional

from embedkit.encoders.clip import ClipImage, ClipText
from embedkit.encoders.pictures import Framing, UInt8
from embedkit.encoders.runtime import Runtime
from embedkit.encoders.tokens import TextPreparer
from embedkit.types import EncoderSpec, Float32, Modality

DIM, SIDE, PATCH, CONTEXT = 32, 32, 8, 16
CONFIG = {
    "embed_dim": DIM,
    "vision_cfg": {"image_size": SIDE, "patch_size": PATCH, "width": 64, "head_width": 32, "layers": 3},
    "text_cfg": {"context_length": CONTEXT, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 3},
}
CAUSE, CAUSE_CELL = "watch", 9
FILLERS = ["red", "blue", "steel", "cotton", "wool", "curtain", "mug", "laptop", "set", "pack", "with", "for", "large"]
RED, BLUE = np.array([250, 20, 20], dtype=np.uint8), np.array([20, 20, 250], dtype=np.uint8)


@cache
def words_only() -> Any:
    """Return a small CLIP that is there for its tokens."""
    return small_clip()


def small_clip(seed: int = 0, **vision: Any) -> Any:
    """Return a random open_clip CLIP of 4 x 4 patches, three layers a tower."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return open_clip.model.CLIP(**{**CONFIG, "vision_cfg": {**CONFIG["vision_cfg"], **vision}}).eval()


def picture_encoder(model: Any, precision: str = "fp32") -> ClipImage:
    """Return the encoder of a small CLIP's pictures."""
    framing = Framing("crop", SIDE, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    return ClipImage(_spec("image", precision), model.visual, framing, Runtime("cpu", precision))


def text_encoder(model: Any, context: int = CONTEXT) -> ClipText:
    """Return the encoder of a small CLIP's texts, which are cut to a context."""
    preparer = TextPreparer(_tokenizer(), context, "raw")
    return ClipText(_spec("text", "fp32"), model, preparer, Runtime("cpu", "fp32"))


@cache
def _tokenizer() -> SimpleTokenizer:
    return SimpleTokenizer(context_length=CONTEXT)


def _spec(modality: Modality, precision: str) -> EncoderSpec:
    return EncoderSpec("small", modality, DIM, "0" * 64, {}, "small@0", "plain", precision)


def patchwork(rng: np.random.Generator, count: int) -> tuple[list[UInt8], Any]:
    """Return pictures of one colour a patch, random but for the cause's: red in class 1, blue in class 0."""
    classes = rng.integers(0, 2, count)
    pictures = rng.integers(0, 256, (count, 3, 4, 4), dtype=np.uint8).repeat(PATCH, 2).repeat(PATCH, 3)
    top, left = (PATCH * place for place in divmod(CAUSE_CELL, 4))
    colours = np.where(classes[:, None] == 1, RED, BLUE)
    pictures[:, :, top : top + PATCH, left : left + PATCH] = colours[:, :, None, None]
    return list(pictures), classes


def sentences(rng: np.random.Generator, count: int) -> tuple[list[str], Any]:
    """Return texts of seven words; those of class 1 say the cause, anywhere."""
    classes = rng.integers(0, 2, count)
    texts = []
    for says in classes:
        words = rng.permutation(FILLERS)[:7].tolist()
        if says:
            words[rng.integers(0, 7)] = CAUSE
        texts.append(" ".join(words))
    return texts, classes


def taught_patch(steps: int = 60) -> tuple[ClipImage, Float32]:
    """Return an encoder that was taught the patch, and the direction float32[1, dim] of class 1."""
    rng, model = np.random.default_rng(0), small_clip()
    optimiser = torch.optim.Adam(model.visual.parameters(), lr=1e-3)
    for _ in range(steps):
        pictures, classes = patchwork(rng, 32)
        pixels = torch.from_numpy((np.stack(pictures) / 255 - 0.5) / 0.25).float()
        v = functional.normalize(model.visual(pixels), dim=-1)
        loss = functional.binary_cross_entropy_with_logits(10 * v[:, 0], torch.from_numpy(classes).float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return picture_encoder(model), np.eye(1, DIM, dtype=np.float32)


def taught_word() -> tuple[ClipText, Float32]:
    """Return a random encoder, and the direction float32[1, dim] of texts that say the cause, by least squares."""
    encoder = text_encoder(small_clip(2))
    texts, classes = sentences(np.random.default_rng(1), 300)
    vectors = encoder.encode(texts)
    centred = vectors - vectors.mean(axis=0)
    normal = centred.T @ centred + 1e-3 * np.eye(DIM, dtype=np.float32)
    return encoder, np.linalg.solve(normal, centred.T @ (2.0 * classes - 1))[None].astype(np.float32)


@dataclass(frozen=True)
class Trace:
    """What could be left on a model: weights, flags, gradients, hooks."""

    weights: dict[str, torch.Tensor]
    flags: tuple[bool, ...]
    gradients: int
    hooks: int
    own_forwards: int

    @classmethod
    def of(cls, model: torch.nn.Module) -> Trace:
        """Return what is on the model now."""
        parts = list(model.modules())
        return cls(
            {name: value.clone() for name, value in model.state_dict().items()},
            tuple(p.requires_grad for p in model.parameters()),
            sum(p.grad is not None for p in model.parameters()),
            sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in parts),
            sum("forward" in vars(part) for part in parts),
        )

    def same(self, other: Trace) -> bool:
        """Return whether nothing at all has changed."""
        weights = all(torch.equal(value, other.weights[name]) for name, value in self.weights.items())
        mine = (self.flags, self.gradients, self.hooks, self.own_forwards)
        return weights and mine == (other.flags, other.gradients, other.hooks, other.own_forwards)
