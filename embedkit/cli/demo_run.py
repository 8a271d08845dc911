"""What `embedkit demo` does: the verbs, one after the other, on a generated marketplace."""

from __future__ import annotations

import csv
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from embedkit import __version__
from embedkit.cli.output import as_table
from embedkit.demo.generate import write_marketplace
from embedkit.stages import classify, index, train
from embedkit.types import Progress, Say
from embedkit.workspace import Workspace

HEADS: tuple[tuple[str, train.TrainSpec], ...] = (
    ("CLIP zero-shot, no labels", train.TrainSpec("zeroshot", ("clip-image", "clip-text"))),
    ("CLIP prototype, pictures", train.TrainSpec("prototype", ("clip-image",))),
    ("DenseNet probe, pictures", train.TrainSpec("probe", ("densenet",))),
    ("CLIP probe, pictures", train.TrainSpec("probe", ("clip-image",))),
    ("CLIP probe, pictures and texts", train.TrainSpec("probe", ("clip-image", "clip-text"))),
    ("probe on all, with keywords", train.TrainSpec("probe", ("clip-image", "clip-text", "densenet", "keywords"))),
)
QUEUE = 100


@dataclass(frozen=True)
class DemoSpec:
    """Where, how large, from which seed, and what is promised."""

    workspace: Path
    listings: int
    seed: int
    promise: float

    @property
    def made(self) -> Path:
        """The file that says a demo is complete; written last."""
        return self.workspace / "reports" / "demo.json"


def run(spec: DemoSpec, say: Say, progress: Progress) -> list[str]:
    """Return the closing page; a demo that is there already is shown again, at once."""
    wanted = {**asdict(spec), "workspace": str(spec.workspace), "version": __version__}
    if spec.made.is_file():
        earlier = json.loads(spec.made.read_text(encoding="utf-8"))
        if earlier["spec"] == wanted:
            why = f"Nothing to do: this demo was made before, in {earlier['seconds']:.0f} s, and is kept in"
            return [f"{why} {spec.workspace}/. Remove that directory to see it made again.", "", *earlier["page"]]
    started = time.monotonic()
    workspace = Workspace(spec.workspace)
    folder = spec.workspace / "marketplace"
    say(f"writing a marketplace of {7 * spec.listings:,} listings to {folder}/")
    made = write_marketplace(folder, spec.listings, spec.seed, progress)
    say("")
    report = index.run(workspace, index.IndexSpec(made.catalog, images=made.images), say, progress)
    for line in report.summary:
        say(line)
    say("")
    # The last is the one to use; the others are there to be compared with it.
    last = HEADS[-1][0]
    rows = [
        _trained(workspace, name, replace(head, seed=spec.seed, promote=name == last), progress) for name, head in HEADS
    ]
    chosen = classify.ClassifySpec(
        promise=spec.promise, output=spec.workspace / "categories.csv", queue=QUEUE, seed=spec.seed
    )
    decided = classify.run(workspace, chosen, say)
    page = _page(spec, rows, decided, made.truth, report.failed)
    seconds = time.monotonic() - started
    page.append(f"\nDone in {seconds:.0f} s.")
    spec.made.write_text(json.dumps({"spec": wanted, "seconds": seconds, "page": page}, indent=1), encoding="utf-8")
    return page


def _trained(workspace: Workspace, name: str, head: train.TrainSpec, progress: Progress) -> dict[str, Any]:
    row = train.run(workspace, head, lambda line: None, progress).row
    return {
        "model": name,
        "accuracy train": f"{row['train_accuracy']:.1%}",
        "accuracy test": f"{row['test_accuracy']:.1%}",
        "95 % interval": f"{row['test_low']:.1%} to {row['test_high']:.1%}",
        "seconds": row["seconds"],
    }


def _page(
    spec: DemoSpec, rows: list[dict[str, Any]], decided: classify.Classified, truth: Path, failed: int
) -> list[str]:
    numbers, root = decided.numbers, spec.workspace
    right = _right(decided, truth)
    return [
        "Heads, trained on 80 % of the listings and tested on the rest:",
        "",
        as_table(rows),
        f"Accepted without a person, at a promise of {spec.promise:.4g}:",
        "",
        as_table(decided.per_class),
        f"{numbers['accepted']:,} of {numbers['listings']:,} accepted; {right}.",
        f"{numbers['review']:,} want a person, {numbers['queued']:,} are queued.",
        f"{failed:,} name a picture that is missing or broken, as happens: embedkit status --failed -w {root}",
        "(Sellers here file 3 % of their listings wrongly: no head can agree with more than 97 % of their categories,",
        "and a promise above that accepts next to nothing.)",
        "",
        "Files:",
        f"  {root}/marketplace/    the catalogue, its pictures, and the truth",
        f"  {root}/categories.csv  every listing with its categories, probabilities and decision",
        f"  {root}/reports/        a JSON beside everything above",
        "",
        "Try next:",
        f'  embedkit search "blue striped mug" -w {root} --html {root}/found.html',
        f"  embedkit status -w {root}",
        f"  embedkit classify --promise 0.9 -w {root}",
    ]


def _right(decided: classify.Classified, truth: Path) -> str:
    """Return how many accepted listings have their true category, which only a generated marketplace can know."""
    with truth.open(encoding="utf-8", newline="") as file:
        true = {row["listing_id"]: row["true_category"] for row in csv.DictReader(file)}
    accepted = [row for row in decided.rows if row["decision"] == "accept"]
    right = sum(row["category_1"] == true.get(row["key"]) for row in accepted)
    return f"{right / max(1, len(accepted)):.1%} of those are right, by the truth that the generator wrote beside"
