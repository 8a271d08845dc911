"""Progress bars on stderr, with rate and remaining time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from embedkit.types import Progress


def say(line: str) -> None:
    """Print one line for people: stdout is kept for data."""
    click.echo(line, err=True)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Yield a Progress that draws a bar for each thing counted; without a terminal it draws nothing."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        tasks: dict[str, int] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total or None, rate="")
            task = next(task for task in bars.tasks if task.id == tasks[what])
            rate = f"{task.speed:.0f}/s" if task.speed else ""
            bars.update(task.id, completed=done, total=total or None, rate=rate)

        yield progress
