"""Compiled sweeps of the online methods: pattern by pattern.

Patterns may have `weights` (n,); with an array of length 0 all weigh 1.
"""

import numpy as np

from kmeans_convergence.problems.compiled import compiled
from kmeans_convergence.problems.kmeans.engine.kernels import LANES, squared_distance


@compiled(inline="always")
def _nearest(x, w):  # type: ignore[no-untyped-def]
    """Index of the prototype of `w` (K, d) that is nearest to the pattern `x` (d,)."""
    owner, least = 0, np.inf
    for k in range(w.shape[0]):
        if w.shape[1] > LANES:
            distance = squared_distance(x, w[k])
        else:
            # a feature for each lane: their sum in turn is the one over the lanes, and a short loop is faster
            distance = 0.0
            for j in range(w.shape[1]):
                difference = x[j] - w[k, j]
                distance += difference * difference
        if distance < least:
            least, owner = distance, k
    return owner


@compiled(nogil=True)
def sweep_rate(X, weights, order, w, rate):  # type: ignore[no-untyped-def]
    """Online gradient (4): for each pattern of `order` (R, m) move its prototype of `w` by `rate`, in place.

    A pattern with a weight moves it by so many times the rate, but not beyond itself.
    """
    for r in range(w.shape[0]):
        for i in order[r]:
            k = _nearest(X[i], w[r])
            step = rate if weights.shape[0] == 0 else min(1.0, rate * weights[i])
            for j in range(X.shape[1]):
                w[r, k, j] += step * (X[i, j] - w[r, k, j])


@compiled(nogil=True)
def sweep_counts(X, weights, order, w, counts, factor):  # type: ignore[no-untyped-def]
    """Online K-means (7): like `sweep_rate` with the rate min(1, factor/n_k); `counts` (R, K) holds n_k, in place."""
    for r in range(w.shape[0]):
        for i in order[r]:
            k = _nearest(X[i], w[r])
            weight = 1.0 if weights.shape[0] == 0 else weights[i]
            # what has no weight moves nothing
            if weight > 0.0:
                counts[r, k] += weight
                divisor = max(1.0, counts[r, k] / (factor * weight))
                for j in range(X.shape[1]):
                    w[r, k, j] += (X[i, j] - w[r, k, j]) / divisor
