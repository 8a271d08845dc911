"""The encoders of a comparison: which ones, how each scenario opens them, and what is known of their cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedkit import __version__
from embedkit.encoders.options import EncoderOptions
from embedkit.encoders.registry import list_models
from embedkit.encoding import Opening, modalities_of
from embedkit.stores import runs, spaces
from embedkit.stores.database import Connection
from embedkit.study.costs import Measure
from embedkit.study.scenarios import CLIP_IMAGE, CLIP_TEXT, DENSENET, Scenario
from embedkit.types import EncoderSpec, Say

BUNDLED = {"CLIP": "clip-tiny", "DenseNet": "densenet-tiny"}


@dataclass(frozen=True)
class Lineup:
    """The CLIP and DenseNet encoders that scenarios read if they name none, and the weights files of any."""

    clips: tuple[str, ...]
    densenets: tuple[str, ...]
    weights: Mapping[str, Path] = field(default_factory=dict)
    device: str = "auto"

    def openings(self, scenario: Scenario) -> dict[str, Opening]:
        """Return how the scenario's encoders are opened, by feature."""
        clip, densenet = scenario.clip or self.clips[0], scenario.densenet or self.densenets[0]
        towers = {
            CLIP_IMAGE: (clip, "image", scenario.picture),
            CLIP_TEXT: (clip, "text", scenario.text),
            DENSENET: (densenet, "image", scenario.picture),
        }
        found = {}
        for feature in scenario.features:
            if feature in towers:
                name, modality, variant = towers[feature]
                found[feature] = self._opening(name, modality, variant, scenario.precision)
        return found

    def names(self, scenario: Scenario) -> Opening:
        """Return how the tower is opened that reads the categories' names."""
        return self._opening(scenario.clip or self.clips[0], "text", "raw", scenario.precision)

    def _opening(self, name: str, modality: Any, variant: str, precision: str) -> Opening:
        return Opening(name, modality, EncoderOptions(variant, precision, self.weights.get(name), self.device))


def line_up(
    asked: Sequence[str], weights: Mapping[str, Path], device: str, indexed: Sequence[runs.Run], say: Say
) -> Lineup:
    """Return the encoders that are asked for; for an architecture that is not, the one the catalogue was indexed with.

    If it was indexed with none of that architecture, the first whose weights are on this machine; the bundled one last.
    """
    chosen: dict[str, tuple[str, ...]] = {}
    files = dict(weights)
    made: list[dict[str, Any]] = next((run.summary["encoders"] for run in reversed(indexed) if run.summary), [])
    here = [card for card in list_models() if card.present and card.name not in BUNDLED.values()]
    for kind, bundled in BUNDLED.items():
        real = next((card.name for card in here if card.kind == kind), None)
        used = next((one for one in made if _kind(one["name"]) == kind), None)
        named = tuple(name for name in asked if _kind(name) == kind)
        if named:
            chosen[kind] = named
        elif used is not None:
            chosen[kind] = (used["name"],)
            if used["weights"]:
                files.setdefault(used["name"], Path(used["weights"]))
        else:
            chosen[kind] = (real or bundled,)
        if real and chosen[kind] == (bundled,):
            say(f"the weights of {real} are on this machine: --encoder {real} compares with them")
    return Lineup(chosen["CLIP"], chosen["DenseNet"], files, device)


def _kind(name: str) -> str:
    return "CLIP" if "text" in modalities_of(name) else "DenseNet"


@dataclass(frozen=True)
class History:
    """What earlier runs of this workspace know of encoders: how each was opened, its space, and what it took."""

    runs: tuple[runs.Run, ...]
    records: Mapping[str, spaces.SpaceRecord]
    measures: Mapping[str, tuple[Measure, ...]]


def load_history(connection: Connection) -> History:
    """Return what index and compare runs of this version have noted.

    A comparison's spaces are in its own notes only: searches and heads go on with those that were indexed.
    """
    found = [run for run in runs.load_runs(connection) if run.verb in ("index", "compare") and run.summary]
    found = [run for run in found if run.version == __version__]
    records = {record.space: record for record in spaces.load_spaces(connection)}
    measures: dict[str, tuple[Measure, ...]] = {}
    for run in found:
        summary = run.summary or {}
        for one in summary.get("specs", []):
            spec = EncoderSpec(**one["spec"])
            records.setdefault(spec.space, spaces.SpaceRecord(spec.space, spec, one["device"]))
        for space in {one["space"] for one in summary.get("encoders", [])}:
            measures[space] = measures.get(space, ()) + tuple(_measures(run, space))
    return History(tuple(found), records, measures)


def _measures(run: runs.Run, space: str) -> list[Measure]:
    """Return what one run measured in a space."""
    summary = run.summary or {}
    if run.verb == "index":
        one = summary.get(space) or {"encoded": 0, "seconds": 0.0}
        return [Measure(one["encoded"], one["seconds"], one.get("cores", 0), None, run.run_id)]
    return [Measure(**one, run_id=run.run_id) for one in summary.get("measures", {}).get(space, [])]
