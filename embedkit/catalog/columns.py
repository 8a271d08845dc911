"""Which column is the key, the title, the text, the picture, the category: by name first, and never against content."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from embedkit.catalog.categories import guess_separator, parse_category
from embedkit.catalog.nouns import ROLES, ColumnChoice, ColumnGuess
from embedkit.catalog.pictures import first_reference, is_url, names_a_picture
from embedkit.catalog.tables import Table
from embedkit.catalog.values import as_text, is_missing
from embedkit.errors import CatalogError

FindPictures = Callable[[Sequence[str]], tuple[int, Path]]
"""Takes references; returns how many name a file, and the folder where most of them do."""

# The patterns of each role, the likeliest first, matched against a whole name such as "product_category_tree"; `_OF`
# is what may stand before. English and French.
_OF = r"(?:(?:product|item|listing|article|produit|seller)_)?"
_PICTURE = r"(?:image|picture|photo|img|pic)"
_NAMES: dict[str, tuple[str, ...]] = {
    "key": (
        r"uniq(?:ue)?_?id",
        rf"{_OF}sku(?:_id)?",
        rf"{_OF}(?:id|key)",
        r"asin|gtin|ean(?:_?13)?|upc|isbn|pid",
        rf"{_OF}(?:ref|reference|code|number|handle|slug|identifiant|numero)(?:_(?:produit|article))?",
        r"id_.*|.*_id",
    ),
    "title": (
        rf"{_OF}(?:title|titre)",
        rf"{_OF}(?:display_)?(?:name|nom)|nom_(?:du_)?(?:produit|article)",
        rf"{_OF}(?:headline|heading|designation|libelle|intitule)(?:_(?:produit|article))?",
    ),
    "text": (
        rf"{_OF}(?:long_|full_)?description(?:_(?:du_)?(?:produit|article))?",
        rf"{_OF}(?:desc|descr|descriptif|text|texte)",
        r"body(?:_html)?|content|contenu|details|about(?:_product)?|caption|summary|resume|bullet_points|caracteristiques",
        r".*_description|description_.*|.*_desc",
    ),
    "picture": (
        rf"{_OF}{_PICTURE}",
        rf"{_OF}(?:main_|primary_)?{_PICTURE}_?(?:path|file|file_?name|name|src|link|url|main|1)?",
        rf"{_OF}{_PICTURE}s(?:_.*)?",
        rf"{_PICTURE}.*|.*_{_PICTURE}s?",
        r"file_?name|file|path|fichier|chemin|thumbnail.*|vignette",
    ),
    "category": (
        rf"{_OF}categor(?:y|ie)(?:_(?:tree|path|name|full))?|breadcrumbs?|taxonomy|arborescence",
        rf"{_OF}categor(?:ie)?s",
        r"(?:main|master|top|primary|parent|root|level_?1|l1)_categor(?:y|ie)|categor(?:y|ie)_?(?:l|level_?)?1",
        r"rayon|department|departement|famille|(?:google_)?product_(?:category|type)|type|category.*|.*_categor(?:y|ie)s?",
        r"(?:article|item|produit)_type|sous_famille|class|label",
    ),
}
# Read after the description, not instead of it: what a seller says of the product in so many fields.
_MORE_TEXT = re.compile(
    rf"{_OF}(?:key_|technical_)?(?:specifications?|specs?|features?|highlights|bullet_points|caracteristiques)"
)
_NEVER = {
    "key": re.compile(r".*(?:brand|marque|categor|parent|seller|vendor|store|user|group).*"),
    "title": re.compile(r"(?!)"),
    "text": re.compile(r"(?:meta|seo)_.*"),
    "picture": re.compile(r".*(?:count|alt|width|height|credit|license)$"),
    "category": re.compile(r".*(?:_id|_ids|_url|_count|_code|_rank|_slug)$"),
}
# Assigned in this order: what is easiest to recognise first, so that "name" with a.jpg in it is no title.
_ORDER = ("picture", "category", "key", "title", "text")


def guess_columns(table: Table, given: Mapping[str, tuple[str, ...]], find_pictures: FindPictures) -> ColumnGuess:
    """Return which columns play which role: as given, else by name and content; raises CatalogError for an absent one.

    `find_pictures` only informs the reason: a catalogue may name pictures that are still to come.
    """
    _check_given(table, given)
    taken = {name for names in given.values() for name in names}
    chosen: dict[str, ColumnChoice] = {}
    for role in _ORDER:
        if role in given:
            how = f"asked for by --column {role}="
            chosen[role] = ColumnChoice(role, given[role], "given" if given[role] else "none", how)
        elif role in table.roles:
            chosen[role] = ColumnChoice(role, (table.roles[role],), "guessed", "a folder's layout says so")
        else:
            chosen[role] = _guess(role, _Columns(table, taken, find_pictures))
        taken.update(chosen[role].columns)
    attributes = tuple(name for name in table.names if name not in taken and name not in table.embedded)
    return ColumnGuess(tuple(chosen[role] for role in ROLES), attributes)


def describe(columns: ColumnGuess) -> list[str]:
    """Return one line a role to show: "picture   image          guessed: 837 of 840 values name a picture"."""
    named = [(choice, ", ".join(choice.columns) or "-") for choice in columns.choices]
    width = max(len(names) for _, names in named) + 2
    return [f"{choice.role:<10}{names:<{width}}{choice.how}: {choice.reason}" for choice, names in named]


def _check_given(table: Table, given: Mapping[str, tuple[str, ...]]) -> None:
    for role, names in given.items():
        if role not in ROLES:
            raise CatalogError(f'there is no role "{role}" for a column', f"Roles: {', '.join(ROLES)}")
        for name in names:
            if name not in table.columns:
                close = difflib.get_close_matches(name.lower(), [one.lower() for one in table.names], n=1, cutoff=0.5)
                meant = next((one for one in table.names if close and one.lower() == close[0]), None)
                raise CatalogError(
                    f'{table.source} has no column "{name}" (asked for as {role}); it has: {", ".join(table.names)}',
                    f"Did you mean --column {role}={meant}?" if meant else "",
                )
            if name in table.embedded and role != "picture":
                raise CatalogError(f'{table.source}: column "{name}" holds bytes, which only the picture may be')


class _Columns:
    """The columns still free, with their values as text where they say anything."""

    def __init__(self, table: Table, taken: set[str], find_pictures: FindPictures) -> None:
        self.table = table
        self.free = [name for name in table.names if name not in taken]
        self.find_pictures = find_pictures

    def values(self, name: str) -> list[str]:
        return [as_text(value) for value in self.table.columns[name] if not is_missing(value)]

    def named(self, role: str) -> list[str]:
        """Return the free columns whose names suit a role, best first; ties stay in the file's order."""
        ranked = []
        for name in self.free:
            plain = plain_name(name)
            rank = next((i for i, pattern in enumerate(_NAMES[role]) if re.fullmatch(pattern, plain)), None)
            if rank is not None and not _NEVER[role].fullmatch(plain):
                ranked.append((rank, name))
        return [name for _, name in sorted(ranked, key=lambda pair: pair[0])]


