"""Find the listings nearest to a text, a picture or another listing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embedkit import lexicon
from embedkit.alike import merge
from embedkit.blocks import KEYWORDS, resolve, short_name
from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.text import tokenize
from embedkit.encoding import opening_of
from embedkit.errors import EmbedkitError, Misuse, PictureError, WorkspaceError
from embedkit.indexing import features_of, open_index
from embedkit.stores import items, runs, spaces, vectors, where
from embedkit.types import Encoder, Features, Float32, Int64, Item, Modality, Neighbours, Say
from embedkit.workspace import Workspace

CANDIDATES = 200


@dataclass(frozen=True)
class SearchSpec:
    """One of `query`, `image`, `like`; and how many listings, of which kind, in which spaces."""

    query: str | None = None
    image: Path | None = None
    like: str | None = None
    k: int = 10
    where: str | None = None
    spaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """Rows for people and programs, best first, and the items they are of."""

    rows: list[dict[str, Any]]
    items: list[Item]
    pictures: PictureSource

    def picture(self, item: Item) -> bytes | None:
        """Return the bytes of an item's picture, None where it has none that can be read."""
        try:
            return self.pictures.read(item.picture) if item.picture else None
        except PictureError:
            return None


def run(workspace: Workspace, spec: SearchSpec, say: Say) -> Found:
    """Return the k nearest listings; several spaces are merged by reciprocal rank fusion.

    Raises Misuse for a predicate or space that cannot be meant, EmbedkitError for an unknown listing.
    """
    workspace.require()
    database = workspace.database()
    with database.connect(read_only=True) as connection:
        records = spaces.load_spaces(connection)
        earlier = runs.load_runs(connection, "index")
        catalogue = runs.the_catalogue(connection)
        built = {record.space for record in records if spaces.last_index(connection, record.space)}
        warning = runs.unfinished(connection)
    if warning:
        say(f"note: {warning}")
    allowed = where.select_ids(database, spec.where) if spec.where else None
    chosen = _spaces(spec, records, built & _newest(earlier))
    queries = _queries(workspace, spec, chosen, records, earlier)
    wanted = max(spec.k, CANDIDATES) + (spec.like is not None)
    found = {
        name: _search(workspace, record, query, wanted, allowed)
        for name, record, query in zip(_names(chosen), chosen, queries, strict=True)
    }
    if spec.query is not None and (KEYWORDS in spec.spaces or (not spec.spaces and lexicon.exists(workspace))):
        found[KEYWORDS] = lexicon.load(workspace).search(tokenize(spec.query), wanted, allowed)
    if not found:
        raise WorkspaceError("nothing is indexed here yet", "Run embedkit index CATALOGUE: what was finished is kept.")
    ids = _merged(found, spec.k, leave_out=_own_id(workspace, spec))
    with database.connect(read_only=True) as connection:
        listed = items.load_items(connection, ids)
    if allowed is not None:
        say(f"{len(allowed):,} listings fit --where")
    images = Path(catalogue.images) if catalogue.images else None
    rows = [_row(rank, item, found) for rank, item in enumerate(listed, 1)]
    return Found(rows, listed, PictureSource(Path(catalogue.source), images))


def _newest(earlier: Sequence[runs.Run]) -> set[str]:
    """Return the spaces of the newest finished index run: older ones may lack listings."""
    made: list[dict[str, str]] = next((run.summary["encoders"] for run in reversed(earlier) if run.summary), [])
    return {one["space"] for one in made}


def _spaces(spec: SearchSpec, records: Sequence[spaces.SpaceRecord], ready: set[str]) -> list[spaces.SpaceRecord]:
    """Return the spaces to search: those named, or of those `ready` CLIP's pictures and texts, or else any pictures."""
    if spec.spaces:
        if KEYWORDS in spec.spaces and spec.query is None:
            raise Misuse("keywords are searched by a text", "Give a QUERY, or leave --space keywords out.")
        return [resolve(name, records) for name in spec.spaces if name != KEYWORDS]
    two_towers = {record.spec.family for record in records if record.spec.modality == "text"}
    able = [record for record in records if record.space in ready]
    pictures = [record for record in able if record.spec.modality == "image"]
    texts = [record for record in able if record.spec.modality == "text" and spec.image is None]
    compared = [record for record in pictures if record.spec.family in two_towers]
    if spec.query is not None or compared:
        return [*compared[-1:], *texts[-1:]]
    return pictures[-1:]


