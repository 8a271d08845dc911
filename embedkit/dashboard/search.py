"""Search the catalogue by a text or by a picture."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from embedkit.dashboard import showing
from embedkit.dashboard.view import View
from embedkit.errors import EmbedkitError, Misuse

if TYPE_CHECKING:
    from embedkit.stages.search import Found

KINDS = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff"]
ASKED_PIXELS = 320
MOST_ROWS = 60


def show(view: View) -> None:
    """Show the page."""
    _ = view.wording
    if not view.reading.front.records:
        showing.missing(_("Nothing is encoded yet, so nothing can be found."), view.command("index CATALOGUE"))
        return
    left, right = st.columns(2)
    with left:
        query = st.text_input(_("Words to look for"), key="query").strip()
        count = st.slider(_("Listings to show"), 4, MOST_ROWS, 12, step=4)
    with right:
        upload = st.file_uploader(_("Or a picture to look for"), type=KINDS)
    picture = upload.getvalue() if upload is not None else None
    if picture is not None:
        showing.note(_("Looking for listings like this picture:"))
        asked = showing.jpeg_of(picture, ASKED_PIXELS)
        if asked is None:
            showing.failure(_, EmbedkitError(_("This file is not a picture that can be read.")))
            return
        st.image(asked, width=ASKED_PIXELS // 2)
    elif not query:
        showing.note(_("Type some words, or give a picture."))
        return
    with st.spinner(_("Searching …")):
        found = look_for(view, query, picture, count)
    _listed(view, found)


def look_for(view: View, query: str, picture: bytes | None, count: int) -> Found:
    """Return the nearest listings to a picture, or else to a text; raises EmbedkitError."""
    from embedkit.stages import search

    if picture is None:
        spec = search.SearchSpec(query=query, k=count)
        return search.run(view.reading.workspace, spec, lambda line: None)
    with tempfile.NamedTemporaryFile(prefix="embedkit-asked-") as file:
        file.write(picture)
        file.flush()
        try:
            return search.run(
                view.reading.workspace, search.SearchSpec(image=Path(file.name), k=count), lambda line: None
            )
        except Misuse as error:
            raise Misuse(error.message.replace(f"{file.name}: ", ""), error.hint) from error


def _listed(view: View, found: Found) -> None:
    _ = view.wording
    if not found.items:
        showing.missing(_("Nothing was found."))
        return
    shown = []
    for item, row in zip(found.items, found.rows, strict=True):
        near = [
            _("{space}: cosine {value}", space=name.removeprefix("cosine "), value=_.number(value, 2))
            for name, value in row.items()
            if name.startswith("cosine ") and value is not None
        ]
        shown.append(showing.Card(item.key, item.title, (" > ".join(item.category), *near), found.picture(item)))
    showing.cards(_, shown)
