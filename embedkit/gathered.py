"""What a report is made of: what the studies found, the listings to look at, and their pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from embedkit.explain.listing import Explanation
from embedkit.studies import Rows, Study


@dataclass(frozen=True)
class Gathered:
    """All that is said of one catalogue. `report` has its own numbers and tables, see `embedkit.stages.report`.

    explore and compare are None where nobody ran them. `explanations` are of the gallery's listings, by item;
    `picture` is called with an item and returns its picture's bytes, None where it has none that can be read.
    """

    catalogue: str
    version: str
    report: Study
    explore: Study | None = None
    compare: Study | None = None
    explanations: Mapping[int, Explanation] = field(default_factory=dict)
    picture: Callable[[int], bytes | None] = lambda item_id: None

    def table(self, name: str) -> Rows:
        """Return a table of the report; empty where there was nothing to put into it."""
        return self.report.tables.get(name, [])