def plain_name(name: str) -> str:
    """Return a column's name in snake_case without accents: "productDisplayName" is "product_display_name"."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    ascii_only = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", ascii_only.lower()).strip("_")


def _guess(role: str, columns: _Columns) -> ColumnChoice:
    judge = {"key": _key, "title": _title, "text": _text, "picture": _picture, "category": _category}[role]
    passed = [(name, reason) for name in columns.named(role) if (reason := judge(columns, columns.values(name), name))]
    if not passed:
        unnamed = [name for name in columns.free if name not in columns.named(role)]
        passed = _by_content(role, columns, unnamed)[:1]
    if not passed:
        return ColumnChoice(role, (), "none", _NOTHING[role])
    name, reason = passed[0]
    others = [other for other, _ in passed[1:]]
    if role == "text":
        more = [other for other in columns.free if other != name and _is_more_text(columns, other)]
        others = [other for other in others if other not in more]
        if more:
            return ColumnChoice(role, (name, *more), "guessed", f"{reason}; {', '.join(more)} read after it")
    if others and role == "category":
        reason += (
            f"; it could also be {', '.join(others)}; all as levels: --column category={','.join([name, *others])}"
        )
    elif others:
        reason += f"; it could also be {', '.join(others)}"
    return ColumnChoice(role, (name,), "guessed", reason)


_NOTHING = {
    "key": "no column has ids; rows are counted instead (row-000001)",
    "title": "no column looks like a name; --column title=NAME",
    "text": "no column looks like a description; --column text=NAME",
    "picture": "no column names pictures; --column picture=NAME",
    "category": "no column looks like a category; --column category=NAME",
}


def _key(columns: _Columns, values: Sequence[str], name: str) -> str:
    # Half suffices: which column is the key must not flip when a row is doubled, and a doubled key is then an error.
    distinct = len(set(values))
    if not values or distinct < 0.5 * len(values) or name in columns.table.embedded or _share(values, is_url) > 0.5:
        return ""
    return f"{distinct:,} different values in {len(columns.table):,} rows"


def _title(columns: _Columns, values: Sequence[str], name: str) -> str:
    return _text(columns, values, name)


def _text(columns: _Columns, values: Sequence[str], name: str) -> str:
    worded = _share(values, lambda value: any(c.isalpha() for c in value) and not names_a_picture(value))
    if name in columns.table.embedded or worded < 0.5 or _share(values, is_url) > 0.5:
        return ""
    return f"{len(values):,} of {len(columns.table):,} rows have one"


def _is_more_text(columns: _Columns, name: str) -> bool:
    return _MORE_TEXT.fullmatch(plain_name(name)) is not None and bool(_text(columns, columns.values(name), name))


def _picture(columns: _Columns, values: Sequence[str], name: str) -> str:
    if name in columns.table.embedded:
        return f"{len(values):,} of {len(columns.table):,} rows hold a picture" if values else ""
    if _share(values, names_a_picture) < 0.5:
        addresses = _share(values, is_url)
        return f"{addresses:.0%} are addresses; pictures must be downloaded first" if addresses > 0.5 else ""
    if _share(values, is_url) > 0.5:
        return f"{len(values):,} of {len(columns.table):,} values are addresses; pictures must be downloaded first"
    found, folder = columns.find_pictures([first_reference(value) for value in values])
    reason = f"{found:,} of {len(columns.table):,} values name a picture in {folder.absolute().name}/"
    return reason if found else f"{reason}; if they are elsewhere: --images FOLDER"


def _category(columns: _Columns, values: Sequence[str], name: str) -> str:
    if not values or name in columns.table.embedded or _share(values, lambda value: value[:1].isdigit()) > 0.5:
        return ""
    sep = guess_separator(values)
    paths = {parse_category(value, sep) for value in set(values)}
    if not sep and len(values) >= 20 and len(paths) > 0.9 * len(values):
        return ""  # as many categories as listings: nothing is sorted by this column
    tops = len({path[0] for path in paths if path})
    return (
        f'{len(paths):,} paths split at "{sep.strip()}", {tops:,} at the top' if sep else f"{len(paths):,} categories"
    )


def _by_content(role: str, columns: _Columns, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return columns that only their values recommend; few distinct values alone recommend none (gender, season)."""
    found = []
    for name in names:
        values = columns.values(name)
        reason = _CONTENT[role](columns, values, name) if values else ""
        if reason:
            found.append((name, f"by its values: {reason}"))
    return found


