"""A budget in passes: when runs end, and that ended ones neither move nor cost anything."""

import numpy as np
import pytest

from kmeans_convergence.core import loop
from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import (
    General,
    GradientDescent,
    MajorizeMinimize,
    OnlineGradient,
    OnlineKMeans,
    Rate,
    Stop,
    Switch,
    minimize,
)
from kmeans_convergence.optimizers.line_search import ArmijoGradient
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams

X, _ = iris()
PROBLEM = QuantizationProblem(X)
STARTS = draw(X, 6, streams(1, "iris", 6, range(30), "test"))
OPTIMIZERS = {
    "lloyd": MajorizeMinimize(),
    "gradient": GradientDescent(Rate(0.02, decays=False)),
    "online gradient": OnlineGradient(Rate(0.03)),
    "online": OnlineKMeans(),
    "hybrid": Switch(OnlineKMeans(), 1, MajorizeMinimize()),
}


def rngs(runs):
    return streams(1, "iris", 6, range(runs), "order")


class Counting(QuantizationProblem):
    """A problem that counts the patterns that it is really asked for."""

    patterns = 0

    def evaluate(self, w):
        self.patterns += self.size * len(w)
        return super().evaluate(w)


def test_exactly_one_budget():
    for budget in ({}, {"epochs": 3, "passes": 3.0}):
        with pytest.raises(TypeError, match="either in epochs or in passes"):
            minimize(PROBLEM, MajorizeMinimize(), STARTS, **budget)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_passes_are_epochs_where_each_costs_one(name):
    epochs = minimize(PROBLEM, OPTIMIZERS[name], STARTS, epochs=7, rngs=rngs(30))
    passes = minimize(PROBLEM, OPTIMIZERS[name], STARTS, passes=7.0, rngs=rngs(30))
    # a hybrid that rests is charged on in epochs
    for measure in set(epochs.measures) - {"passes"}:
        np.testing.assert_array_equal(passes.measures[measure], epochs.measures[measure])
    np.testing.assert_array_equal(passes.w, epochs.w)
    assert passes.passes.max() == 7


def test_lloyd_ends_where_it_rests_and_work_shrinks():
    counting = Counting(X)
    trace = minimize(counting, MajorizeMinimize(), STARTS, passes=1000.0)
    assert set(trace.stop) == {Stop.FIXED_POINT}
    reference = minimize(PROBLEM, MajorizeMinimize(), STARTS, epochs=len(trace.cost) - 1)
    for measure, values in reference.measures.items():
        np.testing.assert_array_equal(trace.measures[measure], values)
    # what is evaluated is what is charged, and each run's last iterate is measured on the house
    assert counting.patterns == PROBLEM.size * (trace.passes[-1].sum() + 30)


def test_a_gradient_method_rests_at_a_fixed_point_of_lloyd():
    w = minimize(PROBLEM, MajorizeMinimize(), STARTS, passes=1000.0).w
    trace = minimize(PROBLEM, GradientDescent(Rate(0.01, decays=False)), w + 1e-3, passes=5000.0)
    assert set(trace.stop) == {Stop.FIXED_POINT}
    # what batch K-means could still win is rounding error
    ends = minimize(PROBLEM, MajorizeMinimize(), trace.w, passes=1000.0)
    np.testing.assert_array_equal(ends.diagnostics["changed"], 0)
    np.testing.assert_allclose(ends.cost[-1], trace.cost[-1], rtol=3e-15)
    # with a budget in epochs it uses it up
    assert set(minimize(PROBLEM, GradientDescent(Rate(0.01)), trace.w, epochs=3).stop) == {Stop.BUDGET}


def test_a_step_that_is_too_long_diverges_and_is_charged_no_more():
    counting = Counting(X)
    trace = minimize(counting, GradientDescent(Rate(1e20, decays=False)), STARTS, passes=60.0)
    assert set(trace.stop) == {Stop.DIVERGED}
    assert not np.isfinite(trace.cost[-1]).any()
    # a step multiplies the distance of a prototype that owns patterns by 1e20 at least, so that its square overflows
    # after eight; then the next nearest of the six owns the patterns
    assert trace.passes[-1].max() <= 6 * 8
    assert counting.patterns == PROBLEM.size * (trace.passes[-1].sum() + 30)


@pytest.mark.parametrize("budget", [{"epochs": 5}, {"passes": 5.0}, {"passes": np.inf}])
def test_a_run_that_begins_nowhere_has_diverged_and_the_others_go_on(budget):
    starts = STARTS[:3].copy()
    starts[1, 0, 0] = np.nan
    trace = minimize(PROBLEM, MajorizeMinimize(), starts, **budget)
    alone = minimize(PROBLEM, MajorizeMinimize(), STARTS[[0, 2]], **budget)
    assert trace.stop == (alone.stop[0], Stop.DIVERGED, alone.stop[1])
    assert trace.passes[-1, 1] == 0
    np.testing.assert_array_equal(trace.cost[:, [0, 2]], alone.cost)


class Rocking(General):
    """Moves all prototypes there and back by so much, again and again."""

    memoryless = True

    def __init__(self, length):
        self.length = length

    def iterates(self, problem, starts, rngs):
        while True:
            for w in (starts + self.length, starts):
                problem.charge(problem.size)
                yield w


