"""Optimizers that move after each pattern; an epoch is one pass in a fresh random order.

The orders come from the run's own stream, so all of them see the same patterns in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from kmeans_convergence.optimizers.base import Rate
from kmeans_convergence.optimizers.metering import MeteredProblem
from kmeans_convergence.starts import Streams


def shuffled(n: int, rngs: Streams) -> np.ndarray:
    """Return one fresh order of the patterns for each run, shape (R, n)."""
    return np.stack([rng.permutation(n) for rng in rngs])


@dataclass(frozen=True)
class OnlineKMeans:
    """Online K-means (MacQueen 1967), equation (8) of Bottou and Bengio (1995): the rate is 1/n_k.

    n_k starts at 0 and counts the patterns that a prototype has won over the whole run.
    """

    memoryless = False

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes after each epoch."""
        w, counts = starts, np.zeros(starts.shape[:2])
        while True:
            w, counts = problem.sweep_counts(w, shuffled(problem.n, rngs), counts)
            yield w


@dataclass(frozen=True)
class OnlineGradient:
    """Online (stochastic) gradient, equation (4) of Bottou and Bengio (1995), with a rate for each epoch."""

    rate: Rate

    memoryless = False

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes after each epoch."""
        w = starts
        for epoch in count(1):
            w = problem.sweep(w, shuffled(problem.n, rngs), self.rate(epoch))
            yield w
