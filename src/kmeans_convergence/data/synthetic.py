"""Sets with known structure: mixtures whose overlap and dimension are swept, and densities without any clusters."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from kmeans_convergence.starts import stream

# Root of these sets' random streams: the data are the same whatever the seed of a study.
SEED = 1995
PATTERNS = 10_000
CLUSTERS = 10

# Mean distance of a centre from its nearest neighbour, in standard deviations s. Halfway between two Gaussians the
# rule of the nearest centre takes Phi(-s / 2) of each for the other's: 0.003 %, 2.3 % and 16 %, in any dimension.
SEPARATIONS = {"low": 8.0, "medium": 4.0, "high": 2.0}
MIXTURE_DIMENSIONS = (2, 8, 32)
UNIFORM_DIMENSIONS = (1, 2, 5)

# Correlation of a feature of `gaussian_8` with the next.
CORRELATION = 0.9

Table = tuple[np.ndarray, tuple[str, ...]]


def mixture(
    rng: np.random.Generator, patterns: int, dimension: int, clusters: int, separation: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw from a mixture of Gaussians with the unit covariance and equal weights.

    Parameters
    ----------
    rng : Generator
    patterns, dimension, clusters : int
        n, d and K.
    separation : float
        Mean distance of a centre from its nearest neighbour, in standard deviations.

    Returns
    -------
    X : ndarray of shape (n, d)
    centres : ndarray of shape (K, d)
    labels : ndarray of shape (n,)
        The Gaussian that each pattern comes from.
    """
    centres = separated(rng, dimension, clusters, separation)
    X, labels = around(rng, centres, patterns)
    return X, centres, labels


def separated(rng: np.random.Generator, dimension: int, clusters: int, separation: float) -> np.ndarray:
    """Draw the centres (K, d) of such a mixture."""
    centres = rng.standard_normal((clusters, dimension))
    distances = np.linalg.norm(centres[:, np.newaxis] - centres, axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.asarray(centres * (separation / distances.min(axis=1).mean()))


def around(rng: np.random.Generator, centres: np.ndarray, patterns: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw patterns (n, d) and labels (n,) of such a mixture from its centres (K, d)."""
    labels = rng.integers(len(centres), size=patterns)
    return centres[labels] + rng.standard_normal((patterns, centres.shape[1])), labels


def uniform(rng: np.random.Generator, patterns: int, dimension: int) -> np.ndarray:
    """Draw from the unit cube, of shape (n, d): no clusters."""
    return rng.random((patterns, dimension))


def correlated(rng: np.random.Generator, patterns: int, dimension: int, correlation: float) -> np.ndarray:
    """Draw from one Gaussian whose features i and j have the correlation `correlation` ** abs(i - j): no clusters.

    Returns
    -------
    ndarray of shape (n, d)
        A stationary autoregression along the features, each of variance 1.
    """
    X = rng.standard_normal((patterns, dimension))
    for feature in range(1, dimension):
        X[:, feature] = correlation * X[:, feature - 1] + np.sqrt(1 - correlation**2) * X[:, feature]
    return X


def hidden_markov(
    rng: np.random.Generator, sequences: int, observations: int, states: int, separation: float, stay: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw from a hidden Markov model on a line with unit variances.

    Parameters
    ----------
    rng : Generator
    sequences, observations, states : int
        N, T and S.
    separation : float
        Of neighbouring means, in standard deviations.
    stay : float
        Probability of staying in a state; the others are equally likely.

    Returns
    -------
    x : ndarray of shape (N, T, 1)
    paths : ndarray of shape (N, T), integers
    """
    paths = np.empty((sequences, observations), dtype=int)
    paths[:, 0] = rng.integers(states, size=sequences)
    for t in range(1, observations):
        moves = rng.random(sequences) >= stay
        paths[:, t] = (paths[:, t - 1] + moves * rng.integers(1, states, size=sequences)) % states
    return (separation * paths + rng.standard_normal(paths.shape))[..., None], paths


def lines(
    rng: np.random.Generator, patterns: int, groups: int, offset: float, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw rows around lines through a common regressor whose mean is `offset` of its standard deviations from zero.

    The farther it is, the worse is the condition of the regressors with their constant.

    Returns
    -------
    X : ndarray of shape (n, 2)
        A constant and the regressor.
    y : ndarray of shape (n,)
        Slopes are drawn from a standard normal distribution, lines cross over the mean of the regressor at heights that
        are, too.
    """
    x, group = rng.standard_normal(patterns), rng.integers(groups, size=patterns)
    heights, slopes = rng.standard_normal((2, groups))
    y = heights[group] + slopes[group] * x + noise * rng.standard_normal(patterns)
    return np.stack([np.ones(patterns), x + offset], axis=1), y


def subspaces(
    rng: np.random.Generator, patterns: int, features: int, groups: int, dimension: int, noise: float
) -> np.ndarray:
    """Draw patterns (n, d) around random subspaces through the origin, with unit variance along each of their axes."""
    bases = np.linalg.qr(rng.standard_normal((groups, features, dimension)))[0]
    group = rng.integers(groups, size=patterns)
    within = np.einsum("ijq,iq->ij", bases[group], rng.standard_normal((patterns, dimension)))
    return np.asarray(within + noise * rng.standard_normal((patterns, features)))


def _load(name: str, draw: Callable[[np.random.Generator], np.ndarray]) -> Table:
    X = draw(stream(SEED, name))
    return X, tuple(f"x{feature + 1}" for feature in range(X.shape[1]))


def _mixture(overlap: str, dimension: int) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: mixture(rng, PATTERNS, dimension, CLUSTERS, SEPARATIONS[overlap])[0]


_DRAWS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    **{f"mixture_{overlap}_{d}": _mixture(overlap, d) for overlap in SEPARATIONS for d in MIXTURE_DIMENSIONS},
    **{f"uniform_{d}": partial(uniform, patterns=PATTERNS, dimension=d) for d in UNIFORM_DIMENSIONS},
    "gaussian_8": partial(correlated, patterns=PATTERNS, dimension=8, correlation=CORRELATION),
}

LOADERS: dict[str, Callable[[], Table]] = {name: partial(_load, name, draw) for name, draw in _DRAWS.items()}
