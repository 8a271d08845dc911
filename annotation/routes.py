"""The ways a picture gets onto the labelling page: uploaded, in a shared folder, at an address, or inside the task."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import quote

from embedkit.annotation.access import AnswerLost
from embedkit.errors import EmbedkitError, Misuse, PictureError

FILES, FILES_BYTES = 100, 50_000_000
"""What one upload holds at most; Label Studio refuses a 101st file."""
PAUSES_S = (1.0, 5.0, 15.0)
LOCAL, URL = "local:", "url:"


class Picture(NamedTuple):
    """A listing's picture: a file name that says what is in it, its path as the catalogue has it, and its JPEG bytes.

    `jpeg` raises PictureError for one that cannot be shown.
    """

    name: str
    reference: str
    jpeg: Callable[[], bytes]


class Route(Protocol):
    """Brings pictures to the page."""

    def addresses(self, pictures: Sequence[Picture]) -> Mapping[str, str]:
        """Return each picture's address by its name; one that cannot be shown is not in it."""


class Uploads(Protocol):
    """What a server must do for pictures."""

    def uploads(self, project_id: int) -> Mapping[str, str]:
        """Return the address of each file of a project, by name."""

    def upload(self, project_id: int, files: Mapping[str, bytes]) -> None:
        """Upload files by name."""


class FileShower(Protocol):
    """What a server must do for local files."""

    def shows(self, address: str) -> bool:
        """Return whether it shows a file at an address of its own."""


@dataclass(frozen=True)
class Inside:
    """Pictures inside the tasks themselves: a file that works alone, and grows."""

    def addresses(self, pictures: Sequence[Picture]) -> Mapping[str, str]:
        """Return data URIs."""
        return {name: f"data:image/jpeg;base64,{base64.b64encode(data).decode()}" for name, data in _read(pictures)}


@dataclass(frozen=True)
class AtAddress:
    """Pictures that a web server has already, below one address."""

    prefix: str

    def addresses(self, pictures: Sequence[Picture]) -> Mapping[str, str]:
        """Return the prefix and the path of each."""
        return {one.name: self.prefix + quote(one.reference.replace("\\", "/").lstrip("/")) for one in pictures}


@dataclass(frozen=True)
class InFolder:
    """Pictures written into a folder that the server sees too; `root` is where its addresses start."""

    folder: Path
    root: Path

    def addresses(self, pictures: Sequence[Picture]) -> Mapping[str, str]:
        """Return the addresses by which Label Studio shows local files, having written those that are not there."""
        found = {}
        for one in pictures:
            path = self.folder / one.name
            if not path.is_file():
                for _, data in _read([one]):
                    temporary = path.with_name(f".{one.name}.{os.getpid()}")
                    temporary.write_bytes(data)
                    temporary.replace(path)
            if path.is_file():
                found[one.name] = local_address(path, self.root)
        return found


@dataclass
class Uploaded:
    """Pictures uploaded to the project, each once, also over several runs."""

    server: Uploads
    project_id: int
    pause: Callable[[float], None] = time.sleep
    known: dict[str, str] | None = field(default=None, repr=False)

    def addresses(self, pictures: Sequence[Picture]) -> Mapping[str, str]:
        """Return the addresses of the uploads; raises EmbedkitError for what does not arrive."""
        if self.known is None:
            self.known = dict(self.server.uploads(self.project_id))
        for group in _groups(_read(one for one in pictures if one.name not in (self.known or {}))):
            self._upload(group)
        return {one.name: self.known[one.name] for one in pictures if one.name in self.known}

    def _upload(self, files: dict[str, bytes]) -> None:
        """Upload files, and look which of them arrived: an answer can be lost, or say 400 to what was stored."""
        for pause_s in (*PAUSES_S, None):
            try:
                self.server.upload(self.project_id, files)
                self.known = dict(self.server.uploads(self.project_id))
            except AnswerLost:
                if pause_s is None:
                    raise
                self.pause(pause_s)
                self.known = dict(self.server.uploads(self.project_id))
            files = {name: data for name, data in files.items() if name not in (self.known or {})}
            if not files:
                return
        raise EmbedkitError(
            f"{len(files)} pictures were uploaded and are not there, the first of them {next(iter(files))}",
            "Show them another way: --pictures local:DIR or --pictures url:PREFIX",
        )


def local_address(path: Path, root: Path) -> str:
    """Return the address by which Label Studio shows a local file below its document root."""
    return "/data/local-files/?d=" + quote(path.relative_to(root).as_posix())


def document_root(server: FileShower, folder: Path) -> Path:
    """Return the folder from which a server counts the addresses of its local files, found by asking for one of them.

    Raises EmbedkitError if it shows none of the folder's.
    """
    probe = folder / f"ek-probe-{os.getpid()}.jpg"
    probe.write_bytes(b"")
    try:
        for root in folder.parents:
            if server.shows(local_address(probe, root)):
                return root
    finally:
        probe.unlink()
    raise EmbedkitError(
        f"the server does not show the files of {folder}",
        "It must see that very folder, below the LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT that it was started with.",
    )


def check_route(asked: str) -> None:
    """Raise Misuse for a way that is none: upload, inside, local:DIR, url:PREFIX."""
    if asked in ("upload", "inside"):
        return
    if asked.startswith(LOCAL) and asked != LOCAL:
        return
    if asked.startswith(URL) and asked[len(URL) :].startswith(("http://", "https://", "/")):
        return
    raise Misuse(
        f"--pictures {asked!r} is no way to show pictures",
        "Known: upload, inside, local:DIR (a folder that the server sees too), url:https://…/ (pictures on the web)",
    )


def _read(pictures: Iterable[Picture]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and bytes of those that can be shown."""
    seen = set()
    for one in pictures:
        if one.name in seen:
            continue
        seen.add(one.name)
        try:
            yield one.name, one.jpeg()
        except PictureError:
            continue


def _groups(files: Iterable[tuple[str, bytes]]) -> Iterator[dict[str, bytes]]:
    """Yield the files in groups that one request can hold."""
    group: dict[str, bytes] = {}
    size = 0
    for name, data in files:
        if group and (len(group) == FILES or size + len(data) > FILES_BYTES):
            yield group
            group, size = {}, 0
        group[name] = data
        size += len(data)
    if group:
        yield group
