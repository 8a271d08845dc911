"""Shards: complete or absent, found by content, refused when damaged."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from store_worlds import sha, some_features

from embedkit.errors import EmbedkitError, SpaceMismatch, WorkspaceError
from embedkit.stores import lock
from embedkit.stores.database import Database
from embedkit.stores.lock import WorkspaceLock
from embedkit.stores.shards import FeatureStore, ShardWriter, folder_of
from embedkit.types import Features

SPACE = "colour/image/pad@1"
WRITE_FOR_EVER = """
import hashlib, sys
from pathlib import Path
import numpy as np
from embedkit.stores import lock
from embedkit.stores.database import Database
from embedkit.stores.shards import FeatureStore, ShardWriter
root, total = Path(sys.argv[1]), int(sys.argv[2])
database = Database(root / "catalog.duckdb")
store = FeatureStore(database, root / "features")
with lock.hold(root / ".lock", "index") as held:
    store.sweep_orphans(held)
    done = store.present("s/a")
    print("begun", flush=True)
    with ShardWriter(database, store.root, "s/a", 4, 1, rows_per_shard=7) as writer:
        for number in range(total):
            digest = hashlib.sha256(str(number).encode()).digest()
            if digest not in done:
                writer.add([number], [digest], np.eye(4, dtype=np.float32)[[number % 4]])
