"""Stress against its definition, scikit-learn, SciPy, published values and what can be computed by hand."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize
from scipy.spatial.distance import pdist, squareform
from scipy.stats import special_ortho_group
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.isotonic import IsotonicRegression
from sklearn.manifold import smacof

from kmeans_convergence.core import minimize
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.problems.stress import (
    Pairs,
    StressProblem,
    Ties,
    classical_scaling,
    distances,
    normalized,
    sammon,
    strain,
)

KINDS = ("raw", "normalized", "weighted", "missing", "sammon", "primary", "secondary", "missing primary")
METRIC = KINDS[:5]


def dissimilarities(n, rng, digits=None):
    """Return distances in five dimensions with errors, so that no configuration fits; of few digits, with ties."""
    noisy = distances(rng.normal(size=(n, 5))) + rng.uniform(0, 1, size=n * (n - 1) // 2)
    return noisy if digits is None else np.round(noisy, digits)


def make(kind, n=14, seed=0, dimensions=2):
    rng = np.random.default_rng(seed)
    some = dissimilarities(n, rng, digits=None if kind in METRIC else 1)
    weights = rng.uniform(0.2, 3, size=some.size)
    # a chain of neighbours keeps all points connected
    holes = weights * ((rng.random(some.size) < 0.6) | squareform(np.eye(n, k=1) + np.eye(n, k=-1)).astype(bool))
    build = {
        "raw": lambda: StressProblem(some, dimensions=dimensions),
        "normalized": lambda: StressProblem(some, normalized(some), dimensions=dimensions),
        "weighted": lambda: StressProblem(some, weights, dimensions=dimensions),
        "missing": lambda: StressProblem(some, holes, dimensions=dimensions),
        "sammon": lambda: StressProblem(some, sammon(some), dimensions=dimensions),
        "primary": lambda: StressProblem(some, ties=Ties.PRIMARY, dimensions=dimensions),
        "secondary": lambda: StressProblem(some, weights, ties=Ties.SECONDARY, dimensions=dimensions),
        "missing primary": lambda: StressProblem(some, holes, ties=Ties.PRIMARY, dimensions=dimensions),
    }
    return build[kind]()


def points(problem, runs=3, seed=1):
    return problem.pack(problem.draw([np.random.default_rng((seed, r)) for r in range(runs)]))


def laplacian(weights):
    matrix = -squareform(weights)
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return matrix


def iris():
    """Return the 149 distinct rows of R's Iris in their order."""
    X = load_iris().data
    return X[np.sort(np.unique(X, axis=0, return_index=True)[1])]


# ---- by hand


def test_three_points_on_a_line_by_hand():
    here = StressProblem(np.ones((3, 3)) - np.eye(3), dimensions=1).evaluate(np.array([[0.0, 1.0, 3.0]]))
    assert here.cost == [5]
    np.testing.assert_array_equal(here.gradient, [[-4, -2, 6]])
    np.testing.assert_allclose(here.image, [[2 / 3, 4 / 3, 2]], rtol=1e-15)
    assert here.promised_decrease == pytest.approx([(16 + 4 + 36) / 12])


def test_an_equilateral_triangle_fits_and_a_square_is_the_best_square():
    triangle = np.array([[0, 0], [1, 0], [0.5, math.sqrt(0.75)]])
    problem = StressProblem(np.ones(3))
    here = problem.evaluate(problem.pack(triangle[None]))
    assert here.cost[0] < 1e-30
    assert np.abs(here.gradient).max() < 1e-14
    # six equal dissimilarities, four sides a and two diagonals: 4 (1 - a)^2 + 2 (1 - a sqrt 2)^2 is least at
    a = (2 + math.sqrt(2)) / 4
    problem = StressProblem(np.ones(6))
    here = problem.evaluate(problem.pack(a * np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]])))
    assert here.cost[0] == pytest.approx(3 - 2 * math.sqrt(2), rel=1e-14)
    np.testing.assert_allclose(here.image, here.x, atol=1e-15)
    assert here.stress_1[0] == pytest.approx(math.sqrt((3 - 2 * math.sqrt(2)) / 6))


