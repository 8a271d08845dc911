"""Study a catalogue as it is: its tree, its texts, its words, its pictures, its copies, and what is missing in it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from embedkit import __version__
from embedkit.catalog.languages import NAMES, language_probabilities
from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.text import full_text
from embedkit.errors import Misuse, WorkspaceError
from embedkit.exploring import Gallery, Listings, find_copies, gallery, lengths, open_listings
from embedkit.ground import catalogue_depth
from embedkit.stores import items, lock, runs, spaces
from embedkit.studies import Rows, Study, newest_study, write_study
from embedkit.study import copies, gaps, languages, pictures, tree, words
from embedkit.study import lengths as texts
from embedkit.study.copies import Group
from embedkit.study.findings import findings
from embedkit.study.gaps import Field
from embedkit.study.spread import share
from embedkit.study.vocabulary import says_something, vocabulary
from embedkit.types import Progress, Say
from embedkit.workspace import Workspace

VERB = "explore"
FORM = 2
"""Raised whenever the tables change, so that a study of an older form is made anew."""


@dataclass(frozen=True)
class ExploreSpec:
    """Which level of the category tree is compared (None: the one that was indexed for), and whether to look again."""

    depth: int | None = None
    again: bool = False


@dataclass(frozen=True)
class Explored:
    """What was found, and whether it was known before."""

    study: Study
    known: bool


@dataclass(frozen=True)
class _Catalogue:
    """What is studied: the listings, the columns beyond their roles, where pictures are, which spaces there are."""

    listings: list[items.Item]
    columns: tuple[str, ...]
    pictures: PictureSource
    records: tuple[spaces.SpaceRecord, ...]
    depth: int

    @property
    def digest(self) -> str:
        """All that shapes the study: the listings, the spaces, the depth, and what this version makes of them."""
        shape = (__version__, FORM, self.depth, self.columns, [record.space for record in self.records], self.listings)
        return hashlib.sha256(repr(shape).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def run(workspace: Workspace, spec: ExploreSpec, say: Say, progress: Progress) -> Explored:
    """Return what the catalogue is, having kept it as a study; one that is known and still holds is returned at once.

    Raises WorkspaceError where nothing was indexed, and Misuse for a depth that no category has.
    """
    workspace.require()
    started = time.monotonic()
    with lock.hold(workspace.lock, VERB):
        workspace.database().migrate()
    catalogue = _open(workspace, spec.depth)
    earlier = newest_study(workspace, VERB)
    if earlier is not None and not spec.again and _holds(earlier, catalogue):
        say(f"nothing has changed since run {earlier.run_id}: what it found is shown again (--again looks anew)")
        return _told(earlier, say, known=True)
    with lock.hold(workspace.lock, VERB), workspace.database().connect(read_only=False) as connection:
        run_id = runs.begin_run(connection, VERB, vars(spec))
    say(f"{len(catalogue.listings):,} listings, compared at depth {catalogue.depth} of their categories")
    numbers, tables = _study(workspace, catalogue, progress)
    numbers["seconds"] = round(time.monotonic() - started, 2)
    study = Study(VERB, run_id, runs.now(), numbers, tables)
    with lock.hold(workspace.lock, VERB), workspace.database().connect(read_only=False) as connection:
        write_study(workspace, study)
        runs.finish_run(connection, run_id, 0, numbers)
    return _told(study, say, known=False)


def _open(workspace: Workspace, depth: int | None) -> _Catalogue:
    with workspace.database().connect(read_only=True) as connection:
        listings = items.load_items(connection)
        catalogue = runs.the_catalogue(connection)
        records = tuple(spaces.load_spaces(connection))
        depth = depth or catalogue_depth(connection)
    if not listings:
        raise WorkspaceError(f"{workspace.root} holds no listings", "Index a catalogue: embedkit index CATALOGUE")
    deepest = max(len(item.category) for item in listings)
    if depth > max(deepest, 1):
        raise Misuse(f"no category is {depth} levels deep", f"The deepest has {deepest}: --depth {max(deepest, 1)}")
    source = PictureSource(Path(catalogue.source), Path(catalogue.images) if catalogue.images else None)
    return _Catalogue(listings, tuple(catalogue.attribute_types), source, records, depth)


def _holds(earlier: Study, catalogue: _Catalogue) -> bool:
    """Return whether a study is of this very catalogue, and no picture was out of reach for a moment."""
    return earlier.numbers.get("of") == catalogue.digest and not earlier.numbers.get("pictures_lost")


def _told(study: Study, say: Say, known: bool) -> Explored:
    for line in findings(study.numbers, study.tables):
        say(line)
    return Explored(study, known)


def _study(workspace: Workspace, catalogue: _Catalogue, progress: Progress) -> tuple[dict[str, Any], dict[str, Rows]]:
    labels = [item.category_at(catalogue.depth) or tree.NONE for item in catalogue.listings]
    listings = open_listings(catalogue.listings, labels, progress)
    paths = [item.category for item in catalogue.listings]
    read = lengths(listings, progress)
    known = vocabulary(listings.words, labels)
    pairs = words.overlap(known)
    looked = gallery(listings, catalogue.pictures, progress)
    found = find_copies(workspace, listings, looked, catalogue.records)
    tables: dict[str, Rows] = {
        "levels": tree.levels(paths),
        "categories": tree.categories(paths),
        "text_lengths": texts.text_lengths(read),
        "too_long": texts.too_long(read),
        "cut": texts.cut(read),
        "vocabulary": words.sizes(known),
        "telling_words": words.telling(known),
        "overlap": pairs,
        "overlap_matrix": words.overlap_matrix(pairs, known.categories),
        **_pictures(looked),
        "copies": [copies.copies(what, groups, len(labels)) for what, groups in found.items()],
        "copy_groups": [row for groups in found.values() for row in copies.copy_groups(groups)],
        "languages": _languages(listings, progress),
        "empty": gaps.empty(_fields(catalogue), listings.keys),
    }
    numbers: dict[str, Any] = {
        "listings": len(labels),
        "depth": catalogue.depth,
        "deepest": max(map(len, paths)),
        "categories": len(set(labels) - {tree.NONE}),
        "with_category": sum(map(bool, paths)),
        "with_text": len(read),
        "with_picture": sum(item.picture is not None for item in catalogue.listings),
        "distinct_words": len({word for text in listings.words for word in text if says_something(word)}),
        "categories_compared": len(known.categories),
        **_totals(tables, looked, found),
        "of": catalogue.digest,
    }
    return numbers, tables


def _pictures(looked: Gallery) -> dict[str, Rows]:
    named = ("key", "picture", "cause")
    return {
        "pictures": pictures.sizes(looked.seen),
        "shapes": pictures.shapes(looked.seen),
        "quality": pictures.quality(looked.seen),
        "quality_by_category": pictures.quality_by_category(looked.seen),
        "flagged": pictures.flagged(looked.seen),
        "unreadable": [dict(zip(named, one, strict=True)) for one in looked.unreadable],
    }


def _languages(listings: Listings, progress: Progress) -> Rows:
    """Return which languages the titles are in, and the texts: a seller may translate one and not the other."""
    rows: Rows = []
    for field in ("title", "text"):
        spoken = {item.key: said for item in listings.items if (said := getattr(item, field))}
        if not spoken:
            continue
        counted = partial(_counted, progress, f"tell languages of {field}s", len(spoken))
        codes, likely = language_probabilities(list(spoken.values()), counted)
        rows += languages.languages(field, list(spoken), codes, likely, NAMES)
    return rows


def _counted(progress: Progress, what: str, total: int, done: int) -> None:
    progress(what, done, total)


def _fields(catalogue: _Catalogue) -> list[Field]:
    """Return what listings may lack: the parts that are read, and the catalogue's other columns."""
    listings = catalogue.listings
    parts: dict[str, list[Any]] = {
        "title": [item.title or None for item in listings],
        "text": [item.text or None for item in listings],
        "title and text": [full_text(item.title, item.text) or None for item in listings],
        "picture": [item.picture for item in listings],
        "picture and texts": [item.picture or full_text(item.title, item.text) or None for item in listings],
        "category": [tree.LEVEL.join(item.category) or None for item in listings],
    }
    others = gaps.column_fields(catalogue.columns, [item.attributes for item in listings])
    return [*(Field(name, values) for name, values in parts.items()), *others]


