"""Weights of patterns are repetitions: in the problem, in sweeps and exchanges, and when patterns are merged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmeans_convergence.core import Capability, minimize
from kmeans_convergence.optimizers import MajorizeMinimize, OnlineKMeans
from kmeans_convergence.optimizers.exchange import Hartigan
from kmeans_convergence.optimizers.face_newton import FaceNewton
from kmeans_convergence.optimizers.nested import NestedMiniBatch
from kmeans_convergence.optimizers.packaged import ScikitLearnMiniBatch
from kmeans_convergence.patterns import merged
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.engine import bounds
from kmeans_convergence.problems.kmeans.engine.exchange_kernels import sweep
from kmeans_convergence.problems.kmeans.faces import Options
from kmeans_convergence.starts import stream

# Directly, screened, and with bounds.
SHAPES = {"few features": (300, 3, 5), "some features": (900, 7, 6), "many features": (1500, 20, 12)}


def case(name, runs=2):
    """Return patterns, weights of which some are 0, the same patterns repeated, and prototypes."""
    n, d, K = SHAPES[name]
    rng = stream(1, "weights", name)
    X, weights = rng.normal(size=(n, d)), rng.integers(0, 4, size=n)
    return X, weights.astype(float), X.repeat(weights, axis=0), rng.normal(size=(runs, K, d))


def assert_close(found, expected):
    """Two evaluations say the same but for rounding errors, whatever patterns they are about."""
    for name in ("cost", "gradient", "image", "counts", "sums", "promised_decrease"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-11, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("name", SHAPES)
def test_an_evaluation_is_that_of_repeated_patterns(name):
    X, weights, repeated, w = case(name)
    problem, other = QuantizationProblem(X, weights), QuantizationProblem(repeated)
    assert_close(problem.evaluate(w), other.evaluate(w))
    assert_close(problem.evaluate_second_nearest(w)[0], other.evaluate_second_nearest(w)[0])
    rows = np.stack([stream(2, "rows", r).permutation(len(X))[:200] for r in range(len(w))])
    found = problem.evaluate_rows(w, rows)
    for r, some in enumerate(rows):
        mine = QuantizationProblem(X[some].repeat(weights[some].astype(int), axis=0))
        assert_close(found.select(np.arange(len(w)) == r), mine.evaluate(w[r : r + 1]))


def test_weights_of_one_change_nothing():
    X, _, _, w = case("some features")
    plain, weighted = QuantizationProblem(X), QuantizationProblem(X, np.ones(len(X)))
    assert_close(weighted.evaluate(w), plain.evaluate(w))
    order = np.stack([stream(2, "order", r).permutation(len(X)) for r in range(len(w))])
    x, metric = plain.pack(w), np.zeros((len(w), w[0].size))
    for found, expected in (
        (weighted.sweep(x, order, 0.1), plain.sweep(x, order, 0.1)),
        *zip(weighted.sweep_counts(x, order, metric), plain.sweep_counts(x, order, metric), strict=True),
    ):
        np.testing.assert_array_equal(found, expected)
    owners = plain.evaluate(w).assignments
    for found, expected in zip(sweep(X, w, owners, weighted.weights), sweep(X, w, owners), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_passes_that_remember_weigh_too(monkeypatch):
    monkeypatch.setattr(bounds, "FEW_DISTANCES", 1000)
    X, weights, repeated, w = case("many features")
    trace = minimize(QuantizationProblem(X, weights), MajorizeMinimize(), w, epochs=15)
    monkeypatch.setattr(bounds, "FEW_DISTANCES", 10**9)
    expected = minimize(QuantizationProblem(repeated), MajorizeMinimize(), w, epochs=15)
    np.testing.assert_allclose(trace.cost, expected.cost, rtol=1e-12)


@given(
    arrays(np.float64, (9, 2), elements=st.integers(-9, 9)),
    arrays(np.int64, 9, elements=st.integers(1, 4)),
    st.integers(0, 2**32 - 1),
)
def test_an_exchange_moves_all_repetitions_at_once_and_only_if_that_lowers_the_cost(patterns, weights, seed):
    owners = np.random.default_rng(seed).integers(3, size=(1, 9), dtype=np.int32)

    def within(labels):
        groups = [np.flatnonzero(labels == k) for k in range(3)]
        means = [np.average(patterns[some], axis=0, weights=weights[some]) if len(some) else 0 for some in groups]
        parts = zip(groups, means, strict=True)
        return sum(0.5 * (weights[some, None] * (patterns[some] - mean) ** 2).sum() for some, mean in parts)

    expected = owners[0].copy()
    for i in range(9):
        if (expected == expected[i]).sum() > 1:
            trials = np.repeat(expected[None], 3, axis=0)
            trials[:, i] = range(3)
            costs = np.array([within(trial) for trial in trials])
            # a gain of rounding errors is none
            if costs.min() < costs[expected[i]] - 1e-9:
                near = np.flatnonzero(costs <= costs.min() + 1e-9)
                if len(near) > 1:
                    return
                expected = trials[near[0]]
    w, found = sweep(patterns, np.zeros((1, 3, 2)), owners, weights.astype(float))
    np.testing.assert_array_equal(found[0], expected)
    for k in np.unique(expected):
        some = expected == k
        np.testing.assert_allclose(w[0, k], np.average(patterns[some], axis=0, weights=weights[some]), atol=1e-12)


def test_a_step_of_online_kmeans_by_hand():
    # at n_k = 2 a pattern of weight 3 makes it 5 and moves the prototype by 3/5 of the way
    problem = QuantizationProblem(np.array([[10.0]]), np.array([3.0]))
    x, metric = problem.sweep_counts(np.array([[0.0]]), np.array([[0]]), np.array([[2.0]]))
    assert (x[0, 0], metric[0, 0]) == (6.0, 5.0)
    assert problem.sweep(np.array([[0.0]]), np.array([[0]]), 0.1)[0, 0] == pytest.approx(3.0)
    # not beyond it
    assert problem.sweep(np.array([[0.0]]), np.array([[0]]), 0.5)[0, 0] == 10.0
    nothing = QuantizationProblem(np.array([[10.0], [1.0]]), np.array([0.0, 1.0]))
    assert nothing.sweep_counts(np.array([[0.0]]), np.array([[0]]), np.array([[0.0]]))[0][0, 0] == 0.0


def test_the_model_of_newtons_method_counts_repetitions():
    X, weights, repeated, w = case("few features")
    lloyd = minimize(QuantizationProblem(repeated), MajorizeMinimize(), w, epochs=3).w
    steps = []
    for problem in (QuantizationProblem(X, weights), QuantizationProblem(repeated)):
        model = problem.model(len(lloyd), Options(fewest=0, patterns=1e6))
        here = problem.evaluate(lloyd)
        steps.append(model.steps(here, np.ones(len(lloyd), dtype=bool), np.full(len(lloyd), 1e9)))
    np.testing.assert_allclose(steps[0].step, steps[1].step, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(steps[0].promised, steps[1].promised, rtol=1e-9)


def test_what_knows_no_weights_is_refused(refused):
    X, weights, _, w = case("few features")
    problem = QuantizationProblem(X, weights)
    assert Capability.STANDARD_ERRORS not in problem.capabilities
    rngs = [stream(1, "order", r) for r in range(len(w))]
    with refused("standard errors"):
        minimize(problem, NestedMiniBatch(), w, epochs=1, rngs=rngs)
    with refused("a clustering of patterns"):
        minimize(problem, ScikitLearnMiniBatch(), w, epochs=1, rngs=rngs)
    for optimizer in (OnlineKMeans(), Hartigan(), FaceNewton()):
        trace = minimize(problem, optimizer, w, passes=9, rngs=rngs)
        assert (trace.cost[-1] < trace.cost[0]).all()


def test_data_far_from_zero_keep_their_weights():
    X, weights, _, w = case("few features")
    # rounded to what differs far from zero, too
    X, w = (X * 64).round() / 64, (w * 64).round() / 64
    near = minimize(QuantizationProblem(X, weights), MajorizeMinimize(), w, epochs=5)
    far = minimize(QuantizationProblem(X + 2.0**30, weights), MajorizeMinimize(), w + 2.0**30, epochs=5)
    np.testing.assert_allclose(far.cost[1:], near.cost[1:], rtol=1e-10)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([1.0, 2.0], ["shape (2,)", "3 patterns"]),
        ([1.0, -2.0, 0.0], ["row 1", "-2.0"]),
        ([1.0, np.nan, 0.0], ["row 1", "nan"]),
        ([0.0, 0.0, 0.0], ["all zero"]),
    ],
)
def test_weights_that_are_none(weights, words, refused):
    with refused(*words):
        QuantizationProblem(np.arange(3.0)[:, None], np.array(weights))


@given(
    arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 3)), elements=st.integers(-2, 2).map(float)),
    st.integers(0, 2**32 - 1),
)
def test_merged_patterns_are_the_distinct_ones_with_their_weights(X, seed):
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 5, size=len(X)).astype(float)
    found, masses = merged(X, weights)
    expected, inverse = np.unique(X, axis=0, return_inverse=True)
    assert len(found) == len(expected)
    order = np.lexsort(found.T[::-1])
    np.testing.assert_array_equal(found[order], expected)
    np.testing.assert_array_equal(masses[order], np.bincount(inverse.ravel(), weights))
    # neither the order of the rows nor what is repeated matters
    shuffle = rng.permutation(len(X))
    for others in (merged(X[shuffle], weights[shuffle]), merged(X.repeat(weights.astype(int), axis=0))):
        np.testing.assert_array_equal(others[0], found)
        np.testing.assert_array_equal(others[1], masses)


@pytest.mark.parametrize("size", [1e308, 2.0**60, 1e-300, 1.0])
def test_patterns_are_merged_whatever_their_size(size):
    """Where sums of features over- or underflow, or lose the digits in which patterns differ."""
    few = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [0.0, 1.0]])
    X = size * few[stream(1, "merged").integers(5, size=200)]
    if size == 2.0**60:
        X = size + X / 2**58
    found, masses = merged(X)
    np.testing.assert_array_equal(found[np.lexsort(found.T[::-1])], np.unique(X, axis=0))
    assert masses.sum() == 200
