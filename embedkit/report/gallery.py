"""The chapter of listings to learn from: sure and wrong, unsure and right, each with why it went where it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from embedkit.explain.faithfulness import Faithfulness
from embedkit.explain.listing import KEYWORDS, Explanation, Nearest, PictureMaps, WordMaps
from embedkit.explain.overlay import draw_map
from embedkit.explain.remarks import Remark
from embedkit.gathered import Gathered
from embedkit.report.evidence import part_name, remark, signed, signed_share, state
from embedkit.report.html import Html, Told, join, tag
from embedkit.report.parts import Section, aside, lead, missing
from embedkit.report.photos import Photos
from embedkit.report.reasons import sure

MAP_PIXELS = 300
MOST_WORDS = 6
LONGEST_TEXT = 40
SPOKEN_SHARE = 0.04


def gallery(gathered: Gathered, photos: Photos, _: Told) -> Section:
    """Return the surest errors and the least sure right ones, side by side with the evidence."""
    title, rows = _("Errors and close calls, with reasons"), gathered.table("gallery")
    if "head" not in gathered.report.numbers:
        return Section("gallery", title, missing(_("There is no model in use."), "embedkit train", _))
    wrong = [row for row in rows if row["kind"] == "sure and wrong"]
    right = [row for row in rows if row["kind"] == "unsure and right"]
    opening = lead(
        _("Where the model is sure and the catalogue says otherwise, it is often the catalogue that is wrong."),
        _("Each was judged by a model that had not seen it."),
    )
    groups = [
        tag("h3", _("Sure and wrong")),
        _cards(wrong, gathered, photos, _) if wrong else tag("p", _("There is none.")),
        tag("h3", _("Unsure and right")),
        _cards(right, gathered, photos, _) if right else tag("p", _("There is none.")),
    ]
    return Section("gallery", title, join([opening, _legend(_), *groups]))


def _legend(_: Told) -> Html:
    return aside(
        _("Orange with a plus speaks for a category, blue with hatching and a minus against it."),
        _("What each part adds is exact, in units of which 0.7 doubles the odds."),
        _(
            "Every map is tested: one that does no better than chance is marked “don’t rely on this map” and drawn "
            "pale."
        ),
    )


def _cards(rows: list[dict[str, Any]], gathered: Gathered, photos: Photos, _: Told) -> Html:
    return tag("div", *(_card(row, gathered, photos, _) for row in rows), class_="gallery")


def _card(row: dict[str, Any], gathered: Gathered, photos: Photos, _: Told) -> Html:
    one = gathered.explanations.get(row["item_id"])
    name = row["title"] or row["key"]
    filed = _(
        "Filed under {known}; the model says {said} ({sure}).",
        known=tag("b", row["known"]),
        said=tag("b", row["predicted"]),
        sure=sure(row["confidence"], _.plain),
    )
    second = (
        _("Next likeliest: {second} ({share}).", second=row["second"], share=sure(row["second_probability"], _.plain))
        if row["second"]
        else ""
    )
    head = tag(
        "header",
        photos.show(gathered.picture(row["item_id"]), name, _("no picture")),
        tag(
            "div",
            tag("h4", name),
            tag("p", tag("code", row["key"])),
            tag("p", filed, " ", second),
            _short(one, _) if one else "",
            *(tag("p", remark(note, _.plain), class_="aside") for note in (_doubts(one) if one else ())),
        ),
    )
    return tag("article", head, _why(one, photos, _) if one else "", class_="card")


def _short(one: Explanation, _: Told) -> Html:
    """Return one sentence: which part decides between the two categories, and by which words."""
    name = one.deciding
    if name is None:
        return Html("")
    first, second = (tag("b", category) for category in one.categories[:2])
    if name == KEYWORDS:
        telling = [word.word for word in one.keywords if word.adds[0] > word.adds[1]][:3]
        return tag(
            "p",
            _(
                "{first} rather than {second} mostly because of its words: {words}.",
                first=first,
                second=second,
                words=join([_("“{word}”", word=word) for word in telling], ", "),
            ),
            class_="short",
        )
    said = _(
        "{first} rather than {second} mostly because of its {part}.",
        first=first,
        second=second,
        part=part_name(name, _),
    )
    return tag("p", said, class_="short")


def _doubts(one: Explanation) -> tuple[Remark, ...]:
    """Return what is remarked where the explanation is of a twin that decides otherwise: its numbers then say so."""
    kinds = {note.kind for note in one.notes}
    return tuple(note for note in one.notes if note.kind in ("learnt", "twin")) if "twin" in kinds else ()


def _why(one: Explanation, photos: Photos, _: Told) -> Html:
    blocks = [_adds(one, _)]
    blocks += [_picture(maps, photos, _) for maps in one.pictures[:1]]
    blocks += [_text(maps, _) for maps in one.texts[:1]]
    blocks += [_words(one, _), _nearest(one, photos, _)]
    return tag("div", *blocks, class_="why")


def _adds(one: Explanation, _: Told) -> Html:
    """Return what each part adds to the first category rather than the second, as bars from the middle."""
    if not one.adds:
        return Html("")
    two = len(one.categories) > 1
    counting = _counting(one) or one.adds
    gaps = {name: one.gaps[name] for name in counting}
    widest = max(abs(gap) for gap in gaps.values()) or 1.0
    rows = [
        tag(
            "tr",
            tag("th", part_name(name, _), scope="row"),
            tag("td", _axis(gap / widest)),
            tag("td", signed(gap, _), class_="num"),
        )
        for name, gap in gaps.items()
    ]
    heading = (
        _("Speaks for {first} rather than {second}", first=one.categories[0], second=one.categories[1])
        if two
        else _("Speaks for {first}", first=one.categories[0])
    )
    return tag("div", tag("h5", heading), tag("table", tag("tbody", *rows), class_="adds"))


def _counting(one: Explanation) -> Mapping[str, NDArray[np.float64]]:
    """Return the parts that add anything at all: the others count for nothing, or the listing lacks them."""
    return {name: adds for name, adds in one.adds.items() if np.any(adds)}


def _axis(share: float) -> Html:
    width = 50 * abs(share)
    left = 50.0 if share >= 0 else 50 - width
    side = "for" if share >= 0 else "against"
    return tag("span", tag("span", class_=f"fill {side}", style=f"left:{left:.1f}%;width:{width:.1f}%"), class_="axis")


def _picture(maps: PictureMaps, photos: Photos, _: Told) -> Html:
    figures = []
    for one in maps.maps[:2]:
        favour, against = one.balance
        drawn = draw_map(maps.picture, one.shares, maps.grid)
        drawn = drawn.resize((MAP_PIXELS, MAP_PIXELS), Image.Resampling.LANCZOS)
        label = _.plain(
            "Map of the picture: {favour} of it speaks for {category}, {against} against.",
            favour=_.share(favour, 0),
            category=one.category,
            against=_.share(against, 0),
        )
        said = _("{favour} for, {against} against", favour=_.share(favour, 0), against=_.share(against, 0))
        caption = tag("figcaption", tag("b", one.category), tag("br"), said)
        figures.append(tag("figure", photos.draw(drawn, label), caption, _mark(one.mark, _), class_=state(one.mark)))
    grid = _(
        "The map is no finer than its {rows} × {columns} cells.",
        rows=_.number(maps.grid[0]),
        columns=_.number(maps.grid[1]),
    )
    return tag("div", tag("h5", _("In the picture")), tag("div", *figures, class_="maps"), aside(grid))


def _text(maps: WordMaps, _: Told) -> Html:
    one = maps.maps[0]
    words = list(zip(maps.words, one.shares, strict=True))[:LONGEST_TEXT]
    chips = [_chip(word, float(share), _) for word, share in words]
    more = " …" if len(maps.words) > LONGEST_TEXT else ""
    heading = _("In the text, for {category}", category=one.category)
    return tag(
        "div",
        tag("h5", heading),
        tag("p", join(chips, " "), more, class_="words"),
        _mark(one.mark, _),
        class_=state(one.mark),
    )


def _chip(word: str, share: float, _: Told) -> Html:
    if abs(share) < SPOKEN_SHARE:
        return tag("span", word)
    side = "for" if share > 0 else "against"
    return tag("span", word, tag("sup", signed_share(share, _)), class_=f"word {side}")


def _words(one: Explanation, _: Told) -> Html:
    """Return the words that tell the first category from the second, and what they add, exactly."""
    if not one.keywords or len(one.categories) < 2:
        return Html("")
    gaps = [(word.word, float(word.adds[0] - word.adds[1])) for word in one.keywords]
    strongest = sorted(gaps, key=lambda pair: -abs(pair[1]))[:MOST_WORDS]
    chips = [
        tag("span", word, " ", tag("b", signed(gap, _)), class_=f"chip {'for' if gap >= 0 else 'against'}")
        for word, gap in strongest
        if abs(gap) >= 0.005
    ]
    return (
        tag("div", tag("h5", _("Its words, exactly")), tag("p", join(chips, " "), class_="chips"))
        if chips
        else Html("")
    )


def _nearest(one: Explanation, photos: Photos, _: Told) -> Html:
    """Return the nearest listings whose category is known, each once: the nearest by each part, then the next by each.

    Only parts that count are evidence, and cosines of different spaces cannot be compared.
    """
    counting = _counting(one) or one.adds
    found = [near for near in one.nearest if near.by in counting] or list(one.nearest)
    places: Counter[str] = Counter()
    turns = []
    for near in sorted(found, key=lambda near: -near.cosine):
        turns.append((places[near.by], near))
        places[near.by] += 1
    once: dict[str, Nearest] = {}
    for _turn, near in sorted(turns, key=lambda pair: pair[0]):
        once.setdefault(near.key, near)
    if not once:
        return Html("")
    cards = [
        tag(
            "li",
            photos.show(near.picture, near.title or near.key, _("no picture")),
            tag("span", tag("b", near.category), tag("br"), _("by {part}", part=part_name(near.by, _))),
        )
        for near in list(once.values())[:4]
    ]
    return tag("div", tag("h5", _("Nearest listings with a category")), tag("ul", *cards, class_="near"))


def _mark(mark: Faithfulness, _: Told) -> Html:
    if mark.passed:
        return tag("p", "✔ ", _("tested: it holds"), class_="mark")
    return tag("p", "✘ ", tag("b", _("don’t rely on this map")), class_="mark")
