"""Gaussian mixtures against scikit-learn, SciPy, finite differences, published values and cases by hand."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from gaussian_examples import MODELS, PENALTIES, Plain, patterns, points, problem
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import logsumexp
from sklearn.cluster import AgglomerativeClustering
from sklearn.mixture import GaussianMixture

from kmeans_convergence.core import Stop
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.problems.mixture import InverseWishart, Mixture, passes
from kmeans_convergence.problems.mixture.estimable import check_components

MODES = [(model, penalty) for model in MODELS for penalty in PENALTIES]
THEIRS = {"spherical": "spherical", "diagonal": "diag", "tied": "tied", "full": "full"}
STEP = 1e-5


def slopes(function, x):
    """Central differences of a function (R, P) -> (R,) by each coordinate, shape (R, P)."""
    moves = STEP * np.eye(x.shape[1])
    return np.stack([(function(x + move) - function(x - move)) / (2 * STEP) for move in moves], axis=1)


def scikit_learns(model, responsibilities, steps):
    """Return scikit-learn's mixture after EM from responsibilities (n, K), whose first M-step is not counted."""

    class Started(GaussianMixture):
        def _initialize_parameters(self, X, random_state, **options):
            self._initialize(X, responsibilities, **options)

    return Started(responsibilities.shape[1], covariance_type=THEIRS[model], tol=0, reg_covar=0, max_iter=steps)


# --- cost, gradient, Hessian ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_the_cost_is_scipys(model):
    mine = problem(model)
    x = points(mine)
    here = mine.evaluate(x)
    for run in range(len(x)):
        plain = Plain.of(mine.unpack(x), run)
        joint = plain.log_densities(mine.X)
        assert here.cost[run] == pytest.approx(-logsumexp(joint, axis=1).sum(), rel=1e-12)
        np.testing.assert_allclose(here.counts[run], plain.responsibilities(mine.X).sum(axis=0), rtol=1e-9)
        np.testing.assert_array_equal(here.assignments[run], joint.argmax(axis=1))


def test_ridge_and_prior_are_what_they_say():
    prior = InverseWishart(5.0, np.diag([1.0, 2.0, 3.0]))
    x = points(problem())
    plain, X = Plain.of(problem().unpack(x)), patterns()
    inverses = np.linalg.inv(plain.covariances)
    traces = np.trace(inverses, axis1=1, axis2=2)
    expected = -logsumexp(plain.log_densities(X) - 0.2 / 2 * traces, axis=1).sum()
    assert GaussianMixtureProblem(X, ridge=0.2).evaluate(x).cost[0] == pytest.approx(expected, rel=1e-12)
    penalty = 2.5 * np.linalg.slogdet(plain.covariances)[1].sum() + 0.5 * np.trace(prior.scale @ inverses.sum(axis=0))
    expected = -logsumexp(plain.log_densities(X), axis=1).sum() + penalty
    assert GaussianMixtureProblem(X, prior=prior).evaluate(x).cost[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("model", "penalty"), MODES)
