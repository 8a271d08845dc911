"""The wheel holds everything: SQL, bundled encoders, and both folders that stand at the top."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what would be committed, so that nothing stale gets in."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "embedkit", "annotation", "migrations"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(source)], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "-w", str(out), str(source)], check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


def test_the_wheel_holds_the_migrations_and_the_bundled_encoders(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in ("embedkit/migrations/0001_catalog.sql", "embedkit/annotation/__init__.py", "embedkit/types.py"):
        assert name in names
    assert {"embedkit/models/clip-tiny.safetensors", "embedkit/models/densenet-tiny.safetensors"} <= names


def test_the_wheel_is_small_enough_to_ship(wheel: Path) -> None:
    assert wheel.stat().st_size < 25_000_000


def test_this_very_environment_finds_both_folders_that_stand_at_the_top() -> None:
    import embedkit.annotation
    import embedkit.migrations

    for module, folder in ((embedkit.annotation, "annotation"), (embedkit.migrations, "migrations")):
        assert Path(str(module.__file__)).parent.name == folder
    assert list(Path(str(embedkit.migrations.__file__)).parent.glob("0001_*.sql"))


def test_migrations_run_from_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    code = (
        "import embedkit, embedkit.migrations\n"
        "from pathlib import Path; from embedkit.stores.database import Database\n"
        "database = Database(Path('catalog.duckdb')); database.create()\n"
        "print(embedkit.__file__, embedkit.migrations.__file__, database.path.exists())"
    )
    env = {**os.environ, "PYTHONPATH": str(site)}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    here = site / "embedkit"
    assert ran.stdout.split() == [str(here / "__init__.py"), str(here / "migrations/__init__.py"), "True"]
