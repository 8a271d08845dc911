"""The nouns of embedkit: plain frozen values that every layer shares."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from embedkit.errors import SOME_ITEMS_FAILED, EmbedkitError

Modality = Literal["image", "text"]
Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]

Progress = Callable[[str, int, int], None]
"""Called as progress(what, done, total); total 0 means unknown."""


def no_progress(what: str, done: int, total: int) -> None:
    """Ignore progress: the default where nobody watches."""


@dataclass(frozen=True)
class Item:
    """One listing. `item_id` is ours and stable; `key` is the seller's own id."""

    item_id: int
    key: str
    title: str = ""
    text: str = ""
    picture: str | None = None
    category: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    image_sha256: bytes | None = None
    text_sha256: bytes | None = None

    def category_at(self, depth: int) -> str | None:
        """Return the category down to a depth (1 is the top), "Home > Curtains"; None for an item that has none."""
        return " > ".join(self.category[:depth]) or None


@dataclass(frozen=True)
class EncoderSpec:
    """Everything that shapes an embedding; its digest names the space.

    `family` is shared by encoders whose vectors may be compared with each other: CLIP's two towers.
    """

    name: str
    modality: Modality
    dim: int
    weights_sha256: str
    preprocess: dict[str, Any]
    family: str
    variant: str
    precision: str = "fp32"

    @cached_property
    def space(self) -> str:
        """Return the space's name, e.g. "clip-tiny/image/pad@9c1e04ab"."""
        canonical = json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)
        digest = hashlib.sha256(canonical.encode()).hexdigest()[:8]
        return f"{self.name}/{self.modality}/{self.variant}@{digest}"


class Encoder(Protocol):
    """Turns pictures or strings into unit vectors of one space."""

    @property
    def spec(self) -> EncoderSpec: ...

    def prepare(self, one: Any) -> Any:
        """Return what `embed` takes, from one picture or string; runs in decode threads."""

    def embed(self, prepared: Sequence[Any]) -> Float32:
        """Return float32[n, dim], unit L2, one row per prepared input, in order."""

    def encode(self, batch: Sequence[Any]) -> Float32:
        """Return float32[n, dim], unit L2: `embed` of each input's `prepare`."""


@dataclass(frozen=True)
class Features:
    """Vectors of one space, with the items they belong to: ids int64[n] (unique), vectors float32[n, dim], unit L2."""

    ids: Int64
    vectors: Float32
    space: str

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.ids) != len(self.vectors):
            raise ValueError(f"{len(self.ids)} ids for vectors of shape {self.vectors.shape}")
        self.vectors.flags.writeable = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def dim(self) -> int:
        return int(self.vectors.shape[1])

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {int(item_id): row for row, item_id in enumerate(self.ids)}

    def row(self, item_id: int) -> int:
        """Return the row of an item's vector; KeyError if it has none."""
        return self._row_of[item_id]

    def has(self, item_ids: Sequence[int] | Int64) -> NDArray[np.bool_]:
        """Return bool[n]: which items have a vector here."""
        return np.fromiter((int(i) in self._row_of for i in item_ids), dtype=bool, count=len(item_ids))

    def take(self, item_ids: Sequence[int] | Int64, *, missing: Literal["raise", "zero"] = "raise") -> Features:
        """Return the features of these items, in this order; an absent one raises KeyError or becomes a zero row."""
        vectors = np.zeros((len(item_ids), self.dim), dtype=np.float32)
        for out, item_id in enumerate(item_ids):
            row = self._row_of.get(int(item_id))
            if row is not None:
                vectors[out] = self.vectors[row]
            elif missing == "raise":
                raise KeyError(f"item {int(item_id)} has no vector in {self.space}")
        return Features(np.asarray(item_ids, dtype=np.int64), vectors, self.space)


@dataclass(frozen=True)
class Documents:
    """Tokenised texts of items: the keyword block's counterpart of Features. An empty tuple is an empty text."""

    ids: Int64
    tokens: tuple[tuple[str, ...], ...]
    space: str = "keywords"

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {int(item_id): row for row, item_id in enumerate(self.ids)}

    def has(self, item_ids: Sequence[int] | Int64) -> NDArray[np.bool_]:
        """Return bool[n]: which items have at least one token."""
        row_of = self._row_of
        return np.fromiter(
            ((row := row_of.get(int(i))) is not None and bool(self.tokens[row]) for i in item_ids),
            dtype=bool,
            count=len(item_ids),
        )

    def take(self, item_ids: Sequence[int] | Int64, *, missing: Literal["raise", "zero"] = "raise") -> Documents:
        """Return the documents of these items, in this order; an absent one raises KeyError or becomes empty."""
        rows = [self._row_of.get(int(i)) for i in item_ids]
        if missing == "raise" and None in rows:
            raise KeyError(f"item {int(item_ids[rows.index(None)])} has no document")
        tokens = tuple(() if row is None else self.tokens[row] for row in rows)
        return Documents(np.asarray(item_ids, dtype=np.int64), tokens, self.space)


Block = Features | Documents


@dataclass(frozen=True)
class Neighbours:
    """The k nearest items of each query: ids int64[q, k] (-1 = none), cosine float32[q, k] in [-1, 1], best first."""

    query_ids: Int64
    ids: Int64
    cosine: Float32


@dataclass(frozen=True)
class Calibration:
    """A temperature (> 0) that logits are divided by, the split it was fitted on, and ECE before and after."""

    temperature: float = 1.0
    split: str = "none"
    ece_before: float = float("nan")
    ece_after: float = float("nan")


