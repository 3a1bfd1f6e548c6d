"""Optimizers on stress: SMACOF, its relaxation, Sammon's method, Newton-CG, stochastic pairs and all general ones."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.datasets import load_iris

from kmeans_convergence.core import TermCurvature, minimize
from kmeans_convergence.optimizers import MajorizeMinimize, Newton
from kmeans_convergence.optimizers.accelerated import OverRelaxation, Relaxation
from kmeans_convergence.optimizers.batch import CurvatureGradient, best_rate, stable_rate
from kmeans_convergence.optimizers.newton_cg import NewtonCG
from kmeans_convergence.optimizers.online import AnnealedGradient, AnnealedRate
from kmeans_convergence.optimizers.pseudo_newton import PseudoNewton, PseudoNewtonSearch, direction
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.stress import StressProblem, Ties, distances, normalized, sammon
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS, SHIPPED


def iris(every=1):
    """Return the 149 distinct rows of R's Iris in their order, or each second, third, ... of them."""
    X = load_iris().data
    return X[np.sort(np.unique(X, axis=0, return_index=True)[1])][::every]


def streams(runs, seed=0):
    return [np.random.default_rng((seed, r)) for r in range(runs)]


D = distances(iris(5))
PROBLEMS = {
    "raw": StressProblem(D),
    "normalized": StressProblem(D, normalized(D)),
    "Sammon's": StressProblem(D, sammon(D)),
    "missing pairs": StressProblem(D, np.arange(D.size) % 5 > 0),
    "non-metric": StressProblem(D, ties=Ties.PRIMARY),
}
METRIC = [name for name in PROBLEMS if name != "non-metric"]


def near_a_minimum(problem):
    """Return the classical start, disturbed a little: all that converge end in the same valley."""
    start = problem.classical().configuration
    return start + 0.05 * problem.length * np.stack([rng.normal(size=start.shape) for rng in streams(3)])


# ---- all general optimizers


def shipped(key, budget):
    settings = CONTENDERS[key].settings
    return CONTENDERS[key].optimizer(budget, math.nan if settings is None else math.sqrt(math.prod(settings)))


GENERAL = [key for key in SHIPPED if not shipped(key, 1).needs]


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("key", GENERAL)
def test_general_optimizers_run_unchanged_and_end_at_the_minimum(name, key):
    problem = PROBLEMS[name]
    starts = near_a_minimum(problem)
    limit = minimize(problem, MajorizeMinimize(), starts, passes=5000).cost[-1]
    trace = minimize(problem, shipped(key, 600), starts, passes=600)
    assert not trace.diverged.any()
    gap = problem.gap.of(trace.cost[-1], limit)
    if key == "adam_tuned":
        # its first steps are long and may lead into another valley
        end = problem.evaluate(problem.pack(trace.w))
        assert (end.promised_decrease < 1e-3 * end.cost).all()
    else:
        assert (gap < (0.02 if key.endswith("_tuned") else 1e-3)).all(), gap


def test_a_change_of_units_changes_no_path():
    small, large = (StressProblem(scale * D, normalized(scale * D)) for scale in (1e-3, 1e3))
    for key in GENERAL:
        paths = [
            minimize(problem, shipped(key, 30), problem.length * near_a_minimum(PROBLEMS["raw"]), passes=30).cost
            for problem in (small, large)
        ]
        np.testing.assert_allclose(paths[1], paths[0], rtol=1e-5, err_msg=key)


# ---- SMACOF


@pytest.mark.parametrize("name", ["raw", "normalized", "non-metric"])
def test_with_equal_weights_smacof_is_the_gradient_method_of_the_safe_rate(name):
    problem = PROBLEMS[name]
    starts = problem.draw(streams(3))
    smacof = minimize(problem, MajorizeMinimize(), starts, epochs=30)
    for rate in (stable_rate, best_rate):
        gradient = minimize(problem, CurvatureGradient(rate), starts, epochs=30)
        np.testing.assert_allclose(gradient.w, smacof.w, atol=1e-10)
        np.testing.assert_allclose(gradient.cost, smacof.cost, rtol=1e-10)


def test_with_other_weights_it_is_not():
    problem = PROBLEMS["Sammon's"]
    starts = problem.draw(streams(3))
    smacof, gradient = (
        minimize(problem, optimizer, starts, epochs=30)
        for optimizer in (MajorizeMinimize(), CurvatureGradient(stable_rate))
    )
    assert (smacof.cost[-1] < gradient.cost[-1]).all()


