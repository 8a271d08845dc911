"""The comparison's tables and its decision, from what each scenario said of the same listings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.metrics import PairedTest, Share, accuracy, confusion, ece, macro_f1, mcnemar, per_class, wilson_interval
from embedkit.study.costs import Cost, said_of
from embedkit.study.scenarios import CLIP_TEXT, Scenario

Rows = list[dict[str, Any]]
BINS = 15
MIB = 1 << 20


@dataclass(frozen=True)
class HeldOut:
    """Listings that were not trained on, in one order for all scenarios: ids, keys, titles and true categories."""

    ids: tuple[int, ...]
    keys: tuple[str, ...]
    titles: tuple[str, ...]
    truth: tuple[str, ...]


@dataclass(frozen=True)
class Repeat:
    """One cross-validation over all labelled listings: what was said of each by a head that had not seen it.

    right bool[n] is in the order of ids, the same for every scenario.
    """

    accuracy: Share
    macro_f1: float
    ece: float
    right: NDArray[np.bool_]


@dataclass(frozen=True)
class Tried:
    """What a scenario said of the tested listings, n of them: label, confidence float64[n], accepted bool[n].

    `seen` is its accuracy on the listings that it was trained on, `coverage` the share that the promise accepts (NaN
    for no listing). Seconds of splitting texts into words, of training and of predicting; `peak_bytes` is the most
    memory that the process had which did these.
    """

    labels: tuple[str, ...]
    confidence: NDArray[np.float64]
    accepted: NDArray[np.bool_]
    coverage: float
    seen: Share
    words_s: float
    train_s: float
    predict_s: float
    peak_bytes: int = 0
    repeats: tuple[Repeat, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """A scenario, the encoders it read (name and space), what encoding cost, and what it said."""

    scenario: Scenario
    encoders: tuple[str, ...]
    costs: tuple[Cost, ...]
    tried: Tried

    def right(self, tested: HeldOut) -> NDArray[np.bool_]:
        """Return bool[n]: of which tested listings it says the truth."""
        return np.array([a == b for a, b in zip(self.tried.labels, tested.truth, strict=True)], dtype=bool)

    @property
    def encode_s(self) -> float:
        """Seconds of encoding all labelled listings, and of splitting their texts into words."""
        return sum(cost.seconds for cost in self.costs) + self.tried.words_s

    @property
    def total_s(self) -> float:
        """Seconds from labelled listings to predictions."""
        return self.encode_s + self.tried.train_s + self.tried.predict_s

    @property
    def peak_bytes(self) -> int:
        """The most memory that one of its processes had."""
        return max([self.tried.peak_bytes, *(cost.peak_bytes for cost in self.costs)])


def paired(one: Outcome, other: Outcome, tested: HeldOut) -> PairedTest:
    """Return McNemar's test on the tested listings."""
    return mcnemar(one.right(tested), other.right(tested))


def repeated(one: Outcome, other: Outcome) -> float | None:
    """Return the median over the repeats of McNemar's p-value on all cross-validated listings, None without any."""
    pairs = zip(one.tried.repeats, other.tried.repeats, strict=True)
    values = [mcnemar(mine.right, theirs.right).p_value for mine, theirs in pairs]
    return float(np.median(values)) if values else None


def cross_validated(outcome: Outcome) -> Share | None:
    """Return the mean accuracy of the repeats with its interval, None without any.

    The interval is that of one repeat: repeating draws other folds, not other listings.
    """
    repeats = outcome.tried.repeats
    if not repeats:
        return None
    total = repeats[0].accuracy.total
    mean = float(np.mean([one.accuracy.right for one in repeats]))
    low, high = wilson_interval(mean, total)
    return Share(round(mean), total, mean / total, low, high)


def scenario_rows(outcomes: Sequence[Outcome], tested: HeldOut, listings: int, best: str | None) -> Rows:
    """Return one row a scenario; p-values are against the first row, and against the best."""
    first = outcomes[0]
    winner = next((one for one in outcomes if one.scenario.name == best), None)
    return [_row(one, first, winner, tested, listings) for one in outcomes]


def _row(one: Outcome, first: Outcome, winner: Outcome | None, tested: HeldOut, listings: int) -> dict[str, Any]:
    scenario, tried = one.scenario, one.tried
    share, test = accuracy(tried.labels, tested.truth), paired(first, one, tested)
    compared = one is not first and share.total > 0
    against_best = winner is not None and one is not winner and share.total > 0
    crossed = cross_validated(one)
    p_value_best = paired(winner, one, tested).p_value if winner is not None and against_best else None
    new_s = one.encode_s + tried.predict_s * listings / max(1, share.total)
    return {
        "scenario": scenario.name,
        "what": scenario.what,
        "head": scenario.head,
        "features": ", ".join(scenario.features),
        "encoders": ", ".join(one.encoders),
        "picture": scenario.picture if scenario.reads_pictures else "",
        "text": scenario.text if CLIP_TEXT in scenario.features else "",
        "precision": scenario.precision if scenario.reads_vectors else "",
        "train_accuracy": round(tried.seen.value, 6),
        "test_accuracy": round(share.value, 6),
        "test_low": round(share.low, 6),
        "test_high": round(share.high, 6),
        "test_n": share.total,
        "macro_f1": round(macro_f1(tried.labels, tested.truth), 4),
        "ece": round(ece(tried.confidence, one.right(tested)), 4),
        "coverage": round(tried.coverage, 6),
        "encode_s": round(one.encode_s, 3),
        "train_s": round(tried.train_s, 3),
        "predict_s": round(tried.predict_s, 4),
        "total_s": round(one.total_s, 3),
        "times": said_of(one.costs),
        "listings_per_s": round(listings / new_s, 1) if new_s > 0 else None,
        "peak_mib": round(one.peak_bytes / MIB),
        "changed": sum(a != b for a, b in zip(tried.labels, first.tried.labels, strict=True)),
        "only_first": test.only_first,
        "only_this": test.only_second,
        "p_value": test.p_value if compared else None,
        "p_value_best": p_value_best,
        "cv_accuracy": None if crossed is None else round(crossed.value, 6),
        "cv_low": None if crossed is None else round(crossed.low, 6),
        "cv_high": None if crossed is None else round(crossed.high, 6),
        "cv_n": None if crossed is None else crossed.total,
        "cv_p_value": repeated(first, one) if one is not first else None,
    }


