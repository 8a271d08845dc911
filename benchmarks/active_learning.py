"""Print how many answers each way of choosing listings needs: the review loop, replayed with the truth as annotator.

    python benchmarks/active_learning.py --data ../shared/data --png curves.png --json curves.json
    python benchmarks/active_learning.py --workspace flipkart-workspace --seeds 5

Each seed keeps 30 % of the listings aside, near-duplicates together, and starts from the same few answers, drawn at
random. Then each strategy asks for a batch, gets the truth, trains a probe on all answers so far, and is tested on
what was kept aside. `ours` is embedkit.select.draw_batch as the verbs use it, its audit share and all; `uncertainty`
takes the least confident; `random` any. What is counted are answers: a near-duplicate that an answer settles costs
nobody anything, in `ours` alone. The goal is a share of the accuracy with every label there is; a strategy reaches it
where the mean of its curves over the seeds first does. Nothing is written to a workspace that is named.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from bundled_data import in_tenth, tenths_aside
from learning_curves import Curve, draw_curves, needed, table
from numpy.typing import NDArray

from embedkit.blocks import GRAMS
from embedkit.ground import Ground, GroundSpec, survey
from embedkit.heads.blocks import align
from embedkit.heads.promise import PromisePolicy, decide
from embedkit.heads.train import HeadSpec, TrainedHead, fit_head
from embedkit.review import Facts, standing_of, vectors_of
from embedkit.select import Queued, draw_batch
from embedkit.stages import index
from embedkit.types import Block, Float32, Int64, ReviewPolicy, no_progress
from embedkit.workspace import Workspace

TEST_SHARE = 0.3


@dataclass(frozen=True)
class Catalogue:
    """A catalogue to replay on: its table inside the data folder, how to read it, and how the replay is cut.

    `unseen`: only listings whose picture is kept aside from the bundled encoders' training; at most `subset` of them.
    """

    table: str
    columns: dict[str, tuple[str, ...]]
    unseen: bool
    subset: int | None
    start: int
    batch: int
    most: int


CATALOGUES = {
    "flipkart": Catalogue("flipkart/products.csv", {}, False, None, 20, 10, 400),
    "fashion": Catalogue("fashion/fashion.parquet", {"category": ("sub_category",)}, True, None, 60, 40, 1200),
}


@dataclass(frozen=True)
class World:
    """One seed's listings: those to ask about (`pool`) and those kept aside (`test`), rows of the ground."""

    ground: Ground
    blocks: tuple[Block, ...]
    vectors: Float32
    pool: Int64
    test: Int64

    @classmethod
    def of(cls, workspace: Workspace, seed: int) -> World:
        """Return a seed's world."""
        ground = survey(workspace, GroundSpec(test_share=TEST_SHARE, seed=seed))
        blocks = align(ground.ids, ground.blocks)
        pool, test = np.flatnonzero(ground.train), np.flatnonzero(ground.test)
        return cls(ground, blocks, vectors_of(ground.ids, blocks), pool, test)

    def truth(self, rows: Sequence[int] | Int64) -> list[str]:
        """Return the categories of these rows."""
        return [self.ground.labels[int(row)] for row in rows]

    def fit(self, rows: Int64, labels: Sequence[str], countable: NDArray[np.bool_] | None = None) -> TrainedHead:
        """Return a probe of these rows, as `embedkit train` fits it."""
        return fit_head(
            "probe",
            self.ground.ids[rows],
            self.blocks,
            labels,
            self.ground.groups[rows],
            HeadSpec(grams=GRAMS),
            countable=countable,
        )

    def accuracy(self, head: TrainedHead) -> float:
        """Return the share of the listings kept aside that a head names rightly."""
        said = head.predict(self.ground.ids[self.test], self.blocks).label
        return float(np.mean([one == true for one, true in zip(said, self.truth(self.test), strict=True)]))


@dataclass
class Answers:
    """What is known so far: each row's category, which rows were drawn at random, and how many people were asked."""

    known: dict[int, str]
    at_random: set[int]
    asked: int

    @property
    def rows(self) -> Int64:
        """The rows whose category is known, rising."""
        return np.array(sorted(self.known), dtype=np.int64)


Strategy = Callable[[World, TrainedHead, Answers, int, np.random.Generator], None]


def ask_ours(world: World, head: TrainedHead, answers: Answers, batch: int, rng: np.random.Generator) -> None:
    """Ask about the batch that embedkit would draw; an answer settles the near-duplicates that it names."""
    ids = world.ground.ids[world.pool]
    predictions = head.predict(ids, world.blocks)
    policy = ReviewPolicy(budget=batch)
    decisions = decide(head.evidence(), predictions, PromisePolicy(policy.promise))
    answered = np.isin(world.pool, answers.rows)
    nothing = np.zeros(len(ids), dtype=bool)
    facts = Facts(
        groups=world.ground.groups[world.pool],
        vectors=world.vectors[world.pool],
        given=np.full(len(ids), -1),
        labelled=answered,
        weight=np.ones(len(ids)),
        out=nothing,
        answered=answered,
        tie=nothing,
    )
    row_of = dict(zip(ids.tolist(), world.pool.tolist(), strict=True))
    drawn: list[Queued] = draw_batch(standing_of(head, predictions, decisions, world.blocks, facts), policy, rng)
    for queued in drawn:
        row = row_of[queued.item_id]
        if queued.drawn_by == "audit":
            answers.at_random.add(row)
        if row not in answers.known:
            answers.asked += 1
            answers.known |= {row_of[i]: world.ground.labels[row] for i in (queued.item_id, *queued.also)}


