"""What is gathered for a report, from a small shop with two listings that are filed wrongly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from embedkit.cli.report import command
from embedkit.errors import WorkspaceError
from embedkit.gathered import Gathered
from embedkit.stages import classify, index, report, train
from embedkit.studies import newest_study
from embedkit.types import no_progress
from embedkit.workspace import Workspace
from tests.worlds import Row, coloured, listing, spotted, write_shop


def silent(line: str) -> None:
    """Take a line for people, and keep it to oneself."""


def filed() -> list[Row]:
    """Return 60 listings in three colours, two of them filed under the wrong one."""
    rows = coloured(60)
    rows[0] = listing("wrong", "red", category="blue", title="red no 0")
    rows[4] = listing("astray", "green", category="red", title="green no 4")
    return rows


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("reported")
    workspace = Workspace(folder / "workspace")
    catalogue = write_shop(folder / "shop", filed())
    for number, row in enumerate(filed()):
        (folder / "shop" / row["image"]).write_bytes(spotted(row["colour"], number))
    spec = index.IndexSpec(catalogue, encoders=("clip-tiny",))
    index.run(workspace, spec, silent, no_progress)
    return workspace


@pytest.fixture(scope="module")
def gathered(shop: Workspace) -> Gathered:
    train.run(shop, train.TrainSpec(features=("keywords", "clip-image")), silent, no_progress)
    classify.run(shop, classify.ClassifySpec(queue=5), silent)
    return report.run(shop, report.ReportSpec(gallery=5), silent, no_progress)


def test_without_a_head_it_tells_what_ran_and_nothing_of_predictions(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    spec = index.IndexSpec(write_shop(tmp_path / "shop", coloured(6)), encoders=("clip-tiny",))
    index.run(workspace, spec, silent, no_progress)
    said: list[str] = []
    found = report.run(workspace, report.ReportSpec(), said.append, no_progress)
    assert "head" not in found.report.numbers
    assert "embedkit train" in said[0]
    assert [row["verb"] for row in found.table("runs")] == ["index", "report"]


def test_what_was_found_is_kept_as_a_study(shop: Workspace, gathered: Gathered) -> None:
    kept = newest_study(shop, "report")
    assert kept == gathered.report


def test_only_listings_that_were_kept_aside_are_counted(shop: Workspace, gathered: Gathered) -> None:
    numbers = gathered.report.numbers
    trained = json.loads(next(shop.reports.glob("train-*.json")).read_text())
    assert (numbers["tested"], numbers["accuracy"]) == (
        trained["test_n"],
        pytest.approx(trained["test_accuracy"], abs=1e-4),
    )
    assert sum(row["tested"] for row in gathered.table("per_class")) == numbers["tested"] < 60


def test_accepted_and_review_are_all_listings(gathered: Gathered) -> None:
    numbers, rows = gathered.report.numbers, gathered.table("thresholds")
    assert numbers["accepted"] + numbers["review"] == 60 == sum(row["listings"] for row in rows)
    assert sum(row["accepted"] for row in rows) == numbers["accepted"]


def test_the_gallery_finds_what_is_filed_wrongly_and_explains_it(gathered: Gathered) -> None:
    wrong = [row for row in gathered.table("gallery") if row["kind"] == "sure and wrong"]
    assert {row["key"] for row in wrong} >= {"wrong", "astray"}
    assert all(row["known"] != row["predicted"] for row in wrong)
    one = next(row for row in wrong if row["key"] == "wrong")
    explained = gathered.explanations[one["item_id"]]
    assert explained.categories == ("red", "blue")
    assert explained.keywords[0].word == "red"


def test_unsure_and_right_are_right_and_the_least_sure_first(gathered: Gathered) -> None:
    right = [row for row in gathered.table("gallery") if row["kind"] == "unsure and right"]
    assert all(row["known"] == row["predicted"] for row in right)
    assert right[0]["confidence"] <= right[1]["confidence"]


def test_every_listing_is_on_the_map_once_with_its_outcome(gathered: Gathered) -> None:
    rows = gathered.table("map")
    assert len({row["item_id"] for row in rows}) == len(rows) == 60
    assert {row["key"] for row in rows if row["outcome"] == "wrong"} >= {"wrong", "astray"}


def test_what_waits_for_review_is_shown_in_its_order(gathered: Gathered) -> None:
    rows, numbers = gathered.table("review"), gathered.report.numbers
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    assert numbers["batch"] is not None
    assert 0 < numbers["waiting"] == len(rows) <= 5
    assert all(row["reasons"] for row in rows)


def test_pictures_are_read_and_a_listing_without_one_has_none(gathered: Gathered) -> None:
    assert (gathered.picture(gathered.table("map")[0]["item_id"]) or b"").startswith(b"\x89PNG")
    assert gathered.picture(-5) is None


def test_an_unmade_workspace_says_how_to_make_one(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="holds no catalogue"):
        report.run(workspace, report.ReportSpec(), silent, no_progress)


def test_the_command_writes_a_page_in_french_and_says_its_numbers(
    shop: Workspace, gathered: Gathered, tmp_path: Path
) -> None:
    page = tmp_path / "deep" / "rapport.html"
    arguments = ["-w", str(shop.root), "-o", str(page), "--lang", "fr", "--gallery", "1", "--json"]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    assert '<html lang="fr">' in page.read_text(encoding="utf-8")
    (row,) = json.loads(result.stdout)
    assert row["bytes"] == page.stat().st_size
    assert row["listings"] == 60


def test_the_promise_is_that_of_the_last_classify_run_unless_another_is_asked_for(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    index.run(workspace, index.IndexSpec(write_shop(tmp_path / "shop", coloured(30))), silent, no_progress)
    train.run(workspace, train.TrainSpec(features=("keywords",)), silent, no_progress)

    def promised(asked: float | None = None) -> float:
        spec = report.ReportSpec(promise=asked, gallery=0, review=0)
        return float(report.run(workspace, spec, silent, no_progress).report.numbers["promise"])

    assert promised() == 0.98
    for promise in (0.9, 0.95):
        classify.run(workspace, classify.ClassifySpec(promise=promise), silent)
    assert promised() == 0.95
    assert promised(0.7) == 0.7
