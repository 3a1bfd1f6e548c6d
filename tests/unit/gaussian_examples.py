"""Patterns and mixtures that the tests of Gaussian mixtures share, and mixtures as textbooks write them."""

from dataclasses import dataclass

import numpy as np

from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.problems.mixture import InverseWishart

MODELS = ("spherical", "diagonal", "tied", "full")
PENALTIES = ("likelihood", "ridge", "prior", "both")


def patterns(seed=0, n=80, features=3):
    """Correlated patterns in three overlapping heaps."""
    rng = np.random.default_rng(seed)
    mixing = np.eye(features) + 0.5 * rng.normal(size=(features, features))
    return (rng.normal(size=(n, features)) + 2 * rng.integers(0, 3, n)[:, None]) @ mixing + 1


def problem(model="full", penalty="likelihood", X=None, **options):
    X = patterns() if X is None else X
    if penalty in ("ridge", "both"):
        options["ridge"] = 0.3
    if penalty in ("prior", "both"):
        options["prior"] = InverseWishart(7.0, 2 * np.cov(X.T) + np.eye(X.shape[1]))
    return GaussianMixtureProblem(X, model, **options)


def points(problem, seed=0, runs=3, clusters=3, spread=0.1):
    """Points of an M-step with random responsibilities, and some way from there."""
    rng = np.random.default_rng(seed)
    x = problem.pack(problem.from_responsibilities(rng.dirichlet(np.full(clusters, 0.3), (runs, problem.size))))
    return x + spread * rng.normal(size=x.shape)


@dataclass
class Plain:
    """One mixture with full covariances (K, d, d), whatever its model."""

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @classmethod
    def of(cls, mixture, run=0):
        weights, means, factors = mixture.weights[run], mixture.means[run], mixture.factors[run]
        if factors.ndim == 2:
            covariances = (factors**2)[..., None] * np.eye(means.shape[1])
        else:
            covariances = factors @ factors.swapaxes(1, 2)
        return cls(weights, means, np.broadcast_to(covariances, (len(weights), *covariances.shape[1:])))

    def log_densities(self, X):
        """Logarithms of weight times density by SciPy, shape (n, K)."""
        from scipy import stats

        return np.stack(
            [
                np.log(weight) + stats.multivariate_normal(mean, covariance).logpdf(X)
                for weight, mean, covariance in zip(self.weights, self.means, self.covariances, strict=True)
            ],
            axis=1,
        )

    def responsibilities(self, X):
        joint = self.log_densities(X)
        r = np.exp(joint - joint.max(axis=1, keepdims=True))
        return r / r.sum(axis=1, keepdims=True)
