"""What a user says of the categories in a file of their own: word weights, descriptions."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embedkit.errors import Misuse


def read_keyword_weights(path: Path) -> Mapping[str, Mapping[str, float]]:
    """Return category -> word -> weight from a JSON object of objects, or a CSV of category, word, weight.

    Raises Misuse naming the file and, in a CSV, the row.
    """
    if path.suffix.lower() == ".json":
        return _json_object(path, "category, then word, then weight")
    weights: dict[str, dict[str, float]] = {}
    reader = csv.DictReader(_text(path).splitlines())
    if not {"category", "word", "weight"} <= set(reader.fieldnames or ()):
        raise Misuse(f"{path} has the columns {reader.fieldnames}; it needs category, word, weight")
    for number, row in enumerate(reader, 1):
        try:
            weights.setdefault(row["category"], {})[row["word"]] = float(row["weight"])
        except (TypeError, ValueError) as error:
            raise Misuse(f"{path}, row {number}: the weight {row['weight']!r} is not a number") from error
    return weights


def read_descriptions(path: Path) -> Mapping[str, str]:
    """Return category -> description from a JSON object of texts; raises Misuse naming the file and the category."""
    described = _json_object(path, "category, then description")
    for category, description in described.items():
        if not isinstance(description, str):
            raise Misuse(f"{path}: the description of {category!r} is {description!r}, not a text")
    return described


def _json_object(path: Path, of: str) -> dict[str, Any]:
    try:
        found = json.loads(_text(path))
    except ValueError as error:
        raise Misuse(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise Misuse(f"{path} is not an object of {of}")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Misuse(f"{path} is not UTF-8: byte {error.start} is {error.object[error.start]:#04x}") from error
