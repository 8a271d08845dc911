"""embedkit serve-annotations: work with Label Studio while people do."""

from __future__ import annotations

import os
from pathlib import Path

import click

from embedkit.cli.options import workspace_option
from embedkit.cli.progress import say
from embedkit.errors import Misuse

SECRET_VARIABLE = "EMBEDKIT_ANNOTATION_SECRET"


@click.command("serve-annotations")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; others than this machine's need a secret.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=9090, show_default=True, help="0 takes a free one.")
@click.option(
    "--secret-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"File with the secret that Label Studio must send.  [default: the variable {SECRET_VARIABLE}, or none]",
)
@click.option("--url", metavar="URL", help="The Label Studio server, e.g. http://localhost:8080.")
@click.option(
    "--project", default="embedkit", show_default=True, metavar="ID|NAME", help="The project there: number or title."
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the access token.  [default: the variable LABEL_STUDIO_API_KEY]",
)
@click.option(
    "--register", "registers", is_flag=True, help="Tell the project to send its webhooks here, and to ask here."
)
@click.option(
    "--callback",
    metavar="URL",
    help="Address by which Label Studio reaches this service.  [default: the one listened on]",
)
@click.option("--preselect", is_flag=True, help="Choose the model's category beforehand, as export-tasks --preselect.")
@workspace_option
def command(
    workspace_path: Path, secret_file: Path | None, url: str | None, token_file: Path | None, **options: object
) -> None:
    """Answer Label Studio while people work: a small HTTP service (an "ML backend").

    It gives predictions from the head in use, and takes answers in as they are submitted: with --url it reads the
    project whenever something is done in it, as import-labels does; without, it takes what the webhooks hold.
    A webhook is only a hint: what was missed, import-labels takes in.

    Label Studio asks for predictions where a project shows them (export-tasks --preselect), and when it is told to
    retrieve them. It shows the secret to everybody who may see the project's settings. It calls
    no private address unless it was started with SSRF_PROTECTION_ENABLED=false (webhooks) and
    ML_BLOCK_LOCAL_IP=false (predictions).

    \b
    embedkit serve-annotations --url http://localhost:8080 --project "Autumn range" --register
    EMBEDKIT_ANNOTATION_SECRET=... embedkit serve-annotations --host 0.0.0.0
    """
    from embedkit.annotation.access import token_from
    from embedkit.annotation.server import Server
    from embedkit.stages import serve_annotations
    from embedkit.workspace import Workspace

    spec = serve_annotations.ServeSpec(secret=_secret(secret_file), **options)  # type: ignore[arg-type]
    server = Server(url, token_from(os.environ, token_file)) if url else None
    report = serve_annotations.run(Workspace(workspace_path), spec, server, say)
    for line in report.summary:
        click.echo(line)
    click.get_current_context().exit(report.exit_code)


def _secret(path: Path | None) -> str:
    """Return the shared secret, "" where none is given."""
    if path is None:
        return os.environ.get(SECRET_VARIABLE, "").strip()
    secret = path.read_text(encoding="utf-8", errors="replace").strip()
    if not secret:
        raise Misuse(f"{path} holds no secret", "Write one into it: openssl rand -hex 20")
    return secret
