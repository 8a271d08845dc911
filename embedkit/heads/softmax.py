"""L2-penalised multinomial logistic regression over dense features, solved in their principal axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.optimize import minimize
from scipy.special import logsumexp

Array = NDArray[np.floating]

LARGE = 50_000_000
"""Multiplications a pass (rows x columns x classes) from which single precision is used: twice as fast, and enough."""
CURVATURE = 0.1
"""A typical p (1 - p) of a softmax output: it only sets the solver's scale, never the solution."""


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
    precise = np.float32 if n * max(r, 1) * classes > LARGE else np.float64
    # In these axes the Hessian is near diagonal; dividing by its root makes L-BFGS need a dozen steps, not hundreds.
    scale = 1.0 / np.sqrt(CURVATURE * axes.eigenvalues + 1.0 / strength)
    u = np.ascontiguousarray(axes.z * scale, dtype=precise)
    weight = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    penalty = (scale**2 / strength)[:, None]
    rows = np.arange(n)
    bias_scale = 1.0 / np.sqrt(CURVATURE * n + 1.0)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w, b = flat[:-classes].reshape(r, classes), flat[-classes:] * bias_scale
        logits = (u @ w.astype(precise)).astype(np.float64) + b
        log_z = logsumexp(logits, axis=1)
        value = float(weight @ (log_z - logits[rows, targets])) + 0.5 * float((penalty * w * w).sum())
        p = np.exp(logits - log_z[:, None])
        p[rows, targets] -= 1.0
        p *= weight[:, None]
        gradient = (u.T @ p.astype(precise)).astype(np.float64) + penalty * w
        return value, np.concatenate([gradient.ravel(), p.sum(axis=0) * bias_scale])

    start = np.zeros((r + 1) * classes)
    options = {"maxiter": 200, "ftol": 1e-7, "gtol": 1e-4 * np.sqrt(n), "maxcor": 12}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    coef = axes.back @ (found[:-classes].reshape(r, classes) * scale[:, None])
    return coef, found[-classes:] * bias_scale
