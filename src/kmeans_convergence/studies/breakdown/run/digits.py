r"""What collinear features cost EM: its steps in arithmetic of many digits beside those in double precision.

An affine map of the data maps the iterates of EM with full covariances and leaves the responsibilities as they are. So
whatever changes with the condition number is rounding: that of the data, and that of the algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
import pandas as pd

from kmeans_convergence.errors import InputError
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.studies.breakdown.run import samples, scikit
from kmeans_convergence.studies.breakdown.run.samples import collinear, simulated

# Decimal digits of the arithmetic that stands for the exact one.
DIGITS = 50
PATTERNS, FEATURES, CLUSTERS, STEPS = 50, 3, 2, 6
# The last feature is the sum of the others but for this: powers of 2, so that they are exact.
DELTAS = tuple(2.0**-power for power in range(0, 49, 4))

# What is compared with what: see `measure`.
EXACT, DATA, FACTORS, COVARIANCES = "exact", "data", "cholesky", "covariances"
METHODS = (EXACT, DATA, FACTORS, COVARIANCES)
# Of two results that are equal in double precision.
MOST = -np.log10(np.finfo(np.float64).eps / 2)


def measure(seed: int, sets: int) -> pd.DataFrame:
    """Compare responsibilities after some steps, from the same ones.

    Returns
    -------
    DataFrame
        One row for each data set, delta and method: columns dataset, delta, condition (of the covariance of the data),
        method, digits (of the responsibility that is farthest off; missing where there is no result) and failed.
        The methods are "exact", 50 digits on the exact map of the data against 50 digits on the data before it; "data",
        the same on the map that was rounded to double precision; "cholesky", this project's EM in double precision,
        which keeps Cholesky factors; and "covariances", scikit-learn's without a constant, which forms covariances:
        both against 50 digits on the same rounded data.
    """
    tables, maps = [], {delta: collinear(FEATURES, delta) for delta in DELTAS}
    for number in range(sets):
        X = simulated(seed, number, PATTERNS, FEATURES, CLUSTERS).X
        start = samples.random_responsibilities(PATTERNS, CLUSTERS, seed, "digits", [number])[0]
        tables.append(compare(X, start, maps).assign(dataset=f"simulated {number}"))
    return pd.concat(tables, ignore_index=True)


def compare(X: np.ndarray, start: np.ndarray, maps: Mapping[float, np.ndarray]) -> pd.DataFrame:
    """Compare responsibilities after some steps of EM on maps of the same patterns.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    start : ndarray of shape (n, K)
        Responsibilities.
    maps : mapping of float to ndarray of shape (d, d)
        By whatever names them.

    Returns
    -------
    DataFrame
        Columns delta, the name, and condition, method, digits, failed: see `measure`.
    """
    rows = []
    with mpmath.workdps(DIGITS):
        before = as_exact(X)
        base = exact_steps(before, start, STEPS)
        for delta, A in maps.items():
            mapped = before @ as_exact(A)
            rounded = mapped.astype(np.float64)
            known = exact_steps(as_exact(rounded), start, STEPS)
            about = {"delta": delta, "condition": float(condition_number(mapped))}
            rows.append(about | _row(EXACT, exact_steps(mapped, start, STEPS), base))
            rows.append(about | _row(DATA, known, base))
            rows += [about | _row(method, steps(rounded, start), known) for method, steps in DOUBLE.items()]
    return pd.DataFrame(rows)


def _row(method: str, found: np.ndarray | None, known: np.ndarray) -> dict[str, Any]:
    """Return to how many digits a result agrees with what is known."""
    if found is None or not all(mpmath.isfinite(value) for value in found.ravel()):
        return {"method": method, "digits": np.nan, "failed": True}
    return {"method": method, "digits": agreeing(found, known), "failed": False}


def agreeing(found: np.ndarray, known: np.ndarray) -> float:
    """Return -log10 of the largest difference of two arrays of numbers of order 1; not more than `DIGITS`."""
    # double precision cannot tell more digits, the other arithmetic stops at its own
    least = mpmath.mpf(10) ** -(MOST if found.dtype == np.float64 else DIGITS)
    difference = max(abs(mpmath.mpf(a) - b) for a, b in zip(np.ravel(found), np.ravel(known), strict=True))
    return float(-mpmath.log10(max(difference, least)))


def with_factors(X: np.ndarray, start: np.ndarray) -> np.ndarray | None:
    """Return the responsibilities (n, K) after steps of this project's EM; None where it refuses the data."""
    try:
        problem = GaussianMixtureProblem(X)
    except InputError:
        return None
    begin = problem.from_responsibilities(start[None])
    if not np.isfinite(begin.factors).all():
        return None
    trace = minimize(problem, MajorizeMinimize(), begin, epochs=STEPS)
    if trace.diverged[0] and not np.isfinite(trace.cost[-1, 0]):
        return None
    return samples.responsibilities(trace.w, problem.X)[0]


