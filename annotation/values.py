"""Values of JSON that strangers wrote, checked: each function returns what was meant, or None."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

LARGEST_ID = 2**63 - 1
SHOWN = 80


def whole(value: Any) -> int | None:
    """Return a positive whole number that a database can hold, also one written in digits; None for all else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(LARGEST_ID)):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_ID else None


def seconds(value: Any) -> float | None:
    """Return a duration, None for what is none."""
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    return float(value) if usable else None


def when(value: Any) -> str | None:
    """Return a moment as ISO 8601 in UTC (which it is in where it names no zone), None for what is none."""
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else None
        if moment is None:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc).isoformat()
    except (ValueError, OverflowError):
        return None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return an object, an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str | None:
    """Return a text, None for what is none or empty."""
    return clean(value) if isinstance(value, str) and value else None


def plain(value: Any) -> Any:
    """Return a JSON value that every database takes: no half characters, no infinite numbers."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {clean(str(name)): plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def clean(words: str) -> str:
    """Return the text with a mark for each half of a character that stands alone: JSON may hold such, UTF-8 may not."""
    return words.encode("utf-8", "replace").decode("utf-8")


def shown(value: Any) -> str:
    """Return a value in few words, for people: of a task its title."""
    if isinstance(value, dict):
        data = mapping(value.get("data"))
        value = data.get("title") or data.get("key") or ", ".join(str(name) for name in value)
    words = clean(" ".join(str(value).split()))
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"
