"""How it is minimised: each optimizer yields its iterates, one loop measures them."""

from kmeans_convergence.optimizers.accelerated import Anderson, HeavyBall, Nesterov, OverRelaxation
from kmeans_convergence.optimizers.adaptive import Adam
from kmeans_convergence.optimizers.base import Optimizer, Rate, StepRule, Switch
from kmeans_convergence.optimizers.batch import (
    CurvatureGradient,
    GradientDescent,
    MajorizeMinimize,
    Newton,
    best_rate,
    stable_rate,
)
from kmeans_convergence.optimizers.exchange import Hartigan
from kmeans_convergence.optimizers.line_search import ArmijoGradient
from kmeans_convergence.optimizers.loop import Stop, Trace, minimize
from kmeans_convergence.optimizers.minibatch import (
    MiniBatchAveraged,
    MiniBatchCounts,
    MiniBatchEstimated,
    MovingAverage,
)
from kmeans_convergence.optimizers.nested import NestedMiniBatch
from kmeans_convergence.optimizers.online import OnlineGradient, OnlineKMeans
from kmeans_convergence.optimizers.packaged import ScikitLearnMiniBatch
from kmeans_convergence.optimizers.quasi_newton import LBFGS

__all__ = [
    "LBFGS",
    "Adam",
    "Anderson",
    "ArmijoGradient",
    "CurvatureGradient",
    "GradientDescent",
    "Hartigan",
    "HeavyBall",
    "MajorizeMinimize",
    "MiniBatchAveraged",
    "MiniBatchCounts",
    "MiniBatchEstimated",
    "MovingAverage",
    "NestedMiniBatch",
    "Nesterov",
    "Newton",
    "OnlineGradient",
    "OnlineKMeans",
    "Optimizer",
    "OverRelaxation",
    "Rate",
    "ScikitLearnMiniBatch",
    "StepRule",
    "Stop",
    "Switch",
    "Trace",
    "best_rate",
    "minimize",
    "stable_rate",
]
