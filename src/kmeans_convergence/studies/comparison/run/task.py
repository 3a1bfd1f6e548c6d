"""What is compared: a problem, where its runs begin and are taken in the end, and the optimizers that fit it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kmeans_convergence.core import Problem
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import KINDS, Streams
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS, Contender
from kmeans_convergence.studies.comparison.run.paths import TO_A_FIXED_POINT, Polish

# Takes one stream for each run and the kinds of start that runs have in turn.
Draw = Callable[[Streams, Sequence[str]], Any]


@dataclass(frozen=True)
class Task:
    """A problem and what all optimizers share on it.

    Attributes
    ----------
    problem : Problem
    name : str
        Of the data, in the names of the random streams.
    size : int
        The number of clusters, or dimensions; in the names of the random streams, too.
    title : str
        Name and size, to be read.
    contenders : mapping of str to Contender
        The optimizers that fit the problem.
    draw : callable
        Returns the parameters that runs begin at.
    products : int
        Work of a pass of one run; it decides the number of starts.
    polish : Polish
    """

    problem: Problem
    name: str
    size: int
    title: str
    contenders: Mapping[str, Contender]
    draw: Draw
    products: int
    polish: Polish

    @property
    def reference(self) -> str:
        """Key of the optimizer that all others are compared with: the alternation, which comes first."""
        return next(iter(self.contenders))


def kmeans(problem: QuantizationProblem, name: str, clusters: int) -> Task:
    """Return the task of the study: k-means, on patterns of which more than K are distinct."""
    return Task(
        problem,
        name,
        clusters,
        f"{name}, K = {clusters}",
        CONTENDERS,
        lambda rngs, kinds: prototypes(problem.X, clusters, rngs, kinds),
        problem.X.size * clusters,
        TO_A_FIXED_POINT,
    )


def prototypes(X: np.ndarray, clusters: int, rngs: Streams, kinds: Sequence[str]) -> np.ndarray:
    """Draw the initial prototypes of all runs, shape (R, K, d), from kinds of start in turn, keys of `starts.KINDS`."""
    return np.stack([KINDS[kinds[r % len(kinds)]](X, clusters, rng) for r, rng in enumerate(rngs)])
