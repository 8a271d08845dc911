"""The labelling page: one category by one key, flags, a comment; as the XML that Label Studio calls a config.

Label Studio accepts a config with two choices of one name, one alias or one key, and then does something unexpected, so
a spec is checked here before it becomes XML.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree

from embedkit.annotation.style import STYLE
from embedkit.errors import Misuse

# What the page's answers are called in an annotation's result.
CATEGORY, OTHER_CATEGORY, FLAG, NEW_CATEGORY, COMMENT = "category", "other_category", "flags", "new_category", "comment"
PICTURE = "image"
ANOTHER = "another-category"
"""The alias of the choice that opens the search through all categories; the answer is then under OTHER_CATEGORY."""

SEARCH_FIRST = "Find the category in the search, or take “Another category …” back: press 0."

FIXED = 10
"""Up to so many categories keep their place and their digit, for hands learn them; more come in the model's order."""
LISTED = 20
"""Above this, or for a tree, only the likeliest stand in the list, and a search finds the others."""
SHORTLIST = 9


class Flag(NamedTuple):
    """Something to say about a listing besides its category: its code, its name on the page, its key."""

    code: str
    name: str
    key: str


AMBIGUOUS = Flag("ambiguous", "Ambiguous", "q")
BAD_PICTURE = Flag("bad_picture", "Bad picture", "w")
CONTRADICTION = Flag("text_contradicts_picture", "Text contradicts picture", "e")
NEEDS_CATEGORY = Flag("needs_category", "Needs a new category", "r")
FLAGS = (AMBIGUOUS, BAD_PICTURE, CONTRADICTION, NEEDS_CATEGORY)

# Not u, h, v: they are Label Studio's own (unselect, pan, move).
KEYS = "".join(key for key in "1234567890tasdfgzxcbyiopjklnm" if key not in {flag.key for flag in FLAGS})


@dataclass(frozen=True)
class Category:
    """One category: the code that answers carry, the name that people see, and its place in a tree, top first."""

    code: str
    name: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabellingSpec:
    """The categories to choose from, in the order of the page; whether they are a tree; whether to preselect.

    Raises Misuse for categories that a person could not tell apart.
    """

    categories: tuple[Category, ...]
    tree: bool = False
    preselect: bool = False

    def __post_init__(self) -> None:
        if not self.categories:
            raise Misuse("there is no category to choose from")
        for category in self.categories:
            if not all(_is_visible(part) for part in (category.name, *category.path)):
                raise Misuse(f"the category {category.code!r} has an empty name")
            if re.fullmatch(r"[a-z0-9_-]+", category.code) is None or category.code == ANOTHER:
                raise Misuse(f"{category.code!r} cannot be the code of {category.name!r}")
        self._refuse_twice("categories are called", (_seen(category.name) for category in self.categories))
        self._refuse_twice("categories have the code", (category.code for category in self.categories))
        if self.branches:
            self._refuse_twice("categories have the path", (" > ".join(_path(one)) for one in self.categories))

    def _refuse_twice(self, what: str, values: Iterable[str]) -> None:
        for value, times in Counter(values).items():
            if times > 1:
                raise Misuse(f"{times} {what} {value!r}", "Nobody could tell them apart: rename or merge them.")

    @property
    def ordered(self) -> bool:
        """Whether each task lists the categories in the model's order, rather than all tasks in the same."""
        return self.searchable or len(self.categories) > FIXED

    @property
    def searchable(self) -> bool:
        """Whether a task lists only the likeliest categories, and the rest is found by search."""
        return self.branches or len(self.categories) > LISTED

    @property
    def branches(self) -> bool:
        """Whether the categories are to be seen as a tree, and are one."""
        return self.tree and any(len(category.path) > 1 for category in self.categories)


def codes(names: Iterable[str]) -> dict[str, str]:
    """Return a code for each category's name, the same in every run: a readable slug and a digest of the exact name."""
    return {
        name: f"{_slug(name)}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}" for name in names
    }


def labelling_config(spec: LabellingSpec) -> str:
    """Return the page as Label Studio's XML. Its variables are the keys of a task's data."""
    page = ElementTree.Element("View", className="ek")
    ElementTree.SubElement(page, "Style").text = STYLE
    left, right = _view(page, "ek-left"), _view(page, "ek-right")
    _see(left)
    _read(right)
    _choose(_view(right, "ek-decide"), spec)
    _flag(right)
    ElementTree.indent(page)
    return ElementTree.tostring(page, encoding="unicode")


def shown(text: str) -> str:
    """Return a name as a config shows it unharmed: "$5" would be read as a variable, and XML lacks some characters."""
    text = re.sub(r"\$(?=[\w\[\].{}])", "$\N{WORD JOINER}", text, flags=re.ASCII)
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\N{REPLACEMENT CHARACTER}", text)


