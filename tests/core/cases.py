"""The problems that the tests of the interface run on; whoever adds one adds it here."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from toy import Logistic

from kmeans_convergence.core import Problem
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem


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


X = clusters(1)
CASES = {
    "k-means": Case(QuantizationProblem(X), prototypes),
    "k-means, one feature": Case(QuantizationProblem(X[:, :1]), lambda rng, runs: 3 * rng.normal(size=(runs, 4, 1))),
    "mixture": Case(MixtureProblem(X), lambda rng, runs: 3 * rng.normal(size=(runs, 5, 3))),
    "mixture, apart": Case(MixtureProblem(4 * X), lambda rng, runs: 9 * rng.normal(size=(runs, 3, 3))),
    "toy": Case(Logistic(), lambda rng, runs: 2 * rng.normal(size=(runs, 3))),
}
