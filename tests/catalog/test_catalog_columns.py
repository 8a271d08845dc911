"""Guessing columns: by name first, never against what the values say, and always with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedkit.catalog.columns import describe, guess_columns, plain_name
from embedkit.catalog.nouns import ColumnGuess
from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.read import CatalogSpec, read_catalogue
from embedkit.catalog.tables import Table
from embedkit.errors import CatalogError


def guess(given: dict[str, tuple[str, ...]] | None = None, **columns: list[str]) -> ColumnGuess:
    rows = list(range(1, len(next(iter(columns.values()))) + 1))
    return guess_columns(
        Table(Path("listings.csv"), columns, rows, textual=True), given or {}, lambda _: (0, Path("."))
    )


FLIPKART = {
    "uniq_id": ["55b85e", "7b72c9"],
    "crawl_timestamp": ["2016-04-30 03:22:56 +0000"] * 2,
    "product_url": ["http://shop.example/a.jpg", "http://shop.example/b"],
    "product_name": ["Abstract Eyelet Door Curtain", "Cotton Bath Towel"],
    "product_category_tree": ['["Home >> Curtains >> Abs..."]', '["Baby Care >> Towels"]'],
    "pid": ["CRNEG7", "BTWEGF"],
    "retail_price": ["1899.0", ""],
    "image": ["55b85e.jpg", "7b72c9.jpg"],
    "is_FK_Advantage_product": ["False", "False"],
    "description": ["Key features of the curtain", "Specifications of the towel"],
    "product_rating": ["No rating available", "4"],
    "brand": ["Elegance", ""],
    "product_specifications": ['{"product_specification"=>[]}', ""],
}


def test_the_studys_own_columns_are_recognised() -> None:
    columns = guess(**FLIPKART)
    assert [(one.role, *one.columns) for one in columns.choices] == [
        ("key", "uniq_id"),
        ("title", "product_name"),
        ("text", "description", "product_specifications"),
        ("picture", "image"),
        ("category", "product_category_tree"),
    ]
    taken = {name for choice in columns.choices for name in choice.columns}
    assert columns.attributes == tuple(name for name in FLIPKART if name not in taken)


def test_french_names_are_recognised() -> None:
    columns = guess(
        Référence=["a1", "a2"], Désignation=["Tasse", "Bol"], Descriptif=["Une tasse", "Un bol"], Catégorie=["x", "x"]
    )
    assert [one.columns for one in columns.choices] == [
        ("Référence",),
        ("Désignation",),
        ("Descriptif",),
        (),
        ("Catégorie",),
    ]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("productDisplayName", "product_display_name"),
        ("Sous-Catégorie", "sous_categorie"),
        ("is_FK_Advantage", "is_fk_advantage"),
    ],
)
def test_names_are_compared_in_one_spelling(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize(
    ("role", "name", "values"),
    [
        ("key", "id", ["1", "1", "1"]),
        ("title", "name", ["a.jpg", "b.jpg", "c.jpg"]),
        ("title", "title", ["1", "2", "3"]),
        ("text", "description", ["http://a", "http://b", "http://c"]),
        ("picture", "image", ["yes", "no", "yes"]),
        ("category", "category", ["1", "2", "3"]),
        ("category", "category_id", ["a", "a", "b"]),
    ],
)
def test_a_name_is_not_believed_against_its_values(role: str, name: str, values: list[str]) -> None:
    assert guess(**{name: values}).of(role) == ()


def test_a_key_with_one_doubled_value_is_still_the_key() -> None:
    assert guess(id=["1", "2", "2"], pid=["a", "b", "c"]).of("key") == ("id",)


def test_a_parents_id_is_no_key() -> None:
    assert guess(parent_id=["1", "2", "3"], sku=["a", "b", "c"]).of("key") == ("sku",)


def test_the_broadest_of_several_categories_is_taken_and_the_others_are_named() -> None:
    columns = guess(
        article_type=["Tshirts", "Caps"], sub_category=["Topwear", "Headwear"], master_category=["Apparel"] * 2
    )
    assert columns.of("category") == ("master_category",)
    assert columns.choice("category").reason.endswith("--column category=master_category,sub_category,article_type")


def test_a_category_for_every_listing_is_none() -> None:
    assert guess(type=[f"Mug of sort {chr(97 + i)}" for i in range(25)]).of("category") == ()


def test_few_values_alone_make_no_category() -> None:
    assert guess(gender=["Men", "Women"] * 20).of("category") == ()


def test_values_alone_may_recommend_a_column() -> None:
    columns = guess(
        c1=[f"k{i}x" for i in range(30)],
        c2=[f"Red mug of sort {i}" for i in range(30)],
        c3=[f"pictures/{i}.jpg" for i in range(30)],
        c4=[f"Home > Mugs {i % 3}" for i in range(30)],
    )
    assert {one.role: one.columns for one in columns.choices if one.columns} == {
        "key": ("c1",),
        "title": ("c2",),
        "picture": ("c3",),
        "category": ("c4",),
    }


def test_a_page_address_is_no_picture() -> None:
    assert guess(product_url=["http://shop.example/a", "http://shop.example/b"]).of("picture") == ()


def test_a_file_name_is_no_title_even_where_pictures_are_left_out() -> None:
    assert guess({"picture": ()}, name=["a.jpg", "b.jpg"]).of("title") == ()


def test_prices_that_happen_to_differ_make_no_key() -> None:
    assert guess(price=[str(i + 0.5) for i in range(30)]).of("key") == ()


def test_given_columns_are_taken_as_given_and_not_guessed_again() -> None:
    columns = guess({"text": ("name", "brand")}, name=["mug", "cup"], brand=["A", "B"], id=["1", "2"])
    assert (columns.of("text"), columns.choice("text").how) == (("name", "brand"), "given")
    assert (columns.of("title"), columns.attributes) == ((), ())


def test_a_role_may_be_left_empty_on_purpose() -> None:
    columns = guess({"category": ()}, category=["a", "b"], id=["1", "2"])
    assert (columns.of("category"), columns.attributes) == ((), ("category",))


def test_an_absent_column_names_what_there_is_and_what_is_close() -> None:
    with pytest.raises(CatalogError) as caught:
        guess({"category": ("Categry",)}, id=["1"], Category=["a"])
    assert str(caught.value) == (
        'listings.csv has no column "Categry" (asked for as category); it has: id, Category\n'
        "Did you mean --column category=Category?"
    )


def test_an_unknown_role_names_the_roles() -> None:
    with pytest.raises(CatalogError, match="Roles: key, title, text, picture, category"):
        guess({"price": ("id",)}, id=["1"])


def test_where_no_picture_is_found_the_guess_says_how_to_name_their_folder(tmp_path: Path) -> None:
    (tmp_path / "listings.csv").write_text("sku,title,image\nk1,Mug,a.jpg\nk2,Cup,b.jpg\n")
    columns = read_catalogue(tmp_path / "listings.csv", CatalogSpec()).columns
    assert columns.choice("picture").reason.endswith(f"in {tmp_path.name}/; if they are elsewhere: --images FOLDER")


def test_the_guess_is_shown_in_one_line_a_role(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "listings.csv").write_text("sku,title,image,category\nk1,Mug,a.jpg,Home > Mugs\nk2,Cup,b.jpg,Home\n")
    columns = read_catalogue(tmp_path / "listings.csv", CatalogSpec(columns={"title": ("title",)})).columns
    assert describe(columns) == [
        "key       sku       guessed: 2 different values in 2 rows",
        "title     title     given: asked for by --column title=",
        "text      -         none: no column looks like a description; --column text=NAME",
        f"picture   image     guessed: 1 of 2 values name a picture in {tmp_path.name}/",
        'category  category  guessed: 2 paths split at ">", 1 at the top',
    ]


def test_pictures_that_are_addresses_are_announced(tmp_path: Path) -> None:
    columns = guess(image=["https://a/1.jpg?w=3", "https://a/2.jpg"])
    assert columns.choice("picture").reason == "2 of 2 values are addresses; pictures must be downloaded first"


def test_pictures_are_found_in_an_images_folder_beside_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.jpg").touch()
    assert PictureSource(tmp_path / "listings.csv").found(["a.jpg", "b.jpg"]) == (1, tmp_path / "images")


def test_the_guess_on_real_listings(real_catalogues: Path) -> None:
    catalogue = read_catalogue(real_catalogues / "flipkart" / "products.csv")
    assert [one.columns[0] for one in catalogue.columns.choices] == [
        "uniq_id",
        "product_name",
        "description",
        "image",
        "product_category_tree",
    ]
    assert (len(catalogue.listings), len({one.category[0] for one in catalogue.listings})) == (840, 7)
    assert catalogue.attribute_types["retail_price"] == "DOUBLE"


def test_specifications_are_read_after_the_description(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("sku,name,product_specifications,description\na1,Mug,Volume 300 ml,A blue mug\n")
    catalogue = read_catalogue(path)
    assert catalogue.columns.of("text") == ("description", "product_specifications")
    assert catalogue.listings[0].text == "A blue mug\nVolume 300 ml"
