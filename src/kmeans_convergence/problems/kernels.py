"""Compiled passes over the data. No optimizer sees them; plain NumPy versions judge them in the tests.

A kernel works on some patterns, from `first` to before `last`, on one thread and without the interpreter's lock:
`passes` cuts the work and hands it to threads. Each sum is made pattern by pattern. Floating-point contraction stays
off (no ``fastmath``), but for one search whose result does not depend on its order.

A squared distance is defined to be summed in `LANES` lanes, feature j in lane j mod `LANES`, and then over the lanes in
turn: the processor adds several features at once, and all kernels get the same bits.
"""

import math

import numpy as np
from numba import njit

# Patterns handled at a time: their distances stay in the first-level cache.
BLOCK = 512
LANES = 8


@njit(cache=True, inline="always")
def squared_distance(x, w):  # type: ignore[no-untyped-def]
    """Squared distance of two vectors (d,), in the order of summation that all kernels share."""
    features = x.shape[0]
    whole = features - features % LANES
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = 0.0
    for j in range(0, whole, LANES):
        d0, d1, d2, d3 = x[j] - w[j], x[j + 1] - w[j + 1], x[j + 2] - w[j + 2], x[j + 3] - w[j + 3]
        d4, d5, d6, d7 = x[j + 4] - w[j + 4], x[j + 5] - w[j + 5], x[j + 6] - w[j + 6], x[j + 7] - w[j + 7]
        a0 += d0 * d0
        a1 += d1 * d1
        a2 += d2 * d2
        a3 += d3 * d3
        a4 += d4 * d4
        a5 += d5 * d5
        a6 += d6 * d6
        a7 += d7 * d7
    rest = features - whole
    if rest > 0:
        a0 += (x[whole] - w[whole]) ** 2
    if rest > 1:
        a1 += (x[whole + 1] - w[whole + 1]) ** 2
    if rest > 2:
        a2 += (x[whole + 2] - w[whole + 2]) ** 2
    if rest > 3:
        a3 += (x[whole + 3] - w[whole + 3]) ** 2
    if rest > 4:
        a4 += (x[whole + 4] - w[whole + 4]) ** 2
    if rest > 5:
        a5 += (x[whole + 5] - w[whole + 5]) ** 2
    if rest > 6:
        a6 += (x[whole + 6] - w[whole + 6]) ** 2
    return a0 + a1 + a2 + a3 + a4 + a5 + a6 + a7


