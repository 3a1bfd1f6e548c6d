"""Gradient descent that finds its step length by trying."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.optimizers.batch import stable_rate
from kmeans_convergence.optimizers.metering import MeteredProblem
from kmeans_convergence.starts import Streams

# The longest step, in units of 1/N_max: without a bound, a run that rests would double it until it is infinite, and
# half of that is never short enough.
LONGEST = 2.0**50


@dataclass(frozen=True)
class ArmijoGradient:
    r"""Batch gradient with backtracking until :math:`F(w-\epsilon g)\le F(w)-c\,\epsilon\|g\|^2` (Armijo 1966).

    The first trial is 1/N_max; a later one is the step taken before, doubled if that was accepted at once. A refused
    step is halved. A step of at most 1/N_max is accepted without looking, because the majoriser promises its decrease;
    so rounding errors cannot halve it for ever. All trials are charged; the one that is accepted brings the gradient
    for the next step. These choices are ours: a first trial of 1/N_min throws prototypes out of the data.

    Attributes
    ----------
    decrease : float
        c.
    """

    decrease: float = 1e-4

    memoryless = False

    def iterates(self, problem: MeteredProblem, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterate of each step that was accepted."""
        here = problem.evaluate(starts)
        step = stable_rate(here)
        while True:
            slope = (here.gradient**2).sum(axis=(1, 2))
            safe = stable_rate(here)
            there, trying, at_once = here, np.ones(len(starts), dtype=bool), np.ones(len(starts), dtype=bool)
            while trying.any():
                there = problem.evaluate_where(here.w - step[:, None, None] * here.gradient, trying, there)
                enough = (step <= safe) | (there.cost <= here.cost - self.decrease * step * slope)
                trying &= ~enough
                at_once &= ~trying
                step = np.where(trying, step / 2, step)
            step = np.where(at_once, np.minimum(2 * step, LONGEST * safe), step)
            here = there
            yield here.w
