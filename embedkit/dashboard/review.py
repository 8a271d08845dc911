"""Where people's part of the work stands: batches, reasons, the audit, who agrees with whom, and the heads."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import streamlit as st

from embedkit.dashboard import charts, showing
from embedkit.dashboard.errors import reasons
from embedkit.dashboard.view import View
from embedkit.errors import EmbedkitError
from embedkit.stages import labels, status
from embedkit.wording import Wording

MOST_ANSWERS = 1_000


def show(view: View) -> None:
    """Show the page."""
    _, workspace = view.wording, view.reading.workspace
    batches = status.batches(workspace)
    answered = labels.run(workspace)
    _figures(view, batches, len(answered))
    if not batches:
        verb = "export-tasks -o tasks.json" if view.reading.in_use is not None else "train"
        showing.missing(_("No listing has been queued for people yet."), view.command(verb))
    else:
        _batches(_, batches)
        _reasons(view)
    _agreement(view)
    _answers(view, answered)
    _proposed(_, labels.proposed(workspace))
    _heads(view)


def _figures(view: View, batches: list[dict[str, Any]], answered: int) -> None:
    _ = view.wording
    waiting = sum(max(0, row["out"] - row["answered"] - row["skipped"]) for row in batches)
    shown = [
        showing.Figure(_("Answered"), _.number(answered), _("listings with an answer of people")),
        showing.Figure(_("Out"), _.number(waiting), _("listings sent to people, and not answered")),
    ]
    try:
        audit = view.reading.audit
    except EmbedkitError as error:
        showing.failure(_, error)
        audit = None
    if audit is not None:
        between = _(
            "between {low} and {high} (95 %), from {n} listings drawn at random",
            low=_.share(audit.low),
            high=_.share(audit.high),
            n=_.number(audit.total),
        )
        shown.append(showing.Figure(_("Accuracy by the audit"), _.share(audit.value), between))
    study = view.reading.study("report")
    forecast = study.numbers.get("reviews_for_a_point") if study is not None else None
    if isinstance(forecast, int):
        shown.append(showing.Figure(_("Reviews to the next point"), _.number(forecast), _("the most doubtful first")))
    showing.figures(shown)


def _batches(_: Wording, batches: list[dict[str, Any]]) -> None:
    st.subheader(_("Batches"))
    names = {
        "batch": _("batch"),
        "queued": _("queued"),
        "out": _("sent out"),
        "answered": _("answered"),
        "skipped": _("skipped"),
        "agreed": _("agreed"),
        "tied": _("tied"),
        "audit": _("drawn at random"),
    }
    rows = [{name: _.number(row[name]) for name in names} for row in reversed(batches)]
    showing.table(names, rows, [name for name in names if name != "batch"])


def _reasons(view: View) -> None:
    """Draw why the listings of the newest batch were drawn."""
    _, reviewed = view.wording, view.reading.reviewed
    newest = reviewed[-1].batch_id
    counts = Counter(one.item.drawn_by for one in reviewed if one.batch_id == newest)
    said = reasons(_)
    st.subheader(_("Why the listings of the newest batch are in it"))
    ordered = counts.most_common()
    rows = {
        "name": [said.get(reason, reason) for reason, _count in ordered],
        "value": [count for _reason, count in ordered],
        "said": [_.number(count) for _reason, count in ordered],
    }
    spec = charts.bars(_("Listings of the newest batch by reason"), _("reason"), _("listings"), len(ordered))
    showing.chart(view, "reasons", spec, pa.table(rows))


def _agreement(view: View) -> None:
    """Show how far people agree, as the newest import of answers found."""
    _, ran = view.wording, view.reading.front.runs
    found = next((run.summary for run in reversed(ran) if run.verb == "import-labels" and run.summary), None)
    if not found or not found.get("judged_by_several"):
        return
    st.subheader(_("Agreement"))
    alpha = found.get("alpha")
    showing.figures(
        [
            showing.Figure(_("Listings judged by several people"), _.number(found["judged_by_several"])),
            showing.Figure(
                _("Krippendorff's alpha"),
                "—" if alpha is None else _.number(alpha, 2),
                _("1: they agree, 0: no better than chance"),
            ),
        ]
    )
    names = {"first": _("person"), "second": _("and person"), "items": _("judged both"), "agreed": _("said the same"),
             "kappa": _("Cohen's kappa")}  # fmt: skip
    rows = [
        {**pair, "kappa": None if pair.get("kappa") is None else _.number(pair["kappa"], 2)}
        for pair in found.get("pairs") or []
    ]
    if rows:
        showing.table(names, rows, ("items", "agreed", "kappa"))


def _answers(view: View, answered: list[dict[str, Any]]) -> None:
    _ = view.wording
    if not answered:
        return
    st.subheader(_("Answers"))
    newest = sorted(answered, key=lambda row: str(row["when"]), reverse=True)[:MOST_ANSWERS]
    columns = ("key", "title", "label", "catalogue_category", "who", "when", "drawn_by", "agreement", "comment")
    said = reasons(_)
    rows = {name: [str(row[name] or "") for row in newest] for name in columns}
    rows["drawn_by"] = [said.get(one, one) for one in rows["drawn_by"]]
    config = {
        "key": _("key"),
        "title": _("title"),
        "label": _("people say"),
        "catalogue_category": _("catalogue's category"),
        "who": _("who"),
        "when": _("when"),
        "drawn_by": _("asked because"),
        "agreement": _("agreement"),
        "comment": _("comment"),
    }
    showing.choose(view, "answers", pa.table(rows), config)
    showing.note(_("Choose a row to see the listing."))


def _proposed(_: Wording, proposed: list[dict[str, Any]]) -> None:
    if not proposed:
        return
    st.subheader(_("New categories that people propose"))
    names = {"proposed": _("category"), "listings": _("listings"), "people": _("people")}
    showing.table(names, proposed, ("listings", "people"))


def _heads(view: View) -> None:
    """Show which heads came into use, and why."""
    _, front = view.wording, view.reading.front
    if not front.promotions:
        return
    st.subheader(_("Heads that came into use"))
    why = {"first": _("the first"), "passed": _("not worse"), "forced": _("by force"), "rolled back": _("taken back")}
    names = {"head": _("head"), "when": _("when"), "why": _("why"), "replaced": _("in place of"),
             "accuracy": _("accuracy, kept aside")}  # fmt: skip
    accuracy = {head.head_id: head.metrics.get("test_accuracy") for head in front.heads}
    rows = [
        {
            "head": one.head_id,
            "when": _.moment(one.made_at) if one.made_at else None,
            "why": why.get(one.why, one.why),
            "replaced": one.replaced,
            "accuracy": _.share(reached) if (reached := accuracy.get(one.head_id)) is not None else None,
        }
        for one in reversed(front.promotions)
    ]
    showing.table(names, rows, ["accuracy"])
