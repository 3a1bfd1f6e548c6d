"""Where zero is and what the unit is does not matter: patterns far from zero, very large and very small ones."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from kmeans_convergence import exact
from kmeans_convergence.data import Dataset, registry
from kmeans_convergence.data.bundled import LOADERS, iris
from kmeans_convergence.data.dataset import standardize
from kmeans_convergence.optimizers import MajorizeMinimize, Stop, minimize
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem
from kmeans_convergence.problems.kmeans.engine.bounds import suits_memory
from kmeans_convergence.starts import draw, streams
from kmeans_convergence.studies.comparison.run.comparison import Protocol, compare
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.run.tuning import Tuning
from kmeans_convergence.studies.performance.run.measuring import Watched, same
from kmeans_convergence.studies.performance.run.methods import Plain

IRIS, _ = iris()
FAR = [1e14, -1e14, np.array([1e14, 0.0]), np.array([0.0, -3e12])]


def on_a_grid(seed, n=400, d=2):
    """Return Gaussian clusters whose numbers are multiples of 1/64: adding 1e14 does not round them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) + 4 * rng.normal(size=(5, d))[rng.integers(5, size=n)]
    return np.round(64 * X) / 64


def same_runs(one, other):
    """Two traces are those of the same runs but for the rounding of their means."""
    assert one.stop == other.stop
    for measure in ("changed", "empty", "passes"):
        np.testing.assert_array_equal(one.measures[measure], other.measures[measure])
    np.testing.assert_allclose(one.cost, other.cost, rtol=1e-12)


@given(
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 2**32),
    st.floats(-1e3, 1e3).filter(lambda value: abs(value) > 1),
    st.integers(21, 90),
)
def test_patterns_are_moved_without_rounding(kind, seed, place, size):
    rng = np.random.default_rng(seed)
    X = (place * 2.0**size + rng.normal(size=(20, 2))).astype(kind)
    away = exact.origin(X)
    moved = X - away
    assert moved.dtype == kind
    for j in range(2):
        for x, m in zip(X[:, j], moved[:, j], strict=True):
            assert Fraction(float(m)) == Fraction(float(x)) - Fraction(float(away[j]))


def test_what_is_near_zero_stays_where_it_is():
    for name in LOADERS:
        X = LOADERS[name]()[0]
        problem = QuantizationProblem(X[np.arange(min(len(X), 500))])
        assert problem.centred is problem
    assert not exact.origin(np.array([[0.0, 1e14], [1e14, 0.0]])).any()
    # far in comparison with the other feature is not enough: it is the largest difference that costs are made of
    assert not exact.origin(np.array([[1e6, 5.0], [0.0, 5.0]])).any()


def test_all_patterns_in_one_place():
    problem = QuantizationProblem(np.full((7, 2), 0.1))
    trace = minimize(problem, MajorizeMinimize(), np.full((1, 2, 2), 0.1), passes=np.inf)
    assert (trace.cost[-1, 0], trace.stop) == (0, (Stop.FIXED_POINT,))
    np.testing.assert_array_equal(trace.w, 0.1)


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("method", ["batch_kmeans", "hartigan", "gradient_armijo", "anderson", "face_newton", "hybrid"])
def test_costs_do_not_depend_on_where_zero_is(method, far):
    X, K = on_a_grid(1), 6
    starts = draw(X, K, streams(1, "far", K, range(8), "starts"))
    optimizer = CONTENDERS[method].optimizer(30, np.nan)
    near, there = (
        minimize(
            QuantizationProblem(X + by), optimizer, starts + by, passes=30, rngs=streams(1, "far", K, range(8), "o")
        )
        for by in (0.0, far)
    )
    np.testing.assert_allclose(there.cost, near.cost, rtol=1e-9)
    assert there.stop == near.stop
    assert not (np.diff(there.cost, axis=0) > 1e-12 * there.cost[0]).any() or method != "batch_kmeans"
    np.testing.assert_allclose(there.w, near.w + far, atol=0.02)


@given(st.integers(0, 2**32), st.sampled_from([1e14, -1e14]))
def test_batch_kmeans_makes_the_same_steps_after_a_translation(seed, far):
    X = on_a_grid(seed, n=80)
    starts = draw(X, 5, streams(seed, "far", 5, range(3), "starts"))
    near = minimize(QuantizationProblem(X), MajorizeMinimize(), starts, passes=np.inf)
    same_runs(minimize(QuantizationProblem(X + far), MajorizeMinimize(), starts + far, passes=np.inf), near)


