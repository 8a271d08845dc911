"""Scenarios from a YAML file: read strictly, so that a slip of the pen is an error and not another comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from embedkit.encoders.options import PRECISIONS, VARIANTS
from embedkit.errors import Misuse
from embedkit.study.scenarios import FEATURES, HEADS, OWN_WEIGHTS, PRESETS, Scenario

TOP = ("scenarios", "weights")
KNOWN: Mapping[str, tuple[str, ...]] = {
    "head": HEADS,
    "picture": VARIANTS["image"],
    "text": VARIANTS["text"],
    "precision": PRECISIONS,
}
FREE = ("what", "clip", "densenet")
KEYS = ("name", "like", "features", *KNOWN, *FREE, "keyword_weights")


@dataclass(frozen=True)
class ScenarioFile:
    """The scenarios of a file, in its order, and the local weights it names, by encoder."""

    scenarios: tuple[Scenario, ...]
    weights: Mapping[str, Path] = field(default_factory=dict)


def read_scenarios(path: Path) -> ScenarioFile:
    """Return what the file says; raises Misuse naming the file, the scenario, the key, and the values it may have.

    `scenarios` is a list; each is the name of a known scenario, or a mapping with a `name` and whatever differs from
    the scenario that it is `like`. `weights` maps encoders to files. Files are looked for beside this one.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Misuse(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict) or not isinstance(document.get("scenarios"), list) or not document["scenarios"]:
        raise Misuse(f"{path} has no list of scenarios", "For instance:\nscenarios:\n  - A\n  - {name: mine, like: A}")
    _refuse_unknown(document, TOP, str(path))
    scenarios = tuple(_scenario(entry, number, path) for number, entry in enumerate(document["scenarios"], 1))
    return ScenarioFile(scenarios, _weights(document.get("weights") or {}, path))


def _scenario(entry: Any, number: int, path: Path) -> Scenario:
    if isinstance(entry, (str, int)) and not isinstance(entry, bool):
        preset = _preset(str(entry), f"{path}, scenario {number}")
        return _complete(preset, preset, f"{path}, scenario {entry}")
    if not isinstance(entry, dict):
        raise Misuse(f"{path}, scenario {number} is {entry!r}", "Give the name of a known one, or a mapping.")
    where = f"{path}, scenario {entry.get('name', number)}"
    _refuse_unknown(entry, KEYS, where)
    if "name" not in entry:
        raise Misuse(f"{where} has no name")
    base = _preset(str(entry["like"]), where) if "like" in entry else None
    if base is None and "features" not in entry:
        raise Misuse(f"{where} says neither features nor like", f"Any features of: {', '.join(FEATURES)}")
    given: dict[str, Any] = {key: _text(entry[key], key, where) for key in (*KNOWN, *FREE) if key in entry}
    for key, values in KNOWN.items():
        if key in given and given[key] not in values:
            raise Misuse(f"{where}: {key} is {given[key]!r}", f"One of: {', '.join(values)}")
    if "features" in entry:
        given["features"] = _features(entry["features"], where)
    if "keyword_weights" in entry:
        given["keyword_weights"] = _file(entry["keyword_weights"], path, f"{where}: keyword_weights")
    given["name"] = _text(entry["name"], "name", where)
    try:
        if base is None:
            return Scenario(**{"what": _said(given), **given})
        changed = _said({key: value for key, value in given.items() if key != "name"})
        said = f"{base.name}, but {changed}" if changed else base.what
        return _complete(replace(base, **{"what": said, **given}), base, where)
    except Misuse as error:
        raise Misuse(f"{where}: {error.message}", error.hint) from error


def _said(given: Mapping[str, Any]) -> str:
    """Return what is given of a scenario in words: its features, then each other key with its value."""
    features = [" + ".join(given["features"])] if "features" in given else []
    said = [f"{key.replace('_', ' ')} {given[key]}" for key in given if key not in ("name", "what", "features")]
    return ", ".join([*features, *said])


def _complete(scenario: Scenario, base: Scenario, where: str) -> Scenario:
    """Return the scenario, made of a known one; raises Misuse for one of your own words' weights that has none."""
    if base.name == OWN_WEIGHTS and scenario.keyword_weights is None:
        raise Misuse(f"{where} needs your words' weights", "Add the key keyword_weights with a file.")
    return scenario


def _preset(name: str, where: str) -> Scenario:
    if name not in PRESETS:
        raise Misuse(f"{where}: no scenario is known as {name!r}", f"One of: {', '.join(PRESETS)}")
    return PRESETS[name]


def _features(value: Any, where: str) -> tuple[str, ...]:
    named = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    if not isinstance(named, list) or not named or any(one not in FEATURES for one in named):
        raise Misuse(f"{where}: features is {value!r}", f"Any of: {', '.join(FEATURES)}")
    return tuple(dict.fromkeys(named))


def _weights(value: Any, path: Path) -> dict[str, Path]:
    if not isinstance(value, dict):
        raise Misuse(f"{path}: weights is {value!r}", "Give a mapping of encoder: file.")
    return {str(name): _file(file, path, f"{path}: weights of {name}") for name, file in value.items()}


def _file(value: Any, path: Path, where: str) -> Path:
    file = path.parent / _text(value, "file", where)
    if not file.is_file():
        raise Misuse(f"{where}: there is no file {file}")
    return file


def _text(value: Any, key: str, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or str(value).strip() == "":
        raise Misuse(f"{where}: {key} is {value!r}, not a text")
    return str(value).strip()


def _refuse_unknown(found: Mapping[Any, Any], known: tuple[str, ...], where: str) -> None:
    for key in found:
        if key not in known:
            raise Misuse(f"{where} has no key {key!r}", f"Keys: {', '.join(known)}")
