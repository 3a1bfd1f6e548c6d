"""The rate of SMACOF from the Hessian, against differences of the Guttman transform and against its own steps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmeans_convergence.data.synthetic import uniform
from kmeans_convergence.optimizers import MajorizeMinimize
from kmeans_convergence.problems.stress import distances
from kmeans_convergence.studies.embeddings.run import rates
from kmeans_convergence.studies.embeddings.run.maps import ends
from kmeans_convergence.studies.embeddings.run.sets import ARMS, Embedded, problem_of
from kmeans_convergence.theory.rates import alternation_factors, critical_momentum

SOME = Embedded("some", "some", distances(uniform(np.random.default_rng(0), 18, 5)))


def end_of(problem):
    return problem.pack(ends(problem, MajorizeMinimize(), problem.classical().configuration[None])[0])[0]


@pytest.mark.parametrize("arm", ARMS)
def test_factors_are_those_of_the_guttman_transform(arm):
    problem = problem_of(SOME, arm)
    x = end_of(problem)
    step = 1e-5
    moves = step * np.eye(len(x))
    slopes = (problem.evaluate(x + moves).image - problem.evaluate(x - moves).image).T / (2 * step)
    expected = np.sort(np.linalg.eigvals(slopes).real)[::-1]
    found = alternation_factors(problem, x, rates.motions(arm.dimensions))
    # translations and rotations move the map as a whole
    np.testing.assert_allclose(expected[: rates.motions(arm.dimensions)], 1, atol=1e-6)
    np.testing.assert_allclose(found, expected[rates.motions(arm.dimensions) :], atol=1e-6)
    # and the transform does not see the scale
    assert np.abs(found).min() < 1e-9
    assert 0.5 < found[0] < 1


def test_of_a_triangle_by_hand():
    # the three distances fit, so that a pair resists along its connection alone: with unit weights the curvature of the
    # complete data is 2n = 6, that of the three ways in which the shape changes 6 (the size) and 3 (twice)
    problem = problem_of(Embedded("triangle", "", np.ones(3)), ARMS[0])
    triangle = np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]]).ravel()
    np.testing.assert_allclose(alternation_factors(problem, triangle, 3), [0.5, 0.5, 0], atol=1e-12)


@given(rate=st.floats(0, 0.9999), share=st.floats(0, 1))
def test_momentum_leaves_its_root_of_all_modes(rate, share):
    momentum = critical_momentum(rate)
    assert 0 <= momentum <= 1
    # an error e follows e' = (f + m) e - m e_before for a mode with the factor f
    roots = np.roots([1, -(share * rate + momentum), momentum])
    assert np.abs(roots).max() <= np.sqrt(momentum) + 1e-6


@pytest.fixture(scope="module", name="table")
def rates_of_a_set():
    return rates.rates([SOME], 1)


def test_measured_rates_are_the_predicted_ones(table):
    assert len(table) == 3 * 2 + 2
    assert (table["identity"] < 1e-12).all()
    wide = table.set_index(["objective", "dimensions", "optimizer"])
    error = (wide["predicted"] - wide["measured"]).abs().unstack()
    assert (error["smacof"] < 0.005).all()
    assert (error["relaxed"] < 0.02).all()
    assert (error["heavy_ball"].dropna() < 0.03).all()
    predicted = wide["predicted"].unstack()
    assert (predicted["heavy_ball"] < predicted["relaxed"])[predicted["heavy_ball"].notna()].all()
    assert (predicted["relaxed"] < predicted["smacof"]).all()


def test_methods_follow_from_the_factors():
    found = {key: rate for key, (_, rate) in rates.methods(np.array([0.96, 0.5, 0.04, 1e-12]), ARMS[0]).items()}
    # 0.04 is turned into -0.92
    assert found == pytest.approx({"smacof": 0.96, "relaxed": 0.92, "heavy_ball": 0.8})


def test_what_is_too_fast_or_too_slow_has_no_rate(monkeypatch):
    problem = problem_of(SOME, ARMS[0])
    x = end_of(problem)
    start = x[None] + 1e-3 * np.random.default_rng(0).normal(size=(1, len(x)))
    monkeypatch.setattr(rates, "MOST_STEPS", 5)
    assert np.isnan(rates.measured(problem, MajorizeMinimize(), start))
    monkeypatch.setattr(rates, "MOST_STEPS", 3000)
    assert not np.isnan(rates.measured(problem, MajorizeMinimize(), start))
    monkeypatch.setattr(rates, "LAST", 4000)
    assert np.isnan(rates.measured(problem, MajorizeMinimize(), start))
