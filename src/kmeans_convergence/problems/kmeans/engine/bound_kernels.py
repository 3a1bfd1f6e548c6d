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
TINY_SQUARE = 1e-300
# One pattern of this many is searched first; when this share of the work of a search for all seems to be needed, it is
# made, all at once. A distance of its own costs as much as this many among others.
PROBE = 16
MOST = 0.6
ALONE = 6


@compiled(nogil=True)
def spend(w, before, others, group, within):  # type: ignore[no-untyped-def]
    """Add, rounded up, the last moves of prototypes to what they have moved so far.

    Parameters
    ----------
    w, before : float64 array of shape (K, d), in
    others : float64 array of shape (K,), in and out
        The largest of the moves of a prototype's others.
    group : float64 array of shape (G,), in and out
        The largest moves in each group of `members` (K, G) prototypes.
    within : float64 array of shape (K,), in and out
        The largest of the others' moves in the group of a prototype.

    Returns
    -------
    nearer : float64 array of shape (K,)
        By how much any other prototype can have come nearer to a pattern than this one, just now: the sum of its own
        move and the largest other, not finite if its own is not.
    """
    clusters, groups = w.shape[0], group.shape[0]
    moved, nearer = np.empty(clusters), np.zeros(clusters)
    for k in range(clusters):
        square = squared_distance(w[k], before[k])
        moved[k] = math.sqrt(square) * (1 + MARGIN) + (TINY if square > 0 else 0.0)
    _spend_others(moved, nearer)
    nearer += moved
    _spend_others(moved, others)
    for g in range(groups):
        size = members(clusters, groups)
        some = slice(g * size, min((g + 1) * size, clusters))
        _spend_others(moved[some], within[some])
        group[g] = (group[g] + moved[some].max()) * (1 + 2.0**-50)
    return nearer