@pytest.mark.parametrize("name", PROBLEMS)
def test_smacof_never_raises_stress(name):
    # a convergence test that forgot the weights is a known fault elsewhere
    problem = PROBLEMS[name]
    trace = minimize(problem, MajorizeMinimize(), problem.draw(streams(5)), epochs=150)
    assert (np.diff(trace.cost, axis=0) <= 1e-14 * problem.pairs.total).all()
    assert (trace.cost[-1] < 0.5 * trace.cost[0]).all()


# ---- relaxation


def jacobian(problem, x, omega):
    """Return the derivative of x + omega (T(x) - x) at a point (P,)."""
    step = 1e-6

    def relaxed(y):
        return y + omega * (problem.evaluate(y[None]).image[0] - y)

    return np.stack([(relaxed(x + step * unit) - relaxed(x - step * unit)) / (2 * step) for unit in np.eye(x.size)], 1)


def minimum(problem):
    trace = minimize(problem, NewtonCG(), problem.classical().configuration[None], passes=2000)
    return problem.pack(trace.w - trace.w.mean(axis=1, keepdims=True))[0], trace.cost[-1, 0]


@pytest.mark.parametrize("name", ["raw", "Sammon's"])
def test_the_guttman_transform_does_not_see_scales_so_that_relaxation_has_the_eigenvalue_minus_one(name):
    problem = PROBLEMS[name]
    x, _ = minimum(problem)
    image = problem.evaluate(x[None]).image
    for scale in (0.5, 3.0):
        np.testing.assert_allclose(problem.evaluate(scale * x[None]).image, image, atol=1e-9 * problem.length)
    np.testing.assert_allclose(jacobian(problem, x, 1.0) @ x, 0, atol=1e-7)
    np.testing.assert_allclose(jacobian(problem, x, 2.0) @ x, -x, atol=1e-6)
    # all others are not, but that of rotations and translations, along which stress is flat
    eigenvalues = np.sort(np.linalg.eigvals(jacobian(problem, x, 2.0)).real)
    assert eigenvalues[0] == pytest.approx(-1, abs=1e-6)
    assert eigenvalues[1] > -0.999
    np.testing.assert_allclose(eigenvalues[-3:], 1, atol=1e-6)
    assert eigenvalues[-4] < 0.999


def test_without_a_last_plain_step_relaxation_has_the_wrong_scale_for_ever():
    problem = PROBLEMS["raw"]
    x, least = minimum(problem)
    y = 1.1 * x[None]
    for _ in range(400):
        here = problem.evaluate(y)
        y = 2 * here.image - here.x
    np.testing.assert_allclose(y[0], 1.1 * x, rtol=1e-6)
    hidden, shown = (problem.evaluate(each).cost[0] for each in (y, problem.evaluate(y).image))
    # stress is a parabola of the scale: 0.1 beyond its vertex it is higher by 0.01 sum d^2
    assert hidden - least == pytest.approx(0.01 * (pdist(problem.unpack(x[None])[0]) ** 2).sum(), rel=1e-6)
    assert shown == pytest.approx(least, rel=1e-12)
    trace = minimize(problem, Relaxation(), problem.unpack(1.1 * x[None]), passes=50)
    np.testing.assert_allclose(trace.cost[1:, 0], least, rtol=1e-12)


def test_relaxation_needs_about_half_of_the_passes():
    problem = StressProblem(distances(iris()))
    start = problem.classical().configuration[None]
    plain, relaxed = (minimize(problem, each, start, passes=3000) for each in (MajorizeMinimize(), Relaxation()))
    assert relaxed.cost[-1, 0] == pytest.approx(107.91554207, abs=5e-9)
    assert plain.cost[-1, 0] == pytest.approx(107.91554207, abs=5e-9)
    assert 0.4 < relaxed.passes[-1, 0] / plain.passes[-1, 0] < 0.6


def test_relaxation_by_one_is_the_alternation_and_shows_images():
    problem = PROBLEMS["raw"]
    starts = problem.draw(streams(2))
    one, plain = (minimize(problem, each, starts, epochs=10) for each in (Relaxation(1.0), MajorizeMinimize()))
    np.testing.assert_array_equal(one.cost, plain.cost)
    # an over-relaxed iterate lies beyond the image that is shown here
    beyond = minimize(problem, OverRelaxation(1.5), starts, epochs=1).w
    shown = minimize(problem, Relaxation(1.5), starts, epochs=1).w
    np.testing.assert_allclose(beyond, starts + 1.5 * (shown - starts), atol=1e-13)


# ---- Sammon's method


