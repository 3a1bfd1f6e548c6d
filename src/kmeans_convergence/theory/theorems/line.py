"""The exact optimum of K-means on a line."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np

from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.optimizers.accelerated import OverRelaxation
from kmeans_convergence.optimizers.exchange import Hartigan
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw
from kmeans_convergence.theory import checks
from kmeans_convergence.theory.checks import Checking, Theorem
from kmeans_convergence.theory.intervals import best_intervals

PATTERNS, TOP = 5, 6
CLUSTERS = 4
EPOCHS = 30


def exhaustive(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check dynamic programming against all assignments of all small sets of integers."""
    error, cases = 0.0, 0
    labels = {clusters: _labels(clusters) for clusters in (2, 3)}
    for values in combinations_with_replacement(range(TOP + 1), PATTERNS):
        exact = np.array([Fraction(value) for value in values], dtype=object)
        for clusters, (groups, sizes) in labels.items():
            # 60 times the scatter of a group is an integer, for groups of up to 5
            x = np.array(values)
            sums, squares = groups @ x, groups @ x**2
            scatter = (60 * squares - 60 // sizes * sums**2).sum(axis=1).min()
            cost, firsts = best_intervals(exact, clusters)
            parts = np.split(exact, firsts[1:])
            attained = sum(((part - part.sum() / len(part)) ** 2).sum() for part in parts if len(part)) / 2
            if not cost == attained == Fraction(int(scatter), 120):
                error = math.inf
            cases += 1
    statement = (
        r"in one dimension the groups of an optimum are intervals, and dynamic programming in $O(K n^2)$ finds it: the "
        r"least cost of all $K^n$ assignments"
    )
    method = "exhaustive, exact"
    return Theorem("optimum on a line", statement, method, cases, error, 0.0, "$d = 1$", "fisher1958, wang2011")


def _labels(clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the members (m, K, n) of the groups of all assignments, and their sizes (m, K), at least 1."""
    every = np.array(list(product(range(clusters), repeat=PATTERNS)))
    groups = (every[:, None, :] == np.arange(clusters)[:, None]).astype(np.int64)
    return groups, np.maximum(groups.sum(axis=2), 1)


def referee(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check on each feature that no optimizer gets below the optimum."""
    X, worst, cases = checks.centered(X), 0.0, 0
    for feature in X.T[:, :, None]:
        clusters = min(CLUSTERS, len(np.unique(feature)))
        optimum, _ = best_intervals(feature[:, 0], clusters)
        starts = draw(feature, clusters, [rng] * points)
        for optimizer in (MajorizeMinimize(), OverRelaxation(1.9), Hartigan()):
            cost = minimize(QuantizationProblem(feature), optimizer, starts, epochs=EPOCHS).cost
            scale = float((feature**2).sum()) / 2
            worst, cases = checks.worst(worst, float(optimum - cost.min()) / scale), cases + points
    statement = r"no iterate of Lloyd, over-relaxed Lloyd or Hartigan on a single feature is below this optimum"
    tolerance = checks.rounding(X)
    return Theorem("referee on a line", statement, "random starts", cases, worst, tolerance, "$d = 1$", "wang2011")


CHECKS: tuple[Checking, ...] = (exhaustive, referee)
