"""What is minimised: each problem gives cost, gradient and the image under its alternation in one pass."""

from kmeans_convergence.problems.kmeans import QuantizationProblem
from kmeans_convergence.problems.mixture import GaussianMixtureProblem, MixtureProblem

__all__ = ["GaussianMixtureProblem", "MixtureProblem", "QuantizationProblem"]
