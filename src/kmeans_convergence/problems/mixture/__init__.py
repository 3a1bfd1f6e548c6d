"""The likelihood of mixtures of Gaussians: of the means alone, as in the paper, and of all parameters."""

from kmeans_convergence.problems.mixture.gaussian import GaussianMixtureProblem
from kmeans_convergence.problems.mixture.parameters import InverseWishart, Mixture
from kmeans_convergence.problems.mixture.problem import MixtureProblem

__all__ = ["GaussianMixtureProblem", "InverseWishart", "Mixture", "MixtureProblem"]
