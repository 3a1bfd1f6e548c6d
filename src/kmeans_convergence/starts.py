"""Random streams and initial prototypes.

Every random number of the study comes from a named child stream of one root seed. The name holds
the data set, the number of prototypes, the repetition and the purpose, never the optimizer: so all
optimizers share their starts and their orders of presentation, and every comparison is paired.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import numpy as np

from kmeans_convergence.patterns import check_clusters

Streams = Sequence[np.random.Generator]


def stream(root: int, *name: str | int) -> np.random.Generator:
    """Return the child stream of `root` that belongs to `name`, the same in every process."""
    key = [part if isinstance(part, int) else _as_integer(part) for part in name]
    return np.random.default_rng(np.random.SeedSequence(root, spawn_key=key))


def streams(root: int, dataset: str, clusters: int, repetitions: Sequence[int], purpose: str) -> Streams:
    """Return one stream for each repetition; run r does not depend on how many runs there are."""
    return [stream(root, dataset, clusters, r, purpose) for r in repetitions]


def _as_integer(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8], "little")


def from_patterns(X: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `clusters` patterns without replacement, as the paper does (section 5)."""
    return X[rng.choice(len(X), size=clusters, replace=False)]


def uniform_in_box(X: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Draw prototypes uniformly in the bounding box of the patterns."""
    return rng.uniform(X.min(axis=0), X.max(axis=0), size=(clusters, X.shape[1]))


def gaussian_at_mean(X: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Draw prototypes from a Gaussian with the mean and the standard deviation of each feature."""
    return rng.normal(X.mean(axis=0), X.std(axis=0), size=(clusters, X.shape[1]))


def plusplus(X: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Draw patterns by k-means++ (Arthur and Vassilvitskii 2007).

    The first is drawn evenly, each further one with a probability proportional to the squared distance D² from the
    nearest of those that are there; when all patterns are taken, evenly again.
    """
    chosen = [int(rng.integers(len(X)))]
    squared = np.full(len(X), np.inf)
    while len(chosen) < clusters:
        squared = np.minimum(squared, ((X - X[chosen[-1]]) ** 2).sum(axis=1))
        cumulated = squared.cumsum()
        # a pattern of weight zero is never drawn: the first sum beyond the drawn number rises at one with a weight
        place = np.searchsorted(cumulated, rng.random() * cumulated[-1], side="right")
        chosen.append(int(place) if place < len(X) else int(rng.integers(len(X))))
    return X[chosen]


KINDS: dict[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]] = {
    "patterns": from_patterns,
    "box": uniform_in_box,
    "gaussian": gaussian_at_mean,
    "plusplus": plusplus,
}


def draw(X: np.ndarray, clusters: int, rngs: Streams, kind: str = "patterns") -> np.ndarray:
    """Draw the initial prototypes of all runs.

    Returns
    -------
    ndarray of shape (R, K, d)
        One start for each stream of `rngs`.

    Raises
    ------
    InputError
        When there are more prototypes than distinct patterns.
    """
    check_clusters(X, clusters)
    return np.stack([KINDS[kind](X, clusters, rng) for rng in rngs])
