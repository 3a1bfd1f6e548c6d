"""Hartigan's exchanges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import MajorizeMinimize, Stop, minimize
from kmeans_convergence.optimizers.exchange import Hartigan
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.engine.exchange_kernels import sweep
from kmeans_convergence.starts import draw, streams

X, _ = iris()
PROBLEM = QuantizationProblem(X)
STARTS = draw(X, 6, streams(1, "iris", 6, range(30), "test"))


def within(patterns, labels, clusters):
    """Half the sum of squares about the means, the slow way."""
    groups = (patterns[labels == k] for k in range(clusters))
    return sum(0.5 * ((group - group.mean(axis=0)) ** 2).sum() for group in groups if len(group))


def test_leaves_a_minimum_of_batch_kmeans_by_hand():
    # {0}, {2, 3}: means 0 and 2.5. Batch K-means keeps 2 (0.5 < 2). But 2 -> {0}: 2/1 * 0.25 = 0.5 < 1/2 * 4 = 2: no.
    # {0, 3}, {5, 5, 5}: means 1.5, 5; 3 is nearer to 1.5 (1.5 < 2); its loss 2 * 1.5² = 4.5 exceeds 3/4 * 2² = 3: it
    # moves; cost from 2.25 to 0.5 * (3 * 0.25 + 2.25) = 1.5
    patterns = np.array([[0.0], [3.0], [5.0], [5.0], [5.0]])
    problem, start = QuantizationProblem(patterns), np.array([[[1.5], [5.0]]])
    lloyd = minimize(problem, MajorizeMinimize(), start, passes=9.0)
    assert lloyd.cost[-1, 0] == 2.25
    assert lloyd.stop == (Stop.FIXED_POINT,)
    trace = minimize(problem, Hartigan(), start, passes=9.0)
    np.testing.assert_allclose(trace.cost[:, 0], [2.25, 1.5, 1.5])
    np.testing.assert_allclose(trace.w[0, :, 0], [0, 4.5])
    # one pass for the first assignments, one for each sweep
    np.testing.assert_array_equal(trace.passes[:, 0], [0, 2, 3])
    assert trace.stop == (Stop.FIXED_POINT,)


@given(st.integers(0, 2**32 - 1))
def test_a_sweep_against_the_definition(seed):
    rng = np.random.default_rng(seed)
    patterns, labels = rng.normal(size=(9, 2)), rng.integers(3, size=(1, 9), dtype=np.int32)
    # each exchange in turn, its gain from the costs themselves
    expected = labels[0].copy()
    for i in range(9):
        if (expected == expected[i]).sum() > 1:
            trials = np.repeat(expected[None], 3, axis=0)
            trials[:, i] = range(3)
            expected = min(trials, key=lambda trial: within(patterns, trial, 3))
    # read-only, as a problem holds them
    patterns.flags.writeable = False
    w, owners = sweep(patterns, np.zeros((1, 3, 2)), labels)
    np.testing.assert_array_equal(owners[0], expected)
    for k in np.unique(expected):
        np.testing.assert_allclose(w[0, k], patterns[expected == k].mean(axis=0), atol=1e-12)


@given(
    arrays(np.float64, (12, 2), elements=st.integers(-9, 9)),
    arrays(np.float64, (2, 3, 2), elements=st.integers(-9, 9)),
)
def test_where_it_rests_batch_kmeans_rests_too(patterns, starts):
    problem = QuantizationProblem(patterns)
    trace = minimize(problem, Hartigan(), starts, passes=200.0)
    assert set(trace.stop) == {Stop.FIXED_POINT}
    ends = problem.evaluate(trace.w)
    np.testing.assert_allclose(ends.means, trace.w, atol=1e-9)
    after = minimize(problem, MajorizeMinimize(), trace.w, passes=200.0)
    np.testing.assert_allclose(after.cost[-1], trace.cost[-1], rtol=1e-12, atol=1e-12)
    # each sweep lowers the cost
    assert (np.diff(trace.cost[1:], axis=0) <= 1e-9).all()


def test_never_worse_than_batch_kmeans_from_where_that_ends():
    lloyd = minimize(PROBLEM, MajorizeMinimize(), STARTS, passes=500.0)
    hartigan = minimize(PROBLEM, Hartigan(), lloyd.w, passes=500.0)
    gain = lloyd.cost[-1] - hartigan.cost[-1]
    assert (gain >= -1e-9).all()
    # and often better: exchanges leave minima that are not theirs
    assert (gain > 1e-3).sum() >= 5
    assert set(hartigan.stop) == {Stop.FIXED_POINT}


def test_a_prototype_without_patterns_takes_one_and_none_loses_its_last():
    patterns = np.array([[0.0], [1.0], [10.0], [11.0]])
    start = np.array([[[0.5], [10.5], [999.0]]])
    trace = minimize(QuantizationProblem(patterns), Hartigan(), start, passes=20.0)
    np.testing.assert_array_equal(trace.diagnostics["empty"][:, 0], [1] + [0] * (len(trace.diagnostics["empty"]) - 1))
    assert trace.cost[-1, 0] == 0.25
    # as many patterns as prototypes: each one keeps its own
    trace = minimize(QuantizationProblem(patterns), Hartigan(), patterns[None], passes=20.0)
    np.testing.assert_array_equal(trace.w[0], patterns)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_the_means_are_those_of_the_patterns(kind):
    # far from the origin, where means that are only updated would drift
    patterns = (X + 1e4).astype(kind)
    problem = QuantizationProblem(patterns)
    trace = minimize(problem, Hartigan(), STARTS + 1e4, passes=30.0)
    np.testing.assert_allclose(problem.evaluate(trace.w).means, trace.w, rtol=1e-14)


def test_a_run_is_the_same_in_any_company_and_moves_with_the_data():
    whole = minimize(PROBLEM, Hartigan(), STARTS, passes=40.0)
    part = minimize(PROBLEM, Hartigan(), STARTS[[17, 3, 4]], passes=40.0)
    np.testing.assert_array_equal(part.w, whole.w[[17, 3, 4]])
    shifted = minimize(QuantizationProblem(X + 64.0), Hartigan(), STARTS + 64.0, passes=40.0)
    np.testing.assert_allclose(shifted.w - 64.0, whole.w, atol=1e-9)
