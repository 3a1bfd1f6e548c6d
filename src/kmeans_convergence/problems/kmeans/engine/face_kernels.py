"""Compiled search for patterns near faces, their moments, and conjugate gradients with them; see `faces`."""

import math

import numpy as np

from kmeans_convergence.problems.compiled import compiled
from kmeans_convergence.problems.kmeans.engine.kernels import BLOCK, nearest_two, room_for, squared_distance

# Beside the d + 1 rows of its moments, a pair of prototypes costs differences and sums like this many distances.
PER_PAIR = 7


@compiled(nogil=True)
def _stride(n):  # type: ignore[no-untyped-def]
    """Return a number without a common divisor with `n`, near the golden section of it.

    In steps of this length, the first patterns that are looked at lie evenly among all, whatever their order.
    """
    stride = max(1, int(n * (math.sqrt(5) - 1) / 2))
    while math.gcd(stride, n) > 1:
        stride += 1
    return stride


@compiled(nogil=True)
def _search(X, weights, w, owners, counts, second_nearest, gaps, width, enough, rows, firsts, others, scales):  # type: ignore[no-untyped-def]
    """Find patterns near a face, until there are enough.

    Parameters
    ----------
    weights : float64 array of shape (n,), or (0,), in
        See `patterns.as_weights`.
    owners, second_nearest : int32 arrays of shape (n,), in
        What a pass has found; or `second_nearest` of shape (0,), then both are found here for each pattern that is
        looked at.
    gaps : float64 array of the shape of `second_nearest`, in
    enough : int
    rows : int64 array of shape (n,), out
        The patterns found come first.
    firsts, others : int32 arrays of shape (n,), out
        Their nearest and second nearest prototypes.
    scales : float64 array of shape (n,), out
        Their weights, see `faces.Faces`, as if those that were not looked at were like those that were.

    Returns
    -------
    found, looked : int
        The patterns found, and those that were looked at.
    """
    n, clusters = X.shape[0], w.shape[0]
    between = np.zeros((clusters, clusters))
    for k in range(clusters):
        for other in range(clusters):
            # a prototype without patterns has no faces
            if counts[k] > 0 and counts[other] > 0:
                between[k, other] = squared_distance(w[k], w[other])
    columns, room = room_for(n, *w.shape)
    block = np.empty(BLOCK, dtype=np.int64)
    stride, found, looked, i = _stride(n), 0, 0, 0
    while looked < n and found < enough:
        size = min(BLOCK, n - looked)
        for m in range(size):
            block[m] = i
            i = (i + stride) % n
        if second_nearest.shape[0] == 0:
            for m in range(size):
                for j in range(w.shape[1]):
                    columns[j, m] = X[block[m], j]
            nearest_two(columns, size, w, room)
        for m in range(size):
            row = block[m]
            if second_nearest.shape[0] == 0:
                k, other, gap = room[1][0, m], room[1][1, m], room[0][1, m] - room[0][0, m]
            else:
                k, other, gap = int(owners[row]), int(second_nearest[row]), gaps[row]
            square = between[k, other]
            if gap < 2 * width * square:
                rows[found], firsts[found], others[found] = row, k, other
                scales[found] = 1 / (2 * width * square)
                if weights.shape[0] > 0:
                    scales[found] *= weights[row]
                found += 1
        looked += size
    for m in range(found):
        scales[m] *= n / looked
    return found, looked


@compiled(nogil=True)
def subtract_faces(X, w, rows, owners, others, scales, v, out):  # type: ignore[no-untyped-def]
    """Subtract the face terms' product with `v` (K, d) from `out` (K, d); see `faces.Faces`."""
    for m in range(rows.shape[0]):
        x, k, other = X[rows[m]], owners[m], others[m]
        product = 0.0
        for j in range(x.shape[0]):
            product += (x[j] - w[k, j]) * v[k, j] - (x[j] - w[other, j]) * v[other, j]
        product *= scales[m]
        for j in range(x.shape[0]):
            out[k, j] -= product * (x[j] - w[k, j])
            out[other, j] += product * (x[j] - w[other, j])


