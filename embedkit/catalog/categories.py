"""Category paths: "A >> B >> C", '["A >> B >> C"]', "A > B", or levels that are already apart."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Sequence

# (separator, share of the values that must contain it to be believed). ">>" means nothing else, while one slash in
# "TV/Audio" is part of a name, so a slash has to be in nearly every value.
_SEPARATORS = ((">>", 0.05), (" > ", 0.05), (">", 0.5), (" | ", 0.5), ("|", 0.5), (" / ", 0.8), ("/", 0.9))


def parse_category(value: str, sep: str | None) -> tuple[str, ...]:
    """Return the levels of a category path, top first; white space is tidied and empty levels are dropped.

    Of a list of several paths, the first counts; a list whose entries hold no separator is itself the path.
    """
    paths = _paths(value)
    if sep and any(sep.strip() in path for path in paths):
        return _levels(paths[0].split(sep.strip() or sep))
    return _levels(paths)


def join_levels(paths: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return one path from the paths of several columns, top first."""
    return tuple(level for path in paths for level in path)


def guess_separator(values: Sequence[str]) -> str | None:
    """Return what splits this column's paths, None if nothing does consistently.

    A separator must be in enough of the values, and for marks that also occur in names ("/", "|", ">") there must
    be fewer top levels than values, as in a tree.
    """
    paths = [path for value in values for path in _paths(value)[:1]]
    for sep, share in _SEPARATORS:
        split = [path for path in paths if sep in path]
        if not split or len(split) < share * len(paths):
            continue
        tops = {path.split(sep)[0].strip() for path in split}
        if share < 0.5 or len(tops) < len(set(split)):
            return sep
    return None


def _paths(value: str) -> list[str]:
    """Return the path strings inside a value: itself, or the entries of the list that it spells in JSON or Python."""
    value = value.strip()
    if not value.startswith("["):
        return [value] if value else []
    try:
        entries = json.loads(value)
    except (ValueError, RecursionError):
        try:
            entries = ast.literal_eval(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return [value.strip("[]\"' ")]  # cut off by an export: the start of the path is still good
    if not isinstance(entries, list):
        return [value]
    return [str(entry) for entry in entries if entry is not None and str(entry).strip()]


def _levels(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(level for part in parts if (level := " ".join(part.split())))
