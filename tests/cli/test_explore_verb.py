"""`embedkit explore` from the outside."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from embedkit.cli.explore import HEADINGS
from embedkit.cli.main import main
from tests.worlds import ColourRegistry, coloured, write_shop


@pytest.fixture
def shop(colours: ColourRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Thirty coloured listings, indexed, in the workspace that every verb takes."""
    monkeypatch.setenv("EMBEDKIT_WORKSPACE", str(tmp_path / "workspace"))
    path = write_shop(tmp_path / "shop", coloured(30))
    assert run("index", path, "--encoder", "colour").exit_code == 0
    return path


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_people_see_every_table_that_has_rows_and_where_the_rest_of_it_is(shop: Path) -> None:
    result = run("explore", "--rows", "2")
    assert result.exit_code == 0
    assert "Listings per category, and categories directly below it (categories)" in result.stdout
    assert "… and 1 more: embedkit explore --table categories" in result.stdout
    assert "(unreadable)" not in result.stdout
    assert "30 listings, compared at depth 1" in result.stderr


def test_one_table_is_whole_whatever_people_would_see_of_it(shop: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("explore", "--table", "categories", "--csv").stdout)))
    assert [(row["category"], row["listings"]) for row in rows] == [("blue", "10"), ("green", "10"), ("red", "10")]
    table = run("explore", "--table", "categories", "--rows", "1").stdout
    assert len(table.splitlines()) == 2 + 3


def test_json_holds_the_numbers_and_every_table(shop: Path) -> None:
    (document,) = json.loads(run("explore", "--json").stdout)
    assert list(document) == ["numbers", *HEADINGS]
    assert document["numbers"]["listings"] == 30
    assert isinstance(json.loads(run("explore", "--json", "--table", "copies").stdout), list)


def test_json_lines_name_the_table_of_each_row(shop: Path) -> None:
    rows = [json.loads(line) for line in run("explore", "--nl").stdout.splitlines()]
    assert [row["listings"] for row in rows if row["table"] == "levels"] == [30]


def test_a_csv_of_several_tables_is_misuse_that_names_them(shop: Path) -> None:
    result = run("explore", "--csv")
    assert result.exit_code == 2
    assert "Name one with --table: levels, categories" in result.stderr


def test_every_table_of_the_study_has_a_heading(shop: Path, tmp_path: Path) -> None:
    run("explore")
    (path,) = (tmp_path / "workspace" / "reports").glob("explore-*.json")
    assert list(json.loads(path.read_text())["tables"]) == list(HEADINGS)
