"""Parquet: typed values, and pictures that stay in the file until they are read."""

from __future__ import annotations

import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embedkit.catalog import embedded
from embedkit.catalog.pictures import PictureSource
from embedkit.catalog.read import CatalogSpec, read_catalogue
from embedkit.catalog.tables import read_table
from embedkit.errors import CatalogError, PictureError

JPEG = b"\xff\xd8\xff\xe0"


def write(folder: Path, columns: dict[str, object], **options: object) -> Path:
    path = folder / "listings.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_bytes_stay_in_the_file_and_rows_without_any_have_no_picture(tmp_path: Path) -> None:
    path = write(tmp_path, {"id": [1, 2], "title": ["mug", "cup"], "image": [JPEG + b"1", None]})
    assert [one.picture for one in read_catalogue(path).listings] == ["row:0", None]
    assert PictureSource(path).read("row:0") == JPEG + b"1"


def test_hugging_face_structs_give_their_bytes_or_else_their_path(tmp_path: Path) -> None:
    pictures = [{"bytes": JPEG + b"1", "path": "x.jpg"}, {"bytes": None, "path": "y.jpg"}, None]
    path = write(tmp_path, {"id": [1, 2, 3], "title": ["a", "b", "c"], "image": pictures})
    assert [one.picture for one in read_catalogue(path).listings] == ["row:0", "y.jpg", None]
    assert PictureSource(path).read("row:0") == JPEG + b"1"


def test_a_second_column_of_pictures_is_read_by_its_own_name(tmp_path: Path) -> None:
    path = write(tmp_path, {"id": [1], "image": [JPEG + b"1"], "back view": [JPEG + b"2"]})
    picture = read_catalogue(path, CatalogSpec(columns={"picture": ("back view",)})).listings[0].picture
    assert picture == "row:0@back view"
    assert PictureSource(path).read(picture) == JPEG + b"2"


def test_text_that_a_writer_did_not_mark_as_text_is_text(tmp_path: Path) -> None:
    path = write(tmp_path, {"id": [b"k1"], "title": ["théière".encode()]})
    assert read_table(path).columns == {"id": ["k1"], "title": ["théière"]}


def test_whole_numbers_kept_as_floats_make_plain_keys(tmp_path: Path) -> None:
    path = write(tmp_path, {"id": [1163.0, 1165.0], "title": ["a", "b"]})
    assert [one.key for one in read_catalogue(path).listings] == ["1163", "1165"]


@pytest.mark.parametrize("window", [1, 100, 10**9])
@pytest.mark.parametrize("group", [7, 100, 1000])
def test_windows_give_what_a_whole_read_gives_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int, group: int
) -> None:
    monkeypatch.setattr(embedded, "WINDOW_BYTES", window)
    monkeypatch.setattr(embedded, "CACHED_BYTES", 4 * window)
    pictures = [None if i % 10 == 3 else JPEG + bytes([i % 256]) * (i % 13) for i in range(300)]
    source = PictureSource(write(tmp_path, {"image": pictures}, row_group_size=group))
    order = [i for i in random.Random(0).sample(range(300), 60) if pictures[i] is not None]
    assert [source.read(f"row:{i}") for i in order] == [pictures[i] for i in order]


def test_threads_may_share_one_source(tmp_path: Path) -> None:
    pictures = [JPEG + str(i).encode() for i in range(400)]
    source = PictureSource(write(tmp_path, {"image": pictures}, row_group_size=30))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(source.read, [f"row:{i}" for i in range(400)])) == pictures


def test_a_source_travels_to_another_process_after_use(tmp_path: Path) -> None:
    source = PictureSource(write(tmp_path, {"image": [JPEG]}))
    source.read("row:0")
    assert pickle.loads(pickle.dumps(source)).read("row:0") == JPEG


def test_reading_in_order_decodes_each_window_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "WINDOW_BYTES", 4000)
    monkeypatch.setattr(embedded, "CACHED_BYTES", 16000)
    source = PictureSource(write(tmp_path, {"image": [JPEG + random.Random(i).randbytes(96) for i in range(500)]}))
    opened = []
    batches = embedded._Column._batches
    monkeypatch.setattr(embedded._Column, "_batches", lambda self, group: opened.append(group) or batches(self, group))
    for i in range(500):
        source.read(f"row:{i}")
    column = source._embedded._columns[None]
    assert opened == [0]
    assert 1 < len(column._windows) <= 5


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("row:1", "row 2 of listings.parquet holds no picture"),
        ("row:2", "there is no row 3"),
        ("row:0@nothing", 'no column of pictures called "nothing"'),
    ],
)
def test_a_reference_to_nothing_says_so(tmp_path: Path, reference: str, said: str) -> None:
    source = PictureSource(write(tmp_path, {"image": [JPEG, None]}))
    with pytest.raises(PictureError, match=said):
        source.read(reference)


def test_a_row_reference_into_a_file_that_is_no_parquet_is_a_picture_error(tmp_path: Path) -> None:
    (tmp_path / "listings.csv").write_text("id\n1\n")
    with pytest.raises(PictureError, match="not a readable Parquet file"):
        PictureSource(tmp_path / "listings.csv").read("row:0")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"id": list(range(1000))})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CatalogError, match=r"listings\.parquet is not a readable Parquet file"):
        read_table(path)


def test_a_damaged_page_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"title": [f"mug {i}" for i in range(5000)]}, use_dictionary=False)
    content = path.read_bytes()
    path.write_bytes(content[:40] + b"\xff" * 4000 + content[4040:])
    with pytest.raises(CatalogError, match="damaged"):
        read_table(path)


def test_columns_without_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="columns and no rows"):
        read_table(write(tmp_path, {"id": pa.array([], pa.int64())}))


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "listings.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"]), path)
    with pytest.raises(CatalogError, match='several columns called "id"'):
        read_table(path)
