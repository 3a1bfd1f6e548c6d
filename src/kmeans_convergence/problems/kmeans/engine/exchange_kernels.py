"""Compiled sweeps of Hartigan's exchanges."""

from __future__ import annotations

import numpy as np

from kmeans_convergence.patterns import as_weights
from kmeans_convergence.problems.compiled import compiled
from kmeans_convergence.problems.kmeans.engine.kernels import LANES, squares
from kmeans_convergence.problems.kmeans.engine.passes import over_runs
from kmeans_convergence.problems.patterns import frozen

# A pattern stays where it is unless it gains more than rounding errors.
GUARD = 1 + 1e-12


def sweep(
    X: np.ndarray, w: np.ndarray, assignments: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    r"""Move each pattern in turn to the prototype where the cost is lowest, means included (Hartigan 1975).

    A pattern of weight :math:`\omega` leaves a for b when
    :math:`\frac{N_a}{N_a-\omega}\|x-w_a\|^2>\frac{N_b}{N_b+\omega}\|x-w_b\|^2`; the means follow at once. They are made
    anew from their patterns before and after the sweep, so that rounding errors do not pile up.

    Parameters
    ----------
    X : ndarray of shape (n, d), float64 or float32
    w : ndarray of shape (R, K, d)
        Only the places of prototypes without patterns matter.
    assignments : ndarray of shape (R, n), int32
    weights : ndarray of shape (n,), or (0,), optional
        See `patterns.as_weights`; 1 for each pattern without.

    Returns
    -------
    w : ndarray of shape (R, K, d)
        Means of the patterns assigned.
    assignments : ndarray of shape (R, n), int32
    """
    X, w, assignments = frozen(X), w.copy(), assignments.copy()
    weights = as_weights(None, len(X)) if weights is None else frozen(weights)
    over_runs(lambda some: _sweep(X, weights, w[some], assignments[some]), len(w), products=len(X) * w.size)
    return w, assignments


@compiled(nogil=True)
def _means(X, weights, w, assignments, masses, members):  # type: ignore[no-untyped-def]
    """Set weight and number (K,) of the patterns of each prototype and, where they weigh anything, `w` (K, d)."""
    masses[:] = 0.0
    members[:] = 0
    for i in range(X.shape[0]):
        masses[assignments[i]] += 1.0 if weights.shape[0] == 0 else weights[i]
        members[assignments[i]] += 1
    for k in range(w.shape[0]):
        if masses[k] > 0:
            w[k] = 0.0
    for i in range(X.shape[0]):
        k = assignments[i]
        if masses[k] > 0:
            weight = 1.0 if weights.shape[0] == 0 else weights[i]
            for j in range(X.shape[1]):
                w[k, j] += weight * X[i, j]
    for k in range(w.shape[0]):
        if masses[k] > 0:
            for j in range(X.shape[1]):
                w[k, j] /= masses[k]


@compiled(nogil=True)
def _sweep(X, weights, w, assignments):  # type: ignore[no-untyped-def]
    """See `sweep`; `w` and `assignments` change in place."""
    clusters = w.shape[1]
    distances, sizes, members = np.empty(clusters), np.empty(clusters), np.empty(clusters, dtype=np.int64)
    lanes = np.empty((LANES, clusters))
    for r in range(w.shape[0]):
        means, owners = w[r], assignments[r]
        _means(X, weights, means, owners, sizes, members)
        columns = np.ascontiguousarray(means.T)
        for i in range(X.shape[0]):
            a, x = owners[i], X[i]
            weight = 1.0 if weights.shape[0] == 0 else weights[i]
            left = sizes[a] - weight
            # no prototype loses its last pattern, nor what would leave it nothing but rounding errors
            if members[a] == 1 or left <= 0 or weight == 0:
                continue
            squares(x, columns, lanes, distances)
            loss = sizes[a] / left * distances[a]
            best, gain = a, loss
            for b in range(clusters):
                if b != a:
                    price = sizes[b] / (sizes[b] + weight) * distances[b]
                    if price < gain:
                        best, gain = b, price
            if loss > gain * GUARD:
                for j in range(X.shape[1]):
                    means[a, j] -= weight * (x[j] - means[a, j]) / left
                    means[best, j] += weight * (x[j] - means[best, j]) / (sizes[best] + weight)
                    columns[j, a], columns[j, best] = means[a, j], means[best, j]
                sizes[a] = left
                sizes[best] += weight
                members[a] -= 1
                members[best] += 1
                owners[i] = best
        _means(X, weights, means, owners, sizes, members)
