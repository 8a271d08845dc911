"""The probe: multinomial logistic regression over any set of blocks, vectors and keywords alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.heads.blocks import has_anything, log_prior, pick, present
from embedkit.heads.dense import Array, DenseBlock
from embedkit.heads.fusion import class_weights
from embedkit.heads.keywords import GramSpec, TfIdf
from embedkit.heads.softmax import fit_softmax, principal_axes
from embedkit.types import Block, Documents, Float32, Int64


@dataclass(frozen=True)
class LinearPart:
    """One block's share of the logits: weight x (features @ raw float32[features, k] + bias float32[k]).

    An item that lacks the block gets nothing from it. A block of weight 0 adds nothing, and has its own opinion.
    """

    space: str
    raw: Float32
    bias: Float32
    strength: float
    weight: float
    tfidf: TfIdf | None = None

    @property
    def coef(self) -> Float32:
        """float32[features, k]: what a feature adds to each class's logit."""
        return self.raw * np.float32(self.weight)

    @property
    def offset(self) -> Float32:
        """float32[k]: what having the block adds to each class's logit, whatever is in it."""
        return self.bias * np.float32(self.weight)

    def logits(self, block: Block) -> NDArray[np.float64]:
        """Return float64[n, k]: what the block adds to each class's logit; zero where an item lacks it."""
        if self.weight == 0:
            return np.zeros((len(block), len(self.bias)))
        return self.weight * self.raw_logits(block)

    def raw_logits(self, block: Block) -> NDArray[np.float64]:
        """Return float64[n, k]: what the block alone says of each class; zero where an item lacks it."""
        features: Any
        if isinstance(block, Documents):
            assert self.tfidf is not None
            features = self.tfidf.matrix(block)
        else:
            features = block.vectors
        return np.asarray((features @ self.raw + self.bias) * present(block)[:, None], dtype=np.float64)


@dataclass(frozen=True)
class ProbeHead:
    """Linear parts, one a block, that add up; `prior` float32[k] speaks for an item that has none of them."""

    head_id: str
    classes: tuple[str, ...]
    parts: tuple[LinearPart, ...]
    prior: Float32

    kind = "probe"

    @property
    def spaces(self) -> tuple[str, ...]:
        """The spaces of the parts, in order."""
        return tuple(part.space for part in self.parts)

    def logits(self, *blocks: Block) -> Float32:
        """Return float32[n, classes] for aligned blocks; a missing block adds nothing, none at all gives the prior."""
        picked = pick(self.spaces, blocks)
        total = sum(part.logits(block) for part, block in zip(self.parts, picked, strict=True))
        return np.asarray(np.where(has_anything(picked)[:, None], total, self.prior), dtype=np.float32)

    def shares(self, *blocks: Block) -> dict[str, Float32]:
        """Return what each block adds to each class's logit, space -> float32[n, classes]; they sum up to it."""
        picked = pick(self.spaces, blocks)
        return {p.space: p.logits(b).astype(np.float32) for p, b in zip(self.parts, picked, strict=True)}

    def contributions(self, tokens: Sequence[str], space: str = "keywords") -> dict[str, NDArray[np.float64]]:
        """Return what each token of a text adds to each class's logit, token -> float64[classes].

        Exact: with the part's offset they sum to the keyword block's share of the logits.
        """
        part = next(part for part in self.parts if part.space == space)
        assert part.tfidf is not None, f"{space} has no tokens"
        return part.tfidf.contributions(tokens, part.coef)

    def named(self, head_id: str) -> ProbeHead:
        """Return the same head under this name."""
        return replace(self, head_id=head_id)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the head as arrays and a JSON-able mapping."""
        arrays: dict[str, NDArray[Any]] = {"prior": self.prior}
        parts: list[dict[str, Any]] = []
        for i, part in enumerate(self.parts):
            arrays |= {f"raw.{i}": part.raw, f"bias.{i}": part.bias}
            entry: dict[str, Any] = {"space": part.space, "strength": part.strength, "weight": part.weight}
            if part.tfidf is not None:
                spec = part.tfidf.spec
                entry["vocabulary"] = list(part.tfidf.vocabulary)
                entry["grams"] = {**vars(spec), "chars": list(spec.chars)}
                arrays[f"idf.{i}"] = part.tfidf.idf
            parts.append(entry)
        return arrays, {"parts": parts}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray[Any]], config: dict[str, Any]) -> ProbeHead:
        """Return the head that `state` was taken from."""
        parts = []
        for i, entry in enumerate(config["parts"]):
            tfidf = None
            if "vocabulary" in entry:
                grams = GramSpec(**{**entry["grams"], "chars": tuple(entry["grams"]["chars"])})
                tfidf = TfIdf(grams, tuple(entry["vocabulary"]), arrays[f"idf.{i}"])
            if f"coef.{i}" in arrays:  # a file of earlier times has the weight in its coefficients
                own, weight = (arrays[f"coef.{i}"], arrays[f"offset.{i}"]), 1.0
            else:
                own, weight = (arrays[f"raw.{i}"], arrays[f"bias.{i}"]), entry["weight"]
            parts.append(LinearPart(entry["space"], *own, entry["strength"], weight, tfidf))
        return cls(config["head_id"], tuple(config["classes"]), tuple(parts), arrays["prior"])


def fit_part(
    block: DenseBlock, strength: float, weight: float, targets: Int64, classes: int, balanced: bool = False
) -> LinearPart:
    """Return one block's regression, fitted on the items that have the block, and its weight among the others."""
    coef: Array = np.zeros((block.x.shape[1], classes))
    bias: Array = np.zeros(classes)
    if classes > 1 and block.here.any():
        own_targets = targets[block.here]
        weights = class_weights(own_targets, classes, balanced)
        coef, bias = fit_softmax(principal_axes(block.x[block.here]), own_targets, classes, strength, weights)
    own, offset = block.coefficients(coef)
    offset = (offset + bias).astype(np.float32)
    return LinearPart(block.space, own.astype(np.float32), offset, float(strength), float(weight), block.tfidf)


def prior_logits(targets: Int64, classes: int, balanced: bool = False) -> Float32:
    """Return float32[classes]: what is said of an item that has nothing: the classes' log shares, or all alike."""
    counts = np.bincount(targets, minlength=classes).astype(np.float64)
    return np.asarray(np.zeros(classes) if balanced else log_prior(counts), dtype=np.float32)
