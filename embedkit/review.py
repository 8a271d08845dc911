"""What is known of every listing when people are to be asked: a workspace and a head as the arrays of a draw."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from embedkit.blocks import load_block
from embedkit.errors import Misuse
from embedkit.ground import load_truths, near_groups
from embedkit.heads.keywords import GramSpec, fit_tfidf
from embedkit.heads.promise import Decisions, PromisePolicy, decide
from embedkit.heads.train import TrainedHead
from embedkit.select import Standing, draw_batch, novelty, suspect_labels, too_far
from embedkit.stores import answers, items, judgements, spaces
from embedkit.stores.database import Connection
from embedkit.types import Block, Documents, Features, Float32, Int64, Item, Predictions, ReviewPolicy
from embedkit.workspace import Workspace

AXES = 64
"""So many principal axes of each block tell near from far."""
SHARES = {"vectors": 0.4, "words": 0.6}
"""How much of the squared distance is the vectors' and the words', as tried out on one catalogue that has both."""
LESSER = (0.99, 0.98, 0.97, 0.96, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Promises that are tried where nothing can be accepted for a higher one."""
MOST_TWINS = 20
"""A picture or text that more listings share is a placeholder or a phrase as likely as one product sold many times."""


@dataclass(frozen=True)
class Judged:
    """What a head says of every listing, and which of it a promise accepts; all in the order of `items`."""

    items: list[Item]
    records: Sequence[spaces.SpaceRecord]
    blocks: list[Block]
    predictions: Predictions
    decisions: Decisions


def judge(workspace: Workspace, trained: TrainedHead, record: judgements.HeadRecord, promise: float) -> Judged:
    """Return the head's judgement of every listing of the catalogue; out of fold for those it was trained on."""
    with workspace.database().connect(read_only=True) as connection:
        current = items.load_items(connection)
        records = spaces.load_spaces(connection)
    blocks = [load_block(workspace, space, records, current) for space in record.spaces]
    ids = np.array([item.item_id for item in current], dtype=np.int64)
    predictions = trained.predict(ids, blocks)
    decisions = decide(trained.evidence(), predictions, PromisePolicy(promise), _empty(ids, blocks))
    return Judged(current, records, blocks, predictions, decisions)


def _empty(ids: Int64, blocks: Sequence[Block]) -> NDArray[np.bool_]:
    """Return which items have nothing of what a head reads, bool[n]."""
    return ~np.logical_or.reduce([block.has(ids) for block in blocks])


def lesser_promise(trained: TrainedHead, judged: Judged, promise: float) -> tuple[float, int] | None:
    """Return the highest of LESSER below a promise for which anything is accepted, and how much; None if for none."""
    empty = _empty(judged.predictions.ids, judged.blocks)
    for lesser in (one for one in LESSER if one < promise):
        decisions = decide(trained.evidence(), judged.predictions, PromisePolicy(lesser), empty)
        if decisions.accept.any():
            return lesser, int(decisions.accept.sum())
    return None


def survey_candidates(
    workspace: Workspace,
    trained: TrainedHead,
    record: judgements.HeadRecord,
    judged: Judged,
    *,
    weight: str | None = None,
    gone: Set[str] = frozenset(),
) -> Standing:
    """Return what is known of every listing; raises Misuse for a `weight` column that cannot weigh.

    Listings that are out at a place that is `gone` are not out.
    """
    weights, ids = weights_of(judged.items, weight), judged.predictions.ids
    with workspace.database().connect(read_only=True) as connection:
        labelled = load_truths(connection, record.depth).ids
        answered = settled(connection)
        out = {task.item_id for task in answers.load_tasks(connection) if task.destination not in gone}
        ties = set(answers.load_ties(connection))
    facts = Facts(
        groups=asked_once(near_groups(workspace, judged.items, judged.records), judged.items),
        vectors=vectors_of(ids, judged.blocks),
        given=_given(judged, record.depth),
        labelled=np.isin(ids, labelled),
        weight=weights,
        out=_among(ids, out),
        answered=_among(ids, answered),
        tie=_among(ids, ties),
    )
    return standing_of(trained, judged.predictions, judged.decisions, judged.blocks, facts)


@dataclass(frozen=True)
class Facts:
    """What is known of listings whatever a head says, as in Standing; labelled bool[n]: whose category is known."""

    groups: Int64
    vectors: Float32
    given: Int64
    labelled: NDArray[np.bool_]
    weight: NDArray[np.float64]
    out: NDArray[np.bool_]
    answered: NDArray[np.bool_]
    tie: NDArray[np.bool_]


def standing_of(
    trained: TrainedHead, predictions: Predictions, decisions: Decisions, blocks: Sequence[Block], facts: Facts
) -> Standing:
    """Return what a head's judgement and the facts come to, in the order of the predictions."""
    picture = trained.judge_alone("image", predictions.ids, blocks)
    text = trained.judge_alone("text", predictions.ids, blocks)
    needed = np.array([decisions.thresholds[name].value for name in predictions.classes])
    far = novelty(facts.vectors, facts.labelled, facts.groups)
    return Standing(
        ids=predictions.ids,
        classes=predictions.classes,
        confidence=predictions.confidence.astype(np.float64),
        margin=predictions.margin.astype(np.float64),
        predicted=predictions.order[:, 0],
        accepted=decisions.accept,
        needed=needed[predictions.order[:, 0]],
        picture=picture[0],
        picture_confidence=picture[1],
        text=text[0],
        text_confidence=text[1],
        given=facts.given,
        suspect=suspect_labels(predictions.probs, facts.given),
        novelty=far,
        novel=too_far(far, facts.labelled),
        vectors=facts.vectors,
        groups=facts.groups,
        weight=facts.weight,
        out=facts.out,
        answered=facts.answered,
        tie=facts.tie,
    )


