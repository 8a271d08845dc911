"""The zero-shot head: a class is what its name, put into sentences, looks like to a two-tower encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.errors import Misuse
from embedkit.heads.blocks import pick, present
from embedkit.types import Block, Features, Float32, unit

TEMPLATES = (
    "{}",
    "a photo of {}",
    "a product photo of {}",
    "a listing of {} in an online shop",
    "{}, on sale in a marketplace",
    "buy {} online",
)


def class_prompts(
    names: Sequence[str], descriptions: Mapping[str, str] | None = None, templates: Sequence[str] = TEMPLATES
) -> list[list[str]]:
    """Return each class's prompts: its name (of a path, the last step) in every template, and its description."""
    known = dict(descriptions or {})
    stray = sorted(set(known) - set(names))
    if stray:
        raise Misuse(f"there is no category {stray[0]!r} to describe", f"categories: {', '.join(names)}")
    if any("{}" not in template for template in templates):
        raise Misuse("a prompt template has no {} where the category's name goes")
    prompts = []
    for name in names:
        said = name.split(" > ")[-1].strip().lower()
        lines = [template.replace("{}", said) for template in templates]
        if known.get(name):
            lines += [known[name], f"{said}: {known[name]}"]
        prompts.append(lines)
    return prompts


@dataclass(frozen=True)
class ZeroShotHead:
    """Class embeddings float32[classes, dim], unit L2, compared with vectors of spaces of one family."""

    head_id: str
    spaces: tuple[str, ...]
    classes: tuple[str, ...]
    embeddings: Float32
    scale: float
    weights: tuple[float, ...]

    kind = "zeroshot"

    def logits(self, *blocks: Block) -> Float32:
        """Return float32[n, classes]: cosine x scale, the weighted mean over an item's spaces; 0 if it has none."""
        picked = pick(self.spaces, blocks)
        total = np.zeros((len(picked[0]), len(self.classes)))
        weight = np.zeros((len(picked[0]), 1))
        for block, share in zip(picked, self.weights, strict=True):
            assert isinstance(block, Features)
            total += share * (block.vectors @ self.embeddings.T)
            weight += share * present(block)[:, None]
        return np.asarray(self.scale * total / np.maximum(weight, 1e-12), dtype=np.float32)

    def named(self, head_id: str) -> ZeroShotHead:
        """Return the same head under this name."""
        return replace(self, head_id=head_id)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the head as arrays and a JSON-able mapping."""
        return {"embeddings": self.embeddings}, {"scale": self.scale, "weights": list(self.weights)}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray[Any]], config: dict[str, Any]) -> ZeroShotHead:
        """Return the head that `state` was taken from."""
        return cls(
            config["head_id"],
            tuple(config["spaces"]),
            tuple(config["classes"]),
            arrays["embeddings"],
            float(config["scale"]),
            tuple(config["weights"]),
        )


def zero_shot_head(
    classes: Sequence[str],
    prompt_embeddings: Sequence[Float32],
    spaces: Sequence[str],
    scale: float = 100.0,
    weights: Sequence[float] | None = None,
    head_id: str = "zeroshot",
) -> ZeroShotHead:
    """Return a zero-shot head: each class the renormalised mean of its prompts' embeddings float32[prompts, dim].

    `scale` is the encoder's logit scale (CLIP: 100); `weights` say how much each space counts, by default alike.
    """
    if len(classes) != len(prompt_embeddings):
        raise ValueError(f"{len(classes)} classes, prompts of {len(prompt_embeddings)}")
    means = np.stack([unit(np.asarray(rows)).mean(axis=0) for rows in prompt_embeddings])
    shares = tuple(float(w) for w in weights) if weights is not None else (1.0,) * len(spaces)
    return ZeroShotHead(head_id, tuple(spaces), tuple(classes), unit(means), float(scale), shares)
