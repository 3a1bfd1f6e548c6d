"""KMeans against scikit-learn's, and what it adds to it."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn import cluster
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kmeans_convergence.estimators import KMeans
from kmeans_convergence.estimators.clustering import ALGORITHMS, STREAMING
from kmeans_convergence.starts import stream

IRIS, DIGITS = load_iris().data, load_digits().data
NOISE = stream(1, "noise").normal(size=(3000, 5))
DATA = {"iris": (IRIS, 6), "digits": (DIGITS, 10), "noise": (NOISE, 12), "wine": (load_wine().data, 7)}


def start(name, seed):
    X, clusters = DATA[name]
    return X[stream(seed, "start", name).choice(len(X), clusters, replace=False)]


@pytest.mark.parametrize("tol", [1e-4, 1e-2, 0.0])
# Iris is in tenths of a centimetre: a tie on the way, which rounding decides, can change the end
@pytest.mark.parametrize("name", ["digits", "noise", "wine"])
def test_lloyd_ends_where_that_of_scikit_learn_does(name, tol):
    X, clusters = DATA[name]
    for seed in range(4):
        first = start(name, seed)
        found = KMeans(clusters, algorithm="lloyd", init=first, tol=tol).fit(X)
        expected = cluster.KMeans(clusters, init=first, n_init=1, tol=tol).fit(X)
        np.testing.assert_array_equal(found.labels_, expected.labels_)
        np.testing.assert_allclose(found.cluster_centers_, expected.cluster_centers_, rtol=1e-9, atol=1e-9)
        assert found.inertia_ == pytest.approx(expected.inertia_, rel=1e-12)
        # a sample that is tied may go one way or the other
        assert abs(found.n_iter_ - expected.n_iter_) <= 1


def test_lloyd_with_weights_ends_where_that_of_scikit_learn_does():
    weights = stream(1, "weights").uniform(0.1, 5, size=len(NOISE))
    first = start("noise", 0)
    found = KMeans(12, algorithm="lloyd", init=first, tol=0).fit(NOISE, sample_weight=weights)
    expected = cluster.KMeans(12, init=first, n_init=1, tol=0).fit(NOISE, sample_weight=weights)
    np.testing.assert_array_equal(found.labels_, expected.labels_)
    assert found.inertia_ == pytest.approx(expected.inertia_, rel=1e-12)
    assert found.score(NOISE, sample_weight=weights) == pytest.approx(-found.inertia_, rel=1e-12)
    np.testing.assert_allclose(found.counts_, np.bincount(found.labels_, weights))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_is_consistent_and_lowers_the_cost(algorithm):
    X, first = IRIS, start("iris", 1)
    kmeans = KMeans(6, algorithm=algorithm, init=first, random_state=0).fit(X)
    squares = ((X[:, None] - kmeans.cluster_centers_) ** 2).sum(axis=2)
    np.testing.assert_array_equal(kmeans.labels_, squares.argmin(axis=1))
    np.testing.assert_array_equal(kmeans.predict(X), kmeans.labels_)
    np.testing.assert_allclose(kmeans.transform(X), np.sqrt(squares), atol=1e-12)
    assert kmeans.inertia_ == pytest.approx(squares.min(axis=1).sum(), rel=1e-12)
    assert kmeans.inertia_ == pytest.approx(-kmeans.score(X), rel=1e-12)
    assert kmeans.inertia_ < ((X[:, None] - first) ** 2).sum(axis=2).min(axis=1).sum()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_neither_order_nor_repetitions_matter_but_as_weights(algorithm):
    weights = stream(1, "weights").integers(0, 4, size=len(IRIS))
    shuffle = stream(1, "shuffle").permutation(len(IRIS))
    kmeans = KMeans(4, algorithm=algorithm, random_state=3)
    found = clone(kmeans).fit(IRIS, sample_weight=weights)
    for X, mine in ((IRIS[shuffle], weights[shuffle]), (IRIS.repeat(weights, axis=0), None)):
        other = clone(kmeans).fit(X, sample_weight=mine)
        np.testing.assert_array_equal(other.cluster_centers_, found.cluster_centers_)
    np.testing.assert_array_equal(other.labels_, found.labels_.repeat(weights))


def test_the_best_of_several_runs_is_kept():
    ends = [KMeans(8, init="random", n_init=1, random_state=seed).fit(NOISE).inertia_ for seed in range(3)]
    assert len(set(ends)) == 3
    several = KMeans(8, init="random", n_init=20, random_state=0).fit(NOISE).inertia_
    assert several <= min(ends)
    assert KMeans(8, init="random", random_state=0).fit(NOISE).inertia_ >= several


def test_starts_of_all_kinds(refused):
    def first(X, n_clusters, random_state):
        return X[random_state.permutation(len(X))[:n_clusters]]

    for init in ("k-means++", "random", first, start("iris", 0), start("iris", 0).tolist()):
        assert KMeans(6, init=init, random_state=0).fit(IRIS).cluster_centers_.shape == (6, 4)
    with pytest.warns(RuntimeWarning, match="one run, and not n_init=5"):
        KMeans(6, init=start("iris", 0), n_init=5).fit(IRIS)
    with refused("(6, 4)", "(5, 4) is needed"):
        KMeans(5, init=start("iris", 0)).fit(IRIS)


def test_a_stream_in_pieces_finds_the_clusters():
    rng = stream(1, "stream")
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    owners = rng.integers(3, size=6000)
    X = centres[owners] + rng.normal(size=(6000, 2)) + 1e9
    for algorithm in STREAMING:
        kmeans = KMeans(3, algorithm=algorithm, random_state=0)
        for piece in np.array_split(X, 60):
            kmeans.partial_fit(piece)
        found = kmeans.cluster_centers_ - 1e9
        np.testing.assert_allclose(found[np.lexsort(np.rint(found / 10).T)], centres, atol=0.3)
        assert kmeans.counts_.sum() == pytest.approx(6000)
        assert len(kmeans.labels_) == 100
        # a weight of 2 and a repetition of a batch count the same
        before = kmeans.counts_.copy()
        kmeans.partial_fit(X[:50], sample_weight=2)
        assert (kmeans.counts_ - before).sum() == pytest.approx(100)


def test_a_stream_goes_on_after_a_fit():
    kmeans = KMeans(6, algorithm="online", random_state=0).fit(IRIS)
    centres = kmeans.cluster_centers_.copy()
    kmeans.partial_fit(IRIS[:20])
    assert kmeans.counts_.sum() == pytest.approx(170)
    assert 0 < np.abs(kmeans.cluster_centers_ - centres).max() < 1


def test_only_what_streams_has_a_partial_fit():
    for algorithm in ALGORITHMS:
        assert hasattr(KMeans(algorithm=algorithm), "partial_fit") == (algorithm in STREAMING)


def test_in_pipelines_searches_pickles_and_frames():
    frame = load_iris(as_frame=True).data
    pipeline = make_pipeline(StandardScaler(), KMeans(3, random_state=0)).set_output(transform="pandas")
    distances = pipeline.fit_transform(frame)
    assert list(distances.columns) == ["kmeans0", "kmeans1", "kmeans2"]
    assert distances.index.equals(frame.index)
    search = GridSearchCV(KMeans(random_state=0), {"n_clusters": [2, 4], "algorithm": ["lloyd", "hartigan"]}, cv=3)
    assert search.fit(frame).best_params_["n_clusters"] == 4
    kmeans = search.best_estimator_
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(kmeans)).predict(frame), kmeans.predict(frame))
    assert clone(kmeans).get_params() == kmeans.get_params()
    assert list(kmeans.feature_names_in_) == list(frame.columns)
    weights = pd.Series(np.ones(len(frame)))
    np.testing.assert_array_equal(clone(kmeans).fit(frame, sample_weight=weights).labels_, kmeans.labels_)


def test_single_precision_stays_one_in_the_passes():
    X = DIGITS.astype(np.float32)
    found, expected = (KMeans(10, algorithm="lloyd", init=start("digits", 0)).fit(data) for data in (X, DIGITS))
    np.testing.assert_array_equal(found.labels_, expected.labels_)


def test_too_few_different_samples_are_said():
    X = np.repeat([[0.0], [1.0], [5.0]], 10, axis=0)
    with pytest.warns(ConvergenceWarning, match="3 of 5 clusters"):
        kmeans = KMeans(5, random_state=0).fit(X)
    assert kmeans.inertia_ == 0


def test_lines_for_those_who_wait(capsys):
    KMeans(3, n_init=2, random_state=0, verbose=1).fit(IRIS)
    assert re.fullmatch(r"Run 1 of 2: cost .*\.\nRun 2 of 2: cost .*\.\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_clusters": 0}, ["n_clusters is 0", "at least 1"]),
        ({"n_clusters": 2.5}, ["n_clusters is 2.5", "integer"]),
        ({"n_clusters": 151}, ["n_samples=150", "n_clusters=151"]),
        ({"algorithm": "macqueen"}, ["algorithm is 'macqueen'", "'lloyd'"]),
        ({"init": "kmeans"}, ["init is 'kmeans'", "'k-means++'"]),
        ({"n_init": 0}, ["n_init is 0"]),
        ({"max_iter": -1}, ["max_iter is -1"]),
        ({"tol": -0.1}, ["tol is -0.1", "not negative"]),
        ({"tol": np.inf}, ["tol is inf"]),
    ],
)
def test_parameters_that_are_refused(parameters, words, refused):
    with refused(*words):
        KMeans(**parameters).fit(IRIS)


@pytest.mark.parametrize("weights", [-1.0, [1.0, 2.0], np.zeros(150)])
def test_weights_that_are_refused(weights, refused):
    with refused("weight"):
        KMeans(3).fit(IRIS, sample_weight=weights)


def test_the_documentation_tells_what_the_study_found(root):
    """The numbers of the default's reason are those of the confirmation, which nothing makes anew."""
    found = pd.read_csv(root / "confirmation" / "summary.csv").set_index(["start", "budget", "optimizer"])
    row = found.loc[("greedy", 50, "hartigan")]
    text = " ".join(KMeans.__doc__.split())
    low, high = -row["end_high"], -row["end_low"]
    assert f"{-row['end']:.1f} % lower than Lloyd's algorithm (95 % interval {low:.1f} to {high:.1f})" in text
    ratio = [f"{row[name]:.2f}" for name in ("ratio_0.1", "ratio_0.1_low", "ratio_0.1_high")]
    assert f"{ratio[0]} ({ratio[1]} to {ratio[2]}) times the passes" in text


@pytest.mark.parametrize("algorithm", ["hartigan", "lloyd", "newton", "minibatch"])
def test_threads_change_no_bit(algorithm, monkeypatch):
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        # so many runs that they are spread over threads
        kmeans = KMeans(12, algorithm=algorithm, n_init=8, random_state=0, max_iter=30)
        found.append(kmeans.fit(NOISE).cluster_centers_)
    np.testing.assert_array_equal(*found)
