"""What a threshold would accept, and how much of that is right, on listings that the head had not seen."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import streamlit as st
from numpy.typing import NDArray

from embedkit.dashboard import charts, showing
from embedkit.dashboard.view import View
from embedkit.wording import Wording
from embedkit.workspace import Workspace

if TYPE_CHECKING:
    from embedkit.heads.promise import Evidence
    from embedkit.metrics import Share

MOST_POINTS = 400
FIRST = 90.0


@dataclass(frozen=True)
class Above:
    """What lies at or above a threshold: how many of the listings, and what share of the known ones there is right."""

    accepted: int
    listings: int
    precision: Share

    @property
    def coverage(self) -> float:
        """The share of the listings that is accepted, in [0, 1]; 0 of none."""
        return self.accepted / self.listings if self.listings else 0.0


def above(
    threshold: float, confidence: NDArray[np.float64], known: NDArray[np.float64], right: NDArray[np.bool_]
) -> Above:
    """Return what a threshold in [0, 1] accepts of listings with confidence float64[n].

    known float64[m] and right bool[m] are the held-out listings: how sure the head is of each, and whether it is right.
    """
    from embedkit.metrics import share

    over = known >= threshold
    accepted = int(np.count_nonzero(confidence >= threshold))
    return Above(accepted, len(confidence), share(int(right[over].sum()), int(over.sum())))


def curve(known: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Return (threshold, coverage, precision), float64[k] each, the surest first: one point a distinct confidence."""
    order = np.argsort(-known, kind="stable")
    sure, hits = known[order], np.cumsum(right[order])
    counts = np.arange(1, len(sure) + 1)
    last = np.append(sure[1:] < sure[:-1], True)[: len(sure)]
    at = np.flatnonzero(last)
    if len(at) > MOST_POINTS:
        at = at[np.unique(np.linspace(0, len(at) - 1, MOST_POINTS).astype(np.int64))]
    return sure[at], counts[at] / max(1, len(sure)), hits[at] / counts[at]


def show(view: View) -> None:
    """Show the page."""
    _, head = view.wording, view.reading.in_use
    if head is None:
        verb = "heads promote HEAD" if view.reading.front.heads else "train"
        showing.missing(_("No head is in use, so there is no confidence to set a threshold for."), view.command(verb))
        return
    evidence = view.reading.evidence
    if not len(evidence.ids):
        showing.missing(_("The head in use has no held-out listings to judge a threshold by."), view.command("train"))
        return
    judged = head.head_id in view.reading.front.predicting
    if not judged:
        showing.missing(
            _("This head has classified nothing yet: coverage is that of the held-out listings."),
            view.command("classify --promise 0.98"),
        )
    _live(view, evidence, judged)
    _promised(view)


@st.fragment
def _live(view: View, evidence: Evidence, judged: bool) -> None:
    """Show the slider and what it does; only this part is drawn again when it moves."""
    _, head = view.wording, view.reading.in_use
    assert head is not None
    left, right = st.columns([2, 1])
    with left:
        percent = st.slider(
            _("Accept from this confidence on, %"), 0.0, 100.0, FIRST, step=0.5, format="%.1f", key="threshold"
        )
    with right:
        every = _("all categories")
        category = st.selectbox(_("Category that the model says"), [every, *head.classes], key="threshold-category")
    mine = np.ones(len(evidence.ids), dtype=bool)
    confidence = evidence.confidence
    if judged:
        listings = view.reading.judgements(head.head_id)
        confidence = listings.confidence if category == every else listings.confidence[listings.predicted == category]
    if category != every:
        mine = evidence.predicted == head.classes.index(category)
        confidence = confidence if judged else confidence[mine]
    known, hits = evidence.confidence[mine], evidence.right[mine]
    found = above(percent / 100, confidence, known, hits)
    _figures(_, found)
    if len(known):
        _curve(view, found, known, hits, percent / 100)


def _figures(_: Wording, found: Above) -> None:
    precision = found.precision
    if precision.total:
        value = _.share(precision.value)
        said = _(
            "between {low} and {high} (95 %): {right} of {n} held-out listings that are as sure",
            low=_.share(precision.low),
            high=_.share(precision.high),
            right=_.number(precision.right),
            n=_.number(precision.total),
        )
    else:
        value, said = "—", _("no held-out listing is as sure")
    counted = _("{accepted} of {n} listings", accepted=_.number(found.accepted), n=_.number(found.listings))
    left = found.listings - found.accepted
    showing.figures(
        [
            showing.Figure(_("Coverage: accepted without a person"), _.share(found.coverage), counted),
            showing.Figure(_("Precision: right among those accepted"), value, said),
            showing.Figure(_("Left for people"), _.number(left)),
        ]
    )


def _curve(view: View, found: Above, known: NDArray[np.float64], right: NDArray[np.bool_], threshold: float) -> None:
    _ = view.wording
    at, covered, precise = curve(known, right)
    over = int(np.count_nonzero(known >= threshold))
    here = np.zeros(len(at), dtype=bool)
    if over:
        here[min(int(np.searchsorted(covered, over / len(known) - 1e-9)), len(at) - 1)] = True
    rows = pa.table({"threshold": at, "coverage": covered, "precision": precise, "here": here})
    spec = charts.coverage(
        _("Precision of what is accepted, over the share that is accepted, of the held-out listings"),
        _("share accepted of the held-out listings"),
        _("share right of those"),
        _("the threshold"),
        max(0.0, float(precise.min()) - 0.02),
    )
    showing.chart(view, "coverage", spec, rows)
    showing.note(
        _("Held-out listings are judged by a model that had not seen them. The axis of precision does not start at 0.")
    )


def _promised(view: View) -> None:
    """Show the thresholds that the newest classify run set by its promise, category by category."""
    _, found = view.wording, newest_thresholds(view.reading.workspace)
    if found is None:
        return
    st.subheader(_("The thresholds of the newest classify run"))
    names = {"category": _("category"), "threshold": _("accepted from"), "accepted": _("accepted"),
             "review": _("for review"), "known": _("known, as sure"), "wrong": _("of those wrong"),
             "evidence": _("evidence")}  # fmt: skip
    origins = {"own": _("its own"), "shared": _("shared by all"), "none": _("too little")}
    rows = [
        {
            "category": row["category"],
            "threshold": _("never") if row["threshold"] is None else _.share(row["threshold"], 2),
            "evidence": origins.get(str(row["evidence"]), row["evidence"]),
            **{name: _.number(row[name]) for name in ("accepted", "review", "known", "wrong")},
        }
        for row in found["per_class"]
    ]
    showing.table(names, rows, ("threshold", "accepted", "review", "known", "wrong"))
    showing.note(
        _(
            "Set so that {promise} of what is accepted is right, with room for chance, by head {head}.",
            promise=_.share(found["promise"]),
            head=found["head"],
        )
    )


def newest_thresholds(workspace: Workspace) -> dict[str, Any] | None:
    """Return what the newest classify run wrote: promise, head, per_class; None where nothing whole is there."""
    wanted = {"category", "threshold", "accepted", "review", "known", "wrong", "evidence"}
    for path in sorted(workspace.reports.glob("classify-*.json"), reverse=True):
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(found["promise"], (int, float)) and all(wanted <= set(row) for row in found["per_class"]):
                return {name: found[name] for name in ("promise", "head", "per_class")}
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None
