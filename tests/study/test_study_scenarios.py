"""Scenarios: the known ones, what cannot be meant, and one for each encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedkit.errors import Misuse
from embedkit.study.scenarios import DEFAULT, PRESETS, Scenario, check_names, presets, with_encoders


def test_the_default_is_the_study_that_it_all_began_with() -> None:
    zero, a, b = (PRESETS[name] for name in DEFAULT)
    assert (zero.features, zero.picture) == (("densenet",), "pad-edge")
    assert (a.features, a.text) == (("clip-image", "clip-text"), "raw")
    assert (b.features, b.text) == (("clip-image", "clip-text"), "nltk")


@pytest.mark.parametrize(
    ("features", "head", "message"),
    [
        (("clip",), "probe", "no features 'clip'"),
        ((), "probe", "no features at all"),
        (("clip-text",), "tree", "no head 'tree'"),
        (("clip-text", "keywords"), "prototype", "takes no keywords"),
        (("densenet",), "zeroshot", "nothing but CLIP's vectors"),
        (("clip-text", "keywords"), "zeroshot", "nothing but CLIP's vectors"),
    ],
)
def test_parts_that_do_not_fit_are_refused(features: tuple[str, ...], head: str, message: str) -> None:
    with pytest.raises(Misuse, match=message):
        Scenario("mine", features, head=head)


def test_weights_of_words_bring_the_words_along_even_to_a_zero_shot_head() -> None:
    assert Scenario("mine", ("clip-text",), head="zeroshot", keyword_weights=Path("w.csv")).features == (
        "clip-text",
        "keywords",
    )


def test_own_weights_need_a_file_and_a_file_brings_its_scenario() -> None:
    with pytest.raises(Misuse, match="needs your words' weights"):
        presets(["keyword-weights"], None)
    chosen = presets(["A", "A"], Path("w.csv"))
    assert [(one.name, one.keyword_weights) for one in chosen] == [("A", None), ("keyword-weights", Path("w.csv"))]


def test_a_second_encoder_repeats_the_scenarios_that_could_read_it() -> None:
    asked = [PRESETS["0"], PRESETS["A"], Scenario("own", ("clip-text",), clip="mine")]
    found = with_encoders(asked, ["small", "large"], ["net"])
    assert [(one.name, one.clip, one.densenet) for one in found] == [
        ("0", "", "net"),
        ("A", "small", ""),
        ("own", "mine", ""),
        ("A, large", "large", ""),
    ]


def test_every_scenario_has_a_name_of_its_own() -> None:
    with pytest.raises(Misuse, match="2 scenarios are called 'A'"):
        check_names([PRESETS["A"], PRESETS["B"], PRESETS["A"]])
    with pytest.raises(Misuse, match="no scenario to compare"):
        check_names([])
