"""The chapter on what the catalogue is: what `embedkit explore` found, as a category manager needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from embedkit.gathered import Gathered
from embedkit.report.html import Html, Told, bar, join, table, tag
from embedkit.report.parts import Section, aside, lead, many, missing
from embedkit.studies import Rows, Study

ALL, NONE = "(all)", "(none)"
MOST_CATEGORIES, MOST_PAIRS, MOST_FIELDS, MOST_LANGUAGES = 25, 10, 20, 6
MATRIX_FROM = 3
"""A matrix of two categories says no more than their pair."""
DARKEST = 0.4
"""Numbers can still be read on this shade."""


def catalogue(gathered: Gathered, _: Told) -> Section:
    """Return what the catalogue holds: categories, texts, pictures, copies, languages, empty fields."""
    title, study = _("The catalogue"), gathered.explore
    if study is None:
        return Section("catalogue", title, missing(_("Nobody has explored the catalogue yet."), "embedkit explore", _))
    chapters: Sequence[tuple[Html, Callable[[Study, Told], Html]]] = (
        (_("Categories"), _categories),
        (_("Texts"), _texts),
        (_("Words that tell categories apart"), _vocabulary),
        (_("Categories that share words"), _overlap),
        (_("Pictures"), _pictures),
        (_("Copies"), _copies),
        (_("Languages"), _languages),
        (_("Empty fields"), _empty),
    )
    written = ((heading, write(study, _)) for heading, write in chapters)
    body = [join([tag("h3", heading), text]) for heading, text in written if text]
    return Section("catalogue", title, join([_opening(study, _), *body]))


def rows_of(study: Study, name: str) -> Rows:
    """Return a table of a study; empty where it has none of that name."""
    return study.tables.get(name) or []


def _opening(study: Study, _: Told) -> Html:
    n = study.numbers
    long = n.get("texts_too_long_share")
    twice = n.get("filed_twice")
    return lead(
        _.plural("{n} listing", "{n} listings", n["listings"]),
        _(
            "in {categories} categories; {pictures} have a picture that can be read, {texts} have a text.",
            categories=_.number(n["categories"]),
            pictures=_.number(n["pictures"]),
            texts=_.number(n["with_text"]),
        ),
        _("{share} of the texts are longer than CLIP reads.", share=_.share(long)) if long else "",
        _.plural(
            "{n} listing is a copy of one that is filed elsewhere: one of the two categories is wrong.",
            "{n} listings are copies of ones that are filed elsewhere: one of the categories is wrong.",
            twice,
        )
        if twice
        else "",
    )


def _categories(study: Study, _: Told) -> Html:
    rows = [row for row in rows_of(study, "categories") if row["depth"] == study.numbers["depth"]]
    if not rows:
        return Html("")
    largest = max(row["listings"] for row in rows)
    body = [
        [
            row["category"],
            _.number(row["listings"]),
            bar(row["listings"] / largest),
            _.share(row["share"]),
            _.number(row["sub_categories"]),
        ]
        for row in rows[:MOST_CATEGORIES]
    ]
    heads = [_("category"), _("listings"), "", _("share"), _("sub-categories")]
    levels = table(
        [_("level"), _("categories"), _("listings"), _("smallest"), _("median"), _("largest")],
        [
            [
                _.number(row["depth"]),
                *(_.number(row[name]) for name in ("categories", "listings", "smallest", "median", "largest")),
            ]
            for row in rows_of(study, "levels")
        ],
        numbers=range(1, 6),
    )
    cut = len(rows) - MOST_CATEGORIES
    rest = aside(_.plural("{n} smaller category more.", "{n} smaller categories more.", cut)) if cut > 0 else ""
    return join([table(heads, body, numbers=(1, 3, 4)), rest, tag("h4", _("Levels of the tree")), levels])


def _texts(study: Study, _: Told) -> Html:
    names = {"words": _("words"), "characters": _("characters"), "tokens": _("tokens (what CLIP counts)")}
    every = [row for row in rows_of(study, "text_lengths") if row["category"] == ALL]
    if not every:
        return Html("")
    columns = ("least", "p25", "median", "p75", "p95", "most")
    lengths = table(
        [
            _("measure"),
            _("least"),
            _("a quarter below"),
            _("median"),
            _("a quarter above"),
            _("1 in 20 above"),
            _("most"),
        ],
        [[names.get(row["measure"], row["measure"]), *(_.number(row[name]) for name in columns)] for row in every],
        numbers=range(1, 7),
    )
    cut = [row for row in rows_of(study, "too_long") if row["category"] == ALL and row["too_long"]]
    said = (
        aside(
            _(
                "CLIP reads 77 tokens, which cuts {n} ({share}) and costs them {lost} of their tokens.",
                n=_.plural("{n} text", "{n} texts", cut[0]["too_long"]),
                share=_.share(cut[0]["share"]),
                lost=_.share(cut[0]["tokens_lost"], 0),
            )
        )
        if cut
        else ""
    )
    return join([lengths, said])


def _vocabulary(study: Study, _: Told) -> Html:
    rows = [row for row in rows_of(study, "vocabulary") if row["category"] not in (ALL, NONE)]
    if not rows:
        return Html("")
    heads = [_("category"), _("different words"), _("own words"), _("most telling")]
    body = [
        [
            row["category"],
            _.number(row["distinct_words"]),
            _.share(row["own_share"], 0),
            many(row["telling"], 8),
        ]
        for row in rows[:MOST_CATEGORIES]
    ]
    return table(heads, body, numbers=(1, 2))


def _overlap(study: Study, _: Told) -> Html:
    rows = rows_of(study, "overlap")[:MOST_PAIRS]
    if not rows:
        return Html("")
    matrix = _matrix(rows_of(study, "overlap_matrix"), _)
    heads = [_("category"), _("and"), _("overlap"), "", _("words in common")]
    body = [
        [row["category"], row["other"], _.share(row["overlap"], 0), bar(row["overlap"]), many(row["shared"], 6)]
        for row in rows
    ]
    note = aside(_("Overlap: of the usual words of either, how many are usual in both."))
    return join([matrix, table(heads, body, numbers=(2,)), note])


def _matrix(rows: Rows, _: Told) -> Html:
    """Return which share of their usual words any two categories have in common, the darker the more."""
    if len(rows) < MATRIX_FROM:
        return Html("")
    places = [row["number"] for row in rows]
    most = max(row[str(place)] for row in rows for place in places if place != row["number"]) or 1.0
    body = [
        [
            f"{row['number']}. {row['category']}",
            *("" if place == row["number"] else _shaded(row[str(place)], most, _) for place in places),
        ]
        for row in rows
    ]
    return table([_("category"), *map(_.number, places)], body, numbers=places, class_="dense")


def _shaded(share: float, most: float, _: Told) -> Html:
    shade = f"background:rgba(11,106,143,{DARKEST * share / most:.2f})"
    return tag("span", _.share(share, 0), class_="shaded", style=shade)


def _pictures(study: Study, _: Told) -> Html:
    sizes = [row for row in rows_of(study, "pictures") if row["format"] == ALL]
    if not sizes:
        return Html("")
    names = {
        "width": _("width (pixels)"),
        "height": _("height (pixels)"),
        "aspect": _("width : height"),
        "kilobytes": _("kilobytes"),
    }
    columns = ("least", "p25", "median", "p75", "most")
    measured = table(
        [_("measure"), _("least"), _("a quarter below"), _("median"), _("a quarter above"), _("most")],
        [
            [
                names.get(row["measure"], row["measure"]),
                *(_.number(row[name], 2 if row["measure"] == "aspect" else 0) for name in columns),
            ]
            for row in sizes
        ],
        numbers=range(1, 6),
    )
    return join([measured, _flags(study, _), _formats(study, _)])


def _flags(study: Study, _: Told) -> Html:
    names = {
        "dark": _("dark"),
        "blurred": _("blurred"),
        "tiny": _("tiny"),
        "odd shape": _("of an odd shape"),
        "blank": _("blank"),
        "grey": _("grey"),
        "plain background": _("with a plain background"),
        "white background": _("with a white background"),
    }
    rows = rows_of(study, "quality")
    body = [
        [
            names.get(row["flag"], row["flag"]),
            _.number(row["pictures"]),
            _.share(row["share"]),
            bar(row["share"]),
            tag("code", row["examples"][0]) if row["examples"] else "",
        ]
        for row in rows
    ]
    return table([_("pictures that are"), _("pictures"), _("share"), "", _("for instance")], body, numbers=(1, 2))


def _formats(study: Study, _: Told) -> Html:
    counted = {r["format"]: r["pictures"] for r in rows_of(study, "pictures") if r["format"] != ALL}
    said = ", ".join(f"{name} {_.number(count)}" for name, count in counted.items())
    return aside(_("Formats: {formats}.", formats=said)) if said else Html("")


def _copies(study: Study, _: Told) -> Html:
    names = {
        "same picture": _("same picture"),
        "nearly the same picture": _("nearly the same picture"),
        "same text": _("same text"),
        "nearly the same text": _("nearly the same text"),
        "same picture and text": _("same picture and text"),
    }
    heads = [
        _("listings with the"),
        _("groups"),
        _("listings"),
        _("share"),
        _("within a category"),
        _("across categories"),
    ]
    body = [
        [
            names.get(row["what"], row["what"]),
            _.number(row["groups"]),
            _.number(row["listings"]),
            _.share(row["share"]),
            _.number(row["within"]),
            _.number(row["across"]),
        ]
        for row in rows_of(study, "copies")
    ]
    return table(heads, body, numbers=range(1, 6)) if body else Html("")


def _languages(study: Study, _: Told) -> Html:
    rows: list[dict[str, Any]] = rows_of(study, "languages")[:MOST_LANGUAGES]
    fields = {"title": _("title"), "text": _("text")}
    body = [
        [
            fields.get(row["field"], row["field"]),
            _("not recognised") if row["language"] == "unknown" else _.plain.language(row["language"]),
            _.number(row["listings"]),
            _.share(row["share"]),
            bar(row["share"]),
        ]
        for row in rows
    ]
    return table([_("field"), _("language"), _("listings"), _("share"), ""], body, numbers=(2, 3)) if body else Html("")


def _empty(study: Study, _: Told) -> Html:
    every = rows_of(study, "empty")
    rows = sorted((row for row in every if row["empty"]), key=lambda row: -row["empty"])[:MOST_FIELDS]
    if every and not rows:
        return aside(_("No field is ever empty."))
    body = [[row["field"], _.number(row["empty"]), _.share(row["share"]), bar(row["share"])] for row in rows]
    return table([_("field"), _("empty"), _("share"), ""], body, numbers=(1, 2)) if body else Html("")
