"""GaussianMixture against scikit-learn's, and what it adds to it."""

import pickle

import numpy as np
import pytest
from sklearn import mixture
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from kmeans_convergence.estimators import GaussianMixture
from kmeans_convergence.estimators.mixture import ALGORITHMS, COVARIANCES
from kmeans_convergence.starts import stream

IRIS, WINE = load_iris().data, scale(load_wine().data)[:, :5]
types = pytest.mark.parametrize("covariance_type", COVARIANCES)


def start(covariance_type, X=IRIS, clusters=3):
    """Return where both libraries begin, as their parameters."""
    rng = stream(1, "mixture", covariance_type)
    precision = 1 / X.var(axis=0)
    precisions = {
        "full": np.repeat(np.diag(precision)[None], clusters, axis=0),
        "tied": np.diag(precision),
        "diag": np.repeat(precision[None], clusters, axis=0),
        "spherical": np.repeat(precision.mean(), clusters),
    }
    means = X[rng.choice(len(X), clusters, replace=False)]
    weights = rng.dirichlet(np.full(clusters, 5.0))
    return {"weights_init": weights, "means_init": means, "precisions_init": precisions[covariance_type]}


@types
def test_plain_em_takes_the_steps_of_scikit_learn(covariance_type):
    common = start(covariance_type) | {"n_components": 3, "covariance_type": covariance_type, "tol": 0, "max_iter": 7}
    common |= {"reg_covar": 0.0}
    with pytest.warns(ConvergenceWarning, match="without having converged"):
        found = GaussianMixture(algorithm="em", **common).fit(IRIS)
    with pytest.warns(ConvergenceWarning):
        expected = mixture.GaussianMixture(**common).fit(IRIS)
    for name in ("weights_", "means_", "covariances_", "precisions_", "precisions_cholesky_"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-8, atol=1e-8, err_msg=name)
    assert found.n_iter_ == 7
    # they note the bound before a step, we the likelihood after it
    np.testing.assert_allclose(found.lower_bounds_[:-1], expected.lower_bounds_[1:], rtol=1e-10)
    for method in ("score_samples", "predict_proba", "predict"):
        np.testing.assert_allclose(getattr(found, method)(WINE[:, :4]), getattr(expected, method)(WINE[:, :4]), 1e-6)
    assert found.bic(IRIS) == pytest.approx(expected.bic(IRIS))
    assert found.sample(5)[0].shape == (5, 4)


@types
@pytest.mark.parametrize("algorithm", ["squarem", "anderson"])
def test_accelerations_end_at_least_as_high_in_fewer_passes(algorithm, covariance_type):
    parameters = {"n_components": 4, "covariance_type": covariance_type, "tol": 1e-8, "max_iter": 3000}
    parameters |= start(covariance_type, WINE, 4) | {"reg_covar": 1e-3}
    found = GaussianMixture(algorithm=algorithm, **parameters).fit(WINE)
    plain = GaussianMixture(algorithm="em", **parameters).fit(WINE)
    assert found.converged_
    assert plain.converged_
    assert found.lower_bound_ > plain.lower_bound_ - 1e-5
    if algorithm == "squarem":
        assert found.n_iter_ < plain.n_iter_


@types
def test_the_bound_is_the_likelihood_without_noise(covariance_type):
    gm = GaussianMixture(2, covariance_type=covariance_type, reg_covar=0.0, random_state=0).fit(IRIS)
    assert gm.lower_bound_ == pytest.approx(gm.score(IRIS), rel=1e-10)
    assert gm.lower_bounds_[-1] == gm.lower_bound_
    assert len(gm.lower_bounds_) == gm.n_iter_
    np.testing.assert_array_equal(gm.fit_predict(IRIS), gm.predict(IRIS))


def test_noise_bounds_the_covariances_and_the_likelihood():
    # a component that could shrink to one sample
    X = np.concatenate([np.zeros((5, 2)), 1 + stream(1, "normal").normal(size=(50, 2))])
    gm = GaussianMixture(2, reg_covar=1e-2, random_state=0, tol=1e-9, max_iter=500).fit(X)
    assert np.linalg.eigvalsh(gm.covariances_).min() >= 1e-2 * (1 - 1e-9)
    assert np.isfinite(gm.lower_bound_)


def test_a_trial_that_failed_is_not_the_end():
    """Whatever the budget is, the best iterate is kept."""
    ends, failed = [], 0
    for most in range(1, 25):
        with pytest.warns(ConvergenceWarning):
            gm = GaussianMixture(4, tol=0, max_iter=most, init_params="random", random_state=1).fit(WINE)
        assert gm.lower_bound_ == pytest.approx(max(gm.lower_bounds_), rel=1e-9)
        failed += gm.lower_bounds_[-1] < gm.lower_bound_ - 1e-6
        ends.append(gm.lower_bound_)
    assert (np.diff(ends) >= -1e-9).all()
    assert failed > 0


def test_starts_of_all_kinds():
    for init in ("kmeans", "k-means++", "random", "random_from_data"):
        gm = GaussianMixture(3, init_params=init, n_init=2, random_state=0, max_iter=300).fit(IRIS)
        assert gm.converged_
        assert gm.weights_.sum() == pytest.approx(1)
    # the start alone
    gm = GaussianMixture(3, max_iter=0, **start("full")).fit(IRIS)
    np.testing.assert_allclose(gm.means_, start("full")["means_init"])
    np.testing.assert_allclose(gm.precisions_, start("full")["precisions_init"], atol=1e-12)
    assert gm.n_iter_ == 0


@types
def test_a_warm_start_goes_on(covariance_type):
    parameters = start(covariance_type) | {"covariance_type": covariance_type, "tol": 0}
    first = GaussianMixture(3, algorithm="em", max_iter=4, warm_start=True, **parameters)
    for _ in range(2):
        with pytest.warns(ConvergenceWarning):
            first.fit(IRIS)
    with pytest.warns(ConvergenceWarning):
        whole = GaussianMixture(3, algorithm="em", max_iter=8, **parameters).fit(IRIS)
    np.testing.assert_allclose(first.means_, whole.means_, rtol=1e-8)


def test_in_searches_pickles_and_frames():
    frame = load_iris(as_frame=True).data
    search = GridSearchCV(GaussianMixture(random_state=0), {"n_components": [1, 3]}, cv=3).fit(frame)
    gm = search.best_estimator_
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(gm)).predict(frame), gm.predict(frame))
    assert list(gm.feature_names_in_) == list(frame.columns)


def test_every_algorithm_is_named(refused):
    with refused("algorithm is 'gradient'", *map(repr, ALGORITHMS)):
        GaussianMixture(algorithm="gradient").fit(IRIS)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_components": 151}, ["n_samples=150", "n_components=151"]),
        ({"n_components": 2, "means_init": np.zeros((2, 3))}, ["initial means", "(2, 4) is needed"]),
        ({"n_components": 2, "weights_init": [0.5, 0.6]}, ["weights", "add up to 1"]),
        ({"n_components": 2, "precisions_init": np.eye(4)}, ["precisions", "(2, 4, 4) is needed"]),
        ({"precisions_init": -np.eye(4)[None]}, ["precisions is not positive definite"]),
        ({"precisions_init": -np.ones((1, 4)), "covariance_type": "diag"}, ["precision is not positive"]),
    ],
)
def test_parameters_that_are_refused(parameters, words, refused):
    with refused(*words):
        GaussianMixture(**parameters).fit(IRIS)