def test_a_missing_pair_counts_for_nothing():
    line = np.array([[0.0, 1.0, 3.0]])
    here = StressProblem([1.0, np.nan, 1.0], [1, 0, 2], dimensions=1)
    assert here.size == 2
    assert here.evaluate(line).cost == [2]
    np.testing.assert_array_equal(here.evaluate(line).gradient, [[0, -4, 4]])


# ---- derivatives and the majoriser


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_gradient_is_the_slope_of_the_cost(kind, dimensions):
    problem = make(kind, dimensions=dimensions)
    for x in points(problem):
        slope = optimize.approx_fprime(x, lambda y: problem.evaluate(y[None]).cost[0], 1e-7)
        here = problem.evaluate(x[None])
        np.testing.assert_allclose(here.gradient[0], slope, atol=1e-5 * np.abs(slope).max())


@pytest.mark.parametrize("kind", METRIC)
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_hessian_is_the_slope_of_the_gradient(kind, dimensions):
    problem = make(kind, dimensions=dimensions)
    x = points(problem)
    here = problem.evaluate(x)
    step = 1e-6
    for coordinate in np.eye(x.shape[1]):
        v = np.tile(coordinate, (len(x), 1))
        slope = (problem.evaluate(x + step * v).gradient - problem.evaluate(x - step * v).gradient) / (2 * step)
        product = problem.hessian_product(here, v)
        np.testing.assert_allclose(product, slope, atol=1e-6 * np.abs(slope).max())
        np.testing.assert_allclose((product * v).sum(axis=1), here.hessian_diagonal @ coordinate, rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_the_image_is_the_guttman_transform_and_a_preconditioned_gradient_step(kind):
    problem = make(kind)
    here = problem.evaluate(points(problem))
    pairs = problem.pairs
    inverse = np.linalg.pinv(laplacian(pairs.weights))
    for run, X in enumerate(problem.unpack(here.x)):
        targets = pairs.dissimilarities
        if "ary" in kind:
            targets = pdist(X)
            problem.order.to_disparities(targets)
        B = laplacian(pairs.weights * targets / pdist(X))
        guttman, image = inverse @ B @ X, problem.unpack(here.image)[run]
        np.testing.assert_allclose(image - image.mean(axis=0), guttman, atol=1e-12)
        np.testing.assert_allclose(image.mean(axis=0), X.mean(axis=0), atol=1e-12)
        gradient = problem.unpack(here.gradient)[run]
        np.testing.assert_allclose(image, X - 0.5 * inverse @ gradient, atol=1e-12)
        if kind in ("raw", "primary"):
            np.testing.assert_allclose(image, X - gradient / (2 * pairs.points), atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_the_metric_is_that_of_twice_the_laplacian(kind):
    problem = make(kind)
    here, v = problem.evaluate(points(problem)), points(problem, seed=2)
    V = laplacian(problem.pairs.weights)
    squares = [2 * np.trace(w.T @ V @ w) for w in problem.unpack(v)]
    solved = np.stack([0.5 * np.linalg.pinv(V) @ w for w in problem.unpack(v) + 7])
    np.testing.assert_allclose(problem.unpack(here.precondition(v + 7)), solved, atol=1e-10)
    np.testing.assert_allclose(here.squared_norm(v), squares)
    np.testing.assert_allclose(here.promised_decrease, 0.5 * here.squared_norm(here.image - here.x))
    eigenvalues = 2 * np.linalg.eigvalsh(V)
    for bound, value in zip(here.curvature, (eigenvalues[1], eigenvalues.mean(), eigenvalues[-1]), strict=True):
        np.testing.assert_allclose(bound, np.full(len(v), value))


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10**6), size=st.floats(0.01, 3))
def test_the_majoriser_lies_above_stress_and_its_minimum_never_raises_it(kind, seed, size):
    problem = make(kind, n=8, seed=seed)
    here = problem.evaluate(points(problem, seed=seed))
    slack = 1e-12 * problem.pairs.total
    assert (problem.evaluate(here.image).cost <= here.cost - here.promised_decrease + slack).all()
    v = size * points(problem, seed=seed + 1)
    model = here.cost + (here.gradient * v).sum(axis=1) + 0.5 * here.squared_norm(v)
    assert (problem.evaluate(here.x + v).cost <= model + 1e-12 * (problem.pairs.total + model)).all()


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10**6), shift=st.floats(-100, 100))
def test_stress_sees_neither_rotations_nor_translations(kind, seed, shift):
    problem = make(kind, seed=seed)
    x = points(problem, seed=seed)
    turn = special_ortho_group.rvs(2, random_state=seed) @ np.diag([1, -1])
    here, there = problem.evaluate(x), problem.evaluate(problem.pack(problem.unpack(x) @ turn + shift))
    np.testing.assert_allclose(there.cost, here.cost, rtol=1e-8)
    scale = np.abs(here.gradient).max()
    np.testing.assert_allclose(problem.unpack(there.gradient), problem.unpack(here.gradient) @ turn, atol=1e-7 * scale)


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10**6), together=st.integers(2, 14))
def test_points_that_coincide_do_no_harm(kind, seed, together):
    problem = make(kind, seed=seed)
    x = points(problem, seed=seed)
    problem.unpack(x)[:, :together] = 0.5
    here = problem.evaluate(x)
    for values in (here.cost, here.gradient, here.image, here.stress_1):
        assert np.isfinite(values).all()
    assert (problem.evaluate(here.image).cost <= here.cost - here.promised_decrease + 1e-12 * problem.pairs.total).all()
    if kind in METRIC:
        assert np.isfinite(here.hessian_diagonal).all()
        assert np.isfinite(problem.hessian_product(here, x)).all()


