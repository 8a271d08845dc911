"""embedkit classify: categories with a confidence that can be trusted."""

from __future__ import annotations

from pathlib import Path

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import say


@click.command("classify")
@click.option("--head", "head_id", metavar="HEAD_ID", help="Head to use, see embedkit heads. [default: the one in use]")
@click.option(
    "--promise",
    type=click.FloatRange(0.5, 0.9999),
    default=0.98,
    show_default=True,
    help="Share of the accepted listings that must be right.",
)
@click.option("--top-k", type=click.IntRange(min=1), default=3, show_default=True, help="Categories a listing.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every listing's row to a .csv, .parquet or .json file.",
)
@click.option(
    "--queue",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Queue this many listings for people, the most doubtful first.",
)
@click.option(
    "--audit-share",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Share of the queue that is drawn at random, to keep the accuracy estimate honest.",
)
@click.option("--weight", metavar="COLUMN", help="Queue rather what weighs more in this column of numbers, e.g. stock.")
@click.option("--seed", type=int, default=0, show_default=True)
@format_options
@workspace_option
def command(workspace_path: Path, output: Path | None, output_format: str | None, **options: object) -> None:
    """Predict a category for every listing and decide: accept, or send to a person.

    Prints a row a category; --csv, --json and --nl print a row a listing instead.

    \b
    embedkit classify --promise 0.98 -o categories.csv
    embedkit classify --promise 0.95 --queue 100
    """
    from embedkit.stages import classify
    from embedkit.workspace import Workspace

    spec = classify.ClassifySpec(output=output, **options)  # type: ignore[arg-type]
    classified = classify.run(Workspace(workspace_path), spec, say)
    emit(classified.rows if output_format else classified.per_class, output_format)
