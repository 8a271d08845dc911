"""Which encoders a comparison reads: those asked for, those indexed with, those on this machine, those bundled."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from embedkit import __version__
from embedkit.encoders.options import ModelCard
from embedkit.lineup import Lineup, line_up
from embedkit.stores.runs import Run
from embedkit.study.scenarios import PRESETS, Scenario

VIT, NET = "open_clip/ViT-B-32/openai", "torchvision/densenet121/IMAGENET1K_V1"


def indexed_with(*names: str, weights: str = "") -> list[Run]:
    """Return the diary of a workspace that was indexed with these encoders."""
    made = [{"name": name, "weights": weights} for name in names]
    moment = datetime.now(timezone.utc)
    return [Run(1, "index", {}, moment, moment, 0, {"encoders": made}, __version__)]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[ModelCard]:
    """Return the cards of this machine's models, to be added to: the bundled two."""
    cards = [
        ModelCard("clip-tiny", "CLIP", ("image", "text"), 160, True, 1, ""),
        ModelCard("densenet-tiny", "DenseNet", ("image",), 268, True, 1, ""),
        ModelCard("open_clip/ViT-L-14/openai", "CLIP", ("image", "text"), 768, False, 1, ""),
    ]
    monkeypatch.setattr("embedkit.lineup.list_models", lambda: cards)
    return cards


def chosen(asked: tuple[str, ...] = (), runs: list[Run] | None = None, **more: Any) -> tuple[Lineup, list[str]]:
    lines: list[str] = []
    return line_up(asked, more.get("weights", {}), "auto", runs or [], lines.append), lines


def test_the_bundled_ones_are_there_where_nothing_else_is(machine: list[ModelCard]) -> None:
    lineup, lines = chosen()
    assert (lineup.clips, lineup.densenets, lines) == (("clip-tiny",), ("densenet-tiny",), [])


def test_the_catalogues_own_encoder_goes_first_with_its_weights(machine: list[ModelCard], tmp_path: Path) -> None:
    lineup, _ = chosen(runs=indexed_with(VIT, weights=str(tmp_path / "w.bin")))
    assert (lineup.clips, lineup.densenets) == ((VIT,), ("densenet-tiny",))
    assert lineup.weights == {VIT: tmp_path / "w.bin"}


def test_real_weights_on_this_machine_go_before_the_bundled_ones(machine: list[ModelCard]) -> None:
    machine.append(ModelCard(NET, "DenseNet", ("image",), 1024, True, 1, ""))
    lineup, lines = chosen(runs=indexed_with("clip-tiny"))
    assert (lineup.clips, lineup.densenets, lines) == (("clip-tiny",), (NET,), [])


def test_who_indexed_with_the_bundled_ones_hears_of_the_real_ones(machine: list[ModelCard]) -> None:
    machine.append(ModelCard(VIT, "CLIP", ("image", "text"), 512, True, 1, ""))
    lineup, lines = chosen(runs=indexed_with("clip-tiny", "densenet-tiny"))
    assert lineup.clips == ("clip-tiny",)
    assert lines == [f"the weights of {VIT} are on this machine: --encoder {VIT} compares with them"]


def test_what_is_asked_for_goes_before_everything(machine: list[ModelCard]) -> None:
    lineup, _ = chosen((VIT, "mine", NET), indexed_with("clip-tiny"))
    assert (lineup.clips, lineup.densenets) == ((VIT, "mine"), (NET,))


def test_a_scenario_opens_its_own_encoders_else_the_lineups_prepared_as_it_says() -> None:
    lineup = Lineup(("clip-tiny",), ("densenet-tiny",), {"clip-tiny": Path("w")})
    found = lineup.openings(PRESETS["B"])
    assert [(f, o.name, o.modality, o.options.variant, o.options.weights) for f, o in found.items()] == [
        ("clip-image", "clip-tiny", "image", "pad-edge", Path("w")),
        ("clip-text", "clip-tiny", "text", "nltk", Path("w")),
    ]
    own = Scenario("own", ("densenet", "keywords"), picture="crop", precision="int8", densenet=NET)
    (opening,) = lineup.openings(own).values()
    assert (opening.name, opening.options.variant, opening.options.precision) == (NET, "crop", "int8")
    assert lineup.names(PRESETS["B"]).options.variant == "raw"
