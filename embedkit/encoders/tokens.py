"""Strings as tokens, exactly as long as they are."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from open_clip.factory import get_tokenizer
from open_clip.tokenizer import SimpleTokenizer

Tokens = NDArray[np.int64]
WORD_END = "</w>"


class TextPreparer:
    """Turns a string into tokens, from start to end, cut to the context as open_clip cuts."""

    def __init__(self, tokenizer: Any, context_length: int, variant: str) -> None:
        self.tokenizer = tokenizer
        self.context_length = context_length
        self.variant = variant
        self.simple = isinstance(tokenizer, SimpleTokenizer) and tokenizer.reduction_fn is None
        self.pad = 0 if self.simple else int(getattr(getattr(tokenizer, "tokenizer", None), "pad_token_id", 0) or 0)

    @property
    def name(self) -> str:
        """What the tokens depend on, for the spec."""
        kind = type(self.tokenizer).__name__
        source = getattr(getattr(self.tokenizer, "tokenizer", None), "name_or_path", "")
        return ":".join(part for part in (kind, source, "nltk words" if self.variant == "nltk" else "") if part)

    def __call__(self, text: str) -> Tokens:
        """Return int64[length], 2 <= length <= context_length; an empty text is its start and end."""
        text = self.spoken(text)
        if not self.simple:
            return np.asarray(self.tokenizer([text], context_length=self.context_length)[0], dtype=np.int64)
        ids = self._ids(text)
        if len(ids) > self.context_length:
            ids = [*ids[: self.context_length - 1], self.tokenizer.eot_token_id]
        return np.asarray(ids, dtype=np.int64)

    def count(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return int64[n]: tokens of each text, uncut, its start and end included."""
        if self.simple:
            return np.fromiter((len(self._ids(self.spoken(text))) for text in texts), np.int64, len(texts))
        plain = getattr(self.tokenizer, "tokenizer", self.tokenizer)
        return np.fromiter((len(plain(self.spoken(text))["input_ids"]) for text in texts), np.int64, len(texts))

    def _ids(self, text: str) -> list[int]:
        return [self.tokenizer.sot_token_id, *self.tokenizer.encode(text), self.tokenizer.eot_token_id]

    def spoken(self, text: str) -> str:
        """Return the text whose tokens are taken: as it stands, or its words by NLTK."""
        return " ".join(self._nltk.tokenize(text)) if self.variant == "nltk" else text

    @cached_property
    def _nltk(self) -> Any:
        """NLTK's RegexpTokenizer for words; Python's \\w alone would cut Hindi or Thai words at every vowel sign."""
        from nltk.tokenize import RegexpTokenizer

        marks = "".join(c for c in map(chr, range(0x20000)) if unicodedata.category(c)[0] == "M")
        return RegexpTokenizer(rf"\w[\w{marks}]*")


def preparer_for(text_cfg: dict[str, Any], name: str, variant: str) -> TextPreparer:
    """Return the preparer of an open_clip text tower; raises OSError if its vocabulary is not on this machine."""
    length = int(text_cfg.get("context_length") or 77)
    if name.startswith("open_clip/"):
        tokenizer = get_tokenizer(name.split("/")[1], context_length=length)
    else:
        tokenizer = SimpleTokenizer(context_length=length)
    return TextPreparer(tokenizer, length, variant)


def count_tokens(texts: Sequence[str], variant: str = "raw") -> NDArray[np.int64]:
    """Return int64[n]: how many of CLIP's own tokens each text has, uncut; needs no model and no weights."""
    return TextPreparer(_plain_tokenizer(), 77, variant).count(texts)


@cache
def _plain_tokenizer() -> SimpleTokenizer:
    """Return CLIP's own tokenizer; unpacking its vocabulary takes a moment."""
    return SimpleTokenizer()


class Cut(NamedTuple):
    """A text in CLIP's tokens, its start and end included, its distinct words, and those that are cut off, in order.

    Words are lower-cased as CLIP reads them, have a letter or digit in them, and are looked at only where something is
    cut off.
    """

    tokens: int
    distinct: int
    lost: tuple[str, ...]


def cut_text(text: str, context: int = 77) -> Cut:
    """Return what CLIP's context leaves out of a text; a word that is cut in two is lost. Needs no model."""
    tokenizer = _plain_tokenizer()
    ids = tokenizer.encode(text)
    if len(ids) + 2 <= context:
        return Cut(len(ids) + 2, 0, ())
    kept: set[str] = set()
    distinct: dict[str, None] = {}
    start = 0
    for end, token in enumerate(ids, 1):
        if tokenizer.decoder[token].endswith(WORD_END):
            word = tokenizer.decode(ids[start:end]).strip()
            if any(map(str.isalnum, word)):
                distinct[word] = None
                if end + 2 <= context:
                    kept.add(word)
            start = end
    return Cut(len(ids) + 2, len(distinct), tuple(word for word in distinct if word not in kept))
