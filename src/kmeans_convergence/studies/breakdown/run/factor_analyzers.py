r"""Mixtures of factor analysers (Ghahramani and Hinton 1996): covariances :math:`\Lambda_k\Lambda_k^T+\Psi_k`.

The loadings :math:`\Lambda_k` have q columns and :math:`\Psi_k` is diagonal, so that a component has d (q + 1)
parameters of its covariance in place of d (d + 1) / 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.problems.mixture import Mixture

# Steps for loadings and noise in each step for responsibilities, weights and means: each of them raises the likelihood.
INNER = 3


@dataclass(frozen=True)
class FactorAnalyzers:
    """R mixtures of K factor analysers in d features.

    Attributes
    ----------
    weights : ndarray of shape (R, K)
    means : ndarray of shape (R, K, d)
    loadings : ndarray of shape (R, K, d, q)
    noise : ndarray of shape (R, K, d)
        Variances.
    """

    weights: np.ndarray
    means: np.ndarray
    loadings: np.ndarray
    noise: np.ndarray

    @property
    def covariances(self) -> np.ndarray:
        """Covariances (R, K, d, d)."""
        return self.loadings @ self.loadings.swapaxes(2, 3) + self.noise[..., None] * np.eye(self.means.shape[2])

    def as_mixture(self) -> Mixture:
        """Return the same as mixtures of Gaussians."""
        return Mixture(self.weights, self.means, np.linalg.cholesky(self.covariances))


def fit(X: np.ndarray, start: np.ndarray, rank: int, steps: int, floor: float) -> tuple[FactorAnalyzers, np.ndarray]:
    """Take steps of generalised EM: the likelihood never falls.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    start : ndarray of shape (R, n, K)
        Responsibilities.
    rank : int
        q, at most d.
    steps : int
    floor : float
        Least variance of the noise, in squared units of the data: without one, the likelihood is unbounded here, too.

    Returns
    -------
    FactorAnalyzers
    nats : ndarray of shape (steps + 1, R)
        Log likelihood per pattern, at the start and after each step.
    """
    model = _begun(X, start, rank, floor)
    nats = np.empty((steps + 1, len(start)))
    for step in range(steps):
        nats[step], r = _expected(model, X)
        model = _maximized(model, X, r, floor)
    nats[steps], _ = _expected(model, X)
    return model, nats


def _moments(X: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, means and covariances of components for responsibilities (R, n, K)."""
    # a component that has lost all patterns stays, with the floor as its covariance
    counts = np.maximum(r.sum(axis=1), np.finfo(np.float64).tiny)
    means = r.swapaxes(1, 2) @ X / counts[..., None]
    deviations = X[None, None] - means[:, :, None]
    weighted = r.swapaxes(1, 2)[..., None] * deviations
    return counts / len(X), means, weighted.swapaxes(2, 3) @ deviations / counts[..., None, None]


def _begun(X: np.ndarray, start: np.ndarray, rank: int, floor: float) -> FactorAnalyzers:
    """Return the mixture that has the principal axes of each component, and the rest of the variances as noise."""
    weights, means, covariances = _moments(X, start)
    values, vectors = np.linalg.eigh(covariances)
    loadings = vectors[..., -rank:] * np.sqrt(np.maximum(values[..., None, -rank:], 0))
    rest = np.diagonal(covariances, axis1=2, axis2=3) - (loadings**2).sum(axis=3)
    return FactorAnalyzers(weights, means, loadings, np.maximum(rest, floor))


def _expected(model: FactorAnalyzers, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log likelihoods per pattern (R,) and responsibilities (R, n, K)."""
    factors = np.linalg.cholesky(model.covariances)
    y = np.linalg.solve(factors, (X[None, None] - model.means[:, :, None]).swapaxes(2, 3))
    constant = np.log(model.weights) - np.log(np.diagonal(factors, axis1=2, axis2=3)).sum(axis=2)
    joint = constant[..., None] - 0.5 * (y**2).sum(axis=2) - 0.5 * X.shape[1] * math.log(2 * math.pi)
    largest = joint.max(axis=1, keepdims=True)
    densities = np.exp(joint - largest)
    total = densities.sum(axis=1, keepdims=True)
    return (largest + np.log(total))[:, 0].mean(axis=1), (densities / total).swapaxes(1, 2)


def _maximized(model: FactorAnalyzers, X: np.ndarray, r: np.ndarray, floor: float) -> FactorAnalyzers:
    """Return the mixture after an M-step for weights and means, and some for the rest (Rubin and Thayer 1982)."""
    weights, means, covariances = _moments(X, r)
    model = FactorAnalyzers(weights, means, model.loadings, model.noise)
    for _ in range(INNER):
        loadings = model.loadings
        # of the factors: their regression on the patterns, and their second moments
        regression = np.linalg.solve(model.covariances, loadings).swapaxes(2, 3)
        explained = covariances @ regression.swapaxes(2, 3)
        moments = np.eye(loadings.shape[3]) - regression @ loadings + regression @ explained
        loadings = np.linalg.solve(moments, explained.swapaxes(2, 3)).swapaxes(2, 3)
        rest = np.diagonal(covariances, axis1=2, axis2=3) - (loadings * explained).sum(axis=3)
        model = FactorAnalyzers(weights, means, loadings, np.maximum(rest, floor))
    return model