@njit(cache=True, nogil=True)
def _pass_block(columns, size, w, partial, nearest, owner, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Assign `size` transposed patterns, `columns` (d, BLOCK), to prototypes `w` (K, d) and sum them; return the cost.

    The loops over patterns are innermost, so that they vectorise.
    """
    clusters, features = w.shape
    lanes = partial.shape[0]
    nearest[:size] = np.inf
    # where no distance is finite, the cost is infinite and the first prototype owns the pattern
    owner[:size] = 0
    for k in range(clusters):
        for j in range(features):
            lane, x, wkj = partial[j % LANES], columns[j], w[k, j]
            if j < LANES:
                for i in range(size):
                    difference = x[i] - wkj
                    lane[i] = difference * difference
            else:
                for i in range(size):
                    difference = x[i] - wkj
                    lane[i] += difference * difference
        distance = partial[0]
        for other in range(1, lanes):
            more = partial[other]
            for i in range(size):
                distance[i] += more[i]
        for i in range(size):
            # strictly nearer: ties go to the lowest index
            nearer = distance[i] < nearest[i]
            nearest[i] = distance[i] if nearer else nearest[i]
            owner[i] = k if nearer else owner[i]
    for i in range(size):
        k = owner[i]
        cost += 0.5 * nearest[i]
        counts[k] += 1.0
        for j in range(features):
            sums[k, j] += columns[j, i]
    return cost


@njit(cache=True, nogil=True)
def pass_directly(X, w, first, last, assignments, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Assign patterns by direct distances and sum them: for few features, or little data and many runs.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (R, K, d), in
    first, last : int
    assignments : int32 array of shape (R, n), out
        The lowest index where prototypes tie; where no distance is finite, 0.
    cost : float64 array of shape (R,), in zeros, out
    counts : float64 array of shape (R, K), in zeros, out
    sums : float64 array of shape (R, K, d), in zeros, out
    """
    features = X.shape[1]
    columns = np.empty((features, BLOCK))
    partial = np.empty((min(features, LANES), BLOCK))
    nearest = np.empty(BLOCK)
    owner = np.empty(BLOCK, dtype=np.int64)
    for begin in range(first, last, BLOCK):
        size = min(BLOCK, last - begin)
        for i in range(size):
            for j in range(features):
                columns[j, i] = X[begin + i, j]
        for r in range(w.shape[0]):
            cost[r] = _pass_block(columns, size, w[r], partial, nearest, owner, cost[r], counts[r], sums[r])
            for i in range(size):
                assignments[r, begin + i] = owner[i]


@njit(cache=True, nogil=True)
def pass_rows(X, w, rows, assignments, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Do what `pass_directly` does, but for patterns `rows` (R, m) of each run; `assignments` is (R, m)."""
    features = X.shape[1]
    columns = np.empty((features, BLOCK))
    partial = np.empty((min(features, LANES), BLOCK))
    nearest = np.empty(BLOCK)
    owner = np.empty(BLOCK, dtype=np.int64)
    for r in range(w.shape[0]):
        for begin in range(0, rows.shape[1], BLOCK):
            size = min(BLOCK, rows.shape[1] - begin)
            for i in range(size):
                for j in range(features):
                    columns[j, i] = X[rows[r, begin + i], j]
            cost[r] = _pass_block(columns, size, w[r], partial, nearest, owner, cost[r], counts[r], sums[r])
            for i in range(size):
                assignments[r, begin + i] = owner[i]


@njit(cache=True, nogil=True)
def narrow(X, first, shift, scale, narrowed, norms):  # type: ignore[no-untyped-def]
    """Shift, scale and round patterns to single precision.

    Parameters
    ----------
    X : float array of shape (n, d), in
    first : int
        The pattern that the first row of `narrowed` belongs to.
    shift : float64 array of shape (d,), in
    scale : float
    narrowed : float32 array of shape (m, d), out
    norms : float32 array of shape (m,), out
        Euclidean norms of its rows.
    """
    for i in range(narrowed.shape[0]):
        total = np.float32(0)
        for j in range(X.shape[1]):
            value = np.float32((X[first + i, j] - shift[j]) * scale)
            narrowed[i, j] = value
            total += value * value
        norms[i] = math.sqrt(total)


# The scores are finite: the caller has bounded them. So the search for the least one may be reordered.
@njit(cache=True, inline="always", fastmath={"nnan", "ninf", "nsz", "reassoc"})
def _least_score(products, halves):  # type: ignore[no-untyped-def]
    """Turn products (K,) into scores in place and return the least one."""
    best = np.float32(3e38)
    for k in range(halves.shape[0]):
        s = halves[k] - products[k]
        products[k] = s
        best = s if s < best else best
    return best


@njit(cache=True, nogil=True)
def assign_screened(X, w, products, halves, errors, first, assignments):  # type: ignore[no-untyped-def]
    """Finish a choice that products in single precision have narrowed down; exact all the same.

    The score of a prototype is half its squared norm minus its product with the pattern. Prototypes whose scores are
    within the rounding error of the least one are compared by direct distances, in double precision.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    products : float32 array of shape (m, K), in, destroyed
        Products of patterns and prototypes, both shifted and scaled.
    halves : float32 array of shape (K,), in
        Half the squared norms of the prototypes, shifted and scaled.
    errors : float32 array of shape (m,), in
        Bound of the error of a score, for each pattern.
    first : int
        The pattern that the first row of `products` belongs to.
    assignments : int32 array of shape (n,), out
    """
    clusters = w.shape[0]
    for i in range(products.shape[0]):
        score = products[i]
        limit = _least_score(score, halves) + 2 * errors[i]
        candidates, owner = np.int32(0), np.int32(0)
        for k in range(clusters):
            within = score[k] <= limit
            candidates += np.int32(within)
            owner = max(owner, np.int32(k) if within else np.int32(0))
        if candidates != 1:
            least = np.inf
            for k in range(clusters):
                if score[k] <= limit:
                    distance = squared_distance(X[first + i], w[k])
                    if distance < least:
                        least, owner = distance, np.int32(k)
        assignments[first + i] = owner


@njit(cache=True, nogil=True)
def accumulate(X, w, first, last, assignments, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Sum cost, counts and patterns of each prototype for given assignments; see `pass_directly`.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    first, last : int
    assignments : int32 array of shape (n,), in
    cost : float64 array of shape (1,), out
    counts : float64 array of shape (K,), out
    sums : float64 array of shape (K, d), out
    """
    total = cost[0]
    for i in range(first, last):
        k, x = assignments[i], X[i]
        total += 0.5 * squared_distance(x, w[k])
        counts[k] += 1.0
        row = sums[k]
        for j in range(x.shape[0]):
            row[j] += x[j]
    cost[0] = total


@njit(cache=True, inline="always")
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


@njit(cache=True, nogil=True)
def sweep_rate(X, order, w, rate):  # type: ignore[no-untyped-def]
    """Online gradient (4): for each pattern of `order` (R, m) move its prototype of `w` by `rate`, in place."""
    for r in range(w.shape[0]):
        for i in order[r]:
            k = _nearest(X[i], w[r])
            for j in range(X.shape[1]):
                w[r, k, j] += rate * (X[i, j] - w[r, k, j])


@njit(cache=True, nogil=True)
def sweep_counts(X, order, w, counts, factor):  # type: ignore[no-untyped-def]
    """Online K-means (8): like `sweep_rate` with the rate min(1, factor/n_k); `counts` (R, K) holds n_k, in place."""
    for r in range(w.shape[0]):
        for i in order[r]:
            k = _nearest(X[i], w[r])
            counts[r, k] += 1.0
            divisor = max(1.0, counts[r, k] / factor)
            for j in range(X.shape[1]):
                w[r, k, j] += (X[i, j] - w[r, k, j]) / divisor