def with_covariances(X: np.ndarray, start: np.ndarray) -> np.ndarray | None:
    """Return the responsibilities (n, K) after steps of scikit-learn's EM; None where it fails."""
    found = scikit.fit(X, start, STEPS, constant=0.0)
    return None if found is None else samples.responsibilities(found, X)[0]


DOUBLE: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray | None]] = {
    FACTORS: with_factors,
    COVARIANCES: with_covariances,
}


# --- arithmetic of many digits: arrays of mpmath's numbers, in the precision of the caller --------------------------


def as_exact(X: np.ndarray) -> np.ndarray:
    """Return an array of mpmath's numbers, each exactly a given double."""
    return np.array([mpmath.mpf(float(value)) for value in X.ravel()], dtype=object).reshape(X.shape)


def exact_steps(X: np.ndarray, start: np.ndarray, steps: int) -> np.ndarray:
    """Return the responsibilities (n, K) after some steps of EM with full covariances, textbook formulas.

    Parameters
    ----------
    X : ndarray of shape (n, d), of mpmath's numbers
    start : ndarray of shape (n, K)
        Responsibilities, whose M-step is where the steps begin.
    steps : int
    """
    r = as_exact(start)
    for _ in range(steps + 1):
        r = _step(X, r)
    return r


def _step(X: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Return the responsibilities under the M-step of responsibilities."""
    n = len(X)
    joint = []
    for weights in r.T:
        count = weights.sum()
        deviations = X - weights @ X / count
        factor = cholesky((weights[:, None] * deviations).T @ deviations / count)
        y = substituted(factor, deviations.T)
        determinant = np.prod(np.diagonal(factor))
        joint.append([count / n / determinant * mpmath.exp(-square / 2) for square in (y * y).sum(axis=0)])
    densities = np.array(joint, dtype=object).T
    return np.asarray(densities / densities.sum(axis=1, keepdims=True))


def cholesky(matrix: np.ndarray) -> np.ndarray:
    """Return the Cholesky factor (d, d) of a positive definite matrix of mpmath's numbers."""
    d = len(matrix)
    factor = np.full((d, d), mpmath.mpf(0), dtype=object)
    for j in range(d):
        factor[j, j] = mpmath.sqrt(matrix[j, j] - factor[j, :j] @ factor[j, :j] if j else matrix[j, j])
        for i in range(j + 1, d):
            inner = factor[i, :j] @ factor[j, :j] if j else mpmath.mpf(0)
            factor[i, j] = (matrix[i, j] - inner) / factor[j, j]
    return factor


def substituted(factor: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return C⁻¹ v for vectors (d, n) of mpmath's numbers."""
    y = vectors.copy()
    for i in range(len(factor)):
        if i:
            y[i] = y[i] - factor[i, :i] @ y[:i]
        y[i] = y[i] / factor[i, i]
    return y


def condition_number(X: np.ndarray) -> Any:
    """Return the condition number of the covariance of patterns (n, d) of mpmath's numbers."""
    deviations = X - X.sum(axis=0) / len(X)
    values = mpmath.eigsy(mpmath.matrix((deviations.T @ deviations).tolist()), eigvals_only=True)
    return max(values) / min(values)
