"""Ways of making an optimizer from smaller parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

import numpy as np

from kmeans_convergence.core.optimizer import Optimizer
from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Capability, Evaluation
from kmeans_convergence.starts import Streams


class General:
    """An optimizer that needs no more than an evaluation, and whose next iterate may depend on all before."""

    memoryless = False
    needs: frozenset[Capability] = frozenset()


class StepRule(General):
    """An optimizer whose next iterate is a formula of one evaluation and the epoch.

    A step rule knows no problem: the thesis of the project is that the rules below are the same on all of them.
    """

    memoryless = True

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return the iterate (R, P) after `evaluation.x`; epochs count from 1."""
        raise NotImplementedError

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates, one pass over the data for each."""
        x = starts
        for epoch in count(1):
            x = self.step(problem.evaluate(x), epoch)
            yield x


@dataclass(frozen=True)
class Switch:
    """Some epochs of one optimizer, then another one: the hybrid that the paper's Figure 2 suggests."""

    first: Optimizer
    epochs: int
    then: Optimizer

    memoryless = False

    @property
    def needs(self) -> frozenset[Capability]:
        """What either of them needs."""
        return self.first.needs | self.then.needs

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterates of the first optimizer and, from its last one, those of the other."""
        x = starts
        for x in islice(self.first.iterates(problem, starts, rngs), self.epochs):
            yield x
        yield from self.then.iterates(problem, x, rngs)


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
