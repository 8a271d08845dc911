"""The languages that a text may be in, by py3langid. The only module that knows it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

LANGUAGES: dict[str, tuple[str, str]] = {
    "ar": ("Arabic", "ARABIC"),
    "bg": ("Bulgarian", "CYRILLIC"),
    "bn": ("Bengali", "BENGALI"),
    "cs": ("Czech", "LATIN"),
    "da": ("Danish", "LATIN"),
    "de": ("German", "LATIN"),
    "el": ("Greek", "GREEK"),
    "en": ("English", "LATIN"),
    "es": ("Spanish", "LATIN"),
    "fa": ("Persian", "ARABIC"),
    "fi": ("Finnish", "LATIN"),
    "fr": ("French", "LATIN"),
    "gu": ("Gujarati", "GUJARATI"),
    "he": ("Hebrew", "HEBREW"),
    "hi": ("Hindi", "DEVANAGARI"),
    "hr": ("Croatian", "LATIN"),
    "hu": ("Hungarian", "LATIN"),
    "id": ("Indonesian", "LATIN"),
    "it": ("Italian", "LATIN"),
    "ja": ("Japanese", "CJK HIRAGANA KATAKANA"),
    "kn": ("Kannada", "KANNADA"),
    "ko": ("Korean", "HANGUL"),
    "ml": ("Malayalam", "MALAYALAM"),
    "mr": ("Marathi", "DEVANAGARI"),
    "nl": ("Dutch", "LATIN"),
    "no": ("Norwegian", "LATIN"),
    "pa": ("Punjabi", "GURMUKHI"),
    "pl": ("Polish", "LATIN"),
    "pt": ("Portuguese", "LATIN"),
    "ro": ("Romanian", "LATIN"),
    "ru": ("Russian", "CYRILLIC"),
    "sk": ("Slovak", "LATIN"),
    "sv": ("Swedish", "LATIN"),
    "ta": ("Tamil", "TAMIL"),
    "te": ("Telugu", "TELUGU"),
    "th": ("Thai", "THAI"),
    "tr": ("Turkish", "LATIN"),
    "uk": ("Ukrainian", "CYRILLIC"),
    "ur": ("Urdu", "ARABIC"),
    "vi": ("Vietnamese", "LATIN"),
    "zh": ("Chinese", "CJK"),
}
"""What marketplaces are written in: a code of ISO 639-1, the English name, and the scripts as Unicode names them.

The model knows a hundred more languages, and sees them in every other short title.
"""
NAMES = {code: name for code, (name, _) in LANGUAGES.items()}
READ_CHARACTERS = 1000
"""More of a text does not make its language clearer, and takes time."""


def language_probabilities(
    texts: Sequence[str], on_each: Callable[[int], None] = lambda done: None
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the languages' codes, and float64[n, languages], rows sum to 1: each text taken by itself.

    A language that is not written in the script of most of a text's letters has probability 0; where no language is
    left, or the text has no letter, all are as likely.
    """
    reader = _reader()
    codes = tuple(sorted(LANGUAGES))
    written = {code: frozenset(scripts.split()) for code, (_, scripts) in LANGUAGES.items()}
    found = np.zeros((len(texts), len(codes)))
    for row, text in enumerate(texts):
        script = script_of(text[:READ_CHARACTERS])
        likely = dict(reader.rank(text[:READ_CHARACTERS])) if script else {}
        found[row] = [likely.get(code, 0.0) if script in written[code] else 0.0 for code in codes]
        on_each(row + 1)
    total = found.sum(axis=1, keepdims=True)
    return codes, np.where(total > 0, found / np.where(total > 0, total, 1.0), 1.0 / len(codes))


@cache
def _reader() -> Any:
    """Return py3langid's classifier for these languages; unpacking it takes a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    reader = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    reader.set_languages(list(LANGUAGES))
    return reader


def script_of(text: str) -> str:
    """Return the script of most letters of a text, "LATIN" or "CJK" say; "" where it has no letter."""
    if text.isascii():
        return "LATIN" if any(map(str.isalpha, text)) else ""
    counts = Counter(_script(character) for character in text if character.isalpha())
    return counts.most_common(1)[0][0] if counts else ""


@lru_cache(maxsize=10_000)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").split(" ")[0]
