"""Bundled and synthetic sets: shape, repeated patterns and conditioning as published, structure as constructed."""

import socket

import numpy as np
import pytest
from scipy import stats

from kmeans_convergence.data import load, read_registry
from kmeans_convergence.data.bundled_images import Patches
from kmeans_convergence.data.summary import condition, describe
from kmeans_convergence.data.synthetic import (
    SEPARATIONS,
    correlated,
    hidden_markov,
    lines,
    mixture,
    subspaces,
    uniform,
)

# Patterns, features, distinct patterns and condition number (3 digits), from a survey of the three packages that was
# made with other code than this; the last two only where counting all patterns is quick.
SURVEY = {
    "iris": (150, 4, 149, 141),
    "iris_uci": (150, 4, 147, 141),
    "wine": (178, 13, 178, 45.5),
    "breast_cancer": (569, 30, 569, 9.98e4),
    "digits": (1797, 64, 1797, 146),
    "diabetes": (442, 10, 442, 470),
    "anes96": (944, 10, 943, 6.77),
    "fair": (6366, 9, 5327, 31.4),
    "randhie": (20190, 10, 9125, 5.38),
    "star98": (303, 22, 303, 2.4e5),
    "macrodata": (203, 12, 203, 9.62e4),
    "modechoice": (840, 6, 835, 107),
    "engel": (235, 2, 232, 21.5),
    "fertility": (192, 52, 192, 7.44e7),
    "sunspots": (309, 1, 256, 1),
    "co2": (2225, 1, 581, 1),
    "grunfeld": (220, 3, 220, 21.6),
    "interest_inflation": (107, 2, 107, 1.31),
    "lfw_subset": (200, 625, 200, np.inf),
    "china_px": (273280, 3, 96615, 231),
    "flower_px": (273280, 3, 62941, 51.5),
    "retina_px": (1990921, 3, 56506, 213),
    "hubble_px": (872000, 3, 61594, 104),
    "ihc_px": (262144, 3, 45100, 1.33e3),
    "astronaut_px": (262144, 3, 113382, 129),
    "motorcycle_px": (370500, 3, 151940, 135),
    "coffee_px": (240000, 3, 94478, 115),
    "camera_levels": (262144, 1, 256, 1),
    "china_patch8": (66570, 192),
    "texture_patch8": (1275125, 64),
    "retina_patch28": (119716, 784),
    "hubble_patch16": (94094, 256),
}


