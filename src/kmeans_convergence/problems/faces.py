r"""Patterns near the faces between prototypes, and the curvature that they take away from Lloyd's.

A prototype that moves takes its faces with it, and patterns change hands. With a density of patterns, the Hessian of
the quantisation error is therefore less than blockdiag(N_k I) (Iri, Murota and Ohya 1984; Du, Faber and Gunzburger
1999; Liu et al. 2009): each pattern x on the face between the prototypes k and l takes away
:math:`qq^T/\|w_k-w_l\|`, where q is :math:`x-w_k` in block k, :math:`-(x-w_l)` in block l and 0 elsewhere. On a sample
the face is given a width: with the distance from the face :math:`s=(d_2^2-d_1^2)/(2\|w_k-w_l\|^2)`, relative to that of
the two nearest prototypes,

.. math:: H=\mathrm{blockdiag}(N_kI)-\sum_{i:\,s_i<c}\frac{q_iq_i^T}{2c\,\|w_k-w_l\|^2}.

Prototypes without patterns have no faces here: they stay where they are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from kmeans_convergence.problems.kernels import BLOCK, squared_distance
from kmeans_convergence.problems.passes import over_runs

# Beside the d + 1 rows of its moments, a pair of prototypes costs differences and sums like so many distances.
PER_PAIR = 7


class Faces(NamedTuple):
    """The m patterns of one run near a face.

    Attributes
    ----------
    rows : ndarray of shape (m,), int64
        The patterns.
    owners, others : ndarray of shape (m,), int32
        Their nearest and second nearest prototype, k and l.
    margins : ndarray of shape (m,)
        s, below the half-width c.
    scales : ndarray of shape (m,)
        1 / (2 c ||w_k - w_l||^2).
    """

    rows: np.ndarray
    owners: np.ndarray
    others: np.ndarray
    margins: np.ndarray
    scales: np.ndarray


class Rule(NamedTuple):
    """How the model of a Newton step is made and minimised.

    Attributes
    ----------
    width : float
        The half-width c, below 1/2.
    patterns : float
        Patterns are looked at until so many are near a face for each of the K d coordinates, or all have been: the
        terms of those that have been looked at stand for all.
    fewest : float
        With fewer than so many of them for each coordinate nothing can be said about the faces: the step is Lloyd's.
    tolerance : float
        The residual may be left at this share of the gradient, in the norm of the inverse of the preconditioner.
    products : int
        At most so many products with the Hessian.
    """

    width: float
    patterns: float
    fewest: float
    tolerance: float
    products: int


class Steps(NamedTuple):
    """What `newton_steps` finds for R runs.

    Attributes
    ----------
    step : ndarray of shape (R, K, d)
    promised : ndarray of shape (R,)
        By how much the cost of the partition about its means falls, according to the quadratic model; not negative, and
        0 where the step is Lloyd's.
    cut : ndarray of shape (R,), bool
        Whether the step was cut short at its greatest length.
    distances : ndarray of shape (R,), int64
        Distances computed, and what costs as much.
    """

    step: np.ndarray
    promised: np.ndarray
    cut: np.ndarray
    distances: np.ndarray

    @classmethod
    def of_rest(cls, shape: tuple[int, ...]) -> Steps:
        """Return steps that lead nowhere, for prototypes of the shape (R, K, d)."""
        runs = shape[0]
        return cls(np.zeros(shape), np.zeros(runs), np.zeros(runs, dtype=bool), np.zeros(runs, dtype=np.int64))


def find(X: np.ndarray, w: np.ndarray, owners: np.ndarray, width: float) -> Faces:
    """Return the patterns of one run near a face.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    w : ndarray of shape (K, d)
    owners : ndarray of shape (n,), int32
        The nearest prototypes.
    width : float
        c, below 1/2.
    """
    counts = np.bincount(owners, minlength=len(w)).astype(np.float64)
    rows, others, margins = np.empty(len(X), dtype=np.int64), np.empty(len(X), dtype=np.int32), np.empty(len(X))
    found, _ = _search(X, w, owners, counts, width, len(X), rows, others, margins)
    order = np.argsort(rows[:found])
    rows, others, margins = rows[order], others[order], margins[order]
    scales = 1 / (2 * width * ((w[owners[rows]] - w[others]) ** 2).sum(axis=1))
    return Faces(rows, owners[rows], others, margins, scales)


def face_product(X: np.ndarray, w: np.ndarray, faces: Faces, v: np.ndarray) -> np.ndarray:
    """Return sum q q^T v / (2 c ||w_k - w_l||^2) for prototypes `w` (K, d) and `v` (K, d): blockdiag(N) v - H v."""
    out = np.zeros_like(v)
    _subtract_faces(X, w, faces.rows, faces.owners, faces.others, faces.scales, v, out)
    return -out


def newton_steps(
    X: np.ndarray,
    w: np.ndarray,
    owners: np.ndarray,
    counts: np.ndarray,
    minimizer: np.ndarray,
    longest: np.ndarray,
    rule: Rule,
) -> Steps:
    r"""Minimise the quadratic model with the face terms, within a length, by conjugate gradients (Steihaug 1983).

    They are preconditioned by blockdiag(N_k I), whose norm measures lengths. So the first direction is that of Lloyd's
    step to the `minimizer`, and the lengths of iterates grow.

    The cost of the partition about its means is :math:`E(w)-\frac12\sum_kN_k\|T(w)_k-w_k\|^2`: the most that Lloyd's
    next step leaves. Its model is that of the cost less half the square of the residual, in the norm of the inverse of
    the preconditioner. Of Lloyd's step to the `minimizer` T(w) it promises nothing.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    w, minimizer : ndarray of shape (R, K, d)
    owners : ndarray of shape (R, n), int32
    counts : ndarray of shape (R, K)
    longest : ndarray of shape (R,)
        Greatest length of the step, in the norm of the preconditioner; not less than that of Lloyd's step.
    rule : Rule
    """
    steps = Steps.of_rest(w.shape)
    coordinates = w.shape[1] * w.shape[2]

    def task(some: slice) -> None:
        _newton_steps(
            X,
            w[some],
            owners[some],
            counts[some],
            minimizer[some],
            longest[some],
            rule.width,
            math.ceil(rule.patterns * coordinates),
            math.ceil(rule.fewest * coordinates),
            rule.tolerance,
            rule.products,
            steps.step[some],
            steps.promised[some],
            steps.cut[some],
            steps.distances[some],
        )

    over_runs(task, len(w), products=len(X) * w.size)
    return steps


@njit(cache=True, nogil=True)
def _stride(n):  # type: ignore[no-untyped-def]
    """Return a number without a common divisor with `n`, near the golden section of it.

    In steps of this length, the first patterns that are looked at lie evenly among all, whatever their order.
    """
    stride = max(1, int(n * (math.sqrt(5) - 1) / 2))
    while math.gcd(stride, n) > 1:
        stride += 1
    return stride


@njit(cache=True, nogil=True)
def _search(X, w, owners, counts, width, enough, rows, others, margins):  # type: ignore[no-untyped-def]
    """Find patterns near a face, and their second nearest prototypes, until there are enough.

    The loops over the patterns of a block are innermost, so that they vectorise; see `kernels`.

    Parameters
    ----------
    X : float array of shape (n, d), in
    w : float64 array of shape (K, d), in
    owners : int32 array of shape (n,), in
    counts : float64 array of shape (K,), in
    width : float
    enough : int
    rows : int64 array of shape (n,), out
        The patterns found come first.
    others : int32 array of shape (n,), out
    margins : float64 array of shape (n,), out

    Returns
    -------
    found, looked : int
        The patterns found, and those that were looked at: whole blocks of them.
    """
    (n, features), stride = X.shape, _stride(X.shape[0])
    # a feature that is not there adds exact zeros
    columns, distance = np.zeros((features + features % 2, BLOCK)), np.empty(BLOCK)
    block, owner, second = np.empty((3, BLOCK), dtype=np.int64)
    least = np.empty(BLOCK)
    found, looked, i = 0, 0, 0
    while looked < n and found < enough:
        size = min(BLOCK, n - looked)
        for m in range(size):
            block[m], owner[m] = i, owners[i]
            for j in range(features):
                columns[j, m] = X[i, j]
            i = (i + stride) % n
        least[:size] = np.inf
        for k in range(w.shape[0]):
            if counts[k] > 0:
                _distances(columns, size, w[k], distance)
                _compete(distance, size, k, owner, least, second)
        for m in range(size):
            if least[m] < np.inf:
                gap = squared_distance(w[owner[m]], w[second[m]])
                own = 0.0
                for j in range(features):
                    own += (columns[j, m] - w[owner[m], j]) ** 2
                if least[m] - own < 2 * width * gap:
                    rows[found], others[found] = block[m], second[m]
                    margins[found] = (least[m] - own) / (2 * gap)
                    found += 1
        looked += size
    return found, looked


@njit(cache=True, nogil=True)
def _distances(columns, size, wk, distance):  # type: ignore[no-untyped-def]
    """Set squared distances (BLOCK,) of the first patterns, `columns` (d, BLOCK) with d even, from `wk` (d,)."""
    for j in range(0, columns.shape[0], 2):
        a, b = wk[j], wk[j + 1] if j + 1 < wk.shape[0] else 0.0
        x, y = columns[j], columns[j + 1]
        if j == 0:
            for m in range(size):
                distance[m] = (x[m] - a) ** 2 + (y[m] - b) ** 2
        else:
            for m in range(size):
                distance[m] += (x[m] - a) ** 2 + (y[m] - b) ** 2


@njit(cache=True, nogil=True)
def _compete(distance, size, k, owner, least, second):  # type: ignore[no-untyped-def]
    """Let prototype `k` compete for being the second nearest; a tie goes to the lowest index."""
    for m in range(size):
        other = distance[m] if owner[m] != k else np.inf
        nearer = other < least[m]
        least[m] = other if nearer else least[m]
        second[m] = k if nearer else second[m]


@njit(cache=True, nogil=True)
def _subtract_faces(X, w, rows, owners, others, scales, v, out):  # type: ignore[no-untyped-def]
    """Subtract the face terms' product with `v` (K, d) from `out` (K, d); see `Faces`."""
    for m in range(rows.shape[0]):
        x, k, other = X[rows[m]], owners[m], others[m]
        product = 0.0
        for j in range(x.shape[0]):
            product += (x[j] - w[k, j]) * v[k, j] - (x[j] - w[other, j]) * v[other, j]
        product *= scales[m]
        for j in range(x.shape[0]):
            out[k, j] -= product * (x[j] - w[k, j])
            out[other, j] += product * (x[j] - w[other, j])


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _newton_steps(  # type: ignore[no-untyped-def]
    X,
    w,
    owners,
    counts,
    minimizer,
    longest,
    width,
    patterns,
    fewest,
    tolerance,
    products,
    step,
    promised,
    cut,
    distances,
):
    """See `newton_steps`; the last four are its results."""
    n, (runs, clusters, features) = X.shape[0], w.shape
    rows, others, margins = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int32), np.empty(n)
    for r in range(runs):
        found, looked = 0, 0
        if n >= fewest:
            found, looked = _search(X, w[r], owners[r], counts[r], width, patterns, rows, others, margins)
        distances[r] = looked * clusters
        if found < fewest or found == 0:
            step[r] = minimizer[r] - w[r]
            continue
        near, seconds, scales = rows[:found], others[:found], np.empty(found)
        firsts = owners[r][near]
        for m in range(found):
            gap = squared_distance(w[r, firsts[m]], w[r, seconds[m]])
            scales[m] = n / looked / (2 * width * gap)
        pairs, moments = _moments(X, w[r], near, firsts, seconds, scales)
        promised[r], cut[r], used = _steihaug(
            w[r], pairs, moments, counts[r], minimizer[r], longest[r], tolerance, products, step[r]
        )
        distances[r] += found * ((features + 3) // 2) + used * len(pairs) * (features + PER_PAIR)


@njit(cache=True, nogil=True)
def _steihaug(w, pairs, moments, counts, minimizer, longest, tolerance, products, step):  # type: ignore[no-untyped-def]
    """Set `step` (K, d), zero so far, and return what is promised, whether it was cut, and the products used."""
    weights = np.empty_like(w)
    for k in range(w.shape[0]):
        weights[k] = counts[k]
    # the residual r = -(g + H p), divided by the preconditioner: at first Lloyd's step
    residual = minimizer - w
    direction = residual.copy()
    square = (weights * residual**2).sum()
    goal, room = tolerance**2 * square, longest**2
    # Lloyd's step is promised half its squared length, which the cost of the partition has already
    length, promised = 0.0, -0.5 * square
    cut, used = False, 0
    while used < products and square > goal and not cut:
        image = weights * direction
        _subtract_moments(w, pairs, moments, direction, image)
        used += 1
        curvature = (direction * image).sum()
        along, own = (weights * step * direction).sum(), (weights * direction**2).sum()
        rate = square / curvature if curvature > 0 else np.inf
        if not length + 2 * rate * along + rate**2 * own < room:
            cut, rate = True, (math.sqrt(along**2 + own * (room - length)) - along) / own
        step += rate * direction
        promised += rate * square - 0.5 * rate**2 * curvature
        length += 2 * rate * along + rate**2 * own
        for k in range(w.shape[0]):
            if counts[k] > 0:
                residual[k] -= rate * image[k] / counts[k]
        before, square = square, (weights * residual**2).sum()
        direction = residual + square / before * direction
    return promised + 0.5 * square, cut, used
