"""Online K-means as a stochastic Newton method, and the exponent of what its Hessian leaves out."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations

import numpy as np
from scipy.linalg import solve_discrete_lyapunov

from kmeans_convergence.theory import checks, equations
from kmeans_convergence.theory.checks import Checking, Theorem
from kmeans_convergence.theory.rates import floor_of_draws
from kmeans_convergence.theory.theorems.population import cosines, lloyd_uniform

# The exponent is read off between LAST / 2 and LAST steps. There a product of 1 - a/t has the slope -a up to
# a (1 + a) / LAST.
LAST = 8192
TRUNCATION = 4 / LAST

PROTOTYPES = (2, 3, 6)
BATCH = 5

# The number of modes of random curvatures; equations are solved to rounding.
MODES = 4
ALGEBRA = 1e-9


def stochastic_newton(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that the step (7) is Newton's on one pattern, with the Hessians of all patterns met so far."""
    X, error = checks.exact(X), 0.0
    for w in checks.exact_starts(X, rng):
        n, curvature = np.zeros(len(w), dtype=np.int64), np.zeros(len(w), dtype=np.int64)
        for i in rng.permutation(len(X)):
            x = X[i : i + 1]
            curvature += equations.counts(x, w)
            # a prototype that has met no pattern has no gradient either
            inverse = np.array([Fraction(1, max(1, int(c))) for c in curvature])
            newton = w - inverse[:, None] * equations.gradient(x, w)
            w, n = equations.online_kmeans_step(X[i], w, n)
            error = checks.worst(error, checks.largest(newton - w))
    statement = (
        r"online K-means (7) is $w - H_t^{-1}\nabla L(x_t, w)$, where $H_t = \sum_{u \le t} \nabla^2 L(x_u, w_u)$ adds "
        r"up the Hessians of the patterns met: stochastic Newton"
    )
    cases = len(X) * checks.EXACT_STARTS
    hypotheses = "$n_k = 0$ at the start"
    method = "exact rational arithmetic"
    return Theorem("online K-means", statement, method, cases, error, 0.0, hypotheses, "bottou1995")


