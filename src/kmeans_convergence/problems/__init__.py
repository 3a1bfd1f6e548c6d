"""What is minimised: each problem gives cost, gradient, curvature and majoriser in one pass."""

from kmeans_convergence.problems.base import Evaluation, Problem
from kmeans_convergence.problems.mixture import MixtureProblem
from kmeans_convergence.problems.quantization import QuantizationProblem

__all__ = ["Evaluation", "MixtureProblem", "Problem", "QuantizationProblem"]
