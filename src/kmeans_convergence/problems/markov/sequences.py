"""What the two kinds of hidden Markov model share: sequences, and what paths through states say about them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kmeans_convergence.core.gap import AbsoluteGap, Gap
from kmeans_convergence.errors import InputError
from kmeans_convergence.problems.kmeans.engine.passes import over_runs
from kmeans_convergence.problems.markov import kernels
from kmeans_convergence.problems.patterns import PatternProblem, frozen


class Emissions(NamedTuple):
    """What observations and transitions cost, for R runs.

    An observation x costs `offsets` + 1/2 sum of `precisions` (x - `means`)^2 in a state.

    Attributes
    ----------
    means, precisions : ndarray of shape (R, S, d)
    offsets : ndarray of shape (R, S)
    transitions : ndarray of shape (R, S, S)
        From the state of the second axis to that of the third.
    """

    means: np.ndarray
    precisions: np.ndarray
    offsets: np.ndarray
    transitions: np.ndarray


class Decoded(NamedTuple):
    """What the best path, or all paths together, say about m sequences of T observations, for R runs.

    Attributes
    ----------
    cost : ndarray of shape (R,)
        Of the best path; soft: minus the logarithm of the sum over all paths of exp(-cost).
    weights : ndarray of shape (R, S, m T)
        Share of each state in each observation: 0 or 1; soft: its probability.
    pairs : ndarray of shape (R, S, S)
        Numbers of transitions; soft: expected ones.
    states : ndarray of shape (R, m T), int32
        The state on the best path; soft: the likeliest one.
    """

    cost: np.ndarray
    weights: np.ndarray
    pairs: np.ndarray
    states: np.ndarray


def check_length(observations: int, states: int) -> None:
    """Refuse a sequence that is shorter than the number of states.

    Raises
    ------
    InputError
    """
    if observations < states:
        raise InputError(
            f"A sequence of {observations} observations cannot visit {states} states: "
            f"at least {states} observations, or fewer states, are needed."
        )


class SequenceProblem(PatternProblem):
    """A problem about sequences of equal length, whose hidden choice is a path through S states for each of them.

    The unit of work is a sequence.

    Parameters
    ----------
    sequences : array_like of shape (N, T, d), or (T, d)
        N sequences of T observations, or one.
    states : int
        S
    soft : bool
        Whether all paths count, each with the weight exp(-cost) (Baum and Welch), and not the best one alone (Viterbi).

    Attributes
    ----------
    X : ndarray of shape (N T, d)
        The observations, one sequence after the other.
    states : int
    soft : bool

    Raises
    ------
    InputError
        When there is no such array of finite numbers, or all observations are fewer than the states.
    """

    def __init__(self, sequences: np.ndarray, states: int, soft: bool) -> None:
        shape = np.shape(sequences)
        if len(shape) not in (2, 3) or 0 in shape:
            raise InputError(f"The sequences have shape {shape}: (sequences, observations, features) is needed.")
        super().__init__(np.reshape(np.asarray(sequences, dtype=np.float64), (-1, shape[-1])))
        if states < 1:
            raise InputError(f"The number of states is {states}: at least 1 is needed.")
        check_length(len(self.X), states)
        self.states, self.soft = states, soft
        self._sequences = frozen(self.X.reshape(-1, *shape[-2:]))

    @property
    def size(self) -> int:
        """Number of sequences."""
        return len(self._sequences)

    @property
    def gap(self) -> Gap:
        """Nats per observation."""
        return AbsoluteGap(len(self.X), unit="nats per observation")

    def every_sequence(self, runs: int) -> np.ndarray:
        """Return the rows (R, N) of a pass over all sequences."""
        return np.tile(np.arange(self.size), (runs, 1))

    def observations(self, rows: np.ndarray) -> np.ndarray:
        """Return the observations of some sequences, `rows` (R, m), one after the other, shape (R, m T, d)."""
        return np.asarray(self._sequences[rows].reshape(len(rows), -1, self.X.shape[1]))

    def decode(self, emissions: Emissions, rows: np.ndarray) -> Decoded:
        """Find the best paths, or what all of them say, of the sequences `rows` (R, m) of each run."""
        runs, length = len(rows), rows.shape[1] * self._sequences.shape[1]
        rows = frozen(np.ascontiguousarray(rows, dtype=np.int64))
        cost, pairs = np.zeros(runs), np.zeros((runs, self.states, self.states))
        states = np.zeros((runs, length), dtype=np.int32)
        weights = np.zeros((runs, self.states, length))
        costs = [frozen(np.ascontiguousarray(part)) for part in emissions]

        def task(some: slice) -> None:
            given = (self._sequences, rows[some], *(part[some] for part in costs))
            if self.soft:
                kernels.find_posteriors(*given, cost[some], weights[some], pairs[some])
            else:
                kernels.find_paths(*given, cost[some], states[some], pairs[some])

        over_runs(task, runs, products=runs * length * self.states * (self.states + self.X.shape[1]))
        if self.soft:
            # ties go to the lowest index
            states = weights.argmax(axis=1).astype(np.int32)
        else:
            np.put_along_axis(weights, states[:, None], 1.0, axis=1)
        return Decoded(cost, weights, pairs, states)
