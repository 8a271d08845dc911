"""The chapter on the scenarios that `embedkit compare` tried: their table, the decision, and what changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from embedkit.gathered import Gathered
from embedkit.report.charts import legend_above, name_of, percent_axis
from embedkit.report.drawing import Chart, draw
from embedkit.report.html import Html, Told, interval, join, table, tag
from embedkit.report.palette import QUIET, RIGHT, SHADE
from embedkit.report.parts import Section, aside, figure, lead, missing
from embedkit.studies import Rows, Study
from embedkit.wording import Wording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_OF_A_KIND = 6
LEAST_CHANCE = 0.001


def scenarios(gathered: Gathered, _: Told) -> Section:
    """Return the scenarios side by side, which is best, and which listings change hands."""
    title, study = _("Ways of sorting, compared"), gathered.compare
    if study is None or not study.tables.get("scenarios"):
        return Section("scenarios", title, missing(_("No scenarios have been compared yet."), "embedkit compare", _))
    rows = study.tables["scenarios"]
    body: list[object] = [_decision(study, _)]
    if any(measured(row) is not None for row in rows):
        takeaway = _("Where the bars overlap widely, chance may have decided the order.")
        body.append(figure(scenario_chart(rows, _.plain), takeaway, "", _))
    body += [_table(rows, _), _notes(study, _), _costs(rows, _), _described(rows, _), _changed(study, _)]
    return Section("scenarios", title, join(body))


@dataclass(frozen=True)
class Measured:
    """How often a scenario is right, of how many listings, and whether that is by cross-validation."""

    value: float
    low: float
    high: float
    n: int
    crossed: bool


def measured(row: dict[str, Any]) -> Measured | None:
    """Return what a scenario is judged by: cross-validation where there was one, else the listings kept aside."""
    for kind in ("cv", "test"):
        if row.get(f"{kind}_accuracy") is not None:
            value, low, high, n = (row[f"{kind}_{name}"] for name in ("accuracy", "low", "high", "n"))
            return Measured(value, low, high, n, crossed=kind == "cv")
    return None


def _described(rows: Rows, _: Told) -> Html:
    """Return what each scenario reads, by which encoders, prepared how."""
    lines = []
    for row in rows:
        said = [row["features"]] + [row[name] for name in ("encoders", "picture", "text") if row.get(name)]
        said += [row["precision"]] if row.get("precision") not in ("", None, "fp32") else []
        lines.append(tag("li", tag("b", row["scenario"]), ": ", " · ".join(said)))
    return join([tag("h3", _("What each scenario reads")), tag("ul", *lines)])


def _decision(study: Study, _: Told) -> Html:
    numbers = study.numbers
    rows = {row["scenario"]: row for row in study.tables["scenarios"]}
    best = rows.get(numbers.get("best") or "")
    result = measured(best) if best is not None else None
    if best is None or result is None:
        return lead(_("No listing could be tested, so nothing is decided."))
    first = _(
        "Scenario {best} is right most often: {share} ({interval}) of {n}.",
        best=tag("b", best["scenario"]),
        share=tag("b", _.share(result.value)),
        interval=interval(_, result.low, result.high),
        n=_.plural("{n} cross-validated listing", "{n} cross-validated listings", result.n)
        if result.crossed
        else _.plural("{n} test listing", "{n} test listings", result.n),
    )
    if numbers.get("as_good"):
        second = _(
            "Chance alone could explain its lead over {others}; the quickest of these is {cheapest}.",
            others=", ".join(numbers["as_good"]),
            cheapest=tag("b", numbers["cheapest"]),
        )
    elif numbers.get("best_beyond_chance"):
        second = _("Its lead over every other is beyond chance.")
    else:
        second = Html("")
    return lead(first, second)


def _table(rows: Rows, _: Told) -> Html:
    crossed = any(row.get("cv_accuracy") is not None for row in rows)
    heads = [
        _("scenario"),
        _("right in training"),
        _("right on test"),
        *([_("cross-validated")] if crossed else []),
        _("95% interval"),
        _("macro F1"),
        _("calibration error"),
        _("accepted at the promise"),
        _("changed"),
        _("p-value"),
    ]
    body = [
        [
            row["scenario"],
            _.share(row["train_accuracy"]),
            tag("b", _.share(row["test_accuracy"])),
            *([_.share(row["cv_accuracy"])] if crossed else []),
            interval(_, row["test_low"], row["test_high"]),
            _.number(row["macro_f1"], 3),
            _.number(row["ece"], 3),
            _.share(row["coverage"], 0),
            _.number(row["changed"]),
            _chance(row["p_value"], _),
        ]
        for row in rows
    ]
    return table(heads, body, numbers=range(1, 10), class_="dense")


def _chance(p_value: float | None, _: Told) -> str:
    """Return a p-value as people write it; nothing where there is none."""
    if p_value is None:
        return ""
    return f"< {_.number(LEAST_CHANCE, 3)}" if p_value < LEAST_CHANCE else _.number(p_value, 3)


def _costs(rows: Rows, _: Told) -> Html:
    said = {"measured": _("measured"), "replayed": _("measured earlier"), "scaled": _("scaled from a sample")}
    heads = [
        _("scenario"),
        _("encoding (s)"),
        _("training (s)"),
        _("sorting (s)"),
        _("in all (s)"),
        _("listings a second"),
        _("memory (MiB)"),
        _("times"),
    ]
    body = [
        [
            row["scenario"],
            *(_.number(row[name], 1) for name in ("encode_s", "train_s", "predict_s", "total_s", "listings_per_s")),
            _.number(row["peak_mib"]),
            join([said.get(one, one) for one in (row["times"] or "").split(" + ")], " + "),
        ]
        for row in rows
    ]
    note = aside(
        _("Encoding as if nothing were stored; memory is that of the largest process, Python and libraries included.")
    )
    return join([tag("h3", _("What each scenario costs")), table(heads, body, numbers=range(1, 7)), note])


def _notes(study: Study, _: Told) -> Html:
    return aside(
        _("Changed: test listings that go elsewhere than in scenario {first}.", first=study.numbers["first"]),
        _("p-value: how often chance alone would make two equally good ones differ so much (McNemar)."),
        _("Same listings, same split for all."),
    )


def _changed(study: Study, _: Told) -> Html:
    """Return the listings that change hands between the first scenario and the best one, or the second."""
    rows = study.tables.get("changed") or []
    numbers = study.numbers
    names = [row["scenario"] for row in study.tables["scenarios"] if row["scenario"] != numbers["first"]]
    chosen = numbers.get("best") if numbers.get("best") in names else next(iter(names), None)
    mine = [row for row in rows if row["scenario"] == chosen]
    if not mine:
        return Html("")
    how = {"now right": _("now right"), "now wrong": _("now wrong"), "still wrong": _("still wrong")}
    counts = Counter(row["change"] for row in mine)
    counted = aside(", ".join(f"{how.get(kind, kind)}: {_.number(counts[kind])}" for kind in how if counts[kind]))
    shown = [row for kind in how for row in [one for one in mine if one["change"] == kind][:MOST_OF_A_KIND]]
    heads = [
        _("listing"),
        _("filed under"),
        _("by {scenario}", scenario=numbers["first"]),
        _("by {scenario}", scenario=chosen),
        _("so it is"),
    ]
    body = [
        [
            join([row["title"] or row["key"], " ", tag("code", row["key"])]),
            row["truth"],
            row["first_label"],
            row["label"],
            how.get(row["change"], row["change"]),
        ]
        for row in shown
    ]
    heading = _("Which listings change hands between {first} and {other}", first=numbers["first"], other=chosen)
    cut = len(mine) - len(shown)
    rest = aside(_.plural("{n} more.", "{n} more.", cut)) if cut > 0 else ""
    return join([tag("h3", heading), counted, table(heads, body), rest])


def scenario_chart(rows: Rows, _: Wording) -> Chart:
    """Return each scenario's accuracy on the test listings with its interval, in the order they were asked for."""
    shown = [(row["scenario"], found) for row in rows if (found := measured(row)) is not None]
    description = _(
        "Share of unseen listings that are right in each scenario: {all}.",
        all=", ".join(f"{name} {_.share(found.value)}" for name, found in shown),
    )

    def paint(figure_: Figure) -> None:
        axes = figure_.subplots()
        place = np.arange(len(shown))
        value, low, high = (
            np.array([getattr(found, end) for _name, found in shown]) for end in ("value", "low", "high")
        )
        axes.barh(place, high - low, left=low, height=0.5, color=SHADE, label=_("95% interval"))
        axes.plot(value, place, "o", color=RIGHT, markersize=7, label=_("right"))
        for (_name, found), where in zip(shown, place, strict=True):
            axes.annotate(
                _.share(found.value),
                (1.0, where),
                (6, 0),
                textcoords="offset points",
                va="center",
                xycoords=("axes fraction", "data"),
                fontsize=9,
                color=QUIET,
            )
        axes.set_yticks(place, [name_of(name, 24) for name, _found in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(max(0.0, float(low.min()) - 0.03), min(1.005, float(high.max()) + 0.02))
        axes.grid(visible=False, axis="y")
        percent_axis(axes.xaxis, _)
        legend_above(axes)

    return draw("scenarios-chart", _("Right on unseen listings"), description, paint, 0.95 + 0.34 * len(shown))
