"""The loop and the optimizers of the paper."""

from itertools import repeat

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import (
    General,
    GradientDescent,
    MajorizeMinimize,
    Newton,
    OnlineGradient,
    OnlineKMeans,
    Rate,
    Stop,
    Switch,
    minimize,
)
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.starts import draw, streams

OPTIMIZERS = {
    "lloyd": MajorizeMinimize(),
    "newton": Newton(),
    "gradient": GradientDescent(Rate(0.01)),
    "online gradient": OnlineGradient(Rate(0.03)),
    "online": OnlineKMeans(),
    "hybrid": Switch(OnlineKMeans(), 1, MajorizeMinimize()),
}


@pytest.fixture(scope="module")
def starts():
    X, _ = iris()
    return QuantizationProblem(X), draw(X, 6, streams(1, "iris", 6, range(30), "test"))


def rngs(runs):
    return streams(1, "iris", 6, range(runs), "order")


def test_newton_is_batch_kmeans(starts):
    problem, w = starts
    lloyd = minimize(problem, MajorizeMinimize(), w, epochs=25)
    newton = minimize(problem, Newton(), w, epochs=25)
    np.testing.assert_allclose(newton.cost, lloyd.cost, rtol=1e-12)
    np.testing.assert_allclose(newton.w, lloyd.w, atol=1e-9)


def test_batch_kmeans_is_scikit_learns(starts):
    # patterns in whole mm are often tied, and scikit-learn breaks ties by rounding errors: move them a little
    X = starts[0].X + np.random.default_rng(0).uniform(-0.1, 0.1, size=(150, 4))
    problem, w = QuantizationProblem(X), starts[1]
    trace = minimize(problem, MajorizeMinimize(), w, epochs=60)
    ends = problem.evaluate(trace.w)
    # scikit-learn moves empty prototypes elsewhere, we leave them where they are
    comparable = np.flatnonzero(trace.diagnostics["empty"].max(axis=0) == 0)
    assert len(comparable) >= 25
    for run in comparable:
        judge = KMeans(6, init=w[run], n_init=1, algorithm="lloyd", max_iter=60, tol=0).fit(X)
        np.testing.assert_array_equal(ends.assignments[run], judge.labels_)
        assert 2 * trace.cost[-1, run] == pytest.approx(judge.inertia_, rel=1e-12)
        np.testing.assert_allclose(trace.w[run], judge.cluster_centers_, rtol=1e-12)


def test_batch_kmeans_never_increases_the_cost_and_terminates(starts):
    problem, w = starts
    trace = minimize(problem, MajorizeMinimize(), w, epochs=60)
    assert (np.diff(trace.cost, axis=0) <= 0).all()
    assert set(trace.stop) == {Stop.FIXED_POINT}
    # the epoch in which a run is found at rest is charged, later ones are not
    rests = (trace.diagnostics["largest_move"][1:] == 0).argmax(axis=0) + 1
    np.testing.assert_array_equal(trace.passes[-1], rests)
    assert len(set(rests)) > 3
    # and its row is repeated
    for run, rest in enumerate(rests):
        for values in trace.measures.values():
            measure = values[rest:, run]
            np.testing.assert_array_equal(measure, np.full(len(measure), measure[0]))
        assert trace.gradient_norm[-1, run] == pytest.approx(0, abs=1e-9)


def test_em_never_increases_its_cost(starts):
    problem, w = starts
    trace = minimize(MixtureProblem(problem.X / 4), MajorizeMinimize(), w / 4, epochs=30)
    assert (np.diff(trace.cost, axis=0) <= 1e-12 * trace.cost[:-1]).all()
    assert set(trace.stop) == {Stop.BUDGET}


def test_newton_refuses_the_mixture(refused):
    X, _ = iris()
    with refused("Newton needs a Hessian that is diagonal", "MixtureProblem"):
        minimize(MixtureProblem(X), Newton(), X[None, :3], epochs=1)


@pytest.mark.parametrize("name", ["online", "online gradient", "hybrid"])
def test_the_mixture_offers_no_single_patterns(name, refused):
    X, _ = iris()
    with refused(f"{type(OPTIMIZERS[name]).__name__} needs steps after each pattern", "MixtureProblem"):
        minimize(MixtureProblem(X), OPTIMIZERS[name], X[None, :3], epochs=1, rngs=rngs(1))


