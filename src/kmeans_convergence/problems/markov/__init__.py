"""Hidden Markov models with Gaussian emissions: Viterbi training, and Baum and Welch's method as its soft version."""

from kmeans_convergence.problems.markov.means import MarkovMeansProblem
from kmeans_convergence.problems.markov.parameters import HiddenMarkov
from kmeans_convergence.problems.markov.problem import MarkovProblem
from kmeans_convergence.problems.markov.sequences import check_length

__all__ = ["HiddenMarkov", "MarkovMeansProblem", "MarkovProblem", "check_length"]
