"""embedkit compare: scenarios side by side, and which to take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from embedkit.cli.index import weights_by_encoder
from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import as_table, emit
from embedkit.cli.progress import progress_bars, say
from embedkit.study.scenarios import DEFAULT, PRESETS, presets

FIRST_CHANGED = 3
"""So many listings are shown of each scenario and kind of change."""
KNOWN = "\n".join(f"{one.name:<16} {one.what}" for one in PRESETS.values())


@click.command(
    "compare",
    epilog=f"\b\nKnown scenarios:\n{KNOWN}",
)
@click.option(
    "--scenario",
    "names",
    multiple=True,
    type=click.Choice(list(PRESETS)),
    help="A known scenario, repeatable; the first is what the others are tested against. "
    f"[default: {', '.join(DEFAULT)}]",
)
@click.option(
    "--scenarios",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="YAML file of scenarios, your own among them; they follow those of --scenario.",
)
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="NAME",
    help="CLIP or DenseNet encoder, repeatable: scenarios are compared on each. [default: as indexed, else bundled]",
)
@click.option("--weights", multiple=True, metavar="[ENCODER=]FILE", help="Local weights of an encoder.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--batch", type=click.IntRange(min=1), default=64, show_default=True, help="Items a forward pass.")
@click.option(
    "--keyword-weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON or CSV of category, word, weight, for the scenario keyword-weights.",
)
@click.option("--category-depth", type=click.IntRange(min=1), help="Level to classify. [default: as indexed]")
@click.option(
    "--test-share",
    type=click.FloatRange(0.05, 0.5),
    default=0.2,
    show_default=True,
    help="Share of the listings kept aside for the test.",
)
@click.option("--cv", type=click.IntRange(2, 20), help="Also cross-validate over all labelled listings in K folds.")
@click.option(
    "--repeats",
    type=click.IntRange(1, 50),
    default=1,
    show_default=True,
    help="Cross-validate so often, in new folds; given are the mean accuracy and the median p.",
)
@click.option(
    "--promise",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.98,
    show_default=True,
    help="Precision for which the coverage is given.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--changed",
    "all_changed",
    is_flag=True,
    help="Print every listing that changed, not only the first; with --json, --csv or --nl, nothing else.",
)
@format_options
@workspace_option
def command(
    workspace_path: Path,
    names: tuple[str, ...],
    file: Path | None,
    encoders: tuple[str, ...],
    weights: tuple[str, ...],
    keyword_weights: Path | None,
    all_changed: bool,
    output_format: str | None,
    **options: Any,
) -> None:
    """Compare scenarios on the same listings: encoders, texts, pictures and heads.

    Each scenario learns from the same listings and is tested on the same others. Accuracy comes with its 95 % interval,
    and p is McNemar's test against the first scenario. Encoding times are cold, as if no vector were stored, without
    starting Python and reading weights: measured in this run, replayed from the run that encoded these listings, or
    scaled from a part of them. Peak memory is what the largest process of the scenario had in all, Python and
    libraries included. The heads that are in use stay so. The whole study is kept in reports/.

    \b
    embedkit compare
    embedkit compare --scenario A --scenario keywords --scenario all --cv 5 --repeats 3
    embedkit compare --encoder open_clip/ViT-B-32/openai --encoder torchvision/densenet121/IMAGENET1K_V1
    embedkit compare --scenarios mine.yaml --changed --csv
    """
    from embedkit.scenario_file import ScenarioFile, read_scenarios
    from embedkit.stages import compare
    from embedkit.workspace import Workspace

    if options["repeats"] > 1 and options["cv"] is None:
        raise click.UsageError("--repeats repeats a cross-validation: say --cv K, too")
    read = read_scenarios(file) if file is not None else ScenarioFile(())
    wanted = names or (() if read.scenarios or keyword_weights else DEFAULT)
    spec = compare.CompareSpec(
        scenarios=(*presets(wanted, keyword_weights), *read.scenarios),
        encoders=encoders,
        weights={**read.weights, **weights_by_encoder(weights, encoders)},
        **options,
    )
    with progress_bars() as progress:
        compared = compare.run(Workspace(workspace_path), spec, say, progress)
    if output_format is not None:
        emit(compared.changed if all_changed else compared.rows, output_format)
    else:
        click.echo(_page(compared.rows, compared.changed, all_changed, spec.promise), nl=False)
    for sentence in compared.decision.sentences:
        say(sentence)


def _page(
    rows: Sequence[Mapping[str, Any]], changed: Sequence[Mapping[str, Any]], all_of_them: bool, promise: float
) -> str:
    """Return what people read: how good, how costly, and which listings changed."""
    parts = [as_table([_quality(row, promise) for row in rows]), as_table([_cost(row) for row in rows])]
    if changed:
        shown = list(changed) if all_of_them else _first(changed)
        parts.append(as_table([_change(row, rows[0]["scenario"]) for row in shown]))
        if len(shown) < len(changed):
            parts.append(f"{len(changed) - len(shown):,} more: --changed\n")
    return "\n".join(parts)


def _quality(row: Mapping[str, Any], promise: float) -> dict[str, Any]:
    crossed = row["cv_accuracy"] is not None
    more = {
        "accuracy cv": _percent(row["cv_accuracy"]),
        "95 % interval cv": f"{_percent(row['cv_low'])} to {_percent(row['cv_high'])}",
        "p cv": _p(row["cv_p_value"]),
    }
    return {
        "scenario": row["scenario"],
        "encoders": row["encoders"],
        "accuracy train": _percent(row["train_accuracy"]),
        "accuracy test": _percent(row["test_accuracy"]),
        "95 % interval": f"{_percent(row['test_low'])} to {_percent(row['test_high'])}",
        "macro-F1": row["macro_f1"],
        "ECE": row["ece"],
        f"coverage at {promise:.4g}": _percent(row["coverage"]),
        "changed": row["changed"],
        "p": _p(row["p_value"]),
        **(more if crossed else {}),
    }


def _cost(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "scenario": row["scenario"],
        "encode s": f"{row['encode_s']:.1f}",
        "encoding": row["times"],
        "train s": f"{row['train_s']:.1f}",
        "predict s": f"{row['predict_s']:.2f}",
        "total s": f"{row['total_s']:.1f}",
        "listings/s": row["listings_per_s"],
        "peak memory MiB": row["peak_mib"],
    }


def _first(changed: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the first few rows of each scenario and kind of change."""
    shown: list[Mapping[str, Any]] = []
    counts: Counter[tuple[str, str]] = Counter()
    for row in changed:
        counts[row["scenario"], row["change"]] += 1
        if counts[row["scenario"], row["change"]] <= FIRST_CHANGED:
            shown.append(row)
    return shown


def _change(row: Mapping[str, Any], first: str) -> dict[str, Any]:
    title = row["title"] if len(row["title"]) <= 40 else row["title"][:39] + "…"
    return {
        "scenario": row["scenario"],
        "listing": row["key"],
        "title": title,
        "category": row["truth"],
        f"{first} says": row["first_label"],
        "this says": row["label"],
        "change": row["change"],
    }


def _percent(share: float | None) -> str:
    return "" if share is None or share != share else f"{share:.1%}"


def _p(value: float | None) -> str:
    return "" if value is None else "<0.0001" if value < 0.0001 else f"{value:.2g}"