def _see(parent: ElementTree.Element) -> None:
    """Add what is looked at: the picture, and the nearest listings below it."""
    picture = _view(parent, "ek-picture")
    _tag(
        picture,
        "Image",
        name=PICTURE,
        value="$image",
        zoom="true",
        zoomControl="true",
        selectionControl="false",
        horizontalAlignment="center",
        maxHeight="calc(100vh - 292px)",
    )
    _tag(
        _view(parent, "ek-near"),
        "HyperText",
        name="neighbours",
        value="$neighbours",
        inline="true",
        selectionEnabled="false",
    )


def _read(parent: ElementTree.Element) -> None:
    """Add what is read: title, facts, text, and why a person is asked."""
    _tag(_view(parent, "ek-title"), "Text", name="title", value="$title", selectionEnabled="false")
    facts = _view(parent, "ek-facts")
    _tag(_view(facts, "ek-said"), "Text", name="said", value="$said", selectionEnabled="false")
    _tag(_view(facts, "ek-key"), "Text", name="key", value="$key", selectionEnabled="false")
    _tag(_view(parent, "ek-text"), "Text", name="text", value="$text", selectionEnabled="false")
    _tag(_view(parent, "ek-reasons"), "Text", name="reasons", value="$reasons", selectionEnabled="false")


def _choose(parent: ElementTree.Element, spec: LabellingSpec) -> None:
    """Add the choice of one category, and the search through all where the list is not all.

    A list that is the same for all tasks has the suggestions beside it; one in the model's order holds them itself.
    """
    view = _view(parent, "ek-category ek-long" if spec.ordered else "ek-category")
    attributes = {"name": CATEGORY, "toName": PICTURE, "choice": "single-radio", "showInline": "false"}
    if not spec.ordered:
        listed = _tag(view, "Choices", **attributes)
        for category, key in zip(spec.categories, KEYS, strict=False):
            _tag(listed, "Choice", value=shown(category.name), alias=category.code, hotkey=key)
        _tag(_view(parent, "ek-suggestions"), "Table", name="suggestions", value="$suggestions")
        return
    _tag(view, "Choices", value="$choices", **attributes)
    if spec.searchable:
        hidden = _view(view, "ek-other", CATEGORY, ANOTHER)
        inner = {part for category in spec.categories for part in _inner(category)} if spec.branches else set()
        taxonomy = _tag(
            hidden,
            "Taxonomy",
            name=OTHER_CATEGORY,
            toName=PICTURE,
            maxUsages="1",
            showFullPath="true",
            pathSeparator=" > ",
            leafsOnly=str(not inner & {_path(category) for category in spec.categories}).lower(),
            placeholder="Search all categories",
            dropdownWidth="480",
            # Asked for only while it is to be seen: or "Another category …" alone would be submitted, and say nothing.
            required="true",
            requiredMessage=SEARCH_FIRST,
        )
        _grow(taxonomy, spec)


def _grow(root: ElementTree.Element, spec: LabellingSpec) -> None:
    """Add every category to a taxonomy; a node that only leads to others has a code of its own."""
    nodes: dict[tuple[str, ...], ElementTree.Element] = {(): root}
    for category in spec.categories:
        path = _path(category) if spec.branches else (category.name,)
        for depth in range(1, len(path) + 1):
            part = path[:depth]
            if part not in nodes:
                name = shown(part[-1])
                nodes[part] = _tag(
                    nodes[part[:-1]], "Choice", value=name, alias=codes([" > ".join(part)])[" > ".join(part)]
                )
        nodes[path].set("alias", category.code)


def _flag(parent: ElementTree.Element) -> None:
    """Add the flags, the field for a missing category's name, and the comment."""
    flags = _tag(_view(parent, "ek-flags"), "Choices", name=FLAG, toName=PICTURE, choice="multiple", showInline="false")
    for flag in FLAGS:
        _tag(flags, "Choice", value=flag.name, alias=flag.code, hotkey=flag.key)
    words = _view(parent, "ek-words")
    typed = {"toName": PICTURE, "rows": "1", "maxSubmissions": "1", "editable": "true"}
    hidden = _view(words, "ek-new", FLAG, NEEDS_CATEGORY.code)
    _tag(hidden, "TextArea", name=NEW_CATEGORY, placeholder="Name of the missing category", **typed)
    _tag(_view(words, "ek-comment"), "TextArea", name=COMMENT, placeholder="Comment (optional)", **typed)


def _view(parent: ElementTree.Element, class_name: str, when: str = "", chosen: str = "") -> ElementTree.Element:
    condition = {"visibleWhen": "choice-selected", "whenTagName": when, "whenChoiceValue": chosen} if when else {}
    return _tag(parent, "View", className=class_name, **condition)


def _tag(parent: ElementTree.Element, tag: str, /, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, tag, attributes)


def _path(category: Category) -> tuple[str, ...]:
    return category.path or (category.name,)


def _inner(category: Category) -> list[tuple[str, ...]]:
    path = _path(category)
    return [path[:depth] for depth in range(1, len(path))]


def _seen(name: str) -> str:
    """Return what a reader sees of a name: runs of white space are one space."""
    return " ".join(name.split())


def _is_visible(name: str) -> bool:
    return any(letter.isprintable() and not letter.isspace() for letter in name)


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "category"
