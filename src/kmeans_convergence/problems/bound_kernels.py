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


@njit(cache=True, nogil=True)
def spend(w, before, spent):  # type: ignore[no-untyped-def]
    """Add to `spent` (K,) how much nearer to others than to its owner a pattern may have come by the last move.

    That is at most how far its owner has moved and how far any other prototype has.
    """
    largest, runner_up, farthest = 0.0, 0.0, 0
    moved = np.empty(w.shape[0])
    for k in range(w.shape[0]):
        square = squared_distance(w[k], before[k])
        moved[k] = math.sqrt(square) * (1 + MARGIN) + (TINY if square > 0 else 0.0)
        if moved[k] > largest:
            largest, runner_up, farthest = moved[k], largest, k
        else:
            runner_up = max(runner_up, moved[k])
    for k in range(w.shape[0]):
        # rounded up, too
        spent[k] = (spent[k] + moved[k] + (runner_up if k == farthest else largest)) * (1 + 2.0**-50)


@njit(cache=True, inline="always")
def _key(spent, lower, upper):  # type: ignore[no-untyped-def]
    """Return what may be spent before another prototype can have come nearer than `upper`; zero when it is now."""
    return _rounded_down(spent + lower - upper) if lower > upper else np.float32(0)


@njit(cache=True, inline="always")
def _least(lowers, moved):  # type: ignore[no-untyped-def]
    """How near the nearest prototype but the owner may be by now."""
    least = np.inf
    for g in range(lowers.shape[0]):
        least = min(least, lowers[g] - moved[g])
    return least


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

    Notes
    -----
    A comparison with NaN is false: where squares overflow, a group is looked at.
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
def assign_bounded(  # type: ignore[no-untyped-def]
    X, w, gaps, first, last, block, moved, spent, now, groups, owners, stamps, keys, lowers, changed
):
    """Find the owners of patterns for one run, looking only at patterns and distances that the bounds leave open.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    gaps : float64 array of shape (K,), in
        See `half_gaps`.
    first, last, block : int
    moved : float64 array of shape (P, G), in
        See `moves`.
    spent : float64 array of shape (K,), in
        See `spend`.
    now : int
        The place of this pass among the P remembered ones.
    groups : int64 array of shape (G + 1,), in
    owners : int32 array of shape (n,), in and out
    stamps : uint8 array of shape (n,), in and out
        The pass that the bounds of a pattern refer to.
    keys : float32 array of shape (n,), in and out
        A pattern keeps its owner as long as less than this is spent.
    lowers : float32 array of shape (n, G), in and out
        How far the nearest prototype of a group, without the owner, was at least.
    changed : bool array of shape (blocks,), out
        Set for a block of patterns in which an owner changed.

    Returns
    -------
    int
        Distances computed.
    """
    columns = np.ascontiguousarray(w.T)
    squares = np.empty(w.shape[0])
    computed = 0
    for i in range(first, last):
        k = np.int64(owners[i])
        if keys[i] > spent[k]:
            continue
        stamp = stamps[i]
        square = squared_distance(X[i], w[k])
        computed += 1
        upper = _upper(square)
        lower = max(_least(lowers[i], moved[stamp]), 2 * gaps[k] - upper)
        if not lower > upper:
            before = k
            square, k, more = _search(X[i], w, columns, square, k, moved[stamp], groups, lowers[i], squares)
            computed += more
            owners[i], stamps[i] = k, now
            if k != before:
                changed[i // block] = True
            upper = _upper(square)
            lower = max(_least(lowers[i], moved[now]), 2 * gaps[k] - upper)
        keys[i] = _key(spent[k], lower, upper)
    return computed


@njit(cache=True, nogil=True)
def expired(X, w, gaps, first, last, step, moved, spent, owners, stamps, keys, lowers):  # type: ignore[no-untyped-def]
    """Return the share of every `step`-th pattern that `assign_bounded` would have to search for."""
    tried, searched = 0, 0
    for i in range(first, last, step):
        k = owners[i]
        tried += 1
        if not keys[i] > spent[k]:
            upper = _upper(squared_distance(X[i], w[k]))
            searched += not max(_least(lowers[i], moved[stamps[i]]), 2 * gaps[k] - upper) > upper
    return searched / tried


@njit(cache=True, nogil=True)
def rebase(first, last, leaving, now, moved, stamps, lowers):  # type: ignore[no-untyped-def]
    """Let bounds that refer to the pass `leaving`, which will be forgotten, refer to this one."""
    for i in range(first, last):
        if stamps[i] == leaving:
            stamps[i] = now
            for g in range(lowers.shape[1]):
                lowers[i, g] = _rounded_down(lowers[i, g] - moved[leaving, g])


@njit(cache=True, nogil=True)
def assign_few(X, w, first, last, spent, now, owners, stamps, keys, lowers):  # type: ignore[no-untyped-def]
    """Find the owners of patterns with few features by all distances, and bounds with them; see `assign_bounded`."""
    columns = np.zeros((FEW_FEATURES, BLOCK))
    nearest, second, owner = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK, dtype=np.int64)
    wide = np.zeros((w.shape[0], FEW_FEATURES))
    wide[:, : w.shape[1]] = w
    x0, x1, x2, x3 = columns[0], columns[1], columns[2], columns[3]
    for begin in range(first, last, BLOCK):
        size = min(BLOCK, last - begin)
        for i in range(size):
            for j in range(X.shape[1]):
                columns[j, i] = X[begin + i, j]
        nearest[:], second[:], owner[:] = np.inf, np.inf, 0
        for k in range(w.shape[0]):
            w0, w1, w2, w3 = wide[k, 0], wide[k, 1], wide[k, 2], wide[k, 3]
            for i in range(size):
                distance = (x0[i] - w0) ** 2 + (x1[i] - w1) ** 2 + (x2[i] - w2) ** 2 + (x3[i] - w3) ** 2
                nearer = distance < nearest[i]
                loser = nearest[i] if nearer else distance
                second[i] = loser if loser < second[i] else second[i]
                nearest[i] = distance if nearer else nearest[i]
                owner[i] = k if nearer else owner[i]
        for i in range(size):
            lower = math.sqrt(second[i]) * (1 - MARGIN)
            owners[begin + i], stamps[begin + i] = owner[i], now
            lowers[begin + i, :] = _rounded_down(lower)
            keys[begin + i] = _key(spent[owner[i]], lower, _upper(nearest[i]))


@njit(cache=True, nogil=True)
def remember_scores(  # type: ignore[no-untyped-def]
    scores, norms, errors, features, scale, first, spent, now, groups, owners, stamps, keys, lowers
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
    spent, now, groups, owners, stamps, keys, lowers
        As in `assign_bounded`.
    """
    for m in range(scores.shape[0]):
        i = first + m
        k = owners[i]
        # the norm has suffered from the rounding of the pattern, of d squares and their sum
        square, error = np.float64(norms[m]) ** 2, 2 * np.float64(errors[m])
        error += (features + 8) * 2.0**-23 * square
        upper = math.sqrt(max(0.0, square + 2 * np.float64(scores[m, k]) + error)) / scale * (1 + MARGIN)
        scores[m, k] = np.float32(3e38)
        lower = np.inf
        for g in range(lowers.shape[1]):
            least = np.float32(3e38)
            for other in range(groups[g], groups[g + 1]):
                least = min(least, scores[m, other])
            distance = math.sqrt(max(0.0, square + 2 * np.float64(least) - error)) / scale * (1 - MARGIN)
            lowers[i, g] = _rounded_down(distance)
            lower = min(lower, distance)
        stamps[i] = now
        keys[i] = _key(spent[k], lower, upper)


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
