"""Compiled passes over the data. No optimizer sees them; plain NumPy versions judge them in the tests.

A kernel works on some patterns, from `first` to before `last`, on one thread and without the interpreter's lock:
`passes` cuts the work and hands it to threads. Sums are made pattern by pattern and block by block: the partial sums of
a block depend on nothing but the assignments in it. With few features, where a processor that adds to the same number
again and again would mostly wait, the patterns of a block join `TURNS` partial sums in turn. Floating-point contraction
stays off (no ``fastmath``), but for a search whose result does not depend on its order.

A squared distance is defined to be summed in `LANES` lanes, feature j in lane j mod `LANES`, and then over the lanes in
turn: the processor adds several features at once, and all kernels get the same bits.
"""

import math

import numpy as np

from kmeans_convergence.problems.compiled import compiled

# Patterns handled at a time: their distances stay in the first-level cache.
BLOCK = 512
LANES = 8
# Up to this many features, a block has partial sums in turn.
FEW_FEATURES = 4
# Partial sums of a block that its patterns join in turn, where features are few.
TURNS = 4


@compiled(inline="always")
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


@compiled(nogil=True)
def pass_directly(X, w, first, last, block, assignments, second_nearest, gaps, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Assign patterns by direct distances and sum them: for few features, or little data and many runs.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (R, K, d), in
    first, last : int
    block : int
        Patterns whose sums are closed together; a multiple of `BLOCK`.
    assignments : int32 array of shape (R, n), out
        The lowest index where prototypes tie; where no distance is finite, 0.
    second_nearest : int32 array of shape (R, n), out, or (R, 0) when nobody asks
        The second nearest prototype.
    gaps : float64 array of the same shape, out
        By how much its squared distance is the larger one; infinite or NaN where there is no second.
    cost : float64 array of shape (R, 2), in zeros, out
        The sum of the closed blocks, and that of the open one: zero when all is done.
    counts : float64 array of shape (R, 2, K), in zeros, out
    sums : float64 array of shape (R, 2, K, d), in zeros, out
    """
    columns, room = room_for(last - first, *w.shape[1:])
    for begin in range(first, last, BLOCK):
        size = min(BLOCK, last - begin)
        for i in range(size):
            for j in range(X.shape[1]):
                columns[j, i] = X[begin + i, j]
        closes = (begin + BLOCK - first) % block == 0 or begin + BLOCK >= last
        for r in range(w.shape[0]):
            here = slice(begin, begin + size)
            some, others, theirs = assignments[r, here], second_nearest[r, here], gaps[r, here]
            _pass_block(columns, size, w[r], room, some, others, theirs, cost[r], counts[r], sums[r])
            if closes:
                close(cost[r], counts[r], sums[r])


@compiled(nogil=True)
def pass_rows(X, w, rows, block, assignments, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Do what `pass_directly` does, but for patterns `rows` (R, m) of each run; `assignments` is (R, m)."""
    columns, room = room_for(rows.shape[1], *w.shape[1:])
    second_nearest, gaps = np.empty(0, dtype=np.int32), np.empty(0)
    for r in range(w.shape[0]):
        for begin in range(0, rows.shape[1], BLOCK):
            size = min(BLOCK, rows.shape[1] - begin)
            for i in range(size):
                for j in range(X.shape[1]):
                    columns[j, i] = X[rows[r, begin + i], j]
            some = assignments[r, begin : begin + size]
            _pass_block(columns, size, w[r], room, some, second_nearest, gaps, cost[r], counts[r], sums[r])
            if (begin + BLOCK) % block == 0 or begin + BLOCK >= rows.shape[1]:
                close(cost[r], counts[r], sums[r])


@compiled(allocates=False, nogil=True)
def close(cost, counts, sums):  # type: ignore[no-untyped-def]
    """Add the sums of the open block to those of the closed ones; see `pass_directly`."""
    cost[0] += cost[1]
    cost[1] = 0.0
    for k in range(counts.shape[1]):
        counts[0, k] += counts[1, k]
        counts[1, k] = 0.0
        for j in range(sums.shape[2]):
            sums[0, k, j] += sums[1, k, j]
            sums[1, k, j] = 0.0


@compiled(nogil=True)
def room_for(patterns, clusters, features):  # type: ignore[no-untyped-def]
    """Return what `_pass_block` works in: transposed patterns; distances, prototypes, sums of lanes and of turns.

    It is as wide as a block of that many patterns, so that a small batch stays in the cache.
    """
    width = min(BLOCK, patterns)
    # an odd number of cache lines, so that the values of one pattern do not compete for the same ones
    columns = np.zeros((max(features, LANES), LANES * (-(-width // LANES) | 1)))
    lanes = np.empty((min(features, LANES), width))
    turns = np.empty((TURNS, clusters, FEW_FEATURES + 1))
    return columns, (np.empty((3, width)), np.empty((3, width), dtype=np.int64), lanes, turns)


@compiled(allocates=False, nogil=True)
def _pass_block(columns, size, w, room, assignments, second_nearest, gaps, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Assign the first `size` transposed patterns, `columns` (d, BLOCK), to prototypes `w` (K, d) and add them up.

    The loops over patterns are innermost, so that they vectorise. A prototype has to be strictly nearer than those
    before it, so that ties go to the lowest index. With fewer than `LANES` features there are columns of zeros.
    """
    clusters, features = w.shape
    measured, prototypes, lanes, turns = room
    nearest, owner = measured[0], prototypes[0]
    if second_nearest.shape[0] == 0:
        nearest[:size] = np.inf
        # where no distance is finite, the cost is infinite and the first prototype owns the pattern
        owner[:size] = 0
        for k in range(clusters):
            _compare(columns, size, w[k], k, lanes, nearest, owner)
    else:
        nearest_two(columns, size, w, room)
        for i in range(size):
            second_nearest[i] = prototypes[1, i]
            gaps[i] = measured[1, i] - nearest[i]
    if features <= FEW_FEATURES:
        cost[1] += cost_few(nearest, size)
        add_few(columns, size, owner, turns, counts[1], sums[1])
    else:
        for i in range(size):
            k = owner[i]
            cost[1] += 0.5 * nearest[i]
            counts[1, k] += 1.0
            for j in range(features):
                sums[1, k, j] += columns[j, i]
    for i in range(size):
        assignments[i] = owner[i]


@compiled(allocates=False, nogil=True)
def _compare(columns, size, wk, k, lanes, nearest, owner):  # type: ignore[no-untyped-def]
    """Let prototype `k` at `wk` (d,) compete for patterns, in the way that suits the number of features."""
    if wk.shape[0] <= FEW_FEATURES:
        _compare_few(columns, size, wk, k, nearest, owner)
    elif wk.shape[0] <= LANES:
        _compare_some(columns, size, wk, k, nearest, owner)
    else:
        _compare_many(columns, size, wk, k, lanes, nearest, owner)


@compiled(allocates=False, nogil=True)
def nearest_two(columns, size, w, room):  # type: ignore[no-untyped-def]
    """Find the nearest and the second nearest prototypes of the first `size` transposed patterns; see `_pass_block`.

    They and their squared distances are the first two rows of the second and the first array of the `room`.
    """
    measured, prototypes, lanes, _ = room
    measured[:2, :size] = np.inf
    prototypes[:2, :size] = 0
    for k in range(w.shape[0]):
        # alone, a prototype is the nearest one
        measured[2, :size] = np.inf
        _compare(columns, size, w[k], k, lanes, measured[2], prototypes[2])
        _compete(measured[2], size, k, measured[0], prototypes[0], measured[1], prototypes[1])


@compiled(allocates=False, nogil=True)
def _compete(distance, size, k, nearest, owner, next_nearest, second):  # type: ignore[no-untyped-def]
    """Let prototype `k` compete for being the nearest and the second nearest one; a tie goes to the lowest index."""
    for i in range(size):
        # all is read first, so that the loop vectorises
        this, first, owns, then, follows = distance[i], nearest[i], owner[i], next_nearest[i], second[i]
        nearer = this < first
        loser = first if nearer else this
        better = nearer | (loser < then)
        next_nearest[i] = loser if better else then
        second[i] = (owns if nearer else k) if better else follows
        nearest[i] = this if nearer else first
        owner[i] = k if nearer else owns


@compiled(allocates=False, nogil=True)
def _compare_few(columns, size, wk, k, nearest, owner):  # type: ignore[no-untyped-def]
    """Let prototype `k` at `wk` (d,), with few features, compete for patterns; see `_pass_block`."""
    features = wk.shape[0]
    x0, x1, x2, x3 = columns[0], columns[1], columns[2], columns[3]
    w0 = wk[0]
    # a feature that is not there adds an exact zero
    w1 = wk[1] if features > 1 else 0.0
    w2 = wk[2] if features > 2 else 0.0
    w3 = wk[3] if features > 3 else 0.0
    if features <= 2:
        for i in range(size):
            distance = (x0[i] - w0) ** 2 + (x1[i] - w1) ** 2
            nearer = distance < nearest[i]
            nearest[i] = distance if nearer else nearest[i]
            owner[i] = k if nearer else owner[i]
    else:
        for i in range(size):
            distance = (x0[i] - w0) ** 2 + (x1[i] - w1) ** 2 + (x2[i] - w2) ** 2 + (x3[i] - w3) ** 2
            nearer = distance < nearest[i]
            nearest[i] = distance if nearer else nearest[i]
            owner[i] = k if nearer else owner[i]


@compiled(allocates=False, nogil=True)
def _compare_some(columns, size, wk, k, nearest, owner):  # type: ignore[no-untyped-def]
    """Do what `_compare_few` does for up to eight features."""
    features = wk.shape[0]
    x0, x1, x2, x3 = columns[0], columns[1], columns[2], columns[3]
    x4, x5, x6, x7 = columns[4], columns[5], columns[6], columns[7]
    w0, w1, w2, w3, w4 = wk[0], wk[1], wk[2], wk[3], wk[4]
    w5 = wk[5] if features > 5 else 0.0
    w6 = wk[6] if features > 6 else 0.0
    w7 = wk[7] if features > 7 else 0.0
    for i in range(size):
        distance = (x0[i] - w0) ** 2 + (x1[i] - w1) ** 2 + (x2[i] - w2) ** 2 + (x3[i] - w3) ** 2 + (x4[i] - w4) ** 2
        distance = distance + (x5[i] - w5) ** 2 + (x6[i] - w6) ** 2 + (x7[i] - w7) ** 2
        nearer = distance < nearest[i]
        nearest[i] = distance if nearer else nearest[i]
        owner[i] = k if nearer else owner[i]


@compiled(allocates=False, nogil=True)
def _compare_many(columns, size, wk, k, lanes, nearest, owner):  # type: ignore[no-untyped-def]
    """Do what `_compare_few` does for any number of features; `lanes` (d or LANES, BLOCK) holds the sums of lanes."""
    for j in range(wk.shape[0]):
        lane, x, wkj = lanes[j % LANES], columns[j], wk[j]
        if j < LANES:
            for i in range(size):
                difference = x[i] - wkj
                lane[i] = difference * difference
        else:
            for i in range(size):
                difference = x[i] - wkj
                lane[i] += difference * difference
    distance = lanes[0]
    for other in range(1, lanes.shape[0]):
        more = lanes[other]
        for i in range(size):
            distance[i] += more[i]
    for i in range(size):
        nearer = distance[i] < nearest[i]
        nearest[i] = distance[i] if nearer else nearest[i]
        owner[i] = k if nearer else owner[i]


@compiled(allocates=False, nogil=True)
def add_few(columns, size, owner, turns, counts, sums):  # type: ignore[no-untyped-def]
    """Add patterns with few features to counts (K,) and sums (K, d): pattern i joins partial sum i mod `TURNS`."""
    turns[:] = 0.0
    x0, x1, x2, x3 = columns[0], columns[1], columns[2], columns[3]
    for i in range(size):
        row = turns[np.uint64(i) & np.uint64(TURNS - 1), np.uint64(owner[i])]
        row[0] += x0[i]
        row[1] += x1[i]
        row[2] += x2[i]
        row[3] += x3[i]
        row[4] += 1.0
    for turn in range(TURNS):
        for k in range(counts.shape[0]):
            for j in range(sums.shape[1]):
                sums[k, j] += turns[turn, k, j]
            counts[k] += turns[turn, k, FEW_FEATURES]


@compiled(allocates=False, nogil=True)
def cost_few(squares, size):  # type: ignore[no-untyped-def]
    """Half the sum of squared distances, in partial sums as `add_few` has them."""
    a0 = a1 = a2 = a3 = 0.0
    whole = size - size % TURNS
    for i in range(0, whole, TURNS):
        a0 += squares[i]
        a1 += squares[i + 1]
        a2 += squares[i + 2]
        a3 += squares[i + 3]
    if size - whole > 0:
        a0 += squares[whole]
    if size - whole > 1:
        a1 += squares[whole + 1]
    if size - whole > 2:
        a2 += squares[whole + 2]
    return 0.5 * (a0 + a1 + a2 + a3)


# The order of the sum is free: the bound of its error holds for any.
@compiled(allocates=False, nogil=True, fastmath={"reassoc"})
def narrow(X, rows, shift, scale, narrowed, norms):  # type: ignore[no-untyped-def]
    """Shift, scale and round patterns to single precision.

    Parameters
    ----------
    X : float array of shape (n, d), in
    rows : int64 array of shape (m,), in
        The patterns.
    shift : float64 array of shape (d,), in
    scale : float
    narrowed : float32 array of shape (m, d), out
    norms : float32 array of shape (m,), out
        Euclidean norms of its rows.
    """
    for i in range(rows.shape[0]):
        total = np.float32(0)
        x = X[rows[i]]
        for j in range(x.shape[0]):
            value = np.float32((x[j] - shift[j]) * scale)
            narrowed[i, j] = value
            total += value * value
        norms[i] = math.sqrt(total)


# The scores are finite: the caller has bounded them. So the search for the least one may be reordered.
@compiled(inline="always", fastmath={"nnan", "ninf", "nsz", "reassoc"})
def _least_score(products, halves):  # type: ignore[no-untyped-def]
    """Turn products (K,) into scores in place and return the least one."""
    best = np.float32(3e38)
    for k in range(halves.shape[0]):
        s = halves[k] - products[k]
        products[k] = s
        best = s if s < best else best
    return best


@compiled(allocates=False, nogil=True)
def assign_screened(X, w, products, halves, errors, rows, assignments):  # type: ignore[no-untyped-def]
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
    rows : int64 array of shape (m,), in
        The patterns.
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
                    distance = squared_distance(X[rows[i]], w[k])
                    if distance < least:
                        least, owner = distance, np.int32(k)
        assignments[rows[i]] = owner


@compiled(allocates=False, nogil=True)
def accumulate(X, w, first, last, begin, end, block, assignments, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Sum cost, counts and patterns of each prototype for given assignments; see `pass_directly`.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    first, last : int
        Ends of the chunk.
    begin, end : int
        The patterns to sum.
    block : int
    assignments : int32 array of shape (n,), in
    cost : float64 array of shape (2,), out
    counts : float64 array of shape (2, K), out
    sums : float64 array of shape (2, K, d), out
    """
    while begin < end:
        ends = min(begin + block - (begin - first) % block, last)
        total = cost[1]
        for i in range(begin, min(ends, end)):
            k, x = assignments[i], X[i]
            total += 0.5 * squared_distance(x, w[k])
            counts[1, k] += 1.0
            row = sums[1, k]
            for j in range(x.shape[0]):
                row[j] += x[j]
        cost[1] = total
        if ends <= end:
            close(cost, counts, sums)
        begin = ends


@compiled(allocates=False, nogil=True)
def accumulate_weighted(X, weights, w, first, last, block, assignments, cost, counts, sums):  # type: ignore[no-untyped-def]
    """Do what `accumulate` does for the patterns from `first` to before `last`, which have `weights` (n,)."""
    for begin in range(first, last, block):
        for i in range(begin, min(begin + block, last)):
            k, x, weight = assignments[i], X[i], weights[i]
            cost[1] += 0.5 * weight * squared_distance(x, w[k])
            counts[1, k] += weight
            row = sums[1, k]
            for j in range(x.shape[0]):
                row[j] += weight * x[j]
        close(cost, counts, sums)


@compiled(allocates=False, nogil=True)
def squares(x, columns, lanes, out):  # type: ignore[no-untyped-def]
    """Squared distances (K,) of a pattern `x` (d,) to prototypes, which transposed are `columns` (d, K).

    The loops over prototypes are innermost, so that they vectorise; with the sums of `lanes` (LANES, K) in turn, the
    bits are those of `squared_distance`.
    """
    features, clusters = columns.shape
    if features <= LANES:
        for k in range(clusters):
            out[k] = (x[0] - columns[0, k]) ** 2
        for j in range(1, features):
            for k in range(clusters):
                out[k] += (x[j] - columns[j, k]) ** 2
        return
    for j in range(features):
        lane, column, xj = lanes[j % LANES], columns[j], x[j]
        if j < LANES:
            for k in range(clusters):
                lane[k] = (xj - column[k]) ** 2
        else:
            for k in range(clusters):
                lane[k] += (xj - column[k]) ** 2
    for k in range(clusters):
        out[k] = lanes[0, k]
    for j in range(1, LANES):
        lane = lanes[j]
        for k in range(clusters):
            out[k] += lane[k]
