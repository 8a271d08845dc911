"""JSON Lines: types as they are, and a broken line that costs itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedkit.catalog.tables import Table, read_table
from embedkit.errors import CatalogError


def table(folder: Path, content: str) -> Table:
    path = folder / "listings.jsonl"
    path.write_text(content)
    return read_table(path)


def test_values_keep_their_types(tmp_path: Path) -> None:
    assert table(tmp_path, '{"id": "007", "price": 1.5, "new": true}\n').columns == {
        "id": ["007"],
        "price": [1.5],
        "new": [True],
    }


def test_columns_are_all_that_any_line_names(tmp_path: Path) -> None:
    assert table(tmp_path, '{"a": 1}\n{"b": 2}\n').columns == {"a": [1, None], "b": [None, 2]}


@pytest.mark.parametrize("broken", ['{"id": ', "[1, 2]", "7", "[" * 100_000])
def test_a_broken_line_is_named_and_the_others_go_on(tmp_path: Path, broken: str) -> None:
    read = table(tmp_path, f'{{"id": 1}}\n{broken}\n\n{{"id": 2}}\n')
    assert (read.columns["id"], read.rows) == ([1, 2], [1, 4])
    assert [(one.row, one.cause.startswith("line 2 is not")) for one in read.problems] == [(2, True)]


def test_half_a_surrogate_pair_and_nul_do_not_reach_the_listings(tmp_path: Path) -> None:
    title = table(tmp_path, '{"title": "a\\ud800b\\u0000c\\ud83d\\ude00"}\n').columns["title"][0]
    assert title.encode() == "a\ufffdbc\U0001f600".encode()


def test_one_json_list_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="jq -c"):
        table(tmp_path, '[{"id": 1}]')


def test_a_file_of_broken_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no usable rows; the first: line 1 is not JSON"):
        table(tmp_path, "nothing\nat all\n")
