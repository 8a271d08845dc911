"""What reports and the dashboard say, in the language of their reader: one message catalogue, and its numbers."""

from __future__ import annotations

import gettext
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent

LANGUAGES = ("en", "fr")
"""English is the source: its messages are the catalogue's keys."""
LOCALES = Path(__file__).parent / "locales"


class Wording:
    """Says messages and numbers in one language; call it with a message, its `{names}` filled in afterwards.

    Messages must be literals where they are said, or `embedkit.wording` finds no translation: Babel extracts them from
    the source as `_("…")` and `_.plural("…", "…", n)`.
    """

    def __init__(self, lang: str) -> None:
        if lang not in LANGUAGES:
            raise ValueError(f"language {lang!r}: {', '.join(LANGUAGES)}")
        self.lang = lang
        self._catalogue: gettext.NullTranslations = gettext.NullTranslations()
        if lang != LANGUAGES[0]:
            self._catalogue = gettext.translation("embedkit", LOCALES, [lang])

    def __call__(self, message: str, **values: Any) -> str:
        """Return the message in this language, with the values in it."""
        said = self._catalogue.gettext(message)
        return said.format(**values) if values else said

    def plural(self, one: str, many: str, n: int, **values: Any) -> str:
        """Return the form for n things; `{n}` is written as this language writes numbers."""
        return self._catalogue.ngettext(one, many, n).format(n=self.number(n), **values)

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number with so many decimals and thousands apart: 12,345.6 or 12 345,6."""
        places = "0" * digits
        return format_decimal(value, f"#,##0.{places}" if digits else "#,##0", locale=self.lang)

    def share(self, value: float, digits: int = 1) -> str:
        """Return a share in [0, 1] as percent: 97.6% or 97,6 %."""
        places = "." + "0" * digits if digits else ""
        pattern = f"#,##0{places}%" if self.lang == "en" else f"#,##0{places}\N{NARROW NO-BREAK SPACE}%"
        return format_percent(value, pattern, locale=self.lang)

    def moment(self, value: Any) -> str:
        """Return a datetime as date and minute."""
        return format_datetime(value, "d MMM y HH:mm", locale=self.lang)

    def language(self, code: str) -> str:
        """Return what this language calls a language, by its ISO 639-1 code; the code where it has no name for it."""
        return str(Locale(self.lang).languages.get(code, code))


def wording(lang: str) -> Wording:
    """Return the wording of a language: "en" or "fr"."""
    return Wording(lang)
