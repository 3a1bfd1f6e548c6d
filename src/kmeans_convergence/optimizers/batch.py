"""Step rules that see all patterns before they move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kmeans_convergence.optimizers.base import Rate, StepRule
from kmeans_convergence.problems import Evaluation


class MajorizeMinimize(StepRule):
    """Go to the minimiser of the majoriser.

    On the quantisation problem this is batch K-means (Lloyd), equation (7) of Bottou and Bengio (1995); on the
    mixture it is EM.
    """

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return the majoriser's minimiser."""
        return evaluation.minimizer


class Newton(StepRule):
    """Newton's method, equation (10) of Bottou and Bengio (1995), from gradient and Hessian alone.

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
