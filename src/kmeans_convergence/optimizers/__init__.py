"""How it is minimised: each optimizer yields its iterates, one loop measures them."""

from kmeans_convergence.optimizers.base import Optimizer, Rate, StepRule, Switch
from kmeans_convergence.optimizers.batch import GradientDescent, MajorizeMinimize, Newton
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

__all__ = [
    "GradientDescent",
    "MajorizeMinimize",
    "MiniBatchAveraged",
    "MiniBatchCounts",
    "MiniBatchEstimated",
    "MovingAverage",
    "NestedMiniBatch",
    "Newton",
    "OnlineGradient",
    "OnlineKMeans",
    "Optimizer",
    "Rate",
    "ScikitLearnMiniBatch",
    "StepRule",
    "Stop",
    "Switch",
    "Trace",
    "minimize",
]
