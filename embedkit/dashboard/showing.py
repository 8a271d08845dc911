"""What pages are made of. Whatever sellers wrote is shown as it is: escaped, and never read as Markdown or HTML."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import streamlit as st
from streamlit.components import v1 as components

from embedkit.dashboard.charts import in_language
from embedkit.dashboard.view import CHOSEN, View
from embedkit.encoders.pictures import decode_picture
from embedkit.errors import EmbedkitError, PictureError
from embedkit.wording import Wording

THUMBNAIL_PIXELS, LONG_WORDS = 160, 24
STYLE = """<style>
.ek-figures { display: flex; flex-wrap: wrap; gap: .8rem 2.2rem; margin: 0 0 .6rem; padding: 0 !important }
.ek-figures div { min-width: 8rem; max-width: 17rem; margin: 0; padding: 0 }
.ek-figures dt { font-size: .9rem; color: #444 }
.ek-figures dd { font-size: 1.9rem; line-height: 1.25; margin: 0; font-variant-numeric: tabular-nums }
.ek-figures p, .ek-note { font-size: .85rem; color: #555; margin: 0 }
.ek-title { font-size: 1.35rem; font-weight: 600; overflow-wrap: anywhere; margin: 0 }
.ek-text { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 }
.ek-scroll { overflow-x: auto }
.ek-table { border-collapse: collapse; font-size: .92rem; margin: 0 0 .4rem }
.ek-table th, .ek-table td { padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
.ek-table thead th { font-size: .82rem; font-weight: 600; color: #444; vertical-align: bottom; text-align: left }
.ek-table th[scope=row] { font-weight: 500; text-align: left }
.ek-table td { min-width: 4rem }
.ek-table .words { min-width: 11rem }
.ek-table .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.ek-table thead .number { white-space: normal; max-width: 7rem }
.ek-cards { list-style: none; padding: 0 !important; margin: 0; display: grid; gap: .8rem;
            grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)) }
.ek-cards li { border: 1px solid #ddd; border-radius: 6px; padding: .6rem; overflow-wrap: anywhere; margin: 0;
               font-size: .88rem }
.ek-cards .picture { height: 9rem; display: flex; align-items: center; justify-content: center; color: #595959 }
.ek-cards img { max-width: 100%; max-height: 100% }
.ek-cards p { margin: .15rem 0; color: #444; font-size: .85rem }
.ek-cards a { color: #004a94; font-weight: 600; text-decoration: underline }
</style>"""


def style() -> None:
    """Put the style sheet on the page."""
    st.html(STYLE)


@dataclass(frozen=True)
class Figure:
    """One number to read from afar: what it is, its value, and what it is of."""

    label: str
    value: str
    note: str = ""


def figures(shown: Sequence[Figure]) -> None:
    """Show numbers side by side."""
    parts = "".join(
        f"<div><dt>{escape(one.label)}</dt><dd>{escape(one.value)}</dd><p>{escape(one.note)}</p></div>" for one in shown
    )
    st.html(f'<dl class="ek-figures">{parts}</dl>')


def note(text: str) -> None:
    """Show a remark, as it is."""
    st.html(f'<p class="ek-note">{escape(text)}</p>')


def title(text: str) -> None:
    """Show what a listing is called, as it is."""
    st.html(f'<p class="ek-title">{escape(text)}</p>')


def text(said: str) -> None:
    """Show a text, as it is, lines and all."""
    st.html(f'<p class="ek-text">{escape(said)}</p>')


def missing(what: str, command: str = "") -> None:
    """Say in one sentence what is not there, and which command makes it."""
    st.info(what)
    if command:
        st.code(command, language=None)


def failure(_: Wording, error: EmbedkitError) -> None:
    """Say what went wrong and what helps, both as they are: they may quote a listing or a file's name."""
    st.warning(_("This cannot be shown:"))
    text(error.message)
    if error.hint:
        text(error.hint)


def framed(document: str, height: int) -> None:
    """Show an HTML document of ours in a frame of so many pixels."""
    if hasattr(st, "iframe"):
        st.iframe(document, height=height)
    else:
        components.html(document, height=height, scrolling=True)


def table(names: Mapping[str, str], rows: Sequence[Mapping[str, Any]], numbers: Sequence[str] = ()) -> None:
    """Show rows as a table to read: `names` are the columns and their headings, `numbers` those set to the right.

    The first column names the row. Values are shown as they are; None is an empty cell.
    """

    def cell(name: str, value: Any, first: bool) -> str:
        said = "" if value is None else escape(str(value))
        if first:
            return f'<th scope="row">{said}</th>'
        if name in numbers:
            return f'<td class="number">{said}</td>'
        return f'<td class="words">{said}</td>' if len(said) > LONG_WORDS else f"<td>{said}</td>"

    heads = "".join(
        f'<th scope="col"{" class=number" if name in numbers else ""}>{escape(heading)}</th>'
        for name, heading in names.items()
    )
    first = next(iter(names))
    body = "".join(f"<tr>{''.join(cell(name, row.get(name), name == first) for name in names)}</tr>" for row in rows)
    whole = f'<table class="ek-table"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'
    st.html(f'<div class="ek-scroll">{whole}</div>')


def chart(view: View, name: str, spec: Mapping[str, Any], rows: pa.Table) -> None:
    """Draw a chart; Vega-Lite draws text as text, whatever it says."""
    st.vega_lite_chart(rows, in_language(spec, view.wording.lang), key=f"chart-{name}")


def choose(view: View, name: str, rows: pa.Table, config: Mapping[str, Any]) -> None:
    """Show listings as a table; choosing a row leads to that listing. The rows have a column "key"."""
    event = st.dataframe(
        rows,
        column_config=dict(config),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"rows-{name}",
    )
    chosen = list(event.selection.rows)
    if chosen and chosen[0] < rows.num_rows:
        st.session_state[CHOSEN] = rows.column("key")[chosen[0]].as_py()
        st.switch_page(view.pages["listing"])


@dataclass(frozen=True)
class Card:
    """One listing in a row of others: its key and title, lines below, and its picture's bytes (None: there is none)."""

    key: str
    title: str
    lines: tuple[str, ...]
    picture: bytes | None


def cards(_: Wording, shown: Sequence[Card]) -> None:
    """Show listings with their pictures, each a link to its page."""
    parts = "".join(
        f'<li><div class="picture">{_thumbnail(_, one)}</div><a href="listing?key={quote(one.key, safe="")}"'
        f' target="_self">{escape(one.title or one.key)}</a>'
        + "".join(f"<p>{escape(line)}</p>" for line in one.lines)
        + "</li>"
        for one in shown
    )
    st.html(f'<ul class="ek-cards">{parts}</ul>')


def _thumbnail(_: Wording, card: Card) -> str:
    data = jpeg_of(card.picture, THUMBNAIL_PIXELS) if card.picture is not None else None
    if data is None:
        return escape(_("no picture"))
    encoded = base64.b64encode(data).decode()
    return f'<img alt="{escape(card.title or card.key, quote=True)}" src="data:image/jpeg;base64,{encoded}">'


def jpeg_of(data: bytes, pixels: int) -> bytes | None:
    """Return a picture drawn anew as a JPEG of at most so many pixels a side; None for one that cannot be read.

    Whatever a seller's file holds besides the picture, a script or a place, stays behind.
    """
    try:
        picture = decode_picture(data, pixels)
    except PictureError:
        return None
    picture.thumbnail((pixels, pixels))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return file.getvalue()
