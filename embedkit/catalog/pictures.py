"""Pictures by reference: bytes that are sure to come from the images folder, or from the catalogue file itself."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from embedkit.catalog.embedded import EmbeddedPictures
from embedkit.errors import PictureError

MAX_PICTURE_BYTES = 256 * 2**20
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jfif"})
_URL = re.compile(r"(https?|ftp|file|s3|gs|data):", re.IGNORECASE)
_ROW = re.compile(r"row:([0-9]{1,18})(?:@(.+))?", re.DOTALL)


class PictureSource:
    """Reads a catalogue's pictures by reference: a path under the images folder, or "row:N" inside a Parquet file.

    Without an images folder, paths start from `images/` beside the catalogue or else from its own folder. Never leaves
    these folders, by "..", by an absolute path, or by a link. May be shared by threads, and sent to processes.
    """

    def __init__(self, source: Path, images: Path | None = None) -> None:
        self.source = source
        self.images = images
        self.roots = image_roots(source, images)
        self._real_roots = [Path(os.path.realpath(root)) for root in self.roots]
        self._embedded = EmbeddedPictures(source)

    def __reduce__(self) -> tuple[Any, ...]:
        return PictureSource, (self.source, self.images)  # files, locks and caches stay where they were opened

    def resolve(self, reference: str) -> Path:
        """Return the real path of a picture file; raises PictureError saying why there is none that may be read."""
        reference = _checked(reference)
        *others, last = self._real_roots
        for real_root in others:
            with suppress(PictureError):
                return inside(real_root, real_root / reference, MAX_PICTURE_BYTES)
        return inside(last, last / reference, MAX_PICTURE_BYTES)

    def read(self, reference: str) -> bytes:
        """Return a picture's bytes; raises PictureError."""
        row = _ROW.fullmatch(reference)
        if row:
            return self._embedded.read(int(row[1]), row[2])
        return read_regular(self.resolve(reference), MAX_PICTURE_BYTES)

    def stat(self, reference: str) -> tuple[int, int] | None:
        """Return (bytes, modification time in ns) of a picture file, None for one inside the catalogue file."""
        if _ROW.fullmatch(reference):
            return None
        status = self.resolve(reference).stat()
        return status.st_size, status.st_mtime_ns

    def found(self, references: Sequence[str]) -> tuple[int, Path]:
        """Return how many references name a file, and the folder where most of them do. Opens and promises nothing."""
        paths = [reference for reference in references if not is_url(reference)]
        counts = [sum(os.path.isfile(os.path.join(root, path)) for path in paths) for root in self.roots]
        place = max(range(len(counts)), key=lambda i: (counts[i], i))  # none found anywhere: the catalogue's own folder
        return counts[place], self.roots[place]


def image_roots(source: Path, images: Path | None) -> tuple[Path, ...]:
    """Return the folders that picture paths may start from, in the order they are tried."""
    if images is not None:
        return (images,)
    if source.is_dir():
        return (source,)
    return source.parent / "images", source.parent


def first_reference(value: str) -> str:
    """Return the first picture that a value names: the value itself, or the first entry of a JSON list."""
    if value.lstrip().startswith("["):
        try:
            entries = json.loads(value)
        except (ValueError, RecursionError):
            return value.strip()
        return str(entries[0]).strip() if isinstance(entries, list) and entries else ""
    return value.strip()


def names_a_picture(value: str) -> bool:
    """Return whether a value looks like a picture's path or address: by its suffix, opening nothing."""
    path = re.split(r"[?#]", first_reference(value), maxsplit=1)[0]
    return os.path.splitext(path)[1].lower() in PICTURE_SUFFIXES


def is_url(value: str) -> bool:
    """Return whether a value is an address rather than a path."""
    return _URL.match(first_reference(value)) is not None


def _checked(reference: str) -> str:
    if is_url(reference):
        raise PictureError(
            f"{reference[:120]} is an address: pictures must be downloaded first",
            "Download them into a folder, name the files in the catalogue, and pass --images FOLDER.",
        )
    if not reference.strip() or "\0" in reference:
        raise PictureError(f"{reference!r} names no file")
    # Catalogues written on Windows say a\b.jpg; a file name with a backslash in it is not worth supporting.
    return reference.replace("\\", "/")


def inside(real_root: Path, path: Path, max_bytes: int) -> Path:
    """Return the real path of a regular file under `real_root`; raises PictureError. Opens nothing."""
    try:
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(real_root):
            raise PictureError(f"{path.name} leads out of the images folder {real_root}")
        status = real.stat()
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise PictureError(
            f"no such file: {path.name}" if isinstance(error, FileNotFoundError) else f"{cause}"
        ) from error
    if stat.S_ISDIR(status.st_mode):
        raise PictureError(f"{path.name} is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise PictureError(f"{path.name} is not a regular file")
    if status.st_size > max_bytes:
        raise PictureError(f"{path.name} has {status.st_size:,} bytes; the limit is {max_bytes:,}")
    return real


def read_inside(real_root: Path, path: Path, max_bytes: int) -> bytes:
    """Return the bytes of a regular file under `real_root`; raises PictureError."""
    return read_regular(inside(real_root, path, max_bytes), max_bytes)


def read_regular(path: Path, max_bytes: int) -> bytes:
    """Return a file's bytes; raises PictureError if it has meanwhile become a link, a pipe, or longer than allowed."""
    try:
        # NONBLOCK: opening a pipe that took the file's place would otherwise wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise PictureError(f"{path.name} is not a regular file")
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise PictureError(f"{path.name}: {error.strerror}") from error
    if len(content) > max_bytes:
        raise PictureError(f"{path.name} has more than {max_bytes:,} bytes")
    return content
