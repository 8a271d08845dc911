"""Category paths: every way they are written, and none that they are not."""

from __future__ import annotations

import pytest

from embedkit.catalog.categories import guess_separator, join_levels, parse_category


@pytest.mark.parametrize(
    ("value", "sep", "levels"),
    [
        ('["Home >> Curtains >> Eyelet Do..."]', ">>", ("Home", "Curtains", "Eyelet Do...")),
        ("Home >> Curtains", ">>", ("Home", "Curtains")),
        ("Home>>Curtains", " >> ", ("Home", "Curtains")),
        ("  Home  >  Kitchen \n Ware  > ", ">", ("Home", "Kitchen Ware")),
        ("Home > > Mugs", " > ", ("Home", "Mugs")),
        ("Clothing/Shoes", None, ("Clothing/Shoes",)),
        ("Clothing/Shoes", "/", ("Clothing", "Shoes")),
        ('["Home", "Mugs"]', None, ("Home", "Mugs")),
        ("['Home > Mugs']", ">", ("Home", "Mugs")),
        ('["Home >> Mugs", "Gifts >> Cups"]', ">>", ("Home", "Mugs")),
        ('["Home >> Mu', ">>", ("Home", "Mu")),
        ("[]", ">>", ()),
        ("[null]", ">>", ()),
        ("", ">>", ()),
        ("Home\tMugs", "\t", ("Home", "Mugs")),
        ("वस्त्र >> साड़ी", ">>", ("वस्त्र", "साड़ी")),
    ],
)
def test_a_path_is_cut_into_tidy_levels(value: str, sep: str | None, levels: tuple[str, ...]) -> None:
    assert parse_category(value, sep) == levels


@pytest.mark.parametrize(
    ("values", "sep"),
    [
        (["A >> B", "C"], ">>"),
        (['["A >> B"]', '["A >> C"]'], ">>"),
        (["A > B", "A > C"], " > "),
        (["A|B", "A|C", "A|D"], "|"),
        (["A/B", "A/C", "A/D"], "/"),
        (["Clothing/Shoes", "Home", "Garden"], None),
        (["TV/Audio", "Clothing/Shoes"], None),
        (["Mugs", "Cups"], None),
        ([], None),
    ],
)
def test_a_separator_is_believed_where_a_whole_column_uses_it(values: list[str], sep: str | None) -> None:
    assert guess_separator(values) == sep


def test_columns_become_the_levels_of_one_path() -> None:
    assert join_levels([("Apparel",), (), ("Topwear", "Shirts")]) == ("Apparel", "Topwear", "Shirts")
