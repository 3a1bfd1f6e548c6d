"""Compiled parts of `bounds`: see there. As in `kernels`, they work on some patterns, on one thread."""

import math

import numpy as np
from numba import njit

from kmeans_convergence.problems.kernels import (
    BLOCK,
    FEW_FEATURES,
    LANES,
    TURNS,
    add_few,
    cost_few,
    squared_distance,
)

# Far above the rounding of a distance, far below what it could cost: a bound has to hold with this margin.
MARGIN = 1e-9
# Squares of smaller numbers lose their digits.
TINY = 1e-150


@njit(cache=True, nogil=True)
def spend(w, before, own, others):  # type: ignore[no-untyped-def]
    """Add the last move of each prototype to `own` (K,) and the largest of the others to `others` (K,), rounded up."""
    moved = np.empty(w.shape[0])
    largest, runner_up, farthest = 0.0, 0.0, 0
    for k in range(w.shape[0]):
        square = squared_distance(w[k], before[k])
        moved[k] = math.sqrt(square) * (1 + MARGIN) + (TINY if square > 0 else 0.0)
        if moved[k] > largest:
            largest, runner_up, farthest = moved[k], largest, k
        else:
            runner_up = max(runner_up, moved[k])
    for k in range(w.shape[0]):
        own[k] = (own[k] + moved[k]) * (1 + 2.0**-50)
        others[k] = (others[k] + (runner_up if k == farthest else largest)) * (1 + 2.0**-50)


@njit(cache=True, nogil=True)
def half_gaps(w):  # type: ignore[no-untyped-def]
    """Return half the distance of each prototype to its nearest other, rounded down; `w` (K, d) -> (K,)."""
    clusters = w.shape[0]
    least = np.full(clusters, np.inf)
    for k in range(clusters):
        for other in range(k):
            distance = squared_distance(w[k], w[other])
            least[k] = min(least[k], distance)
            least[other] = min(least[other], distance)
    return 0.5 * np.sqrt(least) * (1 - MARGIN)


@njit(cache=True, inline="always")
def _rounded_down(bound):  # type: ignore[no-untyped-def]
    """A bound in single precision that is not above `bound`; zero, which says nothing, below its range."""
    return np.float32(min(bound, 1e38) * (1 - 2.0**-22)) if bound > 1e-30 else np.float32(0)


@njit(cache=True, inline="always")
def _upper(square):  # type: ignore[no-untyped-def]
    """Root of a computed squared distance, rounded up by the margin."""
    return math.sqrt(square) * (1 + MARGIN) + TINY


@njit(cache=True, inline="always")
def _note(i, owner, upper, lower, own, others, keys, lowers):  # type: ignore[no-untyped-def]
    """Note that the owner of pattern i is at most `upper` and all others are at least `lower` away."""
    lowers[i] = _rounded_down(lower + others[owner])
    spent = own[owner] + others[owner]
    keys[i] = _rounded_down(spent + lower - upper) if lower > upper else np.float32(0)


@njit(cache=True, nogil=True)
def look(X, w, gaps, first, last, step, own, others, owners, keys, lowers, open_rows):  # type: ignore[no-untyped-def]
    """Look at every `step`-th pattern, unless its key says that it keeps its owner.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    gaps : float64 array of shape (K,), in
        See `half_gaps`.
    first, last, step : int
    own, others : float64 array of shape (K,), in
        See `spend`.
    owners : int32 array of shape (n,), in
    keys : float32 array of shape (n,), in and out
        A pattern keeps its owner as long as own + others, of its owner, is less.
    lowers : float32 array of shape (n,), in and out
        The second nearest prototype is at least so far away, less what others have moved.
    open_rows : int64 array of shape (last - first,), out
        The patterns whose nearest prototype has to be searched for.

    Returns
    -------
    looked, left : int
        How many patterns were looked at, and how many are left for the search.
    """
    looked, left = 0, 0
    for i in range(first, last, step):
        k = owners[i]
        # written so that a NaN fails, as below
        if keys[i] > own[k] + others[k]:
            continue
        looked += 1
        upper = _upper(squared_distance(X[i], w[k]))
        lower = max(lowers[i] - others[k], 2 * gaps[k] - upper)
        if lower > upper:
            _note(i, k, upper, lower, own, others, keys, lowers)
        else:
            open_rows[left] = i
            left += 1
    return looked, left


