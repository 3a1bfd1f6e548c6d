"""Momentum and spectral steps of the plain gradient, against closed forms on fixed assignments."""

import numpy as np
import pytest

from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.optimizers.batch import MeanRate, stable_rate
from kmeans_convergence.optimizers.momentum import (
    BarzilaiBorwein,
    HeavyBallGradient,
    NesterovGradient,
    PolyaksMomentum,
    polyaks,
)
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams

X, _ = iris()
PROBLEM = QuantizationProblem(X)
STARTS = draw(X, 6, streams(1, "iris", 6, range(30), "test"))
METHODS = {
    "nesterov": NesterovGradient(),
    "heavy ball": HeavyBallGradient(),
    "heavy ball, 1/N_max": HeavyBallGradient(PolyaksMomentum(stable_rate)),
    "barzilai-borwein": BarzilaiBorwein(),
}


def clusters(*counts):
    """Patterns in tight places far from each other: the cost is a quadratic with the counts as curvatures."""
    places = 1e4 * np.arange(len(counts))
    return QuantizationProblem(np.repeat(places, counts)[:, None]), places


def offsets(problem, places, optimizer, start, epochs):
    """The distances of the prototypes from the minimum after each epoch, shape (epochs, K)."""
    w = (places + start)[None, :, None]
    return np.array([minimize(problem, optimizer, w, epochs=t).w[0, :, 0] - places for t in range(1, epochs + 1)])


def test_nesterov_by_hand():
    # N = 1 and 4, rate 1/4: the first component contracts by 3/4 each step, the second lands
    problem, places = clusters(1, 4)
    theta, w, y = [1.0, 1.6180339887, 2.1935270853], [1.0], 1.0
    for t in range(3):
        w.append(0.75 * y)
        if t < 2:
            y = w[-1] + (theta[t] - 1) / theta[t + 1] * (w[-1] - w[-2])
    found = offsets(problem, places, NesterovGradient(), np.array([1.0, 1.0]), 3)
    np.testing.assert_allclose(found[:, 0], w[1:], rtol=1e-7)
    np.testing.assert_allclose(found[:, 1], 0, atol=1e-11)


def test_nesterov_keeps_its_bound():
    # Nesterov (1983): E(w_t) - E* <= 2 L |w_0 - w*|² / (t + 1)²
    problem, places = clusters(1, 60, 3000)
    start = np.array([30.0, 5.0, 0.5])
    cost = minimize(problem, NesterovGradient(), (places + start)[None, :, None], epochs=150).cost[:, 0]
    t = np.arange(1, 151)
    assert (cost[1:] <= 2 * 3000 * (start**2).sum() / (t + 1) ** 2).all()


