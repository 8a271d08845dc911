"""What a workspace holds, at a glance: counts, and plain columns where every listing is asked for."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from embedkit.stores.database import Connection, fetch

NEWEST = "run_id = (SELECT max(run_id) FROM predictions WHERE head_id = $1)"


class Counts(NamedTuple):
    """How many listings the catalogue has, and of how many of them what is known."""

    listings: int
    with_picture: int
    with_text: int
    with_category: int


def count_listings(connection: Connection) -> Counts:
    """Return how many listings there are, with what."""
    rows = connection.execute(
        "SELECT count(*), count(image_sha256), count(text_sha256), count(*) FILTER (len(category) > 0) FROM items"
    ).fetchall()
    return Counts(*(int(count) for count in rows[0]))


class Decided(NamedTuple):
    """How many listings a head gave a category, and how many of those were accepted; the others are for review."""

    category: str
    accepted: int
    review: int


def count_decisions(connection: Connection, head_id: str) -> list[Decided]:
    """Return what became of the catalogue's listings in a head's newest run, a row a category, the largest first."""
    rows = connection.execute(
        "SELECT labels[1] AS category, count(*) FILTER (decision = 'accept'), count(*) FILTER (decision <> 'accept')"
        " FROM predictions SEMI JOIN items USING (item_id)"
        f" WHERE head_id = $1 AND {NEWEST} GROUP BY category ORDER BY count(*) DESC, category",
        [head_id],
    ).fetchall()
    return [Decided(category, int(accepted), int(review)) for category, accepted, review in rows]


class Encoded(NamedTuple):
    """How many vectors of a space are stored, and the seconds that encoding and decoding them took."""

    space: str
    vectors: int
    encode_s: float
    decode_s: float


def count_vectors(connection: Connection) -> list[Encoded]:
    """Return what was encoded, a row a space, the oldest first."""
    rows = connection.execute(
        "SELECT space, coalesce(sum(rows), 0), coalesce(sum(encode_s), 0), coalesce(sum(decode_s), 0)"
        " FROM spaces LEFT JOIN shards USING (space) GROUP BY space, spaces.created_at"
        " ORDER BY spaces.created_at, space"
    ).fetchall()
    return [Encoded(space, int(vectors), float(encode), float(decode)) for space, vectors, encode, decode in rows]


def predicting_heads(connection: Connection) -> list[str]:
    """Return the heads whose predictions are stored, that of the newest run first."""
    rows = connection.execute(
        "SELECT head_id FROM predictions GROUP BY head_id ORDER BY max(run_id) DESC, head_id"
    ).fetchall()
    return [str(head_id) for (head_id,) in rows]


def load_judged(connection: Connection, head_id: str) -> pa.Table:
    """Return a row for each listing of a head's newest run, by rising item: what it is and what the head said.

    Columns item_id, key, title, predicted, confidence, second, second_confidence (null where there is none), decision,
    reason.
    """
    return fetch(
        connection,
        "SELECT item_id, key, title, labels[1] AS predicted, probs[1] AS confidence, labels[2] AS second,"
        " probs[2] AS second_confidence, decision, reason"
        f" FROM predictions JOIN items USING (item_id) WHERE head_id = $1 AND predictions.{NEWEST} ORDER BY item_id",
        [head_id],
    )


class Said(NamedTuple):
    """What a head says of one listing: its likeliest categories, best first, and the decision."""

    head_id: str
    labels: tuple[str, ...]
    probs: tuple[float, ...]
    decision: str
    reason: str


def load_said(connection: Connection, item_id: int) -> list[Said]:
    """Return what each head says of one listing, in its newest run of that listing; that of the newest run first."""
    rows = connection.execute(
        "SELECT head_id, labels, probs, decision, reason FROM predictions WHERE item_id = ?"
        " QUALIFY row_number() OVER (PARTITION BY head_id ORDER BY run_id DESC) = 1 ORDER BY run_id DESC",
        [item_id],
    ).fetchall()
    return [Said(head_id, tuple(labels), tuple(probs), *rest) for head_id, labels, probs, *rest in rows]


def first_keys(connection: Connection, count: int) -> list[tuple[str, str]]:
    """Return the keys and titles of the first listings, by item."""
    rows = connection.execute("SELECT key, title FROM items ORDER BY item_id LIMIT ?", [count]).fetchall()
    return [(str(key), str(title)) for key, title in rows]
