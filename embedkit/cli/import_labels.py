"""embedkit import-labels: what people answered in Label Studio."""

from __future__ import annotations

import os
from pathlib import Path

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import progress_bars, say
from embedkit.cli.train import refusal


@click.command("import-labels")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", metavar="URL", help="Read a Label Studio server, e.g. http://localhost:8080.")
@click.option(
    "--project", default="embedkit", show_default=True, metavar="ID|NAME", help="The project there: number or title."
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the access token.  [default: the variable LABEL_STUDIO_API_KEY]",
)
@click.option("--all", "whole", is_flag=True, help="Read the whole project, not only what changed since the last time.")
@click.option("--retrain", is_flag=True, help="Train the next head on the answers, as the one in use was trained.")
@format_options
@workspace_option
def command(
    workspace_path: Path,
    files: tuple[Path, ...],
    url: str | None,
    project: str,
    token_file: Path | None,
    whole: bool,
    retrain: bool,
    output_format: str | None,
) -> None:
    """Take in what people answered: a FILE of Label Studio's export in the format JSON, or a project of a server.

    Nothing is taken in twice: an answer that was edited replaces the one before, one that was deleted is taken
    back, one that was skipped is no label. Where several people differ, the majority counts, weighted by how
    reliable each is; a tie waits for one more person. What cannot be used is listed, and the exit code is 3.

    With --retrain the next head is trained at once; the exit code is 4 if it does worse and is held back.

    \b
    embedkit import-labels project-1-at-2026-11-26.json
    embedkit import-labels --url http://localhost:8080 --project "Autumn range" --retrain
    """
    from embedkit.annotation.access import token_from
    from embedkit.annotation.server import Server
    from embedkit.stages import import_labels, train
    from embedkit.workspace import Workspace

    if bool(files) == (url is not None):
        raise click.UsageError("give one of FILE and --url URL")
    workspace = Workspace(workspace_path)
    server = Server(url, token_from(os.environ, token_file)) if url else None
    with progress_bars() as progress:
        spec = import_labels.ImportSpec(files, project if url else "", whole)
        report = import_labels.run(workspace, spec, server, say, progress)
    if output_format is None:
        for line in report.summary:
            click.echo(line)
    rows, held_back = dict(report.numbers), None
    if retrain:
        with progress_bars() as progress:
            trained = train.run(workspace, train.next_spec(workspace), say, progress)
        rows |= {"retrained": trained.row}
        held_back = refusal(trained)
        if output_format is None:
            click.echo()
            emit([trained.row], None)
    if output_format is not None:
        emit([rows], output_format)
    if held_back is not None:
        raise held_back
    click.get_current_context().exit(report.exit_code)
