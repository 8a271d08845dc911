"""The chapter on what ran when, with which models."""

from __future__ import annotations

from embedkit.gathered import Gathered
from embedkit.report.html import Html, Told, interval, join, table, tag
from embedkit.report.parts import Section

MOST_RUNS = 40


def past(gathered: Gathered, _: Told) -> Section:
    """Return the runs, the encoders and the heads of the workspace."""
    body = [
        tag("h3", _("Trained models")),
        _heads(gathered, _),
        tag("h3", _("Encoders")),
        _encoders(gathered, _),
        tag("h3", _("Runs")),
        _runs(gathered, _),
    ]
    return Section("past", _("What ran when, with which model"), join(body))


def _heads(gathered: Gathered, _: Told) -> Html:
    names = [_("model"), _("in use"), _("kind"), _("reads"), _("categories"), _("right on unseen listings"),
             _("95% interval"), _("trained (UTC)")]  # fmt: skip
    rows = [
        [
            tag("code", row["head"]),
            _("in use") if row["in_use"] else "",
            row["kind"],
            row["features"],
            _.number(row["classes"]),
            _.share(row["test_accuracy"]),
            interval(_, row["test_low"], row["test_high"]),
            tag("span", _.moment(row["created_at"]), class_="when"),
        ]
        for row in reversed(gathered.table("heads"))
    ]
    return table(names, rows, numbers=(4, 5, 6))


def _encoders(gathered: Gathered, _: Told) -> Html:
    reads = {"image": _("pictures"), "text": _("texts")}
    names = [_("encoder"), _("reads"), _("prepared"), _("precision"), _("dimensions"), _("vectors"), _("weights"),
             _("device")]  # fmt: skip
    rows = [
        [
            row["name"],
            reads.get(row["modality"], row["modality"]),
            row["variant"],
            row["precision"],
            _.number(row["dim"]),
            _.number(row["vectors"]),
            tag("code", row["weights"]),
            row["device"],
        ]
        for row in gathered.table("models")
    ]
    return table(names, rows, numbers=(4, 5))


def _runs(gathered: Gathered, _: Told) -> Html:
    how = {
        None: _("did not end"),
        0: _("done"),
        3: _("done, but some listings failed"),
        4: _("a required minimum was not met"),
    }
    names = [_("run"), _("command"), _("when (UTC)"), _("seconds"), _("ended"), _("with"), _("version")]
    rows = [
        [
            _.number(row["run_id"]),
            tag("code", f"embedkit {row['verb']}"),
            tag("span", _.moment(row["started_at"]), class_="when"),
            _.number(row["seconds"], 1),
            how.get(row["exit_code"], _("failed")),
            row["what"],
            row["version"],
        ]
        for row in reversed(gathered.table("runs")[-MOST_RUNS:])
    ]
    return table(names, rows, numbers=(3,))
