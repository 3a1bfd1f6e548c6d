"""What an optimizer is, and the two ways of making one from smaller parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Protocol

import numpy as np

from kmeans_convergence.optimizers.metering import MeteredProblem
from kmeans_convergence.problems import Evaluation
from kmeans_convergence.starts import Streams


class Optimizer(Protocol):
    """Anything that yields its iterates, about one for each pass over the data."""

    @property
    def memoryless(self) -> bool:
        """Whether the next iterate depends on the present one alone, so that a run that rests has ended."""
        ...

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates of shape (R, K, d) without end; each one has touched patterns, unless it rests.

        Parameters
        ----------
        problem : MeteredProblem
            Charges each run for the patterns that it touches.
        starts : ndarray of shape (R, K, d)
        rngs : sequence of R Generators
            One for each run; empty for optimizers without chance.
        """
        ...


class StepRule:
    """An optimizer whose next iterate is a formula of one evaluation and the epoch.

    A step rule knows no problem: the thesis of the project is that the rules below are the same on all of them.
    """

    memoryless = True

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return the iterate after `evaluation.w`; epochs count from 1."""
        raise NotImplementedError

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates, one pass over the data for each."""
        w = starts
        for epoch in count(1):
            w = self.step(problem.evaluate(w), epoch)
            yield w


@dataclass(frozen=True)
class Switch:
    """Some epochs of one optimizer, then another one: the hybrid that the paper's Figure 2 suggests."""

    first: Optimizer
    epochs: int
    then: Optimizer

    memoryless = False

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterates of the first optimizer and, from its last one, those of the other."""
        w = starts
        for w in islice(self.first.iterates(problem, starts, rngs), self.epochs):
            yield w
        yield from self.then.iterates(problem, w, rngs)


@dataclass(frozen=True)
class Rate:
    """A learning rate over epochs t = 1, 2, ...: `initial` / t, or `initial` throughout.

    The rate multiplies numbers of patterns and not lengths, so it has no unit.
    """

    initial: float
    decays: bool = True

    def __call__(self, epoch: int) -> float:
        """Return the rate of an epoch, counted from 1."""
        return self.initial / epoch if self.decays else self.initial
