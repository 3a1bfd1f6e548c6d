"""Optimizers that move after each pattern; an epoch is one pass in a fresh random order.

The orders come from the run's own stream, so all of them see the same patterns in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from math import ceil, exp, floor, log

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Capability, TermCurvature
from kmeans_convergence.optimizers.base import Rate
from kmeans_convergence.starts import Streams

SWEEPS = frozenset({Capability.SWEEPS})

# Shares of the first epoch after which iterates are shown: what noisy methods gain, they gain early.
EARLY = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)


def shuffled(n: int, rngs: Streams) -> np.ndarray:
    """Return one fresh order of the patterns for each run, shape (R, n)."""
    return np.stack([rng.permutation(n) for rng in rngs])


def shown(steps: int) -> list[int]:
    """Return the steps of a first epoch after which an iterate is shown; the last is among them."""
    return sorted({ceil(steps * share) for share in EARLY})


def sweeps(n: int, rngs: Streams, early: bool) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the epoch, from 1, and the patterns (R, m) that each run sees next, without end.

    Parameters
    ----------
    n : int
    rngs : sequence of R Generators
    early : bool
        Whether the first epoch comes in pieces; the patterns and their order are the same.
    """
    for epoch in count(1):
        ends = shown(n)[:-1] if early and epoch == 1 else []
        for order in np.split(shuffled(n, rngs), ends, axis=1):
            yield epoch, order


@dataclass(frozen=True)
class OnlineKMeans:
    """Online K-means (MacQueen 1967), equation (7) of Bottou and Bengio (1995): the rate is min(1, factor / n_k).

    n_k counts the patterns that a prototype has won over the whole run. With factor 1 a prototype is the mean of all
    of them; a larger factor forgets the first ones, and makes up for the curvature that 1/n_k leaves out.

    Attributes
    ----------
    initial_count : int
        What n_k starts from. From 0 the first pattern replaces the start, from 1 the start is one pattern among others.
    factor : float
    early : bool
        Whether iterates are shown within the first epoch, too.
    """

    initial_count: int = 0
    factor: float = 1.0
    early: bool = False

    memoryless = False
    needs = SWEEPS

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes after each epoch."""
        x, metric = starts, np.full(starts.shape, float(self.initial_count))
        for _, order in sweeps(problem.size, rngs, self.early):
            x, metric = problem.sweep_counts(x, order, metric, self.factor)
            yield x


@dataclass(frozen=True)
class OnlineAveraged:
    """The mean of the iterates of `OnlineKMeans` over the last half of each epoch (Polyak and Juditsky 1992).

    Iterates enter it at even distances, `parts` of them in an epoch, those of the first half left out.

    Attributes
    ----------
    initial_count : int
    factor : float
    parts : int
    """

    initial_count: int = 0
    factor: float = 1.0
    parts: int = 512

    memoryless = False
    needs = SWEEPS

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the averages after each epoch."""
        x, metric = starts, np.full(starts.shape, float(self.initial_count))
        parts = min(self.parts, problem.size)
        while True:
            total = np.zeros(starts.shape)
            for part, order in enumerate(np.array_split(shuffled(problem.size, rngs), parts, axis=1)):
                x, metric = problem.sweep_counts(x, order, metric, self.factor)
                if part >= parts // 2:
                    total = total + x
            yield total / (parts - parts // 2)


@dataclass(frozen=True)
class OnlineGradient:
    """Online (stochastic) gradient, equation (4) of Bottou and Bengio (1995), with a rate for each epoch.

    Attributes
    ----------
    rate : Rate
    early : bool
        Whether iterates are shown within the first epoch, too.
    """

    rate: Rate
    early: bool = False

    memoryless = False
    needs = SWEEPS

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the prototypes after each epoch."""
        x = starts
        for epoch, order in sweeps(problem.size, rngs, self.early):
            x = problem.sweep(x, order, self.rate(epoch))
            yield x


@dataclass(frozen=True)
class AnnealedRate:
    r"""A rate that falls from where it solves the lightest term to where it hardly moves the heaviest.

    It is the schedule of Zheng, Pawar and Goodman (2018) for stress: :math:`1/c_{min}\,e^{-\lambda(t-1)}` in epoch t,
    such that it would be `least` / :math:`c_{max}` in the last of `epochs`; from :math:`1/c_{max}` on, it falls like
    1/t instead, so that it converges. c are the curvatures of the terms, over their mean.

    Attributes
    ----------
    curvature : TermCurvature
    epochs : int
    least : float
    """

    curvature: TermCurvature
    epochs: int
    least: float

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, counted from 1."""
        lightest, heaviest = self.curvature.least / self.curvature.mean, self.curvature.most / self.curvature.mean
        ratio = heaviest / lightest
        decay = log(ratio / self.least) / (self.epochs - 1)
        # the first epoch whose rate on the exponential is below 1 / c_max
        switch = floor(log(ratio) / decay) + 2
        if epoch < switch:
            return exp(-decay * (epoch - 1)) / lightest
        return 1 / (heaviest * (1 + decay * (epoch - switch)))


@dataclass(frozen=True)
class AnnealedGradient:
    """Online gradient with the `AnnealedRate`: on stress, the stochastic pairs of Zheng, Pawar and Goodman (2018).

    The defaults are theirs.

    Attributes
    ----------
    epochs : int
        At least 2; the rate goes on falling after them.
    least : float
    early : bool
        Whether iterates are shown within the first epoch, too.
    """

    epochs: int = 15
    least: float = 0.1
    early: bool = False

    memoryless = False
    needs = SWEEPS

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterate after each epoch."""
        x, rate = starts, AnnealedRate(problem.term_curvature, self.epochs, self.least)
        for epoch, order in sweeps(problem.size, rngs, self.early):
            x = problem.sweep(x, order, rate(epoch))
            yield x
