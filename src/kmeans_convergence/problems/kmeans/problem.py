"""The quantisation error of k-means, equations (1) and (2) of Bottou and Bengio (1995)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Self

import numpy as np

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.core.problem import Capability, Evaluation, Evaluator, replaced
from kmeans_convergence.patterns import as_weights
from kmeans_convergence.problems.kmeans.engine import exchange_kernels, passes, sweep_kernels
from kmeans_convergence.problems.kmeans.engine.bounds import Memory, suits_memory
from kmeans_convergence.problems.kmeans.engine.kernels import LANES
from kmeans_convergence.problems.kmeans.faces import FaceModel, Options
from kmeans_convergence.problems.means import MeansEvaluation, count_changed
from kmeans_convergence.problems.patterns import PatternProblem, as_prototypes

# Remembering pays as long as this share of all distances has to be computed, at most; else there are pauses, of
# at most this many passes.
WORTH, LONGEST_PAUSE = 0.5, 7


class KMeansEvaluation(MeansEvaluation):
    """What one pass over the patterns says about R runs of k-means."""

    @property
    def hessian_diagonal(self) -> np.ndarray:
        """N_k in each coordinate of a prototype, shape (R, K d): the Hessian wherever it exists."""
        return self.metric

    @property
    def hessian(self) -> np.ndarray:
        """The same as a matrix, shape (R, K d, K d)."""
        return np.eye(self.metric.shape[1]) * self.metric[:, None]

    @property
    def owning(self) -> np.ndarray:
        """Which prototypes own patterns, shape (R, K): their counts tell."""
        return self.counts > 0

    def solved_by_image(self, before: Evaluation) -> np.ndarray:
        """Say for which runs both evaluations have the same assignments, shape (R,)."""
        assert isinstance(before, MeansEvaluation)
        return np.asarray(count_changed(before.assignments, self.assignments) == 0)


class QuantizationProblem(PatternProblem):
    r"""Minimise :math:`E(w)=\sum_i \frac12\omega_i\min_k\|x_i-w_k\|^2`.

    Parameters
    ----------
    X : array_like of shape (n, d)
        Patterns: finite numbers.
    weights : array_like of shape (n,), optional
        :math:`\omega_i`, not negative; without, and in the paper, they are 1. A weight is what repetitions of a pattern
        would be: it counts in costs, sums and N_k, and not in which prototype is the nearest.

    Attributes
    ----------
    weights : ndarray of shape (n,), or (0,) where all patterns count alike, read-only

    Raises
    ------
    InputError
        When `X` is not a matrix of finite numbers, or they are too large or too small to be squared, or when the
        weights are none.

    Notes
    -----
    Costs are sums of direct squared differences; a pattern at the same distance from two prototypes
    belongs to the one with the lower index; a prototype that owns no pattern has N_k = 0. With weights there are no
    standard errors, and no optimizers of other libraries.
    """

    capabilities = frozenset(Capability)
    gap = RELATIVE

    def __init__(self, X: np.ndarray, weights: np.ndarray | None = None) -> None:
        super().__init__(X)
        self.weights = as_weights(weights, self.size)
        if len(self.weights):
            self.capabilities = self.capabilities - {Capability.STANDARD_ERRORS, Capability.CLUSTERING}

    def _with(self, X: np.ndarray) -> Self:
        return type(self)(X, self.weights if len(self.weights) else None)

    @cached_property
    def screen(self) -> passes.Screen:
        """Where the data lie, for passes in single precision."""
        return passes.Screen.of(self.X)

    def evaluate(self, w: np.ndarray) -> KMeansEvaluation:
        """Evaluate R iterates in one compiled pass over the data.

        Parameters
        ----------
        w : ndarray of shape (R, K d), or (R, K, d)
        """
        w = as_prototypes(w, self.X.shape[1])
        screened = passes.suits_screening(self.size, w.shape[1], w.shape[2])
        return self.weighed(w, passes.run_pass(self.X, w, self.screen if screened else None))

    def weighed(self, w: np.ndarray, found: passes.Sums) -> KMeansEvaluation:
        """Return the evaluation at prototypes `w` (R, K, d) for what a pass over all patterns has found.

        Passes know no weights: if there are any, patterns are added up anew.
        """
        assignments, cost, counts, sums = found
        if len(self.weights):
            assignments, cost, counts, sums = passes.weigh(self.X, self.weights, w, assignments)
        return KMeansEvaluation.of(w, cost, counts, sums, assignments)

    def evaluator(self, runs: int) -> Evaluator:
        """Return what evaluates a number of runs again and again, and remembers bounds where that pays."""
        return RememberingEvaluator(self, runs)

    def evaluate_second_nearest(self, w: np.ndarray) -> tuple[KMeansEvaluation, passes.SecondNearest]:
        """Evaluate R iterates in one pass by direct distances, which also finds the second nearest prototypes."""
        w = as_prototypes(w, self.X.shape[1])
        second_nearest = passes.SecondNearest.room(len(w), self.size)
        return self.weighed(w, passes.run_pass(self.X, w, None, second_nearest)), second_nearest

    def evaluate_rows(self, w: np.ndarray, rows: np.ndarray) -> KMeansEvaluation:
        """Evaluate each run on some patterns of its own, a mini-batch.

        Parameters
        ----------
        w : ndarray of shape (R, K d), or (R, K, d)
        rows : ndarray of shape (R, m), integers
            The patterns of each run; one that stands twice counts twice. The assignments have this shape, too.
        """
        w = as_prototypes(w, self.X.shape[1])
        if passes.suits_screening(rows.shape[1], w.shape[1], w.shape[2]):
            each = [passes.run_pass(self.X[some], w[r : r + 1], self.screen) for r, some in enumerate(rows)]
            found = _joined(each)
        else:
            found = passes.run_pass_rows(self.X, w, rows)
        if len(self.weights):
            parts = zip(rows, w[:, None], found[0][:, None], strict=True)
            found = _joined([passes.weigh(self.X[some], self.weights[some], *mine) for some, *mine in parts])
        assignments, cost, counts, sums = found
        return KMeansEvaluation.of(w, cost, counts, sums, assignments)

    def nothing_seen(self, w: np.ndarray, rows: np.ndarray) -> KMeansEvaluation:
        """Return the evaluation of runs that see no pattern of `rows`."""
        w = as_prototypes(w, self.X.shape[1])
        assignments = np.zeros(rows.shape, dtype=np.int32)
        return KMeansEvaluation.of(w, np.zeros(len(w)), np.zeros(w.shape[:2]), np.zeros(w.shape), assignments)

    def standard_errors(self, here: KMeansEvaluation, rows: np.ndarray) -> np.ndarray:
        r"""Return standard errors of the means of mini-batches, shape (R, K).

        They are :math:`\sqrt{\sum\|x-w_k\|^2/(N_k(N_k-1))}` over the patterns of a prototype in its batch, from their
        mean. A mean of one pattern is exact as far as one can tell.
        """
        errors = []
        for owner, counts, means, some in zip(here.assignments, here.counts, here.means, rows, strict=True):
            squares = ((self.X[some] - means[owner]) ** 2).sum(axis=1)
            variation = np.bincount(owner, weights=squares, minlength=len(counts))
            errors.append(np.sqrt(variation / np.maximum(counts * (counts - 1), 1)))
        return np.stack(errors)

    def hessian_product(self, here: KMeansEvaluation, v: np.ndarray) -> np.ndarray:
        """Return the Hessian times vectors (R, P), wherever it exists."""
        return np.asarray(here.hessian_diagonal * v)

    def exchanges(self, here: KMeansEvaluation) -> Exchanges:
        """Return sweeps of exchanges that begin with the assignments of an evaluation."""
        return Exchanges(self.X, here, self.weights)

    def model(self, runs: int, options: Options | None = None) -> FaceModel:
        """Return the quadratic model with face terms of a number of runs."""
        return FaceModel(self, runs, options or Options())

    def sweep(self, w: np.ndarray, order: np.ndarray, rate: float) -> np.ndarray:
        """Move the nearest prototype towards each pattern in turn by a fixed rate, equation (4).

        Parameters
        ----------
        w : ndarray of shape (R, K d)
        order : ndarray of shape (R, m), integers
            The patterns that each run sees, one after the other.
        rate : float

        Returns
        -------
        ndarray of shape (R, K d)
        """
        w, order = as_prototypes(w, self.X.shape[1]).copy(), np.ascontiguousarray(order)
        products = order.size * w[0].size
        passes.over_runs(
            lambda some: sweep_kernels.sweep_rate(self.X, self.weights, order[some], w[some], rate), len(w), products
        )
        return self.pack(w)

    def sweep_counts(
        self, w: np.ndarray, order: np.ndarray, metric: np.ndarray, factor: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Move the nearest prototype towards each pattern in turn by min(1, factor / n_k); 1/n_k is equation (7).

        Parameters
        ----------
        w : ndarray of shape (R, K d)
        order : ndarray of shape (R, m), integers
            The patterns that each run sees, one after the other.
        metric : ndarray of shape (R, K d)
            n_k in each coordinate, the patterns that each prototype has won so far.
        factor : float

        Returns
        -------
        w : ndarray of shape (R, K d)
        metric : ndarray of shape (R, K d)
        """
        w, order = as_prototypes(w, self.X.shape[1]).copy(), np.ascontiguousarray(order)
        counts = self.unpack(metric)[:, :, 0].copy()
        passes.over_runs(
            lambda some: sweep_kernels.sweep_counts(
                self.X, self.weights, order[some], w[some], counts[some], float(factor)
            ),
            len(w),
            products=order.size * w[0].size,
        )
        return self.pack(w), np.repeat(counts, w.shape[2], axis=1)


