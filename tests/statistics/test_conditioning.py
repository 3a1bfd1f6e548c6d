"""Condition indices against published ones, the inverse of a correlation matrix, and what can be computed by hand."""

import math

import numpy as np
import pytest
from statsmodels.datasets import longley
from statsmodels.stats.outliers_influence import variance_inflation_factor

from kmeans_convergence.statistics.conditioning import condition_indices


def test_two_correlated_features_by_hand():
    # the correlation matrix has the eigenvalues 1 + r and 1 - r, here with r = 0.8
    t = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    found = condition_indices(t @ np.array([[1, 0.8], [0, 0.6]]) + [5, -7], centred=True)
    np.testing.assert_allclose(found.indices, [1, 3], rtol=1e-14)
    np.testing.assert_allclose(found.inflation, 1 / (1 - 0.64), rtol=1e-14)
    # (1 / 2) / (1 - r) of (1 / 2) (1 / (1 + r) + 1 / (1 - r))
    np.testing.assert_allclose(found.proportions, [[0.1, 0.1], [0.9, 0.9]], rtol=1e-13)
    assert found.involved.tolist() == [0, 1]


def test_the_published_indices_of_longleys_data():
    # as the package perturb for R prints them, by the function of Belsley, Kuh and Welsch
    found = condition_indices(longley.load_pandas().exog.to_numpy(float))
    np.testing.assert_allclose(found.indices, [1, 9.142, 12.256, 25.337, 230.424, 1048.080, 43275.047], atol=6e-4)
    np.testing.assert_allclose(found.proportions.sum(axis=0), 1)
    # the intercept and the year, and with them the product, the price index and the labour force
    assert {0, 6} <= set(found.involved)


def test_inflation_of_centred_features_is_the_variance_inflation_factor():
    X = np.random.default_rng(0).normal(size=(40, 4)) @ np.random.default_rng(1).normal(size=(4, 4)) + 3
    found = condition_indices(X, centred=True)
    design = np.column_stack([np.ones(len(X)), X])
    factors = [variance_inflation_factor(design, j) for j in range(1, 5)]
    np.testing.assert_allclose(found.inflation, factors, rtol=1e-10)
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(X.T))
    np.testing.assert_allclose(found.indices, np.sqrt(eigenvalues[-1] / eigenvalues[::-1]), rtol=1e-8)


@pytest.mark.parametrize("unit", [1e-200, 1e-3, 1e200])
def test_units_and_origins_of_features_do_not_matter(unit):
    X = np.random.default_rng(2).normal(size=(30, 3))
    expected = condition_indices(X, centred=True)
    found = condition_indices(X * [unit, 1, 7], centred=True)
    for name in ("indices", "proportions", "inflation"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9)
    np.testing.assert_allclose(condition_indices(X + 100, centred=True).indices, expected.indices, rtol=1e-9)


@pytest.mark.parametrize("rows", [3, 50])
def test_an_exact_dependency_has_an_infinite_index_and_names_its_columns(rows):
    X = np.random.default_rng(3).normal(size=(rows, 4))
    X[:, 3] = X[:, 0] - 2 * X[:, 1]
    found = condition_indices(X, centred=True)
    assert found.number == math.inf
    if rows > 4:
        assert found.involved.tolist() == [0, 1, 3]
        assert np.isfinite(found.indices[:-1]).all()


def test_features_without_a_length_are_refused(refused):
    X = np.ones((5, 2))
    X[:, 0] = range(5)
    with refused("Feature 1 is constant"):
        condition_indices(X, centred=True)
    with refused("Feature 1 is zero"):
        condition_indices(X * [1, 0])
