"""Why listings went where they did, by the real small encoders and by ones that cannot be explained."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from embedkit.cli.explain import command
from embedkit.errors import EmbedkitError, Misuse
from embedkit.report.explanations import explanations_page, write_explanations
from embedkit.stages import explain, index, train
from embedkit.types import no_progress
from embedkit.workspace import Workspace
from tests.worlds import ColourRegistry, Row, coloured, listing, spotted, write_shop

NASTY = '<script>alert("x")</script> & <img src=http://example.com/a.png>'


def silent(line: str) -> None:
    """Take a line for people, and keep it to oneself."""


def build(folder: Path, rows: list[Row], encoders: tuple[str, ...]) -> Workspace:
    """Return a workspace of these listings, indexed."""
    workspace = Workspace(folder / "workspace")
    catalogue = write_shop(folder / "shop", rows)
    for number, row in enumerate(rows):
        (folder / "shop" / row["image"]).write_bytes(spotted(row["colour"], number))
    index.run(workspace, index.IndexSpec(catalogue, encoders=encoders), silent, no_progress)
    return workspace


def fit(workspace: Workspace, **options: Any) -> str:
    """Return the name of a newly trained head."""
    return train.run(workspace, train.TrainSpec(**options), silent, no_progress).head_id


def filed() -> list[Row]:
    """Return 36 listings in three colours; one is filed under the wrong colour, one has a nasty title."""
    rows = coloured(36)
    rows[0] = listing("wrong", "red", category="blue", title="red thing to find")
    rows[1] = listing("nasty", "green", title=f"green {NASTY}")
    return rows


@dataclass(frozen=True)
class Shop:
    """A workspace with a head of words alone, which is in use, and one that reads every vector."""

    workspace: Workspace
    words: str
    vectors: str


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    workspace = build(tmp_path_factory.mktemp("explained"), filed(), ("clip-tiny", "densenet-tiny"))
    words = fit(workspace, features=("keywords",))
    vectors = fit(workspace, kind="prototype", features=("clip-image", "densenet", "clip-text"), promote=False)
    return Shop(workspace, words, vectors)


@pytest.fixture(scope="module")
def two(shop: Shop) -> explain.Explained:
    """Return k005 and nasty, explained by the head that reads every vector."""
    return run(shop, "k005", "nasty", head_id=shop.vectors)


def run(shop: Shop, *keys: str, **options: Any) -> explain.Explained:
    return explain.run(shop.workspace, explain.ExplainSpec(keys=keys, **options), silent, no_progress)


def test_every_vector_of_a_listing_is_explained(two: explain.Explained) -> None:
    one = two.explanations[0]
    assert one.categories[0] == one.predicted == one.known == "blue"
    assert {maps.name: maps.grid for maps in one.pictures} == {"clip-image": (8, 8), "densenet": (4, 4)}
    assert [(maps.name, maps.words) for maps in one.texts] == [("clip-text", ("blue", "no", "5"))]
    for maps in (*one.pictures, *one.texts):
        assert tuple(drawn.category for drawn in maps.maps) == one.categories
        np.testing.assert_allclose([drawn.score for drawn in maps.maps], one.adds[maps.name], atol=0.05)


def test_every_word_is_explained(shop: Shop) -> None:
    (one,) = run(shop, "k005").explanations
    assert one.keywords[0].word == "blue"
    assert one.pictures == one.texts == ()
    total = sum(word.adds for word in one.keywords) + one.keyword_rest
    np.testing.assert_allclose(total, one.adds["keywords"], atol=1e-4)


def test_the_nearest_labelled_listings_are_shown_and_never_the_listing_itself(two: explain.Explained) -> None:
    one = two.explanations[0]
    assert {near.by for near in one.nearest} == {"clip-image", "clip-text", "densenet", "keywords"}
    assert "k005" not in {near.key for near in one.nearest}
    assert next(near for near in one.nearest if near.by == "keywords").category == "blue"


def test_the_surest_error_is_found_and_not_explained_by_heart(shop: Shop) -> None:
    (one,) = run(shop, top_errors=1).explanations
    assert (one.key, one.known, one.predicted) == ("wrong", "blue", "red")
    assert one.wrong
    assert one.adds["keywords"][0] > one.adds["keywords"][1]


def test_a_listing_that_the_head_learnt_from_is_explained_by_a_twin(shop: Shop) -> None:
    with shop.workspace.database().connect(read_only=True) as connection:
        rows = connection.execute(
            "SELECT key, split FROM splits JOIN items USING (item_id) WHERE key LIKE 'k%' ORDER BY key"
        ).fetchall()
    learnt = next(key for key, side in rows if side == "train")
    aside = next(key for key, side in rows if side == "test")
    first, second = run(shop, learnt, aside).explanations
    assert any("twin" in note.text for note in first.notes)
    assert not any("twin" in note.text for note in second.notes)


def test_a_category_can_be_asked_about(shop: Shop) -> None:
    (one,) = run(shop, "k005", categories=("green",)).explanations
    assert one.categories == ("green",)
    assert one.predicted == "blue"
    with pytest.raises(Misuse, match="has no category 'purple'"):
        run(shop, "k005", categories=("purple",))


def test_a_text_of_ones_own_is_compared_without_any_training(shop: Shop) -> None:
    (one,) = run(shop, "k005", head_id="zeroshot", categories=("a striped mug", "red")).explanations
    assert one.categories == ("a striped mug", "red")
    assert sorted(one.adds) == ["clip-image", "clip-text"]
    assert len(one.pictures[0].maps) == 2


def test_what_cannot_be_meant_is_refused(shop: Shop) -> None:
    with pytest.raises(Misuse, match="nothing to explain"):
        run(shop)
    with pytest.raises(EmbedkitError, match="no listing has the key 'k999'"):
        run(shop, "k005", "k999")
    with pytest.raises(Misuse, match="no head 'probe-0'"):
        run(shop, "k005", head_id="probe-0")


def test_a_key_named_twice_is_explained_once(shop: Shop) -> None:
    assert [one.key for one in run(shop, "k007", "k005", "k007").explanations] == ["k007", "k005"]


def test_an_encoder_without_maps_says_so_and_the_rest_is_explained(
    workspace: Workspace, colours: ColourRegistry, tmp_path: Path
) -> None:
    catalogue = write_shop(tmp_path, coloured(30))
    index.run(workspace, index.IndexSpec(catalogue, encoders=("colour",)), silent, no_progress)
    head = fit(workspace, kind="prototype", features=("clip-image",))
    (one,) = run(Shop(workspace, head, head), "k005").explanations
    assert "clip-image: colour cannot be explained: it is a ColourEncoder" in [note.text for note in one.notes]
    assert one.pictures == one.texts == ()
    assert list(one.adds) == ["clip-image"]


def test_a_picture_that_is_gone_is_a_note(tmp_path: Path) -> None:
    workspace = build(tmp_path, coloured(12), ("clip-tiny",))
    head = fit(workspace, kind="prototype", features=("clip-image",))
    (tmp_path / "shop" / "k005.png").unlink()
    (one,) = run(Shop(workspace, head, head), "k005").explanations
    assert any("k005.png" in note.text for note in one.notes)
    assert one.pictures == ()


def test_the_table_has_a_row_a_part_and_category(shop: Shop, two: explain.Explained) -> None:
    rows = two.rows[:6]
    parts = [row["part"] for row in rows[:3]]
    assert sorted(parts) == ["clip-image", "clip-text", "densenet"]
    assert [row["key"] for row in two.rows] == ["k005"] * 6 + ["nasty"] * 6
    assert {row["mark"] for row in rows} <= {"holds", "don't rely on this"}
    assert rows[parts.index("clip-text")]["mark"] == "don't rely on this"  # three words are too few to test
    (first, _) = run(shop, "k005").rows
    assert (first["part"], first["mark"]) == ("keywords", "exact")
    assert first["for"].startswith("blue +")


def test_explaining_writes_nothing_into_the_workspace(shop: Shop) -> None:
    def stamps() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in shop.workspace.root.rglob("*") if path.is_file()}

    before = stamps()
    run(shop, "k005", top_errors=1)
    assert stamps() == before


def test_the_page_is_one_safe_file_that_asks_for_nothing(two: explain.Explained) -> None:
    page = explanations_page(two.explanations, two.head_id)
    assert "<script" not in page
    assert '&lt;script&gt;alert("x")&lt;/script&gt;' in page
    assert set(re.findall(r"src=\"([a-z]+:[a-z/]+)", page)) == {"data:image/jpeg"}
    assert re.findall(r"<(?:link|iframe|object|embed|base)\b|url\(|@import|<img(?! alt=\")", page) == []
    assert "Content-Security-Policy" in page


def test_the_page_says_without_colour_what_it_shows(two: explain.Explained) -> None:
    page = explanations_page(two.explanations[:1], two.head_id)
    assert page.count("✔</b> Holds") + page.count("✘</b> Don't rely on this") == 6
    assert re.search(r'alt="cells for blue: row \d column \d \+\d+%', page)
    assert "8 x 8 cells" in page
    assert "4 x 4 cells" in page


def test_files_are_a_picture_a_map_a_page_and_json(two: explain.Explained, tmp_path: Path) -> None:
    written = write_explanations(tmp_path / "out", two.explanations, two.head_id)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in written)
    assert {"01-k005-clip-image-1.png", "01-k005-clip-image-2.png", "02-nasty-densenet-1.png"} <= {
        path.name for path in written
    }
    document = json.loads((tmp_path / "out" / "explanations.json").read_text())
    maps = next(one for one in document["listings"][0]["pictures"] if one["grid"] == [8, 8])
    assert sum(abs(share) for share in maps["maps"][0]["shares"]) == pytest.approx(1, abs=0.01)
    assert len(maps["maps"][0]["mark"]["random_areas"]) == 9
    assert document["listings"][1]["title"] == f"green {NASTY}"


def test_the_verb_prints_rows_and_says_where_the_page_is(shop: Shop, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    result = CliRunner().invoke(
        command, ["k005", "-o", out, "--json", "-w", str(shop.workspace.root)], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert [row["part"] for row in json.loads(result.stdout)] == ["keywords", "keywords"]
    assert json.loads(result.stdout)[0]["category"] == "blue"
    assert "explanations.html" in result.stderr
    assert (tmp_path / "out" / "explanations.html").is_file()


def test_the_page_and_the_captions_speak_french_when_asked(two: explain.Explained, tmp_path: Path) -> None:
    page = explanations_page(two.explanations, two.head_id, "fr")
    assert '<html lang="fr">' in page
    assert "Pourquoi 2 annonces ont été rangées là" in page
    english = ["Why", "The model", "What each part adds", "random orders", "rather than", "Nearest listings", "cells"]
    bare = re.sub(r'<style>.*?</style>|<code>.*?</code>|src="[^"]*"', "", page, flags=re.DOTALL)
    assert [words for words in english if words in bare] == []
    write_explanations(tmp_path / "fr", two.explanations, two.head_id, "fr")
    assert "Pourquoi 2" in (tmp_path / "fr" / "explanations.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "fr" / "explanations.json").read_text())["listings"][0]["key"] == "k005"


def test_a_twin_that_leans_the_other_way_is_not_said_to_decide_for_the_first(two: explain.Explained) -> None:
    one = replace(two.explanations[0], adds={"clip-image": np.array([0.4, 0.1]), "keywords": np.array([-1.0, 0.2])})
    assert one.gaps == pytest.approx({"clip-image": 0.3, "keywords": -1.2})
    assert one.deciding is None
    assert " rather than " not in re.sub(r"<th>.*?</th>", "", explanations_page([one], "head"))
    other = replace(one, adds={"clip-image": np.array([0.4, 0.1]), "keywords": np.array([-0.1, 0.1])})
    assert other.deciding == "clip-image"
    assert f"<b>{one.categories[0]}</b> rather than {one.categories[1]}, mostly" in explanations_page([other], "head")
