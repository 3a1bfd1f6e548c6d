"""The best partition of numbers on a line, exactly."""

from __future__ import annotations

import numpy as np


def best_intervals(x: np.ndarray, clusters: int) -> tuple[float, np.ndarray]:
    r"""Return the least cost of K prototypes on a line, by dynamic programming in :math:`O(Kn^2)`.

    The groups of an optimum are intervals of the sorted numbers, so the cost of the first j numbers in k groups is the
    least over i of that of the first i in k - 1 and the next j - i in one (Wang and Song 2011).

    Parameters
    ----------
    x : ndarray of shape (n,)
        Patterns of one feature; integers or fractions (dtype object) give an exact result.
    clusters : int
        From 1 to n.

    Returns
    -------
    cost : float
        :math:`\min_w\sum_i\frac12\min_k(x_i-w_k)^2`; a fraction for an array of fractions.
    firsts : ndarray of shape (K,)
        Index of the first of the sorted numbers in each group.
    """
    x = np.sort(x)
    # from the middle number, sums of squares lose fewer digits
    x = x - x[len(x) // 2]
    n = len(x)
    sums, squares = (np.concatenate([[0 * x[0]], np.cumsum(values)]) for values in (x, x * x))
    # cost[i, j] of the numbers i, ..., j - 1 in one group
    size = np.maximum(np.arange(n + 1) - np.arange(n + 1)[:, None], 1)
    cost = (squares - squares[:, None] - (sums - sums[:, None]) ** 2 / size) / 2
    possible = np.arange(n + 1)[:, None] < np.arange(n + 1)
    best, came = cost[0], [np.zeros(n + 1, dtype=np.intp)]
    for k in range(1, clusters):
        # the first k numbers fill k groups, so that none is empty
        allowed = possible & (np.arange(n + 1)[:, None] >= k)
        total = np.where(allowed, best[:, None] + cost, np.inf)
        came.append(total.argmin(axis=0))
        best = total.min(axis=0)
    firsts, j = [], n
    for k in range(clusters - 1, -1, -1):
        j = int(came[k][j])
        firsts.append(j)
    return best[n], np.array(firsts[::-1])