@compiled(nogil=True)
def _moments(X, w, rows, owners, others, scales):  # type: ignore[no-untyped-def]
    """Compress patterns near faces to the second moments of each pair of prototypes.

    With z = x - w_k, g = w_l - w_k and k < l, a pattern's q is, but for its sign, z in block k and g - z in block l. So
    its product with v is that of (z, 1) with (v_k - v_l, g v_l): the sum over patterns needs moments of (z, 1) alone.

    Returns
    -------
    pairs : int64 array of shape (P, 2)
        The prototypes k < l of each pair that has patterns near its face.
    moments : float64 array of shape (P, d + 1, d + 1)
        Sums of scale (z, 1) (z, 1)^T.
    """
    (clusters, features), count = w.shape, 0
    place = np.full((clusters, clusters), -1, dtype=np.int64)
    for m in range(rows.shape[0]):
        k, other = min(owners[m], others[m]), max(owners[m], others[m])
        if place[k, other] < 0:
            place[k, other] = count
            count += 1
    pairs, moments = np.empty((count, 2), dtype=np.int64), np.zeros((count, features + 1, features + 1))
    z = np.ones(features + 1)
    for m in range(rows.shape[0]):
        k, other = min(owners[m], others[m]), max(owners[m], others[m])
        p = place[k, other]
        pairs[p, 0], pairs[p, 1] = k, other
        for j in range(features):
            z[j] = X[rows[m], j] - w[k, j]
        for i in range(features + 1):
            scaled, row = scales[m] * z[i], moments[p, i]
            for j in range(i + 1):
                row[j] += scaled * z[j]
    for p in range(count):
        for i in range(features + 1):
            for j in range(i):
                moments[p, j, i] = moments[p, i, j]
    return pairs, moments


@compiled(nogil=True)
def _subtract_moments(w, pairs, moments, v, out):  # type: ignore[no-untyped-def]
    """Subtract the face terms' product with `v` (K, d) from `out` (K, d); see `_moments`."""
    features = w.shape[1]
    u, image = np.empty((2, features + 1))
    for p in range(pairs.shape[0]):
        k, other = pairs[p]
        u[features] = 0.0
        for j in range(features):
            u[j] = v[k, j] - v[other, j]
            u[features] += (w[other, j] - w[k, j]) * v[other, j]
        # column by column, because a loop of sums does not vectorise
        image[:] = 0.0
        for i in range(features + 1):
            for j in range(features + 1):
                image[j] += u[i] * moments[p, i, j]
        for j in range(features):
            out[k, j] -= image[j]
            out[other, j] += image[j] - image[features] * (w[other, j] - w[k, j])


