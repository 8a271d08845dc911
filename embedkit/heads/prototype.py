"""The prototype head: a class is the mean of its embeddings, or a few of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.heads.blocks import log_prior, pick, present
from embedkit.types import Block, Features, Float32

SCALE = 20.0
"""Logits are cosine x 20, a start that the fitted temperature corrects."""


@dataclass(frozen=True)
class PrototypeHead:
    """Per space: prototypes float32[p, dim], unit L2, and the class column of each; logits average over spaces."""

    head_id: str
    spaces: tuple[str, ...]
    classes: tuple[str, ...]
    prototypes: tuple[Float32, ...]
    owners: tuple[NDArray[np.int64], ...]
    means: tuple[Float32, ...]
    prior: Float32

    kind = "prototype"

    def logits(self, *blocks: Block) -> Float32:
        """Return float32[n, classes]: 20 x cosine to the class's nearest prototype, the mean over an item's spaces.

        An item with nothing in any space gets the classes' log prior.
        """
        picked = pick(self.spaces, blocks)
        total = np.zeros((len(picked[0]), len(self.classes)), dtype=np.float64)
        count = np.zeros((len(picked[0]), 1))
        for block, prototypes, owners, mean in zip(picked, self.prototypes, self.owners, self.means, strict=True):
            assert isinstance(block, Features)
            here = present(block)
            cosine = _unit(block.vectors[here] - mean) @ prototypes.T
            nearest = np.full((int(here.sum()), len(self.classes)), -1.0)
            for column in range(len(self.classes)):
                if (owners == column).any():
                    nearest[:, column] = cosine[:, owners == column].max(axis=1)
            total[here] += SCALE * nearest
            count[here] += 1
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), self.prior), dtype=np.float32)

    def named(self, head_id: str) -> PrototypeHead:
        """Return the same head under this name."""
        return replace(self, head_id=head_id)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the head as arrays and a JSON-able mapping."""
        arrays: dict[str, NDArray[Any]] = {"prior": self.prior}
        for i in range(len(self.spaces)):
            arrays |= {f"prototypes.{i}": self.prototypes[i], f"owners.{i}": self.owners[i], f"mean.{i}": self.means[i]}
        return arrays, {}

    @classmethod
    def from_state(cls, arrays: dict[str, NDArray[Any]], config: dict[str, Any]) -> PrototypeHead:
        """Return the head that `state` was taken from."""
        n = range(len(config["spaces"]))
        return cls(
            config["head_id"],
            tuple(config["spaces"]),
            tuple(config["classes"]),
            tuple(arrays[f"prototypes.{i}"] for i in n),
            tuple(arrays[f"owners.{i}"] for i in n),
            tuple(arrays[f"mean.{i}"] for i in n),
            arrays["prior"],
        )


def fit_prototype(
    blocks: Sequence[Features],
    targets: NDArray[np.int64],
    classes: Sequence[str],
    per_class: int = 1,
    seed: int = 0,
    head_id: str = "prototype",
) -> PrototypeHead:
    """Return a prototype head for aligned blocks; k-means finds `per_class` prototypes where a class has the items.

    Vectors are centred on their mean first: embeddings of one encoder crowd in a cone, where every cosine is high.
    """
    prototypes, owners, means = [], [], []
    for block in blocks:
        here = present(block)
        mean = block.vectors[here].mean(axis=0) if here.any() else np.zeros(block.dim, dtype=np.float32)
        if len(classes) < 2:
            mean = np.zeros_like(mean)
        rows: list[Float32] = []
        owner: list[int] = []
        for column in range(len(classes)):
            found = _centres(_unit(block.vectors[here & (targets == column)] - mean), per_class, seed)
            rows.extend(found)
            owner.extend([column] * len(found))
        prototypes.append(np.asarray(rows, dtype=np.float32).reshape(len(rows), block.dim))
        owners.append(np.asarray(owner, dtype=np.int64))
        means.append(np.asarray(mean, dtype=np.float32))
    prior = log_prior(np.bincount(targets, minlength=len(classes)).astype(np.float64)).astype(np.float32)
    spaces = tuple(block.space for block in blocks)
    return PrototypeHead(head_id, spaces, tuple(classes), tuple(prototypes), tuple(owners), tuple(means), prior)


def _centres(vectors: Float32, k: int, seed: int) -> Float32:
    if len(vectors) == 0 or k == 1 or len(vectors) <= k:
        return (
            vectors
            if 0 < len(vectors) <= k and k > 1
            else _unit(vectors.mean(axis=0)[None])
            if len(vectors)
            else vectors
        )
    from sklearn.cluster import KMeans  # half a second to import, and most heads do not need it

    return _unit(KMeans(k, n_init=4, random_state=seed).fit(vectors).cluster_centers_)


def _unit(vectors: NDArray[np.floating]) -> Float32:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
