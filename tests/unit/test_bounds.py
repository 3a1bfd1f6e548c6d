"""A pass that remembers finds what a plain pass finds, bit for bit, whatever moves the prototypes."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmeans_convergence.core import CountingOracle, Problem, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans import problem as kmeans
from kmeans_convergence.problems.kmeans.engine import bounds, passes
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.performance.run.measuring import Watched, same
from kmeans_convergence.studies.performance.run.methods import Plain

ONE = np.ones(1, dtype=bool)


def assert_same(one, other):
    for name in ("assignments", "cost", "counts", "sums"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture(autouse=True)
def small_data_too(monkeypatch):
    """Memory would not pay for these data, nor for prototypes that jump, but it must be right."""
    monkeypatch.setattr(bounds, "FEW_DISTANCES", 0)
    monkeypatch.setattr(bounds, "MANY", 0)
    monkeypatch.setattr(kmeans, "WORTH", 99)


def follow(X, w, step, passes_made=25):
    """Let `step` move prototypes and compare the passes of both kinds; return possible and computed distances."""
    problem = QuantizationProblem(X)
    remembering, everybody = problem.evaluator(len(w)), np.ones(len(w), dtype=bool)
    for epoch in range(passes_made):
        here = problem.evaluate(w)
        assert_same(remembering(w, everybody), here)
        w = step(here, epoch)
    return remembering.possible, remembering.computed


RNG = np.random.default_rng(0)
STEPS = {
    "lloyd": lambda here, epoch: here.means,
    "gradient": lambda here, epoch: here.x - here.gradient / (1 + here.counts.max()),
    "only one moves": lambda here, epoch: here.w + 0.01 * (np.arange(here.w.shape[1]) == 0)[:, None],
    "over-relaxed": lambda here, epoch: here.w + 1.9 * (here.means - here.w),
    "jumps": lambda here, epoch: here.means + (epoch % 7 == 3) * RNG.normal(size=here.w.shape),
    "still": lambda here, epoch: here.w,
    "out and back": lambda here, epoch: here.means + 1e3 * (-1) ** epoch * (epoch > 5),
}
# n, K, d, runs: direct and screened schemes, one group and several, blocks not filled, one prototype, K = n
SHAPES = [(700, 6, 2, 3), (2000, 40, 3, 1), (900, 9, 4, 2), (1500, 50, 9, 1), (2000, 20, 33, 2), (300, 1, 5, 1)]
SHAPES += [(60, 60, 3, 1), (1, 1, 1, 1), (20_000, 12, 6, 1)]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_trajectory_is_the_plain_one(shape, step):
    n, K, d, runs = shape
    rng = stream(1, "bounds", n)
    X = rng.normal(size=(n, d))
    w = np.stack([X[rng.choice(n, K, replace=False)] for _ in range(runs)])
    follow(X, w, STEPS[step])


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("groups", "clusters"), [(1, 20), (3, 20), (7, 20), (19, 20), (2, 3)])
def test_groups_of_several_prototypes(groups, clusters, step, monkeypatch):
    rng = stream(8, "bounds", groups)
    X = rng.normal(size=(1000, 12)) + 2 * rng.normal(size=(15, 12))[rng.integers(15, size=1000)]
    monkeypatch.setattr(bounds, "ROOM", 4 * len(X) * groups)
    assert 1 <= bounds.count_groups(len(X), clusters, 12) <= groups
    follow(X, X[None, :clusters], STEPS[step])


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
@pytest.mark.parametrize("features", [3, 12])
def test_prototypes_beyond_all_numbers_and_back(value, features):
    """Bounds are forgotten when a prototype has no place, and are right again when it has one."""
    X = stream(9, "bounds").normal(size=(400, features))
    w, plain = X[None, :6].copy(), QuantizationProblem(X)
    remembering = plain.evaluator(1)
    for epoch in range(9):
        here = w.copy()
        if epoch in (3, 4, 7):
            here[0, 2, 1] = value
        expected = plain.evaluate(here)
        np.testing.assert_array_equal(remembering(here, ONE).assignments, expected.assignments)
        w = w + 0.01


@pytest.mark.parametrize("step", ["lloyd", "gradient", "jumps"])
@pytest.mark.parametrize("size", [2.0**-500, 1e-20, 1e60, 1e150])
def test_the_unit_of_the_data_does_not_matter(size, step):
    rng = stream(2, "bounds")
    X = size * rng.normal(size=(500, 5))
    follow(X, X[None, :20], STEPS[step])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 60), st.integers(2, 30))
def test_ties_go_to_the_lowest_index(seed, d, n, K):
    """On whole numbers distances are exact and many tie; prototypes make whole steps."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-3, 4, size=(n, d)).astype(float)
    w = rng.integers(-3, 4, size=(2, K, d)).astype(float)
    follow(X, w, lambda here, epoch: here.w + (rng.random((2, K, 1)) < 0.2) * rng.integers(-1, 2, size=w.shape), 12)


