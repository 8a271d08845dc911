"""One listing: what it is, what the heads say of it, why, and what is near."""

from __future__ import annotations

import pyarrow as pa
import streamlit as st

from embedkit.dashboard import charts, showing
from embedkit.dashboard.errors import decisions, reasons
from embedkit.dashboard.view import CHOSEN, View
from embedkit.errors import EmbedkitError
from embedkit.ground import LEVEL
from embedkit.nearest import nearest, picture_of
from embedkit.stores.glance import Said
from embedkit.types import Item

FIRST_KEYS, NEIGHBOURS, PICTURE_PIXELS, MOST_TEXT = 50, 4, 640, 5_000
FRAME_PX = 1_400


def show(view: View) -> None:
    """Show the page of the listing that was chosen, by its key in the address or on another page."""
    _ = view.wording
    chosen = st.session_state.pop(CHOSEN, None)
    if chosen is not None:
        st.query_params["key"] = chosen
    asked = str(st.query_params.get("key", ""))
    key = st.text_input(_("Key of the listing"), asked, key=f"key-{asked}").strip()
    if key and key != asked:
        st.query_params["key"] = key
    if not key:
        _some(view)
        return
    item = view.reading.listing(key)
    if item is None:
        showing.missing(_("No listing has this key."), view.command('search "a few words"'))
        showing.text(key)
        return
    _facts(view, item)
    said = view.reading.said(item.item_id)
    if said:
        _top(view, item, said)
    else:
        verb = "classify --promise 0.98" if view.reading.front.heads else "train"
        showing.missing(_("Nothing has been said of this listing yet."), view.command(verb))
    _why(view, item)
    _near(view, item)


def _some(view: View) -> None:
    """Show some listings to begin with."""
    _, first = view.wording, view.reading.first_keys(FIRST_KEYS)
    if not first:
        showing.missing(_("The catalogue is empty."), view.command("index CATALOGUE"))
        return
    showing.note(_("Type a key, or choose one of the first listings:"))
    rows = pa.table({"key": [key for key, _title in first], "title": [title for _key, title in first]})
    showing.choose(view, "some", rows, {"key": _("key"), "title": _("title")})


def _facts(view: View, item: Item) -> None:
    """Show the picture beside the title, the text and what is known."""
    _ = view.wording
    left, right = st.columns([1, 2])
    with left:
        data = picture_of(item, view.reading.pictures)
        jpeg = showing.jpeg_of(data, PICTURE_PIXELS) if data is not None else None
        if jpeg is not None:
            st.image(jpeg)
        else:
            showing.note(_("There is no picture that can be read.") if item.picture else _("It has no picture."))
    with right:
        showing.title(item.title or item.key)
        names = {"what": _("what"), "said": _("value")}
        rows = [{"what": _("key"), "said": item.key}]
        rows.append({"what": _("catalogue's category"), "said": LEVEL.join(item.category) or "—"})
        answer = view.reading.answer(item.item_id)
        if answer is not None:
            rows.append({"what": _("people say"), "said": f"{answer.label} ({answer.who})"})
        rows += [
            {"what": str(name), "said": str(value)} for name, value in item.attributes.items() if value is not None
        ]
        showing.table(names, rows)
        if item.text:
            with st.expander(_("Text"), expanded=len(item.text) < MOST_TEXT / 5):
                showing.text(item.text[:MOST_TEXT])


def _top(view: View, item: Item, said: list[Said]) -> None:
    """Draw the likeliest categories of the head in use, or of the newest run, and the decision."""
    _, in_use = view.wording, view.reading.in_use
    first = next((one for one in said if in_use is not None and one.head_id == in_use.head_id), said[0])
    st.subheader(_("What the model says"))
    rows = {
        "name": list(first.labels),
        "value": [100 * float(p) for p in first.probs],
        "said": [_.share(p) for p in first.probs],
    }
    title = _("The likeliest categories and their probabilities")
    spec = charts.bars(title, _("category"), _("probability, %"), len(first.labels), (0, 112))
    showing.chart(view, "top", spec, pa.table(rows))
    decided = {"accept": _("accepted"), "review": _("for review")}[first.decision]
    showing.note(f"{first.head_id}: {decided}, {decisions(_).get(first.reason, first.reason)}")
    asked = next((one.item.reasons for one in reversed(view.reading.reviewed) if one.item.item_id == item.item_id), ())
    if asked:
        why = ", ".join(reasons(_).get(one, one) for one in asked)
        showing.note(_("People are asked about it: {why}.", why=why))
    others = [one for one in said if one is not first]
    if others:
        names = {"head": _("other models"), "label": _("say"), "p": _("probability")}
        shown = [{"head": one.head_id, "label": one.labels[0], "p": _.share(one.probs[0])} for one in others]
        showing.table(names, shown, ["p"])


def _why(view: View, item: Item) -> None:
    """Explain the listing when asked to: it takes a few seconds, and is kept as long as the head is the same."""
    _, in_use = view.wording, view.reading.in_use
    if in_use is None:
        return
    st.subheader(_("Why"))
    place = f"why-{in_use.head_id}-{item.key}"
    if place not in st.session_state:
        if not st.button(_("Explain"), type="primary"):
            showing.note(_("What picture, text and words speak for and against, and whether that can be relied on."))
            return
        try:
            with st.spinner(_("Looking for what decides …")):
                st.session_state[place] = explanation(view, item.key)
        except EmbedkitError as error:
            showing.failure(_, error)
            return
        st.rerun()  # without the button
    showing.framed(st.session_state[place], FRAME_PX)


def explanation(view: View, key: str) -> str:
    """Return the page that explains a listing: one HTML document that allows no script and asks for nothing."""
    from embedkit.report.explanations import explanations_page
    from embedkit.stages import explain

    spec = explain.ExplainSpec(keys=(key,))
    explained = explain.run(view.reading.workspace, spec, lambda line: None, lambda what, done, total: None)
    return explanations_page(explained.explanations, explained.head_id, view.wording.lang)


def _near(view: View, item: Item) -> None:
    """Show the nearest listings whose category is known, in each space."""
    _, reading = view.wording, view.reading
    st.subheader(_("Nearest listings with a known category"))
    depth = reading.in_use.depth if reading.in_use is not None else 1
    try:
        found = nearest(
            reading.workspace, item, reading.front.records, reading.truths(depth), reading.pictures, NEIGHBOURS
        )
    except EmbedkitError as error:
        showing.failure(_, error)
        return
    if not found:
        showing.missing(
            _("There are none: nothing is indexed, or no category is known."), view.command("index CATALOGUE")
        )
    for by in dict.fromkeys(one.by for one in found):
        showing.note(_("by {space}", space=by))
        mine = [one for one in found if one.by == by]
        lines = [(one.category, _("cosine {value}", value=_.number(one.cosine, 2))) for one in mine]
        showing.cards(
            _, [showing.Card(one.key, one.title, line, one.picture) for one, line in zip(mine, lines, strict=True)]
        )
