"""From a catalogue that was read to items in the database: contents digested, changes found and committed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from embedkit.catalog.nouns import Catalogue, Listing, Problem
from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.text import full_text
from embedkit.errors import PictureError, WorkspaceError
from embedkit.stores import items, runs
from embedkit.stores.items import Changes, ItemRow, StoredItem
from embedkit.types import Item, Progress
from embedkit.workspace import Workspace

HASHING_THREADS = 4
GONE_SHARE = 0.5
"""More known listings than this missing at once is likelier the wrong file than a clear-out."""


@dataclass(frozen=True)
class Intake:
    """What a run took in: its items as they stand now, and where their pictures are read."""

    run_id: int
    items: list[Item]
    pictures: PictureSource
    line: str
    numbers: Mapping[str, int]
    changes: int


def take_in(
    workspace: Workspace, catalogue: Catalogue, allow_gone: bool, arguments: Mapping[str, Any], progress: Progress
) -> Intake:
    """Return the items after committing what changed, all of it or nothing; problems are recorded as failures."""
    pictures = PictureSource(arguments["source"], arguments["images"])
    database = workspace.database()
    with database.connect(read_only=True) as connection:
        stored = items.load_stored(connection)
    rows, failures = _rows(catalogue, stored, pictures, progress)
    changes = items.plan_items(stored, rows)
    _refuse_a_landslide(changes, stored, allow_gone, catalogue.source)
    with database.connect(read_only=False) as connection:
        run_id = runs.begin_run(connection, "index", arguments)
        items.commit_items(connection, run_id, changes)
        runs.record_catalogue(connection, run_id, _record(catalogue, arguments))
        runs.record_failures(connection, run_id, failures)
        current = items.load_items(connection)
    numbers = {
        "added": len(changes.added),
        "changed": len(changes.changed),
        "unchanged": changes.unchanged,
        "gone": len(changes.gone),
    }
    if changes.returned:
        numbers["returned"] = len(changes.returned)
    line = ", ".join(f"{name} {count:,}" for name, count in numbers.items())
    return Intake(run_id, current, pictures, line, numbers, changes.rows_to_write)


def absent_pictures(catalogue: Catalogue, pictures: PictureSource) -> list[Problem]:
    """Return a problem for each listing whose picture is not there; those that are there are not opened."""
    column = ", ".join(catalogue.columns.of("picture"))
    problems = []
    for listing in catalogue.listings:
        try:
            if listing.picture is not None:
                pictures.stat(listing.picture)
        except PictureError as error:
            problems.append(Problem(listing.row, listing.key, column, listing.picture or "", error.message))
    return problems


def _rows(
    catalogue: Catalogue, stored: Mapping[str, StoredItem], pictures: PictureSource, progress: Progress
) -> tuple[list[ItemRow], list[runs.Failure]]:
    """Return one row a listing, with its contents' digests, and what failed: rows of the table, pictures not there."""
    failures = [
        runs.Failure("read", problem.column, problem.key, problem.value, problem.cause, row=problem.row)
        for problem in catalogue.problems
    ]
    column = ", ".join(catalogue.columns.of("picture"))
    rows = []
    with ThreadPoolExecutor(HASHING_THREADS) as pool:
        work = pool.map(lambda one: _row(one, stored.get(one.key), pictures), catalogue.listings)
        for done, (listing, (row, cause)) in enumerate(zip(catalogue.listings, work, strict=True), 1):
            rows.append(row)
            if cause:
                failures.append(
                    runs.Failure("picture", column, listing.key, listing.picture or "", cause, row=listing.row)
                )
            progress("read pictures", done, len(catalogue.listings))
    return rows, failures


def _row(listing: Listing, was: StoredItem | None, pictures: PictureSource) -> tuple[ItemRow, str]:
    """Return the listing's row and why its picture could not be read ("" if it could, or there is none)."""
    words = full_text(listing.title, listing.text)
    row = ItemRow(
        key=listing.key,
        title=listing.title,
        text=listing.text,
        picture=listing.picture,
        category=listing.category,
        attributes=listing.attributes,
        text_sha256=hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest() if words else None,
    )
    if listing.picture is None:
        return row, ""
    try:
        size, mtime_ns = pictures.stat(listing.picture) or (None, None)
        row = row._replace(picture_size=size, picture_mtime_ns=mtime_ns)
        # As git does: a file of the same name, size and time is not read again.
        if was and size is not None and was.row[3:6] == row[3:6] and was.row.image_sha256:
            return row._replace(image_sha256=was.row.image_sha256), ""
        return row._replace(image_sha256=hashlib.sha256(pictures.read(listing.picture)).digest()), ""
    except PictureError as error:
        return row._replace(picture_size=None, picture_mtime_ns=None), error.message


def _refuse_a_landslide(changes: Changes, stored: Mapping[str, StoredItem], allow_gone: bool, source: str) -> None:
    there = sum(not item.gone for item in stored.values())
    if there and len(changes.gone) > GONE_SHARE * there and not allow_gone:
        raise WorkspaceError(
            f"{source} lacks {len(changes.gone)} of the {there} listings known here",
            "Is it the right file? If they are gone, add --allow-gone; a second catalogue wants its own --workspace.",
        )


def _record(catalogue: Catalogue, arguments: Mapping[str, Any]) -> runs.CatalogueRecord:
    columns = {choice.role: list(choice.columns) for choice in catalogue.columns.choices}
    images = arguments["images"]
    return runs.CatalogueRecord(
        source=str(arguments["source"].resolve()),
        images=str(images.resolve()) if images else None,
        columns={**columns, "category_depth": arguments["category_depth"]},
        attribute_types=catalogue.attribute_types,
        category_sep=catalogue.category_sep,
    )
