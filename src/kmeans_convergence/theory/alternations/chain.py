"""The choice is a path: Viterbi training of hidden Markov models with Gaussian emissions (Juang and Rabiner 1990)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy.linalg import block_diag
from scipy.special import logsumexp, softmax

from kmeans_convergence.problems.markov import check_length
from kmeans_convergence.theory.alternations.blocks import Categories, Gaussians, log_probabilities


def viterbi(emissions: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Return the cheapest paths through S states, shape (..., T), by dynamic programming.

    Parameters
    ----------
    emissions : ndarray of shape (..., T, S)
        What each observation costs in each state; the leading axes are those of a batch. Fractions will do.
    transitions : ndarray of shape (..., S, S)
        What it costs to go from one state, the row, to the next.

    Returns
    -------
    ndarray of integers
        Among paths of the same cost, the lowest state at the end, then the lowest one before it, and so on.
    """
    least, before = emissions[..., 0, :], []
    for t in range(1, emissions.shape[-2]):
        total = least[..., :, None] + transitions
        before.append(total.argmin(axis=-2))
        least = total.min(axis=-2) + emissions[..., t, :]
    found = [least.argmin(axis=-1)]
    for origins in reversed(before):
        found.append(np.take_along_axis(origins, found[-1][..., None], axis=-1)[..., 0])
    return np.stack(found[::-1], axis=-1)


