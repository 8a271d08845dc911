"""The generated marketplace: repeatable, of the promised size and dirt, and true to its own truth file."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from PIL import Image, UnidentifiedImageError

from embedkit.demo.dirt import SHARES
from embedkit.demo.generate import CATEGORIES, KINDS, Marketplace, draft_listings, write_marketplace
from embedkit.demo.kinds import Kind
from embedkit.demo.paint import COLOURS, METALS, PATTERNS, mix_paint
from embedkit.demo.scene import Look, picture
from embedkit.demo.sketch import Sketch
from embedkit.errors import Misuse

BROKEN = {"truncated_picture", "empty_picture", "text_as_picture"}
WITHOUT = {"missing_picture", "no_picture"}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Marketplace:
    return write_marketplace(tmp_path_factory.mktemp("market"), listings_per_category=60, seed=5)


@pytest.fixture(scope="module")
def rows(market: Marketplace) -> list[dict[str, str]]:
    return _read(market.catalog)


@pytest.fixture(scope="module")
def truths(market: Marketplace) -> dict[str, dict[str, str]]:
    return {row["listing_id"]: row for row in _read(market.truth)}


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    one, two = (write_marketplace(tmp_path / name, 4, seed=3) for name in ("one", "two"))
    assert _digests(one) == _digests(two)


def test_another_seed_writes_other_listings(tmp_path: Path) -> None:
    one, two = (write_marketplace(tmp_path / str(seed), 4, seed=seed) for seed in (3, 4))
    assert one.catalog.read_bytes() != two.catalog.read_bytes()


def test_every_category_has_the_asked_number_of_listings(
    market: Marketplace, truths: dict[str, dict[str, str]]
) -> None:
    assert Counter(row["true_category"] for row in truths.values()) == dict.fromkeys(CATEGORIES, 60)
    assert market.listings == len(truths) == 7 * 60


def test_dirt_comes_in_the_shares_that_are_promised() -> None:
    counted = Counter(draft.dirt for draft in draft_listings(150, seed=0))
    assert {name: counted[name] for name in SHARES} == {name: round(1050 * share) for name, share in SHARES.items()}


def test_only_listings_marked_as_wrong_are_filed_elsewhere(
    rows: list[dict[str, str]], truths: dict[str, dict[str, str]]
) -> None:
    strayed = {r["listing_id"] for r in rows if not r["category"].startswith(truths[r["listing_id"]]["true_category"])}
    assert strayed == {key for key, truth in truths.items() if truth["dirt"] == "wrong_category"}


def test_every_picture_opens_but_those_marked_as_broken(
    market: Marketplace, rows: list[dict[str, str]], truths: dict[str, dict[str, str]]
) -> None:
    unreadable = {row["listing_id"] for row in rows if not _opens(market.images, row["image"])}
    assert unreadable == {key for key, truth in truths.items() if truth["dirt"] in BROKEN | WITHOUT}


def test_titles_name_the_colour(rows: list[dict[str, str]], truths: dict[str, dict[str, str]]) -> None:
    wordless = {"empty_text", "non_latin_title"}
    told = [row for row in rows if truths[row["listing_id"]]["dirt"] not in wordless]
    assert [row["title"] for row in told if row["colour"] not in row["title"].lower()] == []


def test_categories_have_two_to_five_levels_below(rows: list[dict[str, str]]) -> None:
    assert {row["category"].count(" > ") for row in rows} == {2, 3, 4, 5}


def test_duplicates_share_a_picture_and_differ_in_words(
    market: Marketplace, rows: list[dict[str, str]], truths: dict[str, dict[str, str]]
) -> None:
    copies = [row for row in rows if truths[row["listing_id"]]["dirt"] == "duplicate"]
    titles: dict[bytes, set[str]] = {}
    for row in rows:
        if _opens(market.images, row["image"]):
            titles.setdefault((market.images / row["image"]).read_bytes(), set()).add(row["title"])
    assert copies
    assert all(len(titles[(market.images / row["image"]).read_bytes()]) > 1 for row in copies)


def test_no_listings_at_all_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(Misuse):
        write_marketplace(tmp_path, listings_per_category=0)


def test_progress_is_told_to_the_last_listing(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    write_marketplace(tmp_path, 1, progress=lambda what, done, total: calls.append((what, done, total)))
    assert calls[-1] == ("generate", 7, 7)


@pytest.mark.parametrize("kind", [kind for family in KINDS for kind in family], ids=lambda kind: kind.nouns[0])
def test_a_drawing_fills_a_fair_part_of_its_square_and_shows_its_colour(kind: Kind) -> None:
    red, blue = (_drawn(kind, colour) for colour in ("red", "blue"))
    assert sum(red.getchannel("A").histogram()[200:]) > 0.05 * red.width * red.height
    assert red.tobytes() != blue.tobytes()


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_shows_on_the_picture(pattern: str) -> None:
    mug = next(kind for family in KINDS for kind in family if kind.nouns[0] == "mug")
    plain, printed = (picture(Look(mug, "green", name, 1, "seed")) for name in ("plain", pattern))
    assert plain.tobytes() != printed.tobytes()


def test_the_second_colour_can_be_told_from_the_first() -> None:
    paints = [mix_paint(name, "striped", Random(seed)) for name in {**COLOURS, **METALS} for seed in range(9)]
    gaps = [max(abs(a - b) for a, b in zip(paint.main, paint.second, strict=True)) for paint in paints]
    assert min(gaps) > 35


def _drawn(kind: Kind, colour: str) -> Image.Image:
    rng = Random(1)
    sketch = Sketch(160, mix_paint(colour, "plain", Random(1)), rng)
    kind.draw(sketch, Random(2))
    return sketch.image


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _digests(market: Marketplace) -> dict[str, str]:
    files = [market.catalog, market.truth, *sorted(market.images.iterdir())]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _opens(images: Path, name: str) -> bool:
    if not name or not (images / name).exists():
        return False
    try:
        Image.open(io.BytesIO((images / name).read_bytes())).load()
    except (UnidentifiedImageError, OSError):
        return False
    return True
