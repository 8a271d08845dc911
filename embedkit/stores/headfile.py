"""Heads on disk: named arrays and a JSON description in one safetensors file; nothing in it can run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from embedkit.errors import WorkspaceError
from embedkit.stores.durable import durable_write

CONFIG = "embedkit.head"


def save_head(path: Path, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> None:
    """Write a head's arrays and its description, whole or not at all."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    with durable_write(path) as temporary:
        save_file(whole, str(temporary), metadata={CONFIG: json.dumps(config, ensure_ascii=False, allow_nan=True)})


def load_head(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return (arrays, description) as saved; a missing or damaged file is a WorkspaceError."""
    try:
        with safe_open(str(path), framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is not a mapping
            config = json.loads((file.metadata() or {})[CONFIG])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise WorkspaceError(f"the head {path} cannot be read: {error}", "Train it again: embedkit train") from error
    return arrays, config
