"""A user's own word weights, read from a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

from embedkit.errors import Misuse


def read_keyword_weights(path: Path) -> Mapping[str, Mapping[str, float]]:
    """Return category -> word -> weight from a JSON object of objects, or a CSV of category, word, weight.

    Raises Misuse naming the file and, in a CSV, the row.
    """
    if path.suffix.lower() == ".json":
        try:
            weights = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Misuse(f"{path} is not JSON: {error}") from error
        if not isinstance(weights, dict):
            raise Misuse(f"{path} is not an object of category, then word, then weight")
        return weights
    weights = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"category", "word", "weight"} <= set(reader.fieldnames or ()):
            raise Misuse(f"{path} has the columns {reader.fieldnames}; it needs category, word, weight")
        for number, row in enumerate(reader, 1):
            try:
                weights.setdefault(row["category"], {})[row["word"]] = float(row["weight"])
            except (TypeError, ValueError) as error:
                raise Misuse(f"{path}, row {number}: the weight {row['weight']!r} is not a number") from error
    return weights
