"""L2-penalised multinomial logistic regression over dense features, solved in their principal axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.optimize import minimize

Array = NDArray[np.floating]

LARGE = 20_000_000
"""Multiplications a pass (rows x columns x classes) from which single precision and 60 steps have to do."""


@dataclass(frozen=True)
class Axes:
    """Principal axes of a feature matrix: z float[n, r] = x @ back, back float[d, r], eigenvalues float[r] of x'x."""

    z: Array
    back: Array
    eigenvalues: Array


def principal_axes(x: Array) -> Axes:
    """Return `x` float[n, d] in its principal axes, exactly; through the smaller of x'x and xx'.

    A ridge penalty does not change under rotation, so a regression fitted there is the regression on `x`.
    """
    n, d = x.shape
    values, vectors = linalg.eigh(x.T @ x if d <= n else x @ x.T, driver="evd")
    keep = values > max(float(values[-1]), 1e-12) * 1e-6 if len(values) else slice(0, 0)
    values, vectors = values[keep], vectors[:, keep]
    if d <= n:
        return Axes(x @ vectors, vectors, values)
    return Axes(vectors * np.sqrt(values), x.T @ (vectors / np.sqrt(values)), values)


def fit_softmax(
    axes: Axes, targets: NDArray[np.int64], classes: int, strength: float = 1.0, weights: Array | None = None
) -> tuple[Array, Array]:
    """Return the coefficients float[d, classes] and intercepts float[classes] of a multinomial logistic regression.

    Minimises sum_i weights_i * nll_i + |coef|^2 / (2 strength), as scikit-learn's C does; intercepts are free.
    """
    n, r = axes.z.shape
    kind = np.float32 if n * max(r, 1) * classes > LARGE else np.float64
    # In these axes the Hessian is near diagonal; dividing by its root makes L-BFGS need tens of steps, not hundreds.
    curvature = 1.0 / (2.0 * classes)
    scale = 1.0 / np.sqrt(curvature * axes.eigenvalues + 1.0 / strength)
    u = np.ascontiguousarray(axes.z * scale, dtype=kind)
    weight = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    penalty = (scale**2 / strength)[:, None]
    rows = np.arange(n)
    bias_scale = 1.0 / np.sqrt(curvature * n + 1.0)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w, b = flat[:-classes].reshape(r, classes), flat[-classes:] * bias_scale
        logits = u @ w.astype(kind)
        logits += b.astype(kind)
        logits -= logits.max(axis=1, keepdims=True)
        true = logits[rows, targets].astype(np.float64)
        p = np.exp(logits, out=logits)
        total = p.sum(axis=1)
        value = float(weight @ (np.log(total.astype(np.float64)) - true)) + 0.5 * float((penalty * w * w).sum())
        p *= (weight / total).astype(kind)[:, None]
        p[rows, targets] -= weight.astype(kind)
        gradient = (u.T @ p).astype(np.float64) + penalty * w
        return value, np.concatenate([gradient.ravel(), p.sum(axis=0, dtype=np.float64) * bias_scale])

    start = np.zeros((r + 1) * classes)
    rough = kind is np.float32
    options = {
        "maxiter": 60 if rough else 200,
        "ftol": 1e-5 if rough else 1e-7,
        "gtol": 1e-4 * np.sqrt(n),
        "maxcor": 12,
    }
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    coef = axes.back @ (found[:-classes].reshape(r, classes) * scale[:, None])
    return coef, found[-classes:] * bias_scale
