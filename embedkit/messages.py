"""The message catalogue's keeper: collects what report and dashboard say, and compiles what translators wrote.

`python -m embedkit.messages` (make messages) brings a catalogue up to date; new messages stay empty until somebody
translates them in the .po file and runs it again.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

from embedkit.wording import LANGUAGES, LOCALES

SPEAKERS = ("report", "dashboard")
Key = str | tuple[str, ...]
OWN_HEADERS = ("Project-Id-Version", "Language:", "Plural-Forms", "MIME-Version", "Content-T")
COMMENT = (
    "# What report and dashboard say. `make messages` collects new messages; translate them here, and run it again."
)
PLURALS = {"fr": "nplurals=2; plural=(n > 1);"}
"""How each language counts. Said here, for Babel's own rules change: since 2.19 its French has a form for millions."""
NEVER = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""Files must not differ for having been made at another time."""


def said(package: Path = LOCALES.parent) -> set[Key]:
    """Return every message of the sources: a text, or the pair of one and many; wherever it is said, within others too.

    Raises ValueError for a message that is no literal: nobody could translate it.
    """
    found: set[Key] = set()
    for speaker in SPEAKERS:
        for path in sorted((package / speaker).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and (forms := _spoken(node)):
                    if not all(isinstance(form, str) for form in forms):
                        raise ValueError(f"{path.name}:{node.lineno}: a message must be a literal")
                    found.add(forms[0] if len(forms) == 1 else forms)
    return found


def _spoken(call: ast.Call) -> tuple[str, ...]:
    """Return the forms of the message that a call says, none for other calls."""
    if isinstance(call.func, ast.Name) and call.func.id == "_":
        forms = call.args[:1]
    elif isinstance(call.func, ast.Attribute) and call.func.attr in ("plain", "plural") and _wording(call.func.value):
        forms = call.args[: 2 if call.func.attr == "plural" else 1]
    else:
        return ()
    return tuple(getattr(form, "value", None) for form in forms)  # type: ignore[misc]


def _wording(node: ast.expr) -> bool:
    """Whether an expression is the wording, `_`, or the plain one of a page's, `_.plain`."""
    if isinstance(node, ast.Attribute) and node.attr == "plain":
        node = node.value
    return isinstance(node, ast.Name) and node.id == "_"


def translated(lang: str) -> Catalog:
    """Return what translators wrote; an empty catalogue where they have not begun."""
    path = _file(lang, "po")
    if not path.exists():
        return _empty(lang)
    with path.open("rb") as file:
        return read_po(file, locale=lang, domain="embedkit")


def update(lang: str) -> None:
    """Write the catalogue anew: a place for each message that is said, translations kept, what nobody says dropped."""
    before, catalogue = translated(lang), _empty(lang)
    for key in said():
        kept = before.get(_first(key))
        catalogue.add(key, kept.string if kept is not None and _key(kept) == key else "")
    text = BytesIO()
    for message in catalogue:
        message.flags.discard("python-format")  # "95% interval" is none
    write_po(text, catalogue, width=120, no_location=True, sort_output=True)
    _file(lang, "po").parent.mkdir(parents=True, exist_ok=True)
    _file(lang, "po").write_text(_header(text.getvalue().decode()), encoding="utf-8")
    for message in list(catalogue):
        if message.id and not all(_forms(message.string)):
            catalogue.delete(_first(_key(message)))
    with _file(lang, "mo").open("wb") as file:
        write_mo(file, catalogue)


def problems(lang: str) -> list[str]:
    """Return what is wrong with a catalogue, a line each: missing, not translated, uncertain, placeholders, stale."""
    catalogue, messages = translated(lang), said()
    found = []
    for key in sorted(messages, key=str):
        message = catalogue.get(_first(key))
        if message is None or _key(message) != key:
            found.append(f"missing: {key}")
        elif message.fuzzy:
            found.append(f"uncertain: {key}")
        elif not all(_forms(message.string)):
            found.append(f"not translated: {key}")
        elif any(_names(form) - _names(" ".join(_forms(key))) for form in _forms(message.string)):
            found.append(f"a placeholder that the message has not: {key}")
        elif _names(_forms(message.string)[-1]) != _names(_forms(key)[-1]):
            found.append(f"a placeholder is lost: {key}")
    kept = {_key(message) for message in catalogue if message.id}
    found += [f"nobody says: {key}" for key in sorted(kept - messages, key=str)]
    if not _file(lang, "mo").exists() or _strings(catalogue) != _compiled(lang):
        found.append("the compiled catalogue is not that of the .po file: make messages")
    return found


def _empty(lang: str) -> Catalog:
    catalogue = Catalog(locale=lang, domain="embedkit", fuzzy=False, creation_date=NEVER, revision_date=NEVER)
    catalogue.mime_headers = [("Plural-Forms", PLURALS[lang])]
    return catalogue


def _file(lang: str, kind: str) -> Path:
    return LOCALES / lang / "LC_MESSAGES" / f"embedkit.{kind}"


def _forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    return (text or "",) if text is None or isinstance(text, str) else tuple(text)


def _first(key: Key) -> str:
    return _forms(key)[0]


def _key(message: Message) -> Key:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def _names(text: str) -> set[str]:
    """Return the placeholders of a message."""
    return set(re.findall(r"{(\w+)}", text))


def _strings(catalogue: Catalog) -> dict[Key, tuple[str, ...]]:
    """Return each translation that a compiled catalogue holds."""
    return {_key(one): _forms(one.string) for one in catalogue if one.id and all(_forms(one.string))}


def _compiled(lang: str) -> dict[Key, tuple[str, ...]]:
    with _file(lang, "mo").open("rb") as file:
        return _strings(read_mo(file))


def _header(text: str) -> str:
    """Return a catalogue's text with a header that says only what programs need."""
    head, _, rest = text.partition("\n\n")
    lines = [line for line in head.splitlines() if not line.startswith("#")]
    kept = [line for line in lines if not line.startswith('"') or line[1:].startswith(OWN_HEADERS)]
    kept = ['"Project-Id-Version: embedkit\\n"' if "Project-Id" in line else line for line in kept]
    return "\n".join([COMMENT, *kept]) + "\n\n" + rest


def main() -> int:
    """Bring every catalogue up to date and say what it still lacks; returns 1 if it lacks anything."""
    lacking = 0
    for lang in LANGUAGES[1:]:
        update(lang)
        found = problems(lang)
        sys.stdout.write("".join(f"{lang}: {line}\n" for line in found) or f"{lang}: {len(said())} messages\n")
        lacking += len(found)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
