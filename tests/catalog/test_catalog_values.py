"""Attribute types: the narrowest that loses nothing."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from embedkit.catalog.values import as_text, infer


@pytest.mark.parametrize(
    ("values", "kind", "typed"),
    [
        (["1899.0", "", "5"], "DOUBLE", [1899.0, None, 5.0]),
        (["1", "-2", None], "BIGINT", [1, -2, None]),
        (["True", "false"], "BOOLEAN", [True, False]),
        (["007", "12"], "VARCHAR", ["007", "12"]),
        (["1", "x"], "VARCHAR", ["1", "x"]),
        (["NaN", "1.5"], "VARCHAR", ["NaN", "1.5"]),
        (["inf"], "VARCHAR", ["inf"]),
        (["e5"], "VARCHAR", ["e5"]),
        (["1e400"], "VARCHAR", ["1e400"]),
        (["9223372036854775807"], "BIGINT", [2**63 - 1]),
        (["9223372036854775808"], "DOUBLE", [2.0**63]),
        (["٣"], "VARCHAR", ["٣"]),
        ([None, " "], "VARCHAR", [None, None]),
        ([], "VARCHAR", []),
    ],
)
def test_strings_get_the_type_that_holds_all_of_them(values: list[Any], kind: str, typed: list[Any]) -> None:
    assert infer(values, textual=True) == (kind, typed)


@pytest.mark.parametrize(
    ("values", "kind", "typed"),
    [
        (["5", "6"], "VARCHAR", ["5", "6"]),
        ([1, 2.5, None], "DOUBLE", [1.0, 2.5, None]),
        ([1, None], "BIGINT", [1, None]),
        ([True, False], "BOOLEAN", [True, False]),
        ([1, True], "VARCHAR", ["1", "true"]),
        ([2**70, 1], "VARCHAR", [str(2**70), "1"]),
        ([float("nan"), 1.5], "DOUBLE", [None, 1.5]),
        ([float("inf"), 1.5], "DOUBLE", [None, 1.5]),
        ([["a", "é"], {"b": 1}], "VARCHAR", ['["a", "é"]', '{"b": 1}']),
        ([datetime.date(2016, 4, 30)], "VARCHAR", ["2016-04-30"]),
    ],
)
def test_typed_values_keep_their_type_where_one_fits(values: list[Any], kind: str, typed: list[Any]) -> None:
    assert infer(values, textual=False) == (kind, typed)


@pytest.mark.parametrize(("value", "text"), [(1163.0, "1163"), (0.5, "0.5"), (True, "true"), ("x", "x"), (7, "7")])
def test_a_value_reads_as_a_person_would_write_it(value: Any, text: str) -> None:
    assert as_text(value) == text
