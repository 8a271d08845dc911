"""embedkit heads: the trained heads of a workspace, and which of them is in use."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import say
from embedkit.errors import GateNotMet


@click.group("heads", invoke_without_command=True)
@format_options
@workspace_option
@click.pass_context
def command(ctx: click.Context, workspace_path: Path, output_format: str | None) -> None:
    """List the trained heads, take one into use, or go back to the one before.

    The head in use is what classify and export-tasks take.

    \b
    embedkit heads
    embedkit heads --json
    embedkit heads promote probe-1c0ffee5
    embedkit heads rollback
    """
    if ctx.invoked_subcommand is not None:
        return
    from embedkit.stages import status
    from embedkit.workspace import Workspace

    rows = status.heads(Workspace(workspace_path))
    if not rows:
        say("no head was trained yet: embedkit train")
    emit(rows, output_format)


@command.command("promote")
@click.argument("head_id", metavar="HEAD")
@click.option("--force", is_flag=True, help="Use it even if it does worse than the head in use, or cannot be compared.")
@format_options
@workspace_option
@click.pass_context
def promote(ctx: click.Context, workspace_path: Path, head_id: str, force: bool, output_format: str | None) -> None:
    """Take HEAD into use, unless it does worse than the one that is.

    Both are compared on the listings kept aside from training and on those audited by people; if HEAD does worse
    there, in all or in some category, beyond chance, it is held back and the exit code is 4.

    \b
    embedkit heads promote probe-1c0ffee5
    embedkit heads promote probe-1c0ffee5 --force
    """
    from embedkit.stages import promote as stage
    from embedkit.workspace import Workspace

    promoted = stage.run(Workspace(_workspace(ctx, workspace_path)), head_id, say, force=force)
    if promoted.held_back:
        raise GateNotMet(
            f"{head_id} is held back: {promoted.held_back}",
            f"To use it all the same: embedkit heads promote {head_id} --force",
        )
    emit([promoted.row], _format(ctx, output_format))


@command.command("rollback")
@format_options
@workspace_option
@click.pass_context
def rollback(ctx: click.Context, workspace_path: Path, output_format: str | None) -> None:
    """Go back to the head that was in use before the last promotion; again, to the one before that.

    \b
    embedkit heads rollback
    """
    from embedkit.stages import promote as stage
    from embedkit.workspace import Workspace

    emit([stage.rollback(Workspace(_workspace(ctx, workspace_path)), say).row], _format(ctx, output_format))


def _workspace(ctx: click.Context, given: Path) -> Path:
    """Return the workspace of a subcommand, which may be named before or after it."""
    if ctx.get_parameter_source("workspace_path") is ParameterSource.COMMANDLINE or ctx.parent is None:
        return given
    return Path(ctx.parent.params["workspace_path"])


def _format(ctx: click.Context, given: str | None) -> str | None:
    return given or (ctx.parent.params["output_format"] if ctx.parent else None)
