"""A catalogue in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from embedkit.errors import CatalogError, WorkspaceError
from embedkit.stages import index, status
from embedkit.stores import items
from embedkit.types import Report, no_progress
from embedkit.workspace import Workspace
from tests.worlds import ColourRegistry, coloured, listing, square, write_shop


def run(workspace: Workspace, source: Path, **options: object) -> Report:
    spec = index.IndexSpec(source, encoders=("colour",), **options)  # type: ignore[arg-type]
    return index.run(workspace, spec, lambda line: None, no_progress)


def vectors(workspace: Workspace) -> int:
    store = workspace.vectors()
    return sum(shard.rows for shard in store.shards())


def test_the_first_run_adds_and_the_second_is_free(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path, coloured(6))
    assert run(workspace, shop).summary[0] == "added 6, changed 0, unchanged 0, gone 0"
    opened = len(colours.opened)
    again = run(workspace, shop)
    assert again.summary[0] == "added 0, changed 0, unchanged 6, gone 0"
    assert "colour pictures: encoded 0, already present 6; index up to date" in again.summary[1]
    assert len(colours.opened) == opened


def test_only_what_changed_is_encoded_again(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> None:
    rows = coloured(6)
    run(workspace, write_shop(tmp_path, rows))
    before = colours.embedded
    (tmp_path / "k001.png").write_bytes(square("blue", size=20))
    rows[2] = {**rows[2], "title": "blue and new"}
    new = listing("k100", "red", title="red and new")
    (tmp_path / "k100.png").write_bytes(square("red", size=24))
    report = run(workspace, write_shop(tmp_path, [*rows[:5], new], pictures=False))
    assert report.summary[0] == "added 1, changed 2, unchanged 3, gone 1"
    assert colours.embedded - before == 2 + 2


def test_listings_with_one_picture_or_text_share_one_vector(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = [listing(f"k{i}", "red", title="the same") for i in range(5)]
    shop = write_shop(tmp_path, rows)
    for row in rows:
        (tmp_path / row["image"]).write_bytes(square("red"))
    run(workspace, shop)
    assert colours.embedded == 2
    space = workspace.vectors().shards()[0].space
    assert len(index.indexing.open_index(workspace, space)) == 5


def test_a_broken_picture_is_recorded_once_and_the_rest_goes_on(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path, coloured(4))
    (tmp_path / "k001.png").write_bytes(b"not a picture")
    report = run(workspace, shop)
    assert (report.exit_code, report.failed) == (3, 1)
    (failure,) = status.failures(workspace)
    assert (failure["key"], failure["stage"], failure["value"]) == ("k001", "picture", "k001.png")
    assert failure["cause"]
    assert run(workspace, shop).exit_code == 3
    assert len(status.failures(workspace)) == 1


def test_each_listing_with_the_same_broken_picture_is_listed_with_its_own_file(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path, coloured(4))
    for name in ("k001.png", "k003.png"):
        (tmp_path / name).write_bytes(b"not a picture")
    assert run(workspace, shop).failed == 2
    assert [failure["value"] for failure in status.failures(workspace)] == ["k001.png", "k003.png"]


def test_a_mended_picture_is_encoded_and_no_longer_listed(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path, coloured(4))
    (tmp_path / "k001.png").write_bytes(b"")
    assert run(workspace, shop).failed == 1
    (tmp_path / "k001.png").write_bytes(square("green"))
    assert run(workspace, shop).failed == 0
    assert status.failures(workspace) == []
    assert vectors(workspace) == 8


def test_a_missing_picture_is_recorded_and_its_text_still_encoded(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path, coloured(3))
    (tmp_path / "k001.png").unlink()
    assert run(workspace, shop).failed == 1
    assert vectors(workspace) == 2 + 3
    assert "no such file" in status.failures(workspace)[0]["cause"]


def test_a_listing_without_a_picture_or_without_a_text_is_kept(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(4)
    rows[0]["image"], rows[1]["title"] = "", ""
    assert run(workspace, write_shop(tmp_path, rows)).summary[0].startswith("added 4")
    assert vectors(workspace) == 3 + 3


def test_a_picture_outside_the_images_folder_is_not_read(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes(square("red"))
    rows = coloured(3)
    rows[0]["image"] = "../secret.png"
    shop = write_shop(tmp_path / "shop", rows, pictures=False)
    for row in rows[1:]:
        (tmp_path / "shop" / row["image"]).write_bytes(square("blue"))
    (tmp_path / "shop" / rows[1]["image"]).unlink()
    (tmp_path / "shop" / rows[1]["image"]).symlink_to(tmp_path / "secret.png")
    assert run(workspace, shop).failed == 2
    assert all("leads out of" in failure["cause"] for failure in status.failures(workspace))


def test_duplicate_keys_stop_the_run_before_anything_is_written(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(3)
    rows[2]["sku"] = rows[0]["sku"]
    with pytest.raises(CatalogError, match="k000"):
        run(workspace, write_shop(tmp_path, rows))
    assert not workspace.root.exists()


def test_another_catalogue_by_mistake_does_not_empty_the_workspace(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    run(workspace, write_shop(tmp_path / "one", coloured(6)))
    other = write_shop(tmp_path / "two", [listing("z1", "red")])
    with pytest.raises(WorkspaceError, match="lacks 6 of the 6 listings"):
        run(workspace, other)
    assert run(workspace, other, allow_gone=True).summary[0] == "added 1, changed 0, unchanged 0, gone 6"


def test_a_listing_that_returns_keeps_its_id(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> None:
    def ids() -> dict[str, int]:
        with workspace.database().connect(read_only=True) as connection:
            return {item.key: item.item_id for item in items.load_items(connection)}

    rows = coloured(5)
    run(workspace, write_shop(tmp_path, rows))
    before = ids()
    run(workspace, write_shop(tmp_path, rows[1:]))
    assert run(workspace, write_shop(tmp_path, rows)).summary[0].endswith("gone 0, returned 1")
    assert ids() == before


def test_a_damaged_vector_file_is_dropped_and_its_contents_encoded_again(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path, coloured(5))
    run(workspace, shop)
    victim = workspace.features / workspace.vectors().shards()[0].file
    victim.write_bytes(victim.read_bytes()[:-100])
    assert "encoded 5" in run(workspace, shop).summary[1]
    assert vectors(workspace) == 10


def test_another_variant_is_another_space_beside_the_first(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    shop = write_shop(tmp_path, coloured(4))
    run(workspace, shop)
    run(workspace, shop, picture_variant="grey")
    assert len({shard.space for shard in workspace.vectors().shards()}) == 3


def test_columns_and_level_that_were_given_last_time_are_called_to_mind(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    said: list[str] = []
    shop = write_shop(tmp_path, coloured(4))
    once = index.IndexSpec(shop, encoders=("colour",), columns={"text": ("colour",)}, category_depth=2)
    once = replace(once, images=tmp_path)
    for spec in (once, once, replace(once, columns={}, category_depth=1, images=None)):
        assert not any("last time" in line for line in said)
        index.run(workspace, spec, said.append, no_progress)
    assert any(line.endswith("if it still is: --column text=colour") for line in said)
    assert any(line.endswith("if they still are: --category-depth 2") for line in said)
    assert any(line.endswith(f"if they still are: --images {tmp_path}") for line in said)


def test_a_preview_writes_nothing(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> None:
    said: list[str] = []
    spec = index.IndexSpec(write_shop(tmp_path, coloured(4)), encoders=("colour",))
    report = index.preview(spec, said.append)
    assert report.summary == ("4 listings, 0 problems; nothing was written",)
    assert any("sku" in line for line in said)
    assert not workspace.root.exists()


def test_a_preview_names_pictures_that_are_not_there(tmp_path: Path) -> None:
    shop = write_shop(tmp_path, coloured(index.SHOWN + 5))
    for path in [*tmp_path.glob("*.png")][2:]:
        path.unlink()
    said: list[str] = []
    report = index.preview(index.IndexSpec(shop), said.append)
    assert (report.summary, report.exit_code) == (("25 listings, 23 problems; nothing was written",), 3)
    assert sum(": no such file: " in line for line in said) == index.SHOWN
    assert said[-1] == "  … and 3 more"


def test_a_directory_of_other_things_is_not_taken_for_a_workspace(colours: ColourRegistry, tmp_path: Path) -> None:
    shop = write_shop(tmp_path, coloured(3))
    with pytest.raises(WorkspaceError, match="is not a workspace"):
        run(Workspace(tmp_path), shop)


def test_texts_that_clip_cuts_are_counted(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> None:
    rows = coloured(3)
    rows[0]["title"] = "red " + "word " * 80
    run(workspace, write_shop(tmp_path, rows))
    (line,) = [row["more"] for row in status.run(workspace) if row["what"] == "with a text"]
    assert line == "1 exceed CLIP's 77 tokens and are cut"


def test_texts_are_counted_again_after_a_run_that_did_not_finish(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = coloured(3)
    run(workspace, write_shop(tmp_path, rows))
    rows[0]["title"] = "red " + "word " * 80
    with monkeypatch.context() as patch:
        patch.setattr(index, "encode", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(workspace, write_shop(tmp_path, rows, pictures=False))
    run(workspace, write_shop(tmp_path, rows, pictures=False))
    (line,) = [row["more"] for row in status.run(workspace) if row["what"] == "with a text"]
    assert line.startswith("1 exceed")


def test_a_spec_is_a_value(tmp_path: Path) -> None:
    spec = index.IndexSpec(tmp_path)
    assert replace(spec) == spec
