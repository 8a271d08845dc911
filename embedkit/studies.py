"""What a study found: numbers and named tables of rows, kept beside the run that made them."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from embedkit.workspace import Workspace

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Study:
    """One finished run of a verb: its `numbers` and its `tables`, each a list of flat rows with the same columns."""

    verb: str
    run_id: int
    made_at: datetime
    numbers: dict[str, Any]
    tables: dict[str, Rows]


def write_study(workspace: Workspace, study: Study) -> None:
    """Write reports/VERB-00012.json, whole or not at all; NaN and infinity become null, which JSON can say."""
    path = workspace.reports / f"{study.verb}-{study.run_id:05d}.json"
    partial = path.with_suffix(".partial")
    document = {
        "verb": study.verb,
        "run_id": study.run_id,
        "made_at": study.made_at.isoformat(),
        "numbers": study.numbers,
        "tables": study.tables,
    }
    text = json.dumps(_finite(document), ensure_ascii=False, indent=1, allow_nan=False)
    partial.write_text(text + "\n", encoding="utf-8")
    os.replace(partial, path)


def newest_study(workspace: Workspace, verb: str) -> Study | None:
    """Return what the newest run of a verb found; None where there is none that can be read."""
    named = re.compile(rf"{re.escape(verb)}-\d+\.json")
    found = [path for path in workspace.reports.glob(f"{verb}-*.json") if named.fullmatch(path.name)]
    for path in sorted(found, key=lambda one: int(one.stem.rpartition("-")[2]), reverse=True):
        try:
            one = json.loads(path.read_text(encoding="utf-8"))
            made_at = datetime.fromisoformat(one["made_at"])
            return Study(one["verb"], one["run_id"], made_at, one["numbers"], one["tables"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def _finite(value: Any) -> Any:
    """Return the value with None for every float that is no number."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
