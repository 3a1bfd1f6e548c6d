"""Step rules that see all patterns before they move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kmeans_convergence.optimizers.base import Rate, StepRule
from kmeans_convergence.problems import Evaluation


class MajorizeMinimize(StepRule):
    """Go to the minimiser of the majoriser.

    On the quantisation problem this is batch K-means (Lloyd), equation (6) of Bottou and Bengio (1995); on the
    mixture it is EM.
    """

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return the majoriser's minimiser."""
        return evaluation.minimizer


class Newton(StepRule):
    """Newton's method, equation (8) of Bottou and Bengio (1995), from gradient and Hessian alone.

    The Hessian is singular in the block of a prototype without patterns, where the gradient vanishes too:
    the pseudo-inverse leaves it where it is.
    """

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return w - H^+ grad E.

        Raises
        ------
        TypeError
            When the problem's Hessian is not made of multiples of the identity.
        """
        if evaluation.hessian_diagonal is None:
            raise TypeError("Newton needs a Hessian that is block-diagonal with multiples of the identity.")
        hessian = evaluation.hessian_diagonal[..., None]
        direction = np.divide(evaluation.gradient, hessian, out=np.zeros_like(evaluation.w), where=hessian > 0)
        return evaluation.w - direction


@dataclass(frozen=True)
class GradientDescent(StepRule):
    """Batch gradient, equation (3) of Bottou and Bengio (1995)."""

    rate: Rate

    memoryless = False

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return w - rate * grad E."""
        return evaluation.w - self.rate(epoch) * evaluation.gradient


def stable_rate(evaluation: Evaluation) -> np.ndarray:
    """Return 1/N_max, shape (R,): the cost cannot rise, because the majoriser does not."""
    return 1 / evaluation.counts.max(axis=1)


def best_rate(evaluation: Evaluation) -> np.ndarray:
    r"""Return 2/(N_min + N_max), shape (R,), where N_min is the least count of those that are not 0.

    While assignments stay, component k contracts by :math:`1-\epsilon N_k`; this rate makes the worst factor least,
    :math:`(\kappa-1)/(\kappa+1)` with :math:`\kappa=N_{max}/N_{min}` (Nesterov 2018, theorem 2.1.15).
    """
    counts = evaluation.counts
    return 2 / (np.where(counts > 0, counts, np.inf).min(axis=1) + counts.max(axis=1))


@dataclass(frozen=True)
class MeanRate:
    """A constant rate in units of K/n, the inverse of the mean count: one scale of rates for all data."""

    value: float

    def __call__(self, evaluation: Evaluation) -> np.ndarray:
        """Return value K/n, shape (R,)."""
        return self.value / evaluation.counts.mean(axis=1)


@dataclass(frozen=True)
class CurvatureGradient(StepRule):
    """Batch gradient whose rate follows from the counts N_k at each iterate, and may change with them.

    Attributes
    ----------
    rate : function of an Evaluation
        Returns one rate for each run, shape (R,): `stable_rate`, `best_rate` or a `MeanRate`, which does not change.
    """

    rate: Callable[[Evaluation], np.ndarray]

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return w - rate * grad E."""
        return evaluation.w - self.rate(evaluation)[:, None, None] * evaluation.gradient
