"""Scenarios compared on a shop of coloured listings, by an encoder that sees nothing but colours."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedkit.encoding import cores
from embedkit.errors import EmbedkitError, Misuse, NotEnoughLabels, WorkspaceError
from embedkit.stages import compare, index, train
from embedkit.standing import head_in_use
from embedkit.stores import judgements, lock, runs, spaces
from embedkit.stores.lock import WorkspaceLock
from embedkit.studies import newest_study
from embedkit.study.scenarios import PRESETS, Scenario
from embedkit.types import Progress, Say, no_progress
from embedkit.workspace import Workspace
from tests.worlds import COLOURS, ColourRegistry, Row, coloured, listing, square, write_shop

A, B, PICTURE, TEXT, WORDS = (PRESETS[name] for name in ("A", "B", "picture", "text", "keywords"))
PEAK, SAMPLE = 64 << 20, 12
MISLED = 5
"""Every so many listings have a picture of another colour."""


def silent(line: str) -> None:
    """Take a line for people, and keep it to oneself."""


def here(
    work: Callable[[Any, Say, Progress], Any], task: Any, held: WorkspaceLock, say: Say, progress: Progress
) -> tuple[Any, int]:
    """Do the work in this process, where the colour encoder is known."""
    return work(task, say, progress), PEAK


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch, colours: ColourRegistry) -> None:
    monkeypatch.setattr("embedkit.stages.compare.apart", here)
    monkeypatch.setattr("embedkit.trials.SAMPLE", SAMPLE)


def misled() -> list[Row]:
    """Return 60 listings in three colours; the pictures of every fifth have the next colour."""
    names = list(COLOURS)[:3]
    rows = coloured(60, names)
    for i in range(0, 60, MISLED):
        rows[i]["colour"] = names[(i + 1) % 3]
    return rows


def shop_of(rows: list[Row], workspace: Workspace, folder: Path, **options: Any) -> Workspace:
    """Return the workspace with these listings, indexed by the colour encoder."""
    catalogue = write_shop(folder / "shop", rows)
    index.run(workspace, index.IndexSpec(catalogue, encoders=("colour",), **options), silent, no_progress)
    return workspace


@pytest.fixture
def shop(workspace: Workspace, tmp_path: Path) -> Workspace:
    return shop_of(misled(), workspace, tmp_path)


def run(workspace: Workspace, *scenarios: Scenario, say: Say = silent, **options: Any) -> compare.Compared:
    spec = compare.CompareSpec(scenarios=scenarios, **options)
    return compare.run(workspace, spec, say, no_progress)


def row_of(compared: compare.Compared, name: str) -> dict[str, Any]:
    return next(row for row in compared.rows if row["scenario"] == name)


def test_what_reads_texts_is_right_where_pictures_mislead_and_the_listings_are_named(shop: Workspace) -> None:
    compared = run(shop, PICTURE, TEXT)
    tested = {row["key"] for row in compared.study.tables["predictions"]}
    wrong = {f"k{i:03d}" for i in range(0, 60, MISLED)} & tested
    assert wrong
    assert {row["key"] for row in compared.changed if row["change"] == "now right"} == wrong
    assert row_of(compared, "text")["test_accuracy"] == 1
    assert row_of(compared, "picture")["test_accuracy"] == pytest.approx(1 - len(wrong) / len(tested), abs=1e-4)
    assert row_of(compared, "text")["only_this"] == len(wrong)
    assert (compared.decision.best, compared.decision.first) == ("text", "picture")


def test_every_scenario_is_tested_on_the_same_listings_whatever_they_lack(workspace: Workspace, tmp_path: Path) -> None:
    rows = coloured(60)
    for row in rows[:15]:
        row["image"] = ""
    compared = run(shop_of(rows, workspace, tmp_path), PICTURE, TEXT, WORDS)
    said: dict[str, list[str]] = {}
    for row in compared.study.tables["predictions"]:
        said.setdefault(row["scenario"], []).append(row["key"])
    assert said["picture"] == said["text"] == said["keywords"]
    assert any(key < "k015" for key in said["picture"])
    assert [row["test_n"] for row in compared.rows] == [len(said["text"])] * 3


def test_it_is_the_split_that_training_uses(shop: Workspace) -> None:
    compared = run(shop, TEXT)
    train.run(shop, train.TrainSpec(promote=False), silent, no_progress)
    with shop.database().connect(read_only=True) as connection:
        split = judgements.load_split(connection)
        assert split is not None
        kept = connection.execute("SELECT key FROM items JOIN splits USING (item_id) WHERE split = 'test'").fetchall()
    assert {row["key"] for row in compared.study.tables["predictions"]} == {key for (key,) in kept}


def test_what_was_indexed_is_replayed_and_what_was_not_is_encoded_and_stored(
    shop: Workspace, colours: ColourRegistry
) -> None:
    before = colours.embedded
    first = run(shop, A, B)
    assert row_of(first, "A")["times"] == "replayed"
    assert row_of(first, "B")["times"] == "measured + replayed"
    assert {row["variant"]: row["times"] for row in first.study.tables["encodings"]} == {
        "pad-edge": "replayed",
        "raw": "replayed",
        "nltk": "measured",
    }
    # a sample of what was indexed, for the memory that it takes, and all of the new texts
    assert colours.embedded == before + 2 * SAMPLE + 60
    again = run(shop, A, B)
    assert colours.embedded == before + 2 * SAMPLE + 60
    assert row_of(again, "B")["times"] == "replayed"
    assert row_of(again, "B")["encode_s"] == row_of(first, "B")["encode_s"]
    assert row_of(again, "B")["test_accuracy"] == row_of(first, "B")["test_accuracy"]


def test_a_replayed_time_is_the_one_that_the_index_noted(shop: Workspace) -> None:
    with shop.database().connect(read_only=True) as connection:
        (indexed,) = runs.load_runs(connection, "index")
    assert indexed.summary is not None
    spaces_of = {one["modality"]: one["space"] for one in indexed.summary["encoders"]}
    seconds = sum(indexed.summary[space]["seconds"] for space in spaces_of.values())
    assert indexed.summary[spaces_of["text"]]["cores"] == cores()
    assert row_of(run(shop, A), "A")["encode_s"] == pytest.approx(seconds, abs=0.001)


def test_fewer_listings_than_were_indexed_cost_in_proportion(workspace: Workspace, tmp_path: Path) -> None:
    rows = coloured(60)
    for row in rows[30:]:
        row["category"] = ""
    compared = run(shop_of(rows, workspace, tmp_path), TEXT)
    (encoding,) = compared.study.tables["encodings"]
    assert (encoding["contents"], encoding["times"], row_of(compared, "text")["times"]) == (30, "scaled", "scaled")


def test_vectors_whose_run_was_killed_are_used_and_their_time_scaled_from_a_sample(
    shop: Workspace, colours: ColourRegistry
) -> None:
    run(shop, B)
    with shop.database().connect(read_only=False) as connection:
        connection.execute("UPDATE runs SET summary = NULL, finished_at = NULL WHERE verb = 'compare'")
    before = colours.embedded
    assert row_of(run(shop, B), "B")["times"] == "replayed + scaled"
    assert colours.embedded == before + 2 * SAMPLE


def test_the_peak_is_that_of_the_processes_and_is_remembered(shop: Workspace) -> None:
    assert row_of(run(shop, A), "A")["peak_mib"] == PEAK >> 20
    run(shop, A)
    study = newest_study(shop, "compare")
    assert study is not None
    assert [row["peak_mib"] for row in study.tables["encodings"]] == [PEAK >> 20] * 2


def test_no_head_no_split_and_no_space_is_left_behind(shop: Workspace) -> None:
    head = train.run(shop, train.TrainSpec(features=("clip-text",)), silent, no_progress).head_id

    def standing() -> Any:
        with shop.database().connect(read_only=True) as connection:
            heads = [one.head_id for one in judgements.load_heads(connection)]
            split = connection.execute("SELECT count(*) FROM splits").fetchall()
            return heads, head_in_use(connection), split, spaces.load_spaces(connection)

    before = standing()
    assert before[:2] == ([head], head)
    run(shop, A, B, PRESETS["grey"])
    assert standing() == before
    assert sorted(path.stem for path in shop.heads.glob("*.safetensors")) == [head]
    train.run(shop, train.TrainSpec(features=("clip-image", "clip-text"), promote=False), silent, no_progress)


def test_an_index_that_comes_later_finds_the_vectors(shop: Workspace, colours: ColourRegistry, tmp_path: Path) -> None:
    run(shop, B)
    before = colours.embedded
    spec = index.IndexSpec(tmp_path / "shop" / "shop.csv", encoders=("colour",), text_variant="nltk")
    report = index.run(shop, spec, silent, no_progress)
    assert any("encoded 0, already present 60" in line for line in report.summary if "texts" in line)
    assert colours.embedded == before


def test_a_picture_that_changed_since_it_was_indexed_is_left_out_and_not_marked_as_broken(
    shop: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "shop" / "k001.png").write_bytes(square("grey", 99))
    (tmp_path / "shop" / "k002.png").unlink()
    os.utime(tmp_path / "shop" / "k003.png")  # touched, and the same
    lines: list[str] = []
    compared = run(shop, PRESETS["grey"], say=lines.append)
    pictures = next(row for row in compared.study.tables["encodings"] if row["modality"] == "image")
    assert (pictures["contents"], pictures["variant"]) == (58, "grey")
    assert any(line.startswith("2 pictures are no longer as they were indexed") for line in lines)
    with shop.database().connect(read_only=True) as connection:
        assert runs.current_failures(connection) == []


def test_a_scenario_that_would_read_nothing_is_left_out(workspace: Workspace, tmp_path: Path) -> None:
    rows = coloured(30)
    for row in rows:
        row["image"] = ""
    shop = shop_of(rows, workspace, tmp_path)
    lines: list[str] = []
    assert [row["scenario"] for row in run(shop, PICTURE, TEXT, say=lines.append).rows] == ["text"]
    assert "picture is left out: no listing has anything for clip-image" in lines
    with pytest.raises(EmbedkitError, match="no scenario is left"):
        run(shop, PICTURE)


def test_all_scenarios_are_cross_validated_in_the_same_folds(shop: Workspace) -> None:
    compared = run(shop, PICTURE, TEXT, cv=3, repeats=2)
    table = compared.study.tables["cv"]
    assert [(row["scenario"], row["repeat"], row["n"]) for row in table] == [
        ("picture", 1, 60),
        ("picture", 2, 60),
        ("text", 1, 60),
        ("text", 2, 60),
    ]
    assert row_of(compared, "text")["cv_accuracy"] == 1
    picture = row_of(compared, "picture")
    assert picture["cv_accuracy"] == pytest.approx(1 - 1 / MISLED, abs=0.1)
    assert picture["cv_low"] < picture["cv_accuracy"] < picture["cv_high"]
    assert row_of(compared, "text")["cv_p_value"] < 0.01
    assert compared.decision.beyond_chance


def test_the_repeats_are_in_other_folds(shop: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: Counter[int] = Counter()
    whole = compare.try_head.__globals__["cross_validate"]

    def noted(*args: Any, seed: int, **options: Any) -> Any:
        seeds[seed] += 1
        return whole(*args, seed=seed, **options)

    monkeypatch.setattr("embedkit.trials.cross_validate", noted)
    run(shop, TEXT, WORDS, cv=2, repeats=3)
    assert sorted(seeds.values()) == [2, 2, 2]


def test_zero_shot_and_prototype_heads_can_be_compared_too(shop: Workspace) -> None:
    compared = run(shop, PRESETS["zeroshot"], PRESETS["prototype"])
    assert [(row["head"], row["test_accuracy"] > 0.7) for row in compared.rows] == [
        ("zeroshot", True),
        ("prototype", True),
    ]


def test_own_weights_of_words_move_what_they_weigh(shop: Workspace, tmp_path: Path) -> None:
    table = tmp_path / "weights.csv"
    table.write_text("category,word,weight\nred,green,50\n")
    spoilt = Scenario("spoilt", ("clip-text", "keywords"), keyword_weights=table)
    compared = run(shop, TEXT, spoilt)
    assert {(row["truth"], row["label"]) for row in compared.changed} == {("green", "red")}
    table.write_text("category,word,weight\nred,green,heavy\n")
    with pytest.raises(Misuse, match="'heavy' is not a number"):
        run(shop, TEXT, spoilt)


def test_another_encoder_makes_more_rows(shop: Workspace) -> None:
    compared = run(shop, TEXT, WORDS, encoders=("colour", "colour"))
    assert [row["scenario"] for row in compared.rows] == ["text", "keywords", "text, colour"]


def test_the_workspace_is_locked_and_its_database_free_while_scenarios_run(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def looked(*args: Any) -> tuple[Any, int]:
        with pytest.raises(WorkspaceError, match="embedkit compare"), lock.hold(shop.lock, "other", wait_s=0):
            pass
        assert args[2].descriptor > 2
        with shop.database().connect(read_only=False) as connection:
            connection.execute("CREATE OR REPLACE TEMP TABLE free (x INTEGER)")
        return here(*args)

    monkeypatch.setattr("embedkit.stages.compare.apart", looked)
    assert run(shop, WORDS).rows


def test_the_study_is_the_newest_and_the_run_is_in_the_diary(shop: Workspace) -> None:
    compared = run(shop, TEXT, WORDS)
    study = newest_study(shop, "compare")
    assert study is not None
    assert study.tables["scenarios"] == [
        {name: None if isinstance(value, float) and not np.isfinite(value) else value for name, value in row.items()}
        for row in compared.rows
    ]
    assert set(study.tables) == {
        "scenarios",
        "changed",
        "predictions",
        "confusion",
        "per_class",
        "reliability",
        "curve",
        "encodings",
        "cv",
    }
    assert (study.numbers["first"], study.numbers["listings"], study.numbers["cores"]) == ("text", 60, cores())
    with shop.database().connect(read_only=True) as connection:
        (noted,) = runs.load_runs(connection, "compare")
    assert (noted.run_id, noted.exit_code) == (study.run_id, 0)


def test_scenarios_without_a_category_or_with_one_name_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    rows = [{**listing(f"k{i}", "red"), "category": ""} for i in range(4)]
    shop_of(rows, workspace, tmp_path)
    with pytest.raises(NotEnoughLabels, match="no listing here has a category"):
        run(workspace, TEXT)
    shop = shop_of(coloured(12), Workspace(tmp_path / "second"), tmp_path / "other")
    with pytest.raises(Misuse, match="2 scenarios are called 'text'"):
        run(shop, TEXT, TEXT)
