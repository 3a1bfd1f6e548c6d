r"""Patterns near the faces between prototypes, and the curvature that they take away from Lloyd's.

A prototype that moves takes its faces with it, and patterns change hands. With a density of patterns, the Hessian of
the quantisation error is therefore less than blockdiag(N_k I) (Pollard 1982; Iri, Murota and Ohya 1984; Du, Faber and
Gunzburger 1999; Liu et al. 2009): each pattern x on the face between the prototypes k and l takes away
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

from kmeans_convergence.problems import face_kernels
from kmeans_convergence.problems.base import Evaluation, frozen
from kmeans_convergence.problems.passes import SecondNearest, over_runs, run_pass


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
    looked : ndarray of shape (R,), int64
        Patterns that were looked at in the search for those near faces.
    distances : ndarray of shape (R,), int64
        Distances computed, and what costs as much.
    """

    step: np.ndarray
    promised: np.ndarray
    cut: np.ndarray
    looked: np.ndarray
    distances: np.ndarray

    @classmethod
    def of_rest(cls, shape: tuple[int, ...]) -> Steps:
        """Return steps that lead nowhere, for prototypes of the shape (R, K, d)."""
        runs = shape[0]
        looked, distances = np.zeros((2, runs), dtype=np.int64)
        return cls(np.zeros(shape), np.zeros(runs), np.zeros(runs, dtype=bool), looked, distances)


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
    owned = np.unique(owners)
    second_nearest = SecondNearest.room(1, len(X))
    run_pass(X, np.ascontiguousarray(w[owned])[None], None, second_nearest)
    others, gaps = owned[second_nearest.prototypes[0]].astype(np.int32), second_nearest.gaps[0]
    between = ((w[owners] - w[others]) ** 2).sum(axis=1)
    rows = np.flatnonzero(gaps < 2 * width * between)
    margins = gaps[rows] / (2 * between[rows])
    return Faces(rows, owners[rows], others[rows], margins, 1 / (2 * width * between[rows]))


def face_product(X: np.ndarray, w: np.ndarray, faces: Faces, v: np.ndarray) -> np.ndarray:
    """Return sum q q^T v / (2 c ||w_k - w_l||^2) for prototypes `w` (K, d) and `v` (K, d): blockdiag(N) v - H v."""
    out = np.zeros_like(v)
    face_kernels.subtract_faces(frozen(X), frozen(w), faces.rows, faces.owners, faces.others, faces.scales, v, out)
    return -out


def newton_steps(
    X: np.ndarray, here: Evaluation, second_nearest: SecondNearest, longest: np.ndarray, rule: Rule
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
    here : Evaluation
        Of R runs, at w.
    second_nearest : SecondNearest
        What the same pass has found; without patterns, they are found here for those that are looked at.
    longest : ndarray of shape (R,)
        Greatest length of the step, in the norm of the preconditioner; not less than that of Lloyd's step.
    rule : Rule
    """
    steps = Steps.of_rest(here.w.shape)
    coordinates = here.w[0].size
    X, w = frozen(X), frozen(here.w)

    def task(some: slice) -> None:
        face_kernels.find_steps(
            X,
            w[some],
            here.assignments[some],
            here.counts[some],
            here.minimizer[some],
            second_nearest.prototypes[some],
            second_nearest.gaps[some],
            longest[some],
            rule.width,
            math.ceil(rule.patterns * coordinates),
            math.ceil(rule.fewest * coordinates),
            rule.tolerance,
            rule.products,
            steps.step[some],
            steps.promised[some],
            steps.cut[some],
            steps.looked[some],
            steps.distances[some],
        )

    over_runs(task, len(here.w), products=len(X) * here.w.size)
    return steps