def ask_least_sure(world: World, head: TrainedHead, answers: Answers, batch: int, rng: np.random.Generator) -> None:
    """Ask about the listings that the head is least sure of."""
    rows = np.setdiff1d(world.pool, answers.rows)
    confidence = head.predict(world.ground.ids[rows], world.blocks).confidence
    _ask(world, answers, rows[np.argsort(confidence, kind="stable")[:batch]])


def ask_any(world: World, head: TrainedHead, answers: Answers, batch: int, rng: np.random.Generator) -> None:
    """Ask about any listings."""
    rows = np.setdiff1d(world.pool, answers.rows)
    chosen = rng.choice(rows, size=min(batch, len(rows)), replace=False)
    answers.at_random |= set(chosen.tolist())
    _ask(world, answers, chosen)


def _ask(world: World, answers: Answers, rows: Int64) -> None:
    answers.known |= dict(zip(rows.tolist(), world.truth(rows), strict=True))
    answers.asked += len(rows)


STRATEGIES: dict[str, Strategy] = {"ours": ask_ours, "uncertainty": ask_least_sure, "random": ask_any}


def replay(world: World, strategy: Strategy, cut: Catalogue, seed: int) -> Curve:
    """Return a learning curve: how many were asked, and the accuracy then, batch after batch."""
    rng = np.random.default_rng(seed)
    first = rng.choice(world.pool, size=cut.start, replace=False)
    answers = Answers({}, set(first.tolist()), 0)
    _ask(world, answers, first)
    curve: Curve = []
    while True:
        rows = answers.rows
        countable = np.isin(rows, list(answers.at_random))
        head = world.fit(rows, [answers.known[int(row)] for row in rows], countable)
        curve.append((answers.asked, world.accuracy(head)))
        if answers.asked >= cut.most or len(rows) == len(world.pool):
            return curve
        before = answers.asked
        strategy(world, head, answers, min(cut.batch, cut.most - before), rng)
        if answers.asked == before:
            return curve


def indexed(data: Path, name: str, cut: Catalogue, folder: Path) -> Workspace:
    """Return a workspace in which a catalogue, or as many of its listings as the cut says, is indexed."""
    source = data / cut.table
    if cut.unseen:
        table = pq.read_table(source)
        tenths = tenths_aside(len(table))
        rows = np.flatnonzero([in_tenth(_bytes(cell), tenths) for cell in table["image"].to_pylist()])
        rows = np.sort(np.random.default_rng(0).permutation(rows)[: cut.subset])
        source = folder / f"{name}.parquet"
        pq.write_table(table.take(rows), source)
    workspace = Workspace(folder / f"{name}-workspace")
    index.run(workspace, index.IndexSpec(source, columns=cut.columns), print, no_progress)
    return workspace


def _bytes(cell: Any) -> bytes:
    return bytes(cell["bytes"] if isinstance(cell, dict) else cell)


def run_catalogue(
    workspace: Workspace, cut: Catalogue, seeds: int, strategies: Sequence[str], share: float
) -> Iterator[dict[str, Any]]:
    """Yield the curves of each strategy, the goal, and how many answers each needs, of one seed more each time."""
    full: list[float] = []
    curves: dict[str, list[Curve]] = {name: [] for name in strategies}
    for seed in range(seeds):
        world = World.of(workspace, seed)
        full.append(world.accuracy(world.fit(world.pool, world.truth(world.pool))))
        print(f"seed {seed}: {len(world.pool)} to ask about, {len(world.test)} kept aside, all labels {full[-1]:.4f}")
        for name in strategies:
            started = time.perf_counter()
            curves[name].append(replay(world, STRATEGIES[name], cut, seed))
            few = "  ".join(
                f"{count} {one:.3f}" for count, one in curves[name][-1][:: max(1, len(curves[name][-1]) // 8)]
            )
            print(f"  {name:12} {few}  ({time.perf_counter() - started:.0f} s)", flush=True)
        goal = share * float(np.mean(full))
        yield {
            "cut": asdict(cut),
            "full": full,
            "goal": goal,
            "needed": {name: needed(curves[name], goal) for name in strategies},
            "curves": curves,
        }


def options() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="a folder that holds flipkart/ and fashion/; they are indexed first")
    source.add_argument("--workspace", type=Path, help="a catalogue that is indexed already")
    parser.add_argument("--catalogue", nargs="+", choices=list(CATALOGUES), default=list(CATALOGUES))
    parser.add_argument("--subset", type=int, help="so many listings of fashion, where it has more")
    parser.add_argument("--strategies", nargs="+", choices=list(STRATEGIES), default=list(STRATEGIES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--start", type=int, help="answers before the first batch")
    parser.add_argument("--batch", type=int, help="answers a batch")
    parser.add_argument("--most", type=int, help="answers after which a replay ends")
    parser.add_argument("--share", type=float, default=0.98, help="of the accuracy with all labels")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--png", type=Path)
    return parser.parse_args()


def main() -> None:
    """Replay, print what each strategy needs, and write the curves if asked."""
    asked = options()
    knobs = {name: getattr(asked, name) for name in ("subset", "start", "batch", "most") if getattr(asked, name)}
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        names = asked.catalogue if asked.data else [asked.workspace.name]
        for name in names:
            cut = replace(CATALOGUES[name] if asked.data else CATALOGUES["flipkart"], **knobs)
            workspace = indexed(asked.data, name, cut, Path(folder)) if asked.data else Workspace(asked.workspace)
            for result in run_catalogue(workspace, cut, asked.seeds, asked.strategies, asked.share):
                results[name] = result
                if asked.json:  # after each seed: what was measured is not lost with what was not
                    asked.json.write_text(json.dumps({"share": asked.share, "catalogues": results}, indent=1))
            print(table(name, results[name], asked.share), flush=True)
    if asked.png:
        draw_curves(results, asked.png)


if __name__ == "__main__":
    main()
