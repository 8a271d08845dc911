"""How long the dashboard's first page takes, from the address to its figures, in Chromium with an empty cache.

    python benchmarks/dashboard_speed.py --listings 1050 --listings 100000
    python benchmarks/dashboard_speed.py --workspace demo-workspace

It makes a workspace of so many listings with random vectors, without encoding anything, starts the dashboard on it, and
goes to its first page several times, each time as somebody new. It prints a table and writes it as JSON: seconds until
the server answers, seconds by the clock until the figures stand there and until the charts are drawn (the first visit,
the median, the fastest), and seconds of processor time of server and browser together, which other work on the machine
hardly touches.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from embedkit.stores import items, judgements, promotions, runs, shards, spaces
from embedkit.types import EncoderSpec
from embedkit.workspace import Workspace

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
CATEGORIES, DIM, SHARD_ROWS = 27, 64, 20_000
FIGURES = ".ek-figures dd"
CHARTS = "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"


def main() -> None:
    """Print and write the measurements that the options ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listings", type=int, action="append", default=[])
    parser.add_argument("--workspace", type=Path, help="measure this one instead of making any")
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--warm-s", type=float, default=10.0, help="wait so long between the start and the first visit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("dashboard_speed.json"))
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="embedkit-bench-") as folder:
        for count in [] if options.workspace else options.listings or [1_050, 100_000]:
            workspace = Workspace(Path(folder) / str(count))
            make_workspace(workspace, count, options.seed)
            rows.append(measured(workspace.root, options.visits, options.warm_s))
        if options.workspace:
            rows.append(measured(options.workspace, options.visits, options.warm_s))
    about = {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    options.out.write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"{about['cores']} cores, load {about['load']:.1f}")
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))


def make_workspace(workspace: Workspace, count: int, seed: int) -> None:
    """Make a workspace of so many listings, encoded, split, trained on and classified; all of it is random."""
    rng = np.random.default_rng(seed)
    workspace.create()
    database = workspace.database()
    database.create()
    names = tuple(f"Category {number:02d}" for number in range(CATEGORIES))
    spec = EncoderSpec("random", "image", DIM, "0" * 64, {}, "random@0", "plain")
    digests = [hashlib.sha256(str(number).encode()).digest() for number in range(count)]
    given = rng.integers(CATEGORIES, size=count)
    rows = [
        items.ItemRow(
            key=f"SY-{number:06d}",
            title=f"Listing number {number} of {names[given[number]]}",
            text="A text of the length that listings have, with some words in it. " * 6,
            picture=f"{number}.jpg",
            category=(names[given[number]], "Sub"),
            attributes={"price": number % 997, "brand": f"Brand {number % 50}"},
            image_sha256=digests[number],
            text_sha256=digests[number],
        )
        for number in range(count)
    ]
    with database.connect(read_only=False) as connection:
        run_id = runs.begin_run(connection, "index", {})
        runs.record_catalogue(connection, run_id, runs.CatalogueRecord(str(workspace.root / "no.csv"), None, {}, {}))
        items.commit_items(connection, run_id, items.plan_items({}, rows))
        spaces.register_space(connection, spec, "cpu")
    ids = np.arange(1, count + 1)
    with shards.ShardWriter(database, workspace.features, spec.space, DIM, run_id) as writer:
        for start in range(0, count, SHARD_ROWS):
            part = slice(start, start + SHARD_ROWS)
            vectors = rng.standard_normal((len(ids[part]), DIM)).astype(np.float32)
            writer.add(ids[part], digests[part], vectors, encode_s=1.0, decode_s=1.0)
    with database.connect(read_only=False) as connection:
        runs.finish_run(connection, run_id, 0, {"encoders": []})
        _judge(connection, names, spec.space, ids, rng)


def _judge(connection: Any, names: tuple[str, ...], space: str, ids: Any, rng: np.random.Generator) -> None:
    """Record a head that was trained and promoted, and what it said of every listing."""
    count = len(ids)
    run_id = runs.begin_run(connection, "train", {})
    split = judgements.Split(ids, rng.random(count) < 0.8, ids, 0)
    judgements.record_split(connection, run_id, split)
    metrics = {"test_accuracy": 0.95, "test_low": 0.94, "test_high": 0.96, "test_n": count // 5}
    head = judgements.HeadRecord("probe-random", "probe", (space,), names, "none", {}, metrics, {}, 1, run_id)
    judgements.record_head(connection, head)
    promotions.promote(connection, promotions.Promotion("probe-random", None, "first", run_id=run_id))
    runs.finish_run(connection, run_id, 0, {"head_id": "probe-random"})
    run_id = runs.begin_run(connection, "classify", {"promise": 0.98})
    columns = rng.integers(CATEGORIES, size=(count, 3))
    probs = np.sort(rng.dirichlet([6.0, 1.0, 0.5], size=count).astype(np.float32))[:, ::-1]
    made = judgements.Suggestions(
        ids=ids,
        labels=[[names[column] for column in row] for row in columns],
        probs=probs,
        margin=probs[:, 0] - probs[:, 1],
        entropy=probs[:, 2],
        decision=["accept" if top > 0.8 else "review" for top in probs[:, 0]],
        reason=["sure enough" if top > 0.8 else "not sure enough for this category" for top in probs[:, 0]],
        out_of_fold=np.ones(count, dtype=bool),
    )
    judgements.record_predictions(connection, run_id, "probe-random", made)
    runs.finish_run(connection, run_id, 0, {})


def measured(root: Path, visits: int, warm_s: float) -> dict[str, Any]:
    """Return what the visits to one workspace's dashboard took."""
    with served(root) as (address, server, ready_s):
        time.sleep(warm_s)
        taken = [visit(address, server) for _ in range(visits)]
    figures, charts, processor = zip(*taken, strict=True)
    return {
        "workspace": root.name,
        "ready_s": round(ready_s, 2),
        "first_s": round(figures[0], 2),
        "median_s": round(statistics.median(figures), 2),
        "fastest_s": round(min(figures), 2),
        "charts_median_s": round(statistics.median(charts), 2),
        "processor_first_s": round(processor[0], 2),
        "processor_median_s": round(statistics.median(processor), 2),
    }


@contextmanager
def served(root: Path) -> Iterator[tuple[str, int, float]]:
    """Yield the dashboard's address, its process, and how many seconds it took to answer; ends it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    embedkit = str(Path(sys.executable).with_name("embedkit"))
    command = [embedkit, "dashboard", "-w", str(root), "--port", str(port)]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        while time.monotonic() - started < 120:
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.05)
        yield address, process.pid, time.monotonic() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def visit(address: str, server: int) -> tuple[float, float, float]:
    """Return seconds until the figures and until the charts are there, and of processor time until the figures."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=SWITCHES)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto("about:blank")
        before, started = processor_s(server), time.monotonic()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(FIGURES, timeout=120_000)
        figures_s, used_s = time.monotonic() - started, processor_s(server) - before
        page.wait_for_selector(CHARTS, timeout=120_000)
        charts_s = time.monotonic() - started
        browser.close()
    return figures_s, charts_s, used_s


def processor_s(server: int) -> float:
    """Return the seconds of processor time of the server and of all that descends from this process."""
    ticks, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(fields[1])
        ticks[int(folder.name)] = int(fields[11]) + int(fields[12])
    mine = {server, os.getpid()}
    while grown := {pid for pid, parent in parents.items() if parent in mine} - mine:
        mine |= grown
    return sum(ticks.get(pid, 0) for pid in mine) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
