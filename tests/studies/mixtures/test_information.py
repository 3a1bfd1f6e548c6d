"""EM's rate in all parameters: against the derivative of its map, and measured."""

import numpy as np
import pytest

from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.problems import GaussianMixtureProblem
from kmeans_convergence.starts import streams
from kmeans_convergence.studies.mixtures.run import fits, rates
from kmeans_convergence.theory.information import alternation_rate

X, FEATURES = iris()


def end_of(covariance, clusters=2):
    problem = GaussianMixtureProblem(X[:, :2], covariance)
    start = fits.starting(problem, clusters, "kmeans", streams(1, "iris", clusters, range(1), "starts")).mixtures
    limits = fits.polish(problem, start)
    assert limits.converged.all()
    return problem, problem.pack(limits.mixtures)


@pytest.mark.parametrize("covariance", fits.COVARIANCES)
def test_the_rate_is_the_spectral_radius_of_em(covariance):
    problem, x = end_of(covariance)
    step = 1e-5
    moves = step * np.eye(x.shape[1])
    slopes = (problem.evaluate(x + moves).image - problem.evaluate(x - moves).image) / (2 * step)
    # EM does not see a number that is added to all logits, and keeps it
    eigenvalues = np.sort(np.linalg.eigvals(slopes).real)
    assert eigenvalues[-1] == pytest.approx(1, abs=1e-6)
    assert 0.1 < eigenvalues[-2] < 0.9999
    assert alternation_rate(problem, x) == pytest.approx(eigenvalues[-2], abs=1e-5)


def test_a_saddle_has_a_rate_above_one():
    # both components are all patterns; as their tails are long, EM leaves when one has become wider than the other
    problem = GaussianMixtureProblem(np.concatenate([X, X[:12] + 40]))
    shares = np.full((1, problem.size, 2), 0.5)
    x = problem.pack(problem.from_responsibilities(shares))
    assert np.abs(problem.evaluate(x).image - x).max() < 1e-8
    assert alternation_rate(problem, x) > 1


@pytest.mark.parametrize("covariance", fits.COVARIANCES)
def test_measured_rates_are_predicted_ones(covariance):
    fit = fits.Fit(Dataset("iris", X[:, :2], FEATURES[:2], "mm", clusters=(2,)), covariance, 2)
    table = rates.in_all_parameters(fit, 1)
    (row,) = table.itertuples()
    assert not row.degenerate
    assert row.parameters == {"full": 12, "diagonal": 10, "tied": 9, "spherical": 8}[covariance]
    assert 0 < row.predicted < 1
    assert row.measured == pytest.approx(row.predicted, abs=2e-3)