@pytest.mark.parametrize("far", [0.0, 1.7e15])
def test_time_stamps_in_microseconds_end_as_in_another_library(far):
    rng = np.random.default_rng(4)
    X = np.column_stack([rng.integers(61, size=500), rng.normal(size=500)]).astype(float)
    starts = draw(X, 6, streams(2, "stamps", 6, range(20), "starts"))
    shift = np.array([far, 0.0])
    trace = minimize(QuantizationProblem(X + shift), MajorizeMinimize(), starts + shift, passes=np.inf)
    assert set(trace.stop) == {Stop.FIXED_POINT}
    assert (np.diff(trace.cost, axis=0) <= 0).all()
    for run, start in enumerate(starts):
        theirs = KMeans(6, init=start, n_init=1, tol=0, max_iter=1000, algorithm="lloyd").fit(X)
        assert trace.passes[-1, run] == theirs.n_iter_
        assert trace.cost[-1, run] == pytest.approx(theirs.inertia_ / 2, rel=1e-12)


def test_where_numbers_hardly_differ_any_more():
    """At 1e16 numbers are even: what is left of the patterns is clustered as it is nearer to zero."""
    X = on_a_grid(3) + 1e16
    near = X - X[0]
    starts = draw(X, 4, streams(3, "far", 4, range(10), "starts"))
    trace = minimize(QuantizationProblem(X), MajorizeMinimize(), starts, passes=np.inf)
    same = minimize(QuantizationProblem(near), MajorizeMinimize(), starts - X[0], passes=np.inf)
    np.testing.assert_allclose(np.sort(trace.cost[0]), np.sort(same.cost[0]), rtol=1e-14)
    assert (np.diff(trace.cost, axis=0) <= 0).all()
    np.testing.assert_allclose(trace.cost[-1], same.cost[-1], rtol=1e-12)


def test_assignments_that_repeat_give_the_same_bits_so_that_the_run_ends_with_the_next_step():
    for X in (IRIS, on_a_grid(5) + 1e14):
        problem = QuantizationProblem(X)
        trace = minimize(problem, MajorizeMinimize(), draw(X, 6, streams(5, "x", 6, range(9), "s")), passes=np.inf)
        for run in range(9):
            steps = int(trace.passes[-1, run])
            moved = trace.diagnostics["changed"][1 : steps + 1, run] > 0
            # the first iterate with the assignments of the one before is followed by one more, at the same place
            assert not moved[-1]
            assert moved[:-2].all()


@given(st.integers(0, 2**32), st.integers(1, 2000), st.integers(1, 700), st.sampled_from([np.float32, np.float64]))
@settings(max_examples=30)
def test_ends_are_those_of_each_feature(seed, n, d, kind):
    X = np.random.default_rng(seed).normal(size=(n, d)).astype(kind)
    least, most = exact.ends(X)
    np.testing.assert_array_equal(least, X.min(axis=0))
    np.testing.assert_array_equal(most, X.max(axis=0))


def test_remembering_changes_no_bit_far_from_zero():
    X = on_a_grid(6, n=12_000, d=6) + 1e14
    assert suits_memory(len(X), 2, 100, 6)
    starts = draw(X, 100, streams(6, "far", 100, range(2), "starts"))
    plain, remembering = (minimize(kind(X), MajorizeMinimize(), starts, epochs=8) for kind in (Plain, Watched))
    assert same(plain, remembering)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_mapped_file_far_from_zero(tmp_path, kind):
    # the numbers around `far` are so far apart that only a few differ in a range that is small against it
    far, unit = (2.0**40, 2.0**17) if kind is np.float32 else (2.0**50, 1.0)
    X = unit * np.random.default_rng(7).integers(8, size=(300, 2))
    np.save(tmp_path / "X.npy", (X + far).astype(kind))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    problem, starts = QuantizationProblem(mapped), X[None, :4]
    assert np.shares_memory(problem.X, mapped)
    assert problem.centred.X.dtype == kind
    there = minimize(problem, MajorizeMinimize(), starts + far, passes=np.inf)
    near = minimize(QuantizationProblem(X), MajorizeMinimize(), starts, passes=np.inf)
    np.testing.assert_allclose(there.cost, near.cost, rtol=1e-12)
    np.testing.assert_array_equal(mapped, (X + far).astype(kind))


def test_the_mixture_does_not_depend_on_where_zero_is():
    X = on_a_grid(8, n=200)
    starts = draw(X, 4, streams(8, "far", 4, range(5), "starts"))
    near = minimize(MixtureProblem(X), MajorizeMinimize(), starts, epochs=30)
    there = minimize(MixtureProblem(X + 1e14), MajorizeMinimize(), starts + 1e14, epochs=30)
    np.testing.assert_allclose(there.cost, near.cost, rtol=1e-10)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(CONTENDERS)), st.integers(-400, 400))
