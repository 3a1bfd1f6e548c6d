"""K subspaces on the loop: against principal components, all owners and the slow oracle, and what is refused."""

from itertools import product

import numpy as np
import pytest
from sklearn.decomposition import PCA

from kmeans_convergence.core import minimize
from kmeans_convergence.optimizers import MajorizeMinimize, Rate
from kmeans_convergence.optimizers.accelerated import Anderson
from kmeans_convergence.optimizers.batch import NaturalGradient
from kmeans_convergence.optimizers.minibatch import MiniBatchCurvature, OnlineEM
from kmeans_convergence.optimizers.newton import NewtonRaphson
from kmeans_convergence.optimizers.quasi_newton import LBFGS
from kmeans_convergence.problems.subspaces import SubspacesProblem
from kmeans_convergence.starts import streams
from kmeans_convergence.theory.alternations.alternation import alternate, newton, value
from kmeans_convergence.theory.alternations.owners import Lines

RNG = np.random.default_rng(3)
N, D, K, Q = 120, 5, 3, 2
BASES = np.linalg.qr(RNG.normal(size=(K, D, Q)))[0]
X = np.einsum("ijq,iq->ij", BASES[np.arange(N) % K], RNG.normal(size=(N, Q))) + 0.2 * RNG.normal(size=(N, D))
PROBLEM = SubspacesProblem(X, K, Q)
STARTS = PROBLEM.draw(streams(1, "planes", K, range(6), "starts"))


def projections(U):
    return U @ np.linalg.pinv(U)


def test_given_the_owners_it_takes_principal_components():
    here = PROBLEM.evaluate(PROBLEM.pack(STARTS))
    images = PROBLEM.unpack(here.image)
    for r in range(len(STARTS)):
        cost = 0.0
        for k in range(K):
            mine = X[here.owners[r] == k]
            # about the origin: with each pattern its mirror image
            axes = PCA(Q).fit(np.concatenate([mine, -mine])).components_.T
            np.testing.assert_allclose(projections(images[r, k]), projections(axes), atol=1e-9)
            cost += 0.5 * ((mine - mine @ projections(STARTS[r, k])) ** 2).sum()
        np.testing.assert_allclose(here.cost[r], cost, rtol=1e-12)
    np.testing.assert_allclose(images.swapaxes(2, 3) @ images, np.broadcast_to(np.eye(Q), (6, K, Q, Q)), atol=1e-12)


def test_owners_are_the_best_of_all():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        Z, U = rng.normal(size=(6, 3)), rng.normal(size=(1, 2, 3, 1))
        squares = [0.5 * ((Z - Z @ projections(U[0, k])) ** 2).sum(axis=1) for k in range(2)]
        least = min(sum(squares[k][i] for i, k in enumerate(z)) for z in product(range(2), repeat=6))
        np.testing.assert_allclose(SubspacesProblem(Z, 2, 1).evaluate(U.reshape(1, 6)).cost, least, rtol=1e-12)


def test_no_partition_of_a_tiny_case_is_better_than_where_the_best_run_ends():
    Z = np.random.default_rng(7).normal(size=(8, 3))
    problem = SubspacesProblem(Z, 2, 1)
    starts = problem.draw(streams(1, "tiny", 2, range(200), "starts"))
    least = minimize(problem, MajorizeMinimize(), starts, passes=100.0).cost[-1].min()
    costs = []
    for z in product(range(2), repeat=8):
        groups = [Z[np.array(z) == k] for k in range(2)]
        costs.append(0.5 * sum((group**2).sum() - np.linalg.norm(group, 2) ** 2 for group in groups if len(group)))
    assert least == pytest.approx(min(costs), rel=1e-10)


def test_lines_in_the_plane_are_those_of_the_slow_oracle():
    Z = RNG.normal(size=(40, 2)) @ np.array([[2.0, 0.3], [0.0, 0.7]])
    slow, problem = Lines(Z, 2), SubspacesProblem(Z, 2, 1)
    angles = RNG.uniform(0, np.pi, size=(5, 2))
    here = problem.evaluate(np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(5, 4))
    # by an angle the basis turns at a right angle to itself
    turn = np.stack([-np.sin(angles), np.cos(angles)], axis=2)
    step = (NewtonRaphson().step(here, 1) - here.x).reshape(5, 2, 2)
    for r, w in enumerate(angles):
        z = slow.choose(w)
        np.testing.assert_array_equal(here.owners[r], z)
        np.testing.assert_allclose(here.cost[r], value(slow, w), rtol=1e-12)
        np.testing.assert_allclose(
            (here.gradient[r].reshape(2, 2) * turn[r]).sum(axis=1), slow.gradient(z, w), atol=1e-10
        )
        axes, best = here.image[r].reshape(2, 2), alternate(slow, w)
        np.testing.assert_allclose(np.abs(np.cos(best) * axes[:, 0] + np.sin(best) * axes[:, 1]), 1, rtol=1e-12)
        # a step by t to the side is Newton's in the tangent of the angle, which is that in the angle to first order
        np.testing.assert_allclose((step[r] * turn[r]).sum(axis=1), newton(slow, w) - w, rtol=1e-8)


