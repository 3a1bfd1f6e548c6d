"""Gradient descent near a minimum of K-means, and the decrease that the majoriser promises far from it."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations_with_replacement

import numpy as np

from kmeans_convergence.optimizers import GradientDescent, Rate
from kmeans_convergence.optimizers.batch import best_rate
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans import KMeansEvaluation
from kmeans_convergence.starts import uniform_in_box
from kmeans_convergence.theory import checks, equations
from kmeans_convergence.theory.checks import Checking, Theorem

STEPS = 5

# A rate that is so much below or above the limit must tell.
MARGIN = 0.01


def contraction(rate: float, counts: np.ndarray) -> np.ndarray:
    """Return the factor 1 - rate N_k of each prototype's error in a step of gradient descent, shape (K,)."""
    return 1 - rate * counts


def stability_limit(counts: np.ndarray) -> float:
    """Return 2 / N_max, the rate from which on gradient descent does not converge."""
    return 2 / float(counts.max())


def best_fixed_rate(counts: np.ndarray) -> Fraction:
    """Return 2 / (N_min + N_max) of positive integers."""
    return Fraction(2, int(counts.min()) + int(counts.max()))


def _descend(X: np.ndarray, w: np.ndarray, rate: float, steps: int) -> np.ndarray:
    """Return the prototypes (K, d) after some steps of gradient descent with a constant rate."""
    problem, rule = QuantizationProblem(X), GradientDescent(Rate(rate, decays=False))
    x = problem.pack(w[None])
    for epoch in range(1, steps + 1):
        x = rule.step(problem.evaluate(x), epoch)
    return np.asarray(problem.unpack(x)[0])


def linear_rate(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the factor of each prototype's error, over some steps from near a minimum."""
    X, worst, cases = checks.centered(X), 0.0, 0
    for w, _, N, radius in checks.untied_ends(X, rng, points):
        offset = radius * rng.uniform() * checks.unit_directions(w.shape, rng)
        rate = rng.uniform() * 2 / N.max()
        claimed = w + contraction(rate, N)[:, None] ** STEPS * offset
        found = _descend(X, w + offset, rate, STEPS)
        worst, cases = checks.worst(worst, checks.largest(found - claimed) / checks.spread(X)), cases + 1
    statement = (
        r"gradient descent with the rate $\epsilon$ near a minimum $w^*$: $w_k - w^*_k$ shrinks by $1 - \epsilon N_k$ "
        r"in each step, so the error by $\max_k |1 - \epsilon N_k|$"
    )
    hypotheses = r"no ties at $w^*$; so near that no assignment changes; $0 < \epsilon < 2/N_{\max}$"
    tolerance = STEPS * checks.rounding(X)
    return Theorem("gradient, linear rate", statement, "random points", cases, worst, tolerance, hypotheses)


def stability(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check that gradient descent approaches a minimum just below the limit and leaves it just above."""
    X, error, cases = checks.centered(X), 0.0, 0
    for w, _, N, radius in checks.untied_ends(X, rng, points):
        offset = np.zeros_like(w)
        offset[N.argmax()] = radius / 2 * checks.unit_directions(w.shape, rng)[0]
        below, above = (
            np.linalg.norm(_descend(X, w + offset, factor * stability_limit(N), STEPS) - w)
            for factor in (1 - MARGIN, 1 + MARGIN)
        )
        if not below < np.linalg.norm(offset) < above:
            error = math.inf
        cases += 1
    statement = r"gradient descent approaches a minimum iff $0 < \epsilon < 2/N_{\max}$"
    hypotheses = r"as above; tried at $\pm 1\,\%$ of the limit"
    return Theorem("gradient, stability", statement, "random points", cases, error, 0.0, hypotheses, "nesterov2018")


def best_fixed(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the best rate: the worst factor is convex and piecewise linear in the rate, so its corners decide."""
    error = 0.0
    for _ in range(points):
        counts = rng.integers(1, 1000, size=rng.integers(2, 9))
        N = [int(count) for count in counts]
        corners = [Fraction(2, k + m) for k, m in combinations_with_replacement(N, 2)]
        least = min(_factor(rate, N) for rate in corners)
        kappa = Fraction(max(N), min(N))
        claimed = best_fixed_rate(counts)
        error = checks.worst(
            error,
            float(abs(_factor(claimed, N) - least)),
            float(abs(least - (kappa - 1) / (kappa + 1))),
            abs(float(best_rate(_owning(counts))[0]) / float(claimed) - 1),
        )
    statement = (
        r"$\max_k|1 - \epsilon N_k|$ is least at $\epsilon = 2/(N_{\min} + N_{\max})$, where it is "
        r"$(\kappa - 1)/(\kappa + 1)$ with $\kappa = N_{\max}/N_{\min}$"
    )
    hypotheses = r"$N_k > 0$"
    reference = "nesterov2018"
    method = "exact rational arithmetic"
    return Theorem("gradient, best rate", statement, method, points, error, 2 * checks.EPS, hypotheses, reference)


def _factor(rate: Fraction, counts: list[int]) -> Fraction:
    return max(abs(1 - rate * N) for N in counts)


def _owning(counts: np.ndarray) -> KMeansEvaluation:
    """Return an evaluation of which only the counts matter."""
    N, nothing = counts[None].astype(np.float64), np.zeros((1, len(counts), 1))
    return KMeansEvaluation.of(nothing, np.zeros(1), N, nothing, np.zeros((1, 0), dtype=np.int32))


def promised_decrease(X: np.ndarray, rng: np.random.Generator, points: int) -> Theorem:
    """Check the decrease that the majoriser promises to a gradient step and to over-relaxed batch K-means."""
    X, worst = checks.centered(X), 0.0
    for _ in range(points):
        w = uniform_in_box(X, checks.PROTOTYPES, rng)
        N, E = equations.counts(X, w), equations.quantization_error(X, w)
        gradient, towards = equations.gradient(X, w), equations.batch_kmeans_step(X, w) - w
        rate, omega = rng.uniform(0, 2 / N.max()), rng.uniform(0, 2)
        descent = (rate * (1 - rate * N / 2) * (gradient**2).sum(axis=1)).sum()
        relaxed = omega * (2 - omega) / 2 * (N * (towards**2).sum(axis=1)).sum()
        for step, promise in ((-rate * gradient, descent), (omega * towards, relaxed)):
            worst = checks.worst(worst, (equations.quantization_error(X, w + step) - E + promise) / E)
    statement = (
        r"$E(w - \epsilon g) \le E(w) - \sum_k \epsilon(1 - \epsilon N_k/2)\|g_k\|^2$, and "
        r"$E(w + \omega(T(w) - w)) \le E(w) - \frac{\omega(2-\omega)}2 \sum_k N_k\|T_k(w) - w_k\|^2$"
    )
    hypotheses = r"anywhere; a decrease if $0 < \epsilon < 2/N_{\max}(w)$ and $0 < \omega < 2$"
    tolerance = checks.rounding(X)
    return Theorem("promised decrease", statement, "random points", points, worst, tolerance, hypotheses, "hunter2004")


CHECKS: tuple[Checking, ...] = (linear_rate, stability, best_fixed, promised_decrease)
