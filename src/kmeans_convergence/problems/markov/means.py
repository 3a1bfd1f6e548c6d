r"""Hidden Markov models whose means alone are trained: k-means with a price on each change of the prototype.

With emissions of unit variance and given costs :math:`a` of the transitions,

.. math:: E(w)=\sum_n\min_z\Bigl(\sum_t\tfrac12\|x_{nt}-w_{z_t}\|^2+\sum_ta_{z_{t-1}z_t}\Bigr),

and Viterbi training (Juang and Rabiner 1990) moves each mean to that of the observations on the best paths. Given the
paths the cost is quadratic with the Hessian diag(N_k I), as in k-means: so the alternation is Newton's method. The soft
version, of Baum and Welch, has expected numbers in place of N_k.
"""

from __future__ import annotations

from typing import Self

import numpy as np

from kmeans_convergence.core.problem import Capability
from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.kmeans import KMeansEvaluation
from kmeans_convergence.problems.markov.sequences import Emissions, SequenceProblem
from kmeans_convergence.problems.means import MeansEvaluation
from kmeans_convergence.problems.patterns import as_prototypes

HARD = frozenset({Capability.SECOND_DERIVATIVES, Capability.DIAGONAL_HESSIAN, Capability.HESSIAN})


class MarkovMeansProblem(SequenceProblem):
    """Minimise the cost of the best paths, or of all, over the means of the states.

    Parameters are means (R, S, d).

    Parameters
    ----------
    sequences : array_like of shape (N, T, d), or (T, d)
        In units of the emissions' standard deviation.
    transitions : array_like of shape (S, S)
        What it costs, in nats, to go from the state of the row to that of the column. The first state costs nothing.
    soft : bool
        See `SequenceProblem`; the cost is then in nats, up to a constant.

    Raises
    ------
    InputError
        When the costs are no square matrix of finite numbers; see `SequenceProblem`, too.
    """

    capabilities = frozenset({Capability.SUBSETS, Capability.DIAGONAL_METRIC})

    def __init__(self, sequences: np.ndarray, transitions: np.ndarray, soft: bool = False) -> None:
        costs = np.array(transitions, dtype=np.float64)
        if costs.ndim != 2 or costs.shape[0] != costs.shape[1] or not np.isfinite(costs).all():
            raise InputError(f"The transitions have shape {costs.shape}: a square matrix of finite costs is needed.")
        super().__init__(sequences, len(costs), soft)
        self.transitions = costs
        if not soft:
            self.capabilities = self.capabilities | HARD

    def _with(self, X: np.ndarray) -> Self:
        return type(self)(X.reshape(self._sequences.shape), self.transitions, self.soft)

    def evaluate(self, w: np.ndarray) -> MeansEvaluation:
        """Evaluate R iterates of shape (R, S d), or (R, S, d), in one pass."""
        return self.evaluate_rows(w, self.every_sequence(len(w)))

    def evaluate_rows(self, w: np.ndarray, rows: np.ndarray) -> MeansEvaluation:
        """Evaluate each run on sequences of its own, `rows` (R, m)."""
        w = self._as_means(w)
        runs, nothing = len(w), np.zeros(w.shape[:2])
        transitions = np.broadcast_to(self.transitions, (runs, *self.transitions.shape))
        found = self.decode(Emissions(w, np.ones_like(w), nothing, transitions), rows)
        counts, sums = found.weights.sum(axis=2), found.weights @ self.observations(rows)
        return self._evaluation(w, found.cost, counts, sums, found.states)

    def nothing_seen(self, w: np.ndarray, rows: np.ndarray) -> MeansEvaluation:
        """Return the evaluation of runs that see no sequence of `rows`."""
        w = self._as_means(w)
        states = np.zeros((len(w), rows.shape[1] * self._sequences.shape[1]), dtype=np.int32)
        return self._evaluation(w, np.zeros(len(w)), np.zeros(w.shape[:2]), np.zeros(w.shape), states)

    def _evaluation(self, *parts: np.ndarray) -> MeansEvaluation:
        return (MeansEvaluation if self.soft else KMeansEvaluation).of(*parts)

    def _as_means(self, w: np.ndarray) -> np.ndarray:
        w = as_prototypes(w, self.X.shape[1])
        if w.shape[1] != self.states:
            raise InputError(f"There are {w.shape[1]} means: the transitions are those of {self.states} states.")
        return w
