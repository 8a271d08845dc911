"""Words: tokens joined to the words that a person reads, and what each word adds to a category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embedkit.explain.directions import centred, plain
from embedkit.heads.keywords import KeywordWeights
from embedkit.heads.probe import ProbeHead
from embedkit.heads.train import TrainedHead
from embedkit.heads.weighted import WeightedHead
from embedkit.types import Block, Documents, Float32, Int64

WORD_END = b"</w>"


@dataclass(frozen=True)
class Words:
    """The words of a text that a tower read, in order; each token's word, int64[tokens]; how many were cut."""

    words: tuple[str, ...]
    owner: Int64
    unread: int = 0

    def summed(self, tokens: Float32) -> Float32:
        """Return float32[k, words] from float32[k, tokens]: a word's relevance is that of its pieces together."""
        total = np.zeros((len(tokens), len(self.words)), dtype=np.float32)
        for place, word in enumerate(self.owner):
            total[:, word] += tokens[:, place]
        return total


def join_pieces(pieces: Sequence[bytes], cleaned: str) -> Words:
    """Return the words of a cleaned text (lower case, single spaces) that its tokens' bytes spell, as far as they go.

    The pieces are a byte-pair vocabulary's, "</w>" at the end of some; a word is what stands between spaces, so "42mm"
    is one word although it is three tokens. Pieces that spell another text are joined up to each "</w>".
    """
    bare = [piece.removesuffix(WORD_END) for piece in pieces]
    everything = cleaned.split()
    if not b"".join(word.encode() for word in everything).startswith(b"".join(bare)):
        return _joined_at_ends(pieces)
    owner: list[int] = []
    ends = np.cumsum([len(word.encode()) for word in everything])
    place = 0
    for piece in bare:
        owner.append(int(np.searchsorted(ends, place, side="right")))
        place += len(piece)
    read = owner[-1] + 1 if owner else 0
    return Words(tuple(everything[:read]), np.array(owner, dtype=np.int64), len(everything) - read)


def _joined_at_ends(pieces: Sequence[bytes]) -> Words:
    words, owner = [b""], []
    for piece in pieces:
        owner.append(len(words) - 1)
        words[-1] += piece.removesuffix(WORD_END)
        if piece.endswith(WORD_END):
            words.append(b"")
    kept = words if words[-1] else words[:-1]
    return Words(tuple(word.decode("utf-8", "replace") for word in kept), np.array(owner, dtype=np.int64))


@dataclass(frozen=True)
class Keyword:
    """A word and what it adds to each category's calibrated logit, float64[k]; `own` for a user's weight of it."""

    word: str
    adds: NDArray[np.float64]
    own: bool = False


def keyword_table(trained: TrainedHead, categories: Sequence[str], blocks: Sequence[Block]) -> tuple[Keyword, ...]:
    """Return what each word of one item (blocks of one row) adds, those first that tell the first two apart most.

    Exact, not estimated: with `keyword_rest` they sum to what the keyword blocks add. What a word adds to every
    category alike is taken out: it decides nothing.
    """
    head, columns = trained.head, [trained.head.classes.index(name) for name in categories]
    documents = [block for block in blocks if isinstance(block, Documents)]
    said: dict[str, NDArray[np.float64]] = {}
    bare = plain(head)
    if isinstance(bare, ProbeHead):
        for block in documents:
            if block.space in bare.spaces:
                for word, adds in bare.contributions(block.tokens[0], block.space).items():
                    said[word] = said.get(word, 0.0) + adds
    temperature = trained.calibration.temperature
    table = [Keyword(word, centred(adds[None])[0, columns] / temperature) for word, adds in said.items() if adds.any()]
    if isinstance(head, WeightedHead):
        for word, adds in _own(head.weights, documents, head.classes).items():
            table.append(Keyword(word, centred(adds[None])[0, columns] * head.unit / temperature, own=True))
    return tuple(sorted(table, key=_telling))


def _telling(keyword: Keyword) -> tuple[float, str]:
    adds = keyword.adds
    return (-abs(float(adds[0] - adds[1])) if len(adds) > 1 else -abs(float(adds[0])), keyword.word)


def keyword_rest(trained: TrainedHead, categories: Sequence[str], blocks: Sequence[Block]) -> NDArray[np.float64]:
    """Return float64[k], what the keyword blocks add to a text before any of its words is looked at."""
    bare, columns = plain(trained.head), [trained.head.classes.index(name) for name in categories]
    rest = np.zeros(len(bare.classes))
    if isinstance(bare, ProbeHead):
        there = {block.space for block in blocks if isinstance(block, Documents) and block.tokens[0]}
        rest += sum(part.offset.astype(np.float64) for part in bare.parts if part.space in there)
    return np.asarray(centred(rest[None])[0, columns] / trained.calibration.temperature)


def _own(
    weights: KeywordWeights, documents: Sequence[Documents], classes: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Return what each of the user's words that the item says adds to each class, float64[classes]."""
    said: dict[str, NDArray[np.float64]] = {}
    for name, words in weights.weights.items():
        for word, weight in words.items():
            one = KeywordWeights({name: {word: weight}})
            if one.logits(documents, classes).any():
                said.setdefault(word, np.zeros(len(classes)))[classes.index(name)] += weight
    return said
