"""One directory and the names of what is in it; opening it writes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from embedkit.errors import WorkspaceError
from embedkit.stores.database import Database
from embedkit.stores.shards import FeatureStore

OWN_NAMES = frozenset({"features", "indexes", "heads", "reports", "catalog.duckdb", ".lock", "marketplace"})


@dataclass(frozen=True)
class Workspace:
    """The files of one catalogue: its database, features, indexes, heads and reports."""

    root: Path

    @property
    def catalog(self) -> Path:
        return self.root / "catalog.duckdb"

    @property
    def features(self) -> Path:
        return self.root / "features"

    @property
    def indexes(self) -> Path:
        return self.root / "indexes"

    @property
    def heads(self) -> Path:
        return self.root / "heads"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"

    def database(self) -> Database:
        """Return the catalogue database; nothing is opened yet."""
        return Database(self.catalog)

    def vectors(self) -> FeatureStore:
        """Return the stored vectors; nothing is opened yet."""
        return FeatureStore(self.database(), self.features)

    def index_of(self, space: str) -> Path:
        """Return the file of a space's index."""
        return self.indexes / f"{file_name(space)}.faiss"

    def head_file(self, head_id: str) -> Path:
        """Return the file of a head."""
        return self.heads / f"{file_name(head_id)}.safetensors"

    def require(self) -> None:
        """Raise WorkspaceError unless a catalogue has been indexed here."""
        if not self.catalog.is_file():
            raise WorkspaceError(
                f"{self.root} holds no catalogue",
                f"Make one: embedkit index CATALOGUE --workspace {self.root}\nOr name the workspace you mean: -w DIR",
            )

    def create(self) -> None:
        """Make the directories; existing ones stay as they are."""
        if self.root.exists() and not self.catalog.exists() and any(self.root.iterdir()):
            strange = sorted({path.name for path in self.root.iterdir()} - OWN_NAMES)
            if strange:
                raise WorkspaceError(
                    f"{self.root} is not a workspace and holds {strange[0]!r}",
                    "Name an empty or new directory with --workspace.",
                )
        for folder in (self.root, self.features, self.indexes, self.heads, self.reports):
            folder.mkdir(parents=True, exist_ok=True)


def file_name(name: str) -> str:
    """Return a space's or head's name as one safe file name."""
    return re.sub(r"[^A-Za-z0-9@._-]+", "_", name)
