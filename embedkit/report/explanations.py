"""A page that says why listings went where they did, and the same maps as pictures: no script, no outside request."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from embedkit.encoders.pictures import decode_picture
from embedkit.errors import PictureError
from embedkit.explain.faithfulness import Faithfulness
from embedkit.explain.listing import KEYWORDS, Explanation, Map, Nearest, PictureMaps, WordMaps
from embedkit.explain.overlay import draw_map, draw_plain, with_caption
from embedkit.report.explanations_style import LEGEND, POLICY, STYLE
from embedkit.workspace import file_name

THUMBNAIL_PIXELS = 120
PNG_LEVEL = 3
"""Of 9; at most a tenth larger than zlib's own choice, and several times as fast."""
SPOKEN_WORD_SHARE = 0.04
MOST_KEYWORDS = 12
PARTS = {"clip-image": "picture", "densenet": "picture", "clip-text": "text", KEYWORDS: "words"}


def write_explanations(folder: Path, explanations: Sequence[Explanation], head_id: str) -> list[Path]:
    """Return the files written: a PNG for each map over a picture, explanations.json and explanations.html."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, explanation in enumerate(explanations, 1):
        for maps in explanation.pictures:
            for place, one in enumerate(maps.maps, 1):
                name = f"{number:02d}-{file_name(explanation.key)[:60]}-{file_name(maps.name)}-{place}.png"
                drawn = draw_map(maps.picture, one.shares, maps.grid)
                with_caption(drawn, _caption(explanation, maps, one)).save(folder / name, compress_level=PNG_LEVEL)
                written.append(folder / name)
    document = {"head": head_id, "listings": [explanation.as_json() for explanation in explanations]}
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    (folder / "explanations.json").write_text(text, encoding="utf-8")
    (folder / "explanations.html").write_text(explanations_page(explanations, head_id), encoding="utf-8")
    return [*written, folder / "explanations.json", folder / "explanations.html"]


def _caption(explanation: Explanation, maps: PictureMaps, one: Map) -> list[str]:
    favour, against = one.balance
    grid = f"{maps.grid[0]} x {maps.grid[1]} cells, no finer. Numbers are percent"
    signs = f"Orange, +: for ({favour:.0%} of all). Blue, hatched, -: against ({against:.0%})"
    verdict = one.mark.verdict[0].upper() + one.mark.verdict[1:]
    what = f"{explanation.key}: what speaks for and against {one.category} in the picture, by {maps.name}"
    return [what, f"{grid}. {signs}.", f"{verdict}."]


def explanations_page(explanations: Sequence[Explanation], head_id: str) -> str:
    """Return one HTML document; every text is escaped, every picture is drawn anew and held inside."""
    body = "\n".join(_listing(explanation) for explanation in explanations) or "<p>There is nothing to explain.</p>"
    count = f"{len(explanations):,} listing{'s' if len(explanations) != 1 else ''}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>Why they went where they did</title><style>{STYLE}</style></head>\n"
        f"<body><h1>Why {count} went where {'it' if len(explanations) == 1 else 'they'} did</h1>"
        f"<p>By the head <code>{escape(head_id)}</code>.</p>{LEGEND}\n{body}\n</body></html>\n"
    )


def _listing(one: Explanation) -> str:
    sections = [
        _short(one),
        _adds(one),
        *(_picture(maps) for maps in one.pictures),
        *(_words(maps) for maps in one.texts),
    ]
    sections += [_keywords(one), _nearest(one.nearest)]
    notes = "".join(f"<p class=note>{escape(note)}</p>" for note in one.notes)
    return f"<article>{_heading(one)}{notes}{''.join(sections)}</article>"


def _heading(one: Explanation) -> str:
    said = f"The head says <b>{escape(one.predicted)}</b> ({one.confidence:.0%})"
    if one.known is None:
        filed = "no category is known"
    elif one.wrong:
        filed = f"<strong class=differs>filed under {escape(one.known)}</strong>"
    else:
        filed = "so do those who filed it"
    others = ", ".join(
        f"{escape(name)} {p:.0%}"
        for name, p in zip(one.categories, one.probabilities, strict=True)
        if name != one.predicted
    )
    explained = f"; explained beside it: {others}" if others else ""
    return f"<h2>{escape(one.title)}</h2><p class=said><code>{escape(one.key)}</code> {said}, {filed}{explained}.</p>"


def _short(one: Explanation) -> str:
    """Return one sentence: which part decides between the first two categories, and by what in it."""
    if len(one.categories) < 2 or not one.adds:
        return ""
    gaps = {name: float(adds[0] - adds[1]) for name, adds in one.adds.items()}
    name = max(gaps, key=lambda each: gaps[each])
    if gaps[name] <= 0:
        return ""
    why = f"mostly for its {_part(name)} ({gaps[name]:+.2f} of {sum(gaps.values()):+.2f})"
    if name == KEYWORDS:
        telling = [word for word in one.keywords if word.adds[0] > word.adds[1]][:3]
        why += ": " + ", ".join(f"&ldquo;{escape(w.word)}&rdquo; {float(w.adds[0] - w.adds[1]):+.2f}" for w in telling)
    return f"<p class=short><b>{escape(one.categories[0])}</b> rather than {escape(one.categories[1])}, {why}.</p>"


def _adds(one: Explanation) -> str:
    """Return the table of what each part adds, with the difference that decides between the first two."""
    two = len(one.categories) > 1
    heads = "".join(f"<th>for {escape(name)}</th>" for name in one.categories)
    gaps = {name: float(adds[0] - adds[1]) if two else float(adds[0]) for name, adds in one.adds.items()}
    widest = max((abs(gap) for gap in gaps.values()), default=0.0) or 1.0
    rows = [
        f"<tr><th>{_part(name)}</th>{''.join(f'<td>{add:+.2f}</td>' for add in adds)}"
        f"<td>{_bar(gaps[name], widest)}</td></tr>"
        for name, adds in one.adds.items()
    ]
    total = np.sum(list(one.adds.values()), axis=0) if one.adds else np.zeros(len(one.categories))
    gap = float(total[0] - total[1]) if two else float(total[0])
    last = (
        f"<tr class=total><th>together</th>{''.join(f'<td>{add:+.2f}</td>' for add in total)}<td>{gap:+.2f}</td></tr>"
    )
    what = f"{escape(one.categories[0])} rather than {escape(one.categories[1])}" if two else "all in all"
    caption = "In calibrated logits: 0.7 more doubles the odds. Exact, and compared with the mean of all categories."
    return (
        "<section><h3>What each part adds</h3><table class=adds>"
        f"<thead><tr><th></th>{heads}<th>{what}</th></tr></thead>"
        f"<tbody>{''.join(rows)}{last}</tbody></table><p class=small>{caption}</p></section>"
    )


def _part(name: str) -> str:
    kind = PARTS.get(name, "")
    return f"{kind} <code>{escape(name)}</code>" if kind else escape(name)


def _bar(value: float, widest: float) -> str:
    width = 50 * abs(value) / widest
    side = "for" if value >= 0 else "against"
    left = 50.0 if value >= 0 else 50 - width
    return (
        f'<span class=axis><span class="bar {side}" style="left:{left:.1f}%;width:{width:.1f}%"></span></span>'
        f"<span class=value>{value:+.2f}</span>"
    )


def _picture(maps: PictureMaps) -> str:
    size = f"it gets {maps.seen_px} x {maps.seen_px} pixels"
    plain = _image(draw_plain(maps.picture), "the picture")
    figures = [
        f"<figure><figcaption><b>The listing</b></figcaption>{plain}"  # noqa: ISC004
        f"<p class=small>as {escape(maps.name)} sees it, but sharper: {size}</p></figure>"
    ]
    for place, one in enumerate(maps.maps):
        favour, against = one.balance
        cells = [", ".join(maps.strongest(place, sign)) or "none" for sign in (1, -1)]
        alt = f"cells for {one.category}: {cells[0]}; against: {cells[1]}"
        figures.append(
            f'<figure class="{_state(one.mark)}"><figcaption><b>{escape(one.category)}</b> '
            f"adds {one.score:+.2f}; {favour:.0%} of the map for, {against:.0%} against</figcaption>"
            f"{_image(draw_map(maps.picture, one.shares, maps.grid), alt)}{_mark(one.mark)}</figure>"
        )
    title = f"Picture <code>{escape(maps.name)}</code>, {maps.grid[0]} x {maps.grid[1]} cells"
    return (
        f"<section><h3>{title}</h3><div class=side>{''.join(figures)}</div>"
        f"<p class=small>{escape(maps.method)}. The map is no finer than its cells.</p></section>"
    )


def _words(maps: WordMaps) -> str:
    columns = []
    for one in maps.maps:
        chips = " ".join(_chip(word, float(share)) for word, share in zip(maps.words, one.shares, strict=True))
        columns.append(
            f'<div class="column {_state(one.mark)}"><p><b>{escape(one.category)}</b> adds {one.score:+.2f}</p>'
            f"<p class=words>{chips}</p>{_mark(one.mark)}</div>"
        )
    unread = f" It reads no further: {maps.unread:,} more words follow." if maps.unread else ""
    return (
        f"<section><h3>Text <code>{escape(maps.name)}</code>, word by word</h3><div class=side>{''.join(columns)}</div>"
        f"<p class=small>{escape(maps.method)}.{unread}</p></section>"
    )


def _chip(word: str, share: float) -> str:
    if abs(share) < SPOKEN_WORD_SHARE / 4:
        return escape(word)
    side = "for" if share > 0 else "against"
    said = f"<sup>{share:+.0%}</sup>" if abs(share) >= SPOKEN_WORD_SHARE else ""
    width = f"border-bottom-width:{1 + min(5, 20 * abs(share)):.0f}px"
    return f'<span class="word {side}" style="{width}">{escape(word)}{said}</span>'


def _keywords(one: Explanation) -> str:
    if not one.keywords:
        return ""
    shown = one.keywords[:MOST_KEYWORDS]
    heads = "".join(f"<th>for {escape(name)}</th>" for name in one.categories)
    rows = [
        f"<tr><th>{escape(keyword.word)}{' <i>(your weight)</i>' if keyword.own else ''}</th>"
        f"{''.join(f'<td>{add:+.2f}</td>' for add in keyword.adds)}</tr>"
        for keyword in shown
    ]
    rest = np.sum([keyword.adds for keyword in one.keywords[MOST_KEYWORDS:]] or [np.zeros(len(one.categories))], axis=0)
    others = len(one.keywords) - len(shown)
    tail = [(f"{others:,} more words", rest)] if others else []
    tail.append(("before any word", one.keyword_rest))
    rows += [
        f"<tr class=total><th>{name}</th>{''.join(f'<td>{add:+.2f}</td>' for add in adds)}</tr>" for name, adds in tail
    ]
    return (
        "<section><h3>Words <code>keywords</code></h3><table class=keywords>"
        f"<thead><tr><th>word</th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        "<p class=small>Exact: what each word adds, those first that tell the first two categories apart most.</p>"
        "</section>"
    )


def _nearest(found: Sequence[Nearest]) -> str:
    if not found:
        return ""
    groups = []
    for by in dict.fromkeys(one.by for one in found):
        cards = "".join(
            f"<li>{_thumbnail(one)}<span><b>{escape(one.category)}</b><br>{escape(one.title or one.key)}"
            f"<br><span class=small>cosine {one.cosine:.2f}</span></span></li>"
            for one in found
            if one.by == by
        )
        groups.append(f"<h4>by {_part(by)}</h4><ul class=near>{cards}</ul>")
    note = "Evidence, not cause: the head does not look these up."
    return f"<section><h3>Nearest listings with a category</h3>{''.join(groups)}<p class=small>{note}</p></section>"


def _thumbnail(one: Nearest) -> str:
    try:
        if one.picture is None:
            return "<span class=none>no picture</span>"
        picture = decode_picture(one.picture, THUMBNAIL_PIXELS)
    except PictureError:
        return "<span class=none>no picture</span>"
    picture.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    return _image(picture, one.title or one.key)


def _state(mark: Faithfulness) -> str:
    return "holds" if mark.passed else "fails"


def _mark(mark: Faithfulness) -> str:
    if not mark.random_areas:
        return f"<p class=mark>&#10008; <b>Don't rely on this</b>: {escape('; '.join(mark.failures))}.</p>"
    low, high = min(mark.random_areas), max(mark.random_areas)
    areas = f"deletion area {mark.deletion:.2f}, insertion {mark.insertion:.2f}, random orders {low:.2f} to {high:.2f}"
    numbers = f"{areas}; random weights: rank correlation {mark.likeness:.2f}"
    if mark.passed:
        said = f"&#10004; <b>Holds</b>: better than {len(mark.random_areas)} of {len(mark.random_areas)} random orders."
    else:
        said = f"&#10008; <b>Don't rely on this</b>: {escape('; '.join(mark.failures))}."
    return f"<p class=mark>{said} <span class=small>{numbers}</span></p>"


def _image(image: Image.Image, alt: str) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=88)
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img alt="{escape(alt, quote=True)}" src="data:image/jpeg;base64,{data}">'
