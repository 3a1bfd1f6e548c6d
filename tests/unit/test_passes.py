"""Every scheme gives the assignments of direct distances, and the same bits whatever the threads and blocks."""

import json
import math
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.engine import kernels, passes
from kmeans_convergence.starts import stream


def both(X, w):
    """Return the results of the direct and of the screened scheme."""
    return passes.run_pass(X, w, None), passes.run_pass(X, w, passes.Screen.of(X))


def assert_same_bits(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@st.composite
def whole_numbers(draw):
    """Patterns and prototypes whose distances are exact, with many ties."""
    n, K, d = draw(st.integers(1, 40)), draw(st.integers(1, 12)), draw(st.integers(1, 19))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.sampled_from([1, 3, 1000]))
    X = rng.integers(-size, size + 1, size=(n, d)).astype(draw(st.sampled_from([np.float32, np.float64])))
    return X, rng.integers(-size, size + 1, size=(draw(st.integers(1, 3)), K, d)).astype(float)


@given(whole_numbers())
def test_both_schemes_find_the_nearest_with_ties_to_the_lowest_index(case):
    X, w = case
    squares = ((X.astype(float)[None, :, None, :] - w[:, None]) ** 2).sum(axis=-1)
    for assignments, cost, counts, sums in both(X, w):
        np.testing.assert_array_equal(assignments, squares.argmin(axis=2))
        np.testing.assert_array_equal(cost, squares.min(axis=2).sum(axis=1) / 2)
        for r, k in np.ndindex(counts.shape):
            owned = X[assignments[r] == k].astype(float)
            assert counts[r, k] == len(owned)
            np.testing.assert_array_equal(sums[r, k], owned.sum(axis=0))


def nearly_tied(rng, n, K, d):
    """Patterns in the middle between two prototypes but for the last digits."""
    w = rng.normal(size=(1, K, d))
    pairs = rng.integers(K, size=(n, 2))
    return w[0, pairs].mean(axis=1) * (1 + 1e-15 * rng.integers(-3, 4, size=(n, 1))), w


CASES = {
    "overlap": lambda rng: (rng.normal(size=(700, 20)), rng.normal(size=(2, 30, 20))),
    "nearly tied": lambda rng: nearly_tied(rng, 900, 12, 17),
    "far from the origin": lambda rng: (1e8 + rng.normal(size=(600, 9)), 1e8 + rng.normal(size=(2, 20, 9))),
    "prototypes near the mean": lambda rng: (rng.normal(size=(600, 9)), 1e-12 * rng.normal(size=(1, 20, 9))),
    "tiny": lambda rng: (1e-150 * rng.normal(size=(300, 8)), 1e-150 * rng.normal(size=(1, 7, 8))),
    "huge": lambda rng: (1e150 * rng.normal(size=(300, 8)), 1e150 * rng.normal(size=(1, 7, 8))),
    "a prototype far away": lambda rng: (rng.normal(size=(300, 8)), np.array([[[0.0] * 8, [1e200] * 8]])),
    "all prototypes equal": lambda rng: (rng.normal(size=(300, 8)), np.ones((1, 5, 8))),
    "constant column": lambda rng: (np.hstack([rng.normal(size=(300, 8)), np.ones((300, 1))]), np.ones((1, 5, 9))),
    "one pattern repeated": lambda rng: (np.full((300, 6), 0.1), rng.normal(size=(1, 5, 6))),
    "as many prototypes as patterns": lambda rng: (grid := np.linspace(0, 1, 300).reshape(60, 5), grid[None]),
}


@pytest.mark.parametrize("name", CASES)
def test_the_schemes_have_the_same_bits(name):
    X, w = CASES[name](stream(1, "test", name))
    assert_same_bits(*both(X, w))


