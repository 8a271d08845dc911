"""Why one listing went where it did: what each part adds, its maps with their tests, its words, its neighbours."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from embedkit.encoders.pictures import decode_picture
from embedkit.errors import PictureError
from embedkit.explain.faithfulness import Faithfulness
from embedkit.explain.listing import CHEFER, GRAD_CAM, KEYWORDS, Explanation, Nearest, PictureMaps, WordMaps
from embedkit.explain.overlay import draw_map, draw_plain
from embedkit.report.evidence import part_name, remark, signed, signed_share, state, verdict
from embedkit.report.html import Html, Told, join, tag

THUMBNAIL_PIXELS = 120
SPOKEN_WORD_SHARE = 0.04
MOST_KEYWORDS = 12


def about_listing(one: Explanation, _: Told) -> Html:
    """Return the article on one listing."""
    notes = [tag("p", remark(note, _.plain), class_="note") for note in one.notes]
    pictures = [_picture(maps, _) for maps in one.pictures]
    texts = [_text(maps, _) for maps in one.texts]
    parts = [_heading(one, _), *notes, _short(one, _), _adds(one, _), *pictures, *texts]
    return tag("article", *parts, _keywords(one, _), _nearest(one.nearest, _))


def _heading(one: Explanation, _: Told) -> Html:
    said = _("The model says {category} ({sure})", category=tag("b", one.predicted), sure=_.share(one.confidence, 0))
    if one.known is None:
        filed = _("no category is known")
    elif one.wrong:
        filed = tag("strong", _("filed under {known}", known=one.known), class_="differs")
    else:
        filed = _("so do those who filed it")
    pairs = [pair for pair in zip(one.categories, one.probabilities, strict=True) if pair[0] != one.predicted]
    others = join((_("{category} {share}", category=name, share=_.share(p, 0)) for name, p in pairs), ", ")
    whole = (
        _("{said}, {filed}; explained beside it: {others}.", said=said, filed=filed, others=others)
        if pairs
        else _("{said}, {filed}.", said=said, filed=filed)
    )
    return join([tag("h2", one.title), tag("p", tag("code", one.key), " ", whole, class_="said")])


def _short(one: Explanation, _: Told) -> Html:
    """Return one sentence: which part decides between the first two categories, and by what in it."""
    gaps, name = one.gaps, one.deciding
    if name is None:
        return Html("")
    why = _(
        "{first} rather than {second}, mostly for its {part} ({gap} of {all})",
        first=tag("b", one.categories[0]),
        second=one.categories[1],
        part=_part(name, _),
        gap=signed(gaps[name], _),
        all=signed(sum(gaps.values()), _),
    )
    telling = [word for word in one.keywords if word.adds[0] > word.adds[1]][:3] if name == KEYWORDS else []
    words = [
        join([_("“{word}”", word=word.word), " ", signed(float(word.adds[0] - word.adds[1]), _)]) for word in telling
    ]
    said = _("{why}: {words}.", why=why, words=join(words, ", ")) if words else join([why, "."])
    return tag("p", said, class_="short")


def _adds(one: Explanation, _: Told) -> Html:
    """Return the table of what each part adds, with the difference that decides between the first two."""
    gaps = one.gaps
    widest = max((abs(gap) for gap in gaps.values()), default=0.0) or 1.0
    rows = [
        tag("tr", tag("th", _part(name, _)), *_numbers(adds, _), tag("td", _bar(gaps[name], widest, _)))
        for name, adds in one.adds.items()
    ]
    total = np.sum(list(one.adds.values()), axis=0) if one.adds else np.zeros(len(one.categories))
    gap = signed(sum(gaps.values()), _)
    rows.append(tag("tr", tag("th", _("together")), *_numbers(total, _), tag("td", gap), class_="total"))
    what = (
        _("{first} rather than {second}", first=one.categories[0], second=one.categories[1])
        if len(one.categories) > 1
        else _("all in all")
    )
    heads = tag("thead", tag("tr", tag("th"), *_for_each(one, _), tag("th", what)))
    caption = _("In calibrated logits: 0.7 more doubles the odds. Exact, and compared with the mean of all categories.")
    return _section(_("What each part adds"), tag("table", heads, tag("tbody", *rows), class_="adds"), caption)


def _section(title: Html, body: Html, small: Html) -> Html:
    return tag("section", tag("h3", title), body, tag("p", small, class_="small"))


def _for_each(one: Explanation, _: Told) -> list[Html]:
    return [tag("th", _("for {category}", category=name)) for name in one.categories]


def _numbers(adds: Sequence[float] | np.ndarray[tuple[int, ...], np.dtype[np.float64]], _: Told) -> list[Html]:
    return [tag("td", signed(float(add), _)) for add in adds]


def _part(name: str, _: Told) -> Html:
    """Return what a part is called, and the encoder's own name."""
    if name == KEYWORDS:
        return part_name(name, _)
    own = tag("code", name)
    return own if part_name(name, _) == own else join([part_name(name, _), own], " ")


