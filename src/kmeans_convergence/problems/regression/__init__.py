"""Clusterwise linear regression: K linear models, each pattern on the one that predicts it best."""

from kmeans_convergence.problems.regression.problem import RegressionEvaluation, RegressionProblem, check_rows

__all__ = ["RegressionEvaluation", "RegressionProblem", "check_rows"]
