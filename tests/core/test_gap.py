"""The scales on which costs are compared."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from kmeans_convergence.core import AbsoluteGap, RelativeGap
from kmeans_convergence.problems import MixtureProblem, QuantizationProblem

SCALES = {"relative": RelativeGap(), "absolute": AbsoluteGap(150.0)}
gaps = st.floats(0, 10).map(np.float64)
positive = st.floats(1e-3, 1e6).map(np.float64)
either = st.floats(-1e6, 1e6).map(np.float64)


def test_gaps_by_hand():
    cost, reference = np.array([110.0, 90.0, 100.0]), np.array([100.0, 100.0, 100.0])
    np.testing.assert_allclose(RelativeGap().of(cost, reference), [0.1, -0.1, 0])
    np.testing.assert_allclose(AbsoluteGap(5.0).of(cost, reference), [2, -2, 0])
    np.testing.assert_allclose(RelativeGap().level(reference, 0.25), 125)
    np.testing.assert_allclose(AbsoluteGap(5.0).level(reference, 0.25), 101.25)


@pytest.mark.parametrize("scale", SCALES)
@given(reference=positive, gap=gaps)
def test_a_level_lies_its_gap_above_its_reference(scale, reference, gap):
    scale = SCALES[scale]
    level = scale.level(reference, gap)
    assert level >= reference
    # the difference of two numbers of the size of the reference
    rounding = 4e-16 * max(reference, level) / scale.size(reference)
    assert abs(scale.of(level, reference) - gap) <= 4 * rounding
    # a gap of 1 is a difference of one size, where the cost is the reference
    assert scale.level(reference, 1.0) - reference == pytest.approx(scale.size(reference), rel=1e-9)


@given(cost=either, reference=either, by=either, gap=gaps)
def test_a_constant_changes_no_absolute_gap(cost, reference, by, gap):
    scale = AbsoluteGap(150.0)
    rounding = 1e-15 * (abs(cost) + abs(reference) + abs(by))
    assert abs(scale.of(cost + by, reference + by) - scale.of(cost, reference)) <= rounding
    assert abs(scale.level(reference + by, gap) - by - scale.level(reference, gap)) <= rounding + 1e-12
    assert scale.size(cost + by) == scale.size(cost) == 150


@given(cost=positive, reference=positive, unit=st.sampled_from([0.001, 2.0, 1e6]))
def test_a_unit_changes_no_relative_gap(cost, reference, unit):
    scale = RelativeGap()
    np.testing.assert_allclose(scale.of(unit**2 * cost, unit**2 * reference), scale.of(cost, reference), atol=1e-9)
    np.testing.assert_allclose(scale.size(unit**2 * cost), unit**2 * scale.size(cost))


def negative_log_likelihood(X, weights, means, deviations):
    """A mixture with learned weights, means and deviations on a line, by SciPy."""
    return -np.log((weights * norm(means, deviations).pdf(X[:, None])).sum(axis=1)).sum()


@given(unit=st.floats(1e-4, 1e4), seed=st.integers(0, 2**32 - 1))
def test_the_unit_of_the_data_changes_no_gap_of_a_mixture_with_learned_scales(unit, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=60) + 3 * rng.integers(2, size=60)
    starts = [(rng.dirichlet([2, 2]), rng.normal(size=2), rng.uniform(0.5, 2, 2)) for _ in range(2)]
    here, there = (negative_log_likelihood(X, *parameters) for parameters in starts)
    other = [
        negative_log_likelihood(unit * X, weights, unit * means, unit * deviations)
        for weights, means, deviations in starts
    ]
    gap = MixtureProblem(X[:, None]).gap
    np.testing.assert_allclose(gap.of(other[0], other[1]), gap.of(here, there), atol=1e-11)


def test_each_problem_has_its_scale():
    X = np.random.default_rng(0).normal(size=(40, 2))
    assert QuantizationProblem(X).gap == RelativeGap()
    assert MixtureProblem(X).gap == AbsoluteGap(40)
    assert MixtureProblem(X).gap.unit == "nats per pattern"