@pytest.mark.parametrize("length", [1e-9, 1.0])
def test_without_a_budget_a_run_that_cycles_ends_all_the_same(length):
    trace = minimize(PROBLEM, Rocking(length), STARTS[:2], passes=np.inf)
    assert set(trace.stop) == {Stop.STALLED}
    assert len(trace.cost) <= loop.PATIENCE + 3
    assert set(minimize(PROBLEM, Rocking(length), STARTS[:2], passes=300.0).stop) == {Stop.BUDGET}


def test_a_step_length_stays_finite_and_its_search_ends_where_a_run_rests():
    # both prototypes are at the means: the gradient is zero, and every trial is accepted at once, 1500 times
    problem = QuantizationProblem(np.array([[-1.0], [1.0], [7.0], [9.0]]))
    trace = minimize(problem, ArmijoGradient(), np.array([[[0.0], [8.0]]]), epochs=1500)
    assert trace.cost[-1, 0] == trace.cost[0, 0] == 2


class Costly(General):
    """Moves all prototypes by one, after so many evaluations as each run was told."""

    def __init__(self, evaluations):
        self.evaluations = np.asarray(evaluations)

    def iterates(self, problem, starts, rngs):
        w = starts
        while True:
            here = problem.evaluate(w)
            for trial in range(1, self.evaluations.max()):
                problem.evaluate_where(w + trial, self.evaluations > trial, here)
            w = w + 1
            yield w


def test_an_ended_run_neither_moves_nor_is_charged():
    trace = minimize(PROBLEM, Costly([1, 3, 4]), STARTS[:3], passes=6.0)
    np.testing.assert_array_equal(trace.passes.T, [range(7), [0, 3, *[6] * 5], [0, 4, *[8] * 5]])
    np.testing.assert_array_equal(trace.w - STARTS[:3], np.array([6, 2, 2])[:, None, None] + np.zeros((3, 6, 4)))
    np.testing.assert_array_equal(trace.cost[2:, 1:], trace.cost[[2] * 5, 1:])
    np.testing.assert_array_equal(trace.cost[-1], PROBLEM.evaluate(trace.w).cost)


@pytest.fixture
def one_ended():
    metered = CountingOracle(PROBLEM, 3)
    here = metered.evaluate(PROBLEM.pack(STARTS[:3]))
    metered.end(np.array([False, True, False]), here)
    return metered, here


def test_ended_runs_are_answered_with_their_last_evaluation(one_ended):
    metered, here = one_ended
    later = metered.evaluate(PROBLEM.pack(STARTS[3:6]))
    fresh = PROBLEM.evaluate(STARTS[3:6])
    for name in ("x", "w", "cost", "counts", "sums", "assignments", "gradient", "image", "hessian_diagonal"):
        values, new, old = (getattr(evaluation, name) for evaluation in (later, fresh, here))
        np.testing.assert_array_equal(values, np.stack([new[0], old[1], new[2]]))
    np.testing.assert_array_equal(metered.charged, [300, 150, 300])
    metered.charge(np.array([1, 2, 3]))
    np.testing.assert_array_equal(metered.charged, [301, 150, 303])


def test_pieces_leave_ended_runs_where_they_are(one_ended):
    metered, _ = one_ended
    x, rows = PROBLEM.pack(STARTS[:3]).copy(), np.stack([rng.permutation(150)[:40] for rng in rngs(3)])
    metric = np.repeat(np.arange(18.0).reshape(3, 6), 4, axis=1)
    moved, won = metered.sweep_counts(x, rows, metric, 4.0)
    expected, expected_won = PROBLEM.sweep_counts(x, rows, metric, 4.0)
    gradient = metered.sweep(x, rows, 0.1)
    for values, new, old in (
        (moved, expected, x),
        (won, expected_won, metric),
        (gradient, PROBLEM.sweep(x, rows, 0.1), x),
    ):
        np.testing.assert_array_equal(values, np.stack([new[0], old[1], new[2]]))
        assert (new[[0, 2]] != old[[0, 2]]).any(axis=1).all()
    batch, fresh = metered.evaluate_rows(x, rows), PROBLEM.evaluate_rows(x, rows)
    np.testing.assert_array_equal(batch.sums[[0, 2]], fresh.sums[[0, 2]])
    np.testing.assert_array_equal(batch.assignments[[0, 2]], fresh.assignments[[0, 2]])
    np.testing.assert_array_equal(batch.gradient[1], 0)
    np.testing.assert_array_equal(batch.image[1], x[1])
    np.testing.assert_array_equal(metered.charged, [150 + 3 * 40, 150, 150 + 3 * 40])


def test_trials_are_charged_to_the_runs_that_try():
    metered = CountingOracle(PROBLEM, 3)
    here, there = metered.evaluate(PROBLEM.pack(STARTS[:3])), PROBLEM.pack(STARTS[3:6])
    some = np.array([True, False, True])
    trial = metered.evaluate_where(there, some, here)
    np.testing.assert_array_equal(metered.charged, [300, 150, 300])
    np.testing.assert_array_equal(trial.w, np.where(some[:, None, None], STARTS[3:6], STARTS[:3]))
    np.testing.assert_array_equal(trial.cost, PROBLEM.evaluate(trial.w).cost)
    # none left: nothing to do
    assert metered.evaluate_where(there, ~some & some, trial) is trial


def test_the_length_by_hand():
    assert CountingOracle(PROBLEM, 1).length == pytest.approx(np.sqrt(X.var(axis=0).mean()), rel=1e-12)
