"""What a sample is worth, by hand and by simulation."""

import math

import numpy as np
import pytest
from scipy.stats import linregress

from kmeans_convergence.core import minimize
from kmeans_convergence.optimizers import OnlineKMeans
from kmeans_convergence.optimizers.online import OnlineAveraged
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.theory.efficiency import (
    averaged_excess,
    best_factor,
    lloyd_passes,
    minimiser_excess,
    one_pass_excess,
    slowest_passes,
    stall,
    uniform_modes,
)
from kmeans_convergence.theory.rates import Modes, uniform_rate

TWO = uniform_modes(2)


def modes(curvatures, noise=1.0):
    curvatures = np.array(curvatures)
    return Modes(curvatures, np.full(len(curvatures), noise), np.eye(len(curvatures)))


def test_the_uniform_density_with_two_prototypes():
    assert 1000 * minimiser_excess(TWO, 1000) == pytest.approx(1 / 32)
    # 1.5 is better than 2, and 4 worse
    found = [one_pass_excess(TWO, factor, 1) for factor in (1.5, 2.0, 4.0)]
    assert found == pytest.approx([0.0352, 5 / 144, 0.0516], abs=6e-4)
    assert one_pass_excess(TWO, 1.0, 1) == math.inf
    assert 1 - uniform_modes(6).curvatures.min() == pytest.approx(uniform_rate(6))


@pytest.mark.parametrize("factor", [1.5, 2.0, 4.0])
def test_one_pass_ends_where_the_formula_says(factor):
    # many streams at once: prototypes on an interval, by the formulas of the cells
    n, runs = 2000, 3000
    rng = np.random.default_rng(int(10 * factor))
    w, counts = np.tile([0.25, 0.75], (runs, 1)), np.zeros((runs, 2))
    rows = np.arange(runs)
    for x in rng.random((n, runs)):
        k = np.abs(x[:, None] - w).argmin(axis=1)
        counts[rows, k] += 1
        w[rows, k] += np.minimum(1, factor / counts[rows, k]) * (x - w[rows, k])
    face = w.sum(axis=1) / 2
    parts = (face - w[:, 0]) ** 3 + w[:, 0] ** 3 + (1 - w[:, 1]) ** 3 - (face - w[:, 1]) ** 3
    excess = parts / 6 - 1 / 96
    expected = one_pass_excess(TWO, factor, n)
    assert excess.mean() == pytest.approx(expected, abs=4 * excess.std() / math.sqrt(runs))
    assert excess.std() / math.sqrt(runs) < 0.04 * expected


def test_an_average_of_the_last_half_by_hand():
    # a = c lambda = 2: (1 - b^2) / 2 - (1 - b) over 1 - a is 1/8 for b = 1/2
    assert averaged_excess(modes([1.0]), 2.0, 1) == pytest.approx(0.5 * 2 * 4 / (0.25 * 3) * 0.125)
    # it is continuous where the formula has no value
    near = [averaged_excess(modes([1.0]), factor, 1) for factor in (1 - 1e-4, 1.0, 1 + 1e-4)]
    assert near[1] == pytest.approx((near[0] + near[2]) / 2, rel=1e-5)
    # of a moment it is the iterate itself
    assert averaged_excess(modes([0.5]), 4.0, 1, 1 - 1e-4) == pytest.approx(one_pass_excess(modes([0.5]), 4.0, 1), 1e-3)
    assert averaged_excess(modes([0.1]), 4.0, 1) == math.inf
    # a large factor that is averaged over everything is as good as the minimiser, over half of it half as good
    for begin, times in ((0.0, 1), (0.5, 2)):
        found = averaged_excess(modes([0.2, 0.9]), 1e5, 1, begin)
        assert found == pytest.approx(times * minimiser_excess(modes([0.2, 0.9]), 1), rel=1e-3)


def test_the_best_factor():
    assert best_factor(modes([0.2, 0.2])) == pytest.approx(5)
    assert 1 < best_factor(modes([0.2, 1.0])) < 5
    assert best_factor(modes([0.0, 1.0])) == math.inf


def test_powers():
    assert stall(modes([0.2, 1.0]), 1.0) == pytest.approx(0.4)
    assert stall(modes([0.2, 1.0]), 4.0) == 1


def test_lloyds_passes_by_hand():
    slow = modes([0.5, 1.0])
    # excess 1/4, then a quarter of it after each step; the other mode is gone at once
    assert lloyd_passes(slow, np.array([1.0, 7.0]), 0.25 / 16) == 2
    assert lloyd_passes(slow, np.array([1.0, 0.0]), 0.25) == 0
    assert lloyd_passes(slow, np.array([1.0, 0.0]), 1e-9) == math.ceil(slowest_passes(0.5, 0.25, 1e-9))
    # what has no curvature costs nothing, and the other mode is there until the first step
    assert lloyd_passes(modes([0.0, 1.0]), np.array([1.0, 1.0]), 1e-9) == 1
    assert lloyd_passes(modes([1e-4]), np.array([1.0]), 1e-9) == math.ceil(slowest_passes(1 - 1e-4, 5e-5, 1e-9))


def test_the_average_of_online_k_means_is_that_of_its_iterates():
    X = np.random.default_rng(0).normal(size=(64, 2))
    problem, start = QuantizationProblem(X), X[None, :3]

    def rngs():
        return [np.random.default_rng(5)]

    averaged = minimize(problem, OnlineAveraged(factor=4.0, parts=4), start, passes=1.0, rngs=rngs())
    halves = minimize(problem, OnlineKMeans(factor=4.0, early=True), start, passes=1.0, rngs=rngs(), marks=(0.75, 1.0))
    assert averaged.passes[-1, 0] == 1
    # the last of four parts is the end of the pass, and the third is hidden within it
    third = 2 * averaged.w - halves.w
    order = np.random.default_rng(5).permutation(64)[None, :48]
    expected = problem.sweep_counts(problem.pack(start), order, np.zeros((1, 6)), 4.0)[0]
    np.testing.assert_allclose(third.ravel(), expected.ravel(), rtol=1e-12)


def test_large_rates_fall_like_one_over_n_and_1_over_n_k_does_not():
    sizes, slopes = np.array([500, 2000, 8000]), {}
    for factor in (1.0, 16.0):
        means = []
        for n in sizes:
            finals = []
            for seed in range(40):
                rng = np.random.default_rng(seed)
                X = rng.random((n, 1))
                start = ((np.arange(6) + 0.5) / 6)[None, :, None] + 0.02 * rng.normal(size=(1, 6, 1))
                trace = minimize(QuantizationProblem(X), OnlineKMeans(factor=factor), start, passes=1.0, rngs=[rng])
                finals.append(((np.sort(trace.w[0, :, 0]) - (np.arange(6) + 0.5) / 6) ** 2).sum())
            means.append(np.mean(finals))
        slopes[factor] = linregress(np.log(sizes), np.log(means)).slope
    assert slopes[16.0] == pytest.approx(-1, abs=0.35)
    assert slopes[1.0] > -0.75