def changed_rows(outcomes: Sequence[Outcome], tested: HeldOut) -> Rows:
    """Return one row for each scenario and listing that it puts elsewhere than the first scenario does."""
    first, rows = outcomes[0].tried, []
    for outcome in outcomes[1:]:
        for i, (was, label) in enumerate(zip(first.labels, outcome.tried.labels, strict=True)):
            if was != label:
                truth = tested.truth[i]
                change = "now right" if label == truth else "now wrong" if was == truth else "still wrong"
                rows.append(
                    {
                        "scenario": outcome.scenario.name,
                        "key": tested.keys[i],
                        "title": tested.titles[i],
                        "truth": truth,
                        "first_label": was,
                        "label": label,
                        "change": change,
                        "first_confidence": round(float(first.confidence[i]), 4),
                        "confidence": round(float(outcome.tried.confidence[i]), 4),
                    }
                )
    return rows


def detail_tables(outcomes: Sequence[Outcome], tested: HeldOut) -> dict[str, Rows]:
    """Return what charts draw, by table: predictions, confusion, per_class, reliability and curve of every scenario."""
    tables: dict[str, Rows] = {name: [] for name in ("predictions", "confusion", "per_class", "reliability", "curve")}
    for outcome in outcomes:
        name, tried = {"scenario": outcome.scenario.name}, outcome.tried
        said = zip(tested.keys, tested.truth, tried.labels, tried.confidence, tried.accepted, strict=True)
        tables["predictions"] += [
            {**name, "key": k, "truth": t, "label": p, "confidence": round(float(c), 4), "accepted": bool(a)}
            for k, t, p, c, a in said
        ]
        counts, classes = confusion(tried.labels, tested.truth)
        tables["confusion"] += [
            {**name, "truth": classes[i], "label": classes[j], "count": int(counts[i, j])}
            for i, j in np.argwhere(counts)
        ]
        tables["per_class"] += [
            {**name, "category": s.name, "precision": s.precision, "recall": s.recall, "f1": s.f1, "support": s.support}
            for s in per_class(tried.labels, tested.truth)
        ]
        right = outcome.right(tested)
        tables["reliability"] += [{**name, **row} for row in reliability(tried.confidence, right)]
        tables["curve"] += [{**name, **row} for row in curve(tried.confidence, right)]
    return tables


def reliability(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Rows:
    """Return a row for each of 15 bins of equal width that holds a listing: the bins of metrics.ece."""
    which = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    return [
        {
            "low": round(b / BINS, 4),
            "high": round((b + 1) / BINS, 4),
            "count": int((which == b).sum()),
            "confidence": round(float(confidence[which == b].mean()), 4),
            "accuracy": round(float(right[which == b].mean()), 4),
        }
        for b in range(BINS)
        if (which == b).any()
    ]


def curve(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Rows:
    """Return coverage and precision at each confidence that occurs, from the surest listings on."""
    order = np.argsort(-confidence, kind="stable")
    falling, hits = confidence[order], np.cumsum(right[order])
    last = np.flatnonzero(np.append(falling[1:] < falling[:-1], True)[: len(falling)])
    return [
        {
            "threshold": round(float(falling[i]), 6),
            "coverage": round((i + 1) / len(falling), 4),
            "precision": round(float(hits[i]) / (i + 1), 4),
        }
        for i in last.tolist()
    ]


def cv_rows(outcomes: Sequence[Outcome]) -> Rows:
    """Return one row a scenario and repeat; p-values are McNemar's against the first scenario in that repeat."""
    return [
        {
            "scenario": outcome.scenario.name,
            "repeat": number,
            "accuracy": round(one.accuracy.value, 4),
            "low": round(one.accuracy.low, 4),
            "high": round(one.accuracy.high, 4),
            "macro_f1": round(one.macro_f1, 4),
            "ece": round(one.ece, 4),
            "n": one.accuracy.total,
            "p_value": mcnemar(first.right, one.right).p_value if outcome is not outcomes[0] else None,
        }
        for outcome in outcomes
        for number, (first, one) in enumerate(zip(outcomes[0].tried.repeats, outcome.tried.repeats, strict=True), 1)
    ]
