"""How it is minimised: each optimizer yields its iterates, one loop measures them."""

from kmeans_convergence.optimizers.base import Optimizer, Rate, StepRule, Switch
from kmeans_convergence.optimizers.batch import GradientDescent, MajorizeMinimize, Newton
from kmeans_convergence.optimizers.loop import Stop, Trace, minimize
from kmeans_convergence.optimizers.online import OnlineGradient, OnlineKMeans

__all__ = [
    "GradientDescent",
    "MajorizeMinimize",
    "Newton",
    "OnlineGradient",
    "OnlineKMeans",
    "Optimizer",
    "Rate",
    "StepRule",
    "Stop",
    "Switch",
    "Trace",
    "minimize",
]
