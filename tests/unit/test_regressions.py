"""Clusterwise regression on the loop: against least squares, all owners and the slow oracle, and what is refused."""

from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from kmeans_convergence.core import minimize
from kmeans_convergence.optimizers import MajorizeMinimize, Rate
from kmeans_convergence.optimizers.accelerated import Anderson
from kmeans_convergence.optimizers.batch import CurvatureGradient, best_rate
from kmeans_convergence.optimizers.minibatch import MiniBatchCurvature, OnlineEM
from kmeans_convergence.optimizers.newton import NewtonRaphson, SafeguardedNewton
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.problems.regression import RegressionProblem
from kmeans_convergence.starts import streams
from kmeans_convergence.theory.alternations.alternation import alternate, value
from kmeans_convergence.theory.alternations.owners import Regressions

RNG = np.random.default_rng(2)
N, K = 90, 3
X = np.stack([np.ones(N), RNG.normal(size=N), RNG.normal(size=N)], axis=1)
TRUE = np.array([[0.0, 1.0, 0.0], [3.0, -1.0, 1.0], [-3.0, 0.0, -2.0]])
Y = (X * TRUE[np.arange(N) % K]).sum(axis=1) + 0.3 * RNG.normal(size=N)
PROBLEM = RegressionProblem(X, Y, K)
STARTS = PROBLEM.draw(streams(1, "lines", K, range(6), "starts"))


def test_given_the_owners_it_is_least_squares():
    here = PROBLEM.evaluate(PROBLEM.pack(STARTS))
    for r in range(len(STARTS)):
        residual = 0.0
        for k in range(K):
            mine = here.owners[r] == k
            fit = LinearRegression(fit_intercept=False).fit(X[mine], Y[mine])
            np.testing.assert_allclose(PROBLEM.unpack(here.image)[r, k], fit.coef_, rtol=1e-9)
            residual += ((Y[mine] - X[mine] @ STARTS[r, k]) ** 2).sum() / 2
        np.testing.assert_allclose(here.cost[r], residual, rtol=1e-12)


def test_owners_are_the_best_of_all():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        A, y, w = rng.normal(size=(6, 2)), rng.normal(size=6), rng.normal(size=(1, 2, 2))
        costs = [0.5 * ((y - (A * w[0, list(z)]).sum(axis=1)) ** 2).sum() for z in product(range(2), repeat=6)]
        np.testing.assert_allclose(RegressionProblem(A, y, 2).evaluate(w.reshape(1, 4)).cost, min(costs), rtol=1e-13)


def test_no_partition_of_a_tiny_case_is_better_than_where_the_best_run_ends():
    rng = np.random.default_rng(5)
    A, y = np.stack([np.ones(8), rng.normal(size=8)], axis=1), rng.normal(size=8)
    problem = RegressionProblem(A, y, 2)
    starts = problem.draw(streams(1, "tiny", 2, range(200), "starts"))
    least = minimize(problem, MajorizeMinimize(), starts, passes=100.0).cost[-1].min()
    residuals = []
    for z in product(range(2), repeat=8):
        owners = np.array(z)
        fits = [np.linalg.lstsq(A[owners == k], y[owners == k])[0] for k in range(2)]
        residuals.append(0.5 * sum(((y - A @ fit)[owners == k] ** 2).sum() for k, fit in enumerate(fits)))
    assert least == pytest.approx(min(residuals), rel=1e-9)


def test_the_passes_are_those_of_the_slow_oracle():
    slow = Regressions(X, Y, K)
    here = PROBLEM.evaluate(PROBLEM.pack(STARTS))
    for r, w in enumerate(STARTS.reshape(len(STARTS), -1)):
        z = slow.choose(w)
        np.testing.assert_array_equal(here.owners[r], z)
        np.testing.assert_allclose(here.cost[r], value(slow, w), rtol=1e-13)
        np.testing.assert_allclose(here.gradient[r], slow.gradient(z, w), atol=1e-10)
        np.testing.assert_allclose(here.hessian[r], slow.hessian(z, w), atol=1e-11)
        np.testing.assert_allclose(here.image[r], alternate(slow, w), rtol=1e-9)


def test_newtons_method_makes_the_same_run():
    runs = [
        minimize(PROBLEM, each, STARTS, passes=60.0)
        for each in (MajorizeMinimize(), NewtonRaphson(), SafeguardedNewton())
    ]
    for other in runs[1:]:
        # the last pass tells that nothing moves any more, which rounding may do
        together = min(len(runs[0].cost), len(other.cost))
        np.testing.assert_allclose(other.cost[:together], runs[0].cost[:together], rtol=1e-9)
        np.testing.assert_allclose(other.cost[-1], runs[0].cost[-1], rtol=1e-12)


