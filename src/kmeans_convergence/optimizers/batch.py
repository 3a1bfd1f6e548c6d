"""Step rules that see all patterns before they move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.core.problem import Capability, Evaluation
from kmeans_convergence.optimizers.base import Rate, StepRule


class MajorizeMinimize(StepRule):
    """The alternation: go to the image T(x), the minimiser of the majoriser.

    On the quantisation problem this is batch K-means (Lloyd), equation (6) of Bottou and Bengio (1995); on the
    mixture it is EM.
    """

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return T(x)."""
        return evaluation.image


class Newton(StepRule):
    """Newton's method, equation (8) of Bottou and Bengio (1995), from gradient and Hessian alone.

    The Hessian is singular in the coordinates of a prototype without patterns, where the gradient vanishes too: the
    pseudo-inverse leaves it where it is.
    """

    needs = frozenset({Capability.DIAGONAL_HESSIAN})

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return x - H^+ grad E."""
        hessian = evaluation.hessian_diagonal
        direction = np.divide(evaluation.gradient, hessian, out=np.zeros_like(evaluation.x), where=hessian > 0)
        return evaluation.x - direction


@dataclass(frozen=True)
class GradientDescent(StepRule):
    """Batch gradient, equation (3) of Bottou and Bengio (1995)."""

    rate: Rate

    memoryless = False

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return x - rate * grad E."""
        return evaluation.x - self.rate(epoch) * evaluation.gradient


@dataclass(frozen=True)
class NaturalGradient(StepRule):
    r"""Natural gradient (Amari 1998) in the metric of the complete data: :math:`x-\epsilon P\nabla E(x)`.

    With a rate of 1 it is the alternation wherever T(x) = x - P grad E: batch K-means on the quantisation problem, and
    on mixtures EM to the first order in the step, because the coordinates bend.

    Attributes
    ----------
    rate : float
    """

    rate: float = 1.0

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return x - rate * P grad E."""
        return evaluation.x - self.rate * evaluation.precondition(evaluation.gradient)


def stable_rate(evaluation: Evaluation) -> np.ndarray:
    """Return the inverse of the largest curvature, shape (R,): the cost cannot rise, because the majoriser does not.

    On k-means it is 1/N_max.
    """
    return 1 / evaluation.curvature.most


def best_rate(evaluation: Evaluation) -> np.ndarray:
    r"""Return 2 / (least + largest curvature), shape (R,); on k-means 2/(N_min + N_max), of counts that are not 0.

    While assignments stay, component k contracts by :math:`1-\epsilon N_k`; this rate makes the worst factor least,
    :math:`(\kappa-1)/(\kappa+1)` with :math:`\kappa=N_{max}/N_{min}` (Nesterov 2018, theorem 2.1.15).
    """
    return 2 / (evaluation.curvature.least + evaluation.curvature.most)


@dataclass(frozen=True)
class MeanRate:
    """A constant rate in units of the inverse of the mean curvature, on k-means K/n: one scale for all data."""

    value: float

    def __call__(self, evaluation: Evaluation) -> np.ndarray:
        """Return the rate, shape (R,)."""
        return self.value / evaluation.mean_curvature


@dataclass(frozen=True)
class CurvatureGradient(StepRule):
    """Batch gradient whose rate follows from the curvature of the majoriser at each iterate, and may change with it.

    Attributes
    ----------
    rate : function of an Evaluation
        Returns one rate for each run, shape (R,): `stable_rate`, `best_rate` or a `MeanRate`, which does not change.
    """

    rate: Callable[[Evaluation], np.ndarray]

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return x - rate * grad E."""
        return evaluation.x - self.rate(evaluation)[:, None] * evaluation.gradient
