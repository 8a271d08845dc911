"""Killed at any moment, the next run goes on from there: nothing is lost, nothing is doubled."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from embedkit.stages import index
from embedkit.stores import items
from embedkit.types import no_progress
from embedkit.workspace import Workspace
from tests.worlds import ColourRegistry, coloured, write_shop

ROOT = Path(__file__).parent.parent.parent
LISTINGS = 120
KILLS = 5
# One run with an encoder slow enough to be caught at it, and shards small enough to have many.
RUN = """
import sys, time
from functools import partial
from pathlib import Path
import embedkit.encoding as encoding
from embedkit.stages import index
from embedkit.stores import shards
from embedkit.types import no_progress
from embedkit.workspace import Workspace
from tests.worlds import ColourEncoder

class Slow(ColourEncoder):
    def embed(self, prepared):
        print("batch", flush=True)
        time.sleep(0.01)
        return super().embed(prepared)

encoding.load_encoder = lambda name, modality, options: Slow(modality, options.variant)
shards.ShardWriter = partial(shards.ShardWriter, rows_per_shard=8)
spec = index.IndexSpec(Path(sys.argv[1]), encoders=("colour",), batch=4)
index.run(Workspace(Path(sys.argv[2])), spec, lambda line: None, no_progress)
"""


def killed_run(shop: Path, workspace: Workspace, batches: int, then_s: float) -> None:
    """Start a run and kill it some moments after so many batches were begun, or let it end if it has fewer."""
    command = [sys.executable, "-c", RUN, str(shop), str(workspace.root)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for _ in range(batches):
            process.stdout.readline()
        time.sleep(then_s)
        process.send_signal(signal.SIGKILL)


def test_after_kills_at_random_moments_items_and_vectors_are_exact(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path / "shop", coloured(LISTINGS))
    moments = random.Random(3)
    caught = 0
    for _ in range(KILLS):
        killed_run(shop, workspace, moments.randint(0, 20), moments.uniform(0.0, 0.1))
        there = sum(shard.rows for shard in workspace.vectors().shards()) if workspace.catalog.exists() else 0
        caught += 0 < there < 2 * LISTINGS
    spec = index.IndexSpec(shop, encoders=("colour",))
    index.run(workspace, spec, lambda line: None, no_progress)
    with workspace.database().connect(read_only=True) as connection:
        assert len(items.load_items(connection)) == LISTINGS
        assert len(items.load_stored(connection)) == LISTINGS
    store = workspace.vectors()
    for space in {shard.space for shard in store.shards()}:
        digests = Counter(digest for shard in store.shards(space) for digest in store.digests(shard))
        assert (len(digests), set(digests.values())) == (LISTINGS, {1})
        assert len(index.indexing.open_index(workspace, space)) == LISTINGS
    files = {
        path.relative_to(workspace.features).as_posix() for path in workspace.features.rglob("*") if path.is_file()
    }
    assert files == {shard.file for shard in store.shards()}
    assert caught >= 2, "too few kills fell into the encoding"
