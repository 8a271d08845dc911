"""Kill an index run at random moments, run it again each time, and count what is there.

    python benchmarks/kill_index.py --listings 2000 --kills 20

The catalogue is generated and encoded with the bundled encoders. Each kill is followed by a plain run; after it, every
listing and every vector must be there exactly once. Exits with 1 if not.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from embedkit.demo.generate import write_marketplace
from embedkit.stores import items
from embedkit.workspace import Workspace


def command(catalog: Path, images: Path, root: Path) -> list[str]:
    """Return the command line of one run."""
    arguments = ["index", str(catalog), "--images", str(images), "-w", str(root)]
    return [sys.executable, "-c", "from embedkit.cli.main import run; run()", *arguments]


def counted(workspace: Workspace) -> dict[str, Any]:
    """Return how many items and vectors there are, and how many are doubled."""
    with workspace.database().connect(read_only=True) as connection:
        current = items.load_items(connection)
    found: dict[str, Any] = {"items": len(current), "keys": len({item.key for item in current})}
    store = workspace.vectors()
    for space in sorted({shard.space for shard in store.shards()}):
        digests = Counter(d for shard in store.shards(space) for d in store.digests(shard))
        found[space] = {"vectors": sum(digests.values()), "doubled": sum(n > 1 for n in digests.values())}
    return found


def main() -> int:
    """Print a row a kill; return 1 if a count was off."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listings", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the rows as JSON")
    options = parser.parse_args()
    moments = random.Random(options.seed)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        made = write_marketplace(Path(folder) / "shop", -(-options.listings // 7), options.seed)
        whole = Workspace(Path(folder) / "whole")
        started = time.monotonic()
        subprocess.run(command(made.catalog, made.images, whole.root), check=False, capture_output=True)
        seconds, wanted = time.monotonic() - started, counted(whole)
        print(f"unkilled: {seconds:.1f} s, {json.dumps(wanted)}")
        for kill in range(options.kills):
            workspace, after = Workspace(Path(folder) / f"killed-{kill}"), moments.uniform(0.0, seconds)
            run = subprocess.Popen(
                command(made.catalog, made.images, workspace.root), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(after)
            run.send_signal(signal.SIGKILL)
            run.wait()
            subprocess.run(command(made.catalog, made.images, workspace.root), check=False, capture_output=True)
            exact = counted(workspace) == wanted
            rows.append({"kill": kill, "after_s": round(after, 2), "exact": exact})
            print(f"killed after {after:5.1f} s: {'exact' if exact else json.dumps(counted(workspace))}", flush=True)
    print(f"{sum(row['exact'] for row in rows)} of {len(rows)} exact")
    if options.out:
        options.out.write_text(json.dumps({"wanted": wanted, "rows": rows}, indent=1))
    return 0 if all(row["exact"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
