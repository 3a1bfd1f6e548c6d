"""Gradient methods that see all patterns: rates from the counts, line search, L-BFGS, Adam."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import GradientDescent, MajorizeMinimize, Rate, Stop, minimize
from kmeans_convergence.optimizers.adaptive import Adam
from kmeans_convergence.optimizers.batch import CurvatureGradient, MeanRate, best_rate, stable_rate
from kmeans_convergence.optimizers.line_search import ArmijoGradient
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.starts import draw, streams

X, _ = iris()
PROBLEM = QuantizationProblem(X)
STARTS = draw(X, 6, streams(1, "iris", 6, range(30), "test"))
# whole mm are often tied, and other units break the ties: move them a little
UNTIED = X + np.random.default_rng(0).uniform(-0.1, 0.1, size=X.shape)
METHODS = {
    "1/N_max": CurvatureGradient(stable_rate),
    "2/(N_min + N_max)": CurvatureGradient(best_rate),
    "armijo": ArmijoGradient(),
    "lbfgs": LBFGS(60.0),
    "adam": Adam(passes=60.0),
}

# clusters of 1, 2 and 5 patterns, far from each other
FAR = np.repeat([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]], [1, 2, 5], axis=0) + np.array(
    [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [2, 0], [-2, 0], [0, 0]]
)
MEANS = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]])
OFFSET = np.array([[3.0, 4.0], [-2.0, 1.0], [1.0, -2.0]])


class Counting(QuantizationProblem):
    """A problem that counts how many iterates are really evaluated."""

    evaluated = 0

    def evaluate(self, w):
        self.evaluated += len(w)
        return super().evaluate(w)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.39])
def test_a_step_contracts_each_component_by_one_minus_rate_times_count(rate):
    w = minimize(QuantizationProblem(FAR), GradientDescent(Rate(rate, False)), (MEANS + OFFSET)[None], epochs=6).w[0]
    factors = (1 - rate * np.array([1.0, 2.0, 5.0])) ** 6
    np.testing.assert_allclose(w - MEANS, factors[:, None] * OFFSET, rtol=1e-11)


def test_the_best_rate_has_the_best_worst_factor():
    # kappa = 5: (kappa - 1) / (kappa + 1) = 2/3 in both extreme components; a fourth prototype owns nothing
    start = np.vstack([MEANS + OFFSET, [[1e3, 1e3]]])[None]
    w = minimize(QuantizationProblem(FAR), CurvatureGradient(best_rate), start, epochs=4).w[0]
    factors = np.array([2 / 3, 1 / 3, -2 / 3]) ** 4
    np.testing.assert_allclose(w[:3] - MEANS, factors[:, None] * OFFSET, rtol=1e-11)
    np.testing.assert_array_equal(w[3], 1e3)
    # 1/N_max: the largest one lands at once
    w = minimize(QuantizationProblem(FAR), CurvatureGradient(stable_rate), start, epochs=2).w[0]
    np.testing.assert_allclose(w[:3] - MEANS, np.array([0.8, 0.6, 0])[:, None] ** 2 * OFFSET, atol=1e-11)


def test_a_rate_in_units_of_the_mean_count_does_not_change():
    # n = 150, K = 6: 1/2 is the rate 0.02
    mean = minimize(PROBLEM, CurvatureGradient(MeanRate(0.5)), STARTS, epochs=20)
    plain = minimize(PROBLEM, GradientDescent(Rate(0.02, decays=False)), STARTS, epochs=20)
    np.testing.assert_allclose(mean.w, plain.w, rtol=1e-12)


@given(
    arrays(np.float64, (9, 2), elements=st.integers(-20, 20)),
    arrays(np.float64, (1, 3, 2), elements=st.floats(-30, 30, width=32)),
)
def test_costs_that_cannot_rise(patterns, start):
    problem = QuantizationProblem(patterns)
    for name in ("1/N_max", "2/(N_min + N_max)", "armijo"):
        cost = minimize(problem, METHODS[name], start, passes=15.0).cost
        assert (np.diff(cost, axis=0) <= 1e-13 * cost[:-1]).all(), name


def test_armijo_works_on_the_mixture_too():
    cost = minimize(MixtureProblem(X / 4), ArmijoGradient(), STARTS / 4, passes=30.0).cost
    assert (np.diff(cost, axis=0) <= 1e-13 * cost[:-1]).all()


def test_armijo_by_hand():
    # n = 4 at 3: the first step 1/4 lands; the evaluation of the start is paid once, each trial once
    at_once = QuantizationProblem(np.full((4, 1), 3.0))
    trace = minimize(at_once, ArmijoGradient(), np.array([[[11.0]]]), epochs=1)
    np.testing.assert_array_equal(trace.cost[:, 0], [128, 0])
    np.testing.assert_array_equal(trace.passes[:, 0], [0, 2])
    # one pattern at 0 and five at 100, distances (8, 1): 1/5 leaves (6.4, 0), 2/5 (3.84, 0), 4/5 (0.768, 0)
    two = QuantizationProblem(np.array([[0.0], *[[100.0]] * 5]))
    trace = minimize(two, ArmijoGradient(), np.array([[[8.0], [101.0]]]), epochs=3)
    np.testing.assert_allclose(trace.w.ravel() - [0, 100], [0.768, 0], atol=1e-12)
    np.testing.assert_allclose(trace.cost[:, 0], [34.5, 20.48, 7.3728, 0.294912], rtol=1e-12)
    np.testing.assert_array_equal(trace.passes[:, 0], [0, 2, 3, 4])
    # four and five patterns, both at the distance 1: 1/5 leaves (0.2, 0), 2/5 (-0.12, 0), 4/5 would leave 0.264: it
    # is refused, and 2/5 leaves (0.072, 0)
    even = QuantizationProblem(np.repeat([[0.0], [100.0]], [4, 5], axis=0))
    trace = minimize(even, ArmijoGradient(), np.array([[[1.0], [101.0]]]), epochs=3)
    np.testing.assert_allclose(trace.w.ravel() - [0, 100], [0.072, 0], atol=1e-12)
    np.testing.assert_array_equal(trace.passes[:, 0], [0, 2, 3, 5])


def test_rounding_errors_do_not_stop_the_line_search():
    # so near to the end that no step lowers the cost visibly
    w = minimize(PROBLEM, MajorizeMinimize(), STARTS, passes=500.0).w
    rng = np.random.default_rng(5)
    for size in (1e-6, 1e-7, 1e-8):
        trace = minimize(PROBLEM, ArmijoGradient(), w + size * rng.normal(size=w.shape), epochs=12)
        assert np.diff(trace.passes, axis=0).max() <= 8


@pytest.mark.parametrize("name", ["armijo", "1/N_max", "adam"])
def test_all_evaluations_are_charged_and_nothing_is_evaluated_for_nothing(name):
    counting = Counting(X)
    trace = minimize(counting, METHODS[name], STARTS, passes=25.0)
    measured = 0 if name == "armijo" else 30
    assert counting.evaluated == trace.passes[-1].sum() + measured
    if name == "armijo":
        assert len(set(trace.passes[-1])) > 1


def test_lbfgs_is_scipys():
    unit = np.sqrt(UNTIED.var(axis=0).mean())
    scaled = QuantizationProblem(UNTIED / unit)
    trace = minimize(QuantizationProblem(UNTIED), LBFGS(60.0), STARTS, passes=60.0)
    for run in range(0, 30, 3):
        evaluations, path = 0, []

        def cost(x):
            nonlocal evaluations
            evaluations += 1
            here = scaled.evaluate(x.reshape(1, 6, 4))
            return here.cost[0], here.gradient.ravel()

        result = scipy.optimize.minimize(
            cost,
            STARTS[run].ravel() / unit,
            jac=True,
            method="L-BFGS-B",
            callback=lambda x: path.append((evaluations, scaled.evaluate(x.reshape(1, 6, 4)).cost[0])),  # noqa: B023
            options={"ftol": 1e-15, "gtol": 0, "maxfun": 60},
        )
        # rounding in other units grows on the way: the first iterates, at the same price
        first = path[:6]
        np.testing.assert_array_equal(trace.passes[1:7, run], [spent for spent, _ in first])
        np.testing.assert_allclose(trace.cost[1:7, run], [unit**2 * value for _, value in first], rtol=1e-8)
        assert result.nfev <= 60 + 20


def test_lbfgs_hands_over_to_batch_kmeans_and_pays_for_what_failed():
    counted = Counting(X)
    trace = minimize(counted, LBFGS(300.0), STARTS, passes=300.0)
    assert set(trace.stop) == {Stop.FIXED_POINT}
    assert trace.passes[-1].sum() <= counted.evaluated
    # a line search takes at least one evaluation; some take more
    prices = np.diff(trace.passes, axis=0)
    assert set(prices[prices > 0]) >= {1, 2, 3}
    ends = minimize(PROBLEM, MajorizeMinimize(), trace.w, passes=100.0)
    np.testing.assert_allclose(ends.cost[-1], trace.cost[-1], rtol=1e-14)
    assert (np.diff(trace.cost, axis=0) <= 1e-13 * trace.cost[:-1]).all()


def test_lbfgs_charges_the_trials_of_a_line_search_that_failed():
    paid_last = 0
    for start in STARTS[:10]:
        counted = Counting(X)
        path = LBFGS(300.0)._path(CountingOracle(counted, 1), start.ravel(), 1.0)
        assert sum(price for _, price in path) == 150 * counted.evaluated
        paid_last += path[-1][1] > 150
    assert paid_last


def test_adam_by_hand():
    # a single pattern at 0 and a prototype at 8: the first step is the rate, whatever the gradient
    two = QuantizationProblem(np.array([[-1.0], [1.0]]))
    adam = Adam(rate=0.5, passes=4.0, first=0.5, second=0.75)
    w = [minimize(two, adam, np.array([[[8.0]]]), epochs=t).w.item() for t in (1, 2, 5, 6)]
    # deviation 1, gradient 2 w = 16, then 15
    mean, square = (0.25 * 16 + 0.5 * 15) / 0.75, (0.1875 * 256 + 0.25 * 225) / (1 - 0.5625)
    np.testing.assert_allclose(w[:2], [7.5, 7.5 - 0.375 * mean / np.sqrt(square)], rtol=1e-8)
    # after its budget it rests
    assert w[3] == w[2]


@pytest.mark.parametrize("name", METHODS)
def test_moves_and_scales_with_the_data(name):
    shift = np.array([64.0, -32.0, 16.0, 8.0])
    here = minimize(QuantizationProblem(UNTIED), METHODS[name], STARTS, epochs=5).w
    for scale, by in ((1.0, shift), (4.0, 0 * shift)):
        there = minimize(QuantizationProblem(scale * UNTIED + by), METHODS[name], scale * STARTS + by, epochs=5).w
        np.testing.assert_allclose((there - by) / scale, here, atol=1e-6)


@pytest.mark.parametrize("name", METHODS)
def test_a_run_is_the_same_in_any_company(name):
    whole = minimize(PROBLEM, METHODS[name], STARTS, passes=40.0)
    part = minimize(PROBLEM, METHODS[name], STARTS[[17, 3, 4]], passes=40.0)
    np.testing.assert_array_equal(part.w, whole.w[[17, 3, 4]])
    assert part.stop == tuple(whole.stop[run] for run in (17, 3, 4))
