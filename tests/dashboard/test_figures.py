"""What pages calculate and choose, by numbers that can be checked by eye."""

from __future__ import annotations

import importlib.util

import numpy as np
import pyarrow as pa
import pytest

from embedkit.dashboard import charts
from embedkit.dashboard.reading import Judgements
from embedkit.report.palette import COLOURS
from embedkit.workspace import Workspace

if importlib.util.find_spec("streamlit") is None:
    pytest.skip("streamlit is not installed", allow_module_level=True)

from embedkit.dashboard.errors import Filter, passing
from embedkit.dashboard.map import within
from embedkit.dashboard.threshold import above, curve, newest_thresholds


def judged() -> Judgements:
    """Four listings: one agrees, two differ, of one no category is known."""
    return Judgements(
        head_id="h",
        ids=np.arange(4),
        keys=np.array(["a", "b", "c", "d"], dtype=object),
        titles=np.array([""] * 4, dtype=object),
        known=np.array(["red", "red", "blue", None], dtype=object),
        predicted=np.array(["red", "blue", "green", "red"], dtype=object),
        confidence=np.array([0.9, 0.6, 0.8, 0.3]),
        second=np.array([None] * 4, dtype=object),
        second_confidence=np.full(4, np.nan),
        decision=np.array(["accept", "review", "accept", "review"], dtype=object),
        reason=np.array(["sure enough", "not sure", "sure enough", "not sure"], dtype=object),
        asked=((), ("doubt", "suspect"), (), ("audit",)),
    )


def test_an_outcome_is_right_wrong_or_unknown() -> None:
    assert judged().outcome.tolist() == ["right", "wrong", "wrong", "unknown"]


@pytest.mark.parametrize(
    ("chosen", "keys"),
    [
        (Filter(), "cb"),
        (Filter(outcomes=()), "acbd"),
        (Filter(outcomes=(), categories=("blue",)), "cb"),
        (Filter(outcomes=(), categories=("green",)), "c"),
        (Filter(outcomes=(), decisions=("not sure",)), "bd"),
        (Filter(outcomes=(), asked=("suspect", "audit")), "bd"),
        (Filter(outcomes=(), confidence=(0.5, 0.85)), "cb"),
        (Filter(outcomes=("unknown",), categories=("blue",)), ""),
    ],
)
def test_filters_let_pass_what_they_say_surest_first(chosen: Filter, keys: str) -> None:
    found = judged()
    assert "".join(found.keys[passing(found, chosen)]) == keys


KNOWN, RIGHT = np.array([0.9, 0.8, 0.8, 0.5]), np.array([True, True, False, True])


@pytest.mark.parametrize(
    ("threshold", "accepted", "right", "total"), [(0.0, 3, 3, 4), (0.8, 2, 2, 3), (0.81, 1, 1, 1), (1.0, 0, 0, 0)]
)
def test_a_threshold_accepts_what_is_as_sure_and_is_judged_by_what_is_known(
    threshold: float, accepted: int, right: int, total: int
) -> None:
    found = above(threshold, np.array([0.95, 0.8, 0.1]), KNOWN, RIGHT)
    assert (found.accepted, found.precision.right, found.precision.total) == (accepted, right, total)
    assert found.coverage == pytest.approx(accepted / 3)


def test_of_no_listings_none_are_covered() -> None:
    assert above(0.5, np.zeros(0), KNOWN, RIGHT).coverage == 0.0


def test_the_curve_has_a_point_for_each_distinct_confidence() -> None:
    thresholds, covered, precise = curve(KNOWN, RIGHT)
    assert thresholds.tolist() == [0.9, 0.8, 0.5]
    assert covered.tolist() == [0.25, 0.75, 1.0]
    assert precise == pytest.approx([1.0, 2 / 3, 0.75])


def test_a_long_curve_is_thinned_out_but_keeps_its_ends() -> None:
    known = np.linspace(0, 1, 5000)
    thresholds, covered, _ = curve(known, known > 0.5)
    assert len(thresholds) <= 400
    assert (thresholds[0], thresholds[-1], covered[-1]) == (1.0, 0.0, 1.0)


