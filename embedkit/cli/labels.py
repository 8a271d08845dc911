"""embedkit labels: what people answered."""

from __future__ import annotations

from pathlib import Path

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import say


@click.command("labels")
@click.option("--all", "versions", is_flag=True, help="Every version of every answer: skipped, edited, taken back.")
@click.option("--proposed", is_flag=True, help="The new categories that people propose, the most wanted first.")
@format_options
@workspace_option
def command(workspace_path: Path, versions: bool, proposed: bool, output_format: str | None) -> None:
    """List what people answered: the label of each listing, who gave it, when, and why it was asked about.

    \b
    embedkit labels
    embedkit labels --csv > labels.csv
    embedkit labels --proposed
    """
    from embedkit.stages import labels
    from embedkit.workspace import Workspace

    if versions and proposed:
        raise click.UsageError("give one of --all and --proposed")
    stage = labels.versions if versions else labels.proposed if proposed else labels.run
    rows = stage(Workspace(workspace_path))
    if not rows and not versions:
        say("nobody has proposed a category yet" if proposed else "no listing has an answer yet")
    emit(rows, output_format)
