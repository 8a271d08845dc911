"""embedkit search: listings near a text, a picture or another listing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import say

if TYPE_CHECKING:
    from embedkit.stages.search import Found, SearchSpec


@click.command("search")
@click.argument("query", required=False)
@click.option("--image", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Search by a picture.")
@click.option("--like", metavar="KEY", help="Search by a listing of the catalogue.")
@click.option(
    "-k", "k", type=click.IntRange(min=1, max=10_000), default=10, show_default=True, help="Listings to find."
)
@click.option("--where", metavar="SQL", help='Only listings for which this holds, e.g. "price < 500".')
@click.option("--space", "spaces", multiple=True, metavar="NAME", help="Space to search in, repeatable.")
@click.option(
    "--html", "html_path", type=click.Path(dir_okay=False, path_type=Path), help="Write a page of thumbnails."
)
@format_options
@workspace_option
def command(
    workspace_path: Path,
    query: str | None,
    image: Path | None,
    like: str | None,
    html_path: Path | None,
    output_format: str | None,
    k: int,
    where: str | None,
    spaces: tuple[str, ...],
) -> None:
    """Find the listings nearest to QUERY, to a picture, or to another listing.

    A text is compared with pictures, with texts and with their words, and the three orders are merged;
    --space takes one of them: clip-image, clip-text, keywords, or a space's full name.
    --where is a read-only SQL condition over the listings: their attributes, key, title, text,
    category (the top level), category_path, item_id.

    \b
    embedkit search "red wool curtain"
    embedkit search --image photo.jpg -k 20 --html found.html
    embedkit search --like B00X12 --where "price < 500 AND category = 'Watches'"
    """
    from embedkit.stages import search
    from embedkit.workspace import Workspace

    if sum(given is not None for given in (query, image, like)) != 1:
        raise click.UsageError("give one of QUERY, --image FILE or --like KEY")
    if query is not None and not query.strip():
        raise click.UsageError("QUERY is empty")
    spec = search.SearchSpec(query=query, image=image, like=like, k=k, where=where, spaces=spaces)
    found = search.run(Workspace(workspace_path), spec, say)
    if html_path is not None:
        html_path.write_text(page(spec, found), encoding="utf-8")
        say(f"wrote {html_path}")
    emit(found.rows, output_format)


def page(spec: SearchSpec, found: Found) -> str:
    """Return the page of thumbnails."""
    from embedkit.report.thumbnails import Card, thumbnail_page

    cards = [
        Card(
            item.title or item.key,
            (
                " > ".join(item.category),
                item.key,
                *(f"{name} {value}" for name, value in row.items() if name.startswith("cosine") and value is not None),
            ),
            found.picture(item),
        )
        for item, row in zip(found.items, found.rows, strict=True)
    ]
    asked = spec.query or (f"like {spec.like}" if spec.like else f"picture {spec.image}")
    return thumbnail_page(f"embedkit search: {asked}" + (f" where {spec.where}" if spec.where else ""), cards)
