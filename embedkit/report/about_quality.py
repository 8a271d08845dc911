"""The chapters on the model in use: by category, where listings go, how sure it is, what it takes to be accepted."""

from __future__ import annotations

from embedkit.gathered import Gathered
from embedkit.report import charts
from embedkit.report.html import Html, Told, bar, exactly, interval, join, table, tag
from embedkit.report.parts import Section, aside, figure, lead, missing
from embedkit.studies import Rows

TRAIN = "embedkit train"
MOST_ROWS = 60


def untested(_: Told) -> Html:
    """Return what stands for a chapter that needs a trained model and listings kept aside."""
    return missing(_("There is no model in use, or no listing was kept aside to test it."), TRAIN, _)


def classes(gathered: Gathered, _: Told) -> Section:
    """Return how well each category is recognised."""
    title, rows = _("Category by category"), gathered.table("per_class")
    known = [row for row in rows if row["recall"] is not None]
    if not known:
        return Section("classes", title, untested(_))
    worst = max(known, key=lambda row: row["tested"] - row["right"])
    perfect = sum(row["right"] == row["tested"] for row in known)
    if perfect == len(known):
        takeaway = _("Every tested listing of every category is recognised.")
    else:
        takeaway = _(
            "Most errors are in {category}: {right} of {tested} recognised. {perfect} of {all} categories have none.",
            category=tag("b", worst["category"]),
            right=_.number(worst["right"]),
            tested=_.number(worst["tested"]),
            perfect=_.number(perfect),
            all=_.number(len(known)),
        )
    heads = [
        _("category"),
        _("tested"),
        _("recognised"),
        "",
        _("95% interval"),
        _("right when said"),
        "F1",
        _("most often mistaken for"),
    ]
    body = [
        [
            row["category"],
            _.number(row["tested"]),
            _.share(row["recall"], 0),
            bar(row["recall"], row["recall_low"], row["recall_high"]),
            interval(_, row["recall_low"], row["recall_high"]) if row["tested"] else "",
            _.share(row["precision"], 0),
            _.number(row["f1"], 2),
            f"{row['mistaken_for']} ({_.number(row['mistaken'])})" if row["mistaken_for"] else "–",
        ]
        for row in rows[:MOST_ROWS]
    ]
    cut = len(rows) - MOST_ROWS
    rest = aside(_.plural("{n} more category does better.", "{n} more categories do better.", cut)) if cut > 0 else ""
    data = join([table(heads, body, numbers=(1, 2, 4, 5, 6)), rest])
    note = aside(
        _("Recognised: of the listings filed here, how many the model puts here (recall)."),
        _("Right when said: of those it puts here, how many are filed here (precision)."),
        _("With few tested listings the interval is wide: read it, not the share alone."),
    )
    chart = figure(charts.class_chart(rows, _.plain), takeaway, data, _)
    return Section("classes", title, join([_audit(gathered, _), chart, note]))


def _audit(gathered: Gathered, _: Told) -> Html:
    """Return what people's answers on listings drawn at random say of the whole catalogue; nothing without any."""
    numbers = gathered.report.numbers
    if not numbers.get("audited"):
        return Html("")
    return lead(
        _(
            "By {n} drawn at random and judged by people, it is right for {share} of all listings ({interval}).",
            n=_.plural("{n} listing", "{n} listings", numbers["audited"]),
            share=tag("b", _.share(numbers["audit_accuracy"])),
            interval=interval(_, numbers["audit_low"], numbers["audit_high"]),
        )
    )


def confusion(gathered: Gathered, _: Told) -> Section:
    """Return where listings of each category go."""
    title, rows = _("Confusion matrix"), gathered.table("confusion")
    if not rows:
        return Section("confusion", title, untested(_))
    pairs = charts.confused_pairs(rows)
    wrong = sum(row["count"] for row in rows if row["truth"] != row["predicted"])
    if pairs:
        takeaway = _.plural(
            "{n} of the {tested} listings kept aside goes elsewhere: it is filed under {truth} and taken for "
            "{predicted}.",
            "{n} of the {tested} listings kept aside go elsewhere. Most often, listings filed under {truth} are taken "
            "for {predicted} ({count}).",
            wrong,
            tested=_.number(sum(row["count"] for row in rows)),
            truth=tag("b", pairs[0]["truth"]),
            predicted=tag("b", pairs[0]["predicted"]),
            count=_.number(pairs[0]["count"]),
        )
    else:
        takeaway = _("No tested listing is taken for one of another category.")
    heads = [_("filed under"), _("the model says"), _("listings"), _("share of the category")]
    data = (
        table(
            heads,
            [[row["truth"], row["predicted"], _.number(row["count"]), _.share(row["share"], 0)] for row in pairs],
            numbers=(2, 3),
        )
        if pairs
        else tag("p", takeaway)
    )
    drawn = len(charts.matrix_names(rows))
    every = len({row["truth"] for row in rows} | {row["predicted"] for row in rows})
    left_out = (
        aside(_("Of {all} categories, the {n} with the most errors are drawn.", all=_.number(every), n=_.number(drawn)))
        if drawn < every
        else ""
    )
    return Section(
        "confusion", title, join([figure(charts.confusion_chart(rows, _.plain), takeaway, data, _), left_out])
    )