def test_screening_leaves_something_to_decide_and_decides_it():
    """The case is no easy one: single precision alone would get it wrong."""
    X, w = CASES["nearly tied"](stream(1, "test", "nearly tied"))
    single = ((X[:, None].astype(np.float32) - w[0].astype(np.float32)) ** 2).sum(axis=2).argmin(axis=1)
    assignments = passes.run_pass(X, w, passes.Screen.of(X))[0][0]
    assert (single != assignments).any()


@pytest.mark.parametrize("features", [1, 7, 8, 9, 15, 16, 17, 40])
def test_a_distance_is_summed_in_lanes(features):
    rng = np.random.default_rng(features)
    x, w = rng.normal(size=(2, features))
    lanes = [0.0] * min(features, kernels.LANES)
    for j in range(features):
        lanes[j % kernels.LANES] += (x[j] - w[j]) ** 2
    total = 0.0
    for lane in lanes:
        total += lane
    assert kernels.squared_distance(x, w) == total
    assert total == pytest.approx(math.fsum((x - w) ** 2), rel=1e-14)


@pytest.mark.parametrize(("n", "K", "d", "runs"), [(20_000, 7, 3, 1), (20_000, 7, 12, 2), (300, 5, 4, 31)])
def test_threads_and_blocks_change_no_bit(n, K, d, runs, monkeypatch):
    rng = np.random.default_rng(n)
    X, w = rng.normal(size=(n, d)), rng.normal(size=(runs, K, d))
    monkeypatch.setattr(passes, "SERIAL", 0)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = both(X, w)
    for count in ("2", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", count)
        for working_set in (2**20, 2**13):
            monkeypatch.setattr(passes, "WORKING_SET", working_set)
            for one, other in zip(both(X, w), expected, strict=True):
                assert_same_bits(one, other)


def test_chunks_cut_all_patterns_by_their_number_alone():
    for n in (1, passes.CHUNK, passes.CHUNK + 1, 10**6, 2 * 10**6 + 1):
        pieces = passes.chunks(n, 1024)
        assert [i for piece in pieces for i in piece][1:-1:2] == [first for first, _ in pieces][1:]
        assert (pieces[0][0], pieces[-1][1]) == (0, n)
        assert len(pieces) <= passes.MOST_CHUNKS
        assert all(first % 1024 == 0 for first, _ in pieces)


def test_single_precision_data_are_summed_in_double(tmp_path):
    rng = np.random.default_rng(3)
    X, w = rng.normal(size=(9000, 10)).astype(np.float32), rng.normal(size=(1, 8, 10))
    for one, other in zip(both(X, w), both(X.astype(float), w), strict=True):
        assert_same_bits(one, other)
    assert QuantizationProblem(X).X.dtype == np.float32


def test_a_mapped_file_is_read_in_place(tmp_path):
    X = np.random.default_rng(4).normal(size=(9000, 10))
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    problem, w = QuantizationProblem(mapped), X[None, :50]
    assert np.shares_memory(problem.X, mapped)
    np.testing.assert_array_equal(problem.evaluate(w).cost, QuantizationProblem(X).evaluate(w).cost)


def test_memory_does_not_grow_with_patterns_times_prototypes(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    rng = np.random.default_rng(5)
    X = rng.normal(size=(120_000, 8))
    X.flags.writeable = False
    problem, w = QuantizationProblem(X), rng.normal(size=(1, 300, 8))
    problem.evaluate(w)
    tracemalloc.start()
    problem.evaluate(w)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # a matrix of single-precision products alone would take 4 n K bytes
    assert peak < 64 * 2**20 < 4 * len(X) * 300


def test_the_scheme_is_chosen_by_shape():
    assert not passes.suits_screening(150, 6, 4)
    assert not passes.suits_screening(10**6, 1000, 2)
    assert passes.suits_screening(10**5, 64, 64)


@pytest.mark.parametrize(("n", "K", "d", "batch"), [(150, 6, 4, 40), (3000, 80, 20, 700), (30, 3, 1, 90)])
def test_a_mini_batch_is_a_small_problem_of_its_own(n, K, d, batch):
    rng = np.random.default_rng(n)
    X, w, rows = rng.normal(size=(n, d)), rng.normal(size=(3, K, d)), rng.integers(n, size=(3, batch))
    evaluation = QuantizationProblem(X).evaluate_rows(w, rows)
    for r in range(3):
        alone = QuantizationProblem(X[rows[r]]).evaluate(w[r : r + 1])
        np.testing.assert_array_equal(evaluation.assignments[r], alone.assignments[0])
        np.testing.assert_array_equal(evaluation.gradient[r], alone.gradient[0])
        assert evaluation.cost[r] == alone.cost[0]


def test_a_factor_makes_the_rate_larger_but_never_above_one():
    X, order = np.array([[0.0], [10.0], [20.0]]), np.array([[0, 1, 2]])
    x, counts = QuantizationProblem(X).sweep_counts(np.array([[3.0]]), order, np.zeros((1, 1)), factor=2.0)
    # rates min(1, 2/1), min(1, 2/2), 2/3: the prototype goes to 0, to 10, to 10 + 2/3 of 10
    assert x[0, 0] == pytest.approx(10 + 20 / 3, rel=1e-15)
    assert counts[0, 0] == 3


def test_threads_change_no_bit_of_a_sweep(monkeypatch):
    rng = np.random.default_rng(7)
    X, x = rng.normal(size=(200, 3)), rng.normal(size=(5, 4 * 3))
    order = np.stack([rng.permutation(200) for _ in range(5)])
    monkeypatch.setattr(passes, "SERIAL", 0)
    found = []
    for threads in ("1", "2", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        problem = QuantizationProblem(X)
        found.append((problem.sweep(x, order, 0.1), *problem.sweep_counts(x, order, np.ones((5, 4 * 3)), 2.0)))
    for other in found[1:]:
        assert_same_bits(other, found[0])


# In a process of its own: others may have been compiled here for single precision or by calls from tests.
SPECIALIZED = """
import json
import numpy as np
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans import faces
from kmeans_convergence.problems.kmeans.engine import face_kernels, kernels, sweep_kernels
rng = np.random.default_rng(0)
problem = QuantizationProblem(rng.normal(size=(60, 3)))
large = QuantizationProblem(rng.normal(size=(1500, 20)))
orders = rng.integers(60, size=(2, 40)), rng.integers(60, size=(2, 80))[:, ::2]
options = faces.Options(0.25, 30.0, 1.0, 1e-3, 10)
for writeable in (True, False):
    w, wide = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 12, 20))
    w.flags.writeable = wide.flags.writeable = writeable
    here, second_nearest = problem.evaluate_second_nearest(w)
    large.evaluate(wide)
    faces.newton_steps(problem.X, here, second_nearest, np.full(2, np.inf), options)
    faces.find(problem.X if writeable else problem.X.copy(), w[0], here.assignments[0], 0.25)
    for order in orders:
        problem.evaluate_rows(w, order)
        problem.sweep(w, order, 0.1)
        problem.sweep_counts(w, order, np.zeros((2, 12)))
compiled = [kernels.pass_directly, kernels.pass_rows, kernels.assign_screened, face_kernels.find_steps,
            sweep_kernels.sweep_rate, sweep_kernels.sweep_counts]
print(json.dumps({kernel.__name__: len(kernel.signatures) for kernel in compiled}))
"""


def test_a_kernel_is_compiled_once_whoever_owns_the_arrays():
    done = subprocess.run([sys.executable, "-c", SPECIALIZED], capture_output=True, text=True, check=True)
    counts = json.loads(done.stdout)
    assert len(counts) == 6
    assert set(counts.values()) == {1}, counts


@pytest.mark.parametrize(
    ("value", "threads"), [("3", 3), ("4,2", 4), (" 2 ", 2), ("", None), ("0", None), ("-1", None), ("abc", None)]
)
def test_the_number_of_threads_as_people_write_it(monkeypatch, value, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert passes.threads() == (threads or os.cpu_count())
