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
    squared_distance,
)

# Far above the rounding of a distance, far below what it could cost: a bound has to hold with this margin.
MARGIN = 1e-9
# Squares of smaller numbers lose their digits.
TINY = 1e-150


@njit(cache=True, nogil=True)
def moves(w, history, groups):  # type: ignore[no-untyped-def]
    """Return how far any prototype of a group has moved since each remembered pass, rounded up.

    Parameters
    ----------
    w : float64 array of shape (K, d)
    history : float64 array of shape (P, K, d)
    groups : int64 array of shape (G + 1,)
        Group g holds the prototypes from groups[g] to before groups[g + 1].

    Returns
    -------
    float64 array of shape (P, G)
    """
    result = np.zeros((history.shape[0], groups.shape[0] - 1))
    for p in range(history.shape[0]):
        for g in range(groups.shape[0] - 1):
            largest = 0.0
            for k in range(groups[g], groups[g + 1]):
                # where squares overflow, no bound holds
                largest = max(largest, squared_distance(w[k], history[p, k]))
            result[p, g] = math.sqrt(largest) * (1 + MARGIN) + (TINY if largest > 0 else 0.0)
    return result


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
def _keeps(upper, gap, moved, lowers):  # type: ignore[no-untyped-def]
    """Say whether a pattern at most `upper` from its prototype keeps it."""
    if upper < gap:
        return True
    keeps = True
    for g in range(lowers.shape[0]):
        # written so that a NaN fails
        keeps &= lowers[g] - moved[g] > upper
    return keeps


@njit(cache=True, nogil=True)
def _squares(x, w, columns, first, last, squares):  # type: ignore[no-untyped-def]
    """Squared distances of a pattern to the prototypes from `first` to before `last`, in the common order of sums."""
    if x.shape[0] <= LANES:
        for k in range(first, last):
            squares[k] = (x[0] - columns[0, k]) ** 2
        for j in range(1, x.shape[0]):
            for k in range(first, last):
                squares[k] += (x[j] - columns[j, k]) ** 2
    else:
        for k in range(first, last):
            squares[k] = squared_distance(x, w[k])


@njit(cache=True, nogil=True)
def _search(x, w, columns, square, owner, moved, groups, lowers, squares):  # type: ignore[no-untyped-def]
    """Find the nearest prototype of a pattern in the groups that may hold it, and renew its bounds.

    Returns
    -------
    square : float
        Squared distance of the nearest prototype.
    owner : int
        The prototype; the lowest index where several are nearest.
    computed : int
        Distances computed.
    """
    upper, before, before_square, home = _upper(square), owner, square, -1
    group, runner_up, computed = -1, np.inf, 0
    for g in range(lowers.shape[0]):
        first, last = groups[g], groups[g + 1]
        if lowers[g] - moved[g] > upper:
            lowers[g] = _rounded_down(lowers[g] - moved[g])
            home = g if first <= before < last else home
            continue
        _squares(x, w, columns, first, last, squares)
        computed += last - first
        least, second, nearest = np.inf, np.inf, first
        for k in range(first, last):
            if squares[k] < least:
                least, second, nearest = squares[k], least, k
            else:
                second = min(second, squares[k])
        lowers[g] = _rounded_down(math.sqrt(least))
        if least < square or (least == square and nearest <= owner):
            square, owner, runner_up, group = least, nearest, second, g
    # a bound leaves the owner out, and counts the one that was
    if group >= 0:
        lowers[group] = _rounded_down(math.sqrt(runner_up))
    if owner != before and home >= 0:
        lowers[home] = min(lowers[home], _rounded_down(math.sqrt(before_square)))
    return square, owner, computed


