"""Pictures by reference: regular files inside the images folder, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from embedkit.catalog import pictures
from embedkit.catalog.pictures import PictureSource, first_reference, names_a_picture
from embedkit.errors import PictureError


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a folder with a catalogue, images/a.jpg, and a secret beside the folder."""
    folder = tmp_path / "shop"
    (folder / "images" / "deep").mkdir(parents=True)
    (folder / "images" / "a.jpg").write_bytes(b"picture")
    (folder / "images" / "deep" / "b.jpg").write_bytes(b"deeper")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (folder / "listings.csv").write_text("id\n1\n")
    return folder


def source(shop: Path) -> PictureSource:
    return PictureSource(shop / "listings.csv", shop / "images")


@pytest.mark.parametrize("reference", ["a.jpg", "./a.jpg", "deep/../a.jpg", "deep/b.jpg", "deep\\b.jpg", " a.jpg"])
def test_a_file_inside_is_read(shop: Path, reference: str) -> None:
    reference = reference.strip()
    assert source(shop).read(reference) == (b"deeper" if "b.jpg" in reference else b"picture")


def test_an_absolute_path_inside_is_read(shop: Path) -> None:
    assert source(shop).read(str(shop / "images" / "a.jpg")) == b"picture"


def test_without_an_images_folder_paths_start_from_images_or_from_the_catalogue(shop: Path) -> None:
    plain = PictureSource(shop / "listings.csv")
    assert plain.read("a.jpg") == plain.read("images/a.jpg") == b"picture"


@pytest.mark.parametrize(
    "reference", ["../secret.jpg", "../../secret.jpg", "deep/../../../secret.jpg", "/etc/hostname"]
)
@pytest.mark.parametrize("given", [True, False])
def test_a_path_that_leaves_the_folder_is_refused(shop: Path, reference: str, given: bool) -> None:
    chosen = source(shop) if given else PictureSource(shop / "listings.csv")
    with pytest.raises(PictureError, match="leads out"):
        chosen.read(reference)


def test_leaving_is_told_apart_from_missing(shop: Path) -> None:
    with pytest.raises(PictureError, match=r"secret\.jpg leads out"):
        source(shop).read("../../secret.jpg")


def test_an_absolute_path_outside_is_refused(shop: Path) -> None:
    with pytest.raises(PictureError, match="leads out"):
        source(shop).read(str(shop.parent / "secret.jpg"))


def test_a_folder_with_a_longer_name_is_outside(shop: Path) -> None:
    (shop / "images-private").mkdir()
    (shop / "images-private" / "a.jpg").write_bytes(b"secret")
    with pytest.raises(PictureError, match="leads out"):
        source(shop).read("../images-private/a.jpg")


def test_a_link_out_of_the_folder_is_refused(shop: Path) -> None:
    (shop / "images" / "link.jpg").symlink_to(shop.parent / "secret.jpg")
    with pytest.raises(PictureError, match="leads out"):
        source(shop).read("link.jpg")


def test_a_linked_folder_out_is_refused(shop: Path) -> None:
    (shop / "images" / "linked").symlink_to(shop.parent)
    with pytest.raises(PictureError, match="leads out"):
        source(shop).read("linked/secret.jpg")


def test_a_link_inside_the_folder_is_followed(shop: Path) -> None:
    (shop / "images" / "link.jpg").symlink_to("deep/b.jpg")
    assert source(shop).read("link.jpg") == b"deeper"


def test_the_images_folder_may_itself_be_a_link(shop: Path) -> None:
    (shop / "other").symlink_to(shop / "images")
    assert PictureSource(shop / "listings.csv", shop / "other").read("a.jpg") == b"picture"


def test_a_pipe_is_refused_and_never_waited_for(shop: Path) -> None:
    os.mkfifo(shop / "images" / "pipe.jpg")
    with pytest.raises(PictureError, match="not a regular file"):
        source(shop).resolve("pipe.jpg")


def test_a_pipe_that_takes_a_files_place_is_refused_too(shop: Path) -> None:
    os.mkfifo(shop / "images" / "pipe.jpg")
    with pytest.raises(PictureError, match="not a regular file"):
        pictures.read_regular(shop / "images" / "pipe.jpg", 10)


def test_a_link_that_takes_a_files_place_is_not_followed(shop: Path) -> None:
    (shop / "images" / "link.jpg").symlink_to(shop.parent / "secret.jpg")
    with pytest.raises(PictureError):
        pictures.read_regular(shop / "images" / "link.jpg", 10)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("absent.jpg", r"no such file: absent\.jpg"),
        ("deep", "deep is a folder"),
        ("", "names no file"),
        ("a\0.jpg", "names no file"),
        ("a.jpg/b.jpg", "Not a directory"),
        ("x" * 5000 + ".jpg", "too long"),
        ("https://shop.example/a.jpg", "must be downloaded first"),
        ("data:image/png;base64,AAAA", "must be downloaded first"),
    ],
)
def test_what_cannot_be_read_says_why(shop: Path, reference: str, said: str) -> None:
    with pytest.raises(PictureError, match=said):
        source(shop).read(reference)


def test_links_in_a_circle_are_refused(shop: Path) -> None:
    (shop / "images" / "x.jpg").symlink_to("y.jpg")
    (shop / "images" / "y.jpg").symlink_to("x.jpg")
    with pytest.raises(PictureError):
        source(shop).read("x.jpg")


def test_a_file_over_the_limit_is_refused_unopened(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_PICTURE_BYTES", 6)
    with pytest.raises(PictureError, match=r"a\.jpg has 7 bytes; the limit is 6"):
        source(shop).read("a.jpg")


def test_size_and_time_are_those_of_the_file(shop: Path) -> None:
    status = (shop / "images" / "a.jpg").stat()
    assert source(shop).stat("a.jpg") == (7, status.st_mtime_ns)


def test_a_picture_inside_the_catalogue_has_no_time_of_its_own(shop: Path) -> None:
    assert source(shop).stat("row:0") is None


@pytest.mark.parametrize(
    ("value", "first"), [("a.jpg", "a.jpg"), ('["a.jpg", "b.jpg"]', "a.jpg"), ("[a].jpg", "[a].jpg"), ("[]", "")]
)
def test_the_first_of_several_pictures_is_taken(value: str, first: str) -> None:
    assert first_reference(value) == first


@pytest.mark.parametrize(
    ("value", "is_one"),
    [("a.JPG", True), ("x/y.png?w=3", True), ('["https://a/b.webp"]', True), ("a.txt", False), ("jpg", False)],
)
def test_a_picture_is_known_by_its_suffix(value: str, is_one: bool) -> None:
    assert names_a_picture(value) is is_one
