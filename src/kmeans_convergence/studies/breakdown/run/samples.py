"""Patterns, starts and densities that the experiments on the breakdown share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from kmeans_convergence.data.dataset import standardize
from kmeans_convergence.data.synthetic import mixture
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import GaussianMixtureProblem, QuantizationProblem
from kmeans_convergence.problems.mixture import Mixture
from kmeans_convergence.starts import Streams, draw, stream, streams

# Mean distance of a centre from its nearest neighbour, in standard deviations.
SEPARATION = 3.0
# Features of the digits are means over blocks of so many pixels a side, and digits of these are taken.
BLOCK, DIGITS = 2, 3
# Patterns that are drawn of a larger set.
ROWS = 400


class Sample(NamedTuple):
    """Patterns (n, d) whose classes (n,) are known, and how many classes there are."""

    name: str
    X: np.ndarray
    labels: np.ndarray
    clusters: int


def simulated(seed: int, number: int, patterns: int, features: int, clusters: int, correlation: float = 0.0) -> Sample:
    """Draw from a mixture of Gaussians with equal covariances.

    Samples of one number, dimension and number of clusters are the same patterns, whatever their size and correlation:
    the first ones of the largest, and affine maps of each other.

    Parameters
    ----------
    seed, number : int
    patterns, features, clusters : int
        n, d and K.
    correlation : float
        Of a feature with the next, within the clusters.
    """
    rng = stream(seed, "breakdown", number, features, clusters)
    X, _, labels = mixture(rng, max(patterns, ROWS), features, clusters, SEPARATION)
    return Sample(
        f"simulated {number}", X[:patterns] @ autoregression(features, correlation), labels[:patterns], clusters
    )


def autoregression(features: int, correlation: float) -> np.ndarray:
    """Return the map (d, d) that gives independent features the correlation `correlation` ** abs(i - j)."""
    exponents = np.abs(np.subtract.outer(np.arange(features), np.arange(features)))
    return np.asarray(np.linalg.cholesky(correlation**exponents).T)


def collinear(features: int, delta: float) -> np.ndarray:
    """Return the map (d, d) after which the last feature is the sum of the others and `delta` times itself."""
    A = np.eye(features)
    A[:-1, -1], A[-1, -1] = 1, delta
    return A


def labelled(seed: int, rows: int = ROWS) -> list[Sample]:
    """Return tables with known classes, features in their standard deviations, and at most so many rows of each."""
    from sklearn import datasets  # slow to import

    found = []
    for name in ("iris", "wine", "breast_cancer"):
        table = getattr(datasets, f"load_{name}")()
        found.append(Sample(name, table.data, table.target, len(table.target_names)))
    table = datasets.load_digits(n_class=DIGITS)
    side = table.images.shape[1] // BLOCK
    blocks = table.images.reshape(-1, side, BLOCK, side, BLOCK).mean(axis=(2, 4)).reshape(-1, side * side)
    found.append(Sample("digits", blocks, table.target, DIGITS))
    return [_drawn(sample, seed, rows) for sample in found]


def _drawn(sample: Sample, seed: int, rows: int) -> Sample:
    n = len(sample.X)
    chosen = np.sort(stream(seed, "breakdown", sample.name, "rows").permutation(n)[:rows])
    return sample._replace(X=standardize(sample.X[chosen]), labels=sample.labels[chosen])


def of_factors(seed: int, patterns: int, features: int, clusters: int, rank: int, name: str) -> Sample:
    """Draw clusters whose covariances are of low rank, each its own, and noise of a tenth of the variance."""
    rng = stream(seed, "breakdown", name)
    X, _, labels = mixture(rng, patterns, features, clusters, SEPARATION)
    loadings = rng.standard_normal((clusters, features, rank))
    scores = rng.standard_normal((patterns, rank))
    along = np.einsum("idq,iq->id", loadings[labels], scores)
    return Sample(name, standardize(X + along), labels, clusters)


def embedded(seed: int, number: int, patterns: int, features: int, clusters: int) -> Sample:
    """Draw what embeddings of texts and images are like: vectors of length 1, whose variance falls along directions.

    The variance along direction j is proportional to 1/j; cluster centres differ along the first ones most, too.
    """
    rng = stream(seed, "breakdown", "embedded", number, features)
    scale = np.arange(1, features + 1) ** -0.5
    labels = rng.integers(clusters, size=patterns)
    centres = rng.standard_normal((clusters, features))
    X = (SEPARATION * centres[labels] + rng.standard_normal((patterns, features))) * scale
    turned, _ = np.linalg.qr(rng.standard_normal((features, features)))
    X = X @ turned
    return Sample(f"embedded {features} {number}", X / np.linalg.norm(X, axis=1, keepdims=True), labels, clusters)


# --- starts -----------------------------------------------------------------------------------------------------------


def at_patterns(problem: GaussianMixtureProblem, clusters: int, rngs: Streams) -> Mixture:
    """Return starts whose means are patterns, with equal weights and the covariance of all data.

    An affine map of the data maps them, too: under full and tied covariances they are the same starts.
    """
    means = draw(problem.X, clusters, rngs)
    whole = problem.from_responsibilities(np.ones((1, problem.size, 1))).factors[0]
    groups = 1 if problem.model.shared else clusters
    factors = np.broadcast_to(whole, (len(means), groups, *whole.shape[1:]))
    return Mixture(np.full((len(means), clusters), 1 / clusters), means, factors)


def from_kmeans(X: np.ndarray, clusters: int, rngs: Streams, passes: float = 50.0, kept: float = 0.9) -> np.ndarray:
    """Return responsibilities (R, n, K) of batch K-means from k-means++, each softened: a share is for all alike."""
    trace = minimize(QuantizationProblem(X), MajorizeMinimize(), draw(X, clusters, rngs, "plusplus"), passes=passes)
    squares = ((X[None, :, None] - trace.w[:, None]) ** 2).sum(axis=3)
    return kept * np.eye(clusters)[squares.argmin(axis=2)] + (1 - kept) / clusters


def soft_labels(labels: np.ndarray, clusters: int, kept: float = 0.9) -> np.ndarray:
    """Return responsibilities (1, n, K) that know the classes, softened likewise."""
    return kept * np.eye(clusters)[labels][None] + (1 - kept) / clusters


def random_responsibilities(patterns: int, clusters: int, seed: int, name: str, runs: Sequence[int]) -> np.ndarray:
    """Return responsibilities (R, n, K) that were drawn evenly from all."""
    rngs = streams(seed, name, clusters, runs, "responsibilities")
    return np.stack([rng.dirichlet(np.ones(clusters), patterns) for rng in rngs])


# --- densities --------------------------------------------------------------------------------------------------------


def triangles(mixture: Mixture) -> np.ndarray:
    """Return the Cholesky factors of any model as triangles (R, K, d, d)."""
    runs, clusters, features = mixture.means.shape
    factors = mixture.factors
    if factors.ndim == 3:
        factors = factors[..., None] * np.eye(features)
    return np.broadcast_to(factors, (runs, clusters, features, features))


def log_joint(mixture: Mixture, X: np.ndarray) -> np.ndarray:
    """Return the logarithms of weight times density of patterns (n, d), shape (R, n, K)."""
    runs, clusters, features = mixture.means.shape
    found = np.empty((runs, len(X), clusters))
    factors = triangles(mixture)
    with np.errstate(divide="ignore"):
        log_weights = np.log(mixture.weights)
    for run in range(runs):
        for k in range(clusters):
            C = factors[run, k]
            y = solve_triangular(C, (X - mixture.means[run, k]).T, lower=True)
            constant = log_weights[run, k] - np.log(np.diag(C)).sum() - 0.5 * features * math.log(2 * math.pi)
            found[run, :, k] = constant - 0.5 * (y**2).sum(axis=0)
    return found


def log_likelihood(mixture: Mixture, X: np.ndarray) -> np.ndarray:
    """Return the mean log likelihood of patterns, in nats per pattern, shape (R,)."""
    return np.asarray(logsumexp(log_joint(mixture, X), axis=2).mean(axis=1))


def responsibilities(mixture: Mixture, X: np.ndarray) -> np.ndarray:
    """Return the responsibilities (R, n, K) for patterns."""
    joint = log_joint(mixture, X)
    return np.exp(joint - logsumexp(joint, axis=2, keepdims=True))


def relative_eigenvalues(mixture: Mixture, X: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of covariances in units of the data's (R, K, d), in falling order.

    An affine map of the data and the mixture leaves them as they are: a small one says that a component is flat where
    the data are not.
    """
    deviations = (X - X.mean(axis=0)) / math.sqrt(len(X))
    whole = np.asarray(np.linalg.qr(deviations, mode="r")).T
    factors = triangles(mixture)
    flat = factors.transpose(2, 0, 1, 3).reshape(len(whole), -1)
    relative = solve_triangular(whole, flat, lower=True).reshape(-1, *factors.shape[:2], len(whole))
    return np.asarray(np.linalg.svd(relative.transpose(1, 2, 0, 3), compute_uv=False) ** 2)