@compiled(inline="always")
def members(clusters, groups):  # type: ignore[no-untyped-def]
    """Number of prototypes in a group, of neighbouring indices; the last group may have fewer."""
    return -(-clusters // groups)


@compiled(allocates=False, nogil=True)
def _spend_others(moved, others):  # type: ignore[no-untyped-def]
    """Add to `others` (K,) the largest of the moves (K,), but its own; rounded up."""
    largest, runner_up, farthest = 0.0, 0.0, 0
    for k in range(moved.shape[0]):
        if moved[k] > largest:
            largest, runner_up, farthest = moved[k], largest, k
        elif moved[k] > runner_up:
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


@compiled(nogil=True)
def pass_few(X, w, first, last, block, apart, moves, bounds, blocks, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Assign some patterns, of up to `LANES` features, and add them up; return how many distances were computed.

    See `choose_open` and `add_up` for the parameters.
    """
    before = bounds[0][first:last].copy()
    squares, rows = np.empty(last - first), np.empty(last - first, dtype=np.int64)
    left, computed = choose_open(X, w, first, last, apart, moves, bounds, squares, rows)
    assign_directly(X, w, rows[:left], moves[0], *bounds[:2])
    add_up(X, w, first, last, block, before, bounds[0], rows[:left], squares, blocks, cost, counts, sums)
    return computed + left * w.shape[0]


@compiled(nogil=True)
def choose_open(X, w, first, last, apart, moves, bounds, squares, open_rows):  # type: ignore[no-untyped-def]
    """Find the patterns whose nearest prototype has to be searched for among all.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    first, last : int
    apart : tuple of float64 arrays of shape (K,), in
        Half the gap of a prototype to its nearest other, see `half_gaps`; and its slack: groups that are farther away
        than the owner by less than this are searched, too, so that their bounds are tight again, and will do for some
        more passes.
    moves : tuple of float64 arrays, in
        What `spend` has added up: others, group and within.
    bounds : tuple of arrays, in and out
        Owners (n,), int32. Lower bounds (n,), float32: the second nearest prototype is at least so far away, less what
        others have moved. Lower bounds of groups (n, G), float32, where G may be zero: the members of a group, but the
        owner, are at least so far away, less what they have moved.
    squares : float64 array of shape (last - first,), out
        Squared distances to the owners, but for the patterns that are found.
    open_rows : int64 array of shape (last - first,), out

    Returns
    -------
    left, computed : int
        How many patterns are left for that search, and how many distances have been computed.
    """
    patterns, clusters = last - first, w.shape[0]
    left, computed = _look(X, w, first, last, PROBE, apart, moves, bounds, squares, open_rows)
    if left * clusters + ALONE * computed <= MOST * patterns / PROBE * clusters:
        left, more = _look(X, w, first, last, 1, apart, moves, bounds, squares, open_rows)
        return left, computed + more
    for i in range(patterns):
        open_rows[i] = first + i
    return patterns, computed


@compiled(nogil=True)
def _look(X, w, first, last, step, apart, moves, bounds, squares, open_rows):  # type: ignore[no-untyped-def]
    """Look at every `step`-th pattern; see `choose_open`."""
    gaps, others = apart[0], moves[0]
    owners, lowers, group_lowers = bounds
    left, computed = 0, 0
    room = _room(group_lowers.shape[1])
    doubtful = np.empty(BLOCK, dtype=np.int64)
    for begin in range(first, last, step * BLOCK):
        end = min(begin + step * BLOCK, last)
        _measure(X, w, owners, first, begin, end, step, squares)
        found = _doubt(owners, lowers, others, gaps, first, begin, end, step, squares, doubtful)
        computed += -(-(end - begin) // step)
        if group_lowers.shape[1] == 0:
            open_rows[left : left + found] = doubtful[:found]
            left += found
            continue
        for i in doubtful[:found]:
            searched = _search_groups(X, w, i, apart[1], moves, bounds, squares[i - first : i - first + 1], room)
            computed += searched
            open_rows[left] = i
            left += searched < 0
            computed += searched < 0
    return left, computed


@compiled(allocates=False, nogil=True)
def _measure(X, w, owners, first, begin, end, step, squares):  # type: ignore[no-untyped-def]
    """Fill in squared distances to the owners, from pattern `begin` to before `end`; see `choose_open`."""
    for i in range(begin, end, step):
        squares[i - first] = squared_distance(X[i], w[owners[i]])


@compiled(allocates=False, nogil=True)
def _doubt(owners, lowers, others, gaps, first, begin, end, step, squares, doubtful):  # type: ignore[no-untyped-def]
    """Fill `doubtful` with the patterns that might have another nearest prototype; return their number."""
    found = 0
    for i in range(begin, end, step):
        k = owners[i]
        bound = max(max(lowers[i] - others[k], gaps[k]), 0.0)
        doubtful[found] = i
        # written so that a NaN leaves it in doubt
        found += not (bound * bound > squares[i - first] * (1 + 4 * MARGIN) + TINY_SQUARE)
    return found


@compiled(inline="always")
def _note(i, lower, others, lowers):  # type: ignore[no-untyped-def]
    """Note that all prototypes but the owner of pattern i, which have moved by `others`, are at least `lower` away."""
    lowers[i] = _rounded_down(lower + others)


@compiled(allocates=False, nogil=True)
def _search_groups(X, w, i, slack, moves, bounds, squares, room):  # type: ignore[no-untyped-def]
    """Search the groups of prototypes that may be nearer to pattern i than its owner.

    Return how many distances were computed, or -1 where all of them at once, among products of matrices, cost less.
    """
    others, group, within = moves
    owners, lowers, group_lowers = bounds
    away, clusters = room[0], w.shape[0]
    size = members(clusters, group.shape[0])
    k, square = owners[i], squares[0]
    upper = _upper(square)
    lower = _away(group_lowers[i], group, within[k], k // size, away)
    if lower > upper + slack[k]:
        _note(i, lower, others[k], lowers)
        return 0
    reach = _within_reach(away, upper + slack[k], room[1])
    if ALONE * reach * size > clusters + 8 or not square < np.inf:
        return -1
    owner, square, computed = _search(X[i], w, k, square, reach, room, group_lowers[i], group, within)
    owners[i], squares[0] = owner, square
    _note(i, _least(away), others[owner], lowers)
    return computed


@compiled(nogil=True)
def _room(groups):  # type: ignore[no-untyped-def]
    """Return what `_look` works in: how far groups are away, at least; groups within reach; of these two squares."""
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


@compiled(allocates=False, nogil=True)
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
def assign_directly(X, w, rows, others, owners, lowers):  # type: ignore[no-untyped-def]
    """Find the owners of patterns `rows` (m,), of up to `LANES` features, by all distances; see `choose_open`."""
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
            _note(row, math.sqrt(second[i]) * (1 - MARGIN), others[owner[i]], lowers)


@compiled(allocates=False, nogil=True)
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


@compiled(allocates=False, nogil=True)
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
def note_scores(scores, norms, errors, features, scale, rows, moves, bounds):  # type: ignore[no-untyped-def]
    """Turn the scores of `kernels.assign_screened` into bounds; see `choose_open`.

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
    others, group, within = moves
    owners, lowers, group_lowers = bounds
    groups, clusters = group.shape[0], scores.shape[1]
    size, away = members(clusters, groups), np.empty(groups)
    for m in range(rows.shape[0]):
        score, i = scores[m], rows[m]
        owner = owners[i]
        # the norm has suffered from the rounding of the pattern, of d squares and their sum
        square, error = np.float64(norms[m]) ** 2, 2 * np.float64(errors[m])
        error += (features + 8) * 2.0**-23 * square
        score[owner] = np.float32(3e38)
        if size > 1:
            for g in range(groups):
                score[g] = _least(score[g * size : min((g + 1) * size, clusters)])
        for g in range(groups):
            below = square + 2 * np.float64(score[g]) - error
            away[g] = math.sqrt(below if below > 0 else 0.0) / scale * (1 - MARGIN)
            group_lowers[i, g] = _rounded_down(away[g] + group[g])
        group_lowers[i, owner // size] = _rounded_down(away[owner // size] + within[owner])
        _note(i, _least(away), others[owner], lowers)


@compiled(inline="always", fastmath={"nnan", "ninf", "nsz", "reassoc"})
def _least(values):  # type: ignore[no-untyped-def]
    """Return the least of some finite numbers."""
    least = values[0]
    for value in values:
        least = value if value < least else least
    return least


@compiled(nogil=True)
def add_up(  # type: ignore[no-untyped-def]
    X, w, first, last, block, before, owners, searched, squares, blocks, cost, counts, sums
):
    """Add up cost and sums of blocks in turn, after making sums anew of prototypes that have won or lost a pattern.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    first, last, block : int
    before : int32 array of shape (last - first,), in
        The owners in the pass before.
    owners : int32 array of shape (n,), in
    searched : int64 array of shape (m,), in
        The patterns whose squared distances are not in `squares` yet.
    squares : float64 array of shape (last - first,), in and out
        See `choose_open`.
    blocks : tuple of arrays, in and out
        For which prototypes the sums of a block have to be made anew (blocks, K), bool; their counts (blocks, K) and
        sums (blocks, K, d), float64.
    cost : float64 array of shape (1,), in and out
    counts : float64 array of shape (K,), in and out
    sums : float64 array of shape (K, d), in and out
    """
    changed, block_counts, block_sums = blocks
    _measure_again(X, w, owners, first, searched, squares)
    for begin in range(first, last, block):
        b, end = begin // block, min(begin + block, last)
        for i in range(begin, end):
            if owners[i] != before[i - first]:
                changed[b, before[i - first]] = changed[b, owners[i]] = True
        if changed[b].any():
            _sum_block(X[begin:end], owners[begin:end], changed[b], block_counts[b], block_sums[b])
            changed[b] = False
        for k in range(counts.shape[0]):
            counts[k] += block_counts[b, k]
            for j in range(sums.shape[1]):
                sums[k, j] += block_sums[b, k, j]
        cost[0] += _cost_block(squares[begin - first : end - first], X.shape[1])


@compiled(allocates=False, nogil=True)
def _measure_again(X, w, owners, first, searched, squares):  # type: ignore[no-untyped-def]
    """Fill in squared distances to the owners of some patterns; see `add_up`."""
    for row in searched:
        squares[row - first] = squared_distance(X[row], w[owners[row]])


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
        _sum_changed(X, owners, changed, counts, sums)


@compiled(allocates=False, nogil=True)
def _sum_changed(X, owners, changed, counts, sums):  # type: ignore[no-untyped-def]
    """Add patterns to the counts and sums of the prototypes that are marked."""
    for i in range(X.shape[0]):
        if changed[owners[i]]:
            counts[owners[i]] += 1.0
            row = sums[owners[i]]
            for j in range(X.shape[1]):
                row[j] += X[i, j]


@compiled(allocates=False, nogil=True)
def _cost_block(squares, features):  # type: ignore[no-untyped-def]
    """Return half the sum of squared distances of a block, in the order of `kernels.pass_directly`."""
    total = 0.0
    if features <= FEW_FEATURES:
        for begin in range(0, squares.shape[0], BLOCK):
            total += cost_few(squares[begin:], min(BLOCK, squares.shape[0] - begin))
    else:
        for square in squares:
            total += 0.5 * square
    return total
