"""A catalogue studied from end to end, by an encoder that sees colours."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from embedkit.errors import EmbedkitError, Misuse, WorkspaceError
from embedkit.stages import explore, index
from embedkit.stores import runs
from embedkit.studies import newest_study
from embedkit.types import no_progress
from embedkit.workspace import Workspace
from tests.worlds import Row, coloured, listing, square, write_shop

pytestmark = pytest.mark.usefixtures("colours")


def shop(folder: Path, rows: list[Row], pictures: bool = True, **spec: Any) -> Workspace:
    """Return a workspace of these listings, indexed."""
    catalogue = write_shop(folder / "shop", rows, pictures)
    return indexed(folder, catalogue, **spec)


def indexed(folder: Path, catalogue: Path, **spec: Any) -> Workspace:
    workspace = Workspace(folder / "workspace")
    index.run(workspace, index.IndexSpec(catalogue, encoders=("colour",), **spec), lambda line: None, no_progress)
    return workspace


def run(workspace: Workspace, **spec: Any) -> tuple[explore.Explored, list[str]]:
    said: list[str] = []
    return explore.run(workspace, explore.ExploreSpec(**spec), said.append, no_progress), said


def only(rows: list[dict[str, Any]], **asked: Any) -> dict[str, Any]:
    """Return the one row that has these values."""
    (row,) = [row for row in rows if all(row[name] == value for name, value in asked.items())]
    return row


def test_the_study_is_kept_and_its_run_is_noted(tmp_path: Path) -> None:
    workspace = shop(tmp_path, coloured(12))
    explored, _ = run(workspace)
    kept = newest_study(workspace, "explore")
    assert kept is not None
    assert (kept.tables, kept.numbers) == (explored.study.tables, explored.study.numbers)
    with workspace.database().connect(read_only=True) as connection:
        (noted,) = runs.load_runs(connection, "explore")
    assert (noted.run_id, noted.exit_code) == (kept.run_id, 0)
    assert (kept.numbers["listings"], kept.numbers["categories"], kept.numbers["pictures"]) == (12, 3, 12)


def test_a_catalogue_that_has_not_changed_is_not_looked_at_again(tmp_path: Path) -> None:
    workspace = shop(tmp_path, coloured(12))
    first, _ = run(workspace)
    second, said = run(workspace)
    assert (second.known, second.study.run_id) == (True, first.study.run_id)
    assert said[0].startswith(f"nothing has changed since run {first.study.run_id}")
    again, _ = run(workspace, again=True)
    assert (again.known, again.study.run_id) == (False, first.study.run_id + 1)


def test_a_changed_listing_and_another_depth_are_looked_at(tmp_path: Path) -> None:
    rows = [{**row, "category": f"Things > {row['colour']}"} for row in coloured(12)]
    workspace = shop(tmp_path, rows)
    assert run(workspace)[0].study.numbers["categories"] == 1
    assert run(workspace, depth=2)[0].study.numbers["categories"] == 3
    shop(tmp_path, [*rows[:-1], {**rows[-1], "title": "another"}])
    assert not run(workspace)[0].known


def test_a_picture_that_was_out_of_reach_is_looked_for_again(tmp_path: Path) -> None:
    workspace = shop(tmp_path, coloured(6))
    away = tmp_path / "away.png"
    shutil.move(tmp_path / "shop" / "k003.png", away)
    explored, said = run(workspace)
    assert [(row["key"], row["picture"]) for row in explored.study.tables["unreadable"]] == [("k003", "k003.png")]
    assert "1 picture cannot be read: k003" in said
    shutil.move(away, tmp_path / "shop" / "k003.png")
    assert run(workspace)[0].study.numbers["unreadable"] == 0


def test_pictures_that_cannot_be_read_are_named_with_their_cause_and_are_no_copies(tmp_path: Path) -> None:
    rows = coloured(6)
    write_shop(tmp_path / "shop", rows)
    for key in ("k000", "k001"):
        (tmp_path / "shop" / f"{key}.png").write_bytes(b"no picture")
    (tmp_path / "shop" / "k002.png").unlink()
    explored, _ = run(indexed(tmp_path, tmp_path / "shop" / "shop.csv"))
    causes = {row["key"]: row["cause"] for row in explored.study.tables["unreadable"]}
    assert list(causes) == ["k000", "k001", "k002"]
    assert causes["k000"].startswith("not a picture")
    assert causes["k002"] == "no such file: k002.png"
    assert explored.study.numbers["copied_pictures"] == 0
    assert run(Workspace(tmp_path / "workspace"))[0].known


def test_listings_filed_twice_are_named(tmp_path: Path) -> None:
    rows = coloured(9)
    write_shop(tmp_path / "shop", rows)
    shutil.copy(tmp_path / "shop" / "k000.png", tmp_path / "shop" / "k001.png")
    shutil.copy(tmp_path / "shop" / "k000.png", tmp_path / "shop" / "k003.png")
    explored, said = run(indexed(tmp_path, tmp_path / "shop" / "shop.csv"))
    row = only(explored.study.tables["copies"], what="same picture")
    assert (row["groups"], row["listings"], row["within"], row["across"]) == (1, 3, 0, 1)
    assert explored.study.numbers["filed_twice"] == 3
    assert "3 listings share a picture or a text with one in another category: k000 = k001 (red / green)" in said


def test_a_picture_saved_again_is_nearly_the_same(tmp_path: Path) -> None:
    rows = [*coloured(9), listing("copy", "red", title="red no 0 again")]
    write_shop(tmp_path / "shop", rows)
    # The encoder sees colours alone, and a grain that follows from the pixels at a size of 8.
    (tmp_path / "shop" / "copy.png").write_bytes(square("red") + b"more")
    (tmp_path / "shop" / "k000.png").write_bytes(square("red"))
    explored, _ = run(indexed(tmp_path, tmp_path / "shop" / "shop.csv"))
    near = only(explored.study.tables["copies"], what="nearly the same picture")
    assert (near["groups"], near["examples"]) == (1, ["k000 = copy"])
    assert only(explored.study.tables["copies"], what="same picture")["groups"] == 0


def test_what_clip_does_not_read_is_told(tmp_path: Path) -> None:
    rows = [*coloured(5), listing("long", "red", title=" ".join(f"word{n}" for n in range(60)) + " hidden")]
    explored, said = run(shop(tmp_path, rows))
    assert explored.study.numbers["texts_too_long"] == 1
    assert only(explored.study.tables["too_long"], category="red")["examples"] == ["long"]
    (cut,) = explored.study.tables["cut"]
    assert (cut["key"], cut["tokens"] > 77, cut["words_lost"] > 0) == ("long", True, True)
    assert any(line.startswith("1 of 6 texts are longer than CLIP's 77 tokens") for line in said)


def test_words_that_tell_a_category_are_its_colour(tmp_path: Path) -> None:
    explored, _ = run(shop(tmp_path, coloured(60)))
    first = only(explored.study.tables["telling_words"], category="red", rank=1)
    assert (first["word"], first["here"], first["elsewhere"]) == ("red", 1, 0)


def test_a_catalogue_without_pictures_is_studied_by_its_texts(tmp_path: Path) -> None:
    explored, said = run(shop(tmp_path, [{**row, "image": ""} for row in coloured(6)], pictures=False))
    assert (explored.study.tables["pictures"], explored.study.tables["quality"]) == ([], [])
    assert only(explored.study.tables["empty"], field="picture")["empty"] == 6
    assert "no listing names a picture" in said


def test_a_catalogue_without_texts_is_studied_by_its_pictures(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name in ("sku", "image", "category")} for row in coloured(6)]
    (tmp_path / "shop").mkdir()
    for number, row in enumerate(rows):
        (tmp_path / "shop" / row["image"]).write_bytes(square(row["category"], 16 + number))
    lines = ["sku,image,category", *(",".join(row.values()) for row in rows)]
    (tmp_path / "shop" / "shop.csv").write_text("\n".join(lines))
    explored, said = run(indexed(tmp_path, tmp_path / "shop" / "shop.csv"))
    assert (explored.study.tables["text_lengths"], explored.study.tables["languages"]) == ([], [])
    assert explored.study.numbers["pictures"] == 6
    assert "no listing has a text: only pictures can say what they are" in said


def test_a_folder_of_pictures_is_a_catalogue_too(tmp_path: Path) -> None:
    for colour in ("red", "blue"):
        (tmp_path / "photos" / colour).mkdir(parents=True)
        for number in range(3):
            (tmp_path / "photos" / colour / f"{number}.png").write_bytes(square(colour, 20 + number))
    explored, _ = run(indexed(tmp_path, tmp_path / "photos"))
    assert [row["category"] for row in explored.study.tables["categories"]] == ["blue", "red"]
    assert only(explored.study.tables["pictures"], format="PNG", measure="width")["most"] == 22


def test_a_catalogue_without_categories_is_studied_as_a_whole(tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "category"} for row in coloured(6)]
    explored, said = run(shop(tmp_path, rows, columns={"category": ()}))
    assert (explored.study.tables["categories"], explored.study.tables["overlap"]) == ([], [])
    assert [row["category"] for row in explored.study.tables["too_long"]] == ["(all)", "(none)"]
    assert "no listing has a category: there is nothing to compare" in said


def test_a_depth_that_no_category_has_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="no category is 3 levels deep"):
        run(shop(tmp_path, coloured(6)), depth=3)


def test_without_a_catalogue_there_is_nothing_to_explore(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="holds no catalogue"):
        run(workspace)
    assert not workspace.root.exists()
    assert issubclass(WorkspaceError, EmbedkitError)
