"""The words of a catalogue, kept beside the vectors: a search by text finds what says the words, too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from embedkit.catalog.text import full_text, tokenize
from embedkit.errors import EmbedkitError, WorkspaceError
from embedkit.heads.keywords import GramSpec, TfIdf, fit_tfidf
from embedkit.stores import headfile, items, spaces
from embedkit.types import Documents, Int64, Item, Neighbours
from embedkit.workspace import Workspace

WORDS = GramSpec(words=1, min_items=1, max_features=1_000_000)


@dataclass(frozen=True)
class Lexicon:
    """TF-IDF rows of the items that have a text: ids int64[n], matrix float32[n, words], unit L2."""

    ids: Int64
    matrix: sparse.csr_matrix
    tfidf: TfIdf

    def search(self, words: tuple[str, ...], k: int, allowed: Int64 | None = None) -> Neighbours:
        """Return the k items that share most with the words, by cosine; -1 where fewer share any."""
        query = self.tfidf.matrix(Documents(np.zeros(1, dtype=np.int64), (words,)))
        cosine = np.asarray((self.matrix @ query.T).todense(), dtype=np.float32).ravel()
        if allowed is not None:
            cosine[~np.isin(self.ids, allowed)] = 0.0
        best = np.argsort(-cosine, kind="stable")[:k]
        best = best[cosine[best] > 0]
        ids, near = np.full((1, k), -1, dtype=np.int64), np.full((1, k), -1.0, dtype=np.float32)
        ids[0, : len(best)], near[0, : len(best)] = self.ids[best], cosine[best]
        return Neighbours(np.zeros(1, dtype=np.int64), ids, near)


def build(workspace: Workspace) -> str:
    """Return one line on the lexicon, having made it anew if an item or a text has changed since."""
    with workspace.database().connect(read_only=True) as connection:
        current = [item for item in items.load_items(connection) if item.text_sha256]
    content = spaces.content_sha256((item.item_id, item.text_sha256 or b"") for item in current).hex()
    path = workspace.indexes / "words.safetensors"
    if path.is_file() and _content(workspace) == content:
        return f"words of {len(current):,} texts up to date"
    documents = documents_of(current)
    tfidf = fit_tfidf(documents, WORDS)
    matrix = tfidf.matrix(documents)
    arrays = {
        "ids": documents.ids,
        "idf": tfidf.idf,
        "values": matrix.data,
        "columns": matrix.indices.astype(np.int32),
        "starts": matrix.indptr.astype(np.int64),
    }
    headfile.save_head(path, arrays, {"vocabulary": list(tfidf.vocabulary), "content": content})
    return f"{len(tfidf.vocabulary):,} words of {len(current):,} texts"


def exists(workspace: Workspace) -> bool:
    """Return whether a lexicon was made here."""
    return (workspace.indexes / "words.safetensors").is_file()


def load(workspace: Workspace) -> Lexicon:
    """Return the lexicon that `build` made; raises WorkspaceError if it is not there."""
    if not exists(workspace):
        raise WorkspaceError("the words of this catalogue are not indexed", "Run embedkit index on it again.")
    arrays, config = headfile.load_head(workspace.indexes / "words.safetensors")
    shape = (len(arrays["ids"]), len(config["vocabulary"]))
    matrix = sparse.csr_matrix((arrays["values"], arrays["columns"], arrays["starts"]), shape=shape)
    return Lexicon(arrays["ids"], matrix, TfIdf(WORDS, tuple(config["vocabulary"]), arrays["idf"]))


def documents_of(current: list[Item]) -> Documents:
    """Return the items' words, title and text together."""
    ids = np.array([item.item_id for item in current], dtype=np.int64)
    return Documents(ids, tuple(tokenize(full_text(item.title, item.text)) for item in current))


def _content(workspace: Workspace) -> str | None:
    """Return what the stored lexicon was made of, None if it cannot be read: then it is made anew."""
    try:
        return str(headfile.load_head(workspace.indexes / "words.safetensors")[1]["content"])
    except EmbedkitError:
        return None
