"""Newton's method coordinate by coordinate, as if the Hessian were diagonal: Sammon's method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Capability, Evaluation
from kmeans_convergence.optimizers.base import General, StepRule
from kmeans_convergence.starts import Streams

NEEDS = frozenset({Capability.SECOND_DERIVATIVES})


def direction(here: Evaluation) -> np.ndarray:
    """Return -g / |h| of shape (R, P), with the gradient and the diagonal of the Hessian; 0 where h is 0."""
    size = np.abs(here.hessian_diagonal)
    return np.divide(-here.gradient, size, out=np.zeros_like(size), where=size > 0)


@dataclass(frozen=True)
class PseudoNewton(StepRule):
    """Sammon's method (1969): each coordinate moves by -magic g / |h|.

    h is the second derivative along the coordinate. It may be near 0 or negative, because the pairs pull and push, so
    that nothing bounds a step: the cost may rise, and a run may diverge.

    Attributes
    ----------
    magic : float
        Sammon found 0.3 to 0.4 to be good.
    """

    magic: float = 0.35

    needs = NEEDS

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return x - magic g / |h|."""
        return evaluation.x + self.magic * direction(evaluation)


@dataclass(frozen=True)
class PseudoNewtonSearch(General):
    """Sammon's method with a search for the magic factor, so that the cost always falls.

    As in the package MASS for R, which begins with 0.2, a step that raises the cost is made anew with a fifth of the
    factor; after one that does not, the factor is half as large again, but at most 0.5. The direction is one of
    descent, so that a search ends. A step whose decrease the majoriser promises is accepted untested: rounding errors
    could reject it for ever. All trials are charged.

    Attributes
    ----------
    magic, most : float
        The factor at first, and its bound.
    shrink, grow : float
        What it is multiplied by.
    """

    magic: float = 0.2
    most: float = 0.5
    shrink: float = 0.2
    grow: float = 1.5

    needs = NEEDS

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the iterate of each step that was accepted."""
        here = problem.evaluate(starts)
        magic = np.full(len(starts), self.magic)
        while True:
            way = direction(here)
            slope, square = (here.gradient * way).sum(axis=1), here.squared_norm(way)
            there, trying = here, np.ones(len(starts), dtype=bool)
            while trying.any():
                there = problem.evaluate_where(here.x + magic[:, None] * way, trying, there)
                promised = slope + 0.5 * magic * square <= 0
                trying &= ~(promised | (there.cost <= here.cost))
                magic = np.where(trying, self.shrink * magic, magic)
            magic = np.minimum(self.grow * magic, self.most)
            here = there
            yield here.x