def draw_review(
    standing: Standing, policy: ReviewPolicy, drawn_before: int, head_id: str
) -> list[judgements.ReviewItem]:
    """Return a batch as it is recorded; `drawn_before` counts the batches so far, of which each has a luck of its own.

    Or the audit would draw the same listings for ever, and learn nothing new.
    """
    queue = draw_batch(standing, policy, np.random.default_rng([policy.seed, drawn_before]))
    return [judgements.ReviewItem(q.item_id, head_id, q.score, q.reasons, q.drawn_by, q.also) for q in queue]


def settled(connection: Connection) -> set[int]:
    """Return the listings about which no more people need be asked: they agree, or said that nothing fits."""
    said = {one.item_id for one in answers.load_annotations(connection) if one.state in ("answered", "flagged")}
    return (said | set(answers.load_answers(connection))) - set(answers.load_ties(connection))


def asked_once(groups: Int64, current: list[Item]) -> Int64:
    """Return int64[n], groups of near-duplicates of which one answer may settle all.

    Members of a group of more than MOST_TWINS stay together only where their texts are the same, too.
    """
    _, where, size = np.unique(groups, return_inverse=True, return_counts=True)
    named: dict[tuple[int, bytes], int] = {}
    refined = groups.copy()
    for row in np.flatnonzero(size[where] > MOST_TWINS):
        item = current[row]
        key = (int(groups[row]), item.text_sha256 or str(item.item_id).encode())
        refined[row] = named.setdefault(key, item.item_id)
    return refined


def weights_of(current: list[Item], column: str | None) -> NDArray[np.float64]:
    """Return float64[n], what a column says each listing weighs; one without a value weighs as the others on average.

    Without a column all weigh 1. Raises Misuse naming a value that is no number or negative.
    """
    if column is None:
        return np.ones(len(current))
    known = sorted({name for item in current for name in item.attributes})
    if column not in known:
        raise Misuse(f"there is no column {column!r} to weigh by", f"Columns: {', '.join(known) or 'none'}")
    weights = np.full(len(current), np.nan)
    for row, item in enumerate(current):
        value = item.attributes.get(column)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < np.inf:
            raise Misuse(
                f"{column} of listing {item.key!r} is {value!r}, and a weight is a number from 0 up",
                "Name a column of numbers with --weight.",
            )
        weights[row] = float(value)
    if np.isnan(weights).all():
        raise Misuse(f"no listing has a value in the column {column!r} to weigh by")
    return np.where(np.isnan(weights), np.nanmean(weights), weights)


def vectors_of(ids: Int64, blocks: Sequence[Block]) -> Float32:
    """Return float32[n, d], unit L2 or zero: what the head sees of each listing, fit to tell near from far.

    Vectors centred on their mean, and words as TF-IDF, each in its AXES leading principal axes.
    """
    dense = [block for block in blocks if isinstance(block, Features)]
    words = [block for block in blocks if isinstance(block, Documents)][:1]
    parts = [np.sqrt(SHARES["vectors"] / len(dense)) * _leading(block.take(ids, missing="zero")) for block in dense]
    parts += [np.sqrt(SHARES["words"]) * _leading_words(block.take(ids, missing="zero")) for block in words]
    return _unit(np.hstack([np.zeros((len(ids), 1), dtype=np.float32), *parts]))


def _leading(features: Features) -> Float32:
    """Return float32[n, at most AXES], unit L2 or zero, of centred vectors."""
    here = np.asarray(features.vectors.any(axis=1))
    if not here.any():
        return np.zeros((len(features), 1), dtype=np.float32)
    centred = np.where(here[:, None], features.vectors - features.vectors[here].mean(axis=0), np.float32(0))
    if centred.shape[1] > AXES:
        _, axes = np.linalg.eigh(centred.T @ centred)
        centred = centred @ axes[:, -AXES:]
    return _unit(centred)


def _leading_words(documents: Documents) -> Float32:
    """Return float32[n, d], unit L2 or zero, of each text's words; d is AXES where there are more texts and words."""
    from sklearn.utils.extmath import randomized_svd  # half a second to import, only for a draw

    said = Documents(documents.ids, tuple(tokens for tokens in documents.tokens if tokens), documents.space)
    matrix = fit_tfidf(said, GramSpec(words=1)).matrix(documents)
    if min(matrix.shape) <= AXES:
        return _unit(matrix.toarray())
    left, values, _ = randomized_svd(matrix, AXES, n_iter=2, random_state=0)
    return _unit((left * values).astype(np.float32))


def _unit(vectors: Float32) -> Float32:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.where(length > 1e-6, vectors / np.maximum(length, 1e-6), 0.0), dtype=np.float32)


def _given(judged: Judged, depth: int) -> Int64:
    """Return int64[n]: the catalogue's category of each listing as the head's column, -1 for none that it knows."""
    column = {name: i for i, name in enumerate(judged.predictions.classes)}
    return np.array([column.get(item.category_at(depth) or "", -1) for item in judged.items], dtype=np.int64)


def _among(ids: Int64, chosen: Set[int]) -> NDArray[np.bool_]:
    return np.isin(ids, np.fromiter(chosen, dtype=np.int64, count=len(chosen)))