def sureness(gathered: Gathered, _: Told) -> Section:
    """Return what accepting only the surest comes to, and whether the stated sureness is honest."""
    title, numbers = _("How far its sureness can be trusted"), gathered.report.numbers
    curve, bins = gathered.table("coverage"), gathered.table("reliability")
    if not curve:
        return Section("sureness", title, untested(_))
    promise = numbers["promise"]
    reached = max((row["coverage"] for row in curve if row["precision"] >= promise), default=0.0)
    first = _kept(reached, promise, _)
    gap = numbers["ece"] or 0.0
    second = _(
        "When the model says it is 90% sure it should be right nine times in ten. On average it is off by {gap} points "
        "(expected calibration error).",
        gap=tag("b", _.number(100 * gap, 1)),
    )
    return Section(
        "sureness",
        title,
        join(
            [
                figure(charts.coverage_chart(curve, promise, _.plain), first, _curve_table(curve, _), _),
                figure(charts.reliability_chart(bins, gap, _.plain), second, _bins_table(bins, _), _),
            ]
        ),
    )


def _kept(reached: float, promise: float, _: Told) -> Html:
    """Return what share of the test listings, the surest, could have been accepted."""
    if not reached:
        return _("Not even the surest test listings were {promise} right.", promise=exactly(promise, _))
    return _(
        "Accepting the surest {share} of the test listings would have kept at least {promise} right. The thresholds "
        "below accept fewer, because they must also hold for listings that nobody has seen.",
        share=tag("b", _.share(reached, 0)),
        promise=exactly(promise, _),
    )


def _curve_table(curve: Rows, _: Told) -> Html:
    """Return about a dozen points of the curve, evenly spread."""
    step = max(1, len(curve) // 12)
    chosen = curve[step - 1 :: step]
    chosen += [] if chosen and chosen[-1] is curve[-1] else [curve[-1]]
    heads = [_("share accepted"), _("listings"), _("right"), _("95% interval"), _("least sureness")]
    rows = [
        [
            _.share(row["coverage"], 0),
            _.number(row["accepted"]),
            _.share(row["precision"]),
            interval(_, row["low"], row["high"]),
            _.share(row["threshold"]),
        ]
        for row in chosen
    ]
    return table(heads, rows, numbers=range(5))


def _bins_table(bins: Rows, _: Told) -> Html:
    heads = [_("stated sureness"), _("listings"), _("mean sureness"), _("right"), _("95% interval")]
    rows = [
        [
            interval(_, row["low"], row["high"], 0),
            _.number(row["count"]),
            _.share(row["confidence"]),
            _.share(row["accuracy"]),
            interval(_, row["accuracy_low"], row["accuracy_high"]),
        ]
        for row in bins
    ]
    return table(heads, rows, numbers=(1, 2, 3, 4))


def thresholds(gathered: Gathered, _: Told) -> Section:
    """Return what it takes in each category for a listing to need no person."""
    title, rows = _("Thresholds"), gathered.table("thresholds")
    if not rows:
        return Section("thresholds", title, missing(_("There is no model in use."), TRAIN, _))
    cut = len(rows) - MOST_ROWS
    rest = aside(_.plural("{n} more category.", "{n} more categories.", cut)) if cut > 0 else ""
    note = aside(
        _("Threshold: how sure the model must be of this category for a listing to need no person."),
        _(
            "Known: listings at or above the threshold whose category is known, judged by a model that had not seen "
            "them."
        ),
    )
    return Section("thresholds", title, join([_promised(gathered, _), _threshold_table(rows, _), rest, note]))


def _promised(gathered: Gathered, _: Told) -> Html:
    """Return what is promised, and what comes of it."""
    numbers = gathered.report.numbers
    return lead(
        _(
            "With {promise} promised right, {accepted} of {listings} are accepted without a person and {review} go to "
            "one.",
            promise=tag("b", exactly(numbers["promise"], _)),
            accepted=tag("b", _.number(numbers["accepted"])),
            listings=_.plural("{n} listing", "{n} listings", numbers["listings"]),
            review=tag("b", _.number(numbers["review"])),
        ),
        _(
            "The promise holds with a probability of at least 95%; of what is accepted, {share} are expected to be "
            "right.",
            share=_.share(numbers["expected_precision"]),
        )
        if numbers["accepted"] and numbers["expected_precision"] is not None
        else "",
    )


def _threshold_table(rows: Rows, _: Told) -> Html:
    """Return the categories, those with most for people first."""
    evidence = {
        "own": _("its own listings"),
        "shared": _("all categories together"),
        "none": _("too little as yet"),
    }
    heads = [_("category"), _("listings"), _("accepted"), "", _("for people"), _("threshold"), _("evidence")]
    body = [
        [
            row["category"],
            _.number(row["listings"]),
            _.number(row["accepted"]),
            bar(row["accepted"] / row["listings"] if row["listings"] else None),
            _.number(row["review"]),
            _.share(row["threshold"]) if row["threshold"] is not None else _("never"),
            evidence[row["evidence"]],
            _.number(row["known"]),
            _.number(row["wrong"]),
        ]
        for row in sorted(rows, key=lambda row: -row["review"])[:MOST_ROWS]
    ]
    return table([*heads, _("known"), _("of them wrong")], body, numbers=(1, 2, 4, 5, 7, 8))