@njit(cache=True, nogil=True)
def pass_bounded(  # type: ignore[no-untyped-def]
    X, w, gaps, first, last, moved, now, groups, owners, stamps, lowers, cost, counts, sums
):
    """Do what `kernels.pass_directly` does for one run, computing only the distances that the bounds leave open.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    gaps : float64 array of shape (K,), in
        No pattern nearer to prototype k than this has another owner.
    first, last : int
    moved : float64 array of shape (P, G), in
        See `moves`.
    now : int
        The place of this pass among the P remembered ones.
    groups : int64 array of shape (G + 1,), in
    owners : int32 array of shape (n,), in and out
    stamps : uint8 array of shape (n,), in and out
        The pass that the bounds of a pattern refer to.
    lowers : float32 array of shape (n, G), in and out
        How far the nearest prototype of a group, without the owner, was then at least.
    cost : float64 array of shape (1,), in zeros, out
    counts : float64 array of shape (K,), in zeros, out
    sums : float64 array of shape (K, d), in zeros, out

    Returns
    -------
    int
        Distances computed.
    """
    features = X.shape[1]
    few = features <= FEW_FEATURES
    columns = np.ascontiguousarray(w.T)
    squares = np.empty(w.shape[0])
    block = np.zeros((FEW_FEATURES, BLOCK))
    nearest = np.empty(BLOCK)
    owner = np.empty(BLOCK, dtype=np.int64)
    turns = np.empty((TURNS, w.shape[0], FEW_FEATURES + 1))
    # the place that the next pass will take
    leaving = (now + 1) % moved.shape[0]
    computed = last - first
    for begin in range(first, last, BLOCK):
        size = min(BLOCK, last - begin)
        for b in range(size):
            i = begin + b
            x, k, stamp = X[i], np.int64(owners[i]), stamps[i]
            square = squared_distance(x, w[k])
            if not _keeps(_upper(square), gaps[k], moved[stamp], lowers[i]):
                square, k, more = _search(x, w, columns, square, k, moved[stamp], groups, lowers[i], squares)
                owners[i], stamps[i] = k, now
                computed += more
            elif stamp == leaving:
                for g in range(lowers.shape[1]):
                    lowers[i, g] = _rounded_down(lowers[i, g] - moved[stamp, g])
                stamps[i] = now
            if few:
                nearest[b], owner[b] = square, k
                for j in range(features):
                    block[j, b] = x[j]
            else:
                cost[0] += 0.5 * square
                counts[k] += 1.0
                for j in range(features):
                    sums[k, j] += x[j]
        if few:
            add_few(block, size, nearest, owner, turns, cost, counts, sums)
    return computed


@njit(cache=True, nogil=True)
def failing(X, w, gaps, first, last, step, moved, owners, stamps, lowers):  # type: ignore[no-untyped-def]
    """Return the share of every `step`-th pattern that does not pass the tests; see `pass_bounded`."""
    tried, failed = 0, 0
    for i in range(first, last, step):
        k = owners[i]
        tried += 1
        failed += not _keeps(_upper(squared_distance(X[i], w[k])), gaps[k], moved[stamps[i]], lowers[i])
    return failed / tried


@njit(cache=True, nogil=True)
def remember_scores(  # type: ignore[no-untyped-def]
    scores, norms, errors, features, scale, first, now, groups, owners, stamps, lowers
):
    """Turn the scores of `kernels.assign_screened` into bounds.

    Parameters
    ----------
    scores : float32 array of shape (m, K), in, destroyed
        Half the squared distances less half the squared norms of the patterns, shifted and scaled.
    norms, errors : float32 array of shape (m,), in
        Norms of the shifted, scaled patterns, and bounds of the errors of their scores.
    features : int
    scale : float
    first : int
        The pattern that the first row of `scores` belongs to.
    now, groups, owners, stamps, lowers
        As in `pass_bounded`.
    """
    for m in range(scores.shape[0]):
        i = first + m
        scores[m, owners[i]] = np.float32(3e38)
        # the norm has suffered from the rounding of the pattern, of d squares and their sum
        square = np.float64(norms[m]) ** 2 * (1 - (features + 8) * 2.0**-23) - 2 * np.float64(errors[m])
        for g in range(lowers.shape[1]):
            least = np.float32(3e38)
            for k in range(groups[g], groups[g + 1]):
                least = min(least, scores[m, k])
            distance = math.sqrt(max(0.0, square + 2 * np.float64(least))) / scale
            lowers[i, g] = _rounded_down(distance * (1 - MARGIN))
        stamps[i] = now
