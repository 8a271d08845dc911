"""Predicates: they find what they say, and can do nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from embedkit.errors import Misuse
from embedkit.stores.database import Database
from embedkit.stores.items import ItemRow, load_items
from embedkit.stores.runs import CatalogueRecord, record_catalogue
from embedkit.stores.where import list_columns, select_ids

TYPES = {"price": "DOUBLE", "Brand": "VARCHAR", "in stock": "BOOLEAN", "Title": "VARCHAR", 'we"ird/~': "BIGINT"}
ROWS = [
    ItemRow("w1", "Watch", category=("Watches", "Men"), attributes={"price": 100, "in stock": True, 'we"ird/~': 7}),
    ItemRow("w2", "Watch", category=("Watches",), attributes={"price": 900, "Brand": "O'Neill", "Title": "clash"}),
    ItemRow("c1", "Curtain", picture="c.jpg", category=("Home", "Curtains"), attributes={"price": "cheap"}),
]


@pytest.fixture
def catalogue(database: Database, index_catalogue: Callable[[list[ItemRow]], None]) -> Database:
    index_catalogue(ROWS)
    with database.connect(read_only=False) as connection:
        record_catalogue(connection, 1, CatalogueRecord("c.csv", None, {}, TYPES))
    return database


@pytest.mark.parametrize(
    ("predicate", "ids"),
    [
        ("price < 500 AND category = 'Watches'", [1]),
        ("category = 'Watches'", [1, 2]),
        ("category_path = 'Home > Curtains'", [3]),
        ("category_2 = 'Men'", [1]),
        ("category_1 <> 'Home'", [1, 2]),
        ("price IS NULL", [3]),
        ("brand = 'O''Neill'", [2]),
        ('"in stock"', [1]),
        ('"we""ird/~" = 7', [1]),
        ("title = 'Watch' AND attr_Title = 'clash'", [2]),
        ("key LIKE 'w%' -- the watches", [1, 2]),
        ("picture IS NOT NULL OR price > 500", [2, 3]),
        ("item_id IN (1, 3)", [1, 3]),
        ("false", []),
    ],
)
def test_a_predicate_selects_the_items_it_is_true_of(catalogue: Database, predicate: str, ids: list[int]) -> None:
    assert select_ids(catalogue, predicate).tolist() == ids


@pytest.mark.parametrize(
    "predicate",
    [
        "1=1); DROP TABLE item_versions; --",
        "1=1; DELETE FROM item_versions",
        "1=1) UNION SELECT (1",
        "1=1) OR (1=1",
        "COPY items TO '{folder}/out.csv'",
        "ATTACH '{folder}/other.duckdb'",
        "SET enable_external_access = true",
        "read_csv('/etc/passwd')",
        "(SELECT count(*) FROM read_csv('/etc/passwd')) > 0",
        "EXISTS (FROM read_text('/etc/passwd'))",
        "item_id IN (FROM labels SELECT item_id)",
        "item_id IN (SELECT 1)",
        "[x FOR x IN (SELECT 1)] = [1]",
        "getenv('HOME') = '/'",
        "query('SELECT 1')",
        "true LIMIT 1",
        "count(*) > 1",
        "run_id = 1",
        "price < 'a'",
        "price <",
        "?",
        "not " * 1500 + "true",
        "",
        "  ",
        "-- nothing",
    ],
)
def test_what_is_not_a_predicate_over_one_item_is_refused(catalogue: Database, tmp_path: Path, predicate: str) -> None:
    files = sorted(tmp_path.iterdir())
    with pytest.raises(Misuse, match="--where"):
        select_ids(catalogue, predicate.replace("{folder}", str(tmp_path)))
    with catalogue.connect(read_only=True) as connection:
        assert len(load_items(connection)) == 3
    assert sorted(tmp_path.iterdir()) == files


def test_a_wrong_name_is_answered_with_the_right_ones(catalogue: Database) -> None:
    with pytest.raises(Misuse) as caught:
        select_ids(catalogue, "prise < 3")
    assert (
        caught.value.message
        == """--where 'prise < 3': the predicate is refused: Referenced column "prise" not found in FROM clause!"""
    )
    assert caught.value.hint.startswith(
        "Columns: item_id, key, title, text, picture, category, category_path, category_1"
    )
    assert caught.value.hint.endswith('price, Brand, "in stock", attr_Title, "we""ird/~"')


def test_an_endless_predicate_is_stopped(database: Database, index_catalogue: Callable[[list[ItemRow]], None]) -> None:
    index_catalogue([ItemRow(str(number)) for number in range(10_000)])
    endless = "list_sum(list_transform(range(20000 + item_id), lambda x: sqrt(x))) > 3"
    with pytest.raises(Misuse, match=r"longer than 0\.05 s"):
        select_ids(database, endless, within_s=0.05)


@pytest.mark.parametrize(
    "query", ["SELECT * FROM read_text('/etc/passwd')", "COPY items TO '/dev/null'", "SET memory_limit = '9GB'"]
)
def test_a_contained_connection_reaches_no_file_even_past_the_parser(catalogue: Database, query: str) -> None:
    refused = pytest.raises(Exception, match=r"disabled by configuration|has been locked")
    with catalogue.connect_contained() as connection, refused:
        connection.execute(query)


def test_an_empty_catalogue_has_no_matches(database: Database) -> None:
    assert select_ids(database, "category = 'Watches'").tolist() == []
    assert [column.name for column in list_columns(database)][-1] == "category_path"
