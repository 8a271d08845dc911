"""Worlds that several tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from embedkit.workspace import Workspace
from tests.worlds import ColourRegistry

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command does; torch reads it when a test first needs it


@pytest.fixture(scope="session")
def real_catalogues() -> Path:
    """Return the folder of real catalogues to measure on; they are not part of the project."""
    folder = os.environ.get("EMBEDKIT_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("EMBEDKIT_TEST_DATA names no folder of real catalogues")
    return Path(folder)


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> ColourRegistry:
    """Return the registry that every `--encoder colour` is opened by."""
    registry = ColourRegistry()
    monkeypatch.setattr("embedkit.encoding.load_encoder", registry.load)
    return registry


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace that is not made yet."""
    return Workspace(tmp_path / "workspace")
