"""What a sample of n patterns costs on new ones, what one pass over it reaches, and how many passes are of use."""

from __future__ import annotations

import math

import numpy as np
import sympy as sp

from kmeans_convergence.theory import checks
from kmeans_convergence.theory.checks import Checking, Theorem
from kmeans_convergence.theory.efficiency import (
    averaged_excess,
    best_factor,
    kept_excess,
    lloyd_passes,
    minimiser_excess,
    one_pass_excess,
    slowest_passes,
    uniform_modes,
)
from kmeans_convergence.theory.rates import Modes

# Modes of random curvatures, and how many of them are tried where a recursion takes long.
MODES, TRIALS = 4, 5
# Equations are solved to rounding.
ALGEBRA = 1e-9
# Steps of a recursion. What is left of its beginning and of its steps' length is some multiples of 1/LAST.
LAST = 8192
TRUNCATION = 10 / LAST
# Factors that are tried on a grid, and numbers of prototypes.
FACTORS = 400
PROTOTYPES = (2, 3, 6, 12)


def _problem(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw shares N (m,), a Hessian H (m, m) below their diagonal, and a covariance C (m, m)."""
    shares = rng.dirichlet(np.full(MODES, 5.0))
    vectors = np.linalg.qr(rng.normal(size=(MODES, MODES)))[0]
    root = np.sqrt(shares)
    H = root[:, None] * (vectors * rng.uniform(0.2, 1, MODES)) @ vectors.T * root
    B = rng.normal(size=(MODES, MODES))
    return shares, H, B @ B.T


def _modes(shares: np.ndarray, H: np.ndarray, C: np.ndarray) -> Modes:
    """Return the modes by their definition."""
    root = np.sqrt(np.outer(shares, shares))
    curvatures, vectors = np.linalg.eigh(H / root)
    return Modes(curvatures, np.diag(vectors.T @ (C / root) @ vectors), vectors)


def minimiser(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the expected excess of a sample's minimiser over all noises of a set that has the right covariance."""
    worst, n = 0.0, 100
    for _ in range(points):
        shares, H, C = _problem(rng)
        # with the same weight, these and their negatives have the mean 0 and the covariance C / n
        noises = math.sqrt(MODES / n) * np.linalg.cholesky(C).T
        ends = -np.linalg.solve(H, np.concatenate([noises, -noises]).T).T
        found = float((0.5 * ends * (ends @ H)).sum(axis=1).mean())
        worst = checks.worst(worst, abs(found / minimiser_excess(_modes(shares, H, C), n) - 1))
    statement = (
        r"the minimiser of $n$ patterns exceeds the population's least cost per pattern by "
        r"$\mathrm{tr}(H^{-1}C)/2n=\sum_jv_j/2n\lambda_j$: what no pass lowers"
    )
    hypotheses = r"quadratic near the minimum, $H$ with face terms, to the first order in $1/n$"
    return Theorem("statistical error", statement, "enumeration", points, worst, ALGEBRA, hypotheses, "pollard1982")


def uniform_example(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check by algebra what the formulas say of the uniform density with two prototypes."""
    x, half = sp.Symbol("x"), sp.Rational(1, 2)
    H = sp.Matrix([[3, -1], [-1, 3]]) / 8
    C = sp.eye(2) * sp.integrate((x - half / 2) ** 2, (x, 0, half))
    least = (H.inv() * C).trace() / 2
    # both shares are 1/2, and c is 2
    curvatures = [value for value, times in (2 * H).eigenvals().items() for _ in range(times)]
    passed = sum(value * 4 * (2 * C[0, 0]) / (2 * (4 * value - 1)) for value in curvatures)
    modes = uniform_modes(2)
    exact = least == sp.Rational(1, 32) and passed == sp.Rational(5, 144)
    error = max(abs(minimiser_excess(modes, 1) - float(least)), abs(one_pass_excess(modes, 2.0, 1) - float(passed)))
    statement = (
        r"uniform density, $K=2$: $n$ times the excess is $1/32$ for the sample's minimiser, $5/144$ after one pass of "
        r"$2/n_k$, which is 11\,\% more"
    )
    worst = error if exact else math.inf
    return Theorem("statistical error, two", statement, "symbolic", 1, worst, 1e-14, r"$p=1$ on $[0,1]$")


def one_pass(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the excess after one pass by the recursion of the whole covariance matrix."""
    worst, unit = 0.0, np.eye(MODES)
    for _ in range(TRIALS):
        shares, H, C = _problem(rng)
        modes = _modes(shares, H, C)
        # so that the start is forgotten like 1/t squared
        factor = 1.5 / float(modes.curvatures.min())
        inverse = np.diag(1 / shares)
        S = inverse @ C @ inverse
        for t in range(math.ceil(factor) + 1, LAST + 1):
            step = unit - factor / t * inverse @ H
            S = step @ S @ step.T + (factor / t) ** 2 * inverse @ C @ inverse
        found = 0.5 * float(np.trace(H @ S))
        worst = checks.worst(worst, abs(found / one_pass_excess(modes, factor, LAST) - 1))
    statement = (
        r"one pass of $c/n_k$ ends $\frac1n\sum_j\frac12\lambda_jc^2v_j/(2c\lambda_j-1)$ above the population's least "
        r"cost"
    )
    hypotheses = r"linearised, $n_k=p_kt$, $2c\lambda_j>1$"
    return Theorem("one pass", statement, "recursion", TRIALS, worst, TRUNCATION, hypotheses, "bottou2008")


def best(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the best factor by algebra for one mode, and on a grid for several."""
    c, curvature = sp.symbols("c lambda", positive=True)
    excess = curvature * c**2 / (2 * c * curvature - 1)
    at = {c: 1 / curvature}
    single = sp.simplify(sp.diff(excess, c).subs(at)) == 0 and sp.simplify(excess.subs(at) - 1 / curvature) == 0
    worst = 0.0 if single else math.inf
    for _ in range(points):
        modes = _modes(*_problem(rng))
        factor = best_factor(modes)
        ends = 1 / modes.curvatures[[-1, 0]]
        grid = np.geomspace(0.5 * ends[0], 2 * ends[1], FACTORS)
        found = one_pass_excess(modes, factor, 1)
        if not ends[0] <= factor <= ends[1] or found < minimiser_excess(modes, 1):
            worst = math.inf
        worst = checks.worst(worst, max(found / one_pass_excess(modes, float(each), 1) - 1 for each in grid))
    statement = (
        r"the best $c$ of one pass lies between $1/\lambda_{\max}$ and $1/\lambda_{\min}=1/(1-\rho)$; with one "
        r"$\lambda$ it is $1/\lambda$ and as good as the sample's minimiser, with several no $c$ is"
    )
    hypotheses = r"as for one pass"
    return Theorem("best rate of one pass", statement, "symbolic, grid", points, worst, ALGEBRA, hypotheses)


def logarithm(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check what becomes of a mode whose curvature is just too small for the rate."""
    worst, cases = 0.0, 0
    for curvature in (0.5, 0.25, 0.1):
        factor = 1 / (2 * curvature)
        square, scaled = 1.0, {}
        for t in range(math.ceil(factor) + 1, LAST + 1):
            square = (1 - factor * curvature / t) ** 2 * square + (factor / t) ** 2
            if t in (LAST // 2, LAST):
                scaled[t] = t * square
        gain = (scaled[LAST] - scaled[LAST // 2]) / (factor**2 * math.log(2))
        worst, cases = checks.worst(worst, abs(gain - 1)), cases + 1
    statement = r"a mode with $2c\lambda=1$ costs a factor $\log n$: its part of $n$ times the excess grows by "
    statement += r"$\frac12\lambda c^2v\log2$ with each doubling of $n$"
    hypotheses = "linearised, one mode"
    return Theorem("the stall of online K-means", statement, "recursion", cases, worst, TRUNCATION, hypotheses)


def kept(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the excess after a pass from a start that counts, by the recursion of each mode's square."""
    worst, cases, begin = 0.0, 0, 256
    curvatures, squares = np.array([0.05, 0.25, 0.5, 1.0]), np.array([0.1, 0.0, 0.01, 1.0])
    modes = Modes(curvatures, np.array([1.0, 3.0, 0.1, 2.0]), np.eye(MODES))
    for factor in (1.0, 2.0, 8.0):
        square = squares.copy()
        for t in range(begin + 1, LAST + 1):
            square = (1 - factor * curvatures / t) ** 2 * square + (factor / t) ** 2 * modes.noise
        found = 0.5 * float(curvatures @ square)
        claimed = kept_excess(modes, factor, LAST - begin, begin, squares)
        worst, cases = checks.worst(worst, abs(found / claimed - 1)), cases + 1
    statement = (
        r"from a start with squares $y_j^2$ along the modes that counts like $b$ patterns, a pass over $n=T-b$ ends at "
        r"$\sum_j\frac12\lambda_j\bigl(y_j^2(b/T)^{2c\lambda_j}+c^2v_jT^{-2c\lambda_j}\int_b^Ts^{2c\lambda_j-2}ds\bigr)$"
        r", whether it stalls or not"
    )
    hypotheses = r"linearised, $n_k=p_kt$"
    return Theorem("one pass, start kept", statement, "recursion", cases, worst, 10 * TRUNCATION, hypotheses)


def averaging(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the excess of the mean of the last iterates by the recursion of its second moments."""
    worst, cases = 0.0, 0
    for curvature, factor, begin in ((0.5, 2.0, 0.5), (0.5, 4.0, 0.5), (1.0, 4.0, 0.5), (0.5, 4.0, 0.0)):
        a, first = factor * curvature, round(begin * LAST)
        # of the iterate, of its product with the sum so far, and of the sum
        square, product, summed = 1.0, 0.0, 0.0
        for t in range(math.ceil(a) + 1, LAST + 1):
            keep = 1 - a / t
            square = keep**2 * square + (factor / t) ** 2
            if t > first:
                summed += 2 * keep * product + square
                product = keep * product + square
        found = 0.5 * curvature * summed / (LAST - first) ** 2
        modes = Modes(np.array([curvature]), np.ones(1), np.eye(1))
        worst = checks.worst(worst, abs(found / averaged_excess(modes, factor, LAST, begin) - 1))
        cases += 1
    # a rate that is far too large costs nothing any more
    modes = _modes(*_problem(rng))
    limit = averaged_excess(modes, 1e6, 1, 0.0) / minimiser_excess(modes, 1)
    worst, cases = checks.worst(worst, abs(limit - 1)), cases + 1
    statement = (
        r"the mean of all iterates of a pass of $c/n_k$ reaches the statistical error for large $c$; that of the last "
        r"half at best twice as much"
    )
    hypotheses = r"linearised, $2c\lambda_j>1$"
    return Theorem("averaging", statement, "recursion", cases, worst, TRUNCATION, hypotheses, "polyak1992")


def useful_passes(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the number of Lloyd's steps down to the statistical error on the uniform density."""
    worst, cases = 0.0, 0
    for clusters in PROTOTYPES:
        modes = uniform_modes(clusters)
        slowest = int(modes.curvatures.argmin())
        error = np.zeros(clusters)
        error[slowest] = 0.1 / clusters
        first = 0.5 * float(modes.curvatures[slowest]) * float(error[slowest]) ** 2
        for n in (10.0**power for power in range(3, 13)):
            level = minimiser_excess(modes, n)
            claimed = slowest_passes(1 - float(modes.curvatures[slowest]), first, level)
            w, steps = error.copy(), 0
            while 0.5 * float(modes.curvatures @ w**2) > level:
                w, steps = w - modes.curvatures * w, steps + 1
            worst = checks.worst(worst, abs(steps - math.ceil(max(claimed, 0))))
            worst, cases = checks.worst(worst, abs(steps - lloyd_passes(modes, error, level))), cases + 1
    statement = (
        r"Lloyd's error falls below the statistical one after $\log(nE_0/s)/(-2\log\rho)$ passes, where $E_0$ is the "
        r"excess of the start and $s=\mathrm{tr}(H^{-1}C)/2$: further passes gain nothing on new patterns"
    )
    hypotheses = r"start along the slowest mode, $p=1$ on $[0,1]$, $K=2,3,6,12$, $n=10^3,\dots,10^{12}$"
    return Theorem("useful passes", statement, "recursion", cases, worst, 0.0, hypotheses, "bottou2008")


CHECKS: tuple[Checking, ...] = (
    minimiser,
    uniform_example,
    one_pass,
    kept,
    best,
    logarithm,
    averaging,
    useful_passes,
)
