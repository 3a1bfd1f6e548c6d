"""How it is minimised: each optimizer yields its iterates, one loop measures them."""

from kmeans_convergence.core import Optimizer, Stop, Trace, minimize
from kmeans_convergence.optimizers.base import General, Rate, StepRule, Switch
from kmeans_convergence.optimizers.batch import GradientDescent, MajorizeMinimize, Newton
from kmeans_convergence.optimizers.online import OnlineGradient, OnlineKMeans

__all__ = [
    "General",
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
