"""Likelihood of a mixture of Gaussians with fixed uniform weights and fixed unit variance."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import logsumexp

from kmeans_convergence.core.gap import AbsoluteGap, Gap
from kmeans_convergence.core.problem import Capability
from kmeans_convergence.problems.means import MeansEvaluation
from kmeans_convergence.problems.patterns import PatternProblem, as_prototypes

# Bytes of responsibilities held at a time: a batch of runs larger than this is cut into pieces.
MEMORY = 2**25


class MixtureProblem(PatternProblem):
    r"""Minimise the negative log likelihood of :math:`\frac1K\sum_k\mathcal N(x;w_k,I)` over the means w.

    Only the means are learned, as in section 5 of Bottou and Bengio (1995). With the responsibilities
    :math:`r_{ik}\propto\exp(-\frac12\|x_i-w_k\|^2)`, :math:`N_k=\sum_i r_{ik}` and
    :math:`S_k=\sum_i r_{ik}x_i`, the gradient is :math:`N_kw_k-S_k` and the EM step :math:`S_k/N_k`.

    Parameters
    ----------
    X : array_like of shape (n, d)
        Patterns in units of the components' standard deviation.
    """

    capabilities = frozenset({Capability.DIAGONAL_METRIC})

    def __init__(self, X: np.ndarray) -> None:
        super().__init__(X)
        self._log_normalizer = 0.5 * self.X.shape[1] * math.log(2 * math.pi)

    @property
    def gap(self) -> Gap:
        """Nats per pattern."""
        return AbsoluteGap(self.size)

    def evaluate(self, w: np.ndarray) -> MeansEvaluation:
        """Evaluate R iterates of shape (R, K d), or (R, K, d), in one pass; the cost is in nats."""
        w = as_prototypes(w, self.X.shape[1])
        runs, clusters, _ = w.shape
        cost, counts, sums = np.empty(runs), np.empty((runs, clusters)), np.empty_like(w)
        assignments = np.empty((runs, self.size), dtype=np.int32)
        piece = max(1, MEMORY // (8 * self.size * clusters))
        for first in range(0, runs, piece):
            some = slice(first, first + piece)
            half_squares = sum(0.5 * (self.X[:, j] - w[some, :, j, None]) ** 2 for j in range(self.X.shape[1]))
            log_density = -half_squares - self._log_normalizer - math.log(clusters)
            log_likelihood = logsumexp(log_density, axis=1)
            responsibility = np.exp(log_density - log_likelihood[:, None])
            cost[some] = -log_likelihood.sum(axis=1)
            counts[some] = responsibility.sum(axis=2)
            sums[some] = responsibility @ self.X
            assignments[some] = log_density.argmax(axis=1)
        return MeansEvaluation.of(w, cost, counts, sums, assignments)
