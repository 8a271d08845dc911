"""Options that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_WORKSPACE = Path("embedkit-workspace")


def workspace_option(function: F) -> F:
    """Add -w/--workspace, read from EMBEDKIT_WORKSPACE when it is not given."""
    return click.option(
        "-w",
        "--workspace",
        "workspace_path",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="EMBEDKIT_WORKSPACE",
        default=DEFAULT_WORKSPACE,
        show_default=True,
        help="The directory that holds everything embedkit knows.",
    )(function)


def format_options(function: F) -> F:
    """Add --json, --csv and --nl; text is the default."""
    for name, text in (
        ("nl", "One JSON object a line."),
        ("csv", "Comma-separated, with a header."),
        ("json", "One JSON document."),
    ):
        function = click.option(f"--{name}", "output_format", flag_value=name, help=text)(function)
    return function
