"""embedkit index: a catalogue in, encoded and indexed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from embedkit.cli.options import workspace_option
from embedkit.cli.progress import progress_bars, say

ROLES = ("key", "title", "text", "picture", "category")


def columns_by_role(values: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return {role: (column, …)} from repeated ROLE=NAME options; raises click.BadParameter for anything else."""
    found: dict[str, list[str]] = {}
    for value in values:
        role, _, names = value.partition("=")
        if role not in ROLES or not names:
            wanted = f"write ROLE=NAME, where ROLE is one of {', '.join(ROLES)}"
            raise click.BadParameter(f"{value!r}: {wanted}", param_hint="--column")
        found.setdefault(role, []).extend(name.strip() for name in names.split(","))
    return {role: tuple(names) for role, names in found.items()}


@click.command("index")
@click.argument("catalogue", type=click.Path(exists=True, path_type=Path))
@click.option("--images", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of the pictures.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="ROLE=NAME[,NAME]",
    help="Which column is the key, title, text, picture or category; the rest is guessed.",
)
@click.option("--category-sep", metavar="TEXT", help='What parts the levels of a category path, e.g. ">>".')
@click.option(
    "--category-depth",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="The level of the category path to classify; 1 is the top.",
)
@click.option("--encoding", help="Encoding of a text file; the default is UTF-8.")
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="NAME",
    help="Encoder to use, repeatable; see embedkit models. [default: clip-tiny, densenet-tiny]",
)
@click.option("--weights", multiple=True, metavar="[ENCODER=]FILE", help="Local weights of an encoder.")
@click.option(
    "--picture",
    "picture_variant",
    type=click.Choice(["pad-edge", "pad-white", "crop", "grey"]),
    default="pad-edge",
    show_default=True,
    help="How a picture is made square.",
)
@click.option(
    "--text",
    "text_variant",
    type=click.Choice(["raw", "nltk"]),
    default="raw",
    show_default=True,
    help="The text as it stands, or tokenised by NLTK first.",
)
@click.option("--precision", type=click.Choice(["fp32", "int8", "fp16", "bf16"]), default="fp32", show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--batch", type=click.IntRange(min=1), default=64, show_default=True, help="Items a forward pass.")
@click.option("--allow-gone", is_flag=True, help="Go on even if most known listings are missing from the catalogue.")
@click.option("--repair", is_flag=True, help="Check every stored vector file, and encode again what is damaged.")
@click.option(
    "--index-gib",
    type=click.FloatRange(min=0.001),
    default=4.0,
    show_default=True,
    help="Memory that one index may take, in GiB; the kind of index follows from it.",
)
@click.option("--dry-run", is_flag=True, help="Show the columns and problems found; write nothing.")
@workspace_option
def command(
    workspace_path: Path,
    catalogue: Path,
    columns: tuple[str, ...],
    encoders: tuple[str, ...],
    weights: tuple[str, ...],
    dry_run: bool,
    index_gib: float,
    **options: object,
) -> None:
    """Read CATALOGUE, encode its pictures and texts, and index them.

    CATALOGUE is a CSV, TSV, Parquet or JSON Lines file, or a folder of pictures. Running again
    touches only what changed. Listings that fail are recorded, the rest goes on, and the exit code is 3.

    \b
    embedkit index products.csv --images photos/
    embedkit index products.csv --column category=product_category_tree --category-sep ">>"
    embedkit index photos/ --encoder open_clip/ViT-B-32/openai
    """
    from embedkit.stages import index
    from embedkit.workspace import Workspace

    spec = index.IndexSpec(
        source=catalogue,
        columns=columns_by_role(columns),
        encoders=encoders or index.BUNDLED,
        weights=weights_by_encoder(weights, encoders),
        index_bytes=int(index_gib * 2**30),
        **options,  # type: ignore[arg-type]
    )
    with progress_bars() as progress:
        workspace = Workspace(workspace_path)
        report = index.preview(spec, say) if dry_run else index.run(workspace, spec, say, progress)
    for line in report.summary:
        click.echo(line)
    click.get_current_context().exit(report.exit_code)


def weights_by_encoder(weights: Sequence[str], encoders: Sequence[str]) -> dict[str, Path]:
    """Return {encoder: file}; a bare FILE is for the one encoder given."""
    found: dict[str, Path] = {}
    for value in weights:
        name, equals, path = value.partition("=")
        if not equals:
            if len(encoders) != 1:
                raise click.UsageError(f"--weights {value} fits one --encoder; write --weights ENCODER={value}")
            name, path = encoders[0], value
        if name not in encoders:
            raise click.UsageError(f"--weights {value}: no --encoder {name} was given")
        if not Path(path).is_file():
            raise click.BadParameter(f"no file {path}", param_hint="--weights")
        found[name] = Path(path)
    return found
