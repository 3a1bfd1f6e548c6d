"""Newton's method by conjugate gradients: the whole Hessian, but never as a matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.core.oracle import CountingOracle, chosen
from kmeans_convergence.core.problem import Capability, Evaluation
from kmeans_convergence.optimizers.base import General
from kmeans_convergence.starts import Streams

# Rounding errors of a cost, on the scale of its gap: falls below it say nothing about a step.
ROUNDING = 1e-14


@dataclass(frozen=True)
class NewtonCG(General):
    r"""Truncated Newton in a trust region (Steihaug 1983), preconditioned by the alternation's P.

    The quadratic model :math:`g\cdot p+\frac12p^THp` is minimised by conjugate gradients, within a region
    :math:`\|p\|\le\Delta` in the metric of the majoriser. They begin with :math:`-Pg`, the direction in which the
    alternation sets out, so that what they add is what the alternation leaves out. They end where the residual has
    fallen to a share :math:`\min(\frac12,\sqrt{\|g\|/\|g_0\|})` of the gradient, which makes the last steps
    superlinear; at the border; or where curvature is negative, which is followed to the border. A step is rejected
    where the cost does not fall by a tenth of what the model promises.

    A product of the Hessian with a vector costs a pass, and so does the evaluation of a step, also of one that is
    rejected.

    Attributes
    ----------
    most : int
        Products for one step at most.
    radius : float
        :math:`\Delta` at first, in lengths of the alternation's step. It doubles after a step to the border that did
        at least three quarters of what the model promised, and becomes a quarter of the length of one that did less
        than a quarter (Nocedal and Wright 2006, algorithm 4.1).
    """

    most: int = 50
    radius: float = 2.0

    needs = frozenset({Capability.HESSIAN_PRODUCTS})

    def iterates(self, problem: CountingOracle, starts: np.ndarray, rngs: Streams) -> Iterator[np.ndarray]:
        """Yield the point after each step; where that was rejected, it is the one before."""
        here = problem.evaluate(starts)
        radius, first = self.radius * here.norm(here.image - here.x), dual_norm(here)
        while True:
            share = np.minimum(
                0.5, np.sqrt(np.divide(dual_norm(here), first, out=np.zeros_like(first), where=first > 0))
            )
            step, promised = self.step(problem, here, radius, share)
            there = problem.evaluate(here.x + step)
            fall, length = here.cost - there.cost, here.norm(step)
            accepted = fall >= 0.1 * promised - ROUNDING * problem.gap.size(here.cost)
            good, poor = fall >= 0.75 * promised, ~(fall >= 0.25 * promised)
            radius = np.where(poor, 0.25 * length, np.where(good & (length >= 0.99 * radius), 2 * radius, radius))
            here = chosen(~accepted, here, there)
            yield here.x

    def step(
        self, problem: CountingOracle, here: Evaluation, radius: np.ndarray, share: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return steps (R, P) and by how much the model falls along them, (R,).

        Parameters
        ----------
        problem : CountingOracle
        here : Evaluation
        radius : ndarray of shape (R,)
        share : ndarray of shape (R,)
            Of the gradient, at which a residual is small enough.
        """
        step, image, residual = np.zeros_like(here.x), np.zeros_like(here.x), here.gradient
        direction = -here.precondition(residual)
        square = -(residual * direction).sum(axis=1)
        enough, going = share**2 * square, square > 0
        for _ in range(self.most):
            if not (going & problem.active).any():
                break
            turned = problem.hessian_product(here, direction, going)
            curvature = (direction * turned).sum(axis=1)
            inner = np.divide(square, curvature, out=np.full_like(square, np.inf), where=curvature > 0)
            outer = to_border(here, step, direction, radius)
            rate = np.where(going, np.minimum(inner, outer), 0)[:, None]
            step, image, residual = step + rate * direction, image + rate * turned, residual + rate * turned
            going = going & (inner < outer)
            preconditioned = here.precondition(residual)
            before, square = square, np.where(going, (residual * preconditioned).sum(axis=1), square)
            going &= square > enough
            ratio = np.divide(square, before, out=np.zeros_like(square), where=going)
            direction = ratio[:, None] * direction - preconditioned
        return step, -(step * (here.gradient + 0.5 * image)).sum(axis=1)


def dual_norm(here: Evaluation) -> np.ndarray:
    """Return the length of the gradient in the metric of P, shape (R,): that of the step -P grad E."""
    return np.sqrt((here.gradient * here.precondition(here.gradient)).sum(axis=1))


def to_border(here: Evaluation, step: np.ndarray, direction: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Return how far a direction may be followed from a step within a radius, shape (R,), 0 where not at all."""
    square, outer = here.squared_norm(direction), here.squared_norm(step + direction)
    inner = here.squared_norm(step)
    # the metric is a quadratic form
    slope, room = 0.5 * (outer - inner - square), np.maximum(radius**2 - inner, 0)
    root = np.sqrt(slope**2 + square * room)
    return np.divide(root - slope, square, out=np.zeros_like(square), where=square > 0)
