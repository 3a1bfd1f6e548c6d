"""The rate of EM against the information that assignments hide, and its limit of small variances."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.problems import MixtureProblem
from kmeans_convergence.studies.mixtures.run.rates import by_deviation, follow, on_dataset
from kmeans_convergence.studies.mixtures.show.rates import limit, numbers, predicted
from kmeans_convergence.theory import equations
from kmeans_convergence.theory.information import complete, em_rate, hidden
from kmeans_convergence.theory.theorems.population import DENSITIES, hessian_on_line


def slopes_of_em(X, w, step=1e-5):
    """Differences of EM's map: one column for each coordinate that moves."""
    moves = step * np.eye(w.size).reshape(-1, *w.shape)
    ahead, behind = (MixtureProblem(X).evaluate(w + sign * moves).means for sign in (1, -1))
    return ((ahead - behind) / (2 * step)).reshape(w.size, w.size).T


def test_the_rate_is_that_of_the_map_at_its_fixed_point():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(80, 2)) + 2.5 * rng.integers(3, size=(80, 1))
    w = X[:3]
    for _ in range(3000):
        w = MixtureProblem(X).evaluate(w[None]).means[0]
    slopes = slopes_of_em(X, w)
    np.testing.assert_allclose(np.linalg.solve(complete(X, w), hidden(X, w)), slopes, atol=1e-7)
    assert em_rate(X, w) == pytest.approx(max(abs(np.linalg.eigvals(slopes))), abs=1e-7)


def test_hidden_information_is_a_covariance_of_scores():
    X, w = np.random.default_rng(3).normal(size=(2, 4, 2))
    found = np.zeros((8, 8))
    for x, r in zip(X, equations.responsibilities(X, w), strict=True):
        # the score if component k were known: x - w_k in block k
        scores = np.array([np.kron(unit, x - w_k) for unit, w_k in zip(np.eye(4), w, strict=True)])
        found += scores.T @ (np.diag(r) - np.outer(r, r)) @ scores
    np.testing.assert_allclose(hidden(X, w), found, atol=1e-12)


@pytest.mark.parametrize("separation", [1.0, 2.0, 4.0])
def test_two_clusters_on_a_line_by_hand(separation):
    half = separation / 2

    def doubt(x):
        # of N(-half, 1) and N(half, 1) at x: density times r_1 r_2
        density = (norm.pdf(x, -half) + norm.pdf(x, half)) / 2
        odds = 1 / (1 + np.exp(-separation * x))
        return density * odds * (1 - odds)

    # means that move together see (x - w_1) - (x - w_2), those that move apart (x - w_1) + (x - w_2)
    together = separation**2 * quad(doubt, -20, 20)[0]
    apart = quad(lambda x: (2 * x) ** 2 * doubt(x), -20, 20)[0]
    # the population by its quantiles
    below = norm.ppf((np.arange(20_000) + 0.5) / 20_000)
    X = np.concatenate([below - half, below + half])[:, None]
    assert em_rate(X, np.array([[-half], [half]])) == pytest.approx(max(together, apart), abs=1e-3)


def test_hidden_information_becomes_the_face_terms():
    uniform, w = DENSITIES[0], np.array([0.2, 0.45, 0.8])
    mass, _ = uniform.moments(w)
    faces = np.diag(mass) - hessian_on_line(w, mass, uniform.p)
    n = 200_000
    X = ((np.arange(n) + 0.5) / n)[:, None]
    errors = []
    for sigma in (0.04, 0.02, 0.01):
        found = hidden(X / sigma, w[:, None] / sigma) / n
        errors.append(abs(found - faces).max())
    assert errors[-1] < 0.005
    # the band around a face is symmetric, so that the error is of the second order
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


def test_a_sample_hides_nothing_at_last_and_a_large_one_what_the_population_does():
    table = by_deviation(5, {100: 5, 10_000: 3}).set_index(["n", "deviation"])["rate"]
    small, large = table[100], table[10_000]
    assert small.loc[0.01] < 1e-6
    assert large.loc[0.001] < 1e-6
    # 100 patterns are too few where 10,000 are many: Lloyd's 3/4 on the uniform density
    assert small.loc[0.0399] < 0.3
    assert large.loc[0.1] == pytest.approx(0.75, abs=0.05)


def test_measured_rates_are_predicted_ones():
    X, features = iris()
    table = on_dataset(Dataset("iris", X, features, "mm", kind="real", clusters=(3,)), 1)
    np.testing.assert_allclose(table["measured"], table["predicted"], atol=1e-3)
    # far apart: at its end after two steps
    assert np.isnan(follow(np.array([[0.0], [1.0], [99.0], [100.0]]), np.array([[1.0], [98.0]]))[1])


def test_the_figures():
    separations = pd.DataFrame(
        {"clusters": 2, "features": 1, "separation": [1.0, 2.0], "predicted": [0.6, 0.4], "measured": [0.6, np.nan]}
    )
    datasets = pd.DataFrame({"dataset": "a", "share": [1.0, 0.5], "predicted": [0.2, 0.3], "measured": [0.2, 0.31]})
    parameters = pd.DataFrame({"covariance": ["full", "tied"], "predicted": [0.2, 0.3], "measured": [0.2, 0.31]})
    left, middle, right = predicted(separations, datasets, parameters).axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["K = 2, d = 1", "predicted"]
    assert [len(axes.lines) for axes in (middle, right)] == [3, 5]
    deviations = pd.DataFrame(
        {"n": [100, 1000], "deviation": 0.1, "patterns": [0.3, 3.0], "rate": 0.5, "low": 0.4, "high": 0.6}
    )
    for axes in limit(deviations).axes:
        assert axes.get_xscale() == "log"
        assert axes.lines[-1].get_ydata()[0] == pytest.approx(0.75)


def test_numbers_of_the_prose_by_hand():
    rates = pd.DataFrame({"dataset": ["a", "a", "b"], "predicted": [0.5, 0.25, 0.75], "measured": [0.5, None, 0.74]})
    values = numbers(rates)
    assert (values["emSets"], values["emRuns"], values["emUnmeasured"]) == ("2", "3", "1")
    assert (values["emErrorLargest"], values["emFastest"], values["emSlowest"]) == ("0.010", "0.50", "0.750")
