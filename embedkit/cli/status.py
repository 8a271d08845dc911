"""embedkit status: what a workspace holds, and what failed."""

from __future__ import annotations

from pathlib import Path

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import say


@click.command("status")
@click.option("--failed", is_flag=True, help="List what failed, with the cause.")
@click.option("--batches", is_flag=True, help="List the batches for people: queued, out, answered, agreed, tied.")
@format_options
@workspace_option
def command(workspace_path: Path, failed: bool, batches: bool, output_format: str | None) -> None:
    """Say what the workspace holds: listings, vectors, indexes, heads, batches for people and what came of them.

    The accuracy is that of the head in use on all listings, estimated from those drawn at random and answered,
    with its 95 % interval. The reviews to the next point are a forecast from its confidence.

    \b
    embedkit status
    embedkit status --batches --json
    embedkit status --failed
    """
    from embedkit.stages import status
    from embedkit.workspace import Workspace

    workspace = Workspace(workspace_path)
    if failed and batches:
        raise click.UsageError("give one of --failed and --batches")
    stage = status.failures if failed else status.batches if batches else status.run
    rows = stage(workspace)
    if failed:
        say("mend these and run the same command again: it takes up what changed" if rows else "nothing has failed")
    if batches and not rows:
        say("no batch was drawn yet: embedkit export-tasks draws one")
    emit(rows, output_format)
