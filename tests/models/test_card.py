"""The bundled weights are the ones that the model card describes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

import embedkit.models
from embedkit.demo.generate import CATEGORIES, draft_listings, picture_bytes
from embedkit.encoders.registry import load_encoder
from embedkit.heads.zeroshot import class_prompts
from embedkit.types import unit

FOLDER = Path(embedkit.models.__file__).parent
FLOOR = 0.2
NAMES = ("clip-tiny", "densenet-tiny")


@pytest.mark.parametrize("name", NAMES)
def test_the_digest_of_the_weights_is_the_one_on_the_card(name: str) -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    stated = re.search(rf"`{name}\.safetensors` \| `([0-9a-f]{{64}})`", card)
    assert stated is not None
    assert hashlib.sha256((FOLDER / f"{name}.safetensors").read_bytes()).hexdigest() == stated[1]


def test_the_weights_are_small_enough_for_a_wheel() -> None:
    assert sum((FOLDER / f"{name}.safetensors").stat().st_size for name in NAMES) < 25e6


def test_names_of_categories_tell_generated_pictures_apart() -> None:
    drafts = [draft for draft in draft_listings(14, seed=0) if draft.dirt == ""]
    pictures = load_encoder("clip-tiny", "image").encode([picture_bytes(draft) for draft in drafts])
    text = load_encoder("clip-tiny", "text")
    classes = unit(np.stack([text.encode(prompts).mean(axis=0) for prompts in class_prompts(CATEGORIES)]))
    told = [CATEGORIES[column] for column in (pictures @ classes.T).argmax(axis=1)]
    assert sum(a == draft.main for a, draft in zip(told, drafts, strict=True)) / len(drafts) > FLOOR