def _bar(value: float, widest: float, _: Told) -> Html:
    width = 50 * abs(value) / widest
    side = "for" if value >= 0 else "against"
    left = 50.0 if value >= 0 else 50 - width
    drawn = tag("span", class_=f"bar {side}", style=f"left:{left:.1f}%;width:{width:.1f}%")
    return join([tag("span", drawn, class_="axis"), tag("span", signed(value, _), class_="value")])


def _picture(maps: PictureMaps, _: Told) -> Html:
    rows, columns = (_.number(side) for side in maps.grid)
    seen = _(
        "as {encoder} sees it, but sharper: it gets {size} x {size} pixels",
        encoder=maps.name,
        size=_.number(maps.seen_px),
    )
    plain = _image(draw_plain(maps.picture), _.plain("the picture"))
    figures = [
        tag("figure", tag("figcaption", tag("b", _("The listing"))), plain, tag("p", seen, class_="small")),
        *(_map(maps, place, _) for place in range(len(maps.maps))),
    ]
    title = _("Picture {encoder}, {rows} x {columns} cells", encoder=tag("code", maps.name), rows=rows, columns=columns)
    small = join([_method(maps.method, _), ". ", _("The map is no finer than its cells.")])
    return _section(title, tag("div", *figures, class_="side"), small)


def _map(maps: PictureMaps, place: int, _: Told) -> Html:
    one = maps.maps[place]
    favour, against = one.balance
    said = _(
        "{category} gets {score}; {favour} of the map for, {against} against",
        category=tag("b", one.category),
        score=signed(one.score, _),
        favour=_.share(favour, 0),
        against=_.share(against, 0),
    )
    label = _.plain(
        "cells for {category}: {for_it}; against: {against_it}",
        category=one.category,
        for_it=_cells(maps, place, 1, _),
        against_it=_cells(maps, place, -1, _),
    )
    drawn = _image(draw_map(maps.picture, one.shares, maps.grid), label)
    return tag("figure", tag("figcaption", said), drawn, _mark(one.mark, _), class_=state(one.mark))


def _cells(maps: PictureMaps, place: int, sign: int, _: Told) -> str:
    found = [
        _.plain("row {row} column {column} {share}", row=row, column=column, share=signed_share(share, _))
        for row, column, share in maps.strongest_cells(place, sign)
    ]
    return ", ".join(found) or _.plain("none")


def _text(maps: WordMaps, _: Told) -> Html:
    columns = []
    for one in maps.maps:
        chips = join((_chip(word, float(share), _) for word, share in zip(maps.words, one.shares, strict=True)), " ")
        said = _("{category} gets {score}", category=tag("b", one.category), score=signed(one.score, _))
        body = [tag("p", said), tag("p", chips, class_="words"), _mark(one.mark, _)]
        columns.append(tag("div", *body, class_=f"column {state(one.mark)}"))
    small = [_method(maps.method, _), "."]
    if maps.unread:
        small += [
            " ",
            _.plural(
                "It reads no further: {n} more word follows.",
                "It reads no further: {n} more words follow.",
                maps.unread,
            ),
        ]
    title = _("Text {encoder}, word by word", encoder=tag("code", maps.name))
    return _section(title, tag("div", *columns, class_="side"), join(small))


