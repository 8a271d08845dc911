"""Confidence that means what it says: one temperature, fitted on logits of items the model had not seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from embedkit.metrics import ece
from embedkit.types import Calibration, Float32, Int64

HOTTEST, COLDEST = 50.0, 0.02


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> Float32:
    """Return probabilities float32[n, k], rows summing to 1, of logits float[n, k] divided by the temperature."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True) if scaled.size else 0.0
    p = np.exp(scaled)
    return np.asarray(p / p.sum(axis=1, keepdims=True), dtype=np.float32)


def tempered_nll(logits: NDArray[np.floating], columns: Int64) -> tuple[float, float]:
    """Return the temperature in [0.02, 50] that minimises the mean NLL of the true columns, and that NLL in nats."""
    logits = np.asarray(logits, dtype=np.float64)
    rows = np.arange(len(columns))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logits / np.exp(log_temperature), axis=1)[rows, columns].mean())

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x)), float(found.fun)


def fit_temperature(logits: NDArray[np.floating], columns: Int64, split: str) -> Calibration:
    """Return the temperature that minimises NLL on held-out logits (Guo et al. 2017), and ECE before and after.

    With fewer than two classes or no items there is nothing to fit: temperature 1, split "none".
    """
    if len(columns) == 0 or logits.shape[1] < 2:
        return Calibration()
    temperature, _ = tempered_nll(logits, columns)
    before, after = (_ece_of(softmax(logits, t), columns) for t in (1.0, temperature))
    return Calibration(temperature, split, before, after)


def _ece_of(probs: Float32, columns: Int64) -> float:
    return ece(probs.max(axis=1), probs.argmax(axis=1) == columns)
