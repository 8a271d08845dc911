"""embedkit compare from the outside: what goes to stdout, what to stderr, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from embedkit.cli.main import main
from embedkit.study.scenarios import PRESETS
from tests.worlds import ColourRegistry, coloured, write_shop


@pytest.fixture
def shop(colours: ColourRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixty coloured listings, indexed; only the pictures show the colour."""
    monkeypatch.setenv("EMBEDKIT_WORKSPACE", str(tmp_path / "workspace"))
    rows = coloured(60)
    for row in rows:
        row["title"] = f"{row['sku']} thing"
    catalogue = write_shop(tmp_path / "shop", rows)
    assert run("index", catalogue, "--encoder", "colour").exit_code == 0
    return tmp_path


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def mine(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_people_read_how_good_how_costly_and_which_listings_changed(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedkit.stages.compare.apart", lambda work, task, held, *heard: (work(task, *heard), 1 << 20))
    result = run("compare", "--scenario", "keywords", "--scenario", "picture")
    assert result.exit_code == 0
    quality, cost, changed, rest = result.stdout.split("\n\n")
    assert quality.splitlines()[0].split("  ")[0] == "scenario"
    assert "coverage at 0.98" in quality
    assert cost.splitlines()[3].split()[0] == "picture"
    assert cost.splitlines()[3].split()[2] in ("measured", "replayed")
    assert "keywords says" in changed.splitlines()[0]
    assert len(changed.splitlines()) == 2 + 3  # three of those that are right now, and none is wrong
    assert rest.endswith("more: --changed\n")
    assert "Scenario picture does best: 100.0%" in result.stderr
    every = run("compare", "--scenario", "keywords", "--scenario", "picture", "--changed")
    assert len(every.stdout.split("\n\n")[2].splitlines()) > 5
    table = run("compare", "--scenario", "keywords", "--scenario", "picture", "--changed", "--csv").stdout
    listed = list(csv.DictReader(io.StringIO(table)))
    assert {row["change"] for row in listed} == {"now right"}
    assert len(listed) == len(every.stdout.split("\n\n")[2].splitlines()) - 2


def test_a_file_of_scenarios_replaces_the_default_ones_and_real_processes_run_them(shop: Path) -> None:
    path = mine(shop, "scenarios:\n  - keywords\n  - {name: plain words, like: keywords}\n")
    result = run("compare", "--scenarios", path, "--json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert [row["scenario"] for row in rows] == ["keywords", "plain words"]
    assert (rows[1]["changed"], rows[1]["p_value"]) == (0, 1.0)
    assert 100 < rows[0]["peak_mib"] < 2000


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--scenario", "C"), "'C' is not one of '0', 'A', 'B'"),
        (("--repeats", "3"), "say --cv K, too"),
        (("--scenario", "keyword-weights"), "needs your words' weights"),
        (("--encoder", "colour", "--weights", "other=x"), "no --encoder other was given"),
        (("--promise", "1"), "--promise"),
    ],
)
def test_what_cannot_be_meant_exits_with_2(shop: Path, args: tuple[str, ...], message: str) -> None:
    result = run("compare", *args)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_slip_in_the_file_exits_with_2_and_names_it(shop: Path) -> None:
    result = run("compare", "--scenarios", mine(shop, "scenarios: [{name: x, like: A, picture: gray}]"))
    assert result.exit_code == 2
    assert "mine.yaml, scenario x: picture is 'gray'" in result.stderr
    assert "One of: pad-edge, pad-white, crop, grey" in result.stderr


def test_help_lists_every_known_scenario() -> None:
    said = run("compare", "--help").stdout
    assert [name for name, one in PRESETS.items() if f"{name:<16} {one.what}" not in said] == []
