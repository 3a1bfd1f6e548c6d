r"""Compiled dynamic programming over sequences: the best path of each, and what all paths together say.

Each run has means, inverse variances and offsets of the emissions, and costs of the transitions, of its own. An
observation x costs :math:`o_s+\frac12\sum_jp_{sj}(x_j-\mu_{sj})^2` in state s. Ties go to the lowest state at the
end of a sequence, then to the lowest one before it, and so on.
"""

# Kernels are compiled and have no annotations.
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kmeans_convergence.problems.compiled import compiled

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


@compiled(**OPTIONS)
def _emissions(x, means, precisions, offsets, costs):
    """Write what the observations `x` (T, d) cost in each state, (T, S)."""
    for t in range(x.shape[0]):
        for s in range(means.shape[0]):
            total = 0.0
            for j in range(x.shape[1]):
                difference = x[t, j] - means[s, j]
                total += precisions[s, j] * difference * difference
            costs[t, s] = offsets[s] + 0.5 * total


@compiled(**OPTIONS)
def find_paths(X, rows, means, precisions, offsets, transitions, cost, paths, pairs):
    """Find the cheapest path of each sequence (Viterbi).

    Parameters
    ----------
    X : float64 array of shape (N, T, d), in
    rows : int64 array of shape (R, m), in
        The sequences of each run.
    means, precisions : float64 arrays of shape (R, S, d), in
    offsets : float64 array of shape (R, S), in
    transitions : float64 array of shape (R, S, S), in
        From the state of the second axis to that of the third.
    cost : float64 array of shape (R,), out
        Begins at 0.
    paths : int32 array of shape (R, m T), out
    pairs : float64 array of shape (R, S, S), out
        Numbers of transitions; begins at 0.
    """
    T, S = X.shape[1], means.shape[1]
    emissions, origins = np.empty((T, S)), np.empty((T, S), dtype=np.int64)
    before, here = np.empty(S), np.empty(S)
    for r in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            _emissions(X[rows[r, i]], means[r], precisions[r], offsets[r], emissions)
            for s in range(S):
                here[s] = emissions[0, s]
            for t in range(1, T):
                before, here = here, before
                for s in range(S):
                    least, origin = np.inf, 0
                    for a in range(S):
                        total = before[a] + transitions[r, a, s]
                        if total < least:
                            least, origin = total, a
                    here[s] = least + emissions[t, s]
                    origins[t, s] = origin
            state = 0
            for s in range(1, S):
                if here[s] < here[state]:
                    state = s
            cost[r] += here[state]
            for t in range(T - 1, 0, -1):
                paths[r, i * T + t] = state
                origin = origins[t, state]
                pairs[r, origin, state] += 1.0
                state = origin
            paths[r, i * T] = state


@compiled(**OPTIONS)
def _log_sum(values):
    """Return the logarithm of the sum of exponentials of values (S,)."""
    largest = values[0]
    for a in range(1, values.shape[0]):
        largest = max(largest, values[a])
    total = 0.0
    for a in range(values.shape[0]):
        total += math.exp(values[a] - largest)
    return largest + math.log(total)


@compiled(**OPTIONS)
def find_posteriors(X, rows, means, precisions, offsets, transitions, cost, weights, pairs):
    """Find what all paths together say, each with the weight exp(-cost), by the recursions forward and backward.

    Parameters
    ----------
    X, rows, means, precisions, offsets, transitions
        See `find_paths`.
    cost : float64 array of shape (R,), out
        Minus the logarithm of the sum over all paths; begins at 0.
    weights : float64 array of shape (R, S, m T), out
        Probability of each state at each time.
    pairs : float64 array of shape (R, S, S), out
        Expected numbers of transitions; begins at 0.
    """
    T, S = X.shape[1], means.shape[1]
    emissions, forward = np.empty((T, S)), np.empty((T, S))
    ahead, behind, terms = np.empty(S), np.empty(S), np.empty(S)
    for r in range(rows.shape[0]):
        for i in range(rows.shape[1]):
            _emissions(X[rows[r, i]], means[r], precisions[r], offsets[r], emissions)
            for s in range(S):
                forward[0, s] = -emissions[0, s]
            for t in range(1, T):
                for s in range(S):
                    for a in range(S):
                        terms[a] = forward[t - 1, a] - transitions[r, a, s]
                    forward[t, s] = _log_sum(terms) - emissions[t, s]
            total = _log_sum(forward[T - 1])
            cost[r] -= total
            for s in range(S):
                ahead[s] = 0.0
            for t in range(T - 1, -1, -1):
                for s in range(S):
                    weights[r, s, i * T + t] = math.exp(forward[t, s] + ahead[s] - total)
                if t == 0:
                    continue
                for s in range(S):
                    behind[s] = ahead[s] - emissions[t, s]
                for a in range(S):
                    for s in range(S):
                        terms[s] = behind[s] - transitions[r, a, s]
                        pairs[r, a, s] += math.exp(forward[t - 1, a] + terms[s] - total)
                    ahead[a] = _log_sum(terms)
