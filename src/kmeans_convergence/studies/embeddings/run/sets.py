"""What is mapped: tables, images, clusters, surfaces and roads, some with dissimilarities that no points have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import pdist, squareform

from kmeans_convergence.data import Dataset, roads
from kmeans_convergence.problems.stress import StressProblem, distances, normalized, sammon
from kmeans_convergence.starts import stream

# Of these patterns, city-block distances are mapped, too.
CITY_BLOCK = "wine"
# Deviation of the roll's noise, in the coordinates of the surface and in further ones.
NOISE, NOISY = 1.0, 5
# Along the roll, ways go from a point to so many nearest ones (Tenenbaum, de Silva and Langford 2000).
NEIGHBOURS = 8
SPHERE = 5


class Embedded(NamedTuple):
    """Dissimilarities to be mapped.

    Attributes
    ----------
    name, family : str
        Sets of one family are alike.
    dissimilarities : ndarray of shape (n (n - 1) / 2,)
        Positive; row by row above the diagonal.
    """

    name: str
    family: str
    dissimilarities: np.ndarray


class Arm(NamedTuple):
    """What is minimised, "stress" or "sammon", over configurations of so many dimensions."""

    objective: str
    dimensions: int


# Raw stress and Sammon's: both are normalised, so that a configuration without extent has the cost 1.
OBJECTIVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"stress": normalized, "sammon": sammon}
ARMS = (Arm("stress", 2), Arm("stress", 3), Arm("sammon", 2))


def problem_of(some: Embedded, arm: Arm) -> StressProblem:
    """Return the problem of a map."""
    weights = OBJECTIVES[arm.objective](some.dissimilarities)
    return StressProblem(some.dissimilarities, weights, dimensions=arm.dimensions)


def embedded(datasets: Iterable[Dataset], made: Sequence[str], patterns: int, seed: int) -> Iterator[Embedded]:
    """Yield the sets that are mapped: distances of patterns, then those that are made here.

    Parameters
    ----------
    datasets : iterable of Dataset
        Cut down already. Of rows that are equal one is kept: Sammon's stress divides by distances.
    made : sequence of str
        Keys of `MADE`.
    patterns : int
        Of the sets that are made here; the roads have 21 cities.
    seed : int
    """
    for dataset in datasets:
        X = pd.DataFrame(dataset.X).drop_duplicates().to_numpy()
        yield Embedded(dataset.name, dataset.family or dataset.name, distances(X))
        if dataset.name == CITY_BLOCK:
            yield Embedded(f"{dataset.name}_city_block", dataset.family or dataset.name, pdist(X, "cityblock"))
    for name in made:
        family, make = MADE[name]
        # "roll_along" is of the same patterns as "roll"
        yield Embedded(name, family, make(stream(seed, name.partition("_")[0]), patterns))


def on_sphere(rng: np.random.Generator, patterns: int, features: int) -> np.ndarray:
    """Draw evenly from the unit sphere, shape (n, d)."""
    X = rng.standard_normal((patterns, features))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def on_roll(rng: np.random.Generator, patterns: int) -> np.ndarray:
    """Draw from a rolled strip with noise, shape (n, 3 + NOISY)."""
    angle, across = 1.5 * np.pi * (1 + 2 * rng.random(patterns)), 21 * rng.random(patterns)
    X = NOISE * rng.standard_normal((patterns, 3 + NOISY))
    X[:, :3] += np.stack([angle * np.cos(angle), across, angle * np.sin(angle)], axis=1)
    return X


def along(X: np.ndarray) -> np.ndarray:
    """Return the lengths of ways from neighbour to neighbour, condensed; infinite where there is none."""
    square = squareform(pdist(X))
    # the nearest one is the pattern itself
    near = square <= np.sort(square, axis=1)[:, [min(NEIGHBOURS, len(X) - 1)]]
    ways = shortest_path(np.where(near, square, 0.0), directed=False)
    return np.asarray(squareform(ways, checks=False))


def on_globe(rng: np.random.Generator, patterns: int) -> np.ndarray:
    """Return lengths of great circles between points on a globe of radius 1, condensed."""
    return np.asarray(2 * np.arcsin(np.minimum(pdist(on_sphere(rng, patterns, 3)) / 2, 1)))


# Families of the sets that are made here, and what gives their dissimilarities.
MADE: dict[str, tuple[str, Callable[[np.random.Generator, int], np.ndarray]]] = {
    "roads": ("roads", lambda rng, patterns: roads.distances()),
    "sphere": ("sphere", lambda rng, patterns: pdist(on_sphere(rng, patterns, SPHERE))),
    "globe": ("sphere", on_globe),
    "roll": ("roll", lambda rng, patterns: pdist(on_roll(rng, patterns))),
    "roll_along": ("roll", lambda rng, patterns: along(on_roll(rng, patterns))),
}
