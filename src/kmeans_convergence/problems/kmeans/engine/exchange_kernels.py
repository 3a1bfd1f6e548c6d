"""Compiled sweeps of Hartigan's exchanges."""

from __future__ import annotations

import numpy as np

from kmeans_convergence.problems.compiled import compiled
from kmeans_convergence.problems.kmeans.engine.kernels import squares

# A pattern stays where it is unless it gains more than rounding errors.
GUARD = 1 + 1e-12


def sweep(X: np.ndarray, w: np.ndarray, assignments: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Move each pattern in turn to the prototype where the cost is lowest, means included (Hartigan 1975).

    A pattern leaves a for b when :math:`\frac{N_a}{N_a-1}\|x-w_a\|^2>\frac{N_b}{N_b+1}\|x-w_b\|^2`; the means follow at
    once. They are made anew from their patterns before and after the sweep, so that rounding errors do not pile up.

    Parameters
    ----------
    X : ndarray of shape (n, d), float64 or float32
    w : ndarray of shape (R, K, d)
        Only the places of prototypes without patterns matter.
    assignments : ndarray of shape (R, n), int32

    Returns
    -------
    w : ndarray of shape (R, K, d)
        Means of the patterns assigned.
    assignments : ndarray of shape (R, n), int32
    """
    w, assignments = w.copy(), assignments.copy()
    counts = np.empty(w.shape[:2])
    _sweep(X, w, assignments, counts)
    return w, assignments


@compiled(nogil=True)
def _means(X, w, assignments, counts):  # type: ignore[no-untyped-def]
    """Set `counts` (K,) and, where they are not 0, `w` (K, d)."""
    counts[:] = 0.0
    for i in range(X.shape[0]):
        counts[assignments[i]] += 1.0
    for k in range(w.shape[0]):
        if counts[k] > 0:
            w[k] = 0.0
    for i in range(X.shape[0]):
        k = assignments[i]
        for j in range(X.shape[1]):
            w[k, j] += X[i, j]
    for k in range(w.shape[0]):
        if counts[k] > 0:
            for j in range(X.shape[1]):
                w[k, j] /= counts[k]


@compiled(nogil=True)
def _sweep(X, w, assignments, counts):  # type: ignore[no-untyped-def]
    """See `sweep`; `w`, `assignments` and `counts` (R, K) change in place."""
    distances = np.empty(w.shape[1])
    for r in range(w.shape[0]):
        means, owners, sizes = w[r], assignments[r], counts[r]
        _means(X, means, owners, sizes)
        columns = np.ascontiguousarray(means.T)
        for i in range(X.shape[0]):
            a, x = owners[i], X[i]
            if sizes[a] == 1:
                continue
            squares(x, means, columns, distances)
            loss = sizes[a] / (sizes[a] - 1) * distances[a]
            best, gain = a, loss
            for b in range(means.shape[0]):
                if b != a:
                    price = sizes[b] / (sizes[b] + 1) * distances[b]
                    if price < gain:
                        best, gain = b, price
            if loss > gain * GUARD:
                for j in range(X.shape[1]):
                    means[a, j] -= (x[j] - means[a, j]) / (sizes[a] - 1)
                    means[best, j] += (x[j] - means[best, j]) / (sizes[best] + 1)
                    columns[j, a], columns[j, best] = means[a, j], means[best, j]
                sizes[a] -= 1
                sizes[best] += 1
                owners[i] = best
        _means(X, means, owners, sizes)
