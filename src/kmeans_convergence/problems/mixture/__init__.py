"""The likelihood of a mixture of Gaussians."""

from kmeans_convergence.problems.mixture.problem import MixtureProblem

__all__ = ["MixtureProblem"]
