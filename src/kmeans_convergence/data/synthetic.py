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
