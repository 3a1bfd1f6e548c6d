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
    return _spread(X, clusters, rng, candidates=1)


def greedy(X: np.ndarray, clusters: int, rng: np.random.Generator) -> np.ndarray:
    """Draw patterns by greedy k-means++, as scikit-learn does.

    Of `candidates` patterns drawn like that of k-means++, the one is taken that leaves the least sum of squared
    distances, of equal ones the first.
    """
    return _spread(X, clusters, rng, candidates(clusters))


def candidates(clusters: int) -> int:
    """Return how many candidates greedy k-means++ draws for each prototype: scikit-learn's 2 + log K, rounded down."""
    return 2 + int(np.log(clusters))


def _spread(X: np.ndarray, clusters: int, rng: np.random.Generator, candidates: int) -> np.ndarray:
    """Draw the first pattern evenly, and for each further one some candidates, of which the best is taken."""
    chosen = [int(rng.integers(len(X)))]
    squared = ((X - X[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < clusters:
        cumulated = squared.cumsum()
        # a pattern of weight zero is never drawn: the first sum beyond the drawn number rises at one with a weight
        drawn = np.searchsorted(cumulated, rng.random(candidates) * cumulated[-1], side="right")
        places = [int(place) if place < len(X) else int(rng.integers(len(X))) for place in drawn]
        left = [np.minimum(squared, ((X - X[place]) ** 2).sum(axis=1)) for place in places]
        best = int(np.argmin([each.sum() for each in left]))
        chosen.append(places[best])
        squared = left[best]
    return X[chosen]


def passes_of(kind: str, clusters: int) -> float:
    """Return what a start of that kind costs, in passes: as in an optimizer's, K distances of each pattern are one.

    k-means++ computes the distances of all patterns from K - 1 prototypes, greedy k-means++ from the first and from all
    candidates for the others. (Data that do not fit the memory are read K - 1 times by either of them.)
    """
    distances = {"plusplus": clusters - 1, "greedy": 1 + candidates(clusters) * (clusters - 1)}
    return distances.get(kind, 0) / clusters if clusters > 1 else 0.0


KINDS: dict[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]] = {
    "patterns": from_patterns,
    "box": uniform_in_box,
    "gaussian": gaussian_at_mean,
    "plusplus": plusplus,
    "greedy": greedy,
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
