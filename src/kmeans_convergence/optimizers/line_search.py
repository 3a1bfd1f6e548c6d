"""Gradient descent that finds its step length by trying."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.optimizers.base import General
from kmeans_convergence.optimizers.batch import stable_rate
from kmeans_convergence.starts import Streams

# The longest step, in units of the inverse of the largest curvature: without a bound, a run that has converged would
# double it until it is infinite, and half of that is never short enough.
LONGEST = 2.0**50


@dataclass(frozen=True)
class ArmijoGradient(General):
    r"""Batch gradient with backtracking until :math:`F(x-\epsilon g)\le F(x)-c\,\epsilon\|g\|^2` (Armijo 1966).

    The first trial is the inverse of the largest curvature, on k-means 1/N_max; a later one is the step taken before,
    doubled if that was accepted at once. A rejected step is halved. A step of at most 1/N_max is accepted untested,
    because the majoriser promises its decrease; so rounding errors cannot halve it for ever. All trials are charged;
    the one that is accepted brings the gradient for the next step. These choices are ours: a first trial of 1/N_min
    throws prototypes out of the data.

    Attributes
    ----------
    decrease : float
        c.
    """

    decrease: float = 1e-4

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterate of each step that was accepted."""
        here = problem.evaluate(starts)
        step = stable_rate(here)
        while True:
            slope = (here.gradient**2).sum(axis=1)
            safe = stable_rate(here)
            there, trying, at_once = here, np.ones(len(starts), dtype=bool), np.ones(len(starts), dtype=bool)
            while trying.any():
                there = problem.evaluate_where(here.x - step[:, None] * here.gradient, trying, there)
                enough = (step <= safe) | (there.cost <= here.cost - self.decrease * step * slope)
                trying &= ~enough
                at_once &= ~trying
                step = np.where(trying, step / 2, step)
            step = np.where(at_once, np.minimum(2 * step, LONGEST * safe), step)
            here = there
            yield here.x
