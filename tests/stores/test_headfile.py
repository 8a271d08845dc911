"""Head files: arrays and a description, whole or refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from embedkit.errors import WorkspaceError
from embedkit.stores.headfile import load_head, save_head

ARRAYS = {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "empty": np.zeros((0, 4), dtype=np.float64)}
CONFIG = {"classes": ["Часы", 'a "quoted" one'], "temperature": 1.5, "nested": {"C": None}}


def test_a_head_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    save_head(tmp_path / "heads" / "probe-1.safetensors", ARRAYS, CONFIG)
    arrays, config = load_head(tmp_path / "heads" / "probe-1.safetensors")
    assert config == CONFIG
    assert {name: array.dtype for name, array in arrays.items()} == {"weights": np.float32, "empty": np.float64}
    np.testing.assert_array_equal(arrays["weights"], ARRAYS["weights"])


def test_a_transposed_array_keeps_its_values(tmp_path: Path) -> None:
    save_head(tmp_path / "h", {"weights": ARRAYS["weights"].T}, {})
    np.testing.assert_array_equal(load_head(tmp_path / "h")[0]["weights"], ARRAYS["weights"].T)


def test_a_head_without_arrays_keeps_its_description(tmp_path: Path) -> None:
    save_head(tmp_path / "h", {}, CONFIG)
    assert load_head(tmp_path / "h") == ({}, CONFIG)


@pytest.mark.parametrize("how", ["missing", "truncated", "a pickle", "foreign"])
def test_what_is_not_a_whole_head_is_refused_by_name(tmp_path: Path, how: str) -> None:
    path = tmp_path / "h.safetensors"
    if how == "truncated":
        save_head(path, ARRAYS, CONFIG)
        path.write_bytes(path.read_bytes()[:-8])
    elif how == "a pickle":
        path.write_bytes(pickle.dumps(CONFIG))
    elif how == "foreign":
        path.write_bytes((2).to_bytes(8, "little") + b"{}")
    with pytest.raises(WorkspaceError, match=r"h\.safetensors cannot be read"):
        load_head(path)


def test_a_save_that_fails_keeps_the_head_before(tmp_path: Path) -> None:
    save_head(tmp_path / "h", ARRAYS, CONFIG)
    with pytest.raises(TypeError):
        save_head(tmp_path / "h", {}, {"what": object()})
    assert load_head(tmp_path / "h")[1] == CONFIG
    assert [path.name for path in tmp_path.iterdir()] == ["h"]
