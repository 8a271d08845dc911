"""What a user may choose about an encoder, and what the registry tells about one; no heavy import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from embedkit.errors import Misuse
from embedkit.types import Modality

VARIANTS: dict[Modality, tuple[str, ...]] = {
    "image": ("pad-edge", "pad-white", "crop", "grey"),
    "text": ("raw", "nltk"),
}
PRECISIONS = ("fp32", "int8", "fp16", "bf16")


@dataclass(frozen=True)
class EncoderOptions:
    """How an encoder is made: an empty `variant` is the modality's first; `weights` replaces the known ones."""

    variant: str = ""
    precision: str = "fp32"
    weights: Path | None = None
    device: str = "auto"

    def variant_for(self, modality: Modality) -> str:
        """Return the variant, checked against the modality's; raises Misuse naming them."""
        known = VARIANTS[modality]
        if self.variant and self.variant not in known:
            raise Misuse(f"no {modality} variant {self.variant!r}", f"one of: {', '.join(known)}")
        return self.variant or known[0]


@dataclass(frozen=True)
class ModelCard:
    """One line of `embedkit models`: `where` is the weights' file if they are here, else where they come from.

    `size_bytes` is the file's size, measured if it is here and approximate if not.
    """

    name: str
    kind: str
    modalities: tuple[Modality, ...]
    dim: int
    present: bool
    size_bytes: int
    where: str
