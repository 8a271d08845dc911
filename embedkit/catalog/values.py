"""Attribute values: which type a column has, and its values in that type."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from embedkit.catalog.nouns import AttributeType

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_BIGINT = range(-(2**63), 2**63)


def as_text(value: Any) -> str:
    """Return a value as a person would write it: 1163.0 is "1163", True is "true", a list is JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, (datetime.date, datetime.datetime, datetime.time)):
        return value.isoformat()
    if isinstance(value, (list, dict, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def is_missing(value: Any) -> bool:
    """Return whether a value says nothing: None, NaN, or blank."""
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, float) and math.isnan(value))


def infer(values: Sequence[Any], textual: bool) -> tuple[AttributeType, list[Any]]:
    """Return the narrowest type that holds every value of a column, and the values in it; missing ones become None.

    Strings are looked into only in `textual` tables: where a format has types, "007" was meant as text. Numbers with
    leading zeros are codes and stay text everywhere.
    """
    present = [value for value in values if not is_missing(value)]
    kind = _type_of_strings(present) if textual else _type_of_values(present)
    converters: dict[str, Callable[[Any], Any]] = {
        "BIGINT": int,
        "DOUBLE": float,
        "BOOLEAN": _as_bool,
        "VARCHAR": as_text,
    }
    convert = converters[kind]
    converted = [None if is_missing(value) else convert(value) for value in values]
    if kind == "DOUBLE":
        converted = [value if value is None or math.isfinite(value) else None for value in converted]
    return kind, converted


def _as_bool(value: Any) -> bool:
    return value.strip().lower() == "true" if isinstance(value, str) else bool(value)


def _type_of_strings(present: Sequence[str]) -> AttributeType:
    if not present:
        return "VARCHAR"
    if all(_INTEGER.fullmatch(value.strip()) and int(value) in _BIGINT for value in present):
        return "BIGINT"
    if all(_is_number(value.strip()) for value in present):
        return "DOUBLE"
    if all(value.strip().lower() in ("true", "false") for value in present):
        return "BOOLEAN"
    return "VARCHAR"


def _is_number(value: str) -> bool:
    return bool(_NUMBER.fullmatch(value)) and math.isfinite(float(value))


def _type_of_values(present: Sequence[Any]) -> AttributeType:
    kinds = {type(value) for value in present}
    if kinds == {bool}:
        return "BOOLEAN"
    if int in kinds and any(type(value) is int and value not in _BIGINT for value in present):
        return "VARCHAR"  # neither BIGINT nor DOUBLE would keep its digits
    if kinds == {int}:
        return "BIGINT"
    if kinds and kinds <= {int, float, decimal.Decimal}:
        return "DOUBLE"
    return "VARCHAR"
