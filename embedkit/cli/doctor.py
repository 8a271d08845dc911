"""embedkit doctor: is everything here that embedkit needs?"""

from __future__ import annotations

from pathlib import Path

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit


@click.command("doctor")
@format_options
@workspace_option
def command(workspace_path: Path, output_format: str | None) -> None:
    """Check versions, devices, bundled weights and the workspace; exit with 1 if something is wrong.

    \b
    embedkit doctor
    """
    from embedkit.stages import doctor
    from embedkit.workspace import Workspace

    rows = doctor.run(Workspace(workspace_path))
    emit(rows, output_format)
    click.get_current_context().exit(0 if all(row["ok"] for row in rows) else 1)
