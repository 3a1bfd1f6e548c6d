"""The problems that the tests of the interface run on; whoever adds one adds it here."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from toy import Logistic

from kmeans_convergence.core import Problem
from kmeans_convergence.data.blocks import open_blocks
from kmeans_convergence.problems import GaussianMixtureProblem, MixtureProblem, QuantizationProblem
from kmeans_convergence.problems.kmeans.blocked import BlockedQuantizationProblem
from kmeans_convergence.problems.markov import HiddenMarkov, MarkovMeansProblem, MarkovProblem
from kmeans_convergence.problems.mixture import Mixture
from kmeans_convergence.problems.regression import RegressionProblem
from kmeans_convergence.problems.stress import StressProblem, Ties, distances, sammon
from kmeans_convergence.problems.subspaces import SubspacesProblem


class Case(NamedTuple):
    """A problem, and what draws parameters of so many runs for it."""

    problem: Problem
    draw: Callable[[np.random.Generator, int], np.ndarray]


def clusters(seed, n=80, features=3, groups=4, spread=2.0):
    """Return patterns in overlapping groups."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, features)) + spread * rng.normal(size=(groups, features))[rng.integers(groups, size=n)]


def prototypes(rng, runs):
    """Draw prototypes all over the place, one of which owns no pattern."""
    w = 3 * rng.normal(size=(runs, 5, 3))
    w[0, 3] = 1e3
    return w


def configurations(rng, runs):
    """Draw configurations of 15 points, two of which coincide in the first run."""
    x = 2 * rng.normal(size=(runs, 15, 2))
    x[0, 1] = x[0, 0]
    return x


def mixtures(*factors):
    """Return what draws mixtures of three Gaussians with factors of this shape, about the identity."""

    def draw(rng, runs):
        weights = rng.dirichlet(np.full(3, 5.0), runs)
        near = np.eye(3) if factors[1:] == (3, 3) else np.ones(factors[1:])
        return Mixture(weights, 3 * rng.normal(size=(runs, 3, 3)), near * np.exp(rng.uniform(0, 1, (runs, *factors))))

    return draw


def hidden_markov(rng, runs):
    """Draw hidden Markov models with three states."""
    variances, transitions = np.exp(rng.uniform(-1, 1, (runs, 3, 2))), rng.dirichlet(np.full(3, 2.0), (runs, 3))
    return HiddenMarkov(3 * rng.normal(size=(runs, 3, 2)), variances, transitions)


def coefficients(rng, runs):
    """Draw coefficients of four regressions, one of which predicts nothing well in the first run."""
    w = rng.normal(size=(runs, 4, 3))
    w[0, 2] = 30
    return w


X = clusters(1)
# rounded, so that many are equal
D = distances(X[:15]).round(0) + 1
# five sequences of sixteen observations, and what it costs to change the state
SEQUENCES, PRICES = X.reshape(5, 16, 3), np.array([[0.0, 1.5, 2.0], [1.0, 0.5, 2.5], [1.0, 1.0, 0.0]])
# one regressor is far from zero
REGRESSORS = np.stack([np.ones(80), X[:, 0] + 2, X[:, 1]], axis=1)
CASES = {
    "k-means": Case(QuantizationProblem(X), prototypes),
    "k-means, weighted": Case(QuantizationProblem(X, np.arange(len(X)) % 4 + 0.5), prototypes),
    "k-means, one feature": Case(QuantizationProblem(X[:, :1]), lambda rng, runs: 3 * rng.normal(size=(runs, 4, 1))),
    "k-means, blocks": Case(BlockedQuantizationProblem(open_blocks(X, 30)), prototypes),
    "mixture": Case(MixtureProblem(X), lambda rng, runs: 3 * rng.normal(size=(runs, 5, 3))),
    "mixture, apart": Case(MixtureProblem(4 * X), lambda rng, runs: 9 * rng.normal(size=(runs, 3, 3))),
    "stress": Case(StressProblem(D), configurations),
    "stress, Sammon's": Case(StressProblem(D, sammon(D)), configurations),
    "stress, missing pairs": Case(StressProblem(D, np.arange(D.size) % 4 > 0), configurations),
    "stress, non-metric": Case(StressProblem(D, ties=Ties.PRIMARY), configurations),
    "Viterbi, means": Case(MarkovMeansProblem(SEQUENCES, PRICES), lambda rng, runs: prototypes(rng, runs)[:, 1:4]),
    "Baum-Welch, means": Case(
        MarkovMeansProblem(SEQUENCES, PRICES, soft=True), lambda rng, runs: 3 * rng.normal(size=(runs, 3, 3))
    ),
    "regressions": Case(RegressionProblem(REGRESSORS, X[:, 2], 4), coefficients),
    "toy": Case(Logistic(), lambda rng, runs: 2 * rng.normal(size=(runs, 3))),
}
# Problems that are made of pieces on which the cost is what the alternation minimises.
PIECES = (
    "k-means",
    "k-means, weighted",
    "k-means, blocks",
    "k-means, one feature",
    "Viterbi, means",
    "Viterbi, all",
    "regressions",
    "subspaces",
)
# Problems whose majoriser is not quadratic in their coordinates: T(x) = x - P grad E to the first order only.
BENT = {
    "Gaussians": Case(GaussianMixtureProblem(X, ridge=0.1), mixtures(3, 3, 3)),
    "Gaussians, tied": Case(GaussianMixtureProblem(X, "tied"), mixtures(1, 3, 3)),
    "Gaussians, diagonal": Case(GaussianMixtureProblem(X, "diagonal", ridge=0.1), mixtures(3, 3)),
    "Gaussians, spherical": Case(GaussianMixtureProblem(X, "spherical", ridge=0.1), mixtures(3, 1)),
    "Viterbi, all": Case(MarkovProblem(SEQUENCES[..., :2], 3), hidden_markov),
    "Baum-Welch, all": Case(MarkovProblem(SEQUENCES[..., :2], 3, soft=True), hidden_markov),
    "subspaces": Case(SubspacesProblem(X, 3, 2), lambda rng, runs: rng.normal(size=(runs, 3, 3, 2))),
}
