"""The labelling page: what it offers, by which keys, and what it refuses to offer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

import pytest

from embedkit.annotation.labelling import (
    ANOTHER,
    CATEGORY,
    FIXED,
    FLAG,
    FLAGS,
    KEYS,
    LISTED,
    NEEDS_CATEGORY,
    NEW_CATEGORY,
    OTHER_CATEGORY,
    Category,
    LabellingSpec,
    codes,
    labelling_config,
    shown,
)
from embedkit.errors import Misuse

ODD_NAMES = ("Quotes \"double\" & 'single'", "<b>Tags</b>, comma", "靴 👟", "أحذية", "a > b", "100 % {x}")


def flat(names: Iterable[str]) -> LabellingSpec:
    known = codes(names)
    return LabellingSpec(tuple(Category(code, name) for name, code in known.items()))


def tree(*paths: tuple[str, ...]) -> LabellingSpec:
    known = codes(" > ".join(path) for path in paths)
    categories = (Category(code, name, path) for path, (name, code) in zip(paths, known.items(), strict=True))
    return LabellingSpec(tuple(categories), tree=True)


def page(spec: LabellingSpec) -> ElementTree.Element:
    return ElementTree.fromstring(labelling_config(spec))


def control(root: ElementTree.Element, name: str) -> ElementTree.Element:
    (found,) = root.findall(f".//*[@name='{name}']")
    return found


def test_any_name_comes_out_of_the_page_as_it_went_in() -> None:
    listed = control(page(flat(ODD_NAMES)), CATEGORY)
    assert [choice.get("value") for choice in listed] == list(ODD_NAMES)


def test_a_name_is_not_taken_for_a_variable_of_the_task() -> None:
    assert re.findall(r"\$[\w\[\].{}]+", shown("Under $5, $title, $$9"), re.ASCII) == []
    assert shown("Under $5").replace("\N{WORD JOINER}", "") == "Under $5"
    assert shown("costs $ 5 or 5$") == "costs $ 5 or 5$"


def test_characters_that_xml_lacks_do_not_break_the_page() -> None:
    listed = control(page(flat(["bell \x07", "half \ud83d"])), CATEGORY)
    assert [choice.get("value") for choice in listed] == ["bell \ufffd", "half \ufffd"]


def test_a_code_is_the_same_for_ever_and_tells_names_apart_that_look_alike_in_ascii() -> None:
    assert codes(["Home Furnishing"]) == {"Home Furnishing": "home-furnishing-d09c9c"}
    several = codes(["Shoes", "shoes", "Shoes!", "靴", "أحذية", ""])
    assert len(set(several.values())) == 6
    assert all(re.fullmatch(r"[a-z0-9-]{1,48}", code) for code in several.values())


def test_answers_carry_codes_and_not_names() -> None:
    listed = control(page(flat(["Shoes", "Bags"])), CATEGORY)
    assert [choice.get("alias") for choice in listed] == list(codes(["Shoes", "Bags"]).values())


def test_every_choice_has_a_key_of_its_own_that_is_not_label_studios() -> None:
    root = page(flat(f"c{number}" for number in range(FIXED)))
    keys = [choice.get("hotkey") for choice in [*control(root, CATEGORY), *control(root, FLAG)]]
    assert len(set(keys)) == FIXED + len(FLAGS)
    assert keys[:10] == list("1234567890")
    assert {"u", "h", "v", None} & set(keys) == set()
    assert len(set(KEYS)) == len(KEYS) >= LISTED


def test_up_to_ten_categories_keep_their_place_and_more_come_from_the_task() -> None:
    few, many = flat(f"c{n}" for n in range(FIXED)), flat(f"c{n}" for n in range(FIXED + 1))
    assert (few.ordered, many.ordered, many.searchable) == (False, True, False)
    assert control(page(few), CATEGORY).get("value") is None
    assert (control(page(many), CATEGORY).get("value"), len(control(page(many), CATEGORY))) == ("$choices", 0)
    assert page(many).find(".//Table") is None


def test_very_many_categories_are_found_by_a_search_that_opens_for_another_category() -> None:
    spec = flat(f"c{n}" for n in range(LISTED + 1))
    root = page(spec)
    (opening,) = [view for view in root.iter("View") if view.find(f"Taxonomy[@name='{OTHER_CATEGORY}']") is not None]
    assert (opening.get("whenTagName"), opening.get("whenChoiceValue")) == (CATEGORY, ANOTHER)
    found = control(root, OTHER_CATEGORY)
    assert [choice.get("alias") for choice in found] == [category.code for category in spec.categories]


def test_a_tree_shows_each_branch_once_and_its_leaves_carry_the_categories_codes() -> None:
    spec = tree(("Home", "Curtains"), ("Home", "Kitchen", "Pots"), ("Home", "Kitchen", "Pans"), ("Baby",))
    taxonomy = control(page(spec), OTHER_CATEGORY)
    assert [choice.get("value") for choice in taxonomy.iter("Choice")] == [
        *("Home", "Curtains", "Kitchen", "Pots", "Pans"),
        "Baby",
    ]
    leaves = [choice.get("alias") for choice in taxonomy.iter("Choice") if not len(choice)]
    assert leaves == [category.code for category in spec.categories]
    assert taxonomy.get("leafsOnly") == "true"


def test_a_leaf_carries_its_own_code_whatever_it_is_called() -> None:
    spec = LabellingSpec((Category("pots-1", "Pots and pans", ("Home", "Pots")),), tree=True)
    (home,) = control(page(spec), OTHER_CATEGORY)
    assert ([leaf.get("alias") for leaf in home], home[0].get("value")) == (["pots-1"], "Pots")


def test_a_tree_without_branches_is_a_list() -> None:
    spec = tree(("Home",), ("Baby",))
    assert (spec.ordered, [choice.get("value") for choice in control(page(spec), CATEGORY)]) == (
        False,
        ["Home", "Baby"],
    )


def test_a_branch_that_is_a_category_itself_can_be_chosen() -> None:
    taxonomy = control(page(tree(("Home",), ("Home", "Curtains"))), OTHER_CATEGORY)
    assert (taxonomy.get("leafsOnly"), taxonomy[0].get("alias")) == ("false", codes(["Home"])["Home"])


def test_the_field_for_a_new_name_is_shown_for_its_flag_only() -> None:
    (hidden,) = [
        view for view in page(flat(["a"])).iter("View") if view.find(f"TextArea[@name='{NEW_CATEGORY}']") is not None
    ]
    assert (hidden.get("visibleWhen"), hidden.get("whenTagName")) == ("choice-selected", FLAG)
    assert hidden.get("whenChoiceValue") == NEEDS_CATEGORY.code


def test_what_sellers_wrote_is_shown_by_tags_that_know_no_markup() -> None:
    shown_by = {
        tag.get("value"): tag.tag for tag in page(flat(["a"])).iter() if (tag.get("value") or "").startswith("$")
    }
    assert {name for name, tag in shown_by.items() if tag == "HyperText"} == {"$neighbours"}
    assert {shown_by[name] for name in ("$title", "$text", "$said", "$key", "$reasons")} == {"Text"}


def test_nothing_in_the_style_is_what_an_html_cleaner_would_change() -> None:
    style = page(flat(["a"])).findtext("Style") or ""
    assert set("<>&") & set(style) == set()


@pytest.mark.parametrize(
    ("categories", "complaint"),
    [
        ((), "no category"),
        ((Category("a", " "),), "empty name"),
        ((Category("a", "\u200b"),), "empty name"),
        ((Category("a", "Shoes", ("Home", " ")),), "empty name"),
        ((Category("a", "Shoes"), Category("b", "Shoes")), "are called 'Shoes'"),
        ((Category("a", "Home  Decor"), Category("b", "Home Decor ")), "are called 'Home Decor'"),
        ((Category("a", "Shoes"), Category("a", "Bags")), "have the code 'a'"),
        ((Category("", "Shoes"),), "cannot be the code"),
        ((Category("a,b", "Shoes"),), "cannot be the code"),
        ((Category(ANOTHER, "Shoes"),), "cannot be the code"),
    ],
)
def test_categories_that_nobody_could_tell_apart_are_refused(categories: tuple[Category, ...], complaint: str) -> None:
    with pytest.raises(Misuse, match=re.escape(complaint)):
        LabellingSpec(categories)


def test_two_leaves_of_one_path_are_refused() -> None:
    with pytest.raises(Misuse, match="have the path 'Home > Pots'"):
        LabellingSpec((Category("a", "x", ("Home", "Pots")), Category("b", "y", ("Home", "Pots"))), tree=True)