@njit(cache=True, nogil=True)
def assign_directly(X, w, rows, own, others, owners, keys, lowers):  # type: ignore[no-untyped-def]
    """Find the owners of patterns `rows` (m,), of up to `LANES` features, by all distances, and bounds; see `look`."""
    columns = np.zeros((LANES, BLOCK))
    nearest, second, owner = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK, dtype=np.int64)
    wide = np.zeros((w.shape[0], LANES))
    wide[:, : w.shape[1]] = w
    for begin in range(0, rows.shape[0], BLOCK):
        size = min(BLOCK, rows.shape[0] - begin)
        for i in range(size):
            for j in range(X.shape[1]):
                columns[j, i] = X[rows[begin + i], j]
        nearest[:], second[:], owner[:] = np.inf, np.inf, 0
        for k in range(w.shape[0]):
            if w.shape[1] <= FEW_FEATURES:
                _compare_few(columns, size, wide[k], k, nearest, second, owner)
            else:
                _compare_some(columns, size, wide[k], k, nearest, second, owner)
        for i in range(size):
            row = rows[begin + i]
            owners[row] = owner[i]
            lower = math.sqrt(second[i]) * (1 - MARGIN)
            _note(row, owner[i], _upper(nearest[i]), lower, own, others, keys, lowers)


@njit(cache=True, nogil=True)
def _compare_few(columns, size, wk, k, nearest, second, owner):  # type: ignore[no-untyped-def]
    """Let prototype `k` at `wk` (LANES,), with few features, compete; see `kernels._compare_few`."""
    x0, x1, x2, x3 = columns[0], columns[1], columns[2], columns[3]
    w0, w1, w2, w3 = wk[0], wk[1], wk[2], wk[3]
    for i in range(size):
        distance = (x0[i] - w0) ** 2 + (x1[i] - w1) ** 2 + (x2[i] - w2) ** 2 + (x3[i] - w3) ** 2
        nearer = distance < nearest[i]
        loser = nearest[i] if nearer else distance
        second[i] = loser if loser < second[i] else second[i]
        nearest[i] = distance if nearer else nearest[i]
        owner[i] = k if nearer else owner[i]


@njit(cache=True, nogil=True)
def _compare_some(columns, size, wk, k, nearest, second, owner):  # type: ignore[no-untyped-def]
    """Do the same for up to `LANES` features."""
    x0, x1, x2, x3 = columns[0], columns[1], columns[2], columns[3]
    x4, x5, x6, x7 = columns[4], columns[5], columns[6], columns[7]
    w0, w1, w2, w3, w4, w5, w6, w7 = wk[0], wk[1], wk[2], wk[3], wk[4], wk[5], wk[6], wk[7]
    for i in range(size):
        distance = (x0[i] - w0) ** 2 + (x1[i] - w1) ** 2 + (x2[i] - w2) ** 2 + (x3[i] - w3) ** 2 + (x4[i] - w4) ** 2
        distance = distance + (x5[i] - w5) ** 2 + (x6[i] - w6) ** 2 + (x7[i] - w7) ** 2
        nearer = distance < nearest[i]
        loser = nearest[i] if nearer else distance
        second[i] = loser if loser < second[i] else second[i]
        nearest[i] = distance if nearer else nearest[i]
        owner[i] = k if nearer else owner[i]