def test_the_alternation_feels_no_units_of_the_regressors_and_the_gradient_does():
    change = np.array([[1.0, 4.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 30.0]])
    other = RegressionProblem(X @ change, Y, K)
    moved = np.linalg.solve(change, STARTS.swapaxes(1, 2)).swapaxes(1, 2)
    costs = {
        optimizer: [
            minimize(problem, optimizer, w, passes=15.0).cost for problem, w in ((PROBLEM, STARTS), (other, moved))
        ]
        for optimizer in (MajorizeMinimize(), CurvatureGradient(best_rate))
    }
    (one, same), (first, second) = costs.values()
    np.testing.assert_allclose(same[-1], one[-1], rtol=1e-9)
    assert (second[-1] > 1.5 * first[-1]).all()


def test_a_group_that_does_not_determine_its_model_changes_its_predictions_least():
    A = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0], [1.0, 4.0]])
    y = np.array([0.0, 0.1, 0.0, 0.1, 9.0])
    problem = RegressionProblem(A, y, 2)
    here = problem.evaluate(np.array([[0.0, 0.0, 8.0, 0.0]]))
    np.testing.assert_array_equal(here.owners, [[0, 0, 0, 0, 1]])
    image = problem.unpack(here.image)[0, 1]
    np.testing.assert_allclose(A[4] @ image, 9)
    # among all lines through the pattern, the one with the least change over all rows
    slopes = np.linspace(-3, 3, 6001)
    changes = ((A @ np.stack([9 - 4 * slopes, slopes]) - 8) ** 2).sum(axis=0)
    assert image[1] == pytest.approx(slopes[changes.argmin()], abs=1e-3)
    # and in another unit it is the same line
    other = RegressionProblem(A * [1, 100], y, 2).evaluate(np.array([[0.0, 0.0, 8.0, 0.0]]))
    np.testing.assert_allclose(other.image[0, 2:] * [1, 100], image, rtol=1e-9)
    # a group without patterns stays
    far = problem.evaluate(np.array([[0.0, 0.0, 1e3, 0.0]]))
    np.testing.assert_array_equal(far.image[0, 2:], [1e3, 0])
    assert far.diagnostics(far)["empty"] == 1


def test_batches_add_up_to_all_rows():
    x = PROBLEM.pack(STARTS)
    order = np.stack([np.random.default_rng(r).permutation(N) for r in range(len(x))])
    whole, (one, other) = (
        PROBLEM.evaluate(x),
        (PROBLEM.evaluate_rows(x, rows) for rows in np.split(order, [40], axis=1)),
    )
    np.testing.assert_allclose(one.cost + other.cost, whole.cost, rtol=1e-12)
    np.testing.assert_allclose(one.gradient + other.gradient, whole.gradient, atol=1e-10)
    np.testing.assert_allclose(one.damped_image(1.0), one.image, rtol=1e-9)
    small = one.damped_image(1e-6) - x
    assert np.abs(small).max() < 1e-3
    assert ((small * one.gradient).sum(axis=1) < 0).all()
    np.testing.assert_array_equal(PROBLEM.nothing_seen(x, order).image, x)


@pytest.mark.parametrize(
    "optimizer",
    [MiniBatchCurvature(Rate(0.3), 16), OnlineEM(parts=16), Anderson(), LBFGS(30.0)],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_general_optimizers_run_unchanged(optimizer):
    trace = minimize(PROBLEM, optimizer, STARTS, passes=30.0, rngs=streams(1, "lines", K, range(6), "order"))
    assert (trace.cost[-1] < trace.cost[0]).all()


def test_a_perfect_fit_is_one():
    exact = (X * TRUE[np.arange(N) % K]).sum(axis=1)
    problem = RegressionProblem(X, exact, K)
    trace = minimize(problem, MajorizeMinimize(), np.array([TRUE + 0.01]), passes=50.0)
    assert problem.gap.of(trace.cost[-1], np.zeros(1)) < 1
    assert trace.stop[0].name == "FIXED_POINT"


def test_what_cannot_be_fitted_is_refused(refused):
    with refused("5 rows", "2 regressions of 3 coefficients", "at least 6"):
        RegressionProblem(X[:5], Y[:5], 2)
    with refused("3 regressors are collinear", "rank 2"):
        RegressionProblem(np.stack([X[:, 0], X[:, 1], X[:, 1] + X[:, 0]], axis=1), Y, 2)
    with refused("response", "(4,)", "(90,)"):
        RegressionProblem(X, np.zeros(4), 2)
    with refused("number of regressions is 0"):
        RegressionProblem(X, Y, 0)
    with refused("inf"):
        RegressionProblem(X, np.where(np.arange(N) == 3, np.inf, Y), 2)
    with refused("coefficients", "(runs, 3, 3)"):
        PROBLEM.pack(np.zeros((2, 3)))