@pytest.mark.parametrize("features", [3, 12])
def test_empty_prototypes_duplicates_and_constant_columns(features):
    rng = stream(3, "bounds")
    X = np.repeat(rng.normal(size=(200, features)), 4, axis=0)
    X[:, 0] = 7.0
    w = np.concatenate([X[:8], X[:8], 100 + X[:8]])[None]
    follow(X, w, STEPS["lloyd"])
    follow(X.astype(np.float32), w, STEPS["gradient"])


@pytest.mark.parametrize("features", [2, 10])
def test_threads_change_no_bit(features, monkeypatch):
    rng = stream(4, "bounds")
    X = rng.normal(size=(30_000, features))
    for threads in ("1", "2", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        follow(X, X[None, :40], STEPS["lloyd"], 8)


@pytest.mark.parametrize(("features", "step"), [(2, "lloyd"), (2, "gradient"), (16, "lloyd"), (16, "gradient")])
def test_most_distances_are_spared(features, step):
    """Once prototypes move a little, a pattern needs little more than the distance to its own."""
    rng = stream(5, "bounds")
    X = rng.normal(size=(10_000, features)) + 3 * rng.normal(size=(32, features))[rng.integers(32, size=10_000)]
    possible, computed = follow(X, X[None, :32], STEPS[step], 60)
    assert possible == 60 * 32 * len(X)
    assert computed < possible / 3


def test_prototypes_that_jump_are_followed_by_plain_passes(monkeypatch):
    """And as soon as they move a little, what is remembered pays again."""
    monkeypatch.setattr(kmeans, "WORTH", 0.5)
    plain_passes, epochs, run_pass = [], [], passes.run_pass
    monkeypatch.setattr(passes, "run_pass", lambda *of: plain_passes.append(epochs[-1]) or run_pass(*of))
    rng = stream(13, "bounds")
    X = rng.normal(size=(3000, 2)) + 9 * rng.normal(size=(20, 2))[rng.integers(20, size=3000)]
    problem, w = QuantizationProblem(X), X[None, :20]
    remembering = problem.evaluator(1)
    for epoch in range(60):
        epochs.append(epoch)
        remembering(w, ONE)
        w = X[None, rng.choice(3000, 20)] if epoch < 30 else w + 1e-6
    # tried at first, and after pauses of 1, 3, 7 and 7 passes
    assert sorted(set(range(30)) - set(plain_passes)) == [0, 2, 6, 14, 22]
    assert max(plain_passes) < 40
    assert_same(remembering(w, ONE), problem.evaluate(w))


def test_runs_that_are_left_out_do_not_disturb_the_others():
    """As when runs end, or when only some try a step: each goes its own way, and its bounds with it."""
    rng = stream(6, "bounds")
    X = rng.normal(size=(5000, 3)) + 4 * rng.normal(size=(7, 3))[rng.integers(7, size=5000)]
    problem, w = QuantizationProblem(X), np.stack([X[:30], X[30:60], X[60:90]])
    remembering = problem.evaluator(3)
    for epoch in range(30):
        some = rng.random(3) < (0.7 if epoch < 20 else 1.0)
        if some.any():
            expected = problem.evaluate(w[some])
            before = remembering.computed
            assert_same(remembering(w[some], some), expected)
            w[some] = expected.means
    # in the last pass, all runs know what they have seen in any before
    assert remembering.computed - before < 3 * 30 * len(X) / 3


def test_an_oracle_remembers_for_its_runs_and_their_single_ones():
    X = stream(10, "bounds").normal(size=(4000, 3))
    problem, evaluators = QuantizationProblem(X), []

    class Watched(QuantizationProblem):
        def evaluator(self, runs):
            evaluators.append(super().evaluator(runs))
            return evaluators[-1]

    x = problem.pack(np.stack([X[:40], X[40:80]]))
    oracle = CountingOracle(Watched(X), 2)
    assert_same(oracle.evaluate(x), problem.evaluate(x))
    (remembering,), first = evaluators, evaluators[0].computed
    assert first >= 2 * 40 * len(X)
    for r in range(2):
        assert_same(oracle.single_run(r).evaluate(x[r : r + 1] + 1e-6), problem.evaluate(x[r : r + 1] + 1e-6))
    assert remembering.computed - first < first / 10
    assert oracle.charged.tolist() == [len(X)] * 2


@pytest.mark.parametrize("features", [2, 10])
@pytest.mark.parametrize("key", CONTENDERS)
def test_no_optimizer_sees_a_difference(key, features):
    """Their trials, restarts and searches along lines go through the same memory as their iterates."""
    rng = stream(12, "bounds")
    X = rng.normal(size=(600, features)) + 2 * rng.normal(size=(6, features))[rng.integers(6, size=600)]
    contender, setting = CONTENDERS[key], math.nan
    if contender.settings is not None:
        setting = math.sqrt(contender.settings[0] * contender.settings[1])
    starts, traces = draw(X, 7, streams(12, key, 7, range(3), "starts")), []
    for kind in (Plain, Watched):
        orders = streams(12, key, 7, range(3), "orders")
        traces.append(minimize(kind(X), contender.optimizer(25, setting), starts, passes=25, rngs=orders))
    assert same(*traces)


def test_problems_that_remember_nothing_evaluate_afresh():
    X = stream(11, "bounds").normal(size=(50, 2))
    problem = QuantizationProblem(X)
    plain = Problem.evaluator(problem, 2)
    assert_same(plain(X[None, :3], np.array([False, True])), problem.evaluate(X[None, :3]))


def test_what_is_remembered_takes_few_bytes():
    X = np.zeros((10_000, 2))
    tracemalloc.start()
    memory = bounds.Memory(X, (1, 4096, 2), None)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert memory is not None
    assert held <= max(2**26, 24 * len(X))


def test_prototypes_that_are_changed_in_place():
    X = stream(7, "bounds").normal(size=(500, 3))
    plain, w = QuantizationProblem(X), X[None, :9].copy()
    remembering = plain.evaluator(1)
    for _ in range(5):
        here, expected = remembering(w, ONE), plain.evaluate(w)
        cost = expected.cost.copy()
        w += 0.3
        assert here.cost == cost
        np.testing.assert_array_equal(here.assignments, expected.assignments)


def test_without_memory_all_distances_are_computed(monkeypatch):
    monkeypatch.setattr(bounds, "FEW_DISTANCES", 10**6)
    evaluator = QuantizationProblem(np.zeros((7, 2))).evaluator(3)
    evaluator(np.zeros((2, 5, 2)), np.array([True, False, True]))
    assert evaluator.computed == evaluator.possible == 2 * 7 * 5
