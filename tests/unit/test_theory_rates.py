"""Predicted and measured rates of convergence."""

import numpy as np
import pytest

from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.faces import find
from kmeans_convergence.theory.rates import (
    extrapolated,
    frozen_ratio,
    gradient_rate,
    lloyd_rate,
    middle_ratio,
    predicted_repeated,
    repeated,
    uniform_rate,
)


def at_the_minimum(n, clusters):
    """Return a sample of the uniform density, the minimum of the density, and owners."""
    X = np.random.default_rng(clusters).uniform(size=(n, 1))
    w = ((np.arange(clusters) + 0.5) / clusters)[:, None]
    return X, w, QuantizationProblem(X).evaluate(w[None]).assignments[0]


@pytest.mark.parametrize("clusters", [2, 3, 6, 40])
def test_lloyds_rate_of_the_uniform_density(clusters):
    n = 20_000 * clusters
    X, w, owners = at_the_minimum(n, clusters)
    found = lloyd_rate(X, w, owners, 0.05, np.random.default_rng(0), resamples=20)
    # 2,000 patterns near each of the faces: right to some per cent
    assert found.rate == pytest.approx(uniform_rate(clusters), rel=0.05)
    assert found.low < found.high
    assert found.low - 0.03 < uniform_rate(clusters) < found.high + 0.03
    assert found.patterns == pytest.approx(0.1 * n * (clusters - 1) / clusters, rel=0.05)


def test_the_uniform_rate_is_that_of_the_tridiagonal_map():
    for clusters in (2, 3, 6, 10):
        # a quarter of each neighbour and of itself for each of its faces: T moves a face by the mean of two moves
        jacobian = np.zeros((clusters, clusters))
        for k in range(clusters - 1):
            jacobian[k : k + 2, k : k + 2] += 0.25
        assert uniform_rate(clusters) == pytest.approx(np.linalg.eigvalsh(jacobian)[-1])


def test_the_interval_covers_the_spread_of_fresh_samples():
    rates = []
    for seed in range(20):
        X = np.random.default_rng(100 + seed).uniform(size=(1000, 1))
        w = np.array([[0.25], [0.75]])
        owners = QuantizationProblem(X).evaluate(w[None]).assignments[0]
        rates.append(lloyd_rate(X, w, owners, 0.1, np.random.default_rng(0), resamples=100))
    spread = np.std([rate.rate for rate in rates])
    lengths = np.mean([rate.high - rate.low for rate in rates])
    # 90 % of a normal distribution lie within 1.645 standard deviations
    assert lengths == pytest.approx(2 * 1.645 * spread, rel=0.4)
    assert np.mean([rate.low < 0.5 < rate.high for rate in rates]) >= 0.7


def test_far_clusters_have_no_rate():
    X = np.array([[0.0], [0.1], [9.9], [10.0]])
    owners = np.array([0, 0, 1, 1], dtype=np.int32)
    w = np.array([[0.05], [9.95]])
    assert lloyd_rate(X, w, owners, 0.1, np.random.default_rng(0), resamples=10) == (0.0, 0.0, 0.0, 0)


def test_the_predicted_ratio_is_measured_on_a_dense_interval():
    X = np.random.default_rng(3).uniform(size=(100_000, 1))
    start = np.array([[[0.05], [0.2], [0.3]]])
    trace = minimize(QuantizationProblem(X), MajorizeMinimize(), start, passes=1000.0)
    residual = trace.cost[:, 0] - trace.cost[-1, 0]
    assert middle_ratio(residual) == pytest.approx(uniform_rate(3) ** 2, rel=0.1)


def test_ratios_by_hand():
    assert middle_ratio(0.5 ** np.arange(13)) == pytest.approx(0.5)
    assert np.isnan(middle_ratio(0.5 ** np.arange(9)))
    assert gradient_rate(np.array([0, 10, 40.0]), 1 / 40) == 0.75
    assert gradient_rate(np.array([10, 40.0]), 2 / 50) == pytest.approx(0.6)
    norms, changed = 0.8 ** np.arange(60), np.zeros(60, dtype=int)
    assert frozen_ratio(norms, changed) == pytest.approx(0.8)
    changed[55] = 1
    assert np.isnan(frozen_ratio(norms, changed))
    # what comes after the floor does not matter
    assert frozen_ratio(0.5 ** np.arange(60), changed) == pytest.approx(0.5)
    assert np.isnan(frozen_ratio(norms[:8], changed[:8]))


@pytest.mark.parametrize(("features", "tolerance"), [(1, 0.03), (2, 0.03), (4, 0.05)])
def test_the_share_of_a_step_that_is_repeated_is_predicted(features, tolerance):
    # finite differences of Lloyd's map know nothing of faces
    rng = np.random.default_rng(features)
    X = rng.uniform(size=(300_000, features))
    problem = QuantizationProblem(X)
    w = minimize(problem, MajorizeMinimize(), X[None, :6], epochs=8).w
    here = problem.evaluate(w)
    found, _ = predicted_repeated(X, here, extrapolated(find(X, w[0], here.assignments[0], 0.2), 0.2))
    size = 0.004 / np.abs(here.means - w).max()
    step = here.means - w
    ahead, behind = (problem.evaluate(w + side * size * step).means for side in (1, -1))
    weights = here.counts[..., None]
    differences = (weights * step * (ahead - behind)).sum() / (2 * size) / (weights * step**2).sum()
    assert found == pytest.approx(differences, abs=tolerance)
    # a flat kernel so wide is further off where a face has an edge
    flat, error = predicted_repeated(X, here, find(X, w[0], here.assignments[0], 0.2))
    assert features == 1 or flat < differences - tolerance
    assert 0 < error < 0.02


def test_the_repeated_share_by_hand():
    # two patterns on a line go to their prototypes at once; a third changes hands on the way
    problem = QuantizationProblem(np.array([[0.0], [4.0], [7.0], [9.0]]))
    here = problem.evaluate(np.array([[[0.0], [7.0]]]))
    # {0} and {4, 7, 9}: means 0 and 20/3; 4 stays nearer to the second
    there = problem.evaluate(here.means)
    assert repeated(here, there)[0] == 0
    here = problem.evaluate(np.array([[[1.0], [6.0]]]))
    # means 0 and 20/3, steps -1 and 2/3; then 4 is still of the second
    assert repeated(here, problem.evaluate(here.means))[0] == 0
    here = problem.evaluate(np.array([[[0.5], [7.0]]]))
    # {0} and the rest again: steps -0.5 and -1/3
    following = problem.evaluate(np.array([[[2.5], [7.0]]]))
    # {0, 4} and {7, 9}: steps -0.5 and 1
    assert repeated(here, following)[0] == pytest.approx((1 * 0.25 - 3 / 3) / (1 * 0.25 + 3 / 9))
