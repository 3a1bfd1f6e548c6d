"""What is minimised: each problem gives cost, gradient and the image under its alternation in one pass."""

from kmeans_convergence.problems.kmeans import QuantizationProblem
from kmeans_convergence.problems.mixture.problem import MixtureProblem

__all__ = ["MixtureProblem", "QuantizationProblem"]
