"""The stress of multidimensional scaling."""

from kmeans_convergence.problems.stress.classical import Classical, classical_scaling, strain
from kmeans_convergence.problems.stress.disparities import Ties
from kmeans_convergence.problems.stress.dissimilarities import Pairs, distances, normalized, sammon
from kmeans_convergence.problems.stress.problem import StressEvaluation, StressProblem

__all__ = [
    "Classical",
    "Pairs",
    "StressEvaluation",
    "StressProblem",
    "Ties",
    "classical_scaling",
    "distances",
    "normalized",
    "sammon",
    "strain",
]
