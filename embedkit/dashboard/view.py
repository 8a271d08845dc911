"""What a page is shown with: the snapshot, the reader's language, and the way to the other pages."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedkit.dashboard.reading import Reading
from embedkit.dashboard.snapshots import Snapshot
from embedkit.wording import Wording

CHOSEN = "listing"
"""Where a page leaves the key of the listing that was chosen on it."""


@dataclass(frozen=True)
class View:
    """One look at a workspace; `pages` are Streamlit's, by the name in their address."""

    root: Path
    snapshot: Snapshot
    wording: Wording
    pages: Mapping[str, Any]

    @property
    def reading(self) -> Reading:
        """What can be read of the snapshot."""
        return self.snapshot.reading

    def command(self, verb: str) -> str:
        """Return a command line on this workspace, e.g. of "classify --promise 0.98"."""
        return f"embedkit {verb} -w {shlex.quote(str(self.root))}"
