"""The README is true: its examples run, its links lead somewhere, and every verb is in it."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from embedkit.cli.main import VERBS, main
from embedkit.demo.generate import write_marketplace

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
LINES = [line.split("   #")[0].split("  #")[0].strip() for block in BLOCKS for line in block.splitlines()]
EXAMPLES = [line for line in LINES if line.startswith("embedkit ")]
FETCHES_WEIGHTS = [line for line in EXAMPLES if "open_clip/" in line or "torchvision/" in line]
NEEDS_SERVER = [line for line in EXAMPLES if "--url" in line]
"""Run against a real one in tests/label_studio."""
NEVER_ENDS = [line for line in EXAMPLES if line.startswith("embedkit dashboard")]
"""Run in a real browser in tests/dashboard."""


def test_every_verb_is_in_the_readme() -> None:
    assert [verb for verb in VERBS if f"embedkit {verb}" not in README] == []


def test_every_link_leads_to_a_file() -> None:
    assert [
        link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link and not (ROOT / link).exists()
    ] == []


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("make ")])
def test_every_make_target_exists(line: str) -> None:
    assert re.search(rf"^{line.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("line", FETCHES_WEIGHTS + NEEDS_SERVER + NEVER_ENDS)
def test_an_example_that_cannot_run_here_is_at_least_understood(line: str, shop: Path) -> None:
    verb, *args = shlex.split(line)[1:]
    with click.Context(main) as ctx:
        command = main.get_command(ctx, verb)
    assert command is not None
    command.make_context(verb, args)


def test_the_examples_run_in_the_order_of_the_page(shop: Path) -> None:
    runner = CliRunner()
    elsewhere = [*FETCHES_WEIGHTS, *NEEDS_SERVER, *NEVER_ENDS, "embedkit demo"]
    examples = [line for line in EXAMPLES if line not in elsewhere]
    assert len(examples) > 10
    for line in examples:
        result = runner.invoke(main, shlex.split(line)[1:])
        assert result.exit_code in (0, 3), f"{line}\n{result.output}"
        # 3 is for the verb that meets the broken pictures of the sample, and for no other.
        assert result.exit_code == 0 or line.startswith("embedkit index"), line


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with products.csv, photos/ and photo.jpg, as the README's reader has."""
    made = write_marketplace(tmp_path / "made", listings_per_category=20, seed=7)
    (tmp_path / "photos").symlink_to(made.images)
    shutil.copy(made.catalog, tmp_path / "products.csv")
    good = next(path for path in sorted(made.images.iterdir()) if path.suffix == ".jpg" and path.stat().st_size > 2000)
    shutil.copy(good, tmp_path / "photo.jpg")
    (tmp_path / "ViT-B-32.safetensors").touch()
    (tmp_path / ".label-studio").mkdir()
    (tmp_path / ".label-studio" / "token").write_text("a" * 40)
    monkeypatch.chdir(tmp_path)
    return tmp_path
