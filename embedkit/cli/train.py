"""embedkit train: fit a head on what people answered and the catalogue says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from embedkit.cli.options import format_options, workspace_option
from embedkit.cli.output import emit
from embedkit.cli.progress import progress_bars, say
from embedkit.errors import GateNotMet

if TYPE_CHECKING:
    from embedkit.stages.train import Trained


@click.command("train")
@click.option(
    "--head",
    "kind",
    type=click.Choice(["zeroshot", "prototype", "probe"]),
    default="probe",
    show_default=True,
    help="Category names as text, mean embeddings, or logistic regression.",
)
@click.option(
    "--features",
    metavar="LIST",
    help="Comma-separated blocks: clip-image, clip-text, densenet, keywords, or a space's name. "
    "[default: all that are indexed, with keywords for a probe]",
)
@click.option("--category-depth", type=click.IntRange(min=1), help="Level to classify. [default: as indexed]")
@click.option(
    "--test-share",
    type=click.FloatRange(0.05, 0.5),
    default=0.2,
    show_default=True,
    help="Share of the listings kept aside for the test.",
)
@click.option("--folds", type=click.IntRange(2, 20), default=5, show_default=True, help="Folds for calibration.")
@click.option("--cv", type=click.IntRange(2, 20), help="Also cross-validate over all labelled listings in K folds.")
@click.option("--balanced", is_flag=True, help="Weigh classes equally, whatever their size.")
@click.option("--prototypes", type=click.IntRange(1, 50), default=1, show_default=True, help="Prototypes a class.")
@click.option(
    "--keyword-weights",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON or CSV of category, word, weight: added to the category's logit.",
)
@click.option(
    "--descriptions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON of category: description, for --head zeroshot.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--min-accuracy",
    type=click.FloatRange(0, 1),
    help="Hold the head back, and exit with 4, if the test accuracy is lower.",
)
@click.option(
    "--no-promote", "promote", flag_value=False, default=True, help="Only store the head: the one in use stays."
)
@click.option("--per-class/--no-per-class", default=True, show_default=True, help="Print the per-class table.")
@format_options
@workspace_option
def command(
    workspace_path: Path,
    features: str | None,
    per_class: bool,
    output_format: str | None,
    **options: object,
) -> None:
    """Fit a head, calibrate it on held-out folds, test it on listings kept aside, and take it into use.

    What people answered goes before what the catalogue says. The first head comes into use at once. A
    later one is held back, and the exit code is 4, if on the listings kept aside and the audited ones it does
    worse than the head in use, in all or in some category, beyond chance; it is stored all the same, see
    embedkit heads.

    \b
    embedkit train
    embedkit train --head probe --features clip-image,clip-text,keywords --cv 5
    embedkit train --head zeroshot --descriptions categories.json --no-promote
    """
    from embedkit.stages import train
    from embedkit.workspace import Workspace

    blocks = tuple(name.strip() for name in features.split(",") if name.strip()) if features else ()
    spec = train.TrainSpec(features=blocks, **options)  # type: ignore[arg-type]
    with progress_bars() as progress:
        trained = train.run(Workspace(workspace_path), spec, say, progress)
    emit([trained.row], output_format)
    if per_class and output_format is None:
        click.echo()
        emit(trained.per_class, None)
    held_back = refusal(trained)
    if held_back is not None:
        raise held_back


def refusal(trained: Trained) -> GateNotMet | None:
    """Return what to raise for a head that was held back, None for one that was not."""
    if not trained.held_back:
        return None
    hint = f"It is stored; to use it all the same: embedkit heads promote {trained.head_id} --force"
    return GateNotMet(f"{trained.head_id} is held back: {trained.held_back}", hint)