def test_rates_by_hand():
    assert [Rate(0.5)(t) for t in (1, 2, 5)] == [0.5, 0.25, 0.1]
    assert [Rate(0.5, decays=False)(t) for t in (1, 2, 5)] == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("decays", [True, False])
@pytest.mark.parametrize("copies", [1, 4])
def test_gradients_on_one_place_by_hand(decays, copies):
    # all patterns at 3 and a prototype at 11: an epoch leaves 1 - rate N (batch) or (1 - rate)^N (online)
    rate, X, start = Rate(0.3, decays), np.full((copies, 1), 3.0), np.array([[[11.0]]])
    rates = np.array([0.3, 0.15, 0.1] if decays else [0.3] * 3)
    for optimizer, left in ((GradientDescent(rate), 1 - copies * rates), (OnlineGradient(rate), (1 - rates) ** copies)):
        trace = minimize(QuantizationProblem(X), optimizer, start, epochs=3, rngs=rngs(1))
        distance = 8 * np.cumprod([1, *left])
        np.testing.assert_allclose(trace.cost[:, 0], copies * distance**2 / 2, rtol=1e-12)
        np.testing.assert_allclose(trace.gradient_norm[:, 0], copies * abs(distance), rtol=1e-12)
        np.testing.assert_allclose(trace.diagnostics["largest_move"][1:, 0], abs(np.diff(distance)), rtol=1e-12)
        assert trace.w[0, 0, 0] == pytest.approx(3 + distance[-1])


def test_measures_by_hand():
    # prototypes at 0, 4 and 99 own (0, 2), (8, 10) and nothing: they go to 1, 9 and nowhere; then nothing moves
    X, start = np.array([[0.0], [2.0], [8.0], [10.0]]), np.array([[[0.0], [4.0], [99.0]]])
    trace = minimize(QuantizationProblem(X), MajorizeMinimize(), start, epochs=4)
    np.testing.assert_array_equal(trace.cost[:, 0], [28, 2, 2, 2, 2])
    np.testing.assert_allclose(trace.gradient_norm[:, 0], [np.sqrt(2**2 + 10**2), 0, 0, 0, 0])
    np.testing.assert_array_equal(trace.diagnostics["changed"][:, 0], 0)
    np.testing.assert_array_equal(trace.diagnostics["empty"][:, 0], 1)
    np.testing.assert_array_equal(trace.diagnostics["largest_move"][:, 0], [0, 5, 0, 0, 0])
    np.testing.assert_array_equal(trace.passes[:, 0], [0, 1, 2, 2, 2])
    # -1 owns 0 and 4 the rest; they go to 0 and 20/3, where 2 changes its owner; then to 1 and 9
    trace = minimize(QuantizationProblem(X), MajorizeMinimize(), np.array([[[-1.0], [4.0]]]), epochs=3)
    np.testing.assert_array_equal(trace.diagnostics["changed"][:, 0], [0, 1, 0, 0])
    np.testing.assert_allclose(trace.cost[:, 0], [57 / 2, 76 / 9, 2, 2])
    np.testing.assert_allclose(trace.diagnostics["largest_move"][:, 0], [0, 8 / 3, 7 / 3, 0])
    np.testing.assert_array_equal(trace.w, [[[1], [9]]])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_epoch_costs_one_pass(starts, name):
    problem, w = starts
    trace = minimize(problem, OPTIMIZERS[name], w, epochs=5, rngs=rngs(30))
    running = np.array([stop is Stop.BUDGET for stop in trace.stop])
    assert running.any()
    np.testing.assert_array_equal(trace.passes[:, running].T, [np.arange(6)] * running.sum())
    if not OPTIMIZERS[name].memoryless:
        assert running.all()


class Counting(QuantizationProblem):
    """A problem that counts how often it is really evaluated."""

    evaluations = 0

    def evaluate(self, w):
        self.evaluations += 1
        return super().evaluate(w)


