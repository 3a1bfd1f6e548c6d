"""Gradient descent whose steps adapt to the sizes of past gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.optimizers.base import General
from kmeans_convergence.starts import Streams


@dataclass(frozen=True)
class Adam(General):
    """Adam (Kingma and Ba 2015) with the gradient of all patterns; its rate falls linearly to 0 over the budget.

    A step has about the length of the rate whatever the size of the gradient, so the rate has the unit of the data: it
    is given in standard deviations of a feature. So is the constant in the denominator, times the mean curvature of a
    term.

    Attributes
    ----------
    rate : float, or ndarray of shape (R, 1)
        At first, in units of `CountingOracle.length`; one for all runs, or one for each.
    passes : float
        The budget, of one pass for each step.
    first, second : float
        Decay of the means of the gradient and of its square.
    """

    rate: float | np.ndarray = 0.05
    passes: float = 100.0
    first: float = 0.9
    second: float = 0.999

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield iterates, one pass over the data for each."""
        x, mean, square = starts, np.zeros_like(starts), np.zeros_like(starts)
        small = 1e-8 * problem.length * problem.term_curvature.mean
        for t in count(1):
            gradient = problem.evaluate(x).gradient
            mean = self.first * mean + (1 - self.first) * gradient
            square = self.second * square + (1 - self.second) * gradient**2
            size = np.sqrt(square / (1 - self.second**t)) + small
            rate = self.rate * problem.length * max(0.0, 1 - (t - 1) / self.passes)
            step = np.divide(mean / (1 - self.first**t), size, out=np.zeros_like(x), where=size > 0)
            x = x - rate * step
            yield x
