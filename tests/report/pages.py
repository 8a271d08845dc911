"""A report made by hand, with every table filled and every text hostile, and no workspace behind it."""

from __future__ import annotations

import io
from datetime import datetime, timezone
from typing import Any

import numpy as np
from PIL import Image

from embedkit.explain.faithfulness import Faithfulness
from embedkit.explain.listing import Explanation, Map, Nearest, PictureMaps, WordMaps
from embedkit.explain.words import Keyword
from embedkit.gathered import Gathered
from embedkit.studies import Rows, Study
from embedkit.study.quality import class_rows, confusion_rows, coverage_rows, reliability_rows

NASTY = '<script>document.title="run"</script><img src=http://example.com/a.png onerror=alert(1)> & {x} %s'
MADE = datetime(2026, 11, 26, 6, 7, tzinfo=timezone.utc)
TRUTH = ["red"] * 8 + ["blue"] * 6 + [NASTY] * 2
SAID = ["red"] * 7 + ["blue"] + ["blue"] * 6 + [NASTY, "red"]


def png(shade: int) -> bytes:
    """Return a small picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, 90, 160)).save(file, "PNG")
    return file.getvalue()


def explanation() -> Explanation:
    """Return why a listing of the gallery went where it did, with a map that holds and one that does not."""
    holds = Faithfulness(0.1, 0.9, (0.5,) * 9, 0.0, 16)
    fails = Faithfulness(0.9, 0.1, (0.5,) * 9, 0.0, 16)
    shares = np.linspace(0, 1, 16, dtype=np.float32)
    maps = (Map("red", shares, shares[::-1], 1.0, holds), Map(NASTY, shares[::-1], shares, -1.0, fails))
    words = (Map("red", shares[:3], shares[:3] * 0, 1.0, holds), Map(NASTY, shares[:3] * 0, shares[:3], -1.0, fails))
    return Explanation(
        key="k1",
        title=NASTY,
        known=NASTY,
        predicted="red",
        confidence=0.9,
        categories=("red", NASTY),
        probabilities=(0.9, 0.1),
        adds={"clip-image": np.array([0.4, -0.1]), "keywords": np.array([1.5, -0.5])},
        pictures=(PictureMaps("s", "clip-image", "m", np.zeros((32, 32, 3), np.uint8), 64, (4, 4), maps),),
        texts=(WordMaps("t", "clip-text", "m", ("a", NASTY, "curtain"), 0, words),),
        keywords=(Keyword(NASTY, np.array([1.0, -0.5]), False), Keyword("wool", np.array([0.1, 0.3]), False)),
        keyword_rest=np.zeros(2),
        nearest=(
            Nearest("clip-image", "k2", NASTY, NASTY, 0.9, png(3)),
            Nearest("keywords", "k3", "", "red", 0.8, None),
        ),
    )


def report_tables() -> dict[str, Rows]:
    """Return the tables of a report about three categories, one of them nasty."""
    right = np.array([one == other for one, other in zip(SAID, TRUTH, strict=True)])
    confidence = np.linspace(0.35, 0.99, len(TRUTH))
    shown = {"item_id": 1, "key": "k1", "title": NASTY, "predicted": "red", "confidence": 0.9}
    doubt = {"looks": "red", "looks_confidence": 0.8, "reads": NASTY, "reads_confidence": 0.7, "novelty": 2.0}
    gallery = {**shown, "known": NASTY, "second": NASTY, "second_probability": 0.1}
    return {
        "per_class": class_rows(SAID, TRUTH),
        "confusion": confusion_rows(SAID, TRUTH),
        "coverage": coverage_rows(confidence, right),
        "reliability": reliability_rows(confidence, right),
        "thresholds": [threshold("red", 0.9, "own"), threshold("blue", 0.95, "shared"), threshold(NASTY, None, "none")],
        "map": [
            {"item_id": i, "key": f"k{i}", "title": NASTY, "x": i / 16, "y": -i / 20, "category": TRUTH[i],
             "predicted": SAID[i], "confidence": 0.5, "outcome": ("right", "wrong", "unknown")[i % 3]}
            for i in range(16)
        ],
        "gallery": [{**gallery, "kind": kind} for kind in ("sure and wrong", "unsure and right")],
        "review": [
            {**shown, **doubt, "position": 1, "given": NASTY, "drawn_by": "doubt", "needed": 0.95,
             "reasons": "suspect, disagreement, novel, doubt, audit, tie"}
        ],
        "runs": [
            {"run_id": i, "verb": verb, "started_at": MADE.isoformat(), "seconds": seconds, "exit_code": code,
             "version": "0.1.0", "what": NASTY}
            for i, (verb, seconds, code) in enumerate([("index", 1.0, 0), ("train", None, None), ("report", 2.0, 3)], 1)
        ],
        "models": [
            {"space": "s", "name": "clip-tiny", "modality": "image", "dim": 160, "variant": "pad", "precision": "fp32",
             "weights": "01234567", "device": "cpu", "vectors": 1234}
        ],
        "heads": [
            {"head": "probe-1", "in_use": True, "kind": "probe", "features": "clip-image", "classes": 3,
             "test_accuracy": 0.875, "test_low": 0.6, "test_high": 0.97, "test_n": 16, "created_at": MADE.isoformat()}
        ],
    }  # fmt: skip


def threshold(category: str, value: float | None, evidence: str) -> dict[str, Any]:
    """Return one row of thresholds."""
    counts = {"listings": 500, "accepted": 400 if value else 0, "review": 100 if value else 500}
    return {
        "category": category,
        **counts,
        "threshold": value,
        "evidence": evidence,
        "known": 60,
        "wrong": 0,
        "needed": 9,
    }


def report_numbers(**changed: Any) -> dict[str, Any]:
    """Return the numbers of that report."""
    numbers: dict[str, Any] = {
        "listings": 1500, "with_category": 1400, "categories": 3, "depth": 1, "head": "probe-1", "kind": "probe",
        "promise": 0.98, "tested": 16, "right": 14, "accuracy": 0.875, "low": 0.64, "high": 0.965, "macro_f1": 0.8,
        "ece": 0.05, "accepted": 800, "review": 700, "coverage": 0.6, "risk": 0.01, "expected_precision": 0.99,
        "audited": 0, "audit_accuracy": None, "audit_low": None, "audit_high": None, "answered": 0, "batch": 1,
        "waiting": 40, "reviews_for_a_point": 12, "map_spaces": "clip-image", "map_listings": 16,
        "map_method": "t-SNE", "seconds": 1.0,
    }  # fmt: skip
    return {**numbers, **changed}


def full(**changed: Any) -> Gathered:
    """Return a report with everything of its own, and neither explore nor compare."""
    study = Study("report", 7, MADE, report_numbers(**changed), report_tables())
    return Gathered("shop.csv", "0.1.0", study, explanations={1: explanation()}, picture=lambda item_id: png(200))


def bare() -> Gathered:
    """Return the report of a catalogue without a head."""
    tables = {name: report_tables()[name] for name in ("runs", "models")} | {"heads": []}
    return Gathered("shop.csv", "0.1.0", Study("report", 1, MADE, {"listings": 3, "with_category": 0}, tables))
