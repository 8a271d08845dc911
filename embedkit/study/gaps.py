"""Empty fields: how many listings say nothing in a field, what that means, and fields that always say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedkit.study.spread import share

EXAMPLES = 3
OFTEN = 0.05
"""A value that is said less often than this is not worth naming."""
MEANINGS = {
    "title": "the description alone is read",
    "text": "the title alone is read",
    "title and text": "only the picture can say what it is",
    "picture": "only the words can say what it is",
    "category": "it teaches nothing, and can only be classified",
    "picture and texts": "nothing can say what it is",
}
"""What it means that a listing lacks what has a part to play; every other column is only searched and shown."""
COLUMN = "embedkit search --where does not find the listing by it"


@dataclass(frozen=True)
class Field:
    """One field of the catalogue: its name, and its value for each listing, None where it says nothing."""

    name: str
    values: Sequence[Any]


def empty(fields: Sequence[Field], keys: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each field: how often it is empty, how many different values it has, and the commonest."""
    rows = []
    for field in fields:
        lacking = [row for row, value in enumerate(field.values) if value is None]
        counts = Counter(str(value) for value in field.values if value is not None)
        commonest, times = min(counts.items(), key=lambda one: (-one[1], one[0])) if counts else (None, 0)
        often = times > 1 and times >= OFTEN * len(field.values)
        rows.append(
            {
                "field": field.name,
                "empty": len(lacking),
                "share": share(len(lacking), len(field.values)),
                "means": MEANINGS.get(field.name, COLUMN) if lacking else "",
                "distinct": len(counts),
                "commonest": commonest if often else None,
                "commonest_share": share(times, len(field.values)) if often else None,
                "examples": [keys[row] for row in lacking[:EXAMPLES]],
            }
        )
    return rows


def column_fields(names: Sequence[str], attributes: Sequence[Mapping[str, Any]]) -> list[Field]:
    """Return the catalogue's other columns as fields."""
    return [Field(name, [one.get(name) for one in attributes]) for name in names]
