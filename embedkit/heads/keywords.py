"""Words as features: TF-IDF over tokens, what each token says for each class, and weights that a user gives by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embedkit.errors import Misuse
from embedkit.types import Block, Documents, Float32


@dataclass(frozen=True)
class GramSpec:
    """What is counted: words and runs of up to `words` of them, and `chars`-long pieces inside a word, if any.

    A gram of fewer than `min_items` texts is passed over: it says nothing about another listing.
    """

    words: int = 2
    chars: tuple[int, ...] = ()
    max_features: int = 60_000
    min_items: int = 2

    def grams(self, tokens: Sequence[str]) -> list[tuple[str, tuple[int, ...]]]:
        """Return each gram of a text with the positions of the tokens it is made of."""
        found: list[tuple[str, tuple[int, ...]]] = []
        for n in range(1, self.words + 1):
            found += [(" ".join(tokens[i : i + n]), tuple(range(i, i + n))) for i in range(len(tokens) - n + 1)]
        for i, token in enumerate(tokens):
            if self.chars:
                word = f"<{token}>"
                found += [(f"~{word[j : j + n]}", (i,)) for n in self.chars for j in range(len(word) - n + 1)]
        return found

    def names(self, tokens: Sequence[str]) -> list[str]:
        """Return the grams of a text, without their positions."""
        found = list(tokens)
        for n in range(2, self.words + 1):
            found += [" ".join(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
        for token in tokens if self.chars else ():
            word = f"<{token}>"
            found += [f"~{word[j : j + n]}" for n in self.chars for j in range(len(word) - n + 1)]
        return found


@dataclass(frozen=True)
class TfIdf:
    """A vocabulary of v grams and how telling each is: idf float32[v]."""

    spec: GramSpec
    vocabulary: tuple[str, ...]
    idf: Float32

    @cached_property
    def column(self) -> dict[str, int]:
        """The column of each gram."""
        return {gram: i for i, gram in enumerate(self.vocabulary)}

    def matrix(self, documents: Documents) -> sparse.csr_matrix:
        """Return float32[n, v], rows of unit L2 (or zero): (1 + ln count) x idf, normalised.

        Sublinear tf and smoothed idf, as in Manning, Raghavan & Schuetze 2008, sections 6.2-6.4.
        """
        column = self.column
        columns: list[int] = []
        counts: list[int] = []
        starts = [0]
        for tokens in documents.tokens:
            tally = Counter(c for gram in self.spec.names(tokens) if (c := column.get(gram)) is not None)
            columns.extend(tally.keys())
            counts.extend(tally.values())
            starts.append(len(columns))
        where = np.asarray(columns, dtype=np.int32)
        values = (1.0 + np.log(np.asarray(counts, dtype=np.float64))) * self.idf[where]
        shape = (len(documents), len(self.vocabulary))
        x = sparse.csr_matrix((values, where, np.asarray(starts)), shape=shape)
        norms = np.sqrt(np.asarray(x.multiply(x).sum(axis=1))).ravel()
        return sparse.csr_matrix(sparse.diags(1.0 / np.where(norms > 0, norms, 1.0)) @ x, dtype=np.float32)

    def contributions(self, tokens: Sequence[str], coefficients: Float32) -> dict[str, NDArray[np.float64]]:
        """Return what each distinct token adds to each class's logit, float64[k], given coefficients float[v, k].

        Exact: they sum to the block's logit. A gram's share is split evenly over its occurrences, and an occurrence
        over the tokens it is made of.
        """
        placed = [(c, where) for gram, where in self.spec.grams(tokens) if (c := self.column.get(gram)) is not None]
        row = self.matrix(Documents(np.zeros(1, dtype=np.int64), (tuple(tokens),)))
        value = dict(zip(row.indices.tolist(), row.data.astype(np.float64), strict=True))
        count = Counter(c for c, _ in placed)
        said: dict[str, NDArray[np.float64]] = {token: np.zeros(coefficients.shape[1]) for token in tokens}
        for c, where in placed:
            part = value[c] * coefficients[c].astype(np.float64) / (count[c] * len(where))
            for position in where:
                said[tokens[position]] += part
        return said


def fit_tfidf(documents: Documents, spec: GramSpec | None = None) -> TfIdf:
    """Return the grams of these documents, the most widespread `max_features` of them, with their idf.

    Where no gram is shared by `min_items` texts, all are kept.
    """
    spec = spec or GramSpec()
    spread: Counter[str] = Counter()
    for tokens in documents.tokens:
        spread.update(set(spec.names(tokens)))
    shared = {gram: n for gram, n in spread.items() if n >= spec.min_items} or spread
    kept = sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[: spec.max_features]
    frequency = np.asarray([n for _, n in kept], dtype=np.float64)
    idf = np.log((1.0 + len(documents)) / (1.0 + frequency)) + 1.0
    return TfIdf(spec, tuple(gram for gram, _ in kept), idf.astype(np.float32))


@dataclass(frozen=True)
class KeywordWeights:
    """A user's own word weights: class -> word -> what one or more occurrences add to the class's logit."""

    weights: Mapping[str, Mapping[str, float]]

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Mapping[str, float]], classes: Sequence[str]) -> KeywordWeights:
        """Return the weights, words lower-cased; raises Misuse naming a category that the head does not know."""
        weights: dict[str, dict[str, float]] = {}
        for name, words in mapping.items():
            if name not in classes:
                raise Misuse(f"keyword weights name the category {name!r}", f"categories: {', '.join(classes)}")
            if not isinstance(words, Mapping):
                raise Misuse(f"keyword weights of {name!r} are not a mapping of word to weight: {words!r}")
            weights[name] = {}
            for word, weight in words.items():
                if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not np.isfinite(weight):
                    raise Misuse(f"keyword weight of {word!r} in {name!r} is not a number: {weight!r}")
                weights[name][" ".join(str(word).lower().split())] = float(weight)
        return cls(weights)

    def logits(self, blocks: Sequence[Block], classes: Sequence[str]) -> Float32:
        """Return what the words of each item add, float32[n, classes]; words of several tokens match in a row.

        Temperature does not touch these: a weight of 1 multiplies the odds of the class by e.
        """
        documents = [block for block in blocks if isinstance(block, Documents)]
        if not documents:
            raise Misuse("keyword weights need the items' texts", "add a keywords block")
        added = np.zeros((len(documents[0]), len(classes)), dtype=np.float32)
        for row in range(len(added)):
            text = " | ".join(" ".join(document.tokens[row]).lower() for document in documents)
            padded = f" {text} "
            for column, name in enumerate(classes):
                for word, weight in self.weights.get(name, {}).items():
                    if f" {word} " in padded:
                        added[row, column] += weight
        return added
