"""Rows about failures, spaces, indexes, splits, heads, suggestions, queues and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from embedkit.errors import EmbedkitError
from embedkit.stores import judgements, runs, spaces
from embedkit.stores.database import Database
from embedkit.stores.items import ItemRow
from embedkit.types import EncoderSpec, Label

Commit = Callable[[list[ItemRow]], None]
BROKEN, FINE = b"\1" * 32, b"\2" * 32
PICTURE = runs.Failure("encode", "clip/image", "", "a.jpg", "the file is truncated", sha256=BROKEN)
MISSING = runs.Failure("picture", "image", "b", "b.jpg", "there is no such file", item_id=2)
SPEC = EncoderSpec("clip", "image", 4, "w", {"size": 64}, "clip", "pad")
HEAD = judgements.HeadRecord(
    "probe-1", "probe", ("clip/image",), ("é", "b"), "h", {"C": 1}, {"f1": 0.5}, {"temperature": 2}, 1, 1
)


def read_catalogue(database: Database, run_id: int, failures: list[runs.Failure]) -> None:
    """Note a reading and what failed in it."""
    with database.connect(read_only=False) as connection:
        runs.record_catalogue(connection, run_id, runs.CatalogueRecord("c.csv", None, {}, {}))
        runs.record_failures(connection, run_id, failures)


def listed(database: Database) -> list[tuple[str, str | None]]:
    with database.connect(read_only=True) as connection:
        return [(failure.key, failure.cause) for failure in runs.current_failures(connection)]


def test_a_missing_picture_is_listed_until_a_reading_finds_it(database: Database) -> None:
    read_catalogue(database, 1, [MISSING])
    assert listed(database) == [("b", "there is no such file")]
    read_catalogue(database, 2, [])
    assert listed(database) == []


def test_a_broken_picture_is_listed_for_each_listing_that_has_it(database: Database, index_catalogue: Commit) -> None:
    index_catalogue(
        [ItemRow("a", image_sha256=BROKEN), ItemRow("b", image_sha256=FINE), ItemRow("c", image_sha256=BROKEN)]
    )
    read_catalogue(database, 1, [PICTURE])
    read_catalogue(database, 2, [])
    assert listed(database) == [("a", "the file is truncated"), ("c", "the file is truncated")]


def test_a_broken_picture_that_was_replaced_is_no_longer_listed(database: Database, index_catalogue: Commit) -> None:
    index_catalogue([ItemRow("a", image_sha256=BROKEN)])
    read_catalogue(database, 1, [PICTURE])
    index_catalogue([ItemRow("a", image_sha256=FINE)])
    assert listed(database) == []


def test_a_content_that_failed_is_known_until_it_is_mended(database: Database, index_catalogue: Commit) -> None:
    index_catalogue([ItemRow("a", image_sha256=BROKEN)])
    with database.connect(read_only=False) as connection:
        runs.record_failures(connection, 1, [PICTURE])
        assert runs.known_failures(connection, "encode", "clip/image") == {BROKEN: "the file is truncated"}
        runs.mend_failures(connection, 2, "encode", "clip/image", [BROKEN])
        assert runs.known_failures(connection, "encode", "clip/image") == {}
        assert runs.current_failures(connection) == []


def test_the_last_catalogue_is_the_one_that_counts(database: Database) -> None:
    with database.connect(read_only=False) as connection:
        assert runs.last_catalogue(connection) is None
        record = runs.CatalogueRecord("c.csv", "pics", {"key": ["id"]}, {"price": "DOUBLE"}, ">>")
        runs.record_catalogue(connection, 1, replace(record, source="old.csv"))
        runs.record_catalogue(connection, 2, record)
        assert runs.last_catalogue(connection) == record


def test_a_space_is_registered_once_and_gives_back_its_encoder(database: Database) -> None:
    with database.connect(read_only=False) as connection:
        spaces.register_space(connection, SPEC, "cpu")
        spaces.register_space(connection, SPEC, "cuda")
        assert spaces.load_spaces(connection) == [spaces.SpaceRecord(SPEC.space, SPEC, "cpu")]


def test_the_newest_index_of_a_space_is_the_one_that_counts(database: Database) -> None:
    record = spaces.IndexRecord("s", "s.faiss", "flat", {"n": 2}, 2, b"\1" * 32, 1.0, 0.5, 0.1)
    with database.connect(read_only=False) as connection:
        assert spaces.last_index(connection, "s") is None
        spaces.record_index(connection, record)
        spaces.record_index(connection, replace(record, rows=3))
        assert spaces.last_index(connection, "s") == replace(record, rows=3, index_id=2)


def test_the_digest_of_a_set_of_contents_knows_no_order_but_every_member() -> None:
    one, two = (1, BROKEN), (2, FINE)
    assert spaces.content_sha256([one, two]) == spaces.content_sha256([two, one])
    assert spaces.content_sha256([one, two]) != spaces.content_sha256([(2, BROKEN), (1, FINE)])


def test_a_new_split_replaces_the_one_before(database: Database) -> None:
    with database.connect(read_only=False) as connection:
        assert judgements.load_split(connection) is None
        for run_id, train in ((1, [True, True]), (2, [False, True])):
            split = judgements.Split(np.array([5, 3]), np.array(train), np.array([9, 9]), 4)
            judgements.record_split(connection, run_id, split)
        loaded = judgements.load_split(connection)
    assert loaded is not None
    assert (loaded.ids.tolist(), loaded.train.tolist(), loaded.seed) == ([3, 5], [True, False], 4)


def test_a_head_comes_back_as_it_was_recorded(database: Database) -> None:
    with database.connect(read_only=False) as connection:
        judgements.record_head(connection, HEAD)
        (loaded,) = judgements.load_heads(connection)
    assert replace(loaded, created_at=None) == HEAD


def test_the_suggestions_of_the_newest_run_are_loaded(database: Database) -> None:
    with database.connect(read_only=False) as connection:
        for run_id, best in ((1, 0.5), (2, 0.75)):
            ones = np.ones(1, dtype=np.float32)
            made = judgements.Suggestions(
                np.array([7]), [["b", "é"]], np.array([[best, 0.25]]), ones, ones, ["review"], ["low"], np.array([True])
            )
            judgements.record_predictions(connection, run_id, "probe-1", made)
        loaded = judgements.load_predictions(connection, "probe-1")
    assert loaded == [judgements.Suggestion(7, ("b", "é"), (0.75, 0.25), 1.0, 1.0, "review", "low", True)]


def test_a_queue_keeps_its_order_and_the_newest_batch_is_the_default(database: Database) -> None:
    queue = [judgements.ReviewItem(i, "probe-1", 1 / i, ("low margin", "novel"), "doubt") for i in (3, 1, 2)]
    with database.connect(read_only=False) as connection:
        assert judgements.record_review(connection, 1, queue[:1]) == 1
        assert judgements.record_review(connection, 2, queue) == 2
        assert judgements.load_review(connection) == queue
        assert judgements.load_review(connection, 1) == queue[:1]


def test_answers_are_kept_all_in_the_order_they_were_given(database: Database) -> None:
    later = Label(1, "b", "annotator", "audit", "zoë", "2031-05-17T09:30:00+02:00")
    earlier = Label(1, "a", "annotator", "doubt", "bo", "2031-05-17T07:00:00Z")
    with database.connect(read_only=False) as connection:
        judgements.record_labels(connection, 1, [later])
        judgements.record_labels(connection, 1, [earlier], [{"task": 4}])
        loaded = judgements.load_labels(connection)
    assert [(label.label, label.when) for label in loaded] == [
        ("a", "2031-05-17T07:00:00+00:00"),
        ("b", "2031-05-17T07:30:00+00:00"),
    ]


def test_an_answer_with_a_senseless_date_is_refused(database: Database) -> None:
    with database.connect(read_only=False) as connection, pytest.raises(EmbedkitError, match="'yesterday'"):
        judgements.record_labels(connection, 1, [Label(1, "a", "annotator", "doubt", "bo", "yesterday")])


def test_nothing_to_record_is_no_error(database: Database) -> None:
    with database.connect(read_only=False) as connection:
        assert judgements.record_labels(connection, 1, []) == 0
        assert runs.record_failures(connection, 1, []) == 0
        assert judgements.load_review(connection) == []
        assert judgements.load_predictions(connection, "none") == []