def _content_key(columns: _Columns, values: Sequence[str], name: str) -> str:
    if name in columns.table.embedded or not 20 <= len(values) == len(columns.table) == len(set(values)):
        return ""
    ids = _share(values, lambda v: len(v) <= 64 and bool(re.fullmatch(r"(?=.*[0-9])(?=.*[A-Za-z])[\w.:-]+", v)))
    dates = _share(values, lambda v: bool(re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", v)))
    return f"{len(values):,} different ids" if ids == 1 and not dates else ""


def _content_words(columns: _Columns, values: Sequence[str], least: float, most: float) -> str:
    words = sum(len(value.split()) for value in values) / len(values)
    varied = len(set(values)) >= 0.5 * len(values)
    return f"{words:.0f} words on average" if least <= words < most and varied and len(values) >= 3 else ""


def _content_title(columns: _Columns, values: Sequence[str], name: str) -> str:
    return _title(columns, values, name) and _content_words(columns, values, 2, 20)


def _content_text(columns: _Columns, values: Sequence[str], name: str) -> str:
    coded = _share(values, lambda value: value.lstrip()[:1] in "{[")
    return "" if coded > 0.5 else _text(columns, values, name) and _content_words(columns, values, 5, 1e9)


def _content_picture(columns: _Columns, values: Sequence[str], name: str) -> str:
    looks = name in columns.table.embedded or _share(values, names_a_picture) >= 0.8
    return _picture(columns, values, name) if looks else ""


def _content_category(columns: _Columns, values: Sequence[str], name: str) -> str:
    sep = guess_separator(values)
    return _category(columns, values, name) if sep and sep.strip() in (">>", ">") else ""


_CONTENT = {
    "key": _content_key,
    "title": _content_title,
    "text": _content_text,
    "picture": _content_picture,
    "category": _content_category,
}


def _share(values: Sequence[str], holds: Callable[[str], bool]) -> float:
    """Return the share in [0, 1] of some 2,000 values, evenly drawn, of which something holds."""
    drawn = values[:: max(1, len(values) // 2000)]
    return sum(map(holds, drawn)) / len(drawn) if drawn else 0.0
