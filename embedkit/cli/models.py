"""embedkit models: the encoders, and whether their weights are here."""

from __future__ import annotations

import click

from embedkit.cli.options import format_options
from embedkit.cli.output import emit
from embedkit.cli.progress import say


@click.command("models")
@click.argument("contains", required=False, default="")
@format_options
def command(contains: str, output_format: str | None) -> None:
    """List encoders (those whose name CONTAINS a text): where their weights are, size and dimension.

    These are the common ones: open_clip/MODEL/TAG takes every other model and pretrained tag of open_clip too.

    \b
    embedkit models
    embedkit models vit-b-32
    """
    from embedkit.stages import models

    rows = models.run(contains)
    if not rows:
        say(f"no common encoder's name contains {contains!r}; any open_clip/MODEL/TAG can be asked for all the same")
    emit(rows, output_format)