# ---- measures


@pytest.mark.parametrize("kind", KINDS)
def test_stress_1_is_that_of_the_best_scale(kind):
    problem = make(kind)
    here = problem.evaluate(points(problem))
    for run, X in enumerate(problem.unpack(here.x)):
        d, target, w = pdist(X), problem.pairs.dissimilarities, problem.pairs.weights
        if "ary" in kind:
            target = d.copy()
            problem.order.to_disparities(target)
        best = (w * target * d).sum() / (w * target**2).sum()
        stress_1 = math.sqrt((w * (best * target - d) ** 2).sum() / (w * d**2).sum())
        assert here.stress_1[run] == pytest.approx(stress_1)
        best = (w * target * d).sum() / (w * d**2).sum()
        assert problem.evaluate(best * here.x).normalized[run] == pytest.approx(stress_1**2)
    if kind in ("normalized", "sammon"):
        np.testing.assert_allclose(here.normalized, here.cost, rtol=1e-14)


def test_sammons_stress_is_the_one_of_its_definition():
    d = dissimilarities(9, np.random.default_rng(0))
    problem = StressProblem(d, sammon(d))
    here = problem.evaluate(points(problem))
    for run, X in enumerate(problem.unpack(here.x)):
        assert here.cost[run] == pytest.approx(((d - pdist(X)) ** 2 / d).sum() / d.sum())


# ---- disparities


