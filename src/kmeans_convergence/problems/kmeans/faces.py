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
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kmeans_convergence.core.problem import Steps
from kmeans_convergence.patterns import as_weights
from kmeans_convergence.problems.kmeans.engine import face_kernels
from kmeans_convergence.problems.kmeans.engine.passes import SecondNearest, over_runs, run_pass
from kmeans_convergence.problems.means import MeansEvaluation
from kmeans_convergence.problems.patterns import frozen

if TYPE_CHECKING:
    from kmeans_convergence.problems.kmeans.problem import KMeansEvaluation, QuantizationProblem


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


@dataclass(frozen=True)
class Options:
    """How the model of a Newton step is made and minimised.

    The defaults are ours, and the same for all data. After a first inspection of the study's runs they were chosen on
    other starts, and other samples of the larger data sets.

    Attributes
    ----------
    width : float
        The half-width c, below 1/2.
    patterns : float
        Patterns are searched until this many are near a face for each of the K d coordinates, or all have been: the
        terms of those that have been searched stand for all.
    fewest : float
        With fewer than this many of them for each coordinate nothing can be said about the faces: the step is Lloyd's.
    tolerance : float
        The residual may be left at this share of the gradient, in the norm of the inverse of the preconditioner.
    products : int
        The largest number of products with the Hessian.
    wide : float
        If a search had to process more than this share of the patterns, the passes after it find the second nearest
        prototypes, and nothing is searched any more.
    """

    width: float = 0.1
    patterns: float = 32.0
    fewest: float = 8.0
    tolerance: float = 0.1
    products: int = 10
    wide: float = 0.25


class FaceSteps(NamedTuple):
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
        Patterns that were processed in the search for those near faces.
    distances : ndarray of shape (R,), int64
        Distances computed, and what costs as much.
    """

    step: np.ndarray
    promised: np.ndarray
    cut: np.ndarray
    looked: np.ndarray
    distances: np.ndarray

    @classmethod
    def zero(cls, shape: tuple[int, ...]) -> FaceSteps:
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
    X: np.ndarray,
    here: MeansEvaluation,
    second_nearest: SecondNearest,
    longest: np.ndarray,
    options: Options,
    weights: np.ndarray | None = None,
) -> FaceSteps:
    r"""Minimise the quadratic model with the face terms, within a length, by conjugate gradients (Steihaug 1983).

    They are preconditioned by blockdiag(N_k I), whose norm measures lengths. So the first direction is that of Lloyd's
    step to the `means`, and the lengths of iterates grow.

    The cost of the partition about its means is :math:`E(w)-\frac12\sum_kN_k\|T(w)_k-w_k\|^2`: the most that Lloyd's
    next step leaves. Its model is that of the cost less half the square of the residual, in the norm of the inverse of
    the preconditioner. Of Lloyd's step to the `means` T(w) it promises nothing.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    here : MeansEvaluation
        Of R runs, at w.
    second_nearest : SecondNearest
        What the same pass has found; without patterns, they are found here for those that are searched.
    longest : ndarray of shape (R,)
        Greatest length of the step, in the norm of the preconditioner; not less than that of Lloyd's step.
    options : Options
    weights : ndarray of shape (n,), or (0,), optional
        See `patterns.as_weights`; 1 for each pattern without.
    """
    steps = FaceSteps.zero(here.w.shape)
    coordinates = here.w[0].size
    X, w = frozen(X), frozen(here.w)
    weights = as_weights(None, len(X)) if weights is None else frozen(weights)

    def task(some: slice) -> None:
        face_kernels.find_steps(
            X,
            weights,
            w[some],
            here.assignments[some],
            here.counts[some],
            here.means[some],
            second_nearest.prototypes[some],
            second_nearest.gaps[some],
            longest[some],
            options.width,
            math.ceil(options.patterns * coordinates),
            math.ceil(options.fewest * coordinates),
            options.tolerance,
            options.products,
            steps.step[some],
            steps.promised[some],
            steps.cut[some],
            steps.looked[some],
            steps.distances[some],
        )

    over_runs(task, len(here.w), products=len(X) * here.w.size)
    return steps


class FaceModel:
    """The quadratic model with face terms of R runs; see `core.problem.Model`.

    Where many patterns have to be processed until enough near faces are found, the pass at the next iterate also finds
    their second nearest prototypes; where few are enough, they are searched. A search costs K distances for each
    pattern. On top of that come (d + 3) / 2 distances for each pattern that is near a face, and d + 7 for each pair of
    neighbours and product with the Hessian: what their moments cost.
    """

    def __init__(self, problem: QuantizationProblem, runs: int, options: Options) -> None:
        self._problem, self._options = problem, options
        # the runs of which the next pass shall find, and then has found, the second nearest prototypes
        self._known = np.zeros(runs, dtype=bool)
        self._second_nearest = SecondNearest.room(runs, 0)

    def evaluates(self, where: np.ndarray) -> np.ndarray:
        """Return the runs of a mask (R,) whose second nearest prototypes the next pass finds."""
        self._known &= where
        return self._known

    def evaluate(self, x: np.ndarray, some: np.ndarray) -> KMeansEvaluation:
        """Evaluate the runs of a mask (R,), whose points are `x`, and keep their second nearest prototypes."""
        here, found = self._problem.evaluate_second_nearest(x)
        self._second_nearest = SecondNearest.room(len(some), self._problem.size)
        self._second_nearest.prototypes[some], self._second_nearest.gaps[some] = found
        return here

    def steps(self, here: KMeansEvaluation, where: np.ndarray, longest: np.ndarray) -> Steps:
        """See `core.problem.Model`."""
        steps = FaceSteps.zero(here.w.shape)
        nothing = SecondNearest.room(len(here.w), 0)
        for known, found in ((self._known, self._second_nearest), (~self._known, nothing)):
            some = known & where
            if some.any():
                theirs = SecondNearest(*(part[some] for part in found))
                problem, mine = self._problem, (here.select(some), theirs, longest[some])
                part = newton_steps(problem.X, *mine, self._options, problem.weights)
                for whole, values in zip(steps, part, strict=True):
                    whole[some] = values
        self._known = np.where(where, steps.looked > self._options.wide * self._problem.size, self._known)
        clusters = here.w.shape[1]
        return Steps(steps.step.reshape(len(here.w), -1), steps.promised, steps.cut, -(-steps.distances // clusters))
