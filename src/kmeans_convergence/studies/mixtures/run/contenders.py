"""The optimizers that are compared on mixtures of Gaussians.

Those that take part in the comparison on k-means have the same keys as there; the alternation is EM.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kmeans_convergence.core.problem import Evaluation
from kmeans_convergence.optimizers.accelerated import Squarem
from kmeans_convergence.optimizers.batch import CurvatureGradient, NaturalGradient
from kmeans_convergence.optimizers.minibatch import MiniBatchGradient, OnlineEM
from kmeans_convergence.optimizers.newton_cg import NewtonCG
from kmeans_convergence.problems.mixture.evaluation import GaussianEvaluation
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS as ON_KMEANS
from kmeans_convergence.studies.comparison.run.contenders import Contender


@dataclass(frozen=True)
class PatternRate:
    """A fixed rate for the mean gradient of a pattern: value / n.

    Attributes
    ----------
    value : float, or ndarray of shape (R, 1)
        One for all runs or one for each; coordinates of mixtures have no unit, and neither has this.
    """

    value: float | np.ndarray

    def __call__(self, evaluation: Evaluation) -> np.ndarray:
        """Return the rate of each run, shape (R,)."""
        assert isinstance(evaluation, GaussianEvaluation)
        return np.asarray((self.value / evaluation.patterns[:, None])[:, 0])


CONTENDERS = {
    "batch_kmeans": replace(ON_KMEANS["batch_kmeans"], label="EM"),
    "overrelaxed_15": replace(ON_KMEANS["overrelaxed_15"], label="EM, over-relaxed"),
    "nesterov": replace(ON_KMEANS["nesterov"], label="EM, Nesterov"),
    "anderson": replace(ON_KMEANS["anderson"], label="EM, Anderson"),
    "squarem": Contender("EM, SQUAREM", "alternation", lambda passes, value: Squarem()),
    "natural_gradient": Contender("natural gradient", "alternation", lambda passes, value: NaturalGradient()),
    "newton_cg": Contender("Newton-CG", "gradient", lambda passes, value: NewtonCG()),
    "lbfgs": ON_KMEANS["lbfgs"],
    "gradient_nmax": replace(ON_KMEANS["gradient_nmax"], label="gradient, safe rate"),
    "gradient_tuned": Contender(
        "gradient, tuned",
        "gradient",
        lambda passes, value: CurvatureGradient(PatternRate(value)),
        settings=(0.01, 10.0),
    ),
    "gradient_armijo": ON_KMEANS["gradient_armijo"],
    "adam": ON_KMEANS["adam"],
    "adam_tuned": replace(ON_KMEANS["adam_tuned"], settings=(0.003, 3.0)),
    "online_em": Contender("online EM", "noisy", lambda passes, value: OnlineEM()),
    "minibatch_gradient_tuned": Contender(
        "mini-batch, tuned",
        "noisy",
        lambda passes, value: MiniBatchGradient(lambda epoch: value / epoch),
        settings=(0.01, 10.0),
    ),
}
