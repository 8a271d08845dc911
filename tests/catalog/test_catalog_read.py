"""From a product table to listings."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedkit.catalog.read import CatalogSpec, Catalogue, Listing, read_catalogue
from embedkit.errors import CatalogError

HEADER = "sku,title,description,image,category,price\n"


def read(folder: Path, rows: str, header: str = HEADER, **spec: object) -> Catalogue:
    path = folder / "listings.csv"
    path.write_text(header + rows)
    return read_catalogue(path, CatalogSpec(**spec))


def test_a_row_becomes_a_listing(tmp_path: Path) -> None:
    assert read(tmp_path, " k1 , Mug ,Holds tea.,a.jpg,Home > Mugs,4.5\n").listings == [
        Listing(1, "k1", "Mug", "Holds tea.", "a.jpg", ("Home", "Mugs"), {"price": 4.5})
    ]


def test_one_table_reads_alike_from_every_format(tmp_path: Path) -> None:
    rows = [
        {"sku": "007", "title": "Mug", "image": "a.jpg", "category": "Home > Mugs", "price": 4.5},
        {"sku": "k2", "title": "NA", "image": None, "category": "Home", "price": None},
    ]
    (tmp_path / "a.csv").write_text("sku;title;image;category;price\n007;Mug;a.jpg;Home > Mugs;4.5\nk2;NA;;Home;\n")
    (tmp_path / "a.tsv").write_text((tmp_path / "a.csv").read_text().replace(";", "\t"))
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    plain, *others = [read_catalogue(tmp_path / f"a.{suffix}") for suffix in ("csv", "tsv", "jsonl", "parquet")]
    for other in others:
        assert (other.listings, other.attribute_types) == (plain.listings, plain.attribute_types)


def test_a_missing_attribute_is_left_out(tmp_path: Path) -> None:
    listings = read(tmp_path, "k1,Mug,,,,\nk2,Cup,,,,3\n").listings
    assert [one.attributes for one in listings] == [{}, {"price": 3}]


def test_several_columns_make_one_text_in_the_order_given(tmp_path: Path) -> None:
    header = "id,brand,description,colour\n"
    listing = read(tmp_path, "1,Acme,Holds tea.,\n", header, columns={"text": ("description", "colour", "brand")})
    assert listing.listings[0].text == "Holds tea.\nAcme"


def test_several_columns_make_the_levels_of_the_category(tmp_path: Path) -> None:
    header = "id,title,master,sub\n"
    read_two = read(tmp_path, "1,Mug,Home,Kitchen\n2,Cup,Home,\n", header, columns={"category": ("master", "sub")})
    assert [one.category for one in read_two.listings] == [("Home", "Kitchen"), ("Home",)]


def test_a_given_separator_is_used_where_none_would_be_guessed(tmp_path: Path) -> None:
    rows = "k1,Mug,,,TV/Audio,\nk2,Cup,,,Home,\n"
    assert read(tmp_path, rows).listings[0].category == ("TV/Audio",)
    assert read(tmp_path, rows, category_sep="/").listings[0].category == ("TV", "Audio")


def test_without_a_key_column_rows_are_counted(tmp_path: Path) -> None:
    catalogue = read(tmp_path, "Mug,red\nCup,blue\n", "title,colour\n")
    assert [one.key for one in catalogue.listings] == ["row-000001", "row-000002"]
    assert "row-000001" in catalogue.columns.choice("key").reason


def test_doubled_keys_name_the_file_the_key_and_both_rows(tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as caught:
        read(tmp_path, "k1,Mug,,,,\nk2,Cup,,,,\nk1,Pot,,,,\n")
    said = str(caught.value)
    assert "listings.csv: keys in column sku are not unique" in said
    assert '"k1" in rows 1 and 3' in said


def test_of_many_doubled_keys_five_are_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r'"k4" in rows 5 and 13; and 3 more'):
        read(tmp_path, "".join(f"k{i % 8},Mug,,,,\n" for i in range(16)))


def test_a_row_without_a_key_is_left_out_and_named(tmp_path: Path) -> None:
    catalogue = read(tmp_path, "k1,Mug,,,,\n,Cup,,,,\n")
    assert [one.key for one in catalogue.listings] == ["k1"]
    assert [(one.row, one.column, one.cause) for one in catalogue.problems] == [
        (2, "sku", "no key; the row is left out")
    ]


@pytest.mark.parametrize("row", ["k1,Mug,,,,", "k1,,Holds tea.,,,", "k1,,,a.jpg,,"])
def test_a_row_is_kept_for_what_it_has(tmp_path: Path, row: str) -> None:
    catalogue = read(tmp_path, f"{row}\nk2,Cup,Text,b.jpg,Home,\n")
    assert ([one.key for one in catalogue.listings], catalogue.problems) == (["k1", "k2"], [])


def test_a_row_with_nothing_to_encode_stays_only_for_its_category(tmp_path: Path) -> None:
    catalogue = read(tmp_path, "k1,,,,Home,\nk2,,,,,5\nk3,Cup,,,Home,\n")
    assert [one.key for one in catalogue.listings] == ["k1", "k3"]
    assert [(one.key, one.cause) for one in catalogue.problems] == [
        ("k1", "no picture and no text"),
        ("k2", "no picture and no text; the row is left out"),
    ]


def test_problems_of_the_format_carry_the_key_of_their_row(tmp_path: Path) -> None:
    assert [(one.row, one.key) for one in read(tmp_path, "k1,Mug\nk2,a,b,c,d,1,7\n").problems] == [(1, "k1"), (2, "")]


def test_a_table_whose_rows_all_fail_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"listings\.csv holds no usable rows"):
        read(tmp_path, ",Mug,,,,\n", columns={"key": ("sku",)})


def test_an_images_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="--images takes the folder"):
        read(tmp_path, "k1,Mug,,,,\n", images=tmp_path / "absent")


def test_where_the_pictures_were_found_is_said(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").touch()
    assert read(tmp_path, "k1,Mug,,a.jpg,,\n").images == tmp_path / "images"


def test_a_missing_picture_is_no_problem_of_the_table(tmp_path: Path) -> None:
    assert read(tmp_path, "k1,Mug,,absent.jpg,,\n").problems == []


def test_reading_writes_nothing(tmp_path: Path) -> None:
    read(tmp_path, "k1,Mug,,a.jpg,,\n")
    assert [path.name for path in tmp_path.iterdir()] == ["listings.csv"]


def test_twenty_thousand_rows_take_a_moment(tmp_path: Path) -> None:
    rows = "".join(f'k{i},Mug {i},"Holds tea, ""hot""",{i}.jpg,Home > Mugs {i % 9},{i}.5\n' for i in range(20_000))
    begun = time.process_time()
    catalogue = read(tmp_path, rows)
    assert (len(catalogue.listings), catalogue.listings[-1].attributes) == (20_000, {"price": 19999.5})
    assert time.process_time() - begun < 5