class Head(Protocol):
    """Turns features into one logit a class; classes and spaces travel with it."""

    @property
    def head_id(self) -> str: ...

    @property
    def spaces(self) -> tuple[str, ...]: ...

    @property
    def classes(self) -> tuple[str, ...]: ...

    def logits(self, *blocks: Block) -> Float32:
        """Return float32[n, classes]; raises SpaceMismatch for a block of another space."""


@dataclass(frozen=True)
class Predictions:
    """Calibrated probabilities: ids int64[n], probs float32[n, classes] (rows sum to 1), the classes they are of."""

    ids: Int64
    probs: Float32
    classes: tuple[str, ...]
    head_id: str

    def __post_init__(self) -> None:
        if self.probs.shape != (len(self.ids), len(self.classes)):
            raise ValueError(f"probs {self.probs.shape} for {len(self.ids)} ids and {len(self.classes)} classes")

    @cached_property
    def order(self) -> Int64:
        """int64[n, classes]: columns by falling probability; ties go to the first class."""
        return np.argsort(-self.probs, axis=1, kind="stable").astype(np.int64)

    @cached_property
    def label(self) -> tuple[str, ...]:
        """The likeliest class of each item."""
        return tuple(self.classes[column] for column in self.order[:, 0])

    @cached_property
    def confidence(self) -> Float32:
        """float32[n] in [0, 1]: the likeliest class's probability."""
        return np.take_along_axis(self.probs, self.order[:, :1], axis=1)[:, 0]

    @cached_property
    def margin(self) -> Float32:
        """float32[n] in [0, 1]: the gap between the two likeliest; 1 where there is only one class."""
        if len(self.classes) < 2:
            return np.ones(len(self.ids), dtype=np.float32)
        top = np.take_along_axis(self.probs, self.order[:, :2], axis=1)
        return top[:, 0] - top[:, 1]

    @cached_property
    def entropy(self) -> Float32:
        """float32[n] in nats, [0, ln classes]."""
        p = np.clip(self.probs, 1e-12, 1.0)
        return np.maximum(-(self.probs * np.log(p)).sum(axis=1), 0.0).astype(np.float32)


Reason = Literal["tie", "suspect", "disagreement", "novel", "doubt", "audit"]
"""Why a listing is shown to a person: annotators disagree; the model is sure of another category than the catalogue's;
picture and text say different things; it is far from every category; the model is not sure; it was drawn at random."""
DrawnBy = Literal["seed", "tie", "suspect", "disagreement", "novel", "doubt", "audit"]

DEFAULT_SHARES: Mapping[Reason, float] = {"doubt": 0.5, "suspect": 0.25, "disagreement": 0.15, "novel": 0.1}


@dataclass(frozen=True)
class ReviewPolicy:
    """How a review batch is drawn: what was promised, how many items people can see, how many of them at random.

    `shares` says how what is not audit is divided among the reasons, in parts of any sum; what a reason cannot fill
    goes to the others, most doubtful first.
    """

    promise: float = 0.98
    budget: int = 100
    audit_share: float = 0.1
    seed: int = 0
    shares: Mapping[Reason, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))


@dataclass(frozen=True)
class Label:
    """One answer to "which category?", with who gave it, when, and why the item was asked about."""

    item_id: int
    label: str
    source: Literal["catalogue", "annotator", "consensus"]
    drawn_by: DrawnBy
    who: str = ""
    when: str = ""


@dataclass(frozen=True)
class Answer:
    """One version of what one person said of one item. Times are ISO 8601 in UTC, `lead_time_s` in seconds.

    `annotation` is its own id for ever, the same in a file and from a server; `state` "flagged" is an answer without a
    category. `code` is the category's code in the labelling page; `origin` says whether it was preselected. `key` is
    the listing's key as the task carries it, and `task_created_at` tells a task from one of the same number elsewhere.
    """

    annotation: str
    annotation_id: int
    task_id: int
    item_id: int
    who: str
    state: Literal["answered", "skipped", "flagged", "retracted"]
    updated_at: str
    created_at: str
    source: str = ""
    code: str | None = None
    label: str | None = None
    flags: tuple[str, ...] = ()
    new_category: str | None = None
    comment: str | None = None
    origin: str | None = None
    lead_time_s: float | None = None
    batch_id: int | None = None
    head_id: str | None = None
    result: tuple[Mapping[str, Any], ...] = ()
    key: str | None = None
    task_created_at: str | None = None


@dataclass(frozen=True)
class TaskState:
    """One task as an export shows it: the annotations it has now. Times are ISO 8601.

    A number names a task on one server only; with the moment of its making it names that task everywhere.
    """

    task_id: int
    item_id: int
    created_at: str
    updated_at: str
    annotations: frozenset[str]


@dataclass(frozen=True)
class Problem:
    """Something in an import that cannot be used: where it stands, its value, and what is wrong with it."""

    where: str
    value: str
    cause: str


def unit(vectors: Float32) -> Float32:
    """Return float32[n, dim] scaled to unit L2; raises EmbedkitError for a row that is NaN, infinite or zero."""
    vectors = np.asarray(vectors, dtype=np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    bad = np.flatnonzero(~np.isfinite(norms[:, 0]) | (norms[:, 0] == 0))
    if len(bad):
        raise EmbedkitError(f"row {int(bad[0])} of {len(vectors)} vectors has length {float(norms[bad[0], 0])}")
    return np.asarray(vectors / norms, dtype=np.float32)


@dataclass(frozen=True)
class Report:
    """What a verb did: lines for people, numbers for programs, and how many items failed."""

    summary: tuple[str, ...]
    numbers: dict[str, Any]
    failed: int = 0

    @property
    def exit_code(self) -> int:
        """0, or 3 when the verb is done but some items failed."""
        return SOME_ITEMS_FAILED if self.failed else 0


Say = Callable[[str], None]
"""Called with one line for people."""