def test_sammons_method_with_a_search_goes_where_mass_goes():
    d = distances(iris())
    problem = StressProblem(d, sammon(d))
    trace = minimize(problem, PseudoNewtonSearch(), problem.classical().configuration[None], epochs=13)
    assert trace.cost[0, 0] == pytest.approx(0.00678, abs=5e-6)
    # where MASS::sammon stops, because its factor has become too small; the next step has a factor of 0.004
    assert trace.cost[12, 0] == pytest.approx(0.004015053, abs=5e-10)
    assert trace.passes[13, 0] - trace.passes[12, 0] >= 4
    assert (np.diff(trace.cost[:, 0]) <= 0).all()


def test_a_pseudo_newton_step_is_sammons_formula():
    problem = PROBLEMS["Sammon's"]
    start = problem.draw(streams(1))
    X, d, total = start[0], D, D.sum()
    expected = X.copy()
    star = np.zeros((len(X), len(X)))
    star[np.triu_indices(len(X), 1)] = d
    star += star.T
    for p in range(len(X)):
        for q in range(2):
            first = second = 0.0
            for j in range(len(X)):
                if j == p:
                    continue
                dpj, along = np.linalg.norm(X[p] - X[j]), X[p, q] - X[j, q]
                missing = star[p, j] - dpj
                first += -2 / total * missing / (dpj * star[p, j]) * along
                second += -2 / total / (star[p, j] * dpj) * (missing - along**2 / dpj * (1 + missing / dpj))
            expected[p, q] -= 0.35 * first / abs(second)
    trace = minimize(problem, PseudoNewton(), start, epochs=1)
    np.testing.assert_allclose(trace.w[0], expected, rtol=1e-9)


@pytest.mark.parametrize("name", METRIC)
def test_the_search_never_raises_the_cost_and_ends_at_the_minimum(name):
    problem = PROBLEMS[name]
    starts = near_a_minimum(problem)
    limit = minimize(problem, NewtonCG(), starts, passes=3000).cost[-1]
    trace = minimize(problem, PseudoNewtonSearch(), starts, passes=3000)
    assert (np.diff(trace.cost, axis=0) <= 1e-14 * problem.pairs.total).all()
    np.testing.assert_allclose(trace.cost[-1], limit, rtol=1e-9)
    # trials are charged
    assert (trace.passes[-1] > len(trace.cost) - 1).any()


# ---- Newton-CG


@pytest.mark.parametrize("name", METRIC)
def test_newton_cg_converges_faster_than_linearly(name):
    problem = PROBLEMS[name]
    starts = near_a_minimum(problem)
    limit = minimize(problem, MajorizeMinimize(), starts, passes=20000).cost[-1]
    trace = minimize(problem, NewtonCG(), starts, passes=2000)
    assert (trace.cost[-1] <= limit * (1 + 1e-10)).all()
    assert len(trace.cost) < 30
    # the last falls of the gradient are much larger than the first
    norms = trace.gradient_norm[:, 0]
    norms = norms[: np.argmax(norms < 1e-9 * norms[0]) + 1]
    falls = norms[1:] / norms[:-1]
    assert falls[-1] < 0.02 < np.median(falls[:3])


# ---- stochastic pairs


def test_the_annealed_rate_is_the_schedule_of_zheng_pawar_and_goodman():
    # weights from 1 to 100, 15 epochs, eta from 1 / w_min to 0.1 / w_max, and 1 / t once it is below 1 / w_max
    rate = AnnealedRate(TermCurvature(4.0, 4.0, 400.0), epochs=15, least=0.1)
    decay = math.log(1 / (0.1 / 100)) / 14
    switch = next(t for t in range(100) if math.exp(-decay * t) < 1 / 100)
    for t in range(40):
        eta = math.exp(-decay * t) if t < switch else (1 / 100) / (1 + decay * (t - switch))
        assert rate(t + 1) == pytest.approx(eta)
    even = AnnealedRate(TermCurvature(2.0, 2.0, 2.0), epochs=15, least=0.1)
    assert [even(1), even(2)] == [1, 1]
    assert even(3) < 1


