"""embedkit dashboard: look at the workspace in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from embedkit.cli.options import workspace_option
from embedkit.cli.progress import say


@click.command("dashboard")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. There is no log-in: any other than this machine's own shows everything to whoever "
    "reaches it.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port to listen on.")
@click.option("--lang", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Language of the pages.")
@workspace_option
def command(workspace_path: Path, host: str, port: int, lang: str) -> None:
    """Look at the workspace in a browser, until Ctrl-C.

    How much is sorted and how well, the scenarios side by side, the errors, each listing with its explanation and its
    neighbours, search by text and by picture, what a threshold would accept, where people's work stands, and the map.
    It changes nothing, and no command ever waits for it: it reads a copy of the database. It asks nothing of other
    hosts. It needs pip install '.[dashboard]'.

    \b
    embedkit dashboard
    embedkit dashboard --port 8600 --lang fr
    """
    from embedkit.dashboard.server import DashboardSpec, run

    run(workspace_path, DashboardSpec(host, port, lang), say)