def test_nesterov_forgets_its_momentum_where_it_points_uphill():
    # curvatures 1 and 400, the second at rest: one component that contracts by 1 - 1/400, swings, and is caught
    problem, places = clusters(1, 400)
    w, y, theta, restarts, path = 1.0, 1.0, 1.0, 0, []
    for _ in range(300):
        gradient, before = y, w
        w = y - gradient / 400
        if gradient * (w - before) > 0:
            theta, restarts = 1.0, restarts + 1
        following = (1 + np.sqrt(1 + 4 * theta * theta)) / 2
        y = w + (theta - 1) / following * (w - before)
        theta = following
        path.append(w)
    assert 1 <= restarts <= 10
    found = offsets(problem, places, NesterovGradient(), np.array([1.0, 0.0]), 300)
    np.testing.assert_allclose(found[:, 0], path, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("counts", [(1, 4), (2, 9, 50), (1, 30, 400)])
def test_polyaks_constants_contract_as_he_says(counts):
    # both extreme components have a double root: |offset| ~ (a + b t) sqrt(beta)^t
    problem, places = clusters(*counts)
    start = np.ones(len(counts))
    rate, momentum = polyaks(problem.evaluate((places + start)[None, :, None]))
    kappa = counts[-1] / counts[0]
    factor = (np.sqrt(kappa) - 1) / (np.sqrt(kappa) + 1)
    assert momentum[0] == pytest.approx(factor**2)
    assert rate[0] * counts[0] == pytest.approx((1 - factor) ** 2)
    # w_{t+1} = (1 + beta - rate N) w_t - beta w_{t-1}, from w_0 = w_{-1}
    found = offsets(problem, places, HeavyBallGradient(), start, 20)
    for k, count in enumerate(counts):
        before = here = 1.0
        for t in range(20):
            before, here = here, (1 + momentum[0] - rate[0] * count) * here - momentum[0] * before
            assert found[t, k] == pytest.approx(here, rel=1e-6, abs=1e-9)
    # the closed form of the smallest curvature: a double root at the factor
    t = np.arange(1, 21)
    np.testing.assert_allclose(found[:, 0], (1 + t * (1 - factor)) * factor**t, rtol=1e-6, atol=1e-9)


def test_heavy_ball_with_a_given_rate():
    # rate 0.2 of the mean count 5/2: 0.08; curvatures 1 and 4: momentum ((2 - 1) / (2 + 1))²
    problem, places = clusters(1, 4)
    found = offsets(problem, places, HeavyBallGradient(PolyaksMomentum(MeanRate(0.2))), np.array([1.0, -2.0]), 2)
    first = np.array([0.92, -2 * 0.68])
    second = first * [0.92, 0.68] + 1 / 9 * (first - [1, -2])
    np.testing.assert_allclose(found, [first, second], rtol=1e-9)


def test_barzilai_borwein_by_hand():
    # N = 1 and 4, offsets 1 and 1: gradients (1, 4), the first rate 1/4, the step (-1/4, -1);
    # s.s = 17/16, s.y = 1/16 + 4: the second rate is 17/65, accepted
    problem, places = clusters(1, 4)
    found = offsets(problem, places, BarzilaiBorwein(), np.array([1.0, 1.0]), 3)
    np.testing.assert_allclose(found[0], [0.75, 0], atol=1e-11)
    np.testing.assert_allclose(found[1], [0.75 * (1 - 17 / 65), 0], atol=1e-9)
    # now only the first moved: its curvature is known, and the third step lands
    np.testing.assert_allclose(found[2], [0, 0], atol=1e-9)


def test_barzilai_borwein_is_superlinear_on_two_curvatures():
    # R-superlinear in two dimensions (Barzilai and Borwein 1988): where the best rate contracts by 99/101
    problem, places = clusters(1, 100)
    found = offsets(problem, places, BarzilaiBorwein(), np.array([1.0, 0.3]), 12)
    assert np.abs(found[-1]).max() < 1e-6


def test_barzilai_borwein_may_rise_but_not_above_its_last_ten():
    trace = minimize(PROBLEM, BarzilaiBorwein(), STARTS, epochs=60)
    cost = trace.cost
    assert (np.diff(cost, axis=0) > 1e-9 * cost[:-1]).any()
    for t in range(1, len(cost)):
        assert (cost[t] <= cost[max(0, t - 10) : t].max(axis=0) * (1 + 1e-12)).all()
    # its trials are charged: one for each step, and more where one was refused
    assert (np.diff(trace.passes, axis=0) >= 1)[1:].all()
    assert (np.diff(trace.passes, axis=0) > 1)[1:].any()


def test_a_monotone_search_is_a_special_case():
    cost = minimize(PROBLEM, BarzilaiBorwein(memory=1), STARTS, epochs=60).cost
    assert (np.diff(cost, axis=0) <= 1e-12 * cost[:-1]).all()


@pytest.mark.parametrize("name", METHODS)
def test_ends_at_a_fixed_point_of_batch_kmeans(name):
    trace = minimize(PROBLEM, METHODS[name], STARTS, passes=2000.0)
    end = minimize(PROBLEM, MajorizeMinimize(), trace.w, passes=100.0)
    np.testing.assert_allclose(end.cost[-1], trace.cost[-1], rtol=1e-9)


@pytest.mark.parametrize("name", METHODS)
def test_moves_with_the_data_and_scales_with_it(name):
    shift = np.array([64.0, -32.0, 16.0, 8.0])
    plain = minimize(PROBLEM, METHODS[name], STARTS, epochs=5).w
    moved = minimize(QuantizationProblem(X + shift), METHODS[name], STARTS + shift, epochs=5).w
    larger = minimize(QuantizationProblem(4 * X), METHODS[name], 4 * STARTS, epochs=5).w
    np.testing.assert_allclose(moved - shift, plain, atol=1e-9)
    np.testing.assert_allclose(larger, 4 * plain, rtol=1e-12)


@pytest.mark.parametrize("name", METHODS)
def test_a_run_is_the_same_in_any_company(name):
    whole = minimize(PROBLEM, METHODS[name], STARTS, passes=40.0)
    part = minimize(PROBLEM, METHODS[name], STARTS[[17, 3, 4]], passes=40.0)
    np.testing.assert_array_equal(part.w, whole.w[[17, 3, 4]])
