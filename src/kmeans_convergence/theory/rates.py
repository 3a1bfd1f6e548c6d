r"""Rates of convergence: what theory predicts at the end of a run, and what a trace shows.

Near a minimum Lloyd's error shrinks by the eigenvalues of :math:`I-N^{-1}H`, with the Hessian H of the population, so
that the residual of the cost falls by the square of the largest one, rho, in each step. That of gradient descent, once
the assignments stay, shrinks by :math:`\max_k|1-\epsilon N_k|`.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh
from scipy.special import exprel

from kmeans_convergence.core import CountingOracle, Problem
from kmeans_convergence.problems.kmeans import KMeansEvaluation
from kmeans_convergence.problems.kmeans.faces import Faces, face_product, find

# Matrices up to this size are diagonalised whole.
DENSE = 32


class Prediction(NamedTuple):
    """An estimated rate, its interval by resampling, and the number of patterns near faces behind it."""

    rate: float
    low: float
    high: float
    patterns: int


def uniform_rate(clusters: int) -> float:
    """Return rho of the uniform density on an interval, cos²(pi / 2K) (derived from the tridiagonal Hessian)."""
    return math.cos(math.pi / (2 * clusters)) ** 2


def lloyd_rate(
    X: np.ndarray,
    w: np.ndarray,
    owners: np.ndarray,
    width: float,
    rng: np.random.Generator,
    resamples: int = 50,
    level: float = 0.9,
) -> Prediction:
    """Estimate rho from the patterns near the faces at the end of a run.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    w : ndarray of shape (K, d)
    owners : ndarray of shape (n,), int32
        The nearest prototypes.
    width : float
        The half-width c of the kernel, see `problems.kmeans.faces`: wider is less noisy and further from the face.
    rng : Generator
    resamples : int
        Bootstrap samples of the patterns; prototypes stay where they are.
    level : float
        Of the interval.

    Returns
    -------
    Prediction
        The rate is 0 where no pattern is near a face.

    Notes
    -----
    Noise makes the largest eigenvalue of a matrix larger. By how much is learnt from the resamples, which are noisy
    twice: the estimate and the interval are corrected by their distance from the value on the sample (the basic
    bootstrap, Davison and Hinkley 1997, section 5.2).
    """
    faces = find(X, w, owners, width)
    ones = np.ones(len(X))
    found = _largest(X, w, owners, faces, ones)
    again = [
        _largest(X, w, owners, faces, rng.multinomial(len(X), ones / len(X)).astype(np.float64))
        for _ in range(resamples)
    ]
    high, low = 2 * found - np.quantile(again, [(1 - level) / 2, (1 + level) / 2])
    return Prediction(float(2 * found - np.mean(again)), float(low), float(high), len(faces.rows))


def extrapolated(faces: Faces, width: float) -> Faces:
    """Weigh patterns near faces by 4 - 6 s / c, to get rid of the bias of a kernel that is wide.

    Further from a face, fewer patterns have the face's two prototypes as their nearest ones: the estimate is biased in
    proportion to the width. The first moment of this kernel vanishes on [0, c] (Gasser and Müller 1979), at the price
    of four times the variance.
    """
    return faces._replace(scales=faces.scales * (4 - 6 * faces.margins / width))


def largest(X: np.ndarray, w: np.ndarray, owners: np.ndarray, faces: Faces) -> float:
    """Return rho, the largest eigenvalue of I - N^{-1} H, from patterns near faces."""
    return _largest(X, w, owners, faces, np.ones(len(X)))


def repeated(here: KMeansEvaluation, there: KMeansEvaluation) -> np.ndarray:
    r"""Return the share of Lloyd's step that the next one repeats, shape (R,), from evaluations at both.

    With the numbers of patterns as weights it is
    :math:`\langle\Delta_{t+1},\Delta_t\rangle/\langle\Delta_t,\Delta_t\rangle`: rho where all of the error lies along
    the slowest direction, above 1 where steps grow.
    """
    step, following = here.means - here.w, there.means - there.w
    weights = here.counts[..., None]
    return (weights * step * following).sum(axis=(1, 2)) / (weights * step**2).sum(axis=(1, 2))


def predicted_repeated(X: np.ndarray, here: KMeansEvaluation, faces: Faces) -> tuple[float, float]:
    r"""Predict `repeated` for one run from the patterns near faces where it is.

    This is :math:`\Delta^T(N-H)\Delta/\Delta^TN\Delta`, linear in the face terms: noise does not bias it, and patterns
    that come and go independently give its standard error.

    Returns
    -------
    share, error : float
    """
    w, step = here.w[0], here.means[0] - here.w[0]
    x = X[faces.rows]
    along = ((x - w[faces.owners]) * step[faces.owners] - (x - w[faces.others]) * step[faces.others]).sum(axis=1)
    parts = faces.scales * along**2 / (here.counts[0, :, None] * step**2).sum()
    return float(parts.sum()), float(np.sqrt((parts**2).sum()))


def _largest(X: np.ndarray, w: np.ndarray, owners: np.ndarray, faces: Faces, weights: np.ndarray) -> float:
    """Return the largest eigenvalue of N^{-1/2} (N - H) N^{-1/2}, that of I - N^{-1} H, for weighted patterns (n,)."""
    counts = np.bincount(owners, weights, minlength=len(w))[:, None]
    roots = np.sqrt(counts, out=np.full(counts.shape, np.inf), where=counts > 0)
    weighted = faces._replace(scales=faces.scales * weights[faces.rows])
    if not weighted.scales.any():
        return 0.0

    def product(v: np.ndarray) -> np.ndarray:
        return (face_product(X, w, weighted, v.reshape(w.shape) / roots) / roots).ravel()

    if w.size <= DENSE:
        matrix = np.stack([product(unit) for unit in np.eye(w.size)])
        return float(np.linalg.eigvalsh(matrix)[-1])
    operator = LinearOperator((w.size, w.size), matvec=product, dtype=np.float64)
    # the start is fixed, so that the result is
    start = np.cos(np.arange(w.size))
    return float(eigsh(operator, k=1, which="LA", v0=start, tol=1e-6, return_eigenvectors=False)[0])


def gradient_rate(counts: np.ndarray, rate: float) -> float:
    """Return max_k |1 - rate N_k| over prototypes that own patterns, for `counts` (K,)."""
    return float(np.abs(1 - rate * counts[counts > 0]).max())


class Modes(NamedTuple):
    """Modes of the step of batch K-means near the end of a run, in the coordinates N^(1/2) w.

    Attributes
    ----------
    curvatures : ndarray of shape (K d,)
        Eigenvalues of N^(-1/2) H N^(-1/2), 1 - rho being the least of them; not below 0.
    noise : ndarray of shape (K d,)
        Variance within the cells along each mode.
    vectors : ndarray of shape (K d, K d)
        The modes, as columns.
    """

    curvatures: np.ndarray
    noise: np.ndarray
    vectors: np.ndarray


def modes(X: np.ndarray, w: np.ndarray, owners: np.ndarray, faces: Faces) -> Modes:
    """Return the modes with face terms.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    w : ndarray of shape (K, d)
    owners : ndarray of shape (n,), int32
        The nearest prototypes.
    faces : Faces
        From `find`, perhaps `extrapolated`.
    """
    clusters, features = w.shape
    counts = np.bincount(owners, minlength=clusters)
    q = np.zeros((len(faces.rows), clusters, features))
    rows = np.arange(len(q))
    q[rows, faces.owners] = X[faces.rows] - w[faces.owners]
    q[rows, faces.others] = w[faces.others] - X[faces.rows]
    q /= np.sqrt(np.maximum(counts, 1))[:, None]
    scores = q.reshape(len(q), w.size)
    # some of the weights of an extrapolated kernel are negative
    curvatures, vectors = np.linalg.eigh(np.eye(w.size) - (scores * faces.scales[:, None]).T @ scores)
    noise = np.zeros(w.size)
    for k, part in enumerate(vectors.reshape(clusters, features, -1)):
        if counts[k]:
            noise += (((X[owners == k] - w[k]) @ part) ** 2).mean(axis=0)
    return Modes(np.maximum(curvatures, 0.0), noise, vectors)


def online_excess(curvatures: np.ndarray, noise: np.ndarray, epochs: float, factor: float = 1.0) -> float:
    r"""Return by how much the cost of online K-means is expected to exceed its limit.

    It starts at the limit with :math:`n_k=N_k`, as if an epoch had been averaged, and ends after `epochs` in all, of
    patterns drawn with replacement. With :math:`\lambda` for a curvature and c for the factor, the square m of a mode
    follows :math:`dm/dt=-2c\lambda m/t+c^2v/t^2`, where t counts epochs.

    Parameters
    ----------
    curvatures, noise : ndarray of shape (m,)
        See `Modes`; curvatures of 1 where no pattern changes hands.
    epochs : float
        From 1.
    factor : float
        Of the rate factor / n_k.
    """
    power = 2 * factor * curvatures
    # the integral of s^(power - 2) from 1 to t, whose limit for a power of 1 is log t
    integrals = np.log(epochs) * exprel((power - 1) * np.log(epochs))
    return float(0.5 * (curvatures * factor**2 * noise * epochs**-power * integrals).sum())


def floor_of_draws(rate: float) -> float:
    """Return the share of its limit by which the cost of online gradient with a fixed rate is expected to exceed it.

    Patterns are drawn with replacement and assignments stay, so that each prototype is a moving average. It is half of
    the rate to the first order, with face terms too: the Lyapunov equation HS + SH = rate C gives
    tr(HS) = rate tr(C) / 2, whatever H is.
    """
    return rate / (2 - rate)


def floor_of_epochs(counts: np.ndarray, scatter: np.ndarray, rate: float) -> float:
    """Return by how much the cost of online gradient with a fixed rate is expected to exceed its limit after epochs.

    Each epoch shows all patterns once, in a fresh order, and assignments stay.

    Parameters
    ----------
    counts : ndarray of shape (K,)
        N_k.
    scatter : ndarray of shape (K,)
        Sum of squared distances of the patterns of each prototype from their mean.
    rate : float
    """
    several = counts > 1
    counts, scatter = counts[several], scatter[several]
    forgotten = (1 - rate) ** counts
    shares = rate / (2 - rate) - (1 - forgotten) / (1 + forgotten) / counts
    return float(0.5 * (counts / (counts - 1) * scatter * shares).sum())


def middle_ratio(residual: np.ndarray, least: int = 9) -> float:
    """Return by what the residual of the cost (T + 1,) falls in a step, on average over the middle third of the steps.

    The beginning is not yet along the slowest direction, and at the end of a finite sample assignments freeze. NaN
    with fewer than `least` steps.
    """
    steps = len(residual) - 1
    first, last = steps // 3, 2 * steps // 3
    if steps < least or not residual[last] > 0:
        return math.nan
    return float((residual[last] / residual[first]) ** (1 / (last - first)))


def third_ratios(residual: np.ndarray, least: int = 9) -> tuple[float, float, float]:
    """Return by what the residual of the cost (T + 1,) falls in a step, on average over each third of the steps.

    The last step, after which nothing is left, is not among them. NaN with fewer than `least` steps.
    """
    steps = len(residual) - 1
    if steps < least or not residual[steps - 1] > 0:
        return math.nan, math.nan, math.nan
    ends = [0, steps // 3, 2 * steps // 3, steps - 1]
    first, middle, last = (float((residual[b] / residual[a]) ** (1 / (b - a))) for a, b in pairwise(ends))
    return first, middle, last


def frozen_ratio(norms: np.ndarray, changed: np.ndarray, steps: int = 10, floor: float = 1e-10) -> float:
    """Return by what the norm of the gradient (T + 1,) falls in a step, once assignments stay.

    Parameters
    ----------
    norms : ndarray of shape (T + 1,)
    changed : ndarray of shape (T + 1,)
        Patterns whose assignment differs from the iterate before.
    steps : int
        The number of last steps that are averaged over ...
    floor : float
        ... before the norm has fallen to this share of that of the start, where rounding begins.

    Returns
    -------
    float
        NaN where assignments did not stay for so long.
    """
    above = np.flatnonzero(norms > floor * norms[0])
    last = above[-1]
    first = last - steps
    if first < 0 or changed[first + 1 : last + 1].any():
        return math.nan
    return float((norms[last] / norms[first]) ** (1 / steps))


def alternation_factors(problem: Problem, x: np.ndarray, unseen: int) -> np.ndarray:
    r"""Return the factors by which an alternation's error falls in a step near a minimum, along each of its modes.

    They are the eigenvalues of the derivative :math:`I-PH` of :math:`T(x)=x-P\nabla E(x)` at a fixed point: the share
    of the complete data's curvature that the alternation hides. For stress this is the derivative of the Guttman
    transform (de Leeuw 1988).

    Parameters
    ----------
    problem : Problem
        With the capability `HESSIAN_PRODUCTS`, and P constant near x.
    x : ndarray of shape (P,)
        A minimum.
    unseen : int
        Directions that do not change the cost, such as motions of a map, whose factors of 1 are left out.

    Returns
    -------
    ndarray of shape (P - unseen,)
        Descending.
    """
    unit, oracle = np.eye(len(x)), CountingOracle(problem, len(x))
    here = oracle.measure(np.tile(x, (len(x), 1)))
    hessian, inverse = oracle.hessian_product(here, unit, oracle.active), here.precondition(unit)
    sizes, vectors = np.linalg.eigh(0.5 * (inverse + inverse.T))
    # a square root of P, so that the matrix is symmetric
    root = vectors * np.sqrt(np.maximum(sizes, 0))
    factors = 1 - np.linalg.eigvalsh(root.T @ (0.5 * (hessian + hessian.T)) @ root)
    # at a saddle point a factor is above 1, so that the largest ones may be others
    seen = np.abs(1 - factors).argsort(kind="stable")[unseen:]
    return np.sort(factors[seen])[::-1]


def critical_momentum(rate: float) -> float:
    r"""Return the coefficient of the heavy ball on an alternation with this rate, :math:`(1-\sqrt{1-\rho})^2`.

    All modes between 0 and the rate then fall by its square root in a step (Polyak 1964).
    """
    return (1 - math.sqrt(max(1 - rate, 0.0))) ** 2
