"""A page that says why listings went where they did, and the same maps as pictures: no script, no outside request."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from embedkit.explain.listing import Explanation, Map, PictureMaps
from embedkit.explain.overlay import draw_map, with_caption
from embedkit.report.about_listing import about_listing
from embedkit.report.evidence import verdict
from embedkit.report.explanations_style import POLICY, STYLE
from embedkit.report.html import Html, Told, join, tag
from embedkit.wording import Wording, wording
from embedkit.workspace import file_name

PNG_LEVEL = 3
"""Of 9; at most a tenth larger than zlib's own choice, and several times as fast."""


def write_explanations(folder: Path, explanations: Sequence[Explanation], head_id: str, lang: str = "en") -> list[Path]:
    """Return the files written: a PNG for each map over a picture, explanations.json and explanations.html.

    The language is that of the page and of the captions; the JSON is for programs, and in English.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _ = wording(lang)
    written = []
    for number, explanation in enumerate(explanations, 1):
        for maps in explanation.pictures:
            for place, one in enumerate(maps.maps, 1):
                name = f"{number:02d}-{file_name(explanation.key)[:60]}-{file_name(maps.name)}-{place}.png"
                drawn = draw_map(maps.picture, one.shares, maps.grid)
                with_caption(drawn, _caption(explanation, maps, one, _)).save(folder / name, compress_level=PNG_LEVEL)
                written.append(folder / name)
    document = {"head": head_id, "listings": [explanation.as_json() for explanation in explanations]}
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    (folder / "explanations.json").write_text(text, encoding="utf-8")
    (folder / "explanations.html").write_text(explanations_page(explanations, head_id, lang), encoding="utf-8")
    return [*written, folder / "explanations.json", folder / "explanations.html"]


def _caption(explanation: Explanation, maps: PictureMaps, one: Map, _: Wording) -> list[str]:
    favour, against = one.balance
    return [
        _(
            "{key}: what speaks for and against {category} in the picture, by {encoder}",
            key=explanation.key,
            category=one.category,
            encoder=maps.name,
        ),
        _(
            "{rows} x {columns} cells, no finer. Numbers are percent. Orange, +: for ({favour} of all). Blue, hatched, "
            "−: against ({against}).",
            rows=_.number(maps.grid[0]),
            columns=_.number(maps.grid[1]),
            favour=_.share(favour, 0),
            against=_.share(against, 0),
        ),
        verdict(one.mark, _),
    ]


def explanations_page(explanations: Sequence[Explanation], head_id: str, lang: str = "en") -> str:
    """Return one HTML document; every text is escaped, every picture is drawn anew and held inside."""
    _ = Told(wording(lang))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", _("Why they went where they did")),
        tag("style", Html(STYLE)),
    )
    said = _.plural("Why {n} listing went where it did", "Why {n} listings went where they did", len(explanations))
    articles = [about_listing(one, _) for one in explanations]
    body = tag(
        "body",
        tag("h1", said),
        tag("p", _("By the model {head}.", head=tag("code", head_id))),
        _legend(_),
        join(articles, "\n") if articles else tag("p", _("There is nothing to explain.")),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang=lang)}\n"


def _legend(_: Told) -> Html:
    exact = _("{what} is exact: these numbers are what the model adds up.", what=tag("b", _("What each part adds")))
    maps = [
        _("{maps} show which parts of a picture or a text such a number comes from.", maps=tag("b", _("Maps"))),
        _("Orange with a plus speaks for the category, blue with hatching and a minus against it."),
        _("The numbers are percent of the whole map; without their signs they add up to 100."),
        _("Each square is one cell of what the encoder can tell apart: nothing inside a cell is known."),
    ]
    tests = [
        tag("b", _("Every map is tested.")),
        _("What it marks is taken away, most marked first, and then shown alone."),
        _("The score has to fall, and to rise, faster than in each of nine random orders."),
        _("And the map has to become another one when the encoder's weights are replaced by random ones."),
        _("A map that fails says “don’t rely on this” and is shown pale."),
    ]
    words = _("{words} are exact and need no test.", words=tag("b", _("Words")))
    points = [tag("li", one) for one in (exact, join(maps, " "), join(tests, " "), words)]
    return tag("details", tag("summary", _("How to read this")), tag("ul", *points), open="open")