@pytest.mark.parametrize("name", METRIC)
@pytest.mark.parametrize("rate", [0.3, 1.0, 100.0])
def test_a_sweep_makes_the_steps_of_zheng_pawar_and_goodman(name, rate):
    problem = PROBLEMS[name]
    pairs = problem.pairs
    start = problem.draw(streams(2))
    order = np.stack([rng.permutation(problem.size) for rng in streams(2, seed=1)])
    swept = problem.unpack(problem.sweep(problem.pack(start), order, rate))
    present = np.flatnonzero(pairs.weights)
    eta = rate / pairs.weights[present].mean()
    for run, X in enumerate(start.copy()):
        for k in present[order[run]]:
            i, j = pairs.rows(int(k))
            mu = min(pairs.weights[k] * eta, 1)
            distance = np.linalg.norm(X[i] - X[j])
            r = (distance - pairs.dissimilarities[k]) / 2 * (X[i] - X[j]) / distance
            X[i] -= mu * r
            X[j] += mu * r
        np.testing.assert_allclose(swept[run], X, rtol=1e-9)
    if rate == 100.0 and name != "Sammon's":
        # the last pair has the distance that it wants
        k = present[order[0, -1]]
        i, j = pairs.rows(int(k))
        assert np.linalg.norm(swept[0, i] - swept[0, j]) == pytest.approx(pairs.dissimilarities[k])


def test_a_sweep_with_counts_divides_by_the_pairs_so_far():
    problem = StressProblem([1.0, 1.0, 1.0], dimensions=1)
    # the pairs (0, 1), (0, 1), (0, 2) of points at 0, 3 and 5, by hand
    x, metric = problem.sweep_counts(np.array([[0.0, 3.0, 5.0]]), np.array([[0, 0, 1]]), np.zeros((1, 3)))
    # the first leads to 1 and 2, the second has nothing left; of the third, 3 are missing: a half each, of which point
    # 0 makes a third because it is in three pairs
    np.testing.assert_allclose(x, [[1 + 1.5 / 3, 2, 5 - 1.5]])
    np.testing.assert_array_equal(metric, [[3, 2, 1]])


def test_stochastic_pairs_find_better_minima_from_random_starts():
    problem = StressProblem(distances(iris(3)))
    starts = problem.draw(streams(12))
    pairs = minimize(problem, AnnealedGradient(), starts, passes=30, rngs=streams(12, seed=1))
    polished = minimize(problem, NewtonCG(), pairs.w, passes=500).cost[-1]
    smacof = minimize(problem, MajorizeMinimize(), starts, passes=30)
    ends = minimize(problem, NewtonCG(), smacof.w, passes=500).cost[-1]
    assert np.median(polished) < 0.9 * np.median(ends)
    np.testing.assert_array_equal(pairs.passes[-1], 30)


def test_stochastic_pairs_converge_without_a_budget():
    problem = PROBLEMS["raw"]
    starts = near_a_minimum(problem)
    limit = minimize(problem, NewtonCG(), starts, passes=500).cost[-1]
    trace = minimize(problem, AnnealedGradient(), starts, passes=400, rngs=streams(3))
    gaps = problem.gap.of(trace.cost, limit)
    assert (gaps[-1] < 0.01).all()
    assert (gaps[-1] < 0.1 * gaps[20]).all()


# ---- the same optimizers on k-means


def test_the_new_optimizers_know_no_problem():
    X = iris()
    problem = QuantizationProblem(X)
    w = X[np.stack([rng.choice(len(X), 4, replace=False) for rng in streams(3)])]
    lloyd = minimize(problem, MajorizeMinimize(), w, epochs=1).w
    # where the Hessian is diagonal, a step by a factor of 1 is Newton's, which is Lloyd's
    np.testing.assert_allclose(minimize(problem, PseudoNewton(1.0), w, epochs=1).w, lloyd, rtol=1e-12)
    np.testing.assert_allclose(minimize(problem, Newton(), w, epochs=1).w, lloyd, rtol=1e-12)
    for optimizer in (Relaxation(), PseudoNewtonSearch(), NewtonCG(), AnnealedGradient()):
        trace = minimize(problem, optimizer, w, passes=20, rngs=streams(3))
        assert (trace.cost[-1] < 0.9 * trace.cost[0]).all()


def test_a_coordinate_without_curvature_stays():
    problem = QuantizationProblem(iris())
    w = np.concatenate([iris()[None, :2], np.full((1, 1, 4), 100.0)], axis=1)
    here = problem.evaluate(problem.pack(w))
    np.testing.assert_array_equal(problem.unpack(direction(here))[0, 2], 0)


def test_who_needs_derivatives_is_refused_on_non_metric_stress(refused):
    problem = PROBLEMS["non-metric"]
    starts = problem.draw(streams(2))
    for optimizer, words in (
        (NewtonCG(), "products of its Hessian"),
        (PseudoNewton(), "second derivatives"),
        (AnnealedGradient(), "steps after each pattern"),
    ):
        with refused(words, "StressProblem does not offer"):
            minimize(problem, optimizer, starts, epochs=1, rngs=streams(2))
