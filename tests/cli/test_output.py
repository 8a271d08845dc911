"""Rows on stdout."""

from __future__ import annotations

import csv
import io
import json

import pytest

from embedkit.cli.output import as_csv, as_table, emit

ROWS = [{"key": "a,1", "price": 9.5, "classes": ["mugs", "lamps"]}, {"key": 'b"2', "price": None, "classes": []}]


def test_a_table_aligns_numbers_to_the_right_and_leaves_nothing_blank_for_none() -> None:
    assert as_table(ROWS) == ('key  price  classes\n---  -----  -----------\na,1    9.5  mugs; lamps\nb"2\n')


def test_a_long_text_is_cut_with_an_ellipsis_and_line_breaks_become_spaces() -> None:
    table = as_table([{"title": "two\nlines " + "x" * 100}])
    assert max(len(line) for line in table.splitlines()) == 90
    assert "two lines x" in table
    assert table.rstrip().endswith("…")


def test_csv_survives_quotes_and_commas() -> None:
    assert list(csv.reader(io.StringIO(as_csv(ROWS)))) == [
        ["key", "price", "classes"],
        ["a,1", "9.5", "mugs; lamps"],
        ['b"2', "", ""],
    ]


def test_json_has_null_for_a_number_that_json_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    emit([{"x": float("nan")}], "json")
    assert json.loads(capsys.readouterr().out) == [{"x": None}]


def test_json_lines_are_one_document_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    emit(ROWS, "nl")
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == ROWS


def test_no_rows_is_an_empty_document_for_programs_and_nothing_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    emit([], "json")
    emit([], None)
    assert capsys.readouterr().out == "[]\n"
