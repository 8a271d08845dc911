"""embedkit demo: the whole arrow on a generated marketplace."""

from __future__ import annotations

from pathlib import Path

import click

from embedkit.cli.progress import progress_bars, say


@click.command("demo")
@click.option(
    "-w",
    "--workspace",
    "workspace_path",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-workspace"),
    show_default=True,
    help="Where the sample marketplace and everything made from it go.",
)
@click.option(
    "--listings", type=click.IntRange(10, 10_000), default=150, show_default=True, help="Listings a category."
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--promise", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True)
def command(workspace_path: Path, listings: int, seed: int, promise: float) -> None:
    """Write a sample marketplace, index it, compare heads on it, classify it, and queue what is doubtful.

    \b
    embedkit demo
    """
    from embedkit.cli.demo_run import DemoSpec, run

    with progress_bars() as progress:
        lines = run(DemoSpec(workspace_path, listings, seed, promise), say, progress)
    for line in lines:
        click.echo(line)