def test_an_iterate_is_evaluated_once(starts):
    problem, w = starts
    counting = Counting(problem.X)
    trace = minimize(counting, GradientDescent(Rate(0.01)), w, epochs=7)
    # the optimizer's 7 evaluations serve the loop's measuring too; the loop adds one at the end
    assert counting.evaluations == 8
    assert set(trace.passes[-1]) == {7}


class Idle(General):
    """Yields where it is, after as many paid evaluations as it was told."""

    def __init__(self, evaluations):
        self.evaluations = evaluations

    def iterates(self, problem, starts, rngs):
        while True:
            for _ in repeat(None, self.evaluations):
                problem.evaluate(starts)
            yield starts


@pytest.mark.parametrize("evaluations", [0, 1, 3])
def test_optimizers_pay_for_what_they_ask_and_not_for_measuring(starts, evaluations):
    problem, w = starts
    trace = minimize(problem, Idle(evaluations), w, epochs=4)
    np.testing.assert_array_equal(trace.passes[:, 0], evaluations * np.arange(5))
    # an optimizer with memory may yet move: a rest is no end
    assert set(trace.stop) == {Stop.BUDGET}


class InPlace(General):
    def iterates(self, problem, starts, rngs):
        w = starts
        while True:
            w += 1
            yield w


def test_an_optimizer_cannot_change_what_was_measured(starts):
    problem, w = starts
    before = w.copy()
    with pytest.raises(ValueError, match="read-only"):
        minimize(problem, InPlace(), w, epochs=2)
    for optimizer in OPTIMIZERS.values():
        minimize(problem, optimizer, w, epochs=2, rngs=rngs(30))
    np.testing.assert_array_equal(w, before)


def test_the_switch_is_one_epoch_of_the_first_and_then_the_other(starts):
    problem, w = starts
    for epochs in (1, 3):
        first = minimize(problem, OnlineKMeans(), w, epochs=epochs, rngs=rngs(30))
        then = minimize(problem, MajorizeMinimize(), first.w, epochs=9 - epochs)
        hybrid = minimize(problem, Switch(OnlineKMeans(), epochs, MajorizeMinimize()), w, epochs=9, rngs=rngs(30))
        np.testing.assert_array_equal(hybrid.cost, np.concatenate([first.cost, then.cost[1:]]))
        np.testing.assert_array_equal(hybrid.w, then.w)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_is_the_same_in_any_company(starts, name):
    problem, w = starts
    whole = minimize(problem, OPTIMIZERS[name], w, epochs=12, rngs=rngs(30))
    some = [17, 3, 4]
    part = minimize(problem, OPTIMIZERS[name], w[some], epochs=12, rngs=[rngs(30)[run] for run in some])
    for measure, values in whole.measures.items():
        np.testing.assert_array_equal(part.measures[measure], values[:, some])
    np.testing.assert_array_equal(part.w, whole.w[some])
    assert part.stop == tuple(whole.stop[run] for run in some)


def test_the_table_has_one_row_for_each_run_and_epoch(starts):
    problem, w = starts
    trace = minimize(problem, OnlineKMeans(), w[:3], epochs=4, rngs=rngs(3))
    table = pd.DataFrame(trace.columns())
    assert list(table.columns) == ["run", "epoch", *trace.measures]
    assert list(zip(table["run"], table["epoch"], strict=True)) == [(r, t) for r in range(3) for t in range(5)]
    for _, row in table.iterrows():
        epoch, run = int(row["epoch"]), int(row["run"])
        assert all(row[name] == values[epoch, run] for name, values in trace.measures.items())


def test_patterns_that_change_hands_are_counted_whichever_way_they_go():
    problem = QuantizationProblem(np.array([[0.0], [1.0], [9.0], [10.0]]))
    # the second pattern goes to the first prototype, in the other run the third one to the second
    starts = np.array([[[0.0], [1.0]], [[9.0], [10.0]]])
    trace = minimize(problem, MajorizeMinimize(), starts, epochs=4)
    np.testing.assert_array_equal(trace.diagnostics["changed"][:3], [[0, 0], [1, 1], [0, 0]])
    np.testing.assert_array_equal(trace.diagnostics["empty"], 0)
