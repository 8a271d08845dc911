"""Error analysis: where the model and the known category differ, narrowed down, and a way to each listing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from embedkit.dashboard import showing
from embedkit.dashboard.reading import RIGHT, UNKNOWN, WRONG, Judgements
from embedkit.dashboard.view import View
from embedkit.wording import Wording

MOST_ROWS, MOST_PAIRS = 1_000, 12
ANY = "…"
"""What stands in a filter that lets all pass; Streamlit's own words are English."""


@dataclass(frozen=True)
class Filter:
    """Which listings are shown; an empty tuple lets all pass. `asked` are reasons why people were asked."""

    outcomes: tuple[str, ...] = (WRONG,)
    categories: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    confidence: tuple[float, float] = (0.0, 1.0)


def passing(judged: Judgements, chosen: Filter) -> NDArray[np.int64]:
    """Return the rows that pass, the surest first: int64[m]. A category is met as known or as suggested."""
    low, high = chosen.confidence
    keep = (judged.confidence >= low) & (judged.confidence <= high)
    if chosen.outcomes:
        keep &= np.isin(judged.outcome.astype(str), chosen.outcomes)
    if chosen.categories:
        keep &= _among(judged.known, chosen.categories) | _among(judged.predicted, chosen.categories)
    if chosen.decisions:
        keep &= _among(judged.reason, chosen.decisions)
    if chosen.asked:
        wanted = set(chosen.asked)
        keep &= np.array([bool(wanted & set(reasons)) for reasons in judged.asked], dtype=bool)
    rows = np.flatnonzero(keep)
    return rows[np.argsort(-judged.confidence[rows], kind="stable")]


def _among(column: NDArray[np.object_], names: tuple[str, ...]) -> NDArray[np.bool_]:
    wanted = set(names)
    return np.array([one in wanted for one in column], dtype=bool)


def show(view: View) -> None:
    """Show the page."""
    _, front = view.wording, view.reading.front
    if not front.predicting:
        verb = "classify --promise 0.98" if front.heads else "train"
        showing.missing(_("Nothing has been classified yet, so no errors are known."), view.command(verb))
        return
    judged = view.reading.judgements(_head(_, view))
    chosen = _filter(_, judged)
    rows = passing(judged, chosen)
    known = int(np.count_nonzero(judged.outcome != UNKNOWN))
    wrong = int(np.count_nonzero(judged.outcome == WRONG))
    showing.figures(
        [
            showing.Figure(
                _("Model and known category differ"),
                _.number(wrong),
                _("of {n} listings with a known category", n=_.number(known)),
            ),
            showing.Figure(_("Shown below"), _.number(len(rows)), _("surest first")),
        ]
    )
    if not len(rows):
        showing.missing(_("No listing passes these filters."))
        return
    _table(view, judged, rows[:MOST_ROWS])
    more = _("Choose a row to see the listing.")
    if len(rows) > MOST_ROWS:
        more += " " + _("The surest {n} are shown.", n=_.number(MOST_ROWS))
    showing.note(more)
    _pairs(_, judged, rows)


def _head(_: Wording, view: View) -> str:
    """Return the head that is chosen: the one in use before any other."""
    predicting = view.reading.front.predicting
    in_use = view.reading.in_use
    first = predicting.index(in_use.head_id) if in_use is not None and in_use.head_id in predicting else 0
    return str(st.selectbox(_("Model"), predicting, index=first))


def outcomes(_: Wording) -> dict[str, str]:
    """Return the outcomes in the reader's words."""
    return {WRONG: _("they differ"), RIGHT: _("they agree"), UNKNOWN: _("no category is known")}


def reasons(_: Wording) -> dict[str, str]:
    """Return why people are asked about a listing, in the reader's words."""
    return {
        "tie": _("people disagree"),
        "suspect": _("catalogue seems wrong"),
        "disagreement": _("picture and text differ"),
        "novel": _("unlike all others"),
        "doubt": _("not sure enough"),
        "audit": _("drawn at random"),
    }


def decisions(_: Wording) -> dict[str, str]:
    """Return what classify says of its decisions, in the reader's words."""
    return {
        "sure enough": _("sure enough"),
        "not sure enough for this category": _("not sure enough for this category"),
        "nothing is sure enough in this category yet": _("nothing is sure enough in this category yet"),
        "no picture and no text": _("no picture and no text"),
    }


def _filter(_: Wording, judged: Judgements) -> Filter:
    """Return what is chosen in the filters."""
    categories = sorted({one for one in (*judged.known, *judged.predicted) if one is not None})
    asked = sorted({reason for why in judged.asked for reason in why})
    decided = sorted(set(judged.reason.tolist()))
    said_outcomes, said_reasons, said_decisions = outcomes(_), reasons(_), decisions(_)
    left, right = st.columns(2)
    with left:
        outcome = st.multiselect(
            _("Model and known category"), list(said_outcomes), [WRONG], said_outcomes.__getitem__, placeholder=ANY
        )
        category = st.multiselect(_("Category, known or suggested"), categories, placeholder=ANY)
        sure = st.slider(_("Confidence, %"), 0, 100, (0, 100))
    with right:
        said = {one: said_decisions.get(one, one) for one in decided}
        decision = st.multiselect(_("Decision"), decided, format_func=said.__getitem__, placeholder=ANY)
        said = {one: said_reasons.get(one, one) for one in asked}
        why = st.multiselect(_("People are asked because"), asked, format_func=said.__getitem__, placeholder=ANY)
    between = (sure[0] / 100, sure[1] / 100)
    return Filter(tuple(outcome), tuple(category), tuple(decision), tuple(why), between)


def _table(view: View, judged: Judgements, rows: NDArray[np.int64]) -> None:
    _ = view.wording
    said_outcomes, said_reasons, said_decisions = outcomes(_), reasons(_), decisions(_)
    columns = {
        "key": judged.keys[rows].tolist(),
        "title": judged.titles[rows].tolist(),
        "known": [one or "" for one in judged.known[rows]],
        "predicted": judged.predicted[rows].tolist(),
        "confidence": (100 * judged.confidence[rows]).tolist(),
        "outcome": [said_outcomes[one] for one in judged.outcome[rows]],
        "decision": [said_decisions.get(str(one), str(one)) for one in judged.reason[rows]],
        "asked": [", ".join(said_reasons.get(why) or why for why in judged.asked[row]) for row in rows],
    }
    config = {
        "key": st.column_config.TextColumn(_("key"), width="small"),
        "title": st.column_config.TextColumn(_("title"), width="medium"),
        "known": _("known category"),
        "predicted": _("model says"),
        "confidence": st.column_config.NumberColumn(_("confidence, %"), format="%.1f"),
        "outcome": _("they"),
        "decision": _("decision"),
        "asked": _("people are asked because"),
    }
    showing.choose(view, "errors", pa.table(columns), config)


def _pairs(_: Wording, judged: Judgements, rows: NDArray[np.int64]) -> None:
    """Show which categories are most often taken for which, of the listings that pass."""
    wrong = rows[judged.outcome[rows] == WRONG]
    pairs = Counter(zip(judged.known[wrong], judged.predicted[wrong], strict=True)).most_common(MOST_PAIRS)
    if not pairs:
        return
    st.subheader(_("What is taken for what"))
    shown = [{"known": known, "predicted": said, "count": _.number(count)} for (known, said), count in pairs]
    showing.table(
        {"known": _("known category"), "predicted": _("model says"), "count": _("listings")}, shown, ["count"]
    )