def posteriors(emissions: np.ndarray, transitions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what all paths together say, each with the weight exp(-cost): the soft form of `viterbi`.

    Parameters
    ----------
    emissions : ndarray of shape (..., T, S)
    transitions : ndarray of shape (..., S, S)

    Returns
    -------
    cost : ndarray of shape (...)
        Minus the logarithm of the sum over paths.
    states : ndarray of shape (..., T, S)
        Probability of each state at each time.
    pairs : ndarray of shape (..., S, S)
        Expected numbers of transitions.
    """
    T = emissions.shape[-2]
    forward, backward = [-emissions[..., 0, :]], [np.zeros_like(emissions[..., 0, :])]
    for t in range(1, T):
        forward.append(logsumexp(forward[-1][..., :, None] - transitions, axis=-2) - emissions[..., t, :])
    for t in range(T - 1, 0, -1):
        ahead = (backward[-1] - emissions[..., t, :])[..., None, :]
        backward.append(logsumexp(ahead - transitions, axis=-1))
    backward.reverse()
    total = logsumexp(forward[-1], axis=-1)
    states = softmax(np.stack(forward, axis=-2) + np.stack(backward, axis=-2), axis=-1)
    pairs = sum(
        np.exp(
            forward[t][..., :, None]
            - transitions
            + (backward[t + 1] - emissions[..., t + 1, :])[..., None, :]
            - total[..., None, None]
        )
        for t in range(T - 1)
    )
    return -total, states, np.asarray(pairs)


class Chain:
    """What both models share: a sequence, and paths through states.

    Parameters
    ----------
    x : ndarray
        Observations, T of them along the first axis.
    states : int
        S.

    Raises
    ------
    InputError
        When the sequence is shorter than the number of states.
    """

    def __init__(self, x: np.ndarray, states: int) -> None:
        check_length(len(x), states)
        self.x, self.states = x, states

    def choices(self) -> Iterator[np.ndarray]:
        """Yield all S^T paths."""
        yield from map(np.array, product(range(self.states), repeat=len(self.x)))


class MeansChain(Chain):
    """Viterbi training of the means alone: variances are 1, and transitions cost what they are said to cost.

    Parameters
    ----------
    x : ndarray of shape (T, d)
        Fractions will do.
    transitions : ndarray of shape (S, S)
        What each transition costs; parameters are the S d coordinates of the means.
    """

    def __init__(self, x: np.ndarray, transitions: np.ndarray) -> None:
        super().__init__(x, len(transitions))
        self.transitions = transitions

    def losses(self, w: np.ndarray) -> np.ndarray:
        """Return half the squared distances of the observations to the means, shape (T, S)."""
        return np.asarray(((self.x[:, None] - w.reshape(self.states, -1)) ** 2).sum(axis=2) / 2)

    def costs(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what observations cost in each state (T, S), and transitions (S, S)."""
        return self.losses(w), self.transitions

    def choose(self, w: np.ndarray) -> np.ndarray:
        """Return the cheapest path, shape (T,)."""
        return viterbi(*self.costs(w))

    def cost(self, z: np.ndarray, w: np.ndarray) -> float:
        """Return what the path costs."""
        return self.losses(w)[np.arange(len(z)), z].sum() + self.transitions[z[:-1], z[1:]].sum()

    def _visits(self, z: np.ndarray) -> np.ndarray:
        return np.bincount(z, minlength=self.states)

    def gradient(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the derivatives by the means."""
        w = w.reshape(self.states, -1)
        return np.concatenate([(w[s] - self.x[z == s]).sum(axis=0) for s in range(self.states)])

    def hessian(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the diagonal matrix of the visits, whatever the means."""
        return np.diag(np.repeat(self._visits(z), self.x.shape[1]))

    def expect(self, w: np.ndarray, s: float = 1.0) -> np.ndarray:
        """Return the means after a step of Baum and Welch's method, with costs in units of `s`: the soft form.

        For small s it is the step of Viterbi training.
        """
        _, states, _ = posteriors(self.losses(w) / s, self.transitions / s)
        return np.asarray((states.T @ self.x / states.sum(axis=0)[:, None]).ravel())

    def minimize(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the means of the observations of each state; a state without visits stays."""
        old, visits = w.reshape(self.states, -1), self._visits(z)
        return np.concatenate(
            [self.x[z == s].sum(axis=0) / int(visits[s]) if visits[s] else old[s] for s in range(self.states)]
        )


class FullChain(Chain):
    """Viterbi training of means, variances and transitions; the first state is drawn evenly.

    Parameters
    ----------
    x : ndarray of shape (T,)
    states : int
        S; parameters are S means, S log variances and S rows of S - 1 logits of the transitions.
    """

    def parts(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return means (S,), log variances (S,) and logits (S, S - 1)."""
        S = self.states
        return w[:S], w[S : 2 * S], w[2 * S :].reshape(S, S - 1)

    def costs(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what observations cost in each state (T, S), up to a constant, and transitions (S, S)."""
        mu, log_variance, logits = self.parts(w)
        squares = (self.x[:, None] - mu) ** 2 * np.exp(-log_variance)
        return (log_variance + squares) / 2, -log_probabilities(logits)

    def choose(self, w: np.ndarray) -> np.ndarray:
        """Return the likeliest path, shape (T,)."""
        return viterbi(*self.costs(w))

    def _blocks(self, z: np.ndarray) -> tuple[Gaussians, list[Categories]]:
        pairs = np.zeros((self.states, self.states))
        np.add.at(pairs, (z[:-1], z[1:]), 1)
        return Gaussians.grouped(self.x, z, self.states), [Categories(row) for row in pairs]

    def cost(self, z: np.ndarray, w: np.ndarray) -> float:
        """Return the negative log likelihood of observations and path, with the prior."""
        mu, log_variance, logits = self.parts(w)
        gaussians, rows = self._blocks(z)
        return gaussians.cost(mu, log_variance) + sum(row.cost(v) for row, v in zip(rows, logits, strict=True))

    def gradient(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the derivatives by means, log variances and logits."""
        mu, log_variance, logits = self.parts(w)
        gaussians, rows = self._blocks(z)
        by_logits = [row.gradient(v) for row, v in zip(rows, logits, strict=True)]
        return np.concatenate([gaussians.gradient(mu, log_variance), *by_logits])

    def hessian(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return the second derivatives."""
        mu, log_variance, logits = self.parts(w)
        gaussians, rows = self._blocks(z)
        by_logits = [row.hessian(v) for row, v in zip(rows, logits, strict=True)]
        return np.asarray(block_diag(gaussians.hessian(mu, log_variance), *by_logits))

    def expect(self, w: np.ndarray) -> np.ndarray:
        """Return all parameters after a step of Baum and Welch's method: the soft form of the alternation."""
        _, states, pairs = posteriors(*self.costs(w))
        N = states.sum(axis=0)
        mean = self.x @ states / N
        scatter = (states * (self.x[:, None] - mean) ** 2).sum(axis=0)
        gaussians = Gaussians(N, mean, scatter, float(self.x.var()))
        return _best(gaussians, [Categories(row) for row in pairs], self.parts(w)[0])

    def minimize(self, z: np.ndarray, w: np.ndarray) -> np.ndarray:
        """Return means, variances and shares of transitions along the path; the mean of a state not visited stays."""
        return _best(*self._blocks(z), self.parts(w)[0])


def _best(gaussians: Gaussians, rows: list[Categories], mu: np.ndarray) -> np.ndarray:
    """Return the parameters that minimise the cost of these blocks; `mu` (S,) are the means of states not visited."""
    return np.concatenate([gaussians.minimizer(mu), *(row.minimizer() for row in rows)])
