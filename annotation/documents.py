"""The elements of a JSON list in a file, one after the other: a file of any size in the memory of one element."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from embedkit.errors import EmbedkitError

CHUNK = 1 << 20
NEAR_THE_END = 32
"""A word of JSON or an escape that a chunk cuts in two starts this near to its end."""
LONGEST_INTEGER = 18
_SPACE = re.compile(r"[ \t\r\n]*")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b")
AGAIN = "Export or copy the file again: nothing of it was taken in."


class Element(NamedTuple):
    """One element of the list, where it starts, and the keys that some object in it has twice."""

    value: Any
    line: int
    doubled: tuple[str, ...]


def read_elements(path: Path) -> Iterator[Element]:
    """Yield the elements of the file's list; a file that is one object is a list of one.

    Raises EmbedkitError, with the line, for what is no JSON, is cut off, or is in another encoding than UTF-8 or
    UTF-16.
    """
    return _Reader(path).elements()


class _Reader:
    """Reads a file in pieces, and knows where it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.doubled: list[str] = []
        self.decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_int=_integer)
        self.text, self.at, self.line, self.ended = "", 0, 1, False

    def elements(self) -> Iterator[Element]:
        self.pieces = _pieces(self.path)
        first = self._next_character()
        if first == "[":
            yield from self._listed()
        elif first == "{":
            yield self._element()
        else:
            raise EmbedkitError(
                f"{self.path} is {'empty' if not first else 'no JSON: it begins with ' + repr(self.text[:20])}",
                "Choose the export format JSON in Label Studio.",
            )
        if self._next_character():
            raise self._wrong("there is more behind the end of the list")

    def _listed(self) -> Iterator[Element]:
        self.at += 1
        if self._next_character() == "]":
            self.at += 1
            return
        while True:
            yield self._element()
            mark = self._next_character()
            if mark not in (",", "]"):
                raise self._wrong("a comma or the end of the list is missing" if mark else "the file is cut off")
            self.at += 1
            if mark == "]":
                return
            self._next_character()

    def _element(self) -> Element:
        """Return the element that starts here, reading on until all of it is there."""
        while True:
            self.doubled = []
            try:
                value, end = self.decoder.raw_decode(self.text, self.at)
            except RecursionError:
                raise self._wrong("objects are nested too deeply") from None
            except json.JSONDecodeError as error:
                cut_off = error.msg.startswith("Unterminated string") or error.pos >= len(self.text) - NEAR_THE_END
                if not self.ended and cut_off:
                    self._read_on(max(CHUNK, len(self.text) - self.at))
                    continue
                line = self.line + self.text.count("\n", self.at, error.pos)
                what = "the file is cut off" if cut_off and self.ended else error.msg
                raise self._wrong(what, line) from None
            else:
                element = Element(value, self.line, tuple(self.doubled))
                self.line += self.text.count("\n", self.at, end)
                self.at = end
                return element

    def _next_character(self) -> str:
        """Return the next character that is no white space, "" at the end of the file."""
        while True:
            found = _SPACE.match(self.text, self.at)
            assert found is not None
            self.line += self.text.count("\n", self.at, found.end())
            self.at = found.end()
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self._read_on(CHUNK)

    def _read_on(self, characters: int) -> None:
        """Drop what was used, and read at least so many characters more, or to the end."""
        pieces, length = [self.text[self.at :]], 0
        while length < characters:
            piece = next(self.pieces, None)
            if piece is None:
                self.ended = True
                break
            pieces.append(piece)
            length += len(piece)
        self.text, self.at = "".join(pieces), 0

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            self.doubled += sorted({name for name in names if names.count(name) > 1})
        return made

    def _wrong(self, what: str, line: int | None = None) -> EmbedkitError:
        return EmbedkitError(f"{self.path}, line {line or self.line}: {what}", AGAIN)


def _pieces(path: Path) -> Iterator[str]:
    """Yield the file's text in pieces; raises EmbedkitError naming the byte that is in another encoding."""
    with path.open("rb") as file:
        start = file.read(4)
        if start.startswith(_ARCHIVES):
            raise EmbedkitError(f"{path} is a compressed archive", "Unpack it, and name the JSON file in it.")
        codec = next((name for bom, name in _BOMS if start.startswith(bom)), "utf-8")
        decoder = codecs.getincrementaldecoder(codec)()
        file.seek(0)
        while True:
            held, place = len(decoder.getstate()[0]), file.tell()
            data = file.read(CHUNK)
            try:
                piece = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                byte = place - held + error.start
                what = f"byte {byte:,} is no {codec.upper()}" if data else "the file is cut off within a character"
                raise EmbedkitError(f"{path}: {what}", "Save it as UTF-8, or export it again.") from None
            if piece:
                yield piece
            if not data:
                return


def _integer(digits: str) -> int | float:
    """Return a whole number; one of thousands of digits, which Python refuses to read, comes as a float."""
    return int(digits) if len(digits) <= LONGEST_INTEGER + 1 else float(digits)
