r"""Hidden Markov models whose means, variances and transitions are all trained.

A weak prior, worth `PRIOR` observations of each state with the variance of the data and `PRIOR` transitions of each
kind, keeps minimisers inside: a state that is visited once has no variance of its own, and what never happened no
logarithm. It depends on the parameters alone, so that it changes no path.
"""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from kmeans_convergence.core.problem import Capability
from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.markov.evaluation import MarkovEvaluation
from kmeans_convergence.problems.markov.parameters import HiddenMarkov, Layout
from kmeans_convergence.problems.markov.sequences import Emissions, SequenceProblem

PRIOR = 1.0


class MarkovProblem(SequenceProblem):
    r"""Minimise the negative log likelihood of the best paths, or of all, over all parameters of the model.

    Parameters are a `HiddenMarkov`. The first state of a sequence is drawn evenly. Viterbi training (Juang and Rabiner
    1990) moves each state to mean and variance of the observations on the best paths, and transitions to their shares;
    Baum and Welch's method takes expectations over all paths. Given the paths the cost is not quadratic, so that
    neither is Newton's method. P is the inverse of the information in observations and states.

    Gradient methods feel the unit of the data, because coordinates are means and logarithms of variances.

    Parameters
    ----------
    sequences, states, soft
        See `SequenceProblem`.

    Raises
    ------
    InputError
        When a feature is constant; see `SequenceProblem`, too.
    """

    capabilities = frozenset({Capability.SUBSETS})

    def __init__(self, sequences: np.ndarray, states: int, soft: bool = False) -> None:
        super().__init__(sequences, states, soft)
        self.typical = self.X.var(axis=0)
        if not (self.typical > 0).all():
            raise InputError(
                f"Feature {int((self.typical <= 0).argmax())} of the sequences is constant: it has no variance, so "
                "leave it out."
            )
        self.layout = Layout(states, self.X.shape[1])
        if not soft:
            self.capabilities = self.capabilities | {Capability.HESSIAN}

    def _with(self, X: np.ndarray) -> Self:
        return type(self)(X.reshape(self._sequences.shape), self.states, self.soft)

    def pack(self, parameters: HiddenMarkov) -> np.ndarray:
        """Return models as flat vectors (R, P)."""
        return self.layout.pack(parameters)

    def unpack(self, x: np.ndarray) -> HiddenMarkov:
        """Return flat vectors as models."""
        return self.layout.unpack(x)

    def to_centred(self, parameters: Any) -> HiddenMarkov:
        """Return models whose means are less `origin`."""
        means = np.asarray(parameters.means, dtype=np.float64) - self.origin
        return HiddenMarkov(means, parameters.variances, parameters.transitions)

    def from_centred(self, parameters: Any) -> HiddenMarkov:
        """Return models of `centred` with means plus `origin`."""
        return HiddenMarkov(parameters.means + self.origin, parameters.variances, parameters.transitions)

    def evaluate(self, x: np.ndarray) -> MarkovEvaluation:
        """Evaluate R points of shape (R, P) in one pass; the cost is in nats."""
        return self.evaluate_rows(x, self.every_sequence(len(x)))

    def evaluate_rows(self, x: np.ndarray, rows: np.ndarray) -> MarkovEvaluation:
        """Evaluate each run on sequences of its own, `rows` (R, m); the prior counts by their share of all."""
        x = np.array(x, dtype=np.float64)
        point = self.layout.point(x)
        share = PRIOR * rows.shape[1] / self.size
        offsets = 0.5 * (point.log_variances + math.log(2 * math.pi)).sum(axis=2)
        precisions = np.exp(-point.log_variances)
        found = self.decode(Emissions(point.means, precisions, offsets, -point.log_transitions), rows)
        prior = (0.5 * (point.log_variances + self.typical * precisions)).sum(axis=(1, 2))
        prior -= point.log_transitions.sum(axis=(1, 2))
        cost = found.cost + rows.shape[1] * math.log(self.states) + share * prior
        counts, observations = found.weights.sum(axis=2), self.observations(rows)
        sums = found.weights @ observations
        centres = np.divide(sums, counts[..., None], out=point.means.copy(), where=counts[..., None] > 0)
        scatter = np.stack(
            [
                np.einsum("rn,rnd->rd", found.weights[:, s], (observations - centres[:, s, None]) ** 2)
                for s in range(self.states)
            ],
            axis=1,
        )
        priors = np.full(len(x), share)
        return self._evaluation(x, cost, counts, centres, scatter, found.pairs, priors, found.states)

    def nothing_seen(self, x: np.ndarray, rows: np.ndarray) -> MarkovEvaluation:
        """Return the evaluation of runs that see no sequence of `rows`, and no prior."""
        x = np.array(x, dtype=np.float64)
        means = self.layout.point(x).means
        counts, pairs = np.zeros(means.shape[:2]), np.zeros((len(x), self.states, self.states))
        states = np.zeros((len(x), rows.shape[1] * self._sequences.shape[1]), dtype=np.int32)
        zero = np.zeros(len(x))
        return self._evaluation(x, zero, counts, means.copy(), np.zeros(means.shape), pairs, zero, states)

    def from_paths(self, paths: np.ndarray) -> HiddenMarkov:
        """Return the models that fit given paths best, with the prior: a start for runs.

        Parameters
        ----------
        paths : array_like of shape (R, N T), or (R, N, T), integers
            The state at each observation, from 0.

        Raises
        ------
        InputError
            When they do not have this shape, hold other numbers, or do not visit a state.
        """
        states = np.reshape(np.asarray(paths), (len(paths), -1))
        if states.shape[1] != len(self.X) or not np.isin(states, np.arange(self.states)).all():
            raise InputError(
                f"The paths have shape {np.shape(paths)}: for each run {len(self.X)} states from 0 to "
                f"{self.states - 1} are needed."
            )
        one_hot = (states[:, None] == np.arange(self.states)[:, None]).astype(np.float64)
        counts = one_hot.sum(axis=2)
        if (counts == 0).any():
            r, s = np.argwhere(counts == 0)[0]
            raise InputError(
                f"State {s} is never visited on the path of run {r}: each of the {self.states} states has to be."
            )
        X = self.X[None]
        means = one_hot @ X / counts[..., None]
        squares = np.stack(
            [(one_hot[:, s, :, None] * (X - means[:, s, None]) ** 2).sum(axis=1) for s in range(self.states)], axis=1
        )
        each = one_hot.reshape(len(states), self.states, *self._sequences.shape[:2])
        pairs = np.einsum("rsnt,runt->rsu", each[..., :-1], each[..., 1:]) + PRIOR
        return HiddenMarkov(
            means,
            (squares + PRIOR * self.typical) / (counts[..., None] + PRIOR),
            pairs / pairs.sum(axis=2, keepdims=True),
        )

    def _evaluation(self, *parts: np.ndarray) -> MarkovEvaluation:
        return MarkovEvaluation(self.layout, self.typical, self.soft, *parts)
