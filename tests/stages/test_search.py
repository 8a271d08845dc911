"""Finding listings."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedkit.errors import EmbedkitError, Misuse
from embedkit.report.thumbnails import Card, thumbnail_page
from embedkit.stages import index, search
from embedkit.types import no_progress
from embedkit.workspace import Workspace
from tests.worlds import ColourRegistry, coloured, listing, square, write_shop


@pytest.fixture
def shop(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> Workspace:
    """Nine listings, three of each colour, with a price each."""
    rows = [{**row, "price": str(10 * number)} for number, row in enumerate(coloured(9))]
    spec = index.IndexSpec(write_shop(tmp_path, rows), encoders=("colour",))
    index.run(workspace, spec, lambda line: None, no_progress)
    return workspace


def keys(workspace: Workspace, **asked: object) -> list[str]:
    spec = search.SearchSpec(**asked)  # type: ignore[arg-type]
    return [row["key"] for row in search.run(workspace, spec, lambda line: None).rows]


def test_a_text_finds_listings_that_look_and_read_like_it(shop: Workspace) -> None:
    assert sorted(keys(shop, query="something blue", k=3)) == ["k002", "k005", "k008"]


def test_a_picture_finds_listings_that_look_like_it(shop: Workspace, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(square("green", size=40))
    assert sorted(keys(shop, image=photo, k=3)) == ["k001", "k004", "k007"]


def test_a_text_finds_pictures_where_no_listing_has_a_text(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = [{**row, "title": ""} for row in coloured(9)]
    spec = index.IndexSpec(write_shop(tmp_path, rows), encoders=("colour",))
    index.run(workspace, spec, lambda line: None, no_progress)
    assert sorted(keys(workspace, query="blue", k=3)) == ["k002", "k005", "k008"]


def test_the_newest_spaces_are_searched_and_older_ones_do_not_matter(shop: Workspace, tmp_path: Path) -> None:
    rows = [*coloured(9), listing("k100", "blue", title="blue no 100")]
    path = write_shop(tmp_path, rows)
    older = index.IndexSpec(path, encoders=("colour",), picture_variant="grey", text_variant="nltk")
    index.run(shop, older, lambda line: None, no_progress)
    newest = index.IndexSpec(path, encoders=("colour",))
    index.run(shop, newest, lambda line: None, no_progress)
    for file in shop.indexes.glob("*grey*"):
        file.unlink()
    assert "k100" in keys(shop, query="blue", k=4)


def test_a_listing_finds_its_like_but_not_itself(shop: Workspace) -> None:
    assert sorted(keys(shop, like="k000", k=2)) == ["k003", "k006"]


def test_a_text_finds_the_listing_that_says_its_words(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    rows = coloured(30)
    rows[17]["title"] = "grey Zanzibar teapot"
    spec = index.IndexSpec(write_shop(tmp_path, rows), encoders=("colour",))
    index.run(workspace, spec, lambda line: None, no_progress)
    found = search.run(workspace, search.SearchSpec(query="a zanzibar TEAPOT", spaces=("keywords",)), lambda line: None)
    assert [row["key"] for row in found.rows] == ["k017"]
    assert keys(workspace, query="zanzibar teapot", k=1) == ["k017"]


def test_the_words_follow_the_catalogue(workspace: Workspace, colours: ColourRegistry, tmp_path: Path) -> None:
    rows = coloured(6)
    spec = index.IndexSpec(write_shop(tmp_path, rows), encoders=("colour",))
    index.run(workspace, spec, lambda line: None, no_progress)
    rows[2]["title"] = "samovar"
    write_shop(tmp_path, rows, pictures=False)
    index.run(workspace, spec, lambda line: None, no_progress)
    assert keys(workspace, query="samovar", spaces=("keywords",)) == ["k002"]


def test_where_is_combined_with_the_search(shop: Workspace) -> None:
    assert keys(shop, query="red", where="price BETWEEN 25 AND 45 AND category = 'red'") == ["k003"]


def test_where_holds_even_if_nothing_alike_fits(shop: Workspace) -> None:
    assert sorted(keys(shop, query="red", where="category = 'blue'")) == ["k002", "k005", "k008"]


def test_a_space_can_be_named_and_gives_its_own_order(shop: Workspace) -> None:
    found = search.run(shop, search.SearchSpec(query="red", spaces=("clip-text",), k=3), lambda line: None)
    assert [name for name in found.rows[0] if name.startswith("cosine")] == ["cosine clip-text"]
    cosines = [row["cosine clip-text"] for row in found.rows]
    assert cosines == sorted(cosines, reverse=True)
    assert {row["key"] for row in found.rows} == {"k000", "k003", "k006"}


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"like": "nobody"}, EmbedkitError, "no listing has the key 'nobody'"),
        ({"query": "red", "spaces": ("sound",)}, Misuse, "there is no space 'sound'"),
        ({"query": "red", "where": "1=1; DROP TABLE items"}, Misuse, "where"),
        ({"query": "red", "where": "prize < 5"}, Misuse, "prize"),
    ],
)
def test_what_cannot_be_meant_is_named(
    shop: Workspace, asked: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        keys(shop, **asked)


def test_merged_ranks_prefer_what_both_spaces_find(shop: Workspace, tmp_path: Path) -> None:
    rows = [listing("both", "red"), listing("text", "blue", title="red"), listing("look", "red", title="blue")]
    workspace = Workspace(tmp_path / "other")
    index.run(
        workspace,
        index.IndexSpec(write_shop(tmp_path / "o", rows), encoders=("colour",)),
        lambda line: None,
        no_progress,
    )
    assert keys(workspace, query="red", k=1, spaces=("clip-image", "clip-text")) == ["both"]


def test_the_page_escapes_titles_and_holds_its_pictures() -> None:
    page = thumbnail_page(
        '<b>"q"</b>', [Card("<script>alert(1)</script>", ("a & b",), square("red")), Card("x", (), b"?")]
    )
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("data:image/jpeg;base64,") == 1
    assert "http://" not in page
    assert "https://" not in page
