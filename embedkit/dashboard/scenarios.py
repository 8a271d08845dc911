"""Scenarios side by side: what each reaches, what it costs, and which listings it sorts otherwise."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import streamlit as st

from embedkit.dashboard import charts, showing
from embedkit.dashboard.view import View
from embedkit.studies import Rows, Study
from embedkit.wording import Wording

MOST_CHANGED = 1_000
SHARES = ("train_accuracy", "macro_f1", "ece", "coverage", "cv_accuracy")
LEAST_CHANCE = 0.001
SECONDS = ("encode_s", "train_s", "predict_s", "total_s")


def show(view: View) -> None:
    """Show the page."""
    _, study = view.wording, view.reading.study("compare")
    if study is None or not study.tables.get("scenarios"):
        showing.missing(_("No scenarios have been compared yet."), view.command("compare"))
        return
    rows = study.tables["scenarios"]
    _tables(_, study, rows)
    left, right = st.columns(2)
    with left:
        _accuracy(view, rows)
    with right:
        _time(view, rows)
    _changed(view, study, rows)


def _tables(_: Wording, study: Study, rows: Rows) -> None:
    """Show what each scenario reaches, what was decided, and what each costs."""
    said = [_said(_, row) for row in rows]
    reached = {
        "scenario": _("scenario"),
        "what": _("what"),
        "test_accuracy": _("accuracy, kept aside"),
        "between": _("95 % interval"),
        "train_accuracy": _("accuracy, trained on"),
        "cv_accuracy": _("cross-validated"),
        "macro_f1": _("macro-F1"),
        "ece": _("calibration error"),
        "coverage": _("coverage"),
        "changed": _("sorted otherwise"),
        "p_value": _("p against the first"),
    }
    if all(row.get("cv_accuracy") is None for row in rows):
        del reached["cv_accuracy"]
    showing.table(reached, said, [name for name in reached if name not in ("scenario", "what")])
    promise, listings = study.numbers.get("promise"), study.numbers.get("listings")
    if promise is not None and listings is not None:
        note = _(
            "{n} listings; coverage is the share accepted at a promise of {promise}; p is McNemar's, exact.",
            n=_.number(listings),
            promise=_.share(promise),
        )
        showing.note(note)
    for line in study.numbers.get("decision") or []:
        showing.text(str(line))
    cost = {
        "scenario": _("scenario"),
        "encoders": _("encoders"),
        "encode_s": _("encode, s"),
        "train_s": _("train, s"),
        "predict_s": _("predict, s"),
        "total_s": _("total, s"),
        "times": _("times"),
        "listings_per_s": _("listings/s"),
        "peak_mib": _("memory, MiB"),
    }
    showing.table(cost, said, [*SECONDS, "listings_per_s", "peak_mib"])
    showing.note(_("From embedkit compare, {moment}.", moment=_.moment(study.made_at)))


def _said(_: Wording, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its numbers in words."""
    said: dict[str, Any] = {name: row.get(name) for name in ("scenario", "what", "encoders", "times")}
    said |= {name: _share(_, row.get(name)) for name in SHARES}
    said |= {name: _number(_, row.get(name), 1) for name in SECONDS}
    said["test_accuracy"] = _share(_, row.get("test_accuracy"))
    if row.get("test_low") is not None and row.get("test_high") is not None:
        said["between"] = _("{low} to {high}", low=_.share(row["test_low"]), high=_.share(row["test_high"]))
    said["listings_per_s"] = _number(_, row.get("listings_per_s"), 0)
    said["changed"] = _number(_, row.get("changed"), 0)
    said["peak_mib"] = _number(_, row.get("peak_mib"), 0)
    said["p_value"] = _chance(_, row.get("p_value"))
    how = {"measured": _("measured"), "replayed": _("measured earlier"), "scaled": _("scaled from a sample")}
    said["times"] = " + ".join(how.get(one, one) for one in str(row.get("times") or "").split(" + "))
    return said


def _chance(_: Wording, value: Any) -> str | None:
    """Return a p-value as people write it: one that is very small is not 0."""
    if value is None:
        return None
    return f"< {_.number(LEAST_CHANCE, 3)}" if value < LEAST_CHANCE else _.number(value, 3)


def _share(_: Wording, value: Any) -> str | None:
    return None if value is None else _.share(value)


def _number(_: Wording, value: Any, digits: int) -> str | None:
    return None if value is None else _.number(value, digits)


def _accuracy(view: View, rows: Rows) -> None:
    _ = view.wording
    tested = [
        row for row in rows if all(row.get(name) is not None for name in ("test_accuracy", "test_low", "test_high"))
    ]
    if not tested:
        return
    st.subheader(_("Accuracy on listings kept aside"))
    shown = {
        "name": [str(row["scenario"]) for row in tested],
        "value": [float(row["test_accuracy"]) for row in tested],
        "low": [float(row["test_low"]) for row in tested],
        "high": [float(row["test_high"]) for row in tested],
        "said": [_.share(row["test_accuracy"]) for row in tested],
    }
    least = max(0.0, min(float(row["test_low"]) for row in tested) - 0.05)
    spec = charts.intervals(
        _("Accuracy of each scenario with its 95 % interval"), _("scenario"), _("accuracy"), len(tested), least
    )
    showing.chart(view, "accuracy", spec, pa.table(shown))
    showing.note(_("The line is the 95 % interval. The axis does not start at 0."))


def _time(view: View, rows: Rows) -> None:
    _ = view.wording
    timed = [row for row in rows if row.get("total_s") is not None]
    if not timed:
        return
    st.subheader(_("Time from pictures and texts to predictions"))
    shown = {
        "name": [str(row["scenario"]) for row in timed],
        "value": [float(row["total_s"]) for row in timed],
        "said": [f"{_.number(row['total_s'], 1)} s" for row in timed],
    }
    showing.chart(
        view,
        "time",
        charts.bars(_("Total seconds of each scenario"), _("scenario"), _("seconds"), len(timed)),
        pa.table(shown),
    )


def _changed(view: View, study: Study, rows: Rows) -> None:
    """Show which listings a scenario sorts otherwise than the first one."""
    _, changed = view.wording, study.tables.get("changed") or []
    others = [str(row["scenario"]) for row in rows[1:]]
    if not changed or not others:
        return
    first = str(rows[0]["scenario"])
    st.subheader(_("Listings that are sorted otherwise than by the first scenario"))
    chosen = st.selectbox(_("Scenario"), others)
    kinds = {"now right": _("now right"), "now wrong": _("now wrong"), "still wrong": _("still wrong")}
    mine = [row for row in changed if str(row.get("scenario")) == chosen][:MOST_CHANGED]
    if not mine:
        showing.note(_("None: both say the same of every listing."))
        return
    names = ("key", "title", "truth", "first_label", "label")
    columns: dict[str, list[Any]] = {name: [str(row.get(name) or "") for row in mine] for name in names}
    columns["change"] = [kinds.get(str(row.get("change")), str(row.get("change"))) for row in mine]
    config = {
        "key": st.column_config.TextColumn(_("key"), width="small"),
        "title": st.column_config.TextColumn(_("title"), width="medium"),
        "truth": _("filed under"),
        "first_label": _("scenario {name} says", name=first),
        "label": _("scenario {name} says", name=chosen),
        "change": _("change"),
    }
    showing.choose(view, "changed", pa.table(columns), config)
    showing.note(_("Choose a row to see the listing."))
