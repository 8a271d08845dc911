"""A sample marketplace: catalogue, pictures, and the truth beside them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from embedkit.demo import (
    draw_baby,
    draw_beauty,
    draw_computers,
    draw_decor,
    draw_furnishing,
    draw_kitchen,
    draw_watches,
)
from embedkit.demo.dirt import CLEAN, damaged, spread
from embedkit.demo.grammar import SELLERS, description, marked_up, spoken, title
from embedkit.demo.kinds import Kind
from embedkit.demo.paint import COLOURS, METALS, PATTERNS
from embedkit.demo.scene import Look, encoded, picture, recropped
from embedkit.demo.tongues import foreign_title
from embedkit.errors import Misuse
from embedkit.types import Progress, no_progress

FAMILIES = (draw_watches, draw_computers, draw_kitchen, draw_furnishing, draw_baby, draw_decor, draw_beauty)
KINDS: tuple[tuple[Kind, ...], ...] = tuple(family.KINDS for family in FAMILIES)
CATEGORIES: tuple[str, ...] = tuple(family.MAIN for family in FAMILIES)
COLUMNS = (
    "listing_id", "title", "description", "category", "image", "price", "brand", "stock", "rating", "seller", "colour",
)  # fmt: skip


@dataclass(frozen=True)
class Marketplace:
    """Where the files of a written marketplace are, and how many listings it has."""

    catalog: Path
    truth: Path
    images: Path
    listings: int


@dataclass(frozen=True)
class Draft:
    """One listing before it is written: its place in the catalogue's order, its dirt and what it looks like."""

    place: int
    dirt: str
    look: Look
    main: str
    seed: str

    @property
    def key(self) -> str:
        return f"MK-{self.place + 1:06d}"


def write_marketplace(
    folder: Path, listings_per_category: int = 150, seed: int = 0, progress: Progress = no_progress
) -> Marketplace:
    """Write catalog.csv, truth.csv and images/ into the folder; the same seed writes the same bytes."""
    if listings_per_category < 1:
        raise Misuse(f"{listings_per_category} listings per category: at least 1 is needed")
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    drafts = draft_listings(listings_per_category, seed)
    rows, truths = [], []
    for draft in drafts:
        row = listing_row(draft)
        _write_picture(draft, images / row["image"] if row["image"] else None)
        rows.append(row)
        path = " > ".join(draft.look.kind.path)
        truths.append({"listing_id": draft.key, "true_category": draft.main, "true_path": path, "dirt": draft.dirt})
        progress("generate", len(rows), len(drafts))
    _write_csv(folder / "catalog.csv", COLUMNS, rows)
    _write_csv(folder / "truth.csv", ("listing_id", "true_category", "true_path", "dirt"), truths)
    return Marketplace(folder / "catalog.csv", folder / "truth.csv", images, len(rows))


def draft_listings(listings_per_category: int, seed: int) -> list[Draft]:
    """Return every listing's draft, categories mixed; a duplicate has the look of a clean listing of its category."""
    rng = Random(f"marketplace {seed}")
    order = [family for family in range(len(KINDS)) for _ in range(listings_per_category)]
    rng.shuffle(order)
    dirts = spread(len(order), rng)
    looks = [_new_look(rng.choice(KINDS[family]), f"{seed} look {place}") for place, family in enumerate(order)]
    originals: dict[int, list[int]] = {family: [] for family in order}
    for place, family in enumerate(order):
        if dirts[place] == CLEAN:
            originals[family].append(place)
    drafts = []
    for place, family in enumerate(order):
        dirt, look = dirts[place], looks[place]
        if dirt in ("duplicate", "near_duplicate"):
            if not originals[family]:
                dirt = CLEAN
            else:
                look = looks[rng.choice(originals[family])]
        drafts.append(Draft(place, dirt, look, CATEGORIES[family], f"{seed} text {place}"))
    return drafts


def listing_row(draft: Draft) -> dict[str, str]:
    """Return the listing's row of catalog.csv."""
    rng = Random(draft.seed)
    told = draft.look
    if draft.dirt == "contradicting_text":
        told = _new_look(_foreign_kind(draft.main, rng), draft.seed)
    words = spoken(told, rng)
    heading, body = (
        title(told, words, rng),
        description(told, words, rng.choice(_foreign_kind(draft.main, rng).nouns), rng),
    )
    if draft.dirt == "empty_text":
        heading, body = "", ""
    elif draft.dirt == "non_latin_title":
        heading = foreign_title(draft.main, told.colour, heading, rng)
    elif draft.dirt == "html_description":
        body = marked_up(body, rng)
    filed = _foreign_kind(draft.main, rng) if draft.dirt == "wrong_category" else draft.look.kind
    low, high = draft.look.kind.price
    return {
        "listing_id": draft.key,
        "title": heading,
        "description": body,
        "category": " > ".join(_filed_under(filed, words, rng)),
        "image": "" if draft.dirt == "no_picture" else draft.key + _extension(draft),
        "price": str(round(low * (high / low) ** rng.random() / 10) * 10 - 1),
        "brand": words["brand"],
        "stock": str(rng.choice((0, rng.randint(1, 9), rng.randint(10, 500)))),
        "rating": f"{min(5.0, rng.gauss(3.9, 0.6)):.1f}" if rng.random() < 0.85 else "",
        "seller": rng.choice(SELLERS),
        "colour": told.colour,
    }


def picture_bytes(draft: Draft) -> bytes:
    """Return the bytes of the listing's picture file."""
    image = picture(draft.look)
    rng = Random(f"file of {draft.look.seed}")
    if draft.dirt == "near_duplicate":
        rng = Random(draft.seed)
        image = recropped(image, rng)
    return damaged(encoded(image, _extension(draft), rng.randint(62, 92)), draft.dirt)


def _new_look(kind: Kind, seed: str) -> Look:
    rng = Random(f"choice {seed}")
    pattern = rng.choice(PATTERNS) if rng.random() < kind.patterned else "plain"
    colour = rng.choice(list(METALS)) if rng.random() < kind.metallic else rng.choice(list(COLOURS))
    copies = rng.choice((2, 2, 3)) if rng.random() < kind.sets else 1
    return Look(kind, colour, pattern, copies, seed)


def _foreign_kind(main: str, rng: Random) -> Kind:
    return rng.choice(rng.choice([kinds for kinds, name in zip(KINDS, CATEGORIES, strict=True) if name != main]))


def _filed_under(kind: Kind, words: dict[str, str], rng: Random) -> tuple[str, ...]:
    below = kind.path[-1]
    deeper = (f"{words['material'].title()} {below}", f"{words['colour'].title()} {below}", f"{words['brand']} {below}")
    return kind.path + deeper[: rng.randint(0, len(deeper))]


def _extension(draft: Draft) -> str:
    if draft.dirt in ("near_duplicate", "truncated_picture", "text_as_picture", "empty_picture"):
        return ".jpg"
    luck = Random(f"format of {draft.look.seed}").random()
    return ".png" if luck < 0.07 else ".webp" if luck < 0.13 else ".jpg"


def _write_picture(draft: Draft, path: Path | None) -> None:
    if path is not None and draft.dirt != "missing_picture":
        path.write_bytes(picture_bytes(draft))


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