BOX = {"x": [0.5, 2.5], "y": [3.0, 0.0]}
POINTS = pa.table({"x": [0.0, 1.0, 2.0, 2.0], "y": [1.0, 1.0, 3.0, 3.1]})


@pytest.mark.parametrize(("brush", "rows"), [(BOX, [1, 2]), ({}, []), ({"x": [0, 9]}, [])])
def test_a_box_holds_the_points_inside_and_on_it(brush: dict[str, list[float]], rows: list[int]) -> None:
    assert within(POINTS, brush) == rows


def test_thresholds_are_those_of_the_newest_run_that_wrote_them_whole(workspace: Workspace) -> None:
    workspace.create()
    row = '{"category": "c", "threshold": 0.9, "accepted": 1, "review": 1, "known": 1, "wrong": 0, "evidence": "own"}'
    good = '{"promise": 0.9, "head": "%s", "per_class": [' + row + "]}"
    (workspace.reports / "classify-00001.json").write_text(good % "old")
    (workspace.reports / "classify-00002.json").write_text(good % "new")
    (workspace.reports / "classify-00003.json").write_text('{"promise": 0.9, "per_class": [{"category"')
    (workspace.reports / "classify-00004.json").write_text('{"promise": 0.9, "head": "h", "per_class": [{"a": 1}]}')
    found = newest_thresholds(workspace)
    assert found is not None
    assert found["head"] == "new"


def test_without_a_classify_run_there_are_no_thresholds(workspace: Workspace) -> None:
    assert newest_thresholds(workspace) is None


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, by WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [charts.BLUE, charts.ORANGE, charts.QUIET, *COLOURS])
def test_a_chart_s_colours_stand_out_from_white(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 3.0


def test_the_numbers_in_the_two_parts_of_a_bar_stand_out_from_them() -> None:
    assert min(1.05 / (luminance(colour) + 0.05) for colour in (charts.BLUE, charts.ORANGE)) >= 4.5


def test_the_two_parts_of_a_bar_are_told_apart_without_colour() -> None:
    filled, hollow = SPECS["stacked"]["layer"][0]["encoding"]["fill"]["scale"]["range"]
    assert abs(luminance(filled) - (1.0 if hollow == "white" else luminance(hollow))) > 0.5


def test_axes_write_numbers_in_the_reader_s_language() -> None:
    french = charts.in_language(SPECS["coverage"], "fr")
    assert french["config"]["locale"]["number"]["decimal"] == ","
    assert charts.in_language(SPECS["coverage"], "en") == SPECS["coverage"]


def test_no_two_groups_of_a_map_look_alike_up_to_eight() -> None:
    looks = charts.looks_of([str(number) for number in range(8)])
    assert len({colour for colour, _ in looks.values()}) == len({shape for _, shape in looks.values()}) == 8


SPECS = {
    "stacked": charts.stacked("what it shows", "category", "listings", "decision", ("a", "b"), 3),
    "bars": charts.bars("what it shows", "run", "seconds", 3),
    "intervals": charts.intervals("what it shows", "scenario", "accuracy", 3, 0.5),
    "coverage": charts.coverage("what it shows", "covered", "right", "here", 0.9),
    "scatter": charts.scatter("what it shows", "category", charts.looks_of(["a"]), {"key": "key"}),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_chart_says_in_words_what_it_shows(name: str) -> None:
    assert SPECS[name]["description"] == "what it shows"


@pytest.mark.parametrize("name", ["stacked", "bars", "intervals", "coverage"])
def test_every_axis_has_a_name(name: str) -> None:
    parts = [SPECS[name]["encoding"], *(layer.get("encoding", {}) for layer in SPECS[name]["layer"])]
    for axis in ("x", "y"):
        assert any(part.get(axis, {}) and part[axis].get("title") for part in parts)
