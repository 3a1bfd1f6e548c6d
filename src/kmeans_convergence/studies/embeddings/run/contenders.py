"""The optimizers that are compared on maps: those of k-means that need no prototypes, and the field's own."""

from __future__ import annotations

from kmeans_convergence.optimizers import MajorizeMinimize, OnlineKMeans
from kmeans_convergence.optimizers.accelerated import Anderson, Nesterov, Relaxation, Squarem
from kmeans_convergence.optimizers.adaptive import Adam
from kmeans_convergence.optimizers.batch import CurvatureGradient, MeanRate
from kmeans_convergence.optimizers.line_search import ArmijoGradient
from kmeans_convergence.optimizers.momentum import BarzilaiBorwein
from kmeans_convergence.optimizers.newton_cg import NewtonCG
from kmeans_convergence.optimizers.online import AnnealedGradient
from kmeans_convergence.optimizers.pseudo_newton import PseudoNewton, PseudoNewtonSearch
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.studies.comparison.run.contenders import Contender

# What all others are compared with.
ALTERNATION = "smacof"

CONTENDERS = {
    ALTERNATION: Contender("SMACOF", "alternation", lambda passes, value: MajorizeMinimize()),
    "relaxed": Contender("relaxed by 2", "alternation", lambda passes, value: Relaxation()),
    "nesterov": Contender("Nesterov", "alternation", lambda passes, value: Nesterov()),
    "anderson": Contender("Anderson", "alternation", lambda passes, value: Anderson()),
    "squarem": Contender("SQUAREM", "alternation", lambda passes, value: Squarem()),
    "gradient_tuned": Contender(
        "gradient, tuned", "gradient", lambda passes, value: CurvatureGradient(MeanRate(value)), settings=(0.2, 3.2)
    ),
    "gradient_armijo": Contender("gradient, line search", "gradient", lambda passes, value: ArmijoGradient()),
    "gradient_bb": Contender("gradient, Barzilai-Borwein", "gradient", lambda passes, value: BarzilaiBorwein()),
    "lbfgs": Contender("L-BFGS", "gradient", lambda passes, value: LBFGS(passes)),
    "newton_cg": Contender("Newton-CG", "gradient", lambda passes, value: NewtonCG()),
    "adam": Contender("Adam", "gradient", lambda passes, value: Adam(passes=passes), horizon=True),
    "adam_tuned": Contender(
        "Adam, tuned", "gradient", lambda passes, value: Adam(value, passes=passes), settings=(0.05, 2.5), horizon=True
    ),
    "sammon": Contender("Sammon's method", "gradient", lambda passes, value: PseudoNewton()),
    "sammon_tuned": Contender(
        "Sammon's method, tuned", "gradient", lambda passes, value: PseudoNewton(value), settings=(0.1, 1.6)
    ),
    "sammon_search": Contender("Sammon's method, searched", "gradient", lambda passes, value: PseudoNewtonSearch()),
    "pairs": Contender("single pairs", "noisy", lambda passes, value: AnnealedGradient(early=True)),
    "pairs_tuned": Contender(
        "single pairs, tuned",
        "noisy",
        lambda passes, value: AnnealedGradient(epochs=max(2, round(value)), early=True),
        settings=(5, 80),
    ),
    "pairs_counts": Contender("single pairs, 1/n", "noisy", lambda passes, value: OnlineKMeans(early=True)),
}
