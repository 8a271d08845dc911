"""What is remarked about a map or a listing: a kind and its values, in English here; pages translate it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

REMARKS: Mapping[str, str] = {
    "few": "{cells} parts are too few to test it",
    "deletion": "taking away what it marks lowers the score no more than taking away at random",
    "insertion": "what it marks, shown alone, raises the score no more than random parts",
    "flat": "it is the same everywhere",
    "alike": "it looks much the same when the model's weights are random",
    "learnt": "The model learnt from this listing: shown is a twin fitted without it and what nearly repeats it.",
    "twin": "The twin says {category} ({share}).",
    "nothing": "{part} counts for nothing in this model, so there is nothing to show",
    "precision": "{encoder} made its vectors in {precision}; its maps are of the same weights in fp32",
    "failed": "{part}: {message}",
}
"""Each kind's message. `failed` quotes an error in its own words."""


@dataclass(frozen=True)
class Remark:
    """A kind of REMARKS and the values in it; a float is a share in [0, 1], an int a count."""

    kind: str
    values: Mapping[str, str | float | int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The remark in English."""
        said = {name: f"{one:.0%}" if isinstance(one, float) else one for name, one in self.values.items()}
        return REMARKS[self.kind].format(**said)
