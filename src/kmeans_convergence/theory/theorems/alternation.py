"""Batch K-means as an alternation: what it minimises, how much it gains, when it ends, and what Hartigan adds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, combinations_with_replacement, product

import numpy as np

from kmeans_convergence.theory import checks, equations
from kmeans_convergence.theory.checks import Checking, Theorem

# Small enough to try every assignment.
FEW, GROUPS = 6, 3


def coordinate_descent(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that batch K-means (6) minimises one function in turn over the assignments and over the prototypes."""
    error, cases = 0.0, 0
    for _ in range(checks.EXACT_STARTS):
        few = checks.exact(X[rng.choice(len(X), size=min(FEW, len(X)), replace=False)])
        every = np.array(list(product(range(GROUPS), repeat=len(few))))
        w, other = few[:GROUPS], few[-GROUPS:] + Fraction(1, 3)
        joint = _joint(few, w, every)
        step, owner = equations.batch_kmeans_step(few, w), equations.assignments(few, w)
        N = equations.counts(few, w)
        above = _joint(few, other, owner[None])[0] - _joint(few, step, owner[None])[0]
        square = (N[:, None] * (other - step) ** 2).sum() / 2
        nearest = joint.min() - equations.quantization_error(few, w)
        error, cases = checks.worst(error, float(abs(nearest)), float(abs(above - square))), cases + len(every)
    statement = (
        r"$J(a, w) = \frac12\sum_i \|x_i - w_{a_i}\|^2$: $\min_a J(a, w) = E(w)$, at the nearest prototypes, and "
        r"$J(a, w') - J(a, T(w)) = \frac12\sum_k N_k \|w'_k - T_k(w)\|^2$ for these $a$: (6) is coordinate descent"
    )
    hypotheses = "empty prototypes stay where they are"
    return Theorem("coordinate descent", statement, "exhaustive, exact", cases, error, 0.0, hypotheses, "selim1984")


