"""The quantisation error of k-means, equations (1) and (2) of Bottou and Bengio (1995)."""

from __future__ import annotations

from functools import cached_property
from typing import Self

import numpy as np

from kmeans_convergence.problems import passes, sweep_kernels
from kmeans_convergence.problems.base import Evaluation, PatternProblem, as_prototypes
from kmeans_convergence.problems.bounds import Memory, suits_memory


class QuantizationProblem(PatternProblem):
    r"""Minimise :math:`E(w)=\sum_i \frac12\min_k\|x_i-w_k\|^2`.

    Parameters
    ----------
    X : array_like of shape (n, d)
        Patterns: finite numbers.
    remember : bool
        Keep bounds from one evaluation to the next, for runs whose prototypes move a little each time: faster on many
        patterns, with the same results. Evaluations of another number of runs or prototypes start afresh.

    Attributes
    ----------
    distances : int
        Distances between patterns and prototypes that evaluations have computed so far.

    Raises
    ------
    InputError
        When `X` is not a matrix of finite numbers, or they are too large or too small to be squared.

    Notes
    -----
    Costs are sums of direct squared differences; a pattern at the same distance from two prototypes
    belongs to the one with the lower index; a prototype that owns no pattern has N_k = 0.
    """

    def __init__(self, X: np.ndarray, remember: bool = False) -> None:
        super().__init__(X)
        self.distances = 0
        self._remember = remember
        self._memory: Memory | None = None

    def _with(self, X: np.ndarray) -> Self:
        return type(self)(X, self._remember)

    @cached_property
    def _screen(self) -> passes.Screen:
        return passes.Screen(self.X)

    def evaluate(self, w: np.ndarray) -> Evaluation:
        """Evaluate R iterates in one compiled pass over the data.

        Parameters
        ----------
        w : ndarray of shape (R, K, d)
        """
        w = as_prototypes(w, self.X.shape[1])
        if not (self._remember and suits_memory(self.n, *w.shape[1:])):
            screened = passes.suits_screening(self.n, w.shape[1], w.shape[2])
            assignments, cost, counts, sums = passes.run_pass(self.X, w, self._screen if screened else None)
            self.distances += len(w) * self.n * w.shape[1]
            return Evaluation.known(w, cost, counts, sums, assignments, hessian_diagonal=counts)
        if self._memory is None or self._memory.shape != w.shape:
            self._memory = Memory(self.X, w, self._screen)
        memory = self._memory
        # bounds and a cost that is found later are about these prototypes, whatever their owner does to them
        w = w.copy()
        assignments, counts, sums, computed = memory.run_pass(w)
        self.distances += computed
        return Evaluation(w, lambda: memory.cost(w, assignments), counts, sums, assignments, hessian_diagonal=counts)

    def evaluate_second_nearest(self, w: np.ndarray) -> tuple[Evaluation, passes.SecondNearest]:
        """Evaluate R iterates in one pass by direct distances, which also finds the second nearest prototypes."""
        w = as_prototypes(w, self.X.shape[1])
        second_nearest = passes.SecondNearest.room(len(w), self.n)
        assignments, cost, counts, sums = passes.run_pass(self.X, w, None, second_nearest)
        self.distances += len(w) * self.n * w.shape[1]
        return Evaluation.known(w, cost, counts, sums, assignments, hessian_diagonal=counts), second_nearest

    def evaluate_rows(self, w: np.ndarray, rows: np.ndarray) -> Evaluation:
        """Evaluate each run on some patterns of its own, a mini-batch.

        Parameters
        ----------
        w : ndarray of shape (R, K, d)
        rows : ndarray of shape (R, m), integers
            The patterns of each run; one that stands twice counts twice. The assignments have this shape, too.
        """
        w = as_prototypes(w, self.X.shape[1])
        if passes.suits_screening(rows.shape[1], w.shape[1], w.shape[2]):
            each = [passes.run_pass(self.X[some], w[r : r + 1], self._screen) for r, some in enumerate(rows)]
            assignments, cost, counts, sums = (np.concatenate(part) for part in zip(*each, strict=True))
        else:
            assignments, cost, counts, sums = passes.run_pass_rows(self.X, w, rows)
        return Evaluation.known(w, cost, counts, sums, assignments, hessian_diagonal=counts)

    def sweep(self, w: np.ndarray, order: np.ndarray, rate: float) -> np.ndarray:
        """Move the nearest prototype towards each pattern in turn by a fixed rate, equation (4).

        Parameters
        ----------
        w : ndarray of shape (R, K, d)
        order : ndarray of shape (R, m), integers
            The patterns that each run sees, one after the other.
        rate : float
        """
        w, order = as_prototypes(w, self.X.shape[1]).copy(), np.ascontiguousarray(order)
        products = order.size * w[0].size
        passes.over_runs(lambda some: sweep_kernels.sweep_rate(self.X, order[some], w[some], rate), len(w), products)
        return w

    def sweep_counts(
        self, w: np.ndarray, order: np.ndarray, counts: np.ndarray, factor: float = 1.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Move the nearest prototype towards each pattern in turn by min(1, factor / n_k); 1/n_k is equation (7).

        Parameters
        ----------
        w : ndarray of shape (R, K, d)
        order : ndarray of shape (R, m), integers
            The patterns that each run sees, one after the other.
        counts : ndarray of shape (R, K)
            n_k, the patterns that each prototype has won so far.
        factor : float

        Returns
        -------
        w : ndarray of shape (R, K, d)
        counts : ndarray of shape (R, K)
        """
        w, counts = as_prototypes(w, self.X.shape[1]).copy(), counts.copy()
        order = np.ascontiguousarray(order)
        passes.over_runs(
            lambda some: sweep_kernels.sweep_counts(self.X, order[some], w[some], counts[some], float(factor)),
            len(w),
            products=order.size * w[0].size,
        )
        return w, counts
