"""A folder of pictures is a catalogue: names are keys, sub-folders categories, a .txt beside is the text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from embedkit.catalog.read import Listing, read_catalogue
from embedkit.errors import CatalogError


def files(folder: Path, **contents: str) -> Path:
    for name, content in contents.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def test_a_picture_with_its_text_becomes_a_listing(tmp_path: Path) -> None:
    files(tmp_path, home__mugs__red_jpg="", home__mugs__red_txt="Red mug\n\nHolds tea.\n")
    assert read_catalogue(tmp_path).listings == [
        Listing(1, "home/mugs/red", "Red mug", "Holds tea.", "home/mugs/red.jpg", ("home", "mugs"))
    ]


def test_folders_are_categories_whatever_they_are_called(tmp_path: Path) -> None:
    files(tmp_path, **{f"{i}__x_jpg": "" for i in range(25)})
    assert {one.category for one in read_catalogue(tmp_path).listings} == {(str(i),) for i in range(25)}


def test_a_long_single_line_is_text_and_no_title(tmp_path: Path) -> None:
    files(tmp_path, a_jpg="", a_txt="word " * 100)
    listing = read_catalogue(tmp_path).listings[0]
    assert (listing.title, len(listing.text)) == ("", 499)


def test_pictures_that_share_a_name_keep_their_suffix_in_the_key(tmp_path: Path) -> None:
    files(tmp_path, a_jpg="", a_png="", b_jpg="", a_txt="mug")
    assert [(one.key, one.title) for one in read_catalogue(tmp_path).listings] == [
        ("a.jpg", "mug"),
        ("a.png", "mug"),
        ("b", ""),
    ]


def test_a_text_without_a_picture_is_a_listing_and_a_readme_is_not(tmp_path: Path) -> None:
    files(tmp_path, a_jpg="", b_txt="cup", README_txt="about these")
    assert [(one.key, one.title, one.picture) for one in read_catalogue(tmp_path).listings] == [
        ("a", "", "a.jpg"),
        ("b", "cup", None),
    ]


def test_hidden_files_and_other_kinds_are_passed_over(tmp_path: Path) -> None:
    files(tmp_path, a_jpg="", notes_pdf="", _hidden_jpg="", _cache__b_jpg="")
    assert [one.key for one in read_catalogue(tmp_path).listings] == ["a"]


def test_a_text_that_does_not_decode_costs_only_itself(tmp_path: Path) -> None:
    files(tmp_path, a_jpg="")
    (tmp_path / "a.txt").write_bytes("théière".encode("latin-1"))
    catalogue = read_catalogue(tmp_path)
    assert [(one.key, one.title) for one in catalogue.listings] == [("a", "")]
    assert [(one.key, one.column, one.cause) for one in catalogue.problems] == [("a", "text", "not utf-8: byte 2")]


def test_a_text_linked_from_elsewhere_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password")
    shop = files(tmp_path / "shop", a_jpg="")
    (shop / "a.txt").symlink_to(tmp_path / "secret")
    catalogue = read_catalogue(shop)
    assert (catalogue.listings[0].title, len(catalogue.problems)) == ("", 1)


def test_a_pipe_for_a_text_is_not_waited_for(tmp_path: Path) -> None:
    files(tmp_path, a_jpg="")
    os.mkfifo(tmp_path / "a.txt")
    assert "not a regular file" in read_catalogue(tmp_path).problems[0].cause


def test_a_linked_folder_is_named_and_not_followed(tmp_path: Path) -> None:
    files(tmp_path / "elsewhere", b_jpg="")
    shop = files(tmp_path / "shop", a_jpg="")
    (shop / "linked").symlink_to(tmp_path / "elsewhere")
    catalogue = read_catalogue(shop)
    assert [one.key for one in catalogue.listings] == ["a"]
    assert [(one.value, one.cause) for one in catalogue.problems] == [("linked", "a linked folder is not followed")]


def test_a_file_name_that_is_not_utf_8_is_named_and_left_out(tmp_path: Path) -> None:
    files(tmp_path, a_jpg="")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9.jpg")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system has only UTF-8 names")
    catalogue = read_catalogue(tmp_path)
    assert [one.key for one in catalogue.listings] == ["a"]
    assert [(one.value, one.cause) for one in catalogue.problems] == [("?.jpg", "the file's name is not UTF-8")]


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="holds no pictures"):
        read_catalogue(tmp_path)