@compiled(nogil=True)
def find_steps(  # type: ignore[no-untyped-def]
    X,
    weights,
    w,
    owners,
    counts,
    minimizer,
    second_nearest,
    gaps,
    longest,
    width,
    patterns,
    fewest,
    tolerance,
    products,
    step,
    promised,
    cut,
    looked,
    distances,
):
    """See `faces.newton_steps`; the last five are its results."""
    n, (runs, clusters, features) = X.shape[0], w.shape
    rows, scales, (firsts, others) = np.empty(n, dtype=np.int64), np.empty(n), np.empty((2, n), dtype=np.int32)
    for r in range(runs):
        found, looked[r] = _search(
            X,
            weights,
            w[r],
            owners[r],
            counts[r],
            second_nearest[r],
            gaps[r],
            width,
            patterns,
            rows,
            firsts,
            others,
            scales,
        )
        for k in range(clusters):
            for j in range(features):
                step[r, k, j] = minimizer[r, k, j] - w[r, k, j]
        distances[r] = 0 if second_nearest.shape[1] else looked[r] * clusters
        if found < fewest or found == 0:
            continue
        pairs, moments = _moments(X, w[r], rows[:found], firsts[:found], others[:found], scales[:found])
        promised[r], cut[r], used = steihaug(w[r], pairs, moments, counts[r], step[r], longest[r], tolerance, products)
        distances[r] += found * ((features + 3) // 2) + used * len(pairs) * (features + PER_PAIR)


@compiled(nogil=True)
def _weighted(counts, u, v):  # type: ignore[no-untyped-def]
    """Return the product of `u` and `v` (K, d) with the numbers of patterns (K,) as weights."""
    total = 0.0
    for k in range(u.shape[0]):
        for j in range(u.shape[1]):
            total += counts[k] * u[k, j] * v[k, j]
    return total


@compiled(nogil=True)
def _add(u, factor, v):  # type: ignore[no-untyped-def]
    """Add `factor` times `v` to `u`, both (K, d)."""
    for k in range(u.shape[0]):
        for j in range(u.shape[1]):
            u[k, j] += factor * v[k, j]


@compiled(nogil=True)
def steihaug(w, pairs, moments, counts, step, longest, tolerance, products):  # type: ignore[no-untyped-def]
    """Put the step in the place of Lloyd's in `step` (K, d); return what is promised, whether it was cut, the products.

    Vectors are those of the preconditioned system, in which the matrix is N^{-1} H: so the residual -(g + H p) is at
    first Lloyd's step.
    """
    residual, direction, image = step.copy(), step.copy(), np.empty_like(w)
    step[:] = 0.0
    square = _weighted(counts, residual, residual)
    goal, room = tolerance**2 * square, longest**2
    # Lloyd's step is promised half its squared length, which the cost of the partition has already
    length, promised = 0.0, -0.5 * square
    cut, used = False, 0
    while used < products and square > goal and not cut:
        image[:] = 0.0
        _subtract_moments(w, pairs, moments, direction, image)
        for k in range(w.shape[0]):
            for j in range(w.shape[1]):
                image[k, j] = direction[k, j] + (image[k, j] / counts[k] if counts[k] > 0 else 0.0)
        used += 1
        curvature = _weighted(counts, direction, image)
        along, own = _weighted(counts, step, direction), _weighted(counts, direction, direction)
        rate = square / curvature if curvature > 0 else np.inf
        if not length + 2 * rate * along + rate**2 * own < room:
            # in units of the direction, so that no fourth power of a length over- or underflows
            past = along / own
            cut, rate = True, math.sqrt(past**2 + (room - length) / own) - past
        _add(step, rate, direction)
        promised += rate * square - 0.5 * rate**2 * curvature
        length += 2 * rate * along + rate**2 * own
        _add(residual, -rate, image)
        before, square = square, _weighted(counts, residual, residual)
        for k in range(w.shape[0]):
            for j in range(w.shape[1]):
                direction[k, j] = residual[k, j] + square / before * direction[k, j]
    return promised + 0.5 * square, cut, used


@compiled(nogil=True)
def search_block(X, w, counts, width, enough):  # type: ignore[no-untyped-def]
    """Find patterns of a block near a face, until there are enough, and return their moments.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    counts : float64 array of shape (K,), in
        The patterns of each prototype, those of all blocks.
    width : float
    enough : int

    Returns
    -------
    found, looked, pairs, moments
        See `_search` and `_moments`.
    """
    n = X.shape[0]
    rows, scales, (firsts, others) = np.empty(n, dtype=np.int64), np.empty(n), np.empty((2, n), dtype=np.int32)
    nobody, nothing = np.empty(0, dtype=np.int32), np.empty(0)
    found, looked = _search(X, nothing, w, nobody, counts, nobody, nothing, width, enough, rows, firsts, others, scales)
    pairs, moments = _moments(X, w, rows[:found], firsts[:found], others[:found], scales[:found])
    return found, looked, pairs, moments