def order_free(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that the counts rule of mini-batches gives a running mean in whatever order the batch comes."""
    X, error, cases = checks.exact(X), 0.0, 0
    for w in checks.exact_starts(X, rng):
        batch = X[rng.choice(len(X), size=min(BATCH, len(X)), replace=False)]
        before = rng.integers(1, 10, size=len(w))
        owner = equations.assignments(batch, w)
        share = np.array([Fraction(1, int(c)) for c in before + np.bincount(owner, minlength=len(w))])
        sums = np.stack(
            [w_k * int(c) + batch[owner == k].sum(axis=0) for k, (w_k, c) in enumerate(zip(w, before, strict=True))]
        )
        for order in permutations(range(len(batch))):
            v, n = w.copy(), before.copy()
            for i in order:
                n[owner[i]] += 1
                v[owner[i]] += (batch[i] - v[owner[i]]) / int(n[owner[i]])
            error, cases = checks.worst(error, checks.largest(v - share[:, None] * sums)), cases + 1
    statement = r"the steps $1/n_k$ on a batch give the mean of the patterns won, in whatever order they come"
    hypotheses = "assignments made once for the batch"
    return Theorem("mini-batch counts", statement, "exhaustive, exact", cases, error, 0.0, hypotheses, "sculley2010")


def exponent(rho: float, c: float) -> float:
    """Return the exponent of t with which the rate c/n_k loses its error along a mode that Lloyd contracts by rho."""
    return -c * (1 - rho)


def cure(rho: float) -> float:
    """Return the c for which the exponent is -1."""
    return 1 / (1 - rho)


def slow_mode(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the exponent of the expected step on the uniform density, and its cure."""
    worst, cases = 0.0, 0
    for clusters in PROTOTYPES:
        minimum = (np.arange(clusters) + 0.5) / clusters
        rho = cosines(clusters)[0]
        # the slowest mode: a cosine over the prototypes
        mode = np.sin(np.pi * (np.arange(clusters) + 0.5) / clusters)
        for c in (1.0, 2.0, cure(rho)):
            w, sizes = minimum + 0.1 / clusters * mode, {}
            for t in range(math.ceil(c), LAST + 1):
                w = w + c / t * (lloyd_uniform(w) - w)
                if t in (LAST // 2, LAST):
                    sizes[t] = float((w - minimum) @ mode)
            slope = math.log2(sizes[LAST] / sizes[LAST // 2])
            worst, cases = checks.worst(worst, abs(slope - exponent(rho, c))), cases + 1
    statement = (
        r"with the rate $c/n_k$ the expected error along a mode that Lloyd contracts by $\rho$ falls like "
        r"$t^{-c(1-\rho)}$: online K-means like $t^{-(1-\rho)}$, and like $1/t$ for $c = 1/(1-\rho)$"
    )
    hypotheses = r"uniform density, expected steps, $n_k = t/K$"
    return Theorem("online exponent", statement, "recursion", cases, worst, TRUNCATION, hypotheses)


def noise(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the exponent of the squared error from the recursion of its expectation."""
    worst, cases = 0.0, 0
    for clusters in (3, 6):
        rho = cosines(clusters)[0]
        # the noise is such that what decides does so from the first steps on
        for c, variance in ((1.0, 1e-4), (cure(rho), 1e3), (2 * cure(rho), 1e3)):
            square, squares = 1.0, {}
            for t in range(math.ceil(c) + 1, LAST + 1):
                square = (1 + exponent(rho, c) / t) ** 2 * square + variance / t**2
                if t in (LAST // 2, LAST):
                    squares[t] = square
            slope = math.log2(squares[LAST] / squares[LAST // 2])
            worst, cases = checks.worst(worst, abs(slope - max(-1.0, 2 * exponent(rho, c)))), cases + 1
    statement = r"the expected squared error along this mode falls like $t^{\max(-1, -2c(1-\rho))}$"
    hypotheses = r"linearised, noise of constant variance, $2c(1-\rho) \ne 1$"
    return Theorem("online noise", statement, "recursion", cases, worst, 10 * TRUNCATION, hypotheses, "robbins1951")


def noise_floor(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the excess that a fixed rate leaves, for random curvatures and noise."""
    worst, unit = 0.0, np.eye(MODES)
    for _ in range(points):
        A, B = rng.normal(size=(2, MODES, MODES))
        rate, C = rng.uniform(0.01, 1), B @ B.T
        H = A @ A.T
        H *= rng.uniform(0.1, 1) / np.linalg.norm(H, 2)
        shares = [
            float(np.trace(H @ solve_discrete_lyapunov(unit - rate * H, rate**2 * C)) / np.trace(C)) for H in (H, unit)
        ]
        # the share of the limit is least for small steps, and largest along the steepest mode
        steepest = rate / (2 - rate * float(np.linalg.norm(H, 2)))
        worst = checks.worst(worst, rate / 2 / shares[0] - 1, shares[0] / steepest - 1)
        worst = checks.worst(worst, abs(shares[1] / floor_of_draws(rate) - 1))
    statement = (
        r"a fixed rate $\epsilon$ leaves an excess of the cost between the shares $\epsilon/2$ and "
        r"$\epsilon/(2 - \epsilon\|H\|)$ of the limit, whatever the data, and $\epsilon/(2 - \epsilon)$ for $H = I$"
    )
    hypotheses = r"linearised, noise of constant covariance, $\epsilon\|H\| < 2$"
    return Theorem("online noise floor", statement, "Lyapunov equation", points, worst, ALGEBRA, hypotheses)


CHECKS: tuple[Checking, ...] = (stochastic_newton, order_free, slow_mode, noise, noise_floor)
