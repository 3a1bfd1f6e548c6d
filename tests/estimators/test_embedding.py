"""MDS against scikit-learn's, and what it adds to it."""

import pickle

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn import manifold
from sklearn.datasets import load_iris, load_wine
from sklearn.preprocessing import scale

from kmeans_convergence.estimators import MDS
from kmeans_convergence.estimators.embedding import ALGORITHMS
from kmeans_convergence.starts import stream

WINE = scale(load_wine().data)[:60]
DISSIMILARITIES = squareform(pdist(WINE))


def first(seed):
    return stream(seed, "configuration").normal(size=(60, 2))


@pytest.mark.parametrize("metric", ["euclidean", "precomputed"])
def test_plain_smacof_takes_the_steps_of_scikit_learn(metric):
    X = WINE if metric == "euclidean" else DISSIMILARITIES
    found = MDS(algorithm="smacof", metric=metric, max_iter=9, eps=0).fit(X, init=first(0))
    expected = manifold.MDS(metric=metric, max_iter=9, eps=0, init="random", n_init=1).fit(X, init=first(0))
    # a common shift changes no distance
    centred = [embedding - embedding.mean(axis=0) for embedding in (found.embedding_, expected.embedding_)]
    np.testing.assert_allclose(*centred, rtol=1e-8, atol=1e-8)
    assert found.stress_ == pytest.approx(expected.stress_, rel=1e-10)
    assert found.n_iter_ == 9
    np.testing.assert_allclose(found.dissimilarity_matrix_, DISSIMILARITIES, atol=1e-12)
    normalized = MDS(algorithm="smacof", metric=metric, max_iter=9, eps=0, normalized_stress=True)
    assert normalized.fit(X, init=first(0)).stress_ == pytest.approx(
        np.sqrt(expected.stress_ / (pdist(expected.embedding_) ** 2).sum())
    )


def test_every_algorithm_ends_in_the_same_minimum_and_squarem_with_the_fewest_passes():
    found = {key: MDS(algorithm=key, eps=1e-12, max_iter=20_000).fit(WINE) for key in ALGORITHMS}
    for mds in found.values():
        assert mds.stress_ == pytest.approx(found["smacof"].stress_, rel=1e-6)
    assert min(found, key=lambda key: found[key].n_iter_) == "squarem"
    assert found["squarem"].n_iter_ < found["smacof"].n_iter_ / 2


def test_only_the_order_counts_where_it_is_not_metric():
    parameters = {"metric": "precomputed", "metric_mds": False, "max_iter": 2000, "eps": 1e-10}
    plain, bent = (MDS(**parameters).fit(D) for D in (DISSIMILARITIES, DISSIMILARITIES**3))
    again = MDS(**parameters).fit(DISSIMILARITIES**3, init=plain.embedding_)
    assert again.stress_ == pytest.approx(plain.stress_, rel=1e-4)
    assert plain.stress_ < MDS(normalized_stress=True).fit(WINE).stress_
    assert bent.embedding_.shape == (60, 2)


def test_the_best_of_several_starts_is_kept():
    several = MDS(init="random", n_init=5, random_state=0, max_iter=1000).fit(WINE)
    ends = [MDS(init="random", random_state=seed, max_iter=1000).fit(WINE).stress_ for seed in range(3)]
    assert several.stress_ <= min(ends) * (1 + 1e-6)
    np.testing.assert_array_equal(several.fit_transform(WINE), several.embedding_)


def test_other_metrics():
    for metric, parameters in (("cityblock", None), ("minkowski", {"p": 3}), (lambda u, v: abs(u - v).max(), None)):
        mds = MDS(metric=metric, metric_params=parameters, max_iter=5).fit(WINE)
        np.testing.assert_allclose(mds.dissimilarity_matrix_, squareform(pdist(WINE, metric, **(parameters or {}))))


def test_in_pickles_and_frames():
    frame = load_iris(as_frame=True).data[:50]
    found = MDS().set_output(transform="pandas").fit_transform(frame)
    assert list(found.columns) == ["mds0", "mds1"]
    assert found.index.equals(frame.index)
    mds = MDS().fit(frame)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(mds)).embedding_, mds.embedding_)


@pytest.mark.parametrize(
    ("parameters", "X", "words"),
    [
        ({"n_components": 0}, WINE, ["n_components is 0"]),
        ({"n_components": 60}, WINE, ["60 points"]),
        ({"algorithm": "newton"}, WINE, ["algorithm is 'newton'", "'squarem'"]),
        ({"init": "pca"}, WINE, ["init is 'pca'", "'classical_mds'"]),
        ({"eps": -1}, WINE, ["eps is -1"]),
        ({"metric": 3}, WINE, ["metric is 3"]),
        ({"metric": "precomputed"}, WINE, ["Negative values in data", "rows 0 and"]),
        ({"metric": "precomputed"}, np.abs(WINE), ["square matrix"]),
        ({}, np.ones((4, 2)), ["All dissimilarities are zero"]),
    ],
)
def test_what_is_refused(parameters, X, words, refused):
    with refused(*words):
        MDS(**parameters).fit(X)
