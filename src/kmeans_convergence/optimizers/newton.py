"""Newton's method from gradient and Hessian as they are, for problems of few parameters: plain, and safeguarded."""

from __future__ import annotations

import numpy as np

from kmeans_convergence.core.problem import Capability, Evaluation
from kmeans_convergence.optimizers.accelerated import Extrapolations, SafeguardedExtrapolation
from kmeans_convergence.optimizers.base import StepRule

NEEDS = frozenset({Capability.HESSIAN})

# Curvature below this share of the largest is rounding, and none.
FLAT = 1e-10


def newton_point(here: Evaluation) -> np.ndarray:
    r"""Return :math:`x-H^+\nabla E`, shape (R, P).

    The pseudo-inverse leaves in place what the cost does not see, such as an empty group. A run whose derivatives are
    no longer finite stays.
    """
    hessian, gradient = here.hessian, here.gradient
    finite = np.isfinite(hessian).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
    inverse = np.linalg.pinv(np.where(finite[:, None, None], hessian, 0.0), FLAT, hermitian=True)
    return here.x - np.einsum("rpq,rq->rp", inverse, np.where(finite[:, None], gradient, 0.0))


class NewtonRaphson(StepRule):
    """Newton's method without a line search: it goes to the stationary point of its model, be it a minimum or not."""

    needs = NEEDS

    def step(self, evaluation: Evaluation, epoch: int) -> np.ndarray:
        """Return x - H^+ grad E."""
        return newton_point(evaluation)


class SafeguardedNewton(SafeguardedExtrapolation):
    """Newton's method that makes the alternation's step where its own did not lower the cost."""

    needs = NEEDS

    def extrapolations(self, here: Evaluation) -> Extrapolations:
        """See `SafeguardedExtrapolation`."""
        while True:
            here, _ = yield newton_point(here)
