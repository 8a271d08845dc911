"""Is everything here that embedkit needs? One row a question."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from embedkit.encoders.registry import list_models
from embedkit.errors import EmbedkitError
from embedkit.workspace import Workspace

LIBRARIES = (
    "torch",
    "torchvision",
    "open_clip_torch",
    "faiss-cpu",
    "duckdb",
    "pyarrow",
    "nltk",
    "scikit-learn",
    "Pillow",
)


def run(workspace: Workspace) -> list[dict[str, Any]]:
    """Return rows of what was checked, whether it is well, and what was found."""
    rows = [_row("python", True, platform.python_version())]
    for library in LIBRARIES:
        try:
            rows.append(_row(library, True, version(library)))
        except PackageNotFoundError:
            rows.append(_row(library, False, f"not installed: pip install {library}"))
    rows += [_row(card.name, card.present, card.where) for card in list_models() if "/" not in card.name]
    rows.append(_device())
    if workspace.catalog.exists():
        rows += _workspace(workspace)
    return rows


def _device() -> dict[str, Any]:
    from embedkit.encoders.options import EncoderOptions
    from embedkit.encoders.runtime import Runtime  # torch comes with it

    return _row("device", True, Runtime.choose(EncoderOptions()).device)


def _workspace(workspace: Workspace) -> list[dict[str, Any]]:
    """Return whether the database opens and every vector file is as it was written."""
    try:
        with workspace.database().connect(read_only=True):
            rows = [_row("catalogue database", True, str(workspace.catalog))]
        damaged = workspace.vectors().damaged(thorough=True)
    except EmbedkitError as error:
        return [_row("workspace", False, error.message)]
    if damaged:
        return [*rows, *(_row(file, False, f"{cause}; embedkit index CATALOG --repair") for file, cause in damaged)]
    return [*rows, _row("stored vectors", True, "every file is as it was written")]


def _row(what: str, ok: bool, found: str) -> dict[str, Any]:
    return {"what": what, "ok": ok, "found": found}
