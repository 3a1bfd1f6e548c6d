"""Optimizers that need an evaluation alone, on a problem that none of them was written for."""

import math

import numpy as np
import pytest
from toy import Logistic

from kmeans_convergence.core import RelativeGap, Stop, minimize
from kmeans_convergence.experiments.contenders import CONTENDERS, SHIPPED
from kmeans_convergence.optimizers import GradientDescent, MajorizeMinimize, Rate, Switch
from kmeans_convergence.optimizers.accelerated import Anderson
from kmeans_convergence.optimizers.quasi_newton import LBFGS

BUDGET = 400


def shipped(key):
    settings = CONTENDERS[key].settings
    return CONTENDERS[key].optimizer(BUDGET, math.nan if settings is None else math.sqrt(math.prod(settings)))


GENERAL = {key: shipped(key) for key in SHIPPED if not shipped(key).needs} | {
    "fixed gradient": GradientDescent(Rate(0.1, decays=False)),
    "alternation, then L-BFGS": Switch(MajorizeMinimize(), 3, LBFGS(float(BUDGET))),
}
STARTS = 2 * np.random.default_rng(0).normal(size=(6, 3))
# The cost is positive, crosses zero on the way, or is negative from the start.
SIGNS = {"positive": 0.0, "crosses zero": 61.0, "negative": 100.0}


def test_there_are_many_of_them():
    # all that follow gradients, and all that extrapolate the alternation, but for what needs clusters
    assert len(GENERAL) == 20


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("key", GENERAL)
def test_ends_at_the_known_minimum_whatever_the_sign_of_the_cost(key, sign):
    problem = Logistic(less=SIGNS[sign])
    trace = minimize(problem, GENERAL[key], STARTS, passes=float(BUDGET))
    if sign == "crosses zero":
        assert (trace.cost[0] > 0).all()
        assert (trace.cost[-1] < 0).all()
    # Adam's last steps are short because its budget ends, and not because it has arrived
    arrived = 1e-9 if key == "adam" else 1e-14
    assert np.abs(problem.gap.of(trace.cost[-1], problem.least)).max() < arrived
    np.testing.assert_allclose(trace.w, np.tile(problem.minimum, (6, 1)), atol=1e-4 if key == "adam" else 1e-6)
    assert key == "adam" or set(trace.stop) == {Stop.FIXED_POINT}
    assert not trace.diverged.any()


@pytest.mark.parametrize("key", GENERAL)
def test_a_constant_in_the_cost_changes_no_iterate(key):
    plain, moved = (minimize(Logistic(less), GENERAL[key], STARTS, epochs=8) for less in (0.0, 61.0))
    np.testing.assert_allclose(moved.w, plain.w, rtol=1e-9)
    np.testing.assert_allclose(moved.cost + 61, plain.cost, rtol=1e-12)


def test_a_relative_scale_would_not_stop_where_the_cost_is_negative():
    # this is what the scale of the problem is for
    class Relative(Logistic):
        gap = RelativeGap()

    runs = {
        gap: minimize(problem, MajorizeMinimize(), STARTS, passes=60.0).passes[-1]
        for gap, problem in (("relative", Relative(100.0)), ("absolute", Logistic(100.0)))
    }
    assert (runs["relative"] > runs["absolute"]).all()


@pytest.mark.parametrize("key", GENERAL)
def test_without_a_budget_every_run_ends(key):
    # Adam's schedule is a budget of its own
    trace = minimize(Logistic(61.0), GENERAL[key], STARTS, passes=math.inf)
    assert set(trace.stop) <= {Stop.FIXED_POINT, Stop.STALLED}
    assert np.abs(Logistic(61.0).gap.of(trace.cost[-1], Logistic(61.0).least)).max() < 1e-9


def test_extrapolations_need_fewer_passes_where_the_majoriser_is_loose():
    # frequencies near 0 have a curvature far below a quarter: the alternation is slow, and its extrapolation is not
    class Rare(Logistic):
        successes = np.array([0.4, 0.2, 0.5])

    problem = Rare()
    starts = problem.minimum + 0.3 * STARTS
    passes = {}
    for key, optimizer in (("alternation", MajorizeMinimize()), ("anderson", Anderson()), ("lbfgs", LBFGS(2000.0))):
        trace = minimize(problem, optimizer, starts, passes=2000.0)
        near = problem.gap.of(trace.cost, problem.least) < 1e-9
        assert near[-1].all(), key
        passes[key] = trace.passes[near.argmax(axis=0), np.arange(6)]
    assert (passes["anderson"] < 0.5 * passes["alternation"]).all()
    assert (passes["lbfgs"] < 0.5 * passes["alternation"]).all()
