"""HTML that is safe by construction: what is not marked as HTML is escaped, whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

from embedkit.wording import Wording

VOID = frozenset({"br", "img", "meta", "col"})


class Html(str):
    """Text that is HTML already. Only this module and the drawings make it; whatever is joined to it by + is not."""

    __slots__ = ()


def html(value: object) -> Html:
    """Return a value as HTML: HTML as it is, anything else escaped; nothing for None."""
    if isinstance(value, Html):
        return value
    return Html("" if value is None else escape(str(value), quote=False))


def join(parts: Iterable[object], between: str = "") -> Html:
    """Return the parts one after the other, each as HTML."""
    return Html(escape(between, quote=False).join(html(part) for part in parts))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """Return an element; `class_` stands for class, `_` in a name for "-", an attribute of None is left out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value), quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Html(f"<{name}{said}>")
    return Html(f"<{name}{said}>{join(children)}</{name}>")


class Told:
    """A Wording whose messages are HTML: messages and values are escaped, HTML among the values stays what it is."""

    def __init__(self, wording: Wording) -> None:
        self.plain = wording
        self.lang = wording.lang

    def __call__(self, message: str, **values: object) -> Html:
        """Return the message with the values in it."""
        said = escape(self.plain(message), quote=False)
        return Html(said.format(**{name: html(value) for name, value in values.items()}) if values else said)

    def plural(self, one: str, many: str, n: int, **values: object) -> Html:
        """Return the form for n things, with `{n}` and the values in it."""
        kept = {name: f"\0{name}\0" for name in values}
        said = escape(self.plain.plural(one, many, n, **kept), quote=False)
        for name, value in values.items():
            said = said.replace(f"\0{name}\0", html(value))
        return Html(said)

    def number(self, value: float | None, digits: int = 0) -> str:
        """Return a number, a dash where there is none."""
        return "–" if value is None else self.plain.number(value, digits)

    def share(self, value: float | None, digits: int = 1) -> str:
        """Return a share in percent, a dash where there is none."""
        return "–" if value is None else self.plain.share(value, digits)

    def moment(self, iso: str | datetime | None) -> str:
        """Return a moment, ISO 8601, as date and minute; a dash where there is none."""
        if iso is None:
            return "–"
        return self.plain.moment(datetime.fromisoformat(iso) if isinstance(iso, str) else iso)


def exactly(share: float, _: Told | Wording) -> str:
    """Return a share that somebody chose, in percent, with the decimals that it has: 98% or 99.5%."""
    digits = next((n for n in range(4) if abs(round(100 * share, n) - 100 * share) < 1e-9), 4)
    return _.share(share, digits)


def interval(_: Told, low: float | None, high: float | None, digits: int = 1) -> Html:
    """Return the ends of an interval, as people write it: rounded any further, 99.7 % would read as certainty."""
    if low is None or high is None:
        return Html("")
    return _("{low} to {high}", low=_.share(low, digits), high=_.share(high, digits))


def table(
    heads: Iterable[object], rows: Iterable[Iterable[object]], *, numbers: Iterable[int] = (), class_: str = ""
) -> Html:
    """Return a table whose first column names its rows; the columns `numbers` are set to the right."""
    right = set(numbers)

    def cell(name: str, column: int, value: object, **more: object) -> Html:
        return tag(name, value, class_="num" if column in right else None, **more)

    head = tag("tr", *(cell("th", column, value, scope="col") for column, value in enumerate(heads)))
    body = [
        tag(
            "tr",
            *(
                cell("td" if column else "th", column, value, **({} if column else {"scope": "row"}))
                for column, value in enumerate(row)
            ),
        )
        for row in rows
    ]
    return tag("div", tag("table", tag("thead", head), tag("tbody", *body), class_=class_ or None), class_="scroll")


def bar(share: float | None, low: float | None = None, high: float | None = None, kind: str = "") -> Html:
    """Return a bar as long as a share, with its interval as a line; it repeats a number that stands beside it."""
    if share is None:
        return Html("")
    parts = [tag("span", class_="fill", style=f"width:{100 * share:.1f}%")]
    if low is not None and high is not None:
        parts.append(tag("span", class_="range", style=f"left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"))
    return tag("span", *parts, class_=f"bar {kind}".strip(), aria_hidden="true")