def test_the_gradient_is_the_slope_of_the_cost(model, penalty):
    mine = problem(model, penalty)
    x = points(mine)
    expected = slopes(lambda y: mine.evaluate(y).cost, x)
    np.testing.assert_allclose(mine.evaluate(x).gradient, expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(("model", "penalty"), MODES)
def test_products_with_the_hessian_are_slopes_of_the_gradient(model, penalty):
    mine = problem(model, penalty)
    x = points(mine)
    v, w = np.random.default_rng(1).normal(size=(2, *x.shape))
    here = mine.evaluate(x)
    expected = (mine.evaluate(x + STEP * v).gradient - mine.evaluate(x - STEP * v).gradient) / (2 * STEP)
    found = mine.hessian_product(here, v)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose((w * found).sum(axis=1), (v * mine.hessian_product(here, w)).sum(axis=1), rtol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_covariances_below_the_floor_are_raised_to_it(model):
    floor = 1.5
    mine = problem(model, floor=floor)
    x = points(mine, spread=0.3)
    x[:, 12:] -= 0.7
    free, raised = problem(model).unpack(x), mine.unpack(x)
    least = []
    for run in range(len(x)):
        values, vectors = np.linalg.eigh(Plain.of(free, run).covariances)
        expected = (vectors * np.maximum(values, floor)[:, None]) @ vectors.swapaxes(1, 2)
        np.testing.assert_allclose(Plain.of(raised, run).covariances, expected, rtol=1e-9, atol=1e-12)
        least.append(values.min())
    assert min(least) < floor
    expected = slopes(lambda y: mine.evaluate(y).cost, x)
    np.testing.assert_allclose(mine.evaluate(x).gradient, expected, atol=1e-6 * np.abs(expected).max())


# --- EM ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_em_takes_scikit_learns_path(model):
    mine = problem(model)
    responsibilities = np.random.default_rng(2).dirichlet(np.full(3, 0.5), (2, mine.size))
    starts = mine.from_responsibilities(responsibilities)
    trace = minimize(mine, MajorizeMinimize(), starts, epochs=12)
    for run, start in enumerate(responsibilities):
        for steps in (1, 2, 5, 12):
            judge = scikit_learns(model, start, steps)
            with pytest.warns(match="did not converge"):
                judge.fit(mine.X)
            assert trace.cost[steps, run] / mine.size == pytest.approx(-judge.score(mine.X), abs=1e-10)
            # its lower bound is the mean log likelihood before the last M-step
            assert trace.cost[steps - 1, run] / mine.size == pytest.approx(-judge.lower_bound_, abs=1e-10)
        np.testing.assert_allclose(trace.w.weights[run], judge.weights_, rtol=1e-9)
        np.testing.assert_allclose(trace.w.means[run], judge.means_, rtol=1e-9)
        found = trace.w.covariances[run].reshape(np.shape(judge.covariances_))
        np.testing.assert_allclose(found, judge.covariances_, rtol=1e-8, atol=1e-9)


def test_one_step_by_hand():
    # each of two patterns lies on a mean, and is the other component's with the odds of exp(-2)
    mine = GaussianMixtureProblem([[0.0], [2.0]])
    start = Mixture(np.array([[0.5, 0.5]]), np.array([[[0.0], [2.0]]]), np.ones((1, 2, 1, 1)))
    trace = minimize(mine, MajorizeMinimize(), start, epochs=1)
    r = 1 / (1 + np.exp(-2))
    assert trace.cost[0, 0] == pytest.approx(-2 * np.log(0.5 * (1 + np.exp(-2)) / np.sqrt(2 * np.pi)), rel=1e-14)
    np.testing.assert_allclose(trace.w.weights, [[0.5, 0.5]], rtol=1e-14)
    np.testing.assert_allclose(trace.w.means[0, :, 0], [2 * (1 - r), 2 * r], rtol=1e-14)
    np.testing.assert_allclose(trace.w.covariances[0, :, 0, 0], [4 * r * (1 - r)] * 2, rtol=1e-14)


@pytest.mark.parametrize(
    ("model", "log_likelihood"),
    # mclust 6.0.0 with G = 3: VVV, EEE, VVI, VII; it stops when the log likelihood changes by less than 1e-5 of itself
    [("full", -180.185839), ("tied", -256.354743), ("diagonal", -307.180833), ("spherical", -384.316804)],
)
def test_iris_ends_where_mclust_does(model, log_likelihood):
    X, _ = iris()
    mine = GaussianMixtureProblem(X / 10, model)
    heaps = np.eye(3)[AgglomerativeClustering(3).fit_predict(X)]
    trace = minimize(mine, MajorizeMinimize(), mine.from_responsibilities(heaps[None]), passes=2000.0)
    assert trace.stop[0] is Stop.FIXED_POINT
    assert 0 <= -trace.cost[-1, 0] - log_likelihood < 0.004


@pytest.mark.parametrize(("model", "penalty"), MODES)
@given(seed=st.integers(0, 10**6), size=st.floats(0.01, 1))
def test_the_majoriser_lies_above_the_cost_and_touches_it(model, penalty, seed, size):
    mine = problem(model, penalty, patterns(seed, 40))
    x = points(mine, seed)
    here, rounding = mine.evaluate(x), 1e-9 * mine.size
    far = x + size * np.random.default_rng(seed).normal(size=x.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        # where a component collapses there is no image, and far from nearly dependent features nothing is finite
        assume(np.isfinite([here.promised_decrease, here.divergence(far)]).all())
    for there in (far, here.image, x):
        rise = here.divergence(there) - here.promised_decrease
        assert (mine.evaluate(there).cost <= here.cost + rise + rounding).all()
        assert (here.divergence(there) >= 0).all()
    np.testing.assert_allclose(here.divergence(here.image), 0, atol=1e-12 * mine.size)


@pytest.mark.parametrize("model", MODELS)
@given(seed=st.integers(0, 10**6), share=st.floats(0.05, 0.9))
def test_a_floor_leaves_em_monotone_and_exact(model, seed, share):
    X = patterns(seed, 40)
    mine = problem(model, X=X, floor=share * np.linalg.eigvalsh(np.cov(X.T))[-1])
    x = points(mine, seed)
    for _ in range(3):
        here = mine.evaluate(x)
        rng = np.random.default_rng(seed)
        for size in (0.1, 1):
            there = here.image + size * rng.normal(size=x.shape)
            assert (here.divergence(there) >= -1e-9 * mine.size).all()
            rise = here.divergence(there) - here.promised_decrease
            assert (mine.evaluate(there).cost <= here.cost + rise + 1e-9 * mine.size).all()
        assert (mine.evaluate(here.image).cost <= here.cost - here.promised_decrease + 1e-9 * mine.size).all()
        x = here.image


@pytest.mark.parametrize(("model", "penalty"), MODES)
def test_the_slope_of_the_majoriser_is_that_of_the_cost(model, penalty):
    mine = problem(model, penalty)
    x = points(mine)
    here = mine.evaluate(x)
    np.testing.assert_allclose(slopes(here.divergence, x), here.gradient, atol=1e-6 * np.abs(here.gradient).max())


# --- EM as a preconditioned gradient ----------------------------------------------------------------------------------


def natural_slopes(X, plain):
    """Slopes of the log likelihood by weights, means and covariances (without their symmetry), at (K), (K, d), ...."""
    r, inverses = plain.responsibilities(X), np.linalg.inv(plain.covariances)
    u = X[:, None] - plain.means
    scatter = np.einsum("ik,ika,ikb->kab", r, u, u)
    by_mean = np.einsum("kab,ik,ikb->ka", inverses, r, u)
    by_covariance = -0.5 * (r.sum(axis=0)[:, None, None] * inverses - inverses @ scatter @ inverses)
    return r.sum(axis=0) / plain.weights, by_mean, by_covariance


def likelihood(X, weights, means, covariances):
    return logsumexp(Plain(weights, means, covariances).log_densities(X), axis=1).sum()


def test_the_matrices_of_xu_and_jordan():
    mine = problem()
    X, x = mine.X, points(mine, runs=1)
    old, new = Plain.of(mine.unpack(x)), Plain.of(mine.unpack(mine.evaluate(x).image))
    by_weight, by_mean, by_covariance = natural_slopes(X, old)
    # the slopes, by differences
    for k in range(3):
        for j in range(3):
            step = np.zeros((3, 3))
            step[k, j] = 1e-6
            rise = likelihood(X, old.weights, old.means + step, old.covariances)
            fall = likelihood(X, old.weights, old.means - step, old.covariances)
            assert (rise - fall) / 2e-6 == pytest.approx(by_mean[k, j], abs=1e-4)
            step = np.zeros((3, 3, 3))
            step[k, j, (j + k) % 3] += 1e-6
            step[k, (j + k) % 3, j] += 1e-6
            rise = likelihood(X, old.weights, old.means, old.covariances + step)
            fall = likelihood(X, old.weights, old.means, old.covariances - step)
            both = by_covariance[k, j, (j + k) % 3] + by_covariance[k, (j + k) % 3, j]
            assert (rise - fall) / 2e-6 == pytest.approx(both, abs=1e-4)
    counts = old.responsibilities(X).sum(axis=0)
    by_weight_moved = (np.diag(old.weights) - np.outer(old.weights, old.weights)) / len(X) @ by_weight
    np.testing.assert_allclose(new.weights - old.weights, by_weight_moved, atol=1e-12)
    for k in range(3):
        np.testing.assert_allclose(new.means[k] - old.means[k], old.covariances[k] / counts[k] @ by_mean[k], atol=1e-11)
        P = 2 / counts[k] * np.kron(old.covariances[k], old.covariances[k])
        about_old = old.covariances[k] + (P @ by_covariance[k].ravel()).reshape(3, 3)
        # the M-step about the new mean falls short of that by exactly the square of the mean's move
        move = new.means[k] - old.means[k]
        np.testing.assert_allclose(about_old - new.covariances[k], np.outer(move, move), atol=1e-10)
        u = X - old.means[k]
        r = old.responsibilities(X)[:, k]
        np.testing.assert_allclose(about_old, (r[:, None] * u).T @ u / counts[k], atol=1e-10)
        assert np.abs(move).max() > 1e-2


@pytest.mark.parametrize(("model", "penalty"), MODES)
def test_the_preconditioned_gradient_sets_out_like_em_about_the_old_means(model, penalty):
    """Weights, means and covariances move along - P grad E by what the M-step about the old means moves them by."""
    mine = problem(model, penalty)
    x = points(mine, runs=1)
    here = mine.evaluate(x)
    step = -here.precondition(here.gradient)
    ahead, behind = (Plain.of(mine.unpack(x + side * STEP * step)) for side in (1, -1))
    old, new = Plain.of(mine.unpack(x)), Plain.of(mine.unpack(here.image))
    np.testing.assert_allclose((ahead.weights - behind.weights) / (2 * STEP), new.weights - old.weights, atol=1e-7)
    moves = new.means - old.means
    np.testing.assert_allclose((ahead.means - behind.means) / (2 * STEP), moves, atol=1e-7)
    squares = np.einsum("ka,kb->kab", moves, moves)
    share = here.counts[0] / here.mass[0]
    squares = share[:, None, None] * squares
    if model == "tied":
        squares = squares.sum(axis=0)[None]
    if model in ("diagonal", "spherical"):
        squares = squares * np.eye(3)
    if model == "spherical":
        squares = np.trace(squares, axis1=1, axis2=2)[:, None, None] / 3 * np.eye(3)
    expected = new.covariances - old.covariances + squares
    np.testing.assert_allclose((ahead.covariances - behind.covariances) / (2 * STEP), expected, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_em_and_the_natural_gradient_differ_by_the_square_of_the_step(model):
    mine = problem(model)
    limit = minimize(mine, MajorizeMinimize(), mine.unpack(points(mine, runs=1)), passes=3000.0).w
    x, direction = mine.pack(limit), np.random.default_rng(3).normal(size=mine.pack(limit).shape)
    gaps = []
    for size in (4e-3, 2e-3, 1e-3):
        here = mine.evaluate(x + size * direction)
        gaps.append(np.abs(here.image - (here.x - here.precondition(here.gradient))).max())
    np.testing.assert_allclose(np.divide(gaps[:-1], gaps[1:]), 4, rtol=0.05)


def matrix(quadratic, coordinates):
    """The matrix of a quadratic form of vectors (1, P)."""
    unit = np.eye(coordinates)
    square = np.array([quadratic(v[None])[0] for v in unit])
    return np.array(
        [
            [(quadratic((v + w)[None])[0] - square[i] - square[j]) / 2 for j, w in enumerate(unit)]
            for i, v in enumerate(unit)
        ]
    )


@pytest.mark.parametrize(("model", "penalty"), MODES)
def test_metric_and_preconditioner_are_inverse_and_the_curvature_bounds_them(model, penalty):
    mine = problem(model, penalty)
    x = points(mine, runs=1)
    here = mine.evaluate(x)
    metric = matrix(here.squared_norm, x.shape[1])
    inverse = np.stack([here.precondition(v[None])[0] for v in np.eye(x.shape[1])])
    # logits may all rise by the same: that changes nothing and has no length
    level = np.zeros(x.shape[1])
    level[:3] = 1 / np.sqrt(3)
    np.testing.assert_allclose(inverse @ metric, np.eye(x.shape[1]) - np.outer(level, level), atol=1e-8)
    spectrum = np.linalg.eigvalsh(metric)
    assert spectrum[0] == pytest.approx(0, abs=1e-10 * spectrum[-1])
    assert here.curvature.least[0] == pytest.approx(spectrum[1], rel=1e-8)
    assert here.curvature.mean[0] == pytest.approx(spectrum.mean(), rel=1e-8)
    assert here.curvature.most[0] >= spectrum[-1] * (1 - 1e-10)


@pytest.mark.parametrize("model", MODELS)
@given(seed=st.integers(0, 10**6), spread=st.floats(0.01, 2))
def test_a_gradient_step_by_the_largest_curvature_never_raises_the_cost(model, seed, spread):
    mine = problem(model, "ridge", patterns(seed, 40))
    here = mine.evaluate(points(mine, seed, spread=spread))
    there = mine.evaluate(here.x - here.gradient / here.curvature.most[:, None])
    promised = 0.5 * (here.gradient**2).sum(axis=1) / here.curvature.most
    assert (there.cost <= here.cost - promised + 1e-10 * np.abs(here.cost)).all()


# --- what must not matter ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_a_run_is_the_same_in_any_company_and_in_any_blocks(model, monkeypatch):
    mine = problem(model)
    x = points(mine, runs=6)
    whole, part = mine.evaluate(x), mine.evaluate(x[[4, 1]])
    for name in ("cost", "gradient", "image", "assignments"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[[4, 1]])
    monkeypatch.setattr(passes, "BLOCK", 9 * 7)
    cut = mine.evaluate(x)
    np.testing.assert_allclose(cut.cost, whole.cost, rtol=1e-13)
    np.testing.assert_allclose(cut.image, whole.image, atol=1e-11)
    np.testing.assert_array_equal(cut.assignments, whole.assignments)
    np.testing.assert_allclose(mine.hessian_product(cut, x), mine.hessian_product(whole, x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_units_and_places_of_the_data_do_not_matter(model):
    X = patterns()
    plain = problem(model)
    start = plain.unpack(points(plain))
    trace = minimize(plain, MajorizeMinimize(), start, epochs=6)
    for scale, shift in ((1024.0, 0.0), (1.0, 2.0**30)):
        moved = GaussianMixtureProblem(X * scale + shift, model)
        other = Mixture(start.weights, start.means * scale + shift, start.factors * scale)
        found = minimize(moved, MajorizeMinimize(), other, epochs=6)
        tolerance = 1e-12 if shift == 0 else 1e-5  # a number near 2^30 has no finer digits
        expected = trace.cost + X.size * np.log(scale)
        np.testing.assert_allclose(found.cost, expected, rtol=tolerance)
        np.testing.assert_allclose((found.w.means - shift) / scale, trace.w.means, atol=10 * tolerance)
        np.testing.assert_allclose(found.w.factors / scale, trace.w.factors, atol=10 * tolerance)
        same = moved.evaluate(moved.pack(other)).x if shift == 0 else plain.pack(start)
        np.testing.assert_allclose(same, plain.pack(start), atol=1e-12)


@pytest.mark.parametrize("condition", [1e2, 1e8])
def test_em_is_equivariant_under_affine_maps(condition):
    X = patterns()
    rng = np.random.default_rng(4)
    left, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    map_ = left * np.sqrt(condition) ** np.array([0, -0.5, -1])
    responsibilities = rng.dirichlet(np.ones(3), (2, len(X)))
    traces = []
    for data in (X, X @ map_.T + 3):
        mine = GaussianMixtureProblem(data)
        traces.append(minimize(mine, MajorizeMinimize(), mine.from_responsibilities(responsibilities), epochs=20))
    volume = np.linalg.slogdet(map_)[1]
    np.testing.assert_allclose(traces[1].cost, traces[0].cost + len(X) * volume, rtol=1e-9)
    np.testing.assert_allclose(traces[1].w.means, traces[0].w.means @ map_.T + 3, rtol=1e-6)


def test_the_order_of_components_does_not_matter():
    mine = problem()
    x = points(mine)
    mixture, order = mine.unpack(x), [2, 0, 1]
    other = Mixture(mixture.weights[:, order], mixture.means[:, order], mixture.factors[:, order])
    here, there = mine.evaluate(x), mine.evaluate(mine.pack(other))
    np.testing.assert_allclose(there.cost, here.cost, rtol=1e-13)
    np.testing.assert_allclose(mine.unpack(there.image).means, mine.unpack(here.image).means[:, order], rtol=1e-11)


@pytest.mark.parametrize("model", MODELS)
def test_points_and_mixtures_are_the_same(model):
    mine = problem(model)
    mixture = mine.unpack(points(mine))
    again = mine.unpack(mine.pack(mixture))
    for name in ("weights", "means", "factors"):
        np.testing.assert_allclose(getattr(again, name), getattr(mixture, name), rtol=1e-12)
    np.testing.assert_allclose(mixture.weights.sum(axis=1), 1)
    assert len(mixture[1:]) == 2
    # a level that all logits share is kept by EM
    x = mine.pack(mixture)
    x[:, :3] += 5
    np.testing.assert_allclose(mine.evaluate(x).image[:, :3].mean(axis=1), 5)


@pytest.mark.parametrize("model", MODELS)
def test_an_m_step_with_given_responsibilities(model):
    X = patterns()
    r = np.random.default_rng(5).dirichlet(np.ones(2), (1, len(X)))
    plain = Plain.of(GaussianMixtureProblem(X, model).from_responsibilities(r))
    np.testing.assert_allclose(plain.weights, r[0].mean(axis=0))
    covariances = []
    for k in range(2):
        np.testing.assert_allclose(plain.means[k], np.average(X, axis=0, weights=r[0, :, k]))
        covariances.append(np.cov(X.T, aweights=r[0, :, k], bias=True))
    if model == "tied":
        covariances = [np.average(covariances, axis=0, weights=r[0].sum(axis=0))] * 2
    if model == "diagonal":
        covariances = [np.diag(np.diag(covariance)) for covariance in covariances]
    if model == "spherical":
        covariances = [np.trace(covariance) / 3 * np.eye(3) for covariance in covariances]
    np.testing.assert_allclose(plain.covariances, covariances, rtol=1e-11, atol=1e-13)


# --- some patterns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "penalty"), MODES)
def test_parts_of_the_patterns_add_up(model, penalty):
    mine = problem(model, penalty)
    x = points(mine)
    order = np.stack([np.random.default_rng(run).permutation(mine.size) for run in range(len(x))])
    whole, parts = mine.evaluate(x), [mine.evaluate_rows(x, rows) for rows in (order[:, :30], order[:, 30:])]
    for name in ("cost", "gradient", "counts", "moments", "mass"):
        np.testing.assert_allclose(
            sum(getattr(part, name) for part in parts), getattr(whole, name), rtol=1e-9, atol=1e-9
        )
    np.testing.assert_array_equal(parts[0].assignments, np.take_along_axis(whole.assignments, order[:, :30], axis=1))
    nothing = mine.nothing_seen(x, order[:, :30])
    np.testing.assert_allclose(nothing.image, x, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rate", [0.25, 1.0])
def test_a_damped_step_averages_expected_statistics(model, rate):
    mine = problem(model)
    x = points(mine, runs=1)
    X, old = mine.X, Plain.of(mine.unpack(x))
    r = old.responsibilities(X)
    weights = (1 - rate) * old.weights + rate * r.mean(axis=0)
    sums = (1 - rate) * old.weights[:, None] * old.means + rate * r.T @ X / len(X)
    second = old.covariances + np.einsum("ka,kb->kab", old.means, old.means)
    squares = (1 - rate) * old.weights[:, None, None] * second + rate * np.einsum("ik,ia,ib->kab", r, X, X) / len(X)
    means = sums / weights[:, None]
    covariances = squares / weights[:, None, None] - np.einsum("ka,kb->kab", means, means)
    if model == "tied":
        covariances = np.broadcast_to(np.einsum("k,kab->ab", weights, covariances), covariances.shape)
    if model == "diagonal":
        covariances = covariances * np.eye(3)
    if model == "spherical":
        covariances = np.trace(covariances, axis1=1, axis2=2)[:, None, None] / 3 * np.eye(3)
    found = Plain.of(mine.unpack(mine.evaluate(x).damped_image(rate)))
    np.testing.assert_allclose(found.weights, weights, rtol=1e-10)
    np.testing.assert_allclose(found.means, means, rtol=1e-9)
    np.testing.assert_allclose(found.covariances, covariances, rtol=1e-8, atol=1e-10)


# --- ill-conditioned and degenerate data ------------------------------------------------------------------------------


def test_a_nearly_singular_covariance_costs_em_few_digits():
    """One EM step in 60 digits beside float64, with features that differ in the seventh digit."""
    rng = np.random.default_rng(6)
    base = rng.normal(size=(40, 1))
    X = np.concatenate([base, base + 1e-7 * rng.normal(size=(40, 1))], axis=1)
    mine = GaussianMixtureProblem(X)
    start = mine.from_responsibilities(rng.dirichlet(np.ones(2), (1, 40)))
    x = mine.pack(start)
    found = mine.unpack(mine.evaluate(x).image)
    start = mine.unpack(x)
    assert mine.evaluate(x).diagnostics(mine.evaluate(x))["condition"][0] > 1e13
    with mpmath.workdps(60):
        data = [mpmath.matrix(row.tolist()) for row in X]
        factors = [mpmath.matrix(start.factors[0, k].tolist()) for k in range(2)]
        means = [mpmath.matrix(start.means[0, k].tolist()) for k in range(2)]
        densities = []
        for k in range(2):
            whitened = [mpmath.lu_solve(factors[k], row - means[k]) for row in data]
            scale = mpmath.mpf(start.weights[0, k]) / (factors[k][0, 0] * factors[k][1, 1])
            densities.append([scale * mpmath.exp(-(y.T * y)[0] / 2) for y in whitened])
        for k in range(2):
            r = [densities[k][i] / (densities[0][i] + densities[1][i]) for i in range(40)]
            total = mpmath.fsum(r)
            mean = mpmath.matrix(2, 1)
            for share, row in zip(r, data, strict=True):
                mean += share * row / total
            covariance = mpmath.matrix(2, 2)
            for share, row in zip(r, data, strict=True):
                covariance += share * (row - mean) * (row - mean).T / total
            exact = mpmath.cholesky(covariance)
            for i, j in ((0, 0), (1, 0), (1, 1)):
                assert found.factors[0, k, i, j] == pytest.approx(float(exact[i, j]), rel=1e-7)


def test_a_start_keeps_the_digits_of_nearly_dependent_features():
    """The condition number of the covariance is 1e24: of the covariance itself nothing would be left."""
    X, tiny = patterns(n=60), 2.0**-40
    twice = np.column_stack([X, X[:, 0] + tiny * X[:, 1] ** 2])
    r = np.random.default_rng(8).dirichlet(np.ones(2), (1, 60))
    found = GaussianMixtureProblem(twice).from_responsibilities(r)
    for k in range(2):
        # the last entry of a factor is what a regression on the other features leaves
        root = np.sqrt(r[0, :, k])
        others = np.column_stack([np.ones(60), X]) * root[:, None]
        square = X[:, 1] ** 2 * root
        left = square - others @ np.linalg.lstsq(others, square, rcond=None)[0]
        expected = tiny * np.sqrt((left**2).sum() / r[0, :, k].sum())
        assert found.factors[0, k, 3, 3] == pytest.approx(expected, rel=1e-2)
    # what has no covariance at all is measured in the unit of the data
    flat = np.column_stack([X, X[:, 0]])
    assert np.isfinite(GaussianMixtureProblem(flat, ridge=0.1).from_responsibilities(r).factors).all()


def test_a_run_that_collapses_ends_alone():
    X = patterns(n=30)
    mine = GaussianMixtureProblem(X)
    healthy = mine.unpack(points(mine, runs=2))
    weights, means, factors = (part.copy() for part in (healthy.weights, healthy.means, healthy.factors))
    # a component on one pattern: its covariance has no inverse after the next step
    means[0, 0], factors[0, 0] = X[7], 1e-9 * np.eye(3)
    trace = minimize(mine, MajorizeMinimize(), Mixture(weights, means, factors), passes=30.0)
    assert trace.stop[0] is Stop.DIVERGED
    assert trace.stop[1] is not Stop.DIVERGED
    alone = minimize(mine, MajorizeMinimize(), healthy[1:], passes=30.0)
    np.testing.assert_array_equal(trace.w.means[1], alone.w.means[0])
    for options in ({"ridge": 1e-3}, {"prior": InverseWishart(5.0, np.eye(3))}, {"floor": 1e-3}):
        kept = GaussianMixtureProblem(X, **options)
        trace = minimize(kept, MajorizeMinimize(), Mixture(weights, means, factors), passes=30.0)
        assert Stop.DIVERGED not in trace.stop
        assert (np.diff(trace.cost, axis=0) <= 1e-9 * len(X)).all()


def test_a_component_that_no_pattern_belongs_to_stays_and_loses_its_weight():
    mine = problem()
    mixture = mine.unpack(points(mine, runs=1))
    means = mixture.means.copy()
    means[0, 1] = 1e6
    x = mine.pack(Mixture(mixture.weights, means, mixture.factors))
    here = mine.evaluate(x)
    assert here.counts[0, 1] == 0
    image = mine.unpack(here.image)
    np.testing.assert_allclose(image.means[0, 1], 1e6)
    np.testing.assert_allclose(image.factors[0, 1], mixture.factors[0, 1], rtol=1e-12)
    assert image.weights[0, 1] < 1e-300
    assert np.isfinite(mine.evaluate(here.image).cost).all()
    assert here.diagnostics(here)["empty"][0] == 1


def test_patterns_far_from_all_components_keep_their_cost():
    mine = GaussianMixtureProblem([[0.0], [1.0], [1000.0]])
    mixture = Mixture(np.array([[0.5, 0.5]]), np.array([[[0.0], [100.0]]]), np.ones((1, 2, 1, 1)))
    logs = [np.log(0.5) - np.log(2 * np.pi) / 2 - square / 2 for square in (0, 1, 900**2)]
    assert mine.evaluate(mine.pack(mixture)).cost[0] == pytest.approx(-sum(logs), rel=1e-13)


def test_a_pass_takes_little_memory():
    n, clusters = 200_000, 8
    X = np.random.default_rng(7).normal(size=(n, 4))
    mine = GaussianMixtureProblem(X)
    start = Mixture(
        np.full((3, clusters), 1 / clusters),
        np.random.default_rng(8).normal(size=(3, clusters, 4)),
        np.tile(np.eye(4), (3, clusters, 1, 1)),
    )
    x = mine.pack(start)
    tracemalloc.start()
    here = mine.evaluate(x)
    mine.hessian_product(here, x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # the responsibilities alone would be 38 MB; what stays are the assignments
    assert here.assignments.nbytes == 3 * n * 4
    assert peak - here.assignments.nbytes < 24e6


# --- bad input --------------------------------------------------------------------------------------------------------


def test_what_cannot_be_estimated_is_refused(refused):
    X = patterns()
    with refused("'round'", "spherical, diagonal, tied, full"):
        GaussianMixtureProblem(X, "round")
    for name, value in (("ridge", -1.0), ("ridge", np.nan), ("floor", np.inf)):
        with refused(name, str(value)):
            GaussianMixtureProblem(X, **{name: value})
    with refused("equal"):
        GaussianMixtureProblem(np.ones((5, 2)), "spherical")
    flat = X.copy()
    flat[:, 1] = 2
    for model in ("diagonal", "tied", "full"):
        with refused("Feature 1 is constant", model):
            GaussianMixtureProblem(flat, model)
    GaussianMixtureProblem(flat, "spherical")
    GaussianMixtureProblem(flat, ridge=0.1)
    with refused("3 patterns of 3 features", "full"):
        GaussianMixtureProblem(X[:3])
    twice = np.concatenate([X, 3 * X[:, :1] - 7 * X[:, 1:2]], axis=1)
    for model in ("tied", "full"):
        with refused("linearly dependent", model):
            GaussianMixtureProblem(twice, model)
    GaussianMixtureProblem(twice, "diagonal")
    # nearly dependent features are allowed: what becomes of them is worth seeing
    GaussianMixtureProblem(np.concatenate([X, X[:, :1] + 1e-12 * X[:, 1:2] ** 2], axis=1))


def test_a_dependence_names_its_features(refused):
    X = patterns(features=4)
    twice = np.column_stack([X, -2 * X[:, 1] + 5])
    with refused("Features 1 and 4 are linearly dependent", "leave one out"):
        GaussianMixtureProblem(twice)
    with refused("Features 0, 1, 2 and 3 are linearly dependent"):
        GaussianMixtureProblem(np.column_stack([X[:, :3], X[:, :3].sum(axis=1)]))
    many = patterns(features=9)
    with refused("Features 0, 1, 2, 3, 4 and 5 others"):
        GaussianMixtureProblem(np.column_stack([many, many.sum(axis=1)]))


def test_components_need_patterns(refused):
    X = patterns(n=20)
    check_components(X, 5, "full")
    with refused("20 patterns of 3 features for 6 components", "full", "at least 24", "fewer components"):
        check_components(X, 6, "full")
    for model, clusters in (("tied", 17), ("diagonal", 10), ("spherical", 10)):
        check_components(X, clusters, model)
        with refused(model, "at least"):
            check_components(X, clusters + 1, model)
    with refused("K = 3", "2 distinct patterns"):
        check_components(np.repeat(X[:2], 9, axis=0), 3, "spherical")
    with refused("linearly dependent"):
        check_components(X[:, [0, 1, 0]], 2, "full")
    with refused("K = 81", "80 distinct patterns"):
        problem().from_responsibilities(np.full((1, 80, 81), 1 / 81))
    for value in (np.nan, -0.1):
        r = np.full((1, 80, 2), 0.5)
        r[0, 3, 1] = value
        with refused(str(value), "pattern 3", "component 1"):
            problem().from_responsibilities(r)


def test_priors_points_and_responsibilities_are_checked(refused):
    X = patterns()
    for scale in (np.eye(2), np.diag([1.0, 1.0, -1.0]), np.triu(np.ones((3, 3)))):
        with refused("(3, 3)", "positive definite"):
            GaussianMixtureProblem(X, prior=InverseWishart(3.0, scale))
    with refused("0.0", "positive"):
        GaussianMixtureProblem(X, prior=InverseWishart(0.0, np.eye(3)))
    with refused("31 coordinates", "10 for each component"):
        problem().evaluate(np.zeros((1, 31)))
    with refused("5 coordinates", "4 for each component and 6 for all"):
        problem("tied").evaluate(np.zeros((1, 5)))
    with refused("(2, 5, 3)", "(runs, 80, components)"):
        problem().from_responsibilities(np.ones((2, 5, 3)))
    weights, means = np.full((2, 3), 1 / 3), np.zeros((2, 3, 3))
    with refused("factors", "(2, 3, 3)", "(2, 3, 3, 3)"):
        problem().pack(Mixture(weights, means, np.ones((2, 3, 3))))
    with refused("means", "(2, 3, 2)", "(2, 3, 3)"):
        problem().pack(Mixture(weights, means[..., :2], np.ones((2, 3, 3, 3))))
    with refused("not positive"):
        problem("spherical").pack(Mixture(weights, means, np.zeros((2, 3, 1))))
