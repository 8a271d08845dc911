"""Worlds that several tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_catalogues() -> Path:
    """Return the folder of real catalogues to measure on; they are not part of the project."""
    folder = os.environ.get("EMBEDKIT_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("EMBEDKIT_TEST_DATA names no folder of real catalogues")
    return Path(folder)
