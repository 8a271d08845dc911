"""What reading a catalogue takes and gives: plain values, no file and no library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

ROLES = ("key", "title", "text", "picture", "category")
"""What a column can be to us; every other column is an attribute."""

AttributeType = Literal["DOUBLE", "BIGINT", "BOOLEAN", "VARCHAR"]


@dataclass(frozen=True)
class CatalogSpec:
    """How a catalogue is to be read; whatever is left out is guessed.

    `columns` maps a role to its columns; a role mapped to () is left empty on purpose.
    `category_depth` counts levels from the top, which is 1; listings keep their whole path whatever it says.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    images: Path | None = None
    category_sep: str | None = None
    category_depth: int = 1
    encoding: str | None = None


@dataclass(frozen=True)
class ColumnChoice:
    """The columns that play one role, how they were chosen, and why."""

    role: str
    columns: tuple[str, ...]
    how: Literal["given", "guessed", "none"]
    reason: str


@dataclass(frozen=True)
class ColumnGuess:
    """One choice a role, in the order of ROLES, and the columns left over as attributes."""

    choices: tuple[ColumnChoice, ...]
    attributes: tuple[str, ...] = ()

    def choice(self, role: str) -> ColumnChoice:
        """Return how this role was filled."""
        return next(choice for choice in self.choices if choice.role == role)

    def of(self, role: str) -> tuple[str, ...]:
        """Return the columns of this role, () for none."""
        return self.choice(role).columns


@dataclass(frozen=True)
class Listing:
    """One row of the catalogue: `row` counts data rows from 1; `picture` is a reference for PictureSource."""

    row: int
    key: str
    title: str = ""
    text: str = ""
    picture: str | None = None
    category: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one row, recorded while the run goes on; `row` counts data rows from 1."""

    row: int
    key: str
    column: str
    value: str
    cause: str


@dataclass(frozen=True)
class Catalogue:
    """All listings of a product table, how its columns were understood, and what was wrong with it.

    `images` is the folder that picture references start from; `category_sep` what category paths were split at.
    """

    source: str
    columns: ColumnGuess
    listings: list[Listing]
    problems: list[Problem]
    attribute_types: dict[str, AttributeType]
    images: Path
    category_sep: str | None


def shorten(value: object, width: int = 80) -> str:
    """Return a value on one line of at most `width` characters."""
    line = " ".join(str(value)[: 4 * width].split())
    return line if len(line) <= width else line[: width - 1] + "…"
