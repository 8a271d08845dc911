"""CSV and TSV: strings as they stand, and bad rows that cost only themselves."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from embedkit.catalog.delimited import guess_delimiter, read_delimited
from embedkit.catalog.tables import Table, read_table
from embedkit.errors import CatalogError


def table(folder: Path, content: str | bytes, name: str = "listings.csv", encoding: str | None = None) -> Table:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, encoding)


def refusal(folder: Path, content: str | bytes, name: str = "listings.csv", encoding: str | None = None) -> str:
    with pytest.raises(CatalogError) as caught:
        table(folder, content, name, encoding)
    return str(caught.value)


@pytest.mark.parametrize("word", ["null", "NA", "NaN", "None", "007", "1e5", "true", "-"])
def test_no_word_is_taken_for_a_missing_value_or_a_number(tmp_path: Path, word: str) -> None:
    assert table(tmp_path, f"id,title\n1,{word}\n").columns["title"] == [word]


def test_an_empty_or_blank_cell_is_missing(tmp_path: Path) -> None:
    assert table(tmp_path, "id,title\n1,\n2,  \n").columns["title"] == [None, None]


def test_a_byte_order_mark_and_windows_line_ends_leave_no_trace(tmp_path: Path) -> None:
    assert table(tmp_path, b"\xef\xbb\xbfid,title\r\n1,mug\r\n").columns == {"id": ["1"], "title": ["mug"]}


def test_quoted_cells_keep_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    assert table(tmp_path, 'id,title\n1,"24"" monitor,\nblack"\n').columns["title"] == ['24" monitor,\nblack']


def test_a_line_separator_inside_a_title_does_not_end_the_row(tmp_path: Path) -> None:
    assert table(tmp_path, "id,title\n1,red\u2028mug\n").columns["title"] == ["red\u2028mug"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_a_csv_may_use_any_common_delimiter(tmp_path: Path, mark: str) -> None:
    assert table(tmp_path, f'id{mark}"title, text; and more"\n1{mark}mug\n').names == ("id", "title, text; and more")


def test_a_comma_inside_a_semicolon_header_does_not_win() -> None:
    assert guess_delimiter("id;title, short;price\n") == ";"


def test_a_tsv_is_cut_at_tabs_only(tmp_path: Path) -> None:
    assert table(tmp_path, "a,b,c\tid\n1,2,3\t7\n", "listings.tsv").columns == {"a,b,c": ["1,2,3"], "id": ["7"]}


def test_a_row_with_too_many_fields_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    read = table(tmp_path, "id,title\n1,mug\n2,red,mug\n3,cup\n")
    assert (read.columns["id"], read.rows) == (["1", "3"], [1, 3])
    assert [(one.row, one.cause) for one in read.problems] == [
        (2, "3 fields where the header has 2 (line 3); the row is left out")
    ]


def test_a_row_with_too_few_fields_is_kept_and_named(tmp_path: Path) -> None:
    read = table(tmp_path, "id,title,text\n1,mug\n")
    assert (read.columns["text"], read.problems[0].row) == ([None], 1)


def test_empty_fields_beyond_the_header_are_no_problem(tmp_path: Path) -> None:
    read = table(tmp_path, "id,title,\n1,mug,\n2,cup,,\n")
    assert (read.names, len(read), read.problems) == (("id", "title"), 2, [])


def test_an_unnamed_column_with_values_keeps_them(tmp_path: Path) -> None:
    assert table(tmp_path, ",title\n1,mug\n").columns["column_1"] == ["1"]


def test_an_unclosed_quote_names_the_row_where_it_opens(tmp_path: Path) -> None:
    assert "opened in row 2, line 3, is not closed by line 5" in refusal(
        tmp_path, 'id,title\n1,mug\n2,"cup\n3,pot\n4,pan\n'
    )


def test_an_unclosed_quote_that_the_next_one_closes_is_still_found(tmp_path: Path) -> None:
    assert "opened in row 1, line 2" in refusal(tmp_path, 'id,title\n1,"mug\n2,"cup"\n3,pot\n')


def test_a_stray_quote_on_one_line_costs_that_line(tmp_path: Path) -> None:
    read = table(tmp_path, 'id,title\n1,"24" monitor\n2,cup\n')
    assert (read.columns["id"], read.rows, read.problems[0].row) == (["2"], [2], 1)


def test_a_broken_header_is_not_replaced_by_the_first_row(tmp_path: Path) -> None:
    assert "the header has a quote" in refusal(tmp_path, 'id,"ti"tle\n1,mug\n')


def test_nul_bytes_are_taken_out_and_named(tmp_path: Path) -> None:
    read = table(tmp_path, "id,title\n1,cup\n2,m\0ug\n")
    assert read.columns["title"] == ["cup", "mug"]
    assert [(one.row, one.cause) for one in read.problems] == [(2, "NUL bytes taken out (line 3)")]


def test_a_wrong_encoding_names_the_line_the_byte_and_the_way_out(tmp_path: Path) -> None:
    said = refusal(tmp_path, "id,title\n1,mug\n2,théière\n".encode("latin-1"))
    assert "listings.csv is not utf-8: line 3 (byte 19, 0xe9)" in said
    assert "--encoding latin-1" in said


def test_a_named_encoding_is_used(tmp_path: Path) -> None:
    assert table(tmp_path, "id,title\n1,théière\n".encode("latin-1"), encoding="latin-1").columns["title"] == [
        "théière"
    ]


def test_utf_16_is_recognised_by_its_mark(tmp_path: Path) -> None:
    assert "--encoding utf-16" in refusal(tmp_path, "id,title\n1,mug\n".encode("utf-16"))


def test_an_unknown_encoding_is_named(tmp_path: Path) -> None:
    assert "there is no encoding 'utf-9'" in refusal(tmp_path, "id\n1\n", encoding="utf-9")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("id,title\n", "has a header and no rows"),
        ("id,title,id\n1,mug,2\n", 'several columns called "id" (columns 1, 3)'),
        ("id,title\n1,2,3\n", "holds no usable rows"),
        (b"PK\x03\x04 and so on", "Excel"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said in refusal(tmp_path, content)


def test_an_unknown_suffix_names_the_formats(tmp_path: Path) -> None:
    assert "Parquet (.parquet)" in refusal(tmp_path, "x", "listings.xlsx")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"absent\.csv cannot be read"):
        read_table(tmp_path / "absent.csv")


def test_a_long_description_is_read_and_the_process_keeps_its_own_limit(tmp_path: Path) -> None:
    csv.field_size_limit(131_072)
    assert len(table(tmp_path, f"id,text\n1,{'x' * 300_000}\n").columns["text"][0]) == 300_000
    assert csv.field_size_limit() == 131_072


def test_good_rows_are_what_the_csv_module_reads(tmp_path: Path) -> None:
    path = tmp_path / "listings.csv"
    cells = [[f"k{i}", ('a "b", ' * (i % 4)).strip() or "-", "x\r\ny"] for i in range(500)]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["id", "title", "text"], *cells])
    assert [list(row) for row in zip(*read_delimited(path).columns.values(), strict=True)] == cells