def next_variances(mixture: Mixture, X: np.ndarray) -> np.ndarray:
    """Return the variances of the next step of EM, in units of the data's, (R, K, d); of spherical ones (R, K, 1).

    Those of full and tied covariances are eigenvalues, those of diagonal ones belong to the features.

    Parameters
    ----------
    mixture : Mixture
        Of R runs.
    X : ndarray of shape (n, d)
    """
    diagonal, deviations = mixture.factors.ndim == 3, X - X.mean(axis=0)
    if diagonal:
        spherical = mixture.factors.shape[2] < X.shape[1]
        Z = deviations / (math.sqrt(X.var(axis=0).mean()) if spherical else X.std(axis=0))
    else:
        Z = math.sqrt(len(X)) * np.linalg.svd(deviations, full_matrices=False)[0]
    r = responsibilities(mixture, X).swapaxes(1, 2)
    counts = np.maximum(r.sum(axis=2), np.finfo(np.float64).tiny)
    y = Z - (r @ Z / counts[..., None])[:, :, None]
    if diagonal:
        variances = (r[..., None] * y**2).sum(axis=2) / counts[..., None]
        return variances.mean(axis=2, keepdims=True) if spherical else variances
    moments = (r[..., None] * y).swapaxes(2, 3) @ y
    if mixture.factors.shape[1] < counts.shape[1]:
        moments = np.broadcast_to(moments.sum(axis=1, keepdims=True) / len(X), moments.shape)
    else:
        moments = moments / counts[..., None, None]
    return np.abs(np.linalg.eigvalsh(moments))
