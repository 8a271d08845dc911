"""embedkit export-tasks: a batch of listings to the people who judge them."""

from __future__ import annotations

import os
from pathlib import Path

import click
from click.core import ParameterSource

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import progress_bars, say

OF_A_NEW_BATCH = ("budget", "weight", "promise", "audit_share", "seed")


@click.command("export-tasks")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.json",
    help="Write the tasks to a file, for a person to import.",
)
@click.option("--url", metavar="URL", help="Send them to a Label Studio server, e.g. http://localhost:8080.")
@click.option(
    "--project",
    default="embedkit",
    show_default=True,
    metavar="ID|NAME",
    help="The project there: its number, or a title; a new title makes a new project.",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the access token.  [default: the variable LABEL_STUDIO_API_KEY]",
)
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Listings of a new batch: what people can judge.",
)
@click.option("--new-batch", is_flag=True, help="Draw another batch, even if the last one is not all answered.")
@click.option("--weight", metavar="COLUMN", help="Draw listings with more of this column rather, e.g. stock.")
@click.option(
    "--promise",
    type=click.FloatRange(0.5, 0.9999),
    default=0.98,
    show_default=True,
    help="Doubtful is what would not be accepted at this promise.",
)
@click.option(
    "--audit-share",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Share of a new batch drawn at random, to keep the accuracy estimate honest.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--annotators", type=click.IntRange(min=1), help="How many people judge each listing.  [default: 1]")
@click.option("--tree", is_flag=True, help="Show the categories as a tree.")
@click.option(
    "--preselect",
    is_flag=True,
    help="Choose the model's category beforehand. It is quicker, and people agree with it too easily.",
)
@click.option(
    "--pictures",
    metavar="HOW",
    help="upload, inside (the tasks), local:DIR (a folder that the server sees too), or url:PREFIX.  "
    "[default: upload, or inside for a file]",
)
@click.option(
    "--batch", type=click.IntRange(1, 5000), default=500, show_default=True, help="Tasks a request to the server."
)
@format_options
@workspace_option
def command(
    workspace_path: Path,
    url: str | None,
    token_file: Path | None,
    output_format: str | None,
    output: Path | None,
    **options: object,
) -> None:
    """Send the listings that a person should judge to Label Studio, each with the evidence about it.

    The newest batch that waits for answers goes out; if there is none, one is drawn: doubtful listings, those
    whose category in the catalogue is suspect, those whose picture and text disagree, those unlike any other, and
    a few at random. Running it again sends nothing twice and goes on where it was stopped; open tasks get a new
    head's predictions, and what people disagree about goes before one more person.

    The server's token is read from LABEL_STUDIO_API_KEY or --token-file, never from the command line.

    \b
    embedkit export-tasks --url http://localhost:8080 --project "Autumn range"
    embedkit export-tasks -o tasks.json --budget 200
    embedkit import-labels --url http://localhost:8080 --project "Autumn range"
    """
    from embedkit.annotation.access import token_from
    from embedkit.annotation.server import Server
    from embedkit.stages import export_tasks
    from embedkit.workspace import Workspace

    if (output is None) == (url is None):
        raise click.UsageError("give one of --output FILE and --url URL")
    server = Server(url, token_from(os.environ, token_file)) if url else None
    spec = export_tasks.ExportSpec(output=output, **options)  # type: ignore[arg-type]
    with progress_bars() as progress:
        report = export_tasks.run(Workspace(workspace_path), spec, server, say, progress)
    given = click.get_current_context().get_parameter_source
    unused = [name for name in OF_A_NEW_BATCH if given(name) is ParameterSource.COMMANDLINE]
    if unused and not report.numbers["drawn"]:
        named = ", ".join("--" + name.replace("_", "-") for name in unused)
        say(f"note: {named}: for a new batch only, and this one was drawn before; --new-batch draws another")
    if output_format:
        emit([report.numbers], output_format)
        return
    for line in report.summary:
        click.echo(line)