@pytest.fixture(scope="module")
def registry(root):
    return read_registry(root / "config" / "datasets.tsv")


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_):
        raise OSError("a bundled set asks for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("name", SURVEY)
def test_a_bundled_set_is_the_published_one_and_needs_no_network(registry, no_network, name):
    n, d, *counted = SURVEY[name]
    if counted:
        dataset = load(name, registry)
        row = describe(dataset)
        assert (row["n"], row["total"], row["d"], row["distinct"]) == (n, n, d, counted[0])
        assert row["condition"] == pytest.approx(counted[1], rel=5e-3)
        assert max(dataset.clusters) <= counted[0]
    else:
        dataset = load(name, registry, rows=500)
        assert (dataset.total, dataset.X.shape) == (n, (500, d))
    assert len(dataset.features) == len(set(dataset.features)) == d
    assert np.isfinite(dataset.X).all()


def test_the_survey_has_all_bundled_sets(registry):
    sources = registry.loc[registry["tier"] == "bundled", "source"]
    assert {f"bundled:{name}" for name in SURVEY} == set(sources)
    # larger samples of sets that are there already
    assert set(sources.index[sources.duplicated()]) == {"china_large", "retina_large"}


def test_labels_and_dates_are_no_features(registry):
    for name in ("anes96", "macrodata", "modechoice", "sunspots", "grunfeld", "interest_inflation"):
        features = {feature.lower() for feature in load(name, registry).features}
        assert not features & {"vote", "year", "quarter", "individual", "mode", "choice", "firm"}, name


def test_patches_are_the_windows_of_the_images():
    first, second = np.arange(30).reshape(5, 6), 100 + np.arange(12).reshape(3, 4)
    patches = Patches([first, second], 2, 2)
    # corners at rows 0, 2 and columns 0, 2, 4 of the first image, at row 0 and columns 0, 2 of the second
    assert len(patches) == 8
    np.testing.assert_array_equal(patches[np.array([5, 0, 6, 7])], [
        [16, 17, 22, 23], [0, 1, 6, 7], [100, 101, 104, 105], [102, 103, 106, 107],
    ])  # fmt: skip
    assert patches.features == ("row 1 column 1", "row 1 column 2", "row 2 column 1", "row 2 column 2")


def test_patches_in_colour_keep_the_colours_of_a_pixel_together():
    image = np.arange(27).reshape(3, 3, 3)
    patches = Patches([image], 2)
    assert len(patches) == 4
    np.testing.assert_array_equal(patches[np.array([3])], [[12, 13, 14, 15, 16, 17, 21, 22, 23, 24, 25, 26]])
    assert patches.features[:4] == ("row 1 column 1 red", "row 1 column 1 green", "row 1 column 1 blue",
                                    "row 1 column 2 red")  # fmt: skip


@pytest.mark.parametrize("dimension", [2, 8, 32])
@pytest.mark.parametrize("separation", SEPARATIONS.values())
def test_a_mixture_has_the_overlap_that_it_names(dimension, separation):
    n = 20_000
    X, centres, labels = mixture(np.random.default_rng(3), n, dimension, 2, separation)
    assert np.linalg.norm(centres[0] - centres[1]) == pytest.approx(separation)
    taken = (((X[:, np.newaxis] - centres) ** 2).sum(axis=2).argmin(axis=1) != labels).mean()
    error = stats.norm.cdf(-separation / 2)  # of the Bayes rule for two equal Gaussians
    assert abs(taken - error) < 4 * np.sqrt(error * (1 - error) / n) + 1 / n


def test_a_mixture_has_its_centres_weights_and_covariance():
    n, d, clusters = 30_000, 4, 10
    X, centres, labels = mixture(np.random.default_rng(4), n, d, clusters, 4.0)
    nearest = [sorted(np.linalg.norm(centre - centres, axis=1))[1] for centre in centres]
    assert np.mean(nearest) == pytest.approx(4.0)
    assert (abs(np.bincount(labels) - n / clusters) < 4.5 * np.sqrt(n / clusters)).all()
    residual = X - centres[labels]
    np.testing.assert_allclose(np.cov(residual.T), np.eye(d), atol=6 / np.sqrt(n))


def test_a_uniform_density_is_uniform():
    X = uniform(np.random.default_rng(5), 5000, 3)
    for column in X.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    assert condition(X) < 1.1


def test_a_correlated_gaussian_has_the_correlations_that_it_names():
    n, d, r = 20_000, 8, 0.9
    X = correlated(np.random.default_rng(6), n, d, r)
    expected = r ** abs(np.subtract.outer(np.arange(d), np.arange(d)))
    np.testing.assert_allclose(np.cov(X.T), expected, atol=6 / np.sqrt(n))
    eigenvalues = np.linalg.eigvalsh(expected)
    assert condition(X) == pytest.approx(eigenvalues[-1] / eigenvalues[0], rel=0.1)


def test_synthetic_sets_differ_and_stay(registry):
    names = registry.index[registry["source"].str.startswith("synthetic:")]
    sets = {name: load(name, registry) for name in names}
    assert len({data.X[0, 0] for data in sets.values()}) == len(names) == 13
    for name, data in sets.items():
        assert data.X.shape == (10_000, int(name.rpartition("_")[2]))
        np.testing.assert_array_equal(load(name, registry).X, data.X)


def test_the_condition_number_by_hand():
    a, b = np.array([1.0, 1, -1, -1]), np.array([1.0, -1, 1, -1])
    # correlation r of a with r a + s b, where s^2 = 1 - r^2: eigenvalues 1 + r and 1 - r
    X = np.column_stack([a, 0.6 * a + 0.8 * b])
    assert condition(X) == pytest.approx(1.6 / 0.4)
    assert condition(X * [1e5, 1e-5] + [3, -7]) == pytest.approx(4)
    assert condition(np.column_stack([X, np.full(4, 0.1)])) == pytest.approx(4)
    assert condition(np.column_stack([X, X.sum(axis=1)])) == np.inf
    assert condition(np.random.default_rng(0).normal(size=(5, 5))) == np.inf
    assert condition(np.ones((4, 2))) == 1


def test_a_hidden_chain_stays_in_its_states():
    x, paths = hidden_markov(np.random.default_rng(0), 200, 50, 3, 4.0, 0.9)
    assert x.shape == (200, 50, 1)
    stays = paths[:, 1:] == paths[:, :-1]
    assert stays.mean() == pytest.approx(0.9, abs=0.01)
    assert np.bincount(paths.ravel()) / paths.size == pytest.approx([1 / 3] * 3, abs=0.04)
    noise = x[..., 0] - 4.0 * paths
    assert (noise.mean(), noise.std()) == pytest.approx((0, 1), abs=0.02)


def test_lines_cross_over_the_mean_of_the_regressor():
    X, y = lines(np.random.default_rng(1), 5000, 1, 10.0, 0.1)
    np.testing.assert_array_equal(X[:, 0], 1)
    assert X[:, 1].mean() == pytest.approx(10, abs=0.05)
    # with one line, least squares leave the noise alone
    residual = y - X @ np.linalg.lstsq(X, y)[0]
    assert residual.std() == pytest.approx(0.1, rel=0.05)
    assert np.linalg.cond(X) > 50


def test_patterns_lie_around_subspaces():
    Z = subspaces(np.random.default_rng(2), 2000, 6, 1, 2, 0.1)
    values = np.linalg.svd(Z, compute_uv=False) / np.sqrt(2000)
    np.testing.assert_allclose(values, [1, 1, 0.1, 0.1, 0.1, 0.1], rtol=0.06)