def _names(chosen: Sequence[spaces.SpaceRecord]) -> list[str]:
    """Return what to call each space: its short name, or its own where two share one."""
    short = [short_name(record) for record in chosen]
    return short if len(set(short)) == len(short) else [record.space for record in chosen]


def _queries(
    workspace: Workspace,
    spec: SearchSpec,
    chosen: Sequence[spaces.SpaceRecord],
    records: Sequence[spaces.SpaceRecord],
    earlier: Sequence[runs.Run],
) -> list[Features]:
    """Return the query's vector for each space, from an encoder of the space's family or from the listing's own."""
    if spec.like is not None:
        item = _item(workspace, spec.like)
        return [features_of(workspace, record, [item]) for record in chosen]
    modality: Modality = "image" if spec.image else "text"
    one = spec.image.read_bytes() if spec.image else spec.query
    encoded: dict[str, Features] = {}
    for record in chosen:
        family = record.spec.family
        if family not in encoded:
            towers = [r for r in records if r.spec.family == family and r.spec.modality == modality]
            if not towers:
                raise Misuse(
                    f"{record.space} cannot be searched by {'a picture' if spec.image else 'a text'}",
                    "Choose a space of a CLIP encoder, or search --like KEY.",
                )
            tower = record if record in towers else towers[-1]
            vector = _encoded(opening_of(tower.space, earlier).open(), one, spec)
            encoded[family] = Features(np.zeros(1, dtype=np.int64), vector, tower.space)
    return [encoded[record.spec.family] for record in chosen]


def _encoded(encoder: Encoder, one: str | bytes | None, spec: SearchSpec) -> Float32:
    """Return float32[1, dim], the query's vector; raises Misuse naming a file that is not a picture."""
    try:
        return encoder.encode([one])
    except PictureError as error:
        raise Misuse(f"{spec.image}: {error.message}") from error


def _search(
    workspace: Workspace, record: spaces.SpaceRecord, query: Features, k: int, allowed: Int64 | None
) -> Neighbours | None:
    """Return the neighbours in one space, None if the query has no vector there."""
    if not len(query):
        return None
    index = open_index(workspace, record.space)
    return vectors.search(
        index,
        query,
        min(k, max(1, len(index))),
        allowed=allowed,
        comparable=(query.space,),
        vectors_of=lambda ids: features_of(workspace, record, _items(workspace, ids)),
    )


def _merged(found: dict[str, Neighbours | None], k: int, leave_out: int | None) -> Int64:
    """Return the ids of the k best by reciprocal rank fusion; with one space, in that space's own order."""
    orders = [neighbours.ids[0].tolist() for neighbours in found.values() if neighbours]
    kept = [item_id for item_id in merge(orders) if item_id != leave_out]
    return np.array(kept[:k], dtype=np.int64)


def _row(rank: int, item: Item, found: dict[str, Neighbours | None]) -> dict[str, Any]:
    row: dict[str, Any] = {"rank": rank, "key": item.key, "title": item.title, "category": " > ".join(item.category)}
    for space, neighbours in found.items():
        places = neighbours.ids[0].tolist() if neighbours else []
        near = neighbours is not None and item.item_id in places
        cosine = round(float(neighbours.cosine[0][places.index(item.item_id)]), 4) if neighbours and near else None
        row[f"cosine {space}"] = cosine
    return row


def _item(workspace: Workspace, key: str) -> Item:
    with workspace.database().connect(read_only=True) as connection:
        item_id = items.find_key(connection, key)
        if item_id is None:
            raise EmbedkitError(f"no listing has the key {key!r}", "embedkit search TEXT shows keys.")
        return items.load_items(connection, [item_id])[0]


def _items(workspace: Workspace, ids: Int64) -> list[Item]:
    with workspace.database().connect(read_only=True) as connection:
        return items.load_items(connection, ids)


def _own_id(workspace: Workspace, spec: SearchSpec) -> int | None:
    return None if spec.like is None else _item(workspace, spec.like).item_id