@pytest.mark.parametrize("kind", ["primary", "secondary", "missing primary"])
@given(seed=st.integers(0, 10**6))
def test_disparities_are_the_projection_on_all_that_have_the_order(kind, seed):
    problem = make(kind, seed=seed)
    rng, pairs = np.random.default_rng(seed), problem.pairs
    d = pdist(problem.draw([rng])[0])
    fitted = d.copy()
    problem.order.to_disparities(fitted)
    some = pairs.weights > 0
    w, fitted, d = pairs.weights[some], fitted[some], d[some]
    _, rank = np.unique(pairs.dissimilarities[some], return_inverse=True)
    assert (w * fitted**2).sum() == pytest.approx(pairs.total)
    # the nearest vector of a cone leaves a residual that is orthogonal to it, and points away from all that span the
    # cone: steps up at a rank; where ties are free, also steps of any pairs of that rank, such as the residual's worst
    nearest = fitted * (w * fitted * d).sum() / (w * fitted**2).sum()
    residual = w * (d - nearest)
    assert (nearest * w * fitted).sum() > 0
    for step in range(rank.max() + 1):
        up = residual[rank > step].sum() + (0 if kind == "secondary" else np.maximum(residual[rank == step], 0).sum())
        assert up <= 1e-12 * (w * d).sum()
    assert abs((residual * nearest).sum()) <= 1e-12 * (w * d**2).sum()
    if kind == "secondary":
        assert all(np.ptp(fitted[rank == each]) == 0 for each in range(rank.max() + 1))
    assert all(fitted[rank == each].max() <= fitted[rank > each].min() for each in range(rank.max()))


def test_disparities_with_tied_values_are_those_of_scikit_learn():
    d = dissimilarities(20, np.random.default_rng(3), digits=0)
    problem = StressProblem(d, ties=Ties.SECONDARY)
    X = problem.draw([np.random.default_rng(4)])[0]
    fitted = pdist(X)
    problem.order.to_disparities(fitted)
    theirs = IsotonicRegression().fit_transform(d, pdist(X))
    np.testing.assert_allclose(fitted, theirs * math.sqrt((d**2).sum() / (theirs**2).sum()))
    assert len(np.unique(d)) < len(d)


# ---- other libraries and published values


@pytest.mark.parametrize("steps", [1, 5, 40])
def test_smacof_makes_the_steps_of_scikit_learn(steps):
    X = iris()[::5]
    problem = StressProblem(distances(X))
    start = problem.draw([np.random.default_rng(0)])
    trace = minimize(problem, MajorizeMinimize(), start, epochs=steps)
    theirs, stress = smacof(
        squareform(pdist(X)), init=start[0], n_init=1, max_iter=steps, eps=0, random_state=0, normalized_stress=False
    )
    np.testing.assert_allclose(trace.w[0] - trace.w[0].mean(axis=0), theirs, atol=1e-12)
    assert trace.cost[-1, 0] == pytest.approx(stress, rel=1e-10)


def test_non_metric_smacof_makes_the_steps_of_scikit_learn():
    d = dissimilarities(25, np.random.default_rng(3), digits=1)
    # scikit-learn's disparities have as many as their sum of squares, and its first step takes the dissimilarities
    d *= math.sqrt(len(d) / (d**2).sum())
    problem = StressProblem(d, ties=Ties.SECONDARY)
    start = problem.draw([np.random.default_rng(0)])
    first = minimize(StressProblem(d), MajorizeMinimize(), start, epochs=1).w
    ours = minimize(problem, MajorizeMinimize(), first, epochs=10).w[0]
    theirs, _ = smacof(
        squareform(d),
        metric=False,
        init=start[0],
        n_init=1,
        max_iter=11,
        eps=0,
        random_state=0,
        normalized_stress=False,
    )
    np.testing.assert_allclose(ours - ours.mean(axis=0), theirs, atol=1e-10)


def test_iris_has_the_stress_of_the_literature():
    problem = StressProblem(distances(iris()))
    trace = minimize(problem, MajorizeMinimize(), problem.classical().configuration[None], epochs=500)
    assert trace.cost[0, 0] == pytest.approx(176.48, abs=0.005)
    assert trace.cost[-1, 0] == pytest.approx(107.91554207, abs=5e-9)
    # of smacof::mds for R
    assert trace.diagnostics["stress_1"][-1, 0] == pytest.approx(0.0327, abs=5e-5)