def test_a_power_of_two_scales_every_run_exactly(method, exponent):
    scale = 2.0**exponent
    starts = draw(IRIS, 6, streams(9, "iris", 6, range(4), "starts"))
    ends = CONTENDERS[method].settings
    setting = np.nan if ends is None else np.sqrt(ends[0] * ends[1])
    plain, scaled = (
        minimize(
            QuantizationProblem(by * IRIS),
            CONTENDERS[method].optimizer(12, setting),
            by * starts,
            passes=12,
            rngs=streams(9, "iris", 6, range(4), "order"),
        )
        for by in (1.0, scale)
    )
    assert scaled.stop == plain.stop
    for measure in ("changed", "empty", "passes"):
        np.testing.assert_array_equal(scaled.measures[measure], plain.measures[measure])
    np.testing.assert_array_equal(scaled.cost, plain.cost * scale * scale)
    np.testing.assert_array_equal(scaled.w, plain.w * scale)


@pytest.mark.parametrize(("size", "word"), [(1e160, "large"), (1.7e308, "large"), (1e-170, "small"), (5e-324, "small")])
@pytest.mark.parametrize("problem", [QuantizationProblem, MixtureProblem])
def test_what_cannot_be_squared_is_refused(size, word, problem, refused):
    with refused("The data", f"too {word}", "1e-150"):
        problem(np.array([[-1.0], [0.0], [1.0]]) * size)


def test_what_can_just_be_squared_has_a_finite_cost():
    X = np.array([[0.0], [1.0]])
    for size in (1e-149, 1e153):
        cost = QuantizationProblem(X * size).evaluate(np.zeros((1, 1, 1))).cost[0]
        assert cost == pytest.approx(0.5 * size**2, rel=1e-12)


@pytest.mark.parametrize("exponent", [-900, -500, 500, 990])
def test_standardizing_does_not_depend_on_the_unit(exponent):
    X = np.column_stack([IRIS[:, 0], IRIS[:, 1] * 2.0**exponent, np.full(len(IRIS), 2.0**exponent)])
    expected = standardize(np.column_stack([IRIS[:, 0], IRIS[:, 1], np.ones(len(IRIS))]))
    np.testing.assert_array_equal(standardize(X), expected)


@pytest.mark.parametrize("size", [1e160, 1e-170, 1e-310, 1e300])
def test_standardizing_what_cannot_be_squared(size):
    found = standardize(size * IRIS)
    np.testing.assert_allclose(found, standardize(IRIS), rtol=1e-9 if size > 1e-300 else 1e-2, atol=1e-9)
    np.testing.assert_allclose(found.std(axis=0), 1, rtol=1e-12)


def test_standardizing_far_from_zero():
    X = on_a_grid(10)
    np.testing.assert_allclose(standardize(X + 1e14), standardize(X), rtol=1e-12, atol=1e-13)


def description(tmp_path, X, **changes):
    """Describe a data set of one's own with these patterns."""
    np.savetxt(tmp_path / "own.csv", X, delimiter=",", header="x,y", comments="")
    row = {"name": "own", "source": "csv:own.csv", "scale": 1.0, "unit": "", "scaling": "none", "clusters": [2]}
    more = {
        "kind": "real",
        "dependence": "independent",
        "licence": "",
        "url": "",
        "sha256": "",
        "drop": [],
        "family": "",
    }
    return row | more | changes


@pytest.mark.parametrize(("scale", "word"), [(1e308, "large"), (1e200, "large"), (1e-310, "small"), (5e-324, "small")])
def test_a_scale_that_ends_beyond_squares_is_refused(tmp_path, scale, word, refused):
    with refused("'own'", f"{scale:g}", f"too {word}"):
        registry.read(description(tmp_path, on_a_grid(11), scale=scale), tmp_path)


def test_a_scale_brings_what_cannot_be_squared_back_and_does_not_matter_to_what_is_standardized(tmp_path):
    X = on_a_grid(11)
    brought = registry.read(description(tmp_path, X * 1e160, scale=1e-160), tmp_path)
    np.testing.assert_allclose(brought.X, X, rtol=1e-14)
    for scale in (1e-320, 1.0, 1e308):
        found = registry.read(description(tmp_path, X, scale=scale, scaling="standardize"), tmp_path)
        np.testing.assert_array_equal(found.X, standardize(X))


def test_a_comparison_does_not_depend_on_where_zero_is():
    X, tuning = on_a_grid(12, n=150), Tuning(2, 2, 0, targets=("end",))
    protocol = Protocol(12, 20, (20,), ("plusplus", "patterns"), {}, 500, 1, 10, 10, ("usual",), tuning)
    methods = ["batch_kmeans", "online_kmeans", "lbfgs", "adam_tuned", "minibatch_counts", "minibatch_nested"]
    near, there = (
        compare(Dataset("x", X + far, ("a", "b"), "", clusters=(4,)), protocol, methods, lambda line: None)
        for far in (0.0, 1e14)
    )
    assert len(near.runs) == 2 * 10 * len(methods)
    for column in ("start_cost", "end", "limit"):
        np.testing.assert_allclose(there.runs[column], near.runs[column], rtol=1e-9)
    exactly = ~near.runs["optimizer"].isin(["lbfgs"])
    assert there.runs["stop"][exactly].tolist() == near.runs["stop"][exactly].tolist()
