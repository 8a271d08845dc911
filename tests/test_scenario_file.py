"""Scenarios from a YAML file, and what is said of slips in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedkit.errors import Misuse
from embedkit.scenario_file import read_scenarios
from embedkit.study.scenarios import PRESETS


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_known_ones_changed_ones_and_own_ones_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("category,word,weight\n")
    (tmp_path / "large.safetensors").touch()
    text = """
scenarios:
  - 0
  - B
  - {name: grey ones, like: A, picture: grey}
  - name: mine
    features: [clip-image, keywords]
    clip: open_clip/ViT-L-14
    precision: int8
    keyword_weights: words.csv
weights:
  open_clip/ViT-L-14: large.safetensors
"""
    read = read_scenarios(write(tmp_path, text))
    zero, b, grey, mine = read.scenarios
    assert (zero, b) == (PRESETS["0"], PRESETS["B"])
    assert (grey.name, grey.features, grey.picture) == ("grey ones", PRESETS["A"].features, "grey")
    assert grey.what == "A, but picture grey"
    assert (mine.features, mine.clip, mine.precision) == (("clip-image", "keywords"), "open_clip/ViT-L-14", "int8")
    assert mine.keyword_weights == tmp_path / "words.csv"
    assert read.weights == {"open_clip/ViT-L-14": tmp_path / "large.safetensors"}


@pytest.mark.parametrize(
    ("entry", "message", "hint"),
    [
        ("C", "scenario 1: no scenario is known as 'C'", "0, A, B, grey"),
        ("{like: A}", "scenario 1 has no name", ""),
        ("{name: x}", "scenario x says neither features nor like", "clip-image, clip-text, densenet, keywords"),
        ("{name: x, like: C}", "scenario x: no scenario is known as 'C'", "0, A, B, grey"),
        ("{name: x, like: A, pictures: grey}", "scenario x has no key 'pictures'", "picture, text"),
        ("{name: x, like: A, picture: gray}", "scenario x: picture is 'gray'", "pad-edge, pad-white, crop, grey"),
        ("{name: x, like: A, text: NLTK}", "scenario x: text is 'NLTK'", "raw, nltk"),
        ("{name: x, like: A, head: tree}", "scenario x: head is 'tree'", "probe, prototype, zeroshot"),
        ("{name: x, like: A, precision: 8}", "scenario x: precision is '8'", "fp32, int8"),
        ("{name: x, features: [clip]}", "scenario x: features is ['clip']", "clip-image"),
        ("{name: x, features: []}", "scenario x: features is []", "clip-image"),
        ("{name: x, like: A, what: [1]}", "scenario x: what is [1], not a text", ""),
        ("{name: x, like: A, keyword_weights: no.csv}", "scenario x: keyword_weights: there is no file", ""),
        ("{name: x, like: prototype, features: keywords}", "scenario x: scenario 'x': a prototype is a mean", "probe"),
        ("keyword-weights", "scenario keyword-weights needs your words' weights", "keyword_weights"),
        ("[A]", "scenario 1 is ['A']", "mapping"),
    ],
)
def test_a_slip_is_named_with_its_file_scenario_key_and_the_known_values(
    tmp_path: Path, entry: str, message: str, hint: str
) -> None:
    path = write(tmp_path, f"scenarios:\n  - {entry}\n")
    with pytest.raises(Misuse) as caught:
        read_scenarios(path)
    assert caught.value.message.startswith(f"{path}, {message}")
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scenarios: [A", "is not YAML"),
        ("- A", "has no list of scenarios"),
        ("scenarios: A", "has no list of scenarios"),
        ("scenarios: [A]\nseed: 3", "has no key 'seed'"),
        ("scenarios: [A]\nweights: [x]", "weights is"),
        ("scenarios: [A]\nweights: {x: none.safetensors}", "weights of x: there is no file"),
        ("scenarios: !!python/object/apply:os.getcwd []", "is not YAML"),
    ],
)
def test_a_file_that_is_not_of_scenarios_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(Misuse, match=message) as caught:
        read_scenarios(path)
    assert str(path) in caught.value.message