def test_the_classical_start_of_iris_has_the_stresses_of_mass():
    d = distances(iris())
    start = StressProblem(d).classical().configuration[None]

    def at_start(problem):
        return problem.evaluate(problem.pack(start))

    assert at_start(StressProblem(d, sammon(d))).cost[0] == pytest.approx(0.00678, abs=5e-6)
    # MASS::isoMDS keeps ties in one order that nothing decides: more than equal, less than free
    primary, secondary = (100 * at_start(StressProblem(d, ties=ties)).stress_1[0] for ties in Ties)
    assert primary < 3.024856 < secondary


# ---- classical scaling


def test_classical_scaling_recovers_euclidean_distances_and_is_pca():
    X = np.random.default_rng(0).normal(size=(30, 3)) * [3, 2, 1]
    found = classical_scaling(Pairs.of(distances(X)), 3)
    np.testing.assert_allclose(pdist(found.configuration), pdist(X), rtol=1e-12)
    assert 0 <= found.strain < 1e-20 * (pdist(X) ** 4).sum()
    scores = PCA(3).fit_transform(X)
    np.testing.assert_allclose(np.abs(found.configuration), np.abs(scores), atol=1e-12)
    np.testing.assert_allclose(found.eigenvalues, (scores**2).sum(axis=0))


def test_no_configuration_has_less_strain_than_the_classical_one():
    pairs = Pairs.of(dissimilarities(10, np.random.default_rng(0)))
    found = classical_scaling(pairs, 2)
    assert found.strain == pytest.approx(strain(pairs, found.configuration))
    result = optimize.minimize(
        lambda x: strain(pairs, x.reshape(10, 2)), np.random.default_rng(1).normal(size=20), options={"gtol": 1e-4}
    )
    assert result.fun == pytest.approx(found.strain, rel=1e-6)


def test_dissimilarities_that_are_no_distances_have_negative_eigenvalues_which_give_no_axis():
    # d(0, 2) is longer than the way over 1; the best plane has one axis only
    found = classical_scaling(Pairs.of([1.0, 3.0, 1.0]), 2)
    assert found.eigenvalues[1] <= 1e-15
    np.testing.assert_allclose(found.configuration[:, 1], 0, atol=1e-7)
    assert np.isfinite(found.configuration).all()


def test_a_missing_dissimilarity_is_that_of_the_shortest_way():
    # four points on a line, of which only neighbours are known; the last two coincide
    given_pairs = Pairs.of([1, 0, 0, 2, 0, 0.0], [1, 0, 0, 1, 0, 1])
    found = classical_scaling(given_pairs, 1).configuration[:, 0]
    np.testing.assert_allclose(np.abs(found - found[0]), [0, 1, 3, 3], atol=1e-12)


# ---- forms of the input


@pytest.mark.parametrize("kind", KINDS)
def test_matrices_and_their_upper_triangles_say_the_same(kind):
    problem = make(kind)
    pairs, ties = problem.pairs, problem.order and problem.order.ties
    again = StressProblem(squareform(pairs.dissimilarities), squareform(pairs.weights), ties=ties)
    x = points(problem)
    np.testing.assert_array_equal(again.evaluate(x).gradient, problem.evaluate(x).gradient)


def test_what_is_given_is_neither_changed_nor_kept():
    d = distances(np.random.default_rng(0).normal(size=(6, 2))).copy()
    before, problem = d.copy(), StressProblem(d)
    d[:] = 7
    x = points(problem)
    np.testing.assert_array_equal(problem.evaluate(x).cost, StressProblem(before).evaluate(x).cost)


