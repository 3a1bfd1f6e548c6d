"""A pass that remembers finds what a plain pass finds, bit for bit, whatever moves the prototypes."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.engine import bounds, passes
from kmeans_convergence.starts import stream


def assert_same(one, other):
    for name in ("assignments", "cost", "counts", "sums"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@pytest.fixture(autouse=True)
def small_data_too(monkeypatch):
    """Memory would not pay for these data, but it must be right."""
    monkeypatch.setattr(bounds, "FEW_DISTANCES", 0)
    monkeypatch.setattr(bounds, "MANY", 0)


def follow(X, w, step, passes_made=25):
    """Let `step` move prototypes and hold each remembering pass against the plain one; return distances of both."""
    plain, remembering = QuantizationProblem(X), QuantizationProblem(X, remember=True)
    for epoch in range(passes_made):
        here = plain.evaluate(w)
        assert_same(remembering.evaluate(w), here)
        w = step(here, epoch)
    return plain.distances, remembering.distances


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
    w, problem, plain = X[None, :6].copy(), QuantizationProblem(X, remember=True), QuantizationProblem(X)
    for epoch in range(9):
        here = w.copy()
        if epoch in (3, 4, 7):
            here[0, 2, 1] = value
        expected = plain.evaluate(here)
        np.testing.assert_array_equal(problem.evaluate(here).assignments, expected.assignments)
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
    plain, remembering = follow(X, X[None, :32], STEPS[step], 60)
    assert remembering < plain / 3


def test_other_shapes_start_afresh():
    rng = stream(6, "bounds")
    X = rng.normal(size=(500, 3))
    problem, plain = QuantizationProblem(X, remember=True), QuantizationProblem(X)
    for runs, K in ((1, 5), (3, 5), (3, 7), (1, 5)):
        w = rng.normal(size=(runs, K, 3))
        assert_same(problem.evaluate(w), plain.evaluate(w))


def test_what_is_remembered_takes_few_bytes():
    X = np.zeros((10_000, 2))
    memory = bounds.Memory(X, np.zeros((1, 4096, 2)), passes.Screen(X))
    held = sum(array.nbytes for array in vars(memory).values() if isinstance(array, np.ndarray))
    assert held - X.nbytes <= max(2**26, 24 * len(X))


def test_prototypes_that_are_changed_in_place():
    X = stream(7, "bounds").normal(size=(500, 3))
    problem, plain, w = QuantizationProblem(X, remember=True), QuantizationProblem(X), X[None, :9].copy()
    for _ in range(5):
        here, expected = problem.evaluate(w), plain.evaluate(w)
        cost = expected.cost.copy()
        w += 0.3
        assert here.cost == cost
        np.testing.assert_array_equal(here.assignments, expected.assignments)


def test_plain_distances_are_all_of_them():
    problem = QuantizationProblem(np.zeros((7, 2)))
    problem.evaluate(np.zeros((3, 5, 2)))
    assert problem.distances == 3 * 7 * 5
