"""The optimizers that are compared on other hard choices: those of the comparison that fit, and Newton's method."""

from __future__ import annotations

from kmeans_convergence.core import Problem, check_fit
from kmeans_convergence.errors import InputError
from kmeans_convergence.optimizers import Rate
from kmeans_convergence.optimizers.minibatch import PARTS, MiniBatchCurvature, OnlineEM
from kmeans_convergence.optimizers.newton import NewtonRaphson, SafeguardedNewton
from kmeans_convergence.studies.comparison.run import contenders
from kmeans_convergence.studies.comparison.run.contenders import Contender

# Of the comparison; the first is the alternation.
SHARED = (
    "batch_kmeans",
    "anderson",
    "nesterov",
    "gradient_nmax",
    "gradient_fixed",
    "gradient_tuned",
    "gradient_armijo",
    "lbfgs",
)

CONTENDERS: dict[str, Contender] = {
    **{key: contenders.CONTENDERS[key] for key in SHARED},
    "newton": Contender("Newton", "alternation", lambda passes, value: NewtonRaphson()),
    "newton_safe": Contender("Newton, safeguarded", "alternation", lambda passes, value: SafeguardedNewton()),
    "minibatch_gradient": Contender(
        "mini-batch gradient, tuned",
        "noisy",
        lambda passes, value: MiniBatchCurvature(Rate(value), PARTS),
        settings=(0.1, 3.2),
    ),
    "online_em": Contender("online alternation", "noisy", lambda passes, value: OnlineEM(parts=PARTS)),
}


def fitting(problem: Problem) -> dict[str, Contender]:
    """Return the optimizers that a problem serves."""
    found = {}
    for key, contender in CONTENDERS.items():
        try:
            check_fit(problem, contender.optimizer(1, 1.0))
        except InputError:
            continue
        found[key] = contender
    return found
