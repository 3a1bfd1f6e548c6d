r"""Complete-data costs of which the examples are made: Gaussians with unknown variance, and categories.

Both are negative log likelihoods of observations whose group is known. A weak prior, worth `PRIOR` observations, keeps
minimisers inside: a group of one observation has no variance of its own, and what never happened no logarithm. It
depends on the parameters alone, so choices stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, softmax

PRIOR = 1.0


@dataclass(frozen=True)
class Gaussians:
    """Observations on a line in groups of unknown means and variances; parameters are means and log variances.

    Attributes
    ----------
    N : ndarray of shape (K,)
        Observations of each group.
    mean : ndarray of shape (K,)
        Their means; anything where there are none.
    scatter : ndarray of shape (K,)
        Their sums of squares about these means.
    typical : float
        The variance of the prior's observations.
    """

    N: np.ndarray
    mean: np.ndarray
    scatter: np.ndarray
    typical: float

    @classmethod
    def grouped(cls, x: np.ndarray, z: np.ndarray, groups: int) -> Gaussians:
        """Summarise observations `x` (n,) in the groups `z` (n,)."""
        N = np.bincount(z, minlength=groups)
        mean = np.bincount(z, weights=x, minlength=groups) / np.maximum(N, 1)
        return cls(N, mean, np.bincount(z, weights=(x - mean[z]) ** 2, minlength=groups), float(x.var()))

    def _squares(self, mu: np.ndarray) -> np.ndarray:
        """Return the sums of squares about `mu` (K,), those of the prior among them."""
        return self.scatter + self.N * (mu - self.mean) ** 2 + PRIOR * self.typical

    def cost(self, mu: np.ndarray, log_variance: np.ndarray) -> float:
        """Return the negative log likelihood in nats, up to a constant."""
        return float(((self.N + PRIOR) * log_variance + self._squares(mu) * np.exp(-log_variance)).sum() / 2)

    def gradient(self, mu: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
        """Return the derivatives by means and by log variances, shape (2 K,)."""
        precision = np.exp(-log_variance)
        by_mean = self.N * precision * (mu - self.mean)
        return np.concatenate([by_mean, (self.N + PRIOR - self._squares(mu) * precision) / 2])

    def hessian(self, mu: np.ndarray, log_variance: np.ndarray) -> np.ndarray:
        """Return the second derivatives, shape (2 K, 2 K)."""
        precision = np.exp(-log_variance)
        mixed = np.diag(-self.N * precision * (mu - self.mean))
        return np.block([[np.diag(self.N * precision), mixed], [mixed, np.diag(self._squares(mu) * precision / 2)]])

    def minimizer(self, mu: np.ndarray) -> np.ndarray:
        """Return the best means and log variances, shape (2 K,); the mean of a group without observations stays."""
        variance = (self.scatter + PRIOR * self.typical) / (self.N + PRIOR)
        return np.concatenate([np.where(self.N > 0, self.mean, mu), np.log(variance)])


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the logarithms of S probabilities from S - 1 logits, shape (..., S); the last one's logit is 0."""
    full = np.concatenate([logits, np.zeros((*logits.shape[:-1], 1))], axis=-1)
    return np.asarray(full - logsumexp(full, axis=-1, keepdims=True))


@dataclass(frozen=True)
class Categories:
    """Counts of S categories with unknown probabilities; parameters are S - 1 logits against the last category."""

    counts: np.ndarray

    @property
    def _weights(self) -> np.ndarray:
        return np.asarray(self.counts + PRIOR)

    def _probabilities(self, logits: np.ndarray) -> np.ndarray:
        return np.asarray(softmax(np.append(logits, 0.0))[:-1])

    def cost(self, logits: np.ndarray) -> float:
        """Return the negative log likelihood in nats."""
        return -float(self._weights @ log_probabilities(logits))

    def gradient(self, logits: np.ndarray) -> np.ndarray:
        """Return the derivatives, shape (S - 1,)."""
        return np.asarray(self._weights.sum() * self._probabilities(logits) - self._weights[:-1])

    def hessian(self, logits: np.ndarray) -> np.ndarray:
        """Return the second derivatives, shape (S - 1, S - 1)."""
        p = self._probabilities(logits)
        return np.asarray(self._weights.sum() * (np.diag(p) - np.outer(p, p)))

    def minimizer(self) -> np.ndarray:
        """Return the best logits, shape (S - 1,)."""
        return np.asarray(np.log(self._weights[:-1] / self._weights[-1]))
