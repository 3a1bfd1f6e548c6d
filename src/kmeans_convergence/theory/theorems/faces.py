"""Where the cost is differentiable and where it can have no minimum."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations_with_replacement

import numpy as np

from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import uniform_in_box
from kmeans_convergence.theory import checks
from kmeans_convergence.theory.checks import Checking, Theorem

# All sets of this number of patterns on the integers from 0 to TOP, with two prototypes on the half-integers.
PATTERNS, TOP = 4, 4

# Lengths are in units of 1/SCALE, so that everything below is an integer. No margin between two distances is below 1/2,
# so prototypes may move by 2/SCALE in every direction before another pattern changes its owner.
SCALE = 32

DIRECTIONS = np.array([[1, 0], [0, 1], [1, 1], [1, -1]])


def _half_costs(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return twice the cost of patterns `x` (n,) for each pair of `w` (..., 2), all integers."""
    return np.asarray(((x[:, None] - w[..., None, :]) ** 2).min(axis=-1).sum(axis=-1))


def _small_cases() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield patterns, shape (n,), and two prototypes, shape (2,), as integers in units of 1/SCALE."""
    grid = np.arange(0, TOP * SCALE + 1, SCALE // 2)
    pairs = [np.array([u, v]) for i, u in enumerate(grid) for v in grid[i:]]
    for values in combinations_with_replacement(range(TOP + 1), PATTERNS):
        x = SCALE * np.array(values)
        for w in pairs:
            yield x, w


def _tied(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return np.asarray(x[abs(x - w[0]) == abs(x - w[1])])


def kinks(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check on all small sets of integers where the slopes along v and -v cancel, and what is left where they don't."""
    error, cases = 0.0, 0
    lengths = np.array([-2, -1, 0, 1, 2])
    for x, w in _small_cases():
        costs = _half_costs(x, w + lengths[:, None, None] * DIRECTIONS)
        # exact for a cost that is quadratic on either side: 4 times the sum of the two slopes
        found = 4 * (costs[1] + costs[3]) - costs[0] - costs[4] - 6 * costs[2]
        claimed = -4 * kink(_tied(x, w), w)
        tied_apart = bool((_tied(x, w)[:, None] != w).any())
        if bool((found < 0).any()) != tied_apart:
            error = math.inf
        error, cases = checks.worst(error, checks.largest(found - claimed)), cases + 1
    statement = (
        r"$D(v) + D(-v) = -\sum |(w_a - x)\cdot v_a - (w_b - x)\cdot v_b|$ over the patterns $x$ tied between $a$ and "
        r"$b$: $E$ is differentiable at $w$ iff each tied pattern lies on both its prototypes"
    )
    hypotheses = r"no pattern has three nearest prototypes"
    return Theorem("differentiability", statement, "exhaustive, exact", cases, error, 0.0, hypotheses)


def kink(tied: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the claimed sum, without its sign, for each of the directions."""
    p, q = (w[k] - tied[:, None] for k in range(2))
    return np.asarray(abs(p * DIRECTIONS[:, 0] - q * DIRECTIONS[:, 1]).sum(axis=0))


def distinct(w: np.ndarray) -> bool:
    """Say whether two prototypes on a line, shape (2,), are distinct: the hypothesis of `no_minimum`."""
    return bool(w[0] != w[1])


def no_minimum(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check on all small sets of integers that a way leads down from each tie of distinct prototypes."""
    error, cases = 0.0, 0
    for x, w in _small_cases():
        if distinct(w) and len(_tied(x, w)) > 0:
            around = _half_costs(x, np.stack([w + DIRECTIONS, w - DIRECTIONS]))
            if not around.min() < _half_costs(x, w):
                error = math.inf
            cases += 1
    statement = r"a local minimum of $E$ has no pattern on a face between two distinct nearest prototypes"
    hypotheses = r"distinct: two prototypes on one pile of patterns are a minimum with ties"
    return Theorem("no minimum on a face", statement, "exhaustive, exact", cases, error, 0.0, hypotheses)


def semiconcave(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that the cost less n/2 |w|^2 is concave, at the middle between random points."""
    X, worst = checks.centered(X), 0.0
    problem = QuantizationProblem(X)
    for _ in range(points):
        u, v = uniform_in_box(X, checks.PROTOTYPES, rng), uniform_in_box(X, checks.PROTOTYPES, rng)
        w = np.stack([u, v, (u + v) / 2])
        cost = problem.evaluate(w).cost - len(X) / 2 * (w**2).sum(axis=(1, 2))
        worst = checks.worst(worst, float((cost[0] + cost[1]) / 2 - cost[2]) / checks.largest(cost))
    statement = r"$E(w) - \frac n2\|w\|^2$ is concave, so no curvature exceeds $n$ and every kink points down"
    tolerance = checks.rounding(X)
    return Theorem("concave part", statement, "random points", points, worst, tolerance, "none")


CHECKS: tuple[Checking, ...] = (kinks, no_minimum, semiconcave)
