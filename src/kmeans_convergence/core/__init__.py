"""What is minimised, how it is measured, and the one loop: nothing here knows an objective or an optimizer."""

from kmeans_convergence.core.gap import AbsoluteGap, FlooredGap, Gap, RelativeGap
from kmeans_convergence.core.loop import Enough, Mark, Stop, Trace, minimize
from kmeans_convergence.core.optimizer import Optimizer
from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.core.problem import Capability, Curvature, Evaluation, Problem, Steps, TermCurvature, check_fit

__all__ = [
    "AbsoluteGap",
    "Capability",
    "CountingOracle",
    "Curvature",
    "Enough",
    "Evaluation",
    "FlooredGap",
    "Gap",
    "Mark",
    "Optimizer",
    "Problem",
    "RelativeGap",
    "Steps",
    "Stop",
    "TermCurvature",
    "Trace",
    "check_fit",
    "minimize",
]
