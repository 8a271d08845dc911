"""The ladder of indexes: by number, budget and recall, before anything is allocated."""

from __future__ import annotations

import pytest

from embedkit.stores.plan import STEPS, IndexTooLarge, count_lists, plan_index, plan_kind

GIB = 2**30


@pytest.mark.parametrize(
    ("n", "budget_bytes", "kind"),
    [
        (0, GIB, "flat"),
        (1, GIB, "flat"),
        (200_000, GIB, "flat"),
        (200_001, GIB, "hnsw"),
        (1_000_000, 3 * GIB, "hnsw"),
        (1_000_000, 3 * GIB // 2, "ivf-fp16"),
        (1_000_000, int(0.9 * GIB), "ivf-sq8"),
        (1_000_000, GIB, "ivf-rabitq-sq8"),
        (100_000, 140_000_000, "ivf-sq8"),
    ],
)
def test_the_fastest_index_that_fits_is_planned(n: int, budget_bytes: int, kind: str) -> None:
    assert plan_index(n, 512, budget_bytes).kind == kind


@pytest.mark.parametrize("n", [1_000, 250_000, 1_000_000])
def test_a_plan_never_needs_more_than_its_budget(n: int) -> None:
    least = min(plan_kind(kind, n, 512).need_bytes for kind in STEPS)
    for budget_bytes in (least, 2 * least, 2**32):
        assert plan_index(n, 512, budget_bytes).need_bytes <= budget_bytes


def test_where_nothing_fits_the_need_and_the_budget_are_told() -> None:
    with pytest.raises(IndexTooLarge, match="the budget is 1,000") as caught:
        plan_index(1_000_000, 512, 1_000)
    assert caught.value.need_bytes == plan_kind("ivf-sq8", 1_000_000, 512).need_bytes
    assert caught.value.budget_bytes == 1_000


def test_a_high_recall_rules_the_short_codes_out() -> None:
    assert plan_index(1_000_000, 512, 3 * GIB // 2, recall=0.98).kind == "ivf-fp16"
    with pytest.raises(IndexTooLarge):
        plan_index(1_000_000, 512, GIB, recall=0.98)


def test_perfect_recall_is_exact_search_however_many_there_are() -> None:
    assert plan_index(1_000_000, 512, 4 * GIB, recall=1.0).kind == "flat"


@pytest.mark.parametrize(
    ("kind", "bytes_per_vector"), [("flat", 2056), ("hnsw", 2328), ("ivf-fp16", 1040), ("ivf-sq8", 528)]
)
def test_a_vector_of_512_takes_what_was_measured(kind: str, bytes_per_vector: int) -> None:
    assert plan_kind(kind, 1_000_000, 512).bytes_per_vector == bytes_per_vector  # type: ignore[arg-type]


def test_there_are_about_four_lists_for_each_root_and_enough_points_in_each() -> None:
    assert [count_lists(n) for n in (1, 39, 1_000, 1_000_000, 16_000_000)] == [1, 1, 16, 4096, 16384]


def test_every_kind_can_be_planned_for_a_single_vector() -> None:
    assert all(plan_kind(kind, 1, 8).train_rows <= 1 for kind in STEPS)
