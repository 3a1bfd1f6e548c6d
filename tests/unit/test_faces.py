"""Face terms of the Hessian, and Newton's method with them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from kmeans_convergence.core.oracle import CountingOracle
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.experiments.overlap import margins
from kmeans_convergence.optimizers import MajorizeMinimize, Stop, minimize
from kmeans_convergence.optimizers.face_newton import FaceNewton
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.engine.face_kernels import PER_PAIR
from kmeans_convergence.problems.kmeans.engine.passes import SecondNearest
from kmeans_convergence.problems.kmeans.faces import Options, face_product, find, newton_steps
from kmeans_convergence.starts import draw, streams

X, _ = iris()
PROBLEM = QuantizationProblem(X)
STARTS = draw(X, 6, streams(1, "iris", 6, range(30), "test"))
PLANE = np.random.default_rng(5).uniform(size=(4000, 2))


def explicit(X, w, width):
    """Return the face terms as a matrix (K d, K d), from the formula and distances to all prototypes."""
    clusters, features = w.shape
    squared = ((X[:, None] - w) ** 2).sum(axis=2)
    order = np.argsort(squared, axis=1, kind="stable")
    matrix = np.zeros((clusters * features, clusters * features))
    for x, (k, other), s in zip(X, order[:, :2], margins(X, w), strict=True):
        if s < width:
            q = np.zeros((clusters, features))
            q[k], q[other] = x - w[k], w[other] - x
            matrix += np.outer(q, q) / (2 * width * ((w[k] - w[other]) ** 2).sum())
    return matrix


def product_matrix(X, w, faces):
    units = np.eye(w.size).reshape(w.size, *w.shape)
    return np.stack([face_product(X, w, faces, unit).ravel() for unit in units])


@pytest.mark.parametrize("features", [1, 2, 3, 9])
def test_ties_for_the_second_place_go_to_the_lowest_index(features):
    # integers, so that distances are exact and often equal, and blocks that are not full
    rng = np.random.default_rng(features)
    data, w = rng.integers(-3, 4, size=(1300, features)).astype(float), rng.integers(-3, 4, size=(9, features)) * 1.0
    w[7] = w[2]
    owners = QuantizationProblem(data).evaluate(w[None]).assignments[0]
    owned = np.unique(owners)
    squared = ((data[:, None] - w[owned]) ** 2).sum(axis=2)
    first, second = owned[np.lexsort((np.tile(owned, (len(data), 1)), squared))[:, :2].T]
    np.testing.assert_array_equal(owners, first)
    faces = find(data, w, owners, 0.49)
    near = margins(data, w[owned]) < 0.49
    assert near.any()
    np.testing.assert_array_equal(faces.rows, np.flatnonzero(near))
    np.testing.assert_array_equal(faces.others, second[near])


@pytest.mark.parametrize("features", [1, 2, 3, 9])
@pytest.mark.parametrize("width", [0.02, 0.1, 0.4])
def test_the_patterns_near_faces_are_those_of_the_definition(features, width):
    rng = np.random.default_rng(features)
    data, w = rng.normal(size=(500, features)), rng.normal(size=(7, features))
    faces = find(data, w, QuantizationProblem(data).evaluate(w[None]).assignments[0], width)
    s = margins(data, w)
    # a prototype without patterns has no faces, here there is none
    np.testing.assert_array_equal(faces.rows, np.flatnonzero(s < width))
    np.testing.assert_allclose(faces.margins, s[faces.rows], rtol=1e-9, atol=1e-12)
    matrix = product_matrix(data, w, faces)
    np.testing.assert_allclose(matrix, explicit(data, w, width), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-12, atol=1e-12)


def expected_cost(w, patterns):
    """Return the cost of the uniform density on [0, 1] by quadrature, for so many patterns."""
    ends = np.r_[0, (w[:-1] + w[1:]) / 2, 1]
    return patterns * sum(quad(lambda x, k=k: 0.5 * (x - w[k]) ** 2, *ends[k : k + 2])[0] for k in range(len(w)))


def test_the_hessian_is_that_of_the_expected_cost():
    # by finite differences; K = 2 at the minimum by hand: q = (1/4, 1/4), gap 1/2, so 1/8 is taken away throughout
    n, h = 200_000, 1e-3
    data = np.random.default_rng(0).uniform(size=(n, 1))
    for w in (np.array([0.25, 0.75]), np.array([0.15, 0.4, 0.8])):
        units = h * np.eye(len(w))
        differences = np.array(
            [
                [
                    sum(i * j * expected_cost(w + i * a + j * b, n) for i in (1, -1) for j in (1, -1)) / (4 * h**2)
                    for a in units
                ]
                for b in units
            ]
        )
        if len(w) == 2:
            np.testing.assert_allclose(differences, n * np.array([[3, -1], [-1, 3]]) / 8, rtol=1e-6)
        here = QuantizationProblem(data).evaluate(w[None, :, None])
        faces = find(data, w[:, None], here.assignments[0], 0.05)
        hessian = np.diag(here.counts[0]) - product_matrix(data, w[:, None], faces)
        # about 10,000 patterns near each face: their number is right to 1 %; four standard errors
        np.testing.assert_allclose(hessian, differences, atol=0.04 * n / 8 * (1 if len(w) == 2 else 2))


def steps_at(data, w, longest=1e9, **changes):
    """Return an evaluation and the steps from it, not longer than `longest` of Lloyd's."""
    here, second_nearest = QuantizationProblem(data).evaluate_second_nearest(w)
    options = Options(**({"patterns": 1e6, "fewest": 0.0} | changes))
    reach = longest * here.norm(here.image - here.x)
    steps = newton_steps(data, here, second_nearest, reach, options)
    # whether the pass has found the second nearest prototypes or the search does, steps are the same
    searched = newton_steps(data, here, SecondNearest.room(len(w), 0), reach, options)
    for found, expected in zip(searched[:-1], steps[:-1], strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(searched.distances - steps.distances, steps.looked * w.shape[1])
    return here, steps


def after_lloyd(data, clusters, epochs):
    starts = draw(data, clusters, streams(1, "plane", clusters, range(4), "test"))
    return minimize(QuantizationProblem(data), MajorizeMinimize(), starts, epochs=epochs).w


def model(here, hessian, step, r):
    """Return by how much the cost of the partition about its means falls, from the quadratic model of the cost."""
    weights = np.repeat(here.counts[r], here.w.shape[2])
    gradient, step = here.gradient[r], step.ravel()
    after = gradient + hessian @ step
    cost = -(gradient @ step + 0.5 * step @ hessian @ step)
    return cost - 0.5 * (gradient**2 / weights).sum() + 0.5 * (after**2 / weights).sum()


def test_without_faces_the_step_is_lloyds():
    # no pattern of the plane lies on a face
    here, steps = steps_at(PLANE, after_lloyd(PLANE, 6, 2), width=1e-12)
    np.testing.assert_array_equal(here.w + steps.step, here.w + (here.means - here.w))
    np.testing.assert_array_equal(steps.promised, 0)
    assert not steps.cut.any()


def test_the_step_solves_newtons_equation_where_the_radius_does_not_cut_it():
    w = after_lloyd(PLANE, 3, 4)
    here, steps = steps_at(PLANE, w, tolerance=1e-10, products=100)
    for r in range(len(w)):
        hessian = np.diag(np.repeat(here.counts[r], 2)) - explicit(PLANE, w[r], 0.1)
        assert np.linalg.eigvalsh(hessian)[0] > 0
        step = np.linalg.solve(hessian, -here.gradient[r])
        np.testing.assert_allclose(steps.step[r].ravel(), step, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(steps.promised[r], model(here, hessian, step, r), rtol=1e-6)


def test_the_promise_is_about_the_partition():
    # where no pattern changes hands the partition stays: there is nothing to win
    here = PROBLEM.evaluate(STARTS)
    parts = [[X[owners == k] for k in range(6)] for owners in here.assignments]
    about_means = [sum(0.5 * ((some - some.mean(axis=0)) ** 2).sum() for some in part if len(some)) for part in parts]
    np.testing.assert_allclose(here.cost - here.promised_decrease, about_means, rtol=1e-12)


@pytest.mark.parametrize("longest", [0.5, 1.0, 2.0])
def test_a_cut_step_has_the_greatest_length_and_lowers_the_model(longest):
    w = after_lloyd(PLANE, 12, 3)
    here, steps = steps_at(PLANE, w, longest, tolerance=1e-6, products=100)
    lengths, lloyds = (
        np.sqrt((here.counts * (step**2).sum(axis=2)).sum(axis=1)) for step in (steps.step, here.means - here.w)
    )
    assert steps.cut.all()
    np.testing.assert_allclose(lengths, longest * lloyds, rtol=1e-9)
    for r in range(len(w)):
        hessian = np.diag(np.repeat(here.counts[r], 2)) - explicit(PLANE, w[r], 0.1)
        lloyds = 0.5 * lengths[r] ** 2 / longest**2
        np.testing.assert_allclose(steps.promised[r], model(here, hessian, steps.step[r], r), atol=1e-9 * lloyds)
        assert longest < 1 or steps.promised[r] >= 0
    if longest == 1:
        # no longer than Lloyd's, along its direction: that is Lloyd's
        np.testing.assert_allclose(here.w + steps.step, here.means, rtol=1e-9)


def test_prototypes_without_patterns_and_a_single_one_have_no_faces():
    w = np.concatenate([STARTS[:3], STARTS[:3, :1], 1e6 + STARTS[:3, :1]], axis=1)
    here, steps = steps_at(X, w, 4.0, width=0.4)
    assert (here.counts[:, 6:] == 0).all()
    np.testing.assert_array_equal(steps.step[:, 6:], 0)
    assert np.isfinite(steps.step).all()
    here, steps = steps_at(X, STARTS[:, :1])
    np.testing.assert_allclose(here.w + steps.step, here.means, rtol=1e-13)


def test_too_few_patterns_near_faces_say_nothing():
    w = after_lloyd(PLANE, 6, 2)
    here, steps = steps_at(PLANE, w, fewest=3000 / 12)
    np.testing.assert_allclose(here.w + steps.step, here.means, rtol=1e-13)
    np.testing.assert_array_equal(steps.promised, 0)
    np.testing.assert_array_equal(steps.looked, 4000)
    np.testing.assert_array_equal(steps.distances, 0)


def test_some_patterns_stand_for_all():
    w = after_lloyd(PLANE, 3, 4)
    (_, some), (_, all_) = steps_at(PLANE, w, 1.5, patterns=50.0), steps_at(PLANE, w, 1.5)
    assert (some.looked < all_.looked).all()
    assert (some.distances < all_.distances).all()
    # 300 patterns near faces know the decrease to some per cent
    np.testing.assert_allclose(some.promised, all_.promised, rtol=0.15)
    assert (some.promised != all_.promised).all()


# on so few flowers it would not dare
DARING = FaceNewton(options=Options(fewest=0.5), slow=0.0, patience=1)


@pytest.mark.parametrize("optimizer", [FaceNewton(), DARING], ids=["shipped", "daring"])
def test_ends_at_a_fixed_point_of_batch_kmeans(optimizer):
    trace = minimize(PROBLEM, optimizer, STARTS, passes=500.0)
    assert set(trace.stop) == {Stop.FIXED_POINT}
    np.testing.assert_array_equal(PROBLEM.evaluate(trace.w).means, trace.w)
    lloyd = minimize(PROBLEM, MajorizeMinimize(), STARTS, passes=500.0)
    assert (trace.cost[-1] != lloyd.cost[-1]).any() == (optimizer is DARING)


def test_the_cost_of_the_partition_never_rises():
    eager = replace(DARING, share=0.0)
    iterates = [STARTS] + [minimize(PROBLEM, eager, STARTS, epochs=t).w for t in range(1, 15)]
    history = [PROBLEM.evaluate(w) for w in iterates]
    about_means = [here.cost - here.promised_decrease for here in history]
    rejected = 0
    for r in range(len(STARTS)):
        kept = 0
        for t in range(1, 14):
            if about_means[t][r] <= about_means[kept][r] * (1 + 1e-13):
                kept = t
            else:
                # the next iterate is Lloyd's, from where the run was
                rejected += 1
                np.testing.assert_array_equal(iterates[t + 1][r], history[kept].means[r])
    assert rejected > 0


def test_begins_as_batch_kmeans_while_that_is_fast():
    satisfied, patient = FaceNewton(slow=1.0, patience=1), replace(DARING, patience=2)
    lloyd, *newton = (
        minimize(PROBLEM, way, STARTS, epochs=2).w for way in (MajorizeMinimize(), satisfied, patient, DARING)
    )
    np.testing.assert_array_equal(newton[0], lloyd)
    np.testing.assert_array_equal(newton[1], lloyd)
    assert (newton[2] != lloyd).any()


def test_every_distance_is_charged():
    starts = after_lloyd(PLANE, 8, 1)
    problem = QuantizationProblem(PLANE)
    metered = CountingOracle(problem, len(starts))
    optimizer = FaceNewton(slow=0.0, patience=1)
    iterates = optimizer.iterates(metered, problem.pack(starts), ())
    first = problem.unpack(next(iterates))
    # the evaluation of the start, and Lloyd's step
    np.testing.assert_array_equal(metered.charged, 4000)
    second = next(iterates)
    options = Options()
    here, start = problem.evaluate(first), problem.evaluate(starts)
    # the radius is twice Lloyd's step before
    reach = 2 * start.norm(here.x - start.x) / here.norm(here.image - here.x)
    here, steps = steps_at(PLANE, first, reach, patterns=options.patterns, fewest=options.fewest)
    # the first search: all prototypes for each pattern that is looked at
    searched = 8 * steps.looked + steps.distances
    np.testing.assert_array_equal(metered.charged, 2 * 4000 + np.ceil(searched / 8))
    # so many that the pass from now on finds them: only the model costs something
    assert (steps.looked > options.wide * 4000).all()
    before = metered.charged.copy()
    next(iterates)
    assert (metered.charged < before + 4000 + 8 * 100).all()
    assert (metered.charged >= before + 4000).all()
    # moments of the patterns near faces, and products with those
    _, search = steps_at(PLANE, first, products=0)
    _, two = steps_at(PLANE, first, products=2, tolerance=0.0)
    for r, (w, owners) in enumerate(zip(first, here.assignments, strict=True)):
        faces = find(PLANE, w, owners, options.width)
        assert search.distances[r] == 2 * len(faces.rows)
        pairs = {frozenset(pair) for pair in zip(faces.owners, faces.others, strict=True)}
        assert two.distances[r] - search.distances[r] == 2 * len(pairs) * (2 + PER_PAIR)
    # a run that has ended is not charged
    metered.end(np.arange(4) < 2, metered.measure(second))
    before = metered.charged.copy()
    for _ in range(3):
        next(iterates)
    np.testing.assert_array_equal(metered.charged[:2], before[:2])
    assert (metered.charged[2:] > before[2:]).all()


@pytest.mark.parametrize(("features", "clusters"), [(1, 4), (2, 7), (4, 3), (7, 9), (20, 5), (3, 1), (3, 2)])
def test_a_pass_finds_the_second_nearest_and_changes_nothing_else(features, clusters):
    # integers, so that distances are exact and often equal, and blocks that are not full
    rng = np.random.default_rng(features)
    data = rng.integers(-2, 3, size=(1300, features)).astype(float)
    w = rng.integers(-2, 3, size=(3, clusters, features)).astype(float)
    plain, (here, second_nearest) = (
        QuantizationProblem(data).evaluate(w),
        QuantizationProblem(data).evaluate_second_nearest(w),
    )
    for found, expected in zip(here.parts(), plain.parts(), strict=True):
        np.testing.assert_array_equal(found, expected)
    squared = ((data[:, None] - w[:, None]) ** 2).sum(axis=3)
    order = np.argsort(squared, axis=2, kind="stable")
    if clusters == 1:
        assert not np.isfinite(second_nearest.gaps).any()
    else:
        np.testing.assert_array_equal(second_nearest.prototypes, order[:, :, 1])
        nearest = np.sort(squared, axis=2)
        np.testing.assert_array_equal(second_nearest.gaps, nearest[:, :, 1] - nearest[:, :, 0])


def test_a_run_is_the_same_in_any_company():
    whole = minimize(PROBLEM, DARING, STARTS, passes=40.0)
    part = minimize(PROBLEM, DARING, STARTS[[17, 3, 4]], passes=40.0)
    np.testing.assert_array_equal(part.w, whole.w[[17, 3, 4]])
    np.testing.assert_array_equal(part.passes, whole.passes[: len(part.passes), [17, 3, 4]])


def test_moves_with_the_data():
    shift = np.array([64.0, -32.0, 16.0, 8.0])
    here, there = (minimize(QuantizationProblem(X + s), DARING, STARTS + s, epochs=4).w - s for s in (0 * shift, shift))
    np.testing.assert_allclose(here, there, atol=1e-9)


def test_is_faster_than_batch_kmeans_where_that_is_slow():
    # on a dense interval batch K-means contracts by cos²(pi/2K) only, Newton's method with the faces does not
    data = np.random.default_rng(3).uniform(size=(10_000, 1))
    starts = draw(data, 10, streams(1, "uniform", 10, range(10), "test"))
    passes = []
    for way in (MajorizeMinimize(), FaceNewton()):
        trace = minimize(QuantizationProblem(data), way, starts, passes=1000.0)
        near = trace.cost <= (1 + 1e-3) * trace.cost[-1]
        passes.append(trace.passes[near.argmax(axis=0), np.arange(10)])
    lloyd, newton = passes
    assert np.median(newton) < 0.5 * np.median(lloyd)
