"""embedkit report: one page about the catalogue, to be mailed."""

from __future__ import annotations

from pathlib import Path

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import progress_bars, say


@click.command("report")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page to write.  [default: reports/report.html in the workspace]",
)
@click.option("--lang", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Its language.")
@click.option(
    "--promise",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    help="Say what could be accepted without a person if at least this share of it must be right. "
    "[default: as embedkit classify was last run, or 0.98]",
)
@click.option(
    "--gallery",
    type=click.IntRange(min=0),
    default=6,
    show_default=True,
    metavar="N",
    help="Explain so many listings that are sure and wrong, and as many that are unsure and right.",
)
@click.option(
    "--review",
    type=click.IntRange(min=0),
    default=24,
    show_default=True,
    metavar="N",
    help="Show so many of the listings to review first.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the map.")
@format_options
@workspace_option
def command(
    workspace_path: Path,
    output: Path | None,
    output_format: str | None,
    lang: str,
    promise: float | None,
    gallery: int,
    review: int,
    seed: int,
) -> None:
    """Write one page about the catalogue: how good, how sure, where it errs, what to review first.

    The page holds everything: no script, nothing loaded from elsewhere, fit to be mailed and printed. It tells of the
    head in use, and of the newest embedkit explore and embedkit compare where there are any.

    \b
    embedkit report -o report.html
    embedkit report -o rapport.html --lang fr
    """
    from embedkit.report.page import write_report
    from embedkit.stages import report
    from embedkit.workspace import Workspace

    workspace = Workspace(workspace_path)
    spec = report.ReportSpec(promise=promise, gallery=gallery, review=review, seed=seed)
    with progress_bars() as progress:
        gathered = report.run(workspace, spec, say, progress)
    path = output or workspace.reports / "report.html"
    size = write_report(path, gathered, lang)
    say(f"wrote {path}, {size / 1e6:.1f} MB" if size >= 1e5 else f"wrote {path}, {size / 1e3:.0f} kB")
    numbers = gathered.report.numbers
    names = ("head", "listings", "tested", "accuracy", "low", "high", "accepted", "review", "waiting")
    emit([{"file": str(path), "bytes": size, **{name: numbers.get(name) for name in names}}], output_format)
