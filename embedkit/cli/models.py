"""embedkit models: the encoders, and whether their weights are here."""

from __future__ import annotations

import click

from embedkit.cli.options import format_options
from embedkit.cli.output import emit


@click.command("models")
@click.argument("contains", required=False, default="")
@click.option("--all", "every", is_flag=True, help="Every open_clip model and tag, not only the common ones.")
@format_options
def command(contains: str, every: bool, output_format: str | None) -> None:
    """List encoders (those whose name CONTAINS a text): where their weights are, size and dimension.

    \b
    embedkit models
    embedkit models ViT-B-32 --all
    """
    from embedkit.stages import models

    emit(models.run(contains, every), output_format)
