"""Any head with a user's keyword weights on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.errors import Misuse
from embedkit.heads.blocks import pick
from embedkit.heads.keywords import KeywordWeights
from embedkit.heads.probe import ProbeHead
from embedkit.heads.prototype import PrototypeHead
from embedkit.heads.zeroshot import ZeroShotHead
from embedkit.types import Block, Float32

PlainHead = ProbeHead | PrototypeHead | ZeroShotHead


@dataclass(frozen=True)
class WeightedHead:
    """A head whose logits grow by the user's weights x `unit`, the head's temperature before they came.

    So a weight of 1 multiplies a class's odds by e, whatever scale the head's own logits have.
    """

    head: PlainHead
    weights: KeywordWeights
    documents: tuple[str, ...]
    unit: float

    @classmethod
    def on(
        cls, head: PlainHead | WeightedHead, weights: KeywordWeights, documents: Sequence[str], unit: float
    ) -> WeightedHead:
        """Return the head with these weights on the texts of the `documents` spaces."""
        if isinstance(head, WeightedHead):
            raise Misuse("the head has keyword weights already")
        if not documents:
            raise Misuse("keyword weights need the listings' texts", "add keywords to the features")
        return cls(head, weights, tuple(documents), unit)

    @property
    def kind(self) -> str:
        """The plain head's kind."""
        return self.head.kind

    @property
    def head_id(self) -> str:
        """The name of the head with its weights."""
        return self.head.head_id

    @property
    def classes(self) -> tuple[str, ...]:
        """The plain head's classes."""
        return self.head.classes

    @property
    def spaces(self) -> tuple[str, ...]:
        """The plain head's spaces, and those of the texts."""
        return self.head.spaces + tuple(space for space in self.documents if space not in self.head.spaces)

    def named(self, head_id: str) -> WeightedHead:
        """Return the same head under this name."""
        return replace(self, head=self.head.named(head_id))

    def added(self, blocks: Sequence[Block]) -> Float32:
        """Return what the user's words add to each class's logit, float32[n, classes]."""
        return np.asarray(self.unit * self.weights.logits(pick(self.documents, blocks), self.classes), dtype=np.float32)

    def logits(self, *blocks: Block) -> Float32:
        """Return float32[n, classes]: the plain head's logits and the user's."""
        return self.head.logits(*blocks) + self.added(blocks)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Return the head as arrays and a JSON-able mapping."""
        arrays, config = self.head.state()
        weights = {name: dict(words) for name, words in self.weights.weights.items()}
        own = {"weights": weights, "documents": list(self.documents), "unit": self.unit}
        return arrays, {**config, "keyword_weights": own}
