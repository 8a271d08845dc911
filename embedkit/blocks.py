"""The blocks that heads read, by the names that users type: spaces of this workspace, and keywords."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from embedkit.catalog.text import full_text, tokenize
from embedkit.errors import Misuse
from embedkit.heads.keywords import GramSpec
from embedkit.indexing import features_of
from embedkit.stores.spaces import SpaceRecord
from embedkit.types import Block, Documents, Item
from embedkit.workspace import Workspace

KEYWORDS = "keywords"
TITLE = "keywords/title"
GRAMS = {TITLE: GramSpec(words=1, chars=(3, 4, 5))}
"""Titles are short and spelt every way: pieces of words say more there than runs of words."""
SHORT_NAMES = ("clip-image", "clip-text", "densenet", KEYWORDS)


def short_name(record: SpaceRecord) -> str:
    """Return what users call a space: by the kind of encoder and what it reads."""
    if "densenet" in record.spec.name:
        return "densenet"
    return f"clip-{record.spec.modality}"


def resolve(name: str, records: Sequence[SpaceRecord]) -> SpaceRecord:
    """Return the one space that a name means: a short name, an encoder's name, or a space's; raises Misuse."""
    exact = [one for one in records if one.space == name]
    meant = exact or [one for one in records if name in (short_name(one), one.spec.name) or one.space.startswith(name)]
    if len(meant) == 1:
        return meant[0]
    names = ", ".join(one.space for one in (meant or records)) or "none: run embedkit index"
    if meant:
        raise Misuse(f"{name!r} could be {len(meant)} spaces", f"Name one of: {names}")
    raise Misuse(f"there is no space {name!r} here", f"Short names: {', '.join(SHORT_NAMES)}; spaces: {names}")


def load_block(workspace: Workspace, space: str, records: Sequence[SpaceRecord], current: list[Item]) -> Block:
    """Return the block of a space's full name, or of keywords, for these items; those without a vector are left out."""
    if space in (KEYWORDS, TITLE):
        ids = np.array([item.item_id for item in current], dtype=np.int64)
        texts = (item.title if space == TITLE else full_text(item.title, item.text) for item in current)
        return Documents(ids, tuple(tokenize(text) for text in texts), space)
    return features_of(workspace, resolve(space, records), current)
