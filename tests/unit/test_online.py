"""Online K-means and online gradient beyond the paper: counts, factor, iterates within the first epoch."""

import numpy as np
import pytest

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.optimizers import OnlineGradient, OnlineKMeans, Rate, minimize
from kmeans_convergence.optimizers.online import shown, shuffled
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams

RUNS = 5


@pytest.fixture(scope="module")
def starts():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3)) + 2 * rng.integers(4, size=(200, 1))
    return QuantizationProblem(X), draw(X, 4, streams(1, "online", 4, range(RUNS), "start"))


def rngs(runs=range(RUNS)):
    return streams(1, "online", 4, runs, "order")


def pattern_by_pattern(X, w, order, counts, factor):
    """The rule as one would write it down; also returns who won which pattern."""
    w, counts, won = w.copy(), counts.copy(), []
    for i in order:
        k = ((X[i] - w) ** 2).sum(axis=1).argmin()
        counts[k] += 1
        w[k] += min(1, factor / counts[k]) * (X[i] - w[k])
        won.append(k)
    return w, np.array(won)


@pytest.mark.parametrize("factor", [1, 4, 2.5])
@pytest.mark.parametrize("initial", [0, 1])
def test_the_rate_is_that_of_plain_code(starts, initial, factor):
    problem, w = starts
    trace = minimize(problem, OnlineKMeans(initial, factor), w, epochs=1, rngs=rngs())
    for run, order in enumerate(shuffled(200, rngs())):
        expected, _ = pattern_by_pattern(problem.X, w[run], order, np.full(4, initial), factor)
        np.testing.assert_allclose(trace.w[run], expected, rtol=1e-12)


@pytest.mark.parametrize("initial", [0, 1])
def test_with_factor_one_prototypes_are_means_of_what_they_won(starts, initial):
    problem, w = starts
    trace = minimize(problem, OnlineKMeans(initial), w, epochs=1, rngs=rngs())
    for run, order in enumerate(shuffled(200, rngs())):
        _, won = pattern_by_pattern(problem.X, w[run], order, np.full(4, initial), 1)
        for k in range(4):
            # from 1, the start is one of the patterns
            members = np.concatenate([problem.X[order[won == k]], w[run, [k]][:initial]])
            np.testing.assert_allclose(trace.w[run, k], members.mean(axis=0), rtol=1e-11)


def test_while_the_factor_is_the_larger_the_last_pattern_is_the_prototype():
    X = np.array([[1.0], [2.0], [4.0], [8.0], [16.0]])
    trace = minimize(QuantizationProblem(X), OnlineKMeans(0, 5.0), np.zeros((1, 1, 1)), epochs=1, rngs=rngs([0]))
    assert trace.w[0, 0, 0] == X[shuffled(5, rngs([0]))[0, -1], 0]


@pytest.mark.parametrize("kind", [OnlineKMeans, lambda early: OnlineGradient(Rate(0.03), early)])
def test_early_iterates_change_nothing_but_what_is_shown(starts, kind):
    problem, w = starts
    late = minimize(problem, kind(early=False), w, epochs=4, rngs=rngs())
    early = minimize(problem, kind(early=True), w, epochs=8, rngs=rngs())
    np.testing.assert_array_equal(early.cost[[0, 5, 6, 7, 8]], late.cost)
    np.testing.assert_array_equal(early.w, late.w)
    # 200 / 16 = 12.5 and 200 / 8 = 25
    np.testing.assert_array_equal(200 * early.passes[:, 0], [0, 13, 25, 50, 100, 200, 400, 600, 800])


@pytest.mark.parametrize(
    ("steps", "expected"), [(1, [1]), (2, [1, 2]), (10, [1, 2, 3, 5, 10]), (32, [2, 4, 8, 16, 32])]
)
def test_shown_steps_by_hand(steps, expected):
    assert shown(steps) == expected


def test_a_budget_ends_within_the_pass_that_exhausts_it(starts):
    problem, w = starts
    trace = minimize(problem, OnlineKMeans(early=True), w, passes=2.0, rngs=rngs())
    np.testing.assert_array_equal(trace.passes[-1], 2)
    trace = minimize(problem, OnlineKMeans(early=True), w, passes=0.2, rngs=rngs())
    np.testing.assert_array_equal(trace.passes[-1], 0.25)


def test_an_optimizer_is_charged_for_the_patterns_it_sees(starts):
    problem, w = starts
    metered = CountingOracle(problem, RUNS)
    iterates = OnlineKMeans(early=True).iterates(metered, problem.pack(w), rngs())
    next(iterates)
    np.testing.assert_array_equal(metered.charged, 13)
