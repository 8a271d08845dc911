"""What encoding costs, by what was measured."""

from __future__ import annotations

from embedkit.study.costs import Cost, Measure, cost_of, said_of


def test_all_encoded_now_is_measured_and_all_encoded_earlier_is_replayed() -> None:
    assert cost_of(100, [Measure(100, 5.0, now=True)], 2) == Cost(100, 5.0, "measured")
    assert cost_of(100, [Measure(100, 5.0, run_id=3)], 2) == Cost(100, 5.0, "replayed")


def test_a_part_is_scaled_from_the_largest_that_was_measured() -> None:
    assert cost_of(100, [Measure(10, 9.0, now=True), Measure(50, 4.0)], 2) == Cost(100, 8.0, "scaled")


def test_more_than_is_wanted_is_scaled_down() -> None:
    assert cost_of(100, [Measure(400, 20.0)], 2) == Cost(100, 5.0, "scaled")


def test_a_whole_encoding_of_an_earlier_run_goes_before_a_sample_of_this_one() -> None:
    found = cost_of(100, [Measure(100, 5.0, run_id=1), Measure(20, 9.0, peak_bytes=7, run_id=2, now=True)], 2)
    assert found == Cost(100, 5.0, "replayed", 7)


def test_this_run_goes_before_an_earlier_one_and_a_newer_before_an_older() -> None:
    older, newer = Measure(100, 5.0, run_id=1), Measure(100, 6.0, run_id=2)
    assert cost_of(100, [newer, older], 2) == Cost(100, 6.0, "replayed")
    assert cost_of(100, [Measure(100, 7.0, now=True), newer], 2) == Cost(100, 7.0, "measured")


def test_another_number_of_cores_is_another_machine() -> None:
    assert cost_of(100, [Measure(100, 5.0, cores=16)], 2) is None
    assert cost_of(100, [Measure(100, 5.0, cores=16), Measure(10, 5.0, cores=2)], 2) == Cost(100, 50.0, "scaled")


def test_nothing_measured_is_no_cost() -> None:
    assert cost_of(100, [Measure(0, 0.1, now=True)], 2) is None


def test_a_scenario_says_every_way_its_costs_are_known() -> None:
    costs = [Cost(1, 1.0, "scaled"), Cost(1, 1.0, "measured"), Cost(1, 1.0, "measured")]
    assert said_of(costs) == "measured + scaled"
    assert said_of([]) == "measured"
