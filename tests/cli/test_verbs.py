"""The verbs from the outside: exit codes, and what goes to stdout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from embedkit.cli.main import main
from tests.worlds import ColourRegistry, coloured, write_shop


@pytest.fixture
def shop(colours: ColourRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sixty coloured listings; every verb works in one workspace beside them."""
    monkeypatch.setenv("EMBEDKIT_WORKSPACE", str(tmp_path / "workspace"))
    return write_shop(tmp_path / "shop", coloured(60))


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def index(shop: Path) -> Result:
    return run("index", shop, "--encoder", "colour")


def test_index_says_what_it_did_on_stdout_and_how_it_read_on_stderr(shop: Path) -> None:
    result = index(shop)
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "added 60, changed 0, unchanged 0, gone 0")
    assert "columns taken as" in result.stderr
    assert "colour pictures: 60 to encode on cpu, fp32" in result.stderr


def test_a_run_with_failures_exits_with_3_and_names_the_command_that_lists_them(shop: Path) -> None:
    (shop.parent / "k000.png").unlink()
    result = index(shop)
    assert result.exit_code == 3
    assert "1 failed, see: embedkit status --failed" in result.stdout
    (failure,) = json.loads(run("status", "--failed", "--json").stdout)
    assert (failure["key"], failure["row"]) == ("k000", 1)


def test_a_column_can_be_given_and_a_wrong_one_is_an_error_that_names_it(shop: Path) -> None:
    assert run("index", shop, "--encoder", "colour", "--column", "text=colour", "--dry-run").exit_code == 0
    wrong = run("index", shop, "--encoder", "colour", "--column", "title=titel")
    assert wrong.exit_code == 1
    assert 'no column "titel"' in wrong.stderr
    assert "--column title=title" in wrong.stderr
    strange = run("index", shop, "--column", "tittle=title")
    assert strange.exit_code == 2
    assert "'tittle=title': write ROLE=NAME, where ROLE is one of key, title, text, picture, category" in strange.stderr


def test_weights_are_for_an_encoder_that_is_asked_for(shop: Path) -> None:
    assert run("index", shop, "--encoder", "colour", "--weights", "other=x.safetensors").exit_code == 2
    missing = run("index", shop, "--encoder", "colour", "--weights", "x.safetensors")
    assert (missing.exit_code, "no file x.safetensors" in missing.stderr) == (2, True)


@pytest.mark.parametrize("args", [("search", "red"), ("heads",), ("status",), ("classify",), ("train",), ("models",)])
def test_json_on_stdout_is_one_document(shop: Path, args: tuple[str, ...]) -> None:
    index(shop)
    run("train")
    assert isinstance(json.loads(run(*args, "--json").stdout), list)


def test_a_gate_that_is_not_met_exits_with_4(shop: Path) -> None:
    index(shop)
    assert run("train", "--min-accuracy", "0.9").exit_code == 0
    result = run("train", "--keyword-weights", _spoiling(shop), "--min-accuracy", "0.9")
    assert (result.exit_code, "is below --min-accuracy 0.9" in result.stderr) == (4, True)


def test_no_test_at_all_meets_no_gate(shop: Path, colours: ColourRegistry, tmp_path: Path) -> None:
    few = write_shop(tmp_path / "few", coloured(3))
    run("index", few, "--encoder", "colour", "-w", tmp_path / "w")
    assert run("train", "-w", tmp_path / "w", "--min-accuracy", "0.5").exit_code == 4


def test_classify_prints_a_row_a_category_and_writes_a_row_a_listing(shop: Path, tmp_path: Path) -> None:
    index(shop)
    run("train")
    result = run("classify", "--promise", "0.9", "-o", tmp_path / "out.csv", "--queue", 10)
    assert [line.split()[0] for line in result.stdout.splitlines()[2:]] == ["blue", "green", "red"]
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 61
    assert "0.9 right ->" in result.stderr
    assert "queued" in result.stderr


def test_ctrl_c_says_that_what_was_finished_is_kept(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("embedkit.stages.index.encode", stop)
    result = index(shop)
    assert (result.exit_code, "the same command goes on from there" in result.stderr) == (130, True)


def test_a_file_that_is_no_picture_is_named(shop: Path, tmp_path: Path) -> None:
    index(shop)
    result = run("search", "--image", shop)
    assert (result.exit_code, f"{shop}: " in result.stderr) == (2, True)


def test_a_page_of_thumbnails_is_written(shop: Path, tmp_path: Path) -> None:
    index(shop)
    result = run("search", "red", "-k", 3, "--html", tmp_path / "page.html")
    assert result.exit_code == 0
    assert (tmp_path / "page.html").read_text().count("<li>") == 3


def test_doctor_finds_a_damaged_vector_file(shop: Path, tmp_path: Path) -> None:
    index(shop)
    assert run("doctor").exit_code == 0
    victim = next((tmp_path / "workspace" / "features").rglob("*.arrow"))
    victim.write_bytes(victim.read_bytes()[:-1])
    result = run("doctor")
    assert (result.exit_code, victim.name in result.stdout) == (1, True)


def _spoiling(shop: Path) -> Path:
    """Return keyword weights that make every listing red."""
    path = shop.parent / "weights.json"
    path.write_text(json.dumps({"red": {"no": 100.0}}))
    return path


def test_a_list_that_is_empty_says_so_and_what_fills_it(shop: Path) -> None:
    index(shop)
    for args, said in (
        (("status", "--failed"), "nothing has failed"),
        (("status", "--batches"), "embedkit export-tasks draws one"),
        (("heads",), "no head was trained yet: embedkit train"),
    ):
        result = run(*args)
        assert (result.exit_code, result.stdout, said in result.stderr) == (0, "", True), args


def test_after_a_first_reading_that_was_stopped_every_verb_says_to_index(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("embedkit.intake.take_in", stopped)
    assert run("index", shop, "--encoder", "colour").exit_code == 130
    for verb in (("search", "red"), ("explore",), ("train",), ("compare",), ("report",)):
        result = run(*verb)
        assert result.exit_code == 1
        assert "no catalogue has been read here to its end\nRun embedkit index CATALOGUE" in result.stderr, verb


def test_after_an_indexing_that_was_stopped_half_way_the_verbs_say_what_is_missing(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("embedkit.stages.index.encode", stopped)
    assert index(shop).exit_code == 130
    nothing = run("search", "red")
    assert (nothing.exit_code, "nothing is indexed here yet" in nothing.stderr) == (1, True)
    assert "embedkit index has not finished" in run("train").stderr
    assert "embedkit index has not finished" in run("status").stdout


def test_after_an_indexing_that_ended_nothing_is_said_to_be_missing(shop: Path) -> None:
    index(shop)
    for verb in (("search", "red"), ("train",), ("status",)):
        assert "has not finished" not in run(*verb).output