def test_the_cost_depends_on_what_the_bases_span():
    mixed = STARTS @ np.array([[2.0, 1.0], [0.5, -1.0]])
    one, other = (PROBLEM.evaluate(PROBLEM.pack(U)) for U in (STARTS, mixed))
    np.testing.assert_allclose(other.cost, one.cost, rtol=1e-12)
    np.testing.assert_allclose(
        projections(PROBLEM.unpack(other.image)), projections(PROBLEM.unpack(one.image)), atol=1e-9
    )
    np.testing.assert_allclose(other.promised_decrease, one.promised_decrease, rtol=1e-9)


def test_the_hessian_is_that_along_directions_that_move_the_subspaces():
    x = PROBLEM.pack(STARTS[:1] @ np.array([[2.0, 1.0], [0.5, -1.0]]))
    here, h = PROBLEM.evaluate(x), 1e-5
    U = PROBLEM.unpack(x)[0]
    away = [np.eye(D) - projections(U[k]) for k in range(K)]
    directions = np.random.default_rng(0).normal(size=(4, K, D, Q))
    flats = np.stack([np.stack([away[k] @ v[k] for k in range(K)]) for v in directions]).reshape(4, -1)
    for v in flats:
        slopes = [PROBLEM.evaluate(x + side * h * v).gradient[0] for side in (1, -1)]
        second = (slopes[0] - slopes[1]) / (2 * h)
        for u in flats:
            assert u @ here.hessian[0] @ v == pytest.approx(u @ second, rel=1e-4, abs=1e-4)
    turning = np.stack([U[k] @ np.ones((Q, Q)) for k in range(K)]).ravel()
    np.testing.assert_allclose(here.hessian[0] @ turning, 0, atol=1e-10)


def test_the_slower_alternation_is_subspace_iteration():
    here = PROBLEM.evaluate(PROBLEM.pack(STARTS))
    step = PROBLEM.unpack(NaturalGradient().step(here, 1))
    np.testing.assert_allclose(projections(step), projections(here.moments @ STARTS), atol=1e-9)


def test_newtons_method_does_not_make_the_same_run():
    here = PROBLEM.evaluate(PROBLEM.pack(STARTS))
    step = PROBLEM.unpack(NewtonRaphson().step(here, 1))
    assert (np.abs(projections(step) - projections(PROBLEM.unpack(here.image))).max(axis=(1, 2, 3)) > 0.01).all()


def test_few_patterns_leave_the_rest_of_a_subspace_as_it_is():
    Z = np.array(
        [[1.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.1], [0.0, 1.0, -1.0, 0.0], [0.0, 2.0, 0.5, 0.1]]
    )
    problem = SubspacesProblem(Z, 2, 2)
    first = np.linalg.qr(np.array([[1.0, 0.0], [0.2, 0.0], [0.0, 0.0], [0.0, 1.0]]))[0]
    second = np.eye(4)[:, 1:3]
    here = problem.evaluate(problem.pack(np.stack([first, second])[None]))
    np.testing.assert_array_equal(here.owners[0], [0, 0, 1, 1, 1])
    image = problem.unpack(here.image)[0, 0]
    np.testing.assert_allclose(projections(image), np.diag([1.0, 0, 0, 1]), atol=1e-8)
    assert here.promised_decrease[0] == pytest.approx(here.cost[0] - problem.evaluate(here.image).cost[0], rel=1e-6)


def test_batches_add_up_to_all_patterns():
    x = PROBLEM.pack(STARTS)
    order = np.stack([np.random.default_rng(r).permutation(N) for r in range(len(x))])
    whole, (one, other) = (
        PROBLEM.evaluate(x),
        (PROBLEM.evaluate_rows(x, rows) for rows in np.split(order, [40], axis=1)),
    )
    np.testing.assert_allclose(one.cost + other.cost, whole.cost, rtol=1e-12)
    np.testing.assert_allclose(one.gradient + other.gradient, whole.gradient, atol=1e-10)
    np.testing.assert_allclose(one.damped_image(1.0), one.image, atol=1e-12)
    assert np.abs(one.damped_image(1e-6) - x).max() < 1e-4
    np.testing.assert_array_equal(PROBLEM.nothing_seen(x, order).image, x)


@pytest.mark.parametrize(
    "optimizer",
    [MiniBatchCurvature(Rate(0.3), 16), OnlineEM(parts=16), Anderson(), LBFGS(30.0), NewtonRaphson()],
    ids=lambda optimizer: type(optimizer).__name__,
)
def test_general_optimizers_run_unchanged(optimizer):
    trace = minimize(PROBLEM, optimizer, STARTS, passes=30.0, rngs=streams(1, "planes", K, range(6), "order"))
    assert np.isfinite(trace.cost).all()
    if not isinstance(optimizer, NewtonRaphson):
        assert (trace.cost[-1] < trace.cost[0]).all()


def test_a_run_that_diverges_ends():
    trace = minimize(
        PROBLEM, MiniBatchCurvature(Rate(1e300), 16), STARTS, passes=5.0, rngs=streams(1, "x", K, range(6), "o")
    )
    assert all(stop.name in ("DIVERGED", "BUDGET") for stop in trace.stop)


def test_what_cannot_be_spanned_is_refused(refused):
    with refused("dimension 5", "1 to 4", "5 features"):
        SubspacesProblem(X, 2, 5)
    with refused("3 patterns", "2 subspaces of dimension 2", "at least 4"):
        SubspacesProblem(X[:3], 2, 2)
    with refused("bases", "(runs, 3, 5, 2)"):
        PROBLEM.pack(np.zeros((2, 3)))
    with refused("nan"):
        SubspacesProblem(np.where(X[0, 0] == X, np.nan, X), 2, 2)
