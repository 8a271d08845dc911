"""The chapter that shows the catalogue as a map."""

from __future__ import annotations

from embedkit.gathered import Gathered
from embedkit.report.html import Html, Told, join, table, tag
from embedkit.report.map_charts import category_map, outcome_map
from embedkit.report.parts import Section, figure, lead, missing
from embedkit.studies import Rows

MOST_ROWS = 20


def mapped(gathered: Gathered, _: Told) -> Section:
    """Return the catalogue as a map, by category and by error."""
    title, rows, numbers = _("Map of the catalogue"), gathered.table("map"), gathered.report.numbers
    if not rows:
        return Section("map", title, missing(_("There is no model in use."), "embedkit train", _))
    wrong = [row for row in rows if row["outcome"] == "wrong"]
    opening = lead(
        _(
            "{n}, laid out by {method} so that listings that look and read alike lie near each other. What the axes "
            "are, and how far apart two islands lie, means little.",
            n=_.plural("{n} listing", "{n} listings", len(rows)),
            method=numbers["map_method"],
        ),
        _("A sample: {n} listings are in the catalogue.", n=_.number(numbers["listings"]))
        if numbers["map_listings"] < numbers["listings"]
        else "",
    )
    by_category = _("Islands of one shape are categories that the model tells apart easily; mixed ones it does not.")
    by_error = _.plural(
        "{n} listing on the map is filed elsewhere than the model says.",
        "{n} listings on the map are filed elsewhere than the model says; crosses amid round marks of another category "
        "are often filed wrongly.",
        len(wrong),
    )
    by_error = join([by_error, _("Each was judged by a model that had not seen it.")], " ")
    maps = [
        figure(category_map(rows, _.plain), by_category, _per_category(rows, _), _),
        figure(outcome_map(rows, _.plain), by_error, _surest(wrong, _), _),
    ]
    return Section("map", title, join([opening, *maps]))


def _surest(wrong: Rows, _: Told) -> Html:
    """Return the listings of the map that are filed elsewhere than the model says, the surest first."""
    heads = [_("key"), _("title"), _("filed under"), _("the model says"), _("sure")]
    body = [
        [tag("code", row["key"]), row["title"], row["category"], row["predicted"], _.share(row["confidence"], 0)]
        for row in sorted(wrong, key=lambda row: -row["confidence"])[:MOST_ROWS]
    ]
    return table(heads, body, numbers=(4,))


def _per_category(rows: Rows, _: Told) -> Html:
    """Return how many listings of each category are on the map, and how many of them are wrong."""
    counts: dict[str, list[int]] = {}
    for row in rows:
        count = counts.setdefault(row["category"] or "–", [0, 0])
        count[0] += 1
        count[1] += row["outcome"] == "wrong"
    return table(
        [_("category"), _("listings on the map"), _("wrong")],
        [[name, _.number(all_), _.number(bad)] for name, (all_, bad) in sorted(counts.items())],
        numbers=(1, 2),
    )
