"""embedkit heads: the trained heads of a workspace."""

from __future__ import annotations

from pathlib import Path

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit


@click.command("heads")
@format_options
@workspace_option
def command(workspace_path: Path, output_format: str | None) -> None:
    """List the trained heads; the one in use, trained last, is what classify takes.

    \b
    embedkit heads
    embedkit heads --json
    """
    from embedkit.stages import status
    from embedkit.workspace import Workspace

    emit(status.heads(Workspace(workspace_path)), output_format)
