"""Compiled parts of `bounds`: see there. As in `kernels`, they work on some patterns, on one thread."""

import math

import numpy as np

from kmeans_convergence.problems.compiled import compiled
from kmeans_convergence.problems.kmeans.engine.kernels import (
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


@compiled(nogil=True)
def spend(w, before, own, others, group, within):  # type: ignore[no-untyped-def]
    """Add, rounded up, the last moves of prototypes to what they have moved so far.

    Parameters
    ----------
    w, before : float64 array of shape (K, d), in
    own : float64 array of shape (K,), in and out
        Each prototype's moves.
    others : float64 array of shape (K,), in and out
        The largest of the others' moves.
    group : float64 array of shape (G,), in and out
        The largest moves in each group of `members` (K, G) prototypes.
    within : float64 array of shape (K,), in and out
        The largest of the others' moves in the group of a prototype.
    """
    clusters, groups = w.shape[0], group.shape[0]
    moved = np.empty(clusters)
    for k in range(clusters):
        square = squared_distance(w[k], before[k])
        moved[k] = math.sqrt(square) * (1 + MARGIN) + (TINY if square > 0 else 0.0)
        own[k] = (own[k] + moved[k]) * (1 + 2.0**-50)
    _spend_others(moved, others)
    for g in range(groups):
        size = members(clusters, groups)
        some = slice(g * size, min((g + 1) * size, clusters))
        _spend_others(moved[some], within[some])
        group[g] = (group[g] + moved[some].max()) * (1 + 2.0**-50)


@compiled(inline="always")
def members(clusters, groups):  # type: ignore[no-untyped-def]
    """Number of prototypes in a group, of neighbouring indices; the last group may have fewer."""
    return -(-clusters // groups)


@compiled(nogil=True)
def _spend_others(moved, others):  # type: ignore[no-untyped-def]
    """Add to `others` (K,) the largest of the moves (K,), but its own; rounded up."""
    largest, runner_up, farthest = 0.0, 0.0, 0
    for k in range(moved.shape[0]):
        # written so that a NaN becomes the largest and stays it
        if not moved[k] <= largest:
            largest, runner_up, farthest = moved[k], largest, k
        elif not moved[k] <= runner_up:
            runner_up = moved[k]
    for k in range(moved.shape[0]):
        others[k] = (others[k] + (runner_up if k == farthest else largest)) * (1 + 2.0**-50)


@compiled(nogil=True)
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


@compiled(inline="always")
def _rounded_down(bound):  # type: ignore[no-untyped-def]
    """A bound in single precision that is not above `bound`; zero, which says nothing, below its range."""
    return np.float32(min(bound, 1e38) * (1 - 2.0**-22)) if bound > 1e-30 else np.float32(0)


@compiled(inline="always")
def _upper(square):  # type: ignore[no-untyped-def]
    """Root of a computed squared distance, rounded up by the margin."""
    return math.sqrt(square) * (1 + MARGIN) + TINY


@compiled(inline="always")
def _note(i, owner, upper, lower, own, others, keys, lowers):  # type: ignore[no-untyped-def]
    """Note that the owner of pattern i is at most `upper` and all others are at least `lower` away."""
    lowers[i] = _rounded_down(lower + others[owner])
    spent = own[owner] + others[owner]
    keys[i] = _rounded_down(spent + lower - upper) if lower > upper else np.float32(0)


@compiled(nogil=True)
def look(  # type: ignore[no-untyped-def]
    X, w, gaps, slack, first, last, step, own, others, group, within, owners, keys, lowers, group_lowers, open_rows
):
    """Look at every `step`-th pattern, unless its key says that it keeps its owner.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    gaps : float64 array of shape (K,), in
        See `half_gaps`.
    slack : float64 array of shape (K,), in
        Groups that are farther away than the owner by less than this are searched, too: so that their bounds are tight
        again, and will do for some more passes.
    first, last, step : int
    own, others, group, within : float64 arrays, in
        See `spend`.
    owners : int32 array of shape (n,), in and out
    keys : float32 array of shape (n,), in and out
        A pattern keeps its owner as long as own + others, of its owner, is less.
    lowers : float32 array of shape (n,), in and out
        The second nearest prototype is at least so far away, less what others have moved.
    group_lowers : float32 array of shape (n, G), in and out
        The members of a group, but the owner, are at least so far away, less what they have moved. G may be zero.
    open_rows : int64 array of shape (last - first,), out
        The patterns whose nearest prototype has to be searched for among all.

    Returns
    -------
    left, computed : int
        How many patterns are left for that search, and how many distances have been computed.
    """
    left, computed = 0, 0
    groups = group_lowers.shape[1]
    room = _room(groups)
    away = room[0]
    for i in range(first, last, step):
        k = owners[i]
        # written so that a NaN fails, as below
        if keys[i] > own[k] + others[k]:
            continue
        computed += 1
        square = squared_distance(X[i], w[k])
        upper = _upper(square)
        lower = max(lowers[i] - others[k], 2 * gaps[k] - upper)
        if lower > upper:
            _note(i, k, upper, lower, own, others, keys, lowers)
            continue
        reach = 0
        if groups > 0:
            lower = _away(group_lowers[i], group, within[k], k // members(w.shape[0], groups), away)
            if lower > upper + slack[k]:
                _note(i, k, upper, lower, own, others, keys, lowers)
                continue
            reach = _within_reach(away, upper + slack[k], room[1])
        # on its own a distance costs about four among products of matrices
        if groups == 0 or 4 * reach * members(w.shape[0], groups) > w.shape[0] + 8 or not square < np.inf:
            open_rows[left] = i
            left += 1
            continue
        owner, square, searched = _search(X[i], w, k, square, reach, room, group_lowers[i], group, within)
        owners[i] = owner
        _note(i, owner, _upper(square), _least(away), own, others, keys, lowers)
        computed += searched
    return left, computed


@compiled(nogil=True)
def _room(groups):  # type: ignore[no-untyped-def]
    """Return what `look` works in: how far groups are away, at least; groups within reach; of these two squares."""
    return np.empty(groups), np.empty(groups, dtype=np.int64), np.empty(groups), np.empty(groups)


# All these numbers are finite: `bounds` forgets bounds when a move is not. So the search may be reordered.
@compiled(inline="always", fastmath={"nnan", "ninf", "nsz", "reassoc"})
def _away(lowers, group, within, owners_group, away):  # type: ignore[no-untyped-def]
    """Fill `away` (G,) with how far the groups are away now, the owner left out, at least; return the least."""
    for g in range(away.shape[0]):
        away[g] = np.float64(lowers[g]) - group[g]
    away[owners_group] = lowers[owners_group] - within
    return _least(away)


@compiled(inline="always")
def _within_reach(away, upper, groups):  # type: ignore[no-untyped-def]
    """Put first in `groups` (G,), in order, those that may be no farther away than `upper`; return their number."""
    reach = 0
    for g in range(away.shape[0]):
        groups[reach] = g
        reach += int(away[g] <= upper)
    return reach


@compiled(nogil=True)
def _search(x, w, owner, square, reach, room, group_lowers, group, within):  # type: ignore[no-untyped-def]
    """Search the groups that are within reach for the nearest prototype of a pattern.

    Parameters
    ----------
    x : float array of shape (d,), in
    w : float64 array of shape (K, d), in
    owner : int
        The prototype that has owned it.
    square : float
        The squared distance of that.
    reach : int
        How many groups are within reach.
    room : tuple
        See `_room`; the bounds in its first array are renewed.
    group_lowers : float32 array of shape (G,), in and out
    group, within : float64 arrays, in
        See `spend`.

    Returns
    -------
    owner, square, computed
        The nearest prototype, its squared distance, and how many distances have been computed.
    """
    away, groups, firsts, seconds = room
    size = members(w.shape[0], away.shape[0])
    best, least, computed = owner, square, 0
    for place in range(reach):
        first, second = np.inf, np.inf
        g = groups[place]
        for k in range(g * size, min((g + 1) * size, w.shape[0])):
            distance = square if k == owner else squared_distance(x, w[k])
            computed += int(k != owner)
            second = min(second, max(first, distance))
            first = min(first, distance)
            if distance < least or (distance == least and k < best):
                least, best = distance, k
        firsts[place], seconds[place] = first, second
    if best != owner:
        # the former owner is one of the others now
        g = owner // size
        away[g] = min(away[g], math.sqrt(square) * (1 - MARGIN))
        group_lowers[g] = _rounded_down(away[g] + group[g])
    for place in range(reach):
        g = groups[place]
        other = seconds[place] if g == best // size else firsts[place]
        # a bound, however large, for a group without others
        away[g] = min(math.sqrt(other), 1e38) * (1 - MARGIN)
        group_lowers[g] = _rounded_down(away[g] + (within[best] if g == best // size else group[g]))
    return best, least, computed


@compiled(nogil=True)
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


@compiled(nogil=True)
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


@compiled(nogil=True)
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


@compiled(nogil=True)
def note_scores(  # type: ignore[no-untyped-def]
    scores, norms, errors, features, scale, rows, own, others, group, within, owners, keys, lowers, group_lowers
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
    groups, clusters = group.shape[0], scores.shape[1]
    away = np.empty(groups)
    for m in range(rows.shape[0]):
        score, i = scores[m], rows[m]
        owner = owners[i]
        # the norm has suffered from the rounding of the pattern, of d squares and their sum
        square, error = np.float64(norms[m]) ** 2, 2 * np.float64(errors[m])
        error += (features + 8) * 2.0**-23 * square
        upper = math.sqrt(max(0.0, square + 2 * np.float64(score[owner]) + error)) / scale * (1 + MARGIN)
        score[owner] = np.float32(3e38)
        lower = math.sqrt(max(0.0, square + 2 * np.float64(_least(score)) - error)) / scale * (1 - MARGIN)
        _note(i, owner, upper, lower, own, others, keys, lowers)
        if groups > 0:
            size = members(clusters, groups)
            if size > 1:
                for g in range(groups):
                    score[g] = _least(score[g * size : min((g + 1) * size, clusters)])
            for g in range(groups):
                below = square + 2 * np.float64(score[g]) - error
                away[g] = math.sqrt(below if below > 0 else 0.0) / scale * (1 - MARGIN)
                group_lowers[i, g] = _rounded_down(away[g] + group[g])
            group_lowers[i, owner // size] = _rounded_down(away[owner // size] + within[owner])


@compiled(inline="always", fastmath={"nnan", "ninf", "nsz", "reassoc"})
def _least(values):  # type: ignore[no-untyped-def]
    """Return the least of some finite numbers."""
    least = values[0]
    for value in values:
        least = value if value < least else least
    return least


@compiled(nogil=True)
def mark(first, before, owners, block, changed):  # type: ignore[no-untyped-def]
    """Mark in `changed`, see `add_up`, who won or lost patterns from `first` on, which were owned by `before` (m,)."""
    for i in range(owners.shape[0]):
        if owners[i] != before[i]:
            changed[(first + i) // block, before[i]] = True
            changed[(first + i) // block, owners[i]] = True


@compiled(nogil=True)
def add_up(X, first, last, block, owners, changed, block_counts, block_sums, counts, sums):  # type: ignore[no-untyped-def]
    """Add the sums of blocks in turn, after making those anew of prototypes that have won or lost a pattern.

    Parameters
    ----------
    X : float array of shape (n, d), in
    first, last, block : int
    owners : int32 array of shape (n,), in
    changed : bool array of shape (blocks, K), in and out
    block_counts : float64 array of shape (blocks, K), in and out
    block_sums : float64 array of shape (blocks, K, d), in and out
    counts : float64 array of shape (K,), in zeros, out
    sums : float64 array of shape (K, d), in zeros, out
    """
    for begin in range(first, last, block):
        b = begin // block
        if changed[b].any():
            some = owners[begin : min(begin + block, last)]
            _sum_block(X[begin : begin + len(some)], some, changed[b], block_counts[b], block_sums[b])
            changed[b] = False
        for k in range(counts.shape[0]):
            counts[k] += block_counts[b, k]
            for j in range(sums.shape[1]):
                sums[k, j] += block_sums[b, k, j]


@compiled(nogil=True)
def _sum_block(X, owners, changed, counts, sums):  # type: ignore[no-untyped-def]
    """Sum the patterns of a block in the order of `kernels.pass_directly`, for prototypes marked in `changed` (K,)."""
    features = X.shape[1]
    if features <= FEW_FEATURES:
        counts[:] = 0.0
        sums[:] = 0.0
        columns, owner = np.zeros((FEW_FEATURES, BLOCK)), np.empty(BLOCK, dtype=np.int64)
        turns = np.empty((TURNS, counts.shape[0], FEW_FEATURES + 1))
        for begin in range(0, X.shape[0], BLOCK):
            size = min(BLOCK, X.shape[0] - begin)
            for i in range(size):
                owner[i] = owners[begin + i]
                for j in range(features):
                    columns[j, i] = X[begin + i, j]
            add_few(columns, size, owner, turns, counts, sums)
    else:
        for k in range(changed.shape[0]):
            if changed[k]:
                counts[k] = 0.0
                sums[k] = 0.0
        for i in range(X.shape[0]):
            if changed[owners[i]]:
                counts[owners[i]] += 1.0
                row = sums[owners[i]]
                for j in range(features):
                    row[j] += X[i, j]


@compiled(nogil=True)
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
