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

from kmeans_convergence.problems.kernels import squared_distance
from kmeans_convergence.problems.passes import over_runs

# A product takes two inner products of differences for each pattern, and adds two differences: like so many distances.
PER_PRODUCT = 4


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
        The decrease of the cost that the quadratic model promises.
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
    found, _, _ = _search(X, w, owners, counts, width, len(X), rows, others, margins)
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
    """Minimise the quadratic model with the face terms, within a length, by the conjugate gradients of Steihaug (1983).

    They are preconditioned by blockdiag(N_k I), whose norm measures lengths. So the first direction is that of Lloyd's
    step to the `minimizer`, and the lengths of iterates grow.

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
def _neighbours(w, counts):  # type: ignore[no-untyped-def]
    """Return the prototypes that own patterns in the order of their distance from each, and their squared distances.

    Both have the shape (K, K); the distance from itself and from a prototype without patterns is infinite.
    """
    clusters = w.shape[0]
    gaps, order = np.full((clusters, clusters), np.inf), np.empty((clusters, clusters), dtype=np.int64)
    for k in range(clusters):
        for other in range(k):
            if counts[k] > 0 and counts[other] > 0:
                gaps[k, other] = gaps[other, k] = squared_distance(w[k], w[other])
    for k in range(clusters):
        order[k] = np.argsort(gaps[k], kind="mergesort")
    return order, gaps


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

    In distances of the two prototypes, a pattern at the distance r from its owner is at least 1/2 - r from the face: a
    prototype too far away for that to be below `width` need not be looked at, nor those behind it.

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
    found, looked, computed : int
        The patterns found, those that were looked at, and the distances computed.
    """
    order, gaps = _neighbours(w, counts)
    computed = w.shape[0] * (w.shape[0] - 1) // 2
    reach = (0.5 - width) ** 2
    n, stride = X.shape[0], _stride(X.shape[0])
    found, i = 0, 0
    for looked in range(n):
        if found >= enough:
            return found, looked, computed
        k = owners[i]
        own = squared_distance(X[i], w[k])
        second, least = k, np.inf
        for other in order[k]:
            # written so that an infinite gap ends it
            if not gaps[k, other] * reach < own:
                break
            distance = squared_distance(X[i], w[other])
            computed += 1
            if distance < least:
                second, least = other, distance
        computed += 1
        if second != k and least - own < 2 * width * gaps[k, second]:
            rows[found], others[found] = i, second
            margins[found] = (least - own) / (2 * gaps[k, second])
            found += 1
        i = (i + stride) % n
    return found, n, computed


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
    n = X.shape[0]
    rows, others, margins = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int32), np.empty(n)
    for r in range(w.shape[0]):
        found, looked, computed = 0, n, 0
        if n >= fewest:
            found, looked, computed = _search(X, w[r], owners[r], counts[r], width, patterns, rows, others, margins)
        found = found if found >= fewest else 0
        near, seconds, scales = rows[:found], others[:found], np.empty(found)
        firsts = owners[r][near]
        for m in range(found):
            gap = squared_distance(w[r, firsts[m]], w[r, seconds[m]])
            scales[m] = n / looked / (2 * width * gap)
        promised[r], cut[r], used = _steihaug(
            X, w[r], near, firsts, seconds, scales, counts[r], minimizer[r], longest[r], tolerance, products, step[r]
        )
        distances[r] = computed + PER_PRODUCT * used * found


@njit(cache=True, nogil=True)
def _steihaug(  # type: ignore[no-untyped-def]
    X, w, rows, owners, others, scales, counts, minimizer, longest, tolerance, products, step
):
    """Set `step` (K, d), zero so far, and return the decrease promised, whether it was cut, and the products used."""
    weights = np.empty_like(w)
    for k in range(w.shape[0]):
        weights[k] = counts[k]
    # the residual r = -(g + H p), divided by the preconditioner: at first Lloyd's step
    residual = minimizer - w
    direction = residual.copy()
    square = (weights * residual**2).sum()
    goal, room = tolerance**2 * square, longest**2
    length, promised = 0.0, 0.0
    for used in range(products):
        if not square > goal:
            return promised, False, used
        image = weights * direction
        _subtract_faces(X, w, rows, owners, others, scales, direction, image)
        curvature = (direction * image).sum()
        along, own = (weights * step * direction).sum(), (weights * direction**2).sum()
        rate = square / curvature if curvature > 0 else np.inf
        if not length + 2 * rate * along + rate**2 * own < room:
            rate = (math.sqrt(along**2 + own * (room - length)) - along) / own
            step += rate * direction
            return promised + rate * square - 0.5 * rate**2 * curvature, True, used + 1
        step += rate * direction
        promised += 0.5 * rate * square
        length += 2 * rate * along + rate**2 * own
        for k in range(w.shape[0]):
            if counts[k] > 0:
                residual[k] -= rate * image[k] / counts[k]
        before, square = square, (weights * residual**2).sum()
        direction = residual + square / before * direction
    return promised, False, products
