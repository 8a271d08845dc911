"""A folder of pictures as a catalogue: name.txt beside name.jpg is its text, sub-folders are its category."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path

from embedkit.catalog.nouns import Problem
from embedkit.catalog.pictures import PICTURE_SUFFIXES, read_inside
from embedkit.catalog.tables import Table
from embedkit.errors import CatalogError, PictureError

LONGEST_TITLE = 200
LONGEST_TEXT_BYTES = 2**20
_NOT_A_LISTING = re.compile(r"(readme|licen[cs]e|notice|credits)\b.*", re.IGNORECASE)


def read_folder(source: Path, encoding: str | None = None) -> Table:
    """Return one row a picture (or text without one) with columns key, title, text, picture, category.

    The key is the relative path without its suffix, or with it where a.jpg and a.png share a folder. The text's first
    line is the title, unless it is too long for one. Hidden files and linked folders are passed over.
    """
    found, problems = _walk(source)
    root = source.resolve()
    pictures = [path for path in found if path.suffix.lower() in PICTURE_SUFFIXES]
    texts = {path.with_suffix(""): path for path in found if path.suffix.lower() == ".txt"}
    stems = Counter(path.with_suffix("") for path in pictures)
    alone = [
        path
        for stem, path in texts.items()
        if stem not in stems and not (len(path.parts) == 1 and _NOT_A_LISTING.fullmatch(path.name))
    ]
    if not pictures and not alone:
        raise CatalogError(f"{source} holds no pictures", f"Their names end in {', '.join(sorted(PICTURE_SUFFIXES))}.")
    columns: dict[str, list[str | None]] = {name: [] for name in ("key", "title", "text", "picture", "category")}
    for row, path in enumerate(sorted([*pictures, *alone]), start=1):
        stem = path.with_suffix("")
        key = path if stems[stem] > 1 else stem
        title, text = "", ""
        if stem in texts:
            try:
                title, text = _title_and_text(read_inside(root, root / texts[stem], LONGEST_TEXT_BYTES), encoding)
            except (PictureError, UnicodeDecodeError) as error:
                cause = (
                    f"not {error.encoding}: byte {error.start}" if isinstance(error, UnicodeDecodeError) else str(error)
                )
                problems.append(Problem(row, key.as_posix(), "text", str(texts[stem]), cause))
        columns["key"].append(key.as_posix())
        columns["title"].append(title or None)
        columns["text"].append(text or None)
        columns["picture"].append(None if path in texts.values() else path.as_posix())
        columns["category"].append(path.parent.as_posix() if len(path.parts) > 1 else None)
    return Table(
        source,
        dict(columns),
        list(range(1, len(columns["key"]) + 1)),
        problems,
        roles={name: name for name in columns},
        category_sep="/",
    )


def _walk(source: Path) -> tuple[list[Path], list[Problem]]:
    """Return the relative paths of all files, sorted, and the names that cannot be followed or written down."""
    found: list[Path] = []
    problems: list[Problem] = []
    for folder, subfolders, names in os.walk(source):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "__MACOSX")))
        here = Path(folder).relative_to(source)
        problems += [
            Problem(0, "", "", _printable(here / name), "a linked folder is not followed")
            for name in subfolders
            if os.path.islink(os.path.join(folder, name))
        ]
        for name in names:
            path = here / name
            if name.startswith("."):
                continue
            if _printable(path) != str(path):
                problems.append(Problem(0, "", "", _printable(path), "the file's name is not UTF-8"))
                continue
            found.append(path)
    return sorted(found), problems


def _printable(path: Path) -> str:
    return str(path).encode("utf-8", "replace").decode()


def _title_and_text(content: bytes, encoding: str | None) -> tuple[str, str]:
    text = content.decode(encoding or "utf-8-sig").replace("\0", "").strip()
    first, _, rest = text.partition("\n")
    if len(first) > LONGEST_TITLE:
        return "", text
    return first.strip(), rest.strip()
