"""The quantisation error of k-means."""

from kmeans_convergence.problems.kmeans.problem import KMeansEvaluation, QuantizationProblem

__all__ = ["KMeansEvaluation", "QuantizationProblem"]
