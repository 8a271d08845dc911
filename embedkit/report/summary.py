"""The top of a report: how many listings, how good, and what to do, in three sentences and four numbers."""

from __future__ import annotations

from embedkit.gathered import Gathered
from embedkit.report.html import Html, Told, exactly, interval, join, tag
from embedkit.report.parts import tile


def summary(gathered: Gathered, _: Told) -> Html:
    """Return the three sentences and the four numbers."""
    sentences = [_size(gathered, _), _quality(gathered, _), _next(gathered, _)]
    said = join([tag("p", sentence) for sentence in sentences])
    return join([tag("div", said, class_="summary"), _tiles(gathered, _)])


def _size(gathered: Gathered, _: Told) -> Html:
    numbers = gathered.report.numbers
    listings = tag("b", _.plural("{n} listing", "{n} listings", numbers["listings"]))
    if "head" not in numbers:
        return _("{catalogue} holds {listings}.", catalogue=gathered.catalogue, listings=listings)
    categories = _.plural("{n} category", "{n} categories", numbers["categories"])
    return _(
        "{catalogue} holds {listings} in {categories}.",
        catalogue=gathered.catalogue,
        listings=listings,
        categories=categories,
    )


def _quality(gathered: Gathered, _: Told) -> Html:
    numbers = gathered.report.numbers
    if "head" not in numbers:
        return _("No model is in use, so nothing can be said about how well it sorts itself.")
    if not numbers["tested"]:
        return _("No listing was kept aside to test the model in use, so nobody knows how good it is.")
    return _(
        "The model in use names the right category for {share} of {tested} that it had never seen (95% interval: "
        "{interval}).",
        share=tag("b", _.share(numbers["accuracy"])),
        tested=_.plural("{n} listing", "{n} listings", numbers["tested"]),
        interval=interval(_, numbers["low"], numbers["high"]),
    )


def _next(gathered: Gathered, _: Told) -> Html:
    """Return what is to be done first."""
    numbers = gathered.report.numbers
    if "head" not in numbers:
        return _("Train one with {command}.", command=tag("code", "embedkit train"))
    accepted, listings = numbers["accepted"], numbers["listings"]
    promise = exactly(numbers["promise"], _)
    if accepted:
        decided = _(
            "With {promise} promised right, {accepted} of them ({share}) need no person.",
            promise=promise,
            accepted=tag("b", _.number(accepted)),
            share=_.share(accepted / listings, 0),
        )
    else:
        decided = _("It is not yet sure enough to promise {promise} right for any of them.", promise=promise)
    if numbers["waiting"]:
        todo = _.plural(
            "To do first: judge the {n} listing that waits for review.",
            "To do first: judge the {n} listings that wait for review, in the order below.",
            numbers["waiting"],
        )
    elif numbers["review"]:
        todo = _(
            "To do first: queue the most useful of the other {n} for review with {command}.",
            n=_.number(numbers["review"]),
            command=tag("code", "embedkit export-tasks -o tasks.json"),
        )
    else:
        todo = _("Nothing needs to be reviewed now.")
    return join([decided, todo], " ")


def _tiles(gathered: Gathered, _: Told) -> Html:
    numbers = gathered.report.numbers
    tiles = [tile(_("Listings"), _.number(numbers["listings"]), _filed(numbers, _))]
    if "head" in numbers:
        right = _.share(numbers["accuracy"]) if numbers["tested"] else "–"
        doubt = interval(_, numbers["low"], numbers["high"]) if numbers["tested"] else ""
        tiles.append(tile(_("Right on unseen listings"), right, doubt))
        share = numbers["accepted"] / numbers["listings"] if numbers["listings"] else None
        promised = _("with {promise} promised right", promise=exactly(numbers["promise"], _))
        tiles.append(tile(_("Sorted without a person"), _.share(share, 0), promised))
        queued = _.plural("{n} of them queued", "{n} of them queued", numbers["waiting"])
        tiles.append(tile(_("For people to judge"), _.number(numbers["review"]), queued))
    return tag("ul", *tiles, class_="tiles")


def _filed(numbers: dict[str, int], _: Told) -> Html:
    return _("{n} with a category", n=_.number(numbers["with_category"]))
