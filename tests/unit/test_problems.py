"""Both problems against scikit-learn, SciPy and finite differences, and at the edges of their input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from sklearn.metrics import pairwise_distances_argmin_min
from sklearn.mixture import GaussianMixture

from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem

PROBLEMS = (QuantizationProblem, MixtureProblem)
NAMES = ("x", "cost", "counts", "sums", "assignments", "gradient", "means", "image", "metric", "promised_decrease")


def example(seed=0, n=90, runs=5, clusters=4, features=3):
    rng = np.random.default_rng(seed)
    return 2 * rng.normal(size=(n, features)), 2 * rng.normal(size=(runs, clusters, features))


def test_quantization_is_what_scikit_learn_finds():
    X, w = example()
    here = QuantizationProblem(X).evaluate(w)
    for run in range(len(w)):
        owner, distance = pairwise_distances_argmin_min(X, w[run])
        np.testing.assert_array_equal(here.assignments[run], owner)
        assert here.cost[run] == pytest.approx((distance**2).sum() / 2, rel=1e-12)


def test_mixture_is_what_scikit_learn_and_scipy_find():
    X, w = example()
    here = MixtureProblem(X).evaluate(w)
    for run in range(len(w)):
        judge = GaussianMixture(4, covariance_type="spherical")
        judge.weights_, judge.means_ = np.full(4, 1 / 4), w[run]
        judge.covariances_ = judge.precisions_cholesky_ = np.ones(4)
        assert here.cost[run] == pytest.approx(-judge.score_samples(X).sum(), rel=1e-12)
        r = judge.predict_proba(X)
        np.testing.assert_allclose(here.counts[run], r.sum(axis=0), rtol=1e-10)
        np.testing.assert_allclose(here.means[run], [np.average(X, axis=0, weights=r[:, k]) for k in range(4)])
        density = np.mean([stats.multivariate_normal(mean).pdf(X) for mean in w[run]], axis=0)
        assert here.cost[run] == pytest.approx(-np.log(density).sum(), rel=1e-12)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_gradient_is_the_slope_of_the_cost(problem):
    X, w = example(seed=1)
    problem = problem(X)
    for start in w:
        slope = optimize.approx_fprime(
            start.ravel(), lambda flat, shape=start.shape: problem.evaluate(flat.reshape(1, *shape)).cost[0], 1e-6
        )
        np.testing.assert_allclose(problem.evaluate(start[None]).gradient[0].ravel(), slope, atol=1e-3)


@pytest.mark.parametrize("problem", PROBLEMS)
@given(seed=st.integers(0, 10**6), size=st.floats(0.01, 3))
def test_the_majoriser_lies_above_the_cost_and_touches_it(problem, seed, size):
    X, w = example(seed, n=30)
    here = problem(X).evaluate(w)
    # a step into any direction, and the step to the minimiser of the majoriser
    for new in (w + size * np.random.default_rng(seed).normal(size=w.shape), here.means):
        quadratic = [(0.5 * here.counts * ((v - here.means) ** 2).sum(axis=2)).sum(axis=1) for v in (new, w)]
        majoriser = here.cost + quadratic[0] - quadratic[1]
        assert (problem(X).evaluate(new).cost <= majoriser + 1e-9 * here.cost).all()
        assert (majoriser <= here.cost + 1e-9).all() or new is not here.means


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_order_of_the_runs_does_not_matter(problem):
    X, w = example(runs=8)
    order = np.random.default_rng(2).permutation(8)
    here, there = problem(X).evaluate(w), problem(X).evaluate(w[order])
    for name in NAMES:
        np.testing.assert_array_equal(getattr(there, name), getattr(here, name)[order])


@pytest.mark.parametrize("seed", range(3))
def test_after_one_epoch_an_online_prototype_is_the_mean_of_the_patterns_that_it_won(seed):
    X, starts = example(seed, n=60)
    rng = np.random.default_rng(seed)
    order = np.stack([rng.permutation(60) for _ in starts])
    starts[0, 3] = 1e3  # wins nothing
    problem = QuantizationProblem(X)
    x, metric = problem.sweep_counts(problem.pack(starts), order, np.zeros((5, 4 * 3)))
    w, counts = problem.unpack(x), problem.unpack(metric)
    for run, start in enumerate(starts):
        won = [[] for _ in start]
        for i in order[run]:
            now = [np.mean(X[mine], axis=0) if mine else start[k] for k, mine in enumerate(won)]
            won[np.argmin(((X[i] - now) ** 2).sum(axis=1))].append(i)
        np.testing.assert_array_equal(counts[run], np.repeat([[len(mine)] for mine in won], 3, axis=1))
        for k, mine in enumerate(won):
            np.testing.assert_allclose(w[run, k], X[mine].mean(axis=0) if mine else start[k], rtol=1e-12)


def test_equal_components_share_a_pattern_and_equal_prototypes_do_not():
    X, w = np.array([[1.0], [5.0]]), np.array([[[2.0], [2.0], [2.0]]])
    np.testing.assert_allclose(MixtureProblem(X).evaluate(w).counts, [[2 / 3] * 3])
    np.testing.assert_array_equal(QuantizationProblem(X).evaluate(w).counts, [[2, 0, 0]])


def test_a_pattern_far_from_all_components_keeps_its_cost():
    # every density underflows: half the squared distance to the nearer one, the weight 1/2 and the constant
    cost = MixtureProblem([[1000.0]]).evaluate(np.array([[[0.0], [100.0]]])).cost
    assert cost[0] == pytest.approx(900**2 / 2 + np.log(2) + np.log(2 * np.pi) / 2, rel=1e-14)


@pytest.mark.parametrize("far", [1e200, np.inf, np.nan])
def test_prototypes_beyond_all_numbers_cost_infinitely_much(far):
    here = QuantizationProblem(np.arange(6.0).reshape(3, 2)).evaluate(np.full((1, 2, 2), far))
    assert here.cost[0] == np.inf
    np.testing.assert_array_equal(here.counts, [[3, 0]])
    # they do not keep others from owning the patterns
    w = np.array([[[far, far], [2.0, 3.0]]])
    np.testing.assert_array_equal(QuantizationProblem(np.arange(6.0).reshape(3, 2)).evaluate(w).assignments, [[1] * 3])


@pytest.mark.parametrize("problem", PROBLEMS)
def test_data_and_prototypes_are_checked(problem, refused):
    for X, word in (([1.0, 2.0], "(2,)"), (np.empty((0, 3)), "(0, 3)"), (np.empty((3, 0)), "(3, 0)")):
        with refused(word, "(patterns, features)"):
            problem(X)
    for value in (np.nan, -np.inf):
        with refused(str(value), "row 1", "column 0"):
            problem([[0.0, 1.0], [value, 2.0]])
    # flat ones are of d coordinates for each prototype
    for shape in ((3,), (2, 4), (0, 3), (2, 0), (1, 2, 4), (0, 2, 3), (1, 0, 3)):
        with refused(str(shape), "(runs, prototypes, 3)"):
            problem(np.eye(3)).evaluate(np.zeros(shape))
    # a start without an axis of runs is not taken for runs of one prototype
    for shape in ((2, 3), (1, 2, 4), (0, 2, 3), (1, 0, 3)):
        with refused(str(shape), "(runs, prototypes, 3)"):
            minimize(problem(np.eye(3)), MajorizeMinimize(), np.zeros(shape), epochs=1)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_problem_keeps_its_own_data(problem):
    X, w = example()
    mine = problem(X)
    before = mine.evaluate(w).cost
    X += 1
    np.testing.assert_array_equal(mine.evaluate(w).cost, before)
    with pytest.raises(ValueError, match="read-only"):
        mine.X[0, 0] = 0
