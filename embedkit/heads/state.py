"""A trained head as arrays and a JSON-able mapping, and back: what a head file holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedkit.errors import EmbedkitError
from embedkit.heads.alone import Alone
from embedkit.heads.keywords import KeywordWeights
from embedkit.heads.probe import ProbeHead
from embedkit.heads.prototype import PrototypeHead
from embedkit.heads.train import TrainedHead
from embedkit.heads.weighted import PlainHead, WeightedHead
from embedkit.heads.zeroshot import ZeroShotHead
from embedkit.types import Calibration

KINDS: dict[str, type[PlainHead]] = {"probe": ProbeHead, "prototype": PrototypeHead, "zeroshot": ZeroShotHead}


def head_state(trained: TrainedHead) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return arrays by name, and kind, head_id, classes, spaces, calibration, notes and the head's own config."""
    arrays, own = trained.head.state()
    arrays = dict(arrays)
    arrays["oof.ids"], arrays["oof.logits"] = trained.oof_ids, trained.oof_logits
    arrays["oof.targets"], arrays["oof.countable"] = trained.oof_targets, trained.countable
    for one in trained.alone:
        arrays[f"alone.{one.modality}.columns"] = one.columns
        arrays[f"alone.{one.modality}.confidence"] = one.confidence
    head = trained.head.head if isinstance(trained.head, WeightedHead) else trained.head
    calibration = {
        k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(trained.calibration).items()
    }
    config = {
        "kind": head.kind,
        "head_id": head.head_id,
        "classes": list(head.classes),
        "spaces": list(trained.head.spaces),
        "calibration": calibration,
        "notes": list(trained.notes),
        "alone": {one.modality: {"weights": one.weights, "temperature": one.temperature} for one in trained.alone},
        "head": {**own, "spaces": list(head.spaces)},
    }
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}, config


def head_from_state(arrays: dict[str, NDArray[Any]], config: dict[str, Any]) -> TrainedHead:
    """Return the trained head that `head_state` was taken from; raises EmbedkitError for a kind it does not know."""
    if config["kind"] not in KINDS:
        raise EmbedkitError(f"head {config['head_id']} is of the kind {config['kind']!r}, which this program lacks")
    own = {**config["head"], "head_id": config["head_id"], "classes": config["classes"]}
    head: PlainHead | WeightedHead = KINDS[config["kind"]].from_state(arrays, own)
    if "keyword_weights" in own:
        extra = own["keyword_weights"]
        weights = KeywordWeights.from_mapping(extra["weights"], head.classes)
        head = WeightedHead.on(head, weights, extra["documents"], extra["unit"])
    stored: dict[str, Any] = {k: float("nan") if v is None else v for k, v in config["calibration"].items()}
    return TrainedHead(
        head,
        Calibration(**stored),
        arrays["oof.ids"],
        arrays["oof.logits"],
        arrays["oof.targets"],
        arrays["oof.countable"],
        tuple(config["notes"]),
        _alone(arrays, config),
    )


def _alone(arrays: dict[str, NDArray[Any]], config: dict[str, Any]) -> tuple[Alone, ...]:
    """Return the judges of one modality each; a head of earlier times has none."""
    return tuple(
        Alone(
            modality,
            stored["weights"],
            stored["temperature"],
            arrays[f"alone.{modality}.columns"],
            arrays[f"alone.{modality}.confidence"],
        )
        for modality, stored in config.get("alone", {}).items()
    )