def _joint(X: np.ndarray, w: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return J for each assignment of `a`, shape (m, n)."""
    return np.asarray(equations.squared_distances(X, w)[np.arange(len(X)), a].sum(axis=1) / 2)


def exact_decrease(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check what a step of batch K-means (6) gains, to the last digit, along whole runs."""
    X, error, steps = checks.exact(X), 0.0, 0
    for step in checks.exact_steps(X, rng):
        sizes = np.bincount(step.owner, minlength=len(step.w))
        promised = (sizes[:, None] * (step.new - step.w) ** 2).sum() / 2
        exchanged = (step.after[np.arange(len(X)), step.owner] - step.after.min(axis=1)).sum() / 2
        gap = float(abs(step.gain - promised - exchanged))
        error, steps = checks.worst(error, gap, 0.0 if exchanged >= 0 else math.inf), steps + 1
    statement = (
        r"$E(w) - E(w') = \frac12\sum_k N_k\|w'_k - w_k\|^2 + \frac12\sum_i (\|x_i - w'_{s_i(w)}\|^2 - "
        r"\min_k\|x_i - w'_k\|^2)$ for $w' = T(w)$; the last sum is 0 iff each pattern's owner stays a nearest one"
    )
    hypotheses = "none"
    reference = "bottou1995, hunter2004"
    return Theorem("exact decrease", statement, "exact rational arithmetic", steps, error, 0.0, hypotheses, reference)


def strict_decrease(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check on all small sets of integers and all starts that a step that moves lowers the cost, and that runs end."""
    error, cases = 0.0, 0
    for values in combinations_with_replacement(range(6), 4):
        few = np.array([[Fraction(value)] for value in values], dtype=object)
        for start in combinations(sorted(set(values)), 2):
            w, steps, moving = np.array([[Fraction(value)] for value in start], dtype=object), 0, True
            while moving:
                new = equations.batch_kmeans_step(few, w)
                moving = bool((new != w).any())
                if moving and not equations.quantization_error(few, new) < equations.quantization_error(few, w):
                    error = math.inf
                w, steps = new, steps + moving
                if steps > 2 ** len(values):
                    error, moving = math.inf, False
            cases += 1
    statement = (
        r"$T(w) \ne w$ implies $E(T(w)) < E(w)$: no means are met twice, so there are at most as many steps as "
        r"assignments, $K^n$"
    )
    hypotheses = r"ties to a fixed rule"
    return Theorem("finite termination", statement, "exhaustive, exact", cases, error, 0.0, hypotheses, "selim1984")


def _mean(values: list[int]) -> Fraction:
    return Fraction(sum(values), len(values))


def _scatter(values: list[int]) -> Fraction:
    return sum(((value - _mean(values)) ** 2 for value in values), Fraction(0)) / 2


def cost(groups: list[list[int]]) -> Fraction:
    """Return the cost of a partition whose prototypes are the means."""
    return sum(map(_scatter, groups), Fraction(0))


def exchanges(groups: list[list[int]]) -> Iterator[list[list[int]]]:
    """Yield the groups after each move of one pattern that leaves no group empty."""
    for a, group in enumerate(groups):
        for x in group if len(group) > 1 else []:
            for b in range(len(groups)):
                if b != a:
                    moved = [list(g) for g in groups]
                    moved[a].remove(x)
                    moved[b].append(x)
                    yield moved


def advantage(groups: list[list[int]]) -> Fraction:
    """Return the least amount by which a pattern's own mean is nearer to it than another one."""
    means = [_mean(group) for group in groups]
    return min(
        abs(x - means[b]) - abs(x - means[a])
        for a, group in enumerate(groups)
        for x in group
        for b in range(len(groups))
        if b != a
    )


def partitions(largest: int) -> Iterator[list[list[int]]]:
    """Yield all partitions of small sets of integers from 0 on, fewest first, then by the largest integer."""
    for n, clusters in ((3, 2), (4, 2), (4, 3), (5, 2)):
        for top in range(n - 1, largest + 1):
            for inner in combinations(range(1, top), n - 2):
                values = (0, *inner, top)
                for labels in product(range(clusters), repeat=n):
                    groups = [[x for x, a in zip(values, labels, strict=True) if a == k] for k in range(clusters)]
                    # each partition once: the groups in the order of their first pattern
                    if all(groups) and [g[0] for g in groups] == sorted(g[0] for g in groups):
                        yield groups


# The smallest partition that batch K-means keeps, without a tie, and an exchange improves.
SMALLEST = [[0], [2, 5]]


def hartigan(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that what no exchange improves is a fixed point of batch K-means, and that the converse is false."""
    violations, cases, first = 0, 0, None
    for groups in partitions(7):
        stable = all(cost(moved) >= cost(groups) for moved in exchanges(groups))
        lead = advantage(groups)
        violations += stable and lead < 0
        if first is None and lead > 0 and not stable:
            first = groups
        cases += 1
    error = float(violations) if first == SMALLEST else math.inf
    statement = (
        r"a partition that no exchange of one pattern improves is a fixed point of (6); the converse is false, and "
        r"$\{0\}, \{2, 5\}$ is the smallest example of integers: $\{0, 2\}, \{5\}$ is better"
    )
    hypotheses = "no group is empty"
    reference = "telgarsky2010"
    return Theorem("Hartigan's minima", statement, "exhaustive, exact", cases, error, 0.0, hypotheses, reference)


# The smallest set of integers on which batch K-means stops at a tie, and where it starts.
TIED, TIED_START = (0, 2, 3), (2, 3)


def tied_fixed_point(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that batch K-means can stop where there is no local minimum, and only with a tie."""
    error, cases, first = 0.0, 0, None
    for n, top in ((n, top) for n in (3, 4) for top in range(2, 6)):
        for values in combinations_with_replacement(range(top + 1), n):
            few = np.array([[Fraction(value)] for value in values], dtype=object)
            for start in combinations(sorted(set(values)), 2):
                w = _lloyd_exactly(few, start)
                squared = equations.squared_distances(few, w)
                ties = np.flatnonzero(squared[:, 0] == squared[:, 1])
                # each tied pattern to the other prototype, and the means after it
                lower = False
                for i in ties:
                    groups = [
                        [int(x) for x, a in zip(values, squared.argmin(axis=1), strict=True) if a == k] for k in (0, 1)
                    ]
                    groups[0].remove(values[i])
                    groups[1].append(values[i])
                    lower |= bool(cost([g for g in groups if g]) < equations.quantization_error(few, w))
                if len(ties) > 0 and not lower:
                    error = math.inf
                if len(ties) > 0 and first is None:
                    first = (values, start)
                cases += 1
    error = error if first == (TIED, TIED_START) else math.inf
    statement = (
        r"a fixed point of (6) with a pattern tied between distinct prototypes is no local minimum; $\{0, 2, 3\}$ is "
        r"the smallest example of integers: from 2 and 3 the means are 1 and 3, and 2 stays where it is"
    )
    hypotheses = "ties to the lowest index"
    return Theorem("fixed point with a tie", statement, "exhaustive, exact", cases, error, 0.0, hypotheses, "li2025")


def _lloyd_exactly(X: np.ndarray, start: tuple[int, ...]) -> np.ndarray:
    """Return where batch K-means ends on a line, in fractions."""
    w, moving = np.array([[Fraction(value)] for value in start], dtype=object), True
    while moving:
        new = equations.batch_kmeans_step(X, w)
        moving, w = bool((new != w).any()), new
    return w


CHECKS: tuple[Checking, ...] = (coordinate_descent, exact_decrease, strict_decrease, tied_fixed_point, hartigan)
