"""Compiled passes over the data. No optimizer sees them; plain NumPy versions judge them in the tests.

Each run is computed by itself and every sum has a fixed order, so that results depend neither on the
number of runs in a batch nor on threads. Floating-point contraction stays off (no ``fastmath``).
"""

import numpy as np
from numba import njit

# Patterns handled at a time: their distances stay in the first-level cache.
BLOCK = 512


@njit(cache=True, nogil=True)
def assign_and_sum(X, columns, w, assignments, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Assign each pattern to its nearest prototype and accumulate cost, counts and sums.

    The loops over patterns are innermost, so that they vectorise: that is why the patterns come
    in both orders.

    Parameters
    ----------
    X : float64 array of shape (n, d), in
    columns : float64 array of shape (d, n), in
        The transpose of X.
    w : float64 array of shape (R, K, d), in
    assignments : int32 array of shape (R, n), out
    cost : float64 array of shape (R,), out
    counts : float64 array of shape (R, K), in zeros, out
    sums : float64 array of shape (R, K, d), in zeros, out
    """
    runs, clusters, features = w.shape
    n = X.shape[0]
    distance = np.empty(BLOCK)
    nearest = np.empty(BLOCK)
    for r in range(runs):
        total = 0.0
        for first in range(0, n, BLOCK):
            size = min(BLOCK, n - first)
            owner = assignments[r, first : first + size]
            nearest[:size] = np.inf
            # where no distance is finite, the cost is infinite and the first prototype owns the pattern
            owner[:] = 0
            for k in range(clusters):
                x = columns[0, first : first + size]
                wkj = w[r, k, 0]
                for i in range(size):
                    difference = x[i] - wkj
                    distance[i] = difference * difference
                for j in range(1, features):
                    x = columns[j, first : first + size]
                    wkj = w[r, k, j]
                    for i in range(size):
                        difference = x[i] - wkj
                        distance[i] += difference * difference
                for i in range(size):
                    # strictly nearer: ties go to the lowest index
                    nearer = distance[i] < nearest[i]
                    nearest[i] = distance[i] if nearer else nearest[i]
                    owner[i] = k if nearer else owner[i]
            for i in range(size):
                k = owner[i]
                total += nearest[i]
                counts[r, k] += 1.0
                for j in range(features):
                    sums[r, k, j] += X[first + i, j]
        cost[r] = 0.5 * total


@njit(cache=True, inline="always")
def _nearest(x, w):  # type: ignore[no-untyped-def]
    """Index of the prototype of `w` (K, d) that is nearest to the pattern `x` (d,)."""
    owner = 0
    least = np.inf
    for k in range(w.shape[0]):
        distance = 0.0
        for j in range(x.shape[0]):
            difference = x[j] - w[k, j]
            distance += difference * difference
        if distance < least:
            least = distance
            owner = k
    return owner


@njit(cache=True, nogil=True)
def sweep_rate(X, order, w, rate):  # type: ignore[no-untyped-def]
    """Online gradient (4): for each pattern of `order` (R, m) move its prototype of `w` by `rate`, in place."""
    for r in range(w.shape[0]):
        for i in order[r]:
            k = _nearest(X[i], w[r])
            for j in range(X.shape[1]):
                w[r, k, j] += rate * (X[i, j] - w[r, k, j])


@njit(cache=True, nogil=True)
def sweep_counts(X, order, w, counts):  # type: ignore[no-untyped-def]
    """Online K-means (8): like `sweep_rate` with the rate 1/n_k; `counts` (R, K) holds n_k, both in place."""
    for r in range(w.shape[0]):
        for i in order[r]:
            k = _nearest(X[i], w[r])
            counts[r, k] += 1.0
            for j in range(X.shape[1]):
                w[r, k, j] += (X[i, j] - w[r, k, j]) / counts[r, k]