class RememberingEvaluator:
    """Evaluates the same runs again and again; see `core.problem.Problem.evaluator`.

    Where many patterns and prototypes make it worth while, it keeps bounds from one evaluation of a run to the next:
    faster when its prototypes move a little each time, with the same results. As long as they move too much, it makes
    some plain passes before it tries again.

    Attributes
    ----------
    computed, possible : int
        Distances between patterns and prototypes that have been computed so far, of those that there were.
    """

    def __init__(self, problem: QuantizationProblem, runs: int) -> None:
        self._problem, self._runs = problem, runs
        self._memory: Memory | None = None
        self._pause = self._left = 0
        self.computed = self.possible = 0

    def __call__(self, x: np.ndarray, some: np.ndarray) -> KMeansEvaluation:
        """Evaluate the runs of a mask (R,), whose points are `x`."""
        problem, features = self._problem, self._problem.X.shape[1]
        shape = self._runs, x[0].size // features, features
        distances = len(x) * problem.size * shape[1]
        self.possible += distances
        if self._left > 0 or not suits_memory(problem.size, *shape):
            self._left -= 1
            self.computed += distances
            return problem.evaluate(x)
        if self._memory is None:
            self._memory = Memory(problem.X, shape, problem.screen if features > LANES else None)
        w = as_prototypes(x, features)
        found, computed = self._memory.run_pass(w, some)
        self.computed += computed
        pays = computed < WORTH * distances
        self._pause = self._left = 0 if pays else min(2 * self._pause + 1, LONGEST_PAUSE)
        return problem.weighed(w, found)


class Exchanges:
    """Hartigan's exchanges of single patterns, for R runs."""

    def __init__(self, X: np.ndarray, here: KMeansEvaluation, weights: np.ndarray) -> None:
        self._X, self._weights, self._w, self._assignments = X, weights, here.w, here.assignments

    def sweep(self, some: np.ndarray) -> np.ndarray:
        """Make one sweep over the patterns for the runs of a mask; return the means of all runs, shape (R, K d)."""
        w, assignments = exchange_kernels.sweep(self._X, self._w[some], self._assignments[some], self._weights)
        self._w, self._assignments = replaced(self._w, w, some), replaced(self._assignments, assignments, some)
        return self._w.reshape(len(self._w), -1)


def _joined(parts: Sequence[passes.Sums]) -> passes.Sums:
    """Return what passes over single runs have found, as that of all runs."""
    assignments, cost, counts, sums = (np.concatenate(part) for part in zip(*parts, strict=True))
    return assignments, cost, counts, sums