def _method(name: str, _: Told) -> Html:
    """Return what a map was made by, with its paper."""
    known = {
        CHEFER: _("Chefer et al. 2021, gradient-weighted attention through all layers"),
        GRAD_CAM: _("Grad-CAM, Selvaraju et al. 2017"),
    }
    return known.get(name, join([name]))


def _chip(word: str, share: float, _: Told) -> Html:
    if abs(share) < SPOKEN_WORD_SHARE / 4:
        return join([word])
    side = "for" if share > 0 else "against"
    said = [tag("sup", signed_share(share, _))] if abs(share) >= SPOKEN_WORD_SHARE else []
    width = f"border-bottom-width:{1 + min(5, 20 * abs(share)):.0f}px"
    return tag("span", word, *said, class_=f"word {side}", style=width)


def _keywords(one: Explanation, _: Told) -> Html:
    if not one.keywords:
        return Html("")
    rows = [
        tag(
            "tr",
            tag("th", keyword.word, *([" ", tag("i", _("(your weight)"))] if keyword.own else [])),
            *_numbers(keyword.adds, _),
        )
        for keyword in one.keywords[:MOST_KEYWORDS]
    ]
    others = one.keywords[MOST_KEYWORDS:]
    tail = [(_("before any word"), one.keyword_rest)]
    if others:
        rest = np.sum([keyword.adds for keyword in others], axis=0)
        tail.insert(0, (_.plural("{n} more word", "{n} more words", len(others)), rest))
    rows += [tag("tr", tag("th", name), *_numbers(adds, _), class_="total") for name, adds in tail]
    heads = tag("thead", tag("tr", tag("th", _("word")), *_for_each(one, _)))
    small = _("Exact: what each word adds, those first that tell the first two categories apart most.")
    title = join([_("Words"), " ", tag("code", KEYWORDS)])
    return _section(title, tag("table", heads, tag("tbody", *rows), class_="keywords"), small)


def _nearest(found: Sequence[Nearest], _: Told) -> Html:
    if not found:
        return Html("")
    groups = []
    for by in dict.fromkeys(one.by for one in found):
        cards = [_near(one, _) for one in found if one.by == by]
        groups += [tag("h4", _("by {part}", part=_part(by, _))), tag("ul", *cards, class_="near")]
    note = _("Evidence, not cause: the model does not look these up.")
    return _section(_("Nearest listings with a category"), join(groups), note)


def _near(one: Nearest, _: Told) -> Html:
    cosine = tag("span", _("cosine {value}", value=_.number(one.cosine, 2)), class_="small")
    said = tag("span", tag("b", one.category), tag("br"), one.title or one.key, tag("br"), cosine)
    return tag("li", _thumbnail(one, _), said)


def _thumbnail(one: Nearest, _: Told) -> Html:
    try:
        picture = decode_picture(one.picture, THUMBNAIL_PIXELS) if one.picture is not None else None
    except PictureError:
        picture = None
    if picture is None:
        return tag("span", _("no picture"), class_="none")
    picture.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    return _image(picture, one.title or one.key)


def _mark(mark: Faithfulness, _: Told) -> Html:
    said = [tag("b", "✔" if mark.passed else "✘"), " ", verdict(mark, _.plain)]
    if mark.random_areas:
        numbers = _(
            "deletion area {deletion}, insertion {insertion}, random orders {low} to {high}; random weights: rank "
            "correlation {likeness}",
            deletion=_.number(mark.deletion, 2),
            insertion=_.number(mark.insertion, 2),
            low=_.number(min(mark.random_areas), 2),
            high=_.number(max(mark.random_areas), 2),
            likeness="–" if np.isnan(mark.likeness) else _.number(mark.likeness, 2),
        )
        said += [" ", tag("span", numbers, class_="small")]
    return tag("p", *said, class_="mark")


def _image(image: Image.Image, alt: str) -> Html:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=88)
    data = base64.b64encode(file.getvalue()).decode()
    return tag("img", alt=alt, src=f"data:image/jpeg;base64,{data}")
