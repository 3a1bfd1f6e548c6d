"""K subspaces: each pattern belongs to the nearest of K subspaces through the origin."""

from kmeans_convergence.problems.subspaces.problem import SubspacesEvaluation, SubspacesProblem

__all__ = ["SubspacesEvaluation", "SubspacesProblem"]
