"""The encoders there are, and whether their weights are here."""

from __future__ import annotations

from typing import Any

from embedkit.encoders.registry import list_models
from embedkit.types import Modality

WORDS: dict[Modality, str] = {"image": "pictures", "text": "texts"}


def run(contains: str) -> list[dict[str, Any]]:
    """Return a row for each known encoder whose name contains a text, whatever its case."""
    return [
        {
            "name": card.name,
            "kind": card.kind,
            "reads": " and ".join(WORDS[one] for one in card.modalities),
            "dim": card.dim,
            "weights": "here" if card.present else "to fetch",
            "MB": round(card.size_bytes / 1e6, 1),
            "where": card.where,
        }
        for card in list_models()
        if contains.lower() in card.name.lower()
    ]
