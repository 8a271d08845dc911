"""The `embedkit` command: finds the verb, runs it, and turns every EmbedkitError into one clear message."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from embedkit import __version__
from embedkit.errors import STOPPED, EmbedkitError

VERBS = {
    "index": "embedkit.cli.index",
    "search": "embedkit.cli.search",
    "train": "embedkit.cli.train",
    "classify": "embedkit.cli.classify",
    "export-tasks": "embedkit.cli.export_tasks",
    "import-labels": "embedkit.cli.import_labels",
    "labels": "embedkit.cli.labels",
    "serve-annotations": "embedkit.cli.serve_annotations",
    "explore": "embedkit.cli.explore",
    "compare": "embedkit.cli.compare",
    "explain": "embedkit.cli.explain",
    "report": "embedkit.cli.report",
    "dashboard": "embedkit.cli.dashboard",
    "heads": "embedkit.cli.heads",
    "status": "embedkit.cli.status",
    "models": "embedkit.cli.models",
    "demo": "embedkit.cli.demo",
    "doctor": "embedkit.cli.doctor",
}


class Failed(click.ClickException):
    """An EmbedkitError on its way to the terminal, with its own exit code."""

    def __init__(self, error: EmbedkitError) -> None:
        super().__init__(error.message)
        self.hint = error.hint
        vars(self)["exit_code"] = error.exit_code  # click holds it for the whole class

    def show(self, file: Any = None) -> None:
        click.echo(f"Error: {self.message}", err=True)
        if self.hint:
            click.echo(self.hint, err=True)


class Verbs(click.Group):
    """Loads a verb's module when it is needed and translates errors in this one place."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(VERBS[cmd_name]).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EmbedkitError as error:
            if ctx.params.get("debug"):
                raise
            raise Failed(error) from error
        except KeyboardInterrupt as stop:
            kept = "What was finished is kept: the same command goes on from there."
            raise Failed(EmbedkitError("stopped", kept, STOPPED)) from stop
        except OSError as error:
            if ctx.params.get("debug") or isinstance(error, BrokenPipeError):
                raise
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise Failed(EmbedkitError(what)) from error


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="embedkit")
@click.option("--debug", is_flag=True, help="Show Python tracebacks.")
def main(debug: bool) -> None:
    """Sort a marketplace's catalogue, say how sure it is, and send what it doubts to people.

    \b
    embedkit demo                                  the whole arrow on a sample marketplace
    embedkit index products.csv --images photos/   read a catalogue and encode it
    embedkit search "red wool curtain"             find listings
    embedkit train                                 fit a head on the catalogue's categories
    embedkit classify --promise 0.98               accept what is sure, queue the rest

    Every verb but models takes -w/--workspace DIR (or EMBEDKIT_WORKSPACE); the default is ./embedkit-workspace.
    The demo has its own: -w DIR or ./demo-workspace. Exit codes: 0 done, 1 failed, 2 misuse, 3 done but some items
    failed, 4 a head was held back, 130 stopped by Ctrl-C.
    """


def run() -> None:
    """Run the command; a closed pipe ends it quietly, as in any other program."""
    # Idle threads of the models' libraries sleep instead of spinning: they share the cores with those that decode
    # pictures, and with whatever else the machine does. Read by OpenMP when it is loaded, so it is said here.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        main()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