def test_runs_and_threads_change_no_bit(monkeypatch):
    for kind in KINDS:
        problem = make(kind, n=60)
        x = points(problem, runs=40)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        one = problem.evaluate(x)
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
        other = problem.evaluate(x)
        some = problem.evaluate(x[7:8])
        for name in ("cost", "gradient", "stress_1"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
            np.testing.assert_array_equal(getattr(one, name)[7:8], getattr(some, name))


def test_evaluations_are_taken_apart_and_put_together():
    problem = make("weighted")
    here, there = (problem.evaluate(points(problem, seed=seed)) for seed in (1, 2))
    where = np.array([True, False, True])
    merged = here.merge(there.select(where), where)
    for name in ("x", "cost", "gradient", "image", "promised_decrease"):
        expected = np.where(
            where.reshape(-1, *[1] * (getattr(here, name).ndim - 1)),
            *map(lambda each, name=name: getattr(each, name), (there, here)),
        )
        np.testing.assert_allclose(getattr(merged, name), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["raw", "sammon", "primary", "secondary"])
def test_memory_is_bounded_so_that_5000_points_fit_into_a_gigabyte(kind):
    n = 1200
    X = np.random.default_rng(0).normal(size=(n, 4))
    build = {
        "raw": lambda d: StressProblem(d),
        "sammon": lambda d: StressProblem(d, sammon(d)),
        "primary": lambda d: StressProblem(d, ties=Ties.PRIMARY),
        "secondary": lambda d: StressProblem(d, ties=Ties.SECONDARY),
    }
    tracemalloc.start()
    try:
        problem = build[kind](distances(X))
        x = points(problem, runs=1)
        problem.evaluate(x).image  # noqa: B018
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        held, _ = tracemalloc.get_traced_memory()
        problem.evaluate(x)
        _, peak_of_a_pass = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # 8 numbers for each of 12.5 million pairs are 800 MB
    numbers = n * (n - 1) // 2 * 8
    assert peak < 8 * numbers
    if kind in ("raw", "sammon"):
        assert peak_of_a_pass - held < 0.05 * numbers


# ---- refusals


@pytest.mark.parametrize(
    ("given_values", "weights", "words"),
    [
        (np.zeros((2, 3)), None, ["shape (2, 3)", "square"]),
        (np.zeros((1, 1)), None, ["shape (1, 1)", "2 rows"]),
        (np.zeros(4), None, ["shape (4,)", "above its diagonal"]),
        (np.array([[0, 1], [2, 0.0]]), None, ["1.0 from row 0 to row 1", "2.0 from row 1 to row 0", "symmetric"]),
        (np.array([[0, 1], [1, 0.5]]), None, ["row 1 with itself is 0.5", "diagonal"]),
        ([1.0, -2.0, 1.0], None, ["row 0 and row 2 is -2.0", "negative"]),
        ([1.0, 1.0, np.nan], None, ["row 1 and row 2 is nan", "weight 0"]),
        ([1.0, np.inf, 1.0], None, ["row 0 and row 2 is inf", "finite"]),
        ([1.0, 1.0, 1.0], [1.0, -1.0, 1.0], ["weight of row 0 and row 2 is -1.0"]),
        ([1.0, 1.0, 1.0], np.ones(6), ["weights of 6 pairs", "of 3"]),
        (np.zeros(3), None, ["zero"]),
        ([1e200, 1e200, 1e200], None, ["inf", "constant"]),
        (np.ones(6), [1, 0, 0, 0, 0, 1], ["row 0 and row 2", "more pairs"]),
    ],
)
def test_dissimilarities_that_cannot_be_used_are_refused(refused, given_values, weights, words):
    with refused(*words):
        StressProblem(given_values, weights, dimensions=1)


def test_what_a_kind_of_stress_cannot_do_is_refused(refused):
    with refused("Row 1 and row 3", "2 pairs", "duplicates"):
        sammon([1.0, 1, 1, 1, 0, 0])
    with refused("All dissimilarities are 2.0", "order"):
        StressProblem(np.full(6, 2.0), ties=Ties.PRIMARY)
    with refused("3 points", "3 dimensions"):
        StressProblem(np.ones(3), dimensions=3)
    with refused("shape (1, 4, 2)", "(runs, 3, 2)"):
        StressProblem(np.ones(3)).pack(np.zeros((1, 4, 2)))
    with refused("row 1, column 0"):
        distances(np.array([[0.0], [np.nan]]))
