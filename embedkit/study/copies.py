"""Copies: listings that share a picture or a text, exactly or nearly, within a category and across categories."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from embedkit.heads.splits import near_duplicate_groups
from embedkit.study.spread import share
from embedkit.study.tree import NONE
from embedkit.types import Int64

NEAR_WORDS = 0.9
"""Texts are nearly the same where their distinct words overlap this much (Jaccard)."""
MOST_GROUPS = 1000
MOST_KEYS = 20
EXAMPLES = 3


@dataclass(frozen=True)
class Group:
    """Listings that are copies of one another, by key, in the catalogue's order, and where they are filed."""

    what: str
    keys: tuple[str, ...]
    categories: tuple[str, ...]

    @property
    def across(self) -> bool:
        """Whether they are filed under several categories."""
        return len(self.categories) > 1


def groups(
    what: str,
    ids: Int64,
    keys: Sequence[str],
    labels: Sequence[str],
    contents: Sequence[Hashable | None],
    pairs: Iterable[tuple[int, int]] | None = None,
) -> list[Group]:
    """Return the groups of listings with one content (None: nothing to compare), those across categories first.

    With `pairs` of ids, of contents that are nearly the same, the groups are those that hold more than one content.
    """
    named = near_duplicate_groups(ids, [contents], pairs or ())
    members: dict[int, list[int]] = defaultdict(list)
    for row, name in enumerate(named):
        if contents[row] is not None:
            members[int(name)].append(row)
    found = []
    for rows in members.values():
        alike = len({contents[row] for row in rows}) > 1 if pairs is not None else len(rows) > 1
        if alike:
            filed = tuple(dict.fromkeys(labels[row] for row in rows if labels[row] != NONE))
            found.append(Group(what, tuple(keys[row] for row in rows), filed))
    return sorted(found, key=lambda group: (not group.across, -len(group.keys), group.keys))


def copies(what: str, found: Sequence[Group], listings: int) -> dict[str, Any]:
    """Return one row on a kind of copies: how many groups, how many listings in them, and examples."""
    members = sum(len(group.keys) for group in found)
    across = sum(group.across for group in found)
    return {
        "what": what,
        "groups": len(found),
        "listings": members,
        "share": share(members, listings),
        "within": len(found) - across,
        "across": across,
        "examples": [" = ".join(group.keys[:2]) for group in found[:EXAMPLES]],
    }


def copy_groups(found: Sequence[Group]) -> list[dict[str, Any]]:
    """Return the groups of one kind, at most 1,000."""
    return [
        {
            "what": group.what,
            "listings": len(group.keys),
            "across": group.across,
            "categories": list(group.categories),
            "keys": list(group.keys[:MOST_KEYS]),
        }
        for group in found[:MOST_GROUPS]
    ]


def near_texts(ids: Int64, texts: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Return pairs of ids whose texts, in words, have at least 90 % of their distinct words in common (Jaccard).

    Exact, by prefix filtering: two sets that overlap so much share one of the few rarest words of each, so that only
    those are compared (Bayardo, Ma and Srikant, Scaling Up All Pairs Similarity Search, 2007). Texts of the same words
    are compared once and paired with the first of them.
    """
    first: dict[frozenset[str], int] = {}
    pairs = []
    for item_id, text in zip(ids.tolist(), texts, strict=True):
        words = frozenset(text)
        if words and first.setdefault(words, item_id) != item_id:
            pairs.append((first[words], item_id))
    rarity = Counter(word for words in first for word in words)
    by_size = sorted(first, key=lambda words: (len(words), first[words]))
    having: dict[str, list[frozenset[str]]] = defaultdict(list)
    for words in by_size:
        prefix = sorted(words, key=lambda word: (rarity[word], word))
        prefix = prefix[: len(words) - math.ceil(NEAR_WORDS * len(words)) + 1]
        candidates = {other for word in prefix for other in having[word] if len(other) >= NEAR_WORDS * len(words)}
        for other in candidates:
            together = len(words & other)
            if together >= NEAR_WORDS * (len(words) + len(other) - together):
                pairs.append((min(first[words], first[other]), max(first[words], first[other])))
        for word in prefix:
            having[word].append(words)
    return sorted(pairs)
