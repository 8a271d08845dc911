"""embedkit explore: what a catalogue is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import progress_bars, say
from embedkit.errors import Misuse

if TYPE_CHECKING:
    from embedkit.studies import Study

HEADINGS = {
    "levels": "The category tree, depth by depth",
    "categories": "Listings per category, and categories directly below it",
    "text_lengths": "Lengths of title and description",
    "too_long": "Texts longer than CLIP's 77 tokens, and the shares of their tokens and distinct words that CLIP loses",
    "cut": "The texts that lose most, and their first words that CLIP does not read",
    "vocabulary": "Words per category, how many are in no other, and the most telling",
    "telling_words": "Words that tell a category apart: z of the log-odds ratio, shares of listings with the word",
    "overlap": "Words that categories share: overlap of the words that 5 % of their listings have, and which tell both",
    "overlap_matrix": "The same as a matrix: columns are the categories by their number",
    "pictures": "Sizes of pictures, in pixels and kilobytes; aspect is width / height",
    "shapes": "Shapes of pictures",
    "quality": "What pictures look like; examples are the worst",
    "quality_by_category": "The same by category, as shares of its pictures",
    "flagged": "Pictures with a fault, the worst first",
    "unreadable": "Pictures that cannot be read",
    "copies": "Copies, in groups; within one category and across several",
    "copy_groups": "The copies, those across categories first",
    "languages": "Languages of the texts",
    "empty": "Empty fields, and the commonest value of the others",
}
"""Every table, in the order in which it is read."""


@click.command("explore")
@click.option(
    "--table",
    type=click.Choice(list(HEADINGS)),
    metavar="NAME",
    help=f"Print this table alone, and all of its rows: {', '.join(HEADINGS)}.",
)
@click.option(
    "--rows",
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    metavar="N",
    help="Rows of each table, where all are printed for people.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    metavar="N",
    help="Level of the category tree to compare; 1 is the top.  [default: the one that was indexed for]",
)
@click.option("--again", is_flag=True, help="Look again, even if nothing has changed since the last time.")
@format_options
@workspace_option
def command(
    workspace_path: Path,
    output_format: str | None,
    table: str | None,
    rows: int,
    depth: int | None,
    again: bool,
) -> None:
    """Say what the catalogue is, before anything is trained on it.

    Prints its category tree, how long texts are and what CLIP's 77 tokens cut off, the words that tell a category apart
    and those that two share, sizes and faults of pictures, copies within and across categories, languages, and empty
    fields. What is remarkable is said in a few sentences on stderr; everything is kept in reports/explore-*.json.

    --json prints all tables as one document, --nl a row a line with its table's name; --csv is for one --table.

    \b
    embedkit explore
    embedkit explore --table copy_groups --csv
    embedkit explore --depth 2 --table overlap
    """
    from embedkit.stages import explore
    from embedkit.workspace import Workspace

    if output_format == "csv" and table is None:
        raise Misuse("a CSV holds one table, and there are several", f"Name one with --table: {', '.join(HEADINGS)}")
    spec = explore.ExploreSpec(depth=depth, again=again)
    with progress_bars() as progress:
        explored = explore.run(Workspace(workspace_path), spec, say, progress)
    if table is not None:
        emit(explored.study.tables[table], output_format)
    elif output_format is not None:
        _emit_all(explored.study, output_format)
    else:
        _show_all(explored.study.tables, rows)


def _emit_all(study: Study, output_format: str) -> None:
    """Print every table for a program: one document, or each row on a line of its own."""
    if output_format == "nl":
        emit([{"table": name, **row} for name in HEADINGS for row in study.tables[name]], "nl")
    else:
        emit([{"numbers": study.numbers, **{name: study.tables[name] for name in HEADINGS}}], "json")


def _show_all(tables: Mapping[str, Sequence[Mapping[str, Any]]], most: int) -> None:
    """Print the first rows of every table that has some, under its heading."""
    for name, heading in HEADINGS.items():
        found = tables[name]
        if not found:
            continue
        click.echo(f"{heading} ({name})\n")
        emit(found[:most], None)
        if len(found) > most:
            click.echo(f"… and {len(found) - most:,} more: embedkit explore --table {name}")
        click.echo()