@njit(cache=True, nogil=True)
def note_scores(  # type: ignore[no-untyped-def]
    scores, norms, errors, features, scale, rows, own, others, owners, keys, lowers
):
    """Turn the scores of `kernels.assign_screened` into bounds; see `look`.

    Parameters
    ----------
    scores : float32 array of shape (m, K), in, destroyed
        Half the squared distances less half the squared norms of the patterns, shifted and scaled.
    norms, errors : float32 array of shape (m,), in
        Norms of the shifted, scaled patterns, and bounds of the errors of their scores.
    features : int
    scale : float
    rows : int64 array of shape (m,), in
        The patterns.
    """
    for m in range(rows.shape[0]):
        score, owner = scores[m], owners[rows[m]]
        # the norm has suffered from the rounding of the pattern, of d squares and their sum
        square, error = np.float64(norms[m]) ** 2, 2 * np.float64(errors[m])
        error += (features + 8) * 2.0**-23 * square
        upper = math.sqrt(max(0.0, square + 2 * np.float64(score[owner]) + error)) / scale * (1 + MARGIN)
        score[owner] = np.float32(3e38)
        least = _least(score)
        lower = math.sqrt(max(0.0, square + 2 * np.float64(least) - error)) / scale * (1 - MARGIN)
        _note(rows[m], owner, upper, lower, own, others, keys, lowers)


@njit(cache=True, inline="always", fastmath={"nnan", "ninf", "nsz", "reassoc"})
def _least(scores):  # type: ignore[no-untyped-def]
    """Return the least of some finite numbers."""
    least = np.float32(3e38)
    for k in range(scores.shape[0]):
        least = scores[k] if scores[k] < least else least
    return least


@njit(cache=True, nogil=True)
def add_up(X, first, last, block, owners, changed, block_counts, block_sums, counts, sums):  # type: ignore[no-untyped-def]
    """Add the sums of blocks in turn, after making those anew in which an owner has changed.

    Parameters
    ----------
    X : float array of shape (n, d), in
    first, last, block : int
    owners : int32 array of shape (n,), in
    changed : bool array of shape (blocks,), in and out
    block_counts : float64 array of shape (blocks, K), in and out
    block_sums : float64 array of shape (blocks, K, d), in and out
    counts : float64 array of shape (K,), in zeros, out
    sums : float64 array of shape (K, d), in zeros, out
    """
    for begin in range(first, last, block):
        b = begin // block
        if changed[b]:
            _sum_block(X, begin, min(begin + block, last), owners, block_counts[b], block_sums[b])
            changed[b] = False
        for k in range(counts.shape[0]):
            counts[k] += block_counts[b, k]
            for j in range(sums.shape[1]):
                sums[k, j] += block_sums[b, k, j]


@njit(cache=True, nogil=True)
def _sum_block(X, first, last, owners, counts, sums):  # type: ignore[no-untyped-def]
    """Sum the patterns of a block in the order of `kernels.pass_directly`."""
    counts[:] = 0.0
    sums[:] = 0.0
    features = X.shape[1]
    if features <= FEW_FEATURES:
        columns, owner = np.zeros((FEW_FEATURES, BLOCK)), np.empty(BLOCK, dtype=np.int64)
        turns = np.empty((TURNS, counts.shape[0], FEW_FEATURES + 1))
        for begin in range(first, last, BLOCK):
            size = min(BLOCK, last - begin)
            for i in range(size):
                owner[i] = owners[begin + i]
                for j in range(features):
                    columns[j, i] = X[begin + i, j]
            add_few(columns, size, owner, turns, counts, sums)
    else:
        for i in range(first, last):
            counts[owners[i]] += 1.0
            row = sums[owners[i]]
            for j in range(features):
                row[j] += X[i, j]


@njit(cache=True, nogil=True)
def cost_of(X, w, first, last, block, owners):  # type: ignore[no-untyped-def]
    """Return half the sum of squared distances to the owners, in the order of `kernels.pass_directly`."""
    total, open_block = 0.0, 0.0
    squares = np.empty(BLOCK)
    for begin in range(first, last, BLOCK):
        size = min(BLOCK, last - begin)
        for i in range(size):
            squares[i] = squared_distance(X[begin + i], w[owners[begin + i]])
        if X.shape[1] <= FEW_FEATURES:
            open_block += cost_few(squares, size)
        else:
            for i in range(size):
                open_block += 0.5 * squares[i]
        if (begin + BLOCK - first) % block == 0 or begin + BLOCK >= last:
            total += open_block
            open_block = 0.0
    return total