def _totals(tables: dict[str, Rows], looked: Gallery, found: dict[str, list[Group]]) -> dict[str, Any]:
    """Return the numbers that sum the tables up."""
    long = tables["too_long"][0] if tables["too_long"] else {}
    plain = next((row["share"] for row in tables["quality"] if row["flag"] == "plain background"), 0.0)
    main: dict[str, Any] = tables["languages"][0] if tables["languages"] else {}
    return {
        "texts_too_long": long.get("too_long", 0),
        "texts_too_long_share": long.get("share", 0.0),
        "tokens_lost_share": long.get("tokens_lost", 0.0),
        "words_lost_share": long.get("words_lost", 0.0),
        "pictures": len(looked.seen),
        "distinct_pictures": looked.distinct,
        "unreadable": len(looked.unreadable),
        "pictures_lost": looked.lost,
        "plain_background_share": plain,
        "copied_pictures": _members(found["same picture"]),
        "copied_texts": _members(found["same text"]),
        "filed_twice": _across([*found["same picture"], *found["same text"]]),
        "main_language": main.get("language"),
        "main_language_share": main.get("share", share(0, 1)),
    }


def _members(groups: Sequence[Group]) -> int:
    return sum(len(group.keys) for group in groups)


def _across(groups: Sequence[Group]) -> int:
    """Return how many listings share a picture or a text with one that is filed under another category."""
    return len({key for group in groups if group.across for key in group.keys})
