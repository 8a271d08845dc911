"""embedkit explain: why a listing went where it did."""

from __future__ import annotations

from pathlib import Path

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import progress_bars, say


@click.command("explain")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.option(
    "--top-errors",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Also the N listings that the head is surest of while they are filed elsewhere.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the pictures, the page and the JSON.  [default: reports/explain in the workspace]",
)
@click.option(
    "--head",
    "head_id",
    metavar="HEAD",
    help="Head to explain, see embedkit heads; zeroshot: CLIP's own reading of the categories' names. "
    "[default: the one in use]",
)
@click.option(
    "--category",
    "categories",
    multiple=True,
    metavar="NAME",
    help="Explain this category instead of the two likeliest, repeatable.",
)
@click.option("--lang", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Language of the page.")
@format_options
@workspace_option
def command(
    workspace_path: Path,
    keys: tuple[str, ...],
    output: Path | None,
    output_format: str | None,
    top_errors: int,
    head_id: str | None,
    categories: tuple[str, ...],
    lang: str,
) -> None:
    """Say why the listings of these KEYs went where they did.

    Shows what picture, text and words each add to the two likeliest categories, which cells of the picture and which
    words speak for and against them, and the nearest labelled listings. Every map is tested, and one that does not
    hold says "don't rely on this". Writes explanations.html, explanations.json and a PNG for each map.

    \b
    embedkit explain MK-000042
    embedkit explain --top-errors 10 -o errors/
    embedkit explain MK-000042 --category Watches --category Computers
    """
    from embedkit.report.explanations import write_explanations
    from embedkit.stages import explain
    from embedkit.workspace import Workspace

    workspace = Workspace(workspace_path)
    spec = explain.ExplainSpec(keys=keys, top_errors=top_errors, head_id=head_id, categories=categories)
    with progress_bars() as progress:
        explained = explain.run(workspace, spec, say, progress)
    folder = output or workspace.reports / "explain"
    written = write_explanations(folder, explained.explanations, explained.head_id, lang)
    say(f"wrote {len(written):,} files; open {folder / 'explanations.html'}")
    emit(explained.rows, output_format)