"""


def write(store: FeatureStore, features: Features, contents: list[str], rows_per_shard: int = 3) -> None:
    """Write features whose contents are these strings."""
    with ShardWriter(store.database, store.root, features.space, features.dim, 1, rows_per_shard) as writer:
        for row, content in enumerate(contents):
            writer.add(features.ids[row : row + 1], [sha(content)], features.vectors[row : row + 1])


def naive(features: Features, contents: list[str], wanted: list[str | None]) -> list[list[float]]:
    """Return the float16 vector of each wanted content by a plain search, for those that there are."""
    rows = [contents.index(content) for content in wanted if content in contents]
    stored = features.vectors[rows].astype(np.float16).astype(np.float64)
    return (stored / np.linalg.norm(stored, axis=1, keepdims=True)).tolist()


def test_vectors_come_back_by_content_in_the_order_asked_for(store: FeatureStore) -> None:
    features, contents = some_features(8, dim=5), list("abcdefgh")
    write(store, features, contents)
    wanted: list[str | None] = ["h", None, "a", "nowhere", "d", "a"]
    loaded = store.load_features(SPACE, np.arange(6), [None if one is None else sha(one) for one in wanted])
    assert loaded.ids.tolist() == [0, 2, 4, 5]
    np.testing.assert_allclose(loaded.vectors, naive(features, contents, wanted), atol=1e-6)


def test_loaded_vectors_have_unit_length_although_stored_in_half_precision(store: FeatureStore) -> None:
    write(store, some_features(50, dim=64), [str(n) for n in range(50)], rows_per_shard=20)
    loaded = store.load_features(SPACE, np.arange(50), [sha(str(n)) for n in range(50)])
    np.testing.assert_allclose(np.linalg.norm(loaded.vectors.astype(np.float64), axis=1), 1, atol=1e-6)


def test_the_contents_that_are_present_are_those_of_all_shards(store: FeatureStore) -> None:
    write(store, some_features(4), list("abcd"))
    assert store.present(SPACE) == {sha(one) for one in "abcd"}
    assert [shard.rows for shard in store.shards(SPACE)] == [3, 1]


def test_a_space_without_shards_has_no_features(store: FeatureStore) -> None:
    assert len(store.load_features(SPACE, np.array([1]), [sha("a")])) == 0
    assert store.present(SPACE) == set()


def test_no_items_have_no_features(store: FeatureStore) -> None:
    write(store, some_features(1), ["a"])
    assert store.load_features(SPACE, np.array([], dtype=np.int64), []).vectors.shape == (0, 8)


def test_what_was_encoded_before_an_interruption_is_kept(store: FeatureStore) -> None:
    features = some_features(1)

    def interrupted() -> None:
        with ShardWriter(store.database, store.root, SPACE, 8, 1) as writer:
            writer.add(features.ids, [sha("a")], features.vectors)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.present(SPACE) == {sha("a")}


def test_a_slow_encoder_commits_by_the_clock(store: FeatureStore) -> None:
    features = some_features(1)
    with ShardWriter(store.database, store.root, SPACE, 8, 1, seconds_per_shard=0) as writer:
        writer.add(features.ids, [sha("a")], features.vectors)
        assert store.present(SPACE) == {sha("a")}


def test_a_vector_that_is_no_number_is_never_written(store: FeatureStore) -> None:
    bad = np.full((1, 8), np.nan, dtype=np.float32)
    with (
        pytest.raises(EmbedkitError, match="length nan"),
        ShardWriter(store.database, store.root, SPACE, 8, 1) as writer,
    ):
        writer.add([1], [sha("a")], bad)
    assert store.shards() == []


def test_orphans_are_swept_and_named_and_shards_are_not(store: FeatureStore, held: WorkspaceLock) -> None:
    write(store, some_features(1), ["a"])
    orphans = [store.root / SPACE / "00009.arrow", store.root / SPACE / "00010.arrow.123.partial"]
    for path in orphans:
        path.write_bytes(b"half")
    assert store.sweep_orphans(held) == [f"{SPACE}/00009.arrow", f"{SPACE}/00010.arrow.123.partial"]
    assert store.present(SPACE) == {sha("a")}


def test_sweeping_an_empty_workspace_finds_nothing(store: FeatureStore, held: WorkspaceLock) -> None:
    assert store.sweep_orphans(held) == []


def damage(path: Path, how: str) -> None:
    whole = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(whole[:-100] if how == "truncated" else b"\0" * len(whole))


@pytest.mark.parametrize("how", ["missing", "truncated", "no longer Arrow"])
def test_a_damaged_shard_is_refused_by_name_and_can_be_dropped(
    store: FeatureStore, held: WorkspaceLock, how: str
) -> None:
    write(store, some_features(4), list("abcd"))
    (first, second) = store.shards()
    damage(store.root / first.file, how)
    with pytest.raises(WorkspaceError, match=f"{first.file} cannot be used"):
        store.load_features(SPACE, np.arange(2), [sha("a"), sha("d")])
    assert [file for file, _ in store.damaged()] == [first.file]
    store.drop_shard(first.file, held)
    assert store.present(SPACE) == {sha("d")}
    assert (store.root / second.file).exists()


def test_a_vector_without_length_in_a_file_of_the_right_size_is_noticed(store: FeatureStore) -> None:
    write(store, some_features(2), list("ab"))
    path = store.root / store.shards()[0].file
    stored = some_features(2).vectors[:1].astype(np.float16).tobytes()
    path.write_bytes(path.read_bytes().replace(stored, b"\0" * len(stored)))
    with pytest.raises(WorkspaceError, match="not of unit length"):
        store.load_features(SPACE, np.arange(1), [sha("a")])


def test_a_changed_byte_is_found_by_the_thorough_check_only(store: FeatureStore) -> None:
    write(store, some_features(1), ["a"])
    path = store.root / store.shards()[0].file
    path.write_bytes(path.read_bytes().replace(sha("a"), sha("b")))
    assert store.damaged() == []
    assert [cause for _, cause in store.damaged(thorough=True)] == [f"the bytes of {path} have changed"]


def test_a_shard_of_another_space_is_refused(store: FeatureStore) -> None:
    features = some_features(1)
    write(store, features, ["a"])
    write(store, replace(features, space="colour/image/pad@2"), ["a"])
    first, second = store.shards()
    (store.root / first.file).write_bytes((store.root / second.file).read_bytes())
    with pytest.raises(SpaceMismatch, match="pad@2"):
        store.present(SPACE)


@pytest.mark.parametrize("name", ["../out", "a/../../b", "/etc", "a//b", ""])
def test_a_space_cannot_lead_out_of_its_folder(name: str) -> None:
    with pytest.raises(WorkspaceError, match="cannot name a folder"):
        folder_of(name)


def test_killed_at_any_moment_nothing_is_doubled_or_lost(database: Database, tmp_path: Path) -> None:
    store, moments, total = FeatureStore(database, tmp_path / "features"), random.Random(5), 70
    args = [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path), str(total)]
    for _ in range(3):
        with subprocess.Popen(args, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(moments.uniform(0.02, 0.5))
            writer.kill()
        with lock.hold(tmp_path / ".lock", "index") as held:
            store.sweep_orphans(held)
        assert sum(shard.rows for shard in store.shards()) == len(store.present("s/a"))
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL)
    assert store.present("s/a") == {sha(str(number)) for number in range(total)}
    assert sum(shard.rows for shard in store.shards()) == total
    files = {path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file()}
    assert files == {shard.file for shard in store.shards()}
