"""The first page: how much is sorted, how well, what it took, and what ran."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from embedkit.dashboard import charts, showing
from embedkit.dashboard.reading import Front, accuracy_of
from embedkit.dashboard.showing import Figure
from embedkit.dashboard.view import View
from embedkit.stores.runs import Run
from embedkit.wording import Wording

MOST_BARS, MOST_RUNS = 25, 30
NARROW = 0.06
"""A part of a bar this small next to the longest has no room for its number."""


def show(view: View) -> None:
    """Show the page."""
    _, front = view.wording, view.reading.front
    showing.figures(_figures(_, front))
    if not front.heads:
        showing.missing(_("No head has been trained yet, so nothing is sorted."), view.command("train"))
    elif not front.decided:
        showing.missing(_("Nothing has been classified yet."), view.command("classify --promise 0.98"))
    else:
        _decisions(view, front)
    _catalogue(view)
    _compute(view, front)
    _runs(_, front)


def _figures(_: Wording, front: Front) -> list[Figure]:
    counts = front.counts
    held = _("{pictures} with a picture, {texts} with a text", pictures=_.number(counts.with_picture),
             texts=_.number(counts.with_text))  # fmt: skip
    shown = [Figure(_("Listings"), _.number(counts.listings), held)]
    if front.decided:
        accepted, review = (sum(getattr(row, name) for row in front.decided) for name in ("accepted", "review"))
        of = _("{accepted} of {all} need no person", accepted=_.number(accepted), all=_.number(accepted + review))
        shown.append(Figure(_("Accepted"), _.share(accepted / (accepted + review)), of + _promise(_, front.runs)))
        shown.append(Figure(_("For review"), _.number(review), _("the head is not sure enough of them")))
    if front.in_use is not None and (found := accuracy_of(front.in_use)):
        between = _("between {low} and {high} (95 %), on {n} listings kept aside", low=_.share(found["low"]),
                    high=_.share(found["high"]), n=_.number(found["n"]))  # fmt: skip
        shown.append(Figure(_("Accuracy"), _.share(found["value"]), between))
    last = _last_of_each(front.runs)
    if last:
        parts = ", ".join(f"{run.verb} {_.number(_seconds(run), 1)} s" for run in last)
        total = sum(_seconds(run) for run in last)
        shown.append(
            Figure(_("Compute time"), f"{_.number(total, 1)} s", _("the last run of each: {parts}", parts=parts))
        )
    if front.failed:
        shown.append(Figure(_("Failed"), _.number(front.failed), "embedkit status --failed"))
    return shown


def _promise(_: Wording, ran: list[Run]) -> str:
    """Return what the newest classify run promised, in words."""
    promised = next((run.args.get("promise") for run in reversed(ran) if run.verb == "classify"), None)
    if not isinstance(promised, (int, float)):
        return ""
    return _("; of those at least {promise} are right, as promised", promise=_.share(promised, 1))


def _decisions(view: View, front: Front) -> None:
    """Draw for each category how many listings were accepted and how many people should see."""
    _ = view.wording
    st.subheader(_("What became of each category"))
    shown = front.decided[:MOST_BARS]
    longest = max(row.accepted + row.review for row in shown)
    parts = (_("accepted"), _("for review"))
    rows: dict[str, list[Any]] = {name: [] for name in ("category", "part", "count", "order", "wide", "end")}
    for row in shown:
        for order, (part, count) in enumerate(zip(parts, (row.accepted, row.review), strict=True)):
            one = (row.category, part, count, order, count > NARROW * longest, row.accepted + row.review)
            for name, value in zip(rows, one, strict=True):
                rows[name].append(value)
    spec = charts.stacked(
        _("Listings of each category that were accepted, and that are for review"),
        _("category"), _("listings"), _("decision"), parts, len(shown),
    )  # fmt: skip
    showing.chart(view, "decisions", spec, pa.table(rows))
    if len(front.decided) > len(shown):
        showing.note(
            _("The {n} largest of {all} categories.", n=_.number(len(shown)), all=_.number(len(front.decided)))
        )


def _catalogue(view: View) -> None:
    """Show what the newest study of the catalogue found, if there is one."""
    _, study = view.wording, view.reading.study("explore")
    if study is None:
        return
    st.subheader(_("The catalogue"))
    said = {
        "categories": (_("Categories"), _.number),
        "unreadable": (_("Unreadable pictures"), _.number),
        "copied_pictures": (_("Listings with a copied picture"), _.number),
        "copied_texts": (_("Listings with a copied text"), _.number),
        "filed_twice": (_("Copies filed in several categories"), _.number),
        "texts_too_long_share": (_("Texts too long for CLIP"), _.share),
    }
    found = [
        Figure(label, written(study.numbers[name]))
        for name, (label, written) in said.items()
        if isinstance(study.numbers.get(name), (int, float))
    ]
    showing.figures(found)
    showing.note(_("From embedkit explore, {moment}.", moment=_.moment(study.made_at)))


def _compute(view: View, front: Front) -> None:
    """Draw how long the last run of each verb took, and show what encoding cost."""
    _, last = view.wording, _last_of_each(front.runs)
    if not last:
        return
    st.subheader(_("Compute time"))
    rows = {
        "name": [f"{run.verb} #{run.run_id}" for run in last],
        "value": [_seconds(run) for run in last],
        "said": [f"{_.number(_seconds(run), 1)} s" for run in last],
    }
    spec = charts.bars(_("Seconds that the last run of each verb took"), _("run"), _("seconds"), len(last))
    showing.chart(view, "compute", spec, pa.table(rows))
    names = {"space": _("encoder"), "vectors": _("vectors"), "encode_s": _("encoding, s"), "decode_s": _("decoding, s"),
             "rate": _("vectors/s")}  # fmt: skip
    shown = [
        {
            "space": one.space,
            "vectors": _.number(one.vectors),
            "encode_s": _.number(one.encode_s, 1),
            "decode_s": _.number(one.decode_s, 1),
            "rate": _.number(one.vectors / one.encode_s) if one.encode_s > 0 else None,
        }
        for one in front.encoded
    ]
    if shown:
        showing.table(names, shown, ("vectors", "encode_s", "decode_s", "rate"))


def _runs(_: Wording, front: Front) -> None:
    st.subheader(_("What ran"))
    if not front.runs:
        showing.note(_("Nothing has run yet."))
        return
    names = {"run": _("run"), "verb": _("verb"), "began": _("began"), "seconds": _("seconds"), "ended": _("ended"),
             "version": _("version")}  # fmt: skip
    rows = [
        {
            "run": run.run_id,
            "verb": run.verb,
            "began": _.moment(run.started_at),
            "seconds": _.number(_seconds(run), 1) if run.finished_at else None,
            "ended": _ended(_, run),
            "version": run.version,
        }
        for run in front.runs[: -MOST_RUNS - 1 : -1]
    ]
    showing.table(names, rows, ("seconds",))
    showing.note(_("Times are in UTC; the newest run stands first."))


def _ended(_: Wording, run: Run) -> str:
    if run.finished_at is None:
        return _("not ended: it goes on, or was stopped")
    said = {0: _("done"), 3: _("done, some items failed"), 4: _("held back by a gate")}
    return said.get(run.exit_code or 0, _("failed, exit code {code}", code=run.exit_code))


def _seconds(run: Run) -> float:
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0


def _last_of_each(ran: list[Run]) -> list[Run]:
    """Return the last finished run of each verb, in the order in which the verbs first ran."""
    last = {run.verb: run for run in ran if run.finished_at is not None}
    return list(last.values())
