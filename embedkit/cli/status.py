"""embedkit status: what a workspace holds, and what failed."""

from __future__ import annotations

from pathlib import Path

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit


@click.command("status")
@click.option("--failed", is_flag=True, help="List what failed, with the cause.")
@format_options
@workspace_option
def command(workspace_path: Path, failed: bool, output_format: str | None) -> None:
    """Say what the workspace holds: listings, vectors, indexes, heads, the review queue.

    \b
    embedkit status
    embedkit status --failed
    """
    from embedkit.stages import status
    from embedkit.workspace import Workspace

    workspace = Workspace(workspace_path)
    emit(status.failures(workspace) if failed else status.run(workspace), output_format)
