"""Random streams depend on their name and nothing else; starts are drawn as they say."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import stats
from sklearn.cluster import kmeans_plusplus

from kmeans_convergence.starts import KINDS, candidates, draw, passes_of, plusplus, stream, streams

NAME = {"root": 7, "dataset": "iris", "clusters": 6, "repetition": 3, "purpose": "order"}


def drawn(root, dataset, clusters, repetition, purpose):
    (rng,) = streams(root, dataset, clusters, [repetition], purpose)
    return tuple(rng.random(4).tolist())


def test_a_stream_depends_on_each_part_of_its_name():
    other = {"root": 8, "dataset": "iris_uci", "clusters": 7, "repetition": 4, "purpose": "starts"}
    draws = {drawn(**NAME)} | {drawn(**(NAME | {key: value})) for key, value in other.items()}
    assert len(draws) == 6
    assert drawn(**NAME) in draws
    # a number and its text are different names, and names are no sums of their parts
    assert len({stream(7, *name).random() for name in ((5,), ("5",), (5, 0), (0, 5), ("ab",), ("a", "b"))}) == 6


def test_a_stream_does_not_depend_on_other_streams_or_the_process():
    alone = drawn(**NAME)
    many = streams(7, "iris", 6, range(10), "order")
    for rng in many[:3]:
        rng.random(100)
    assert tuple(many[3].random(4)) == alone
    code = "from kmeans_convergence.starts import stream; print(stream(7, 'iris', 6, 3, 'order').random(4).tolist())"
    for seed in ("1", "2"):
        out = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        assert out.stdout.strip() == str(list(alone))


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_starts_are_the_same_however_many_there_are(kind):
    X = np.random.default_rng(0).normal(size=(20, 3))
    few, many = (draw(X, 4, streams(1, "x", 4, range(runs), "starts"), kind) for runs in (3, 9))
    assert many.shape == (9, 4, 3)
    np.testing.assert_array_equal(many[:3], few)
    assert len(np.unique(many, axis=0)) == 9


def test_patterns_are_drawn_without_replacement_and_evenly():
    X = np.arange(10.0)[:, None]
    starts = draw(X, 4, streams(1, "x", 4, range(2000), "starts"))[..., 0]
    assert all(len(set(start)) == 4 for start in starts.tolist())
    # each pattern is as likely at each place
    for place in starts.T:
        assert stats.chisquare(np.bincount(place.astype(int), minlength=10)).pvalue > 0.001
    # one pattern for each prototype: all of them
    np.testing.assert_array_equal(np.sort(draw(X, 10, streams(1, "x", 10, [0], "starts"))[0], axis=0), X)


def test_the_box_and_the_gaussian_are_those_of_each_feature():
    X = np.random.default_rng(0).exponential(size=(50, 2)) * [1, 100]
    low, high = X.min(axis=0), X.max(axis=0)
    box, gaussian = (draw(X, 5, streams(1, "x", 5, range(400), "starts"), kind) for kind in ("box", "gaussian"))
    assert (box >= low).all()
    assert (box <= high).all()
    for j in range(2):
        assert stats.kstest(box[..., j].ravel(), stats.uniform(low[j], high[j] - low[j]).cdf).pvalue > 0.001
        normal = stats.norm(X[:, j].mean(), X[:, j].std())
        assert stats.kstest(gaussian[..., j].ravel(), normal.cdf).pvalue > 0.001
    for kind in (box, gaussian):
        assert abs(stats.spearmanr(kind[..., 0].ravel(), kind[..., 1].ravel()).statistic) < 0.07


def test_plusplus_draws_with_the_squared_distance():
    # weights by hand: from 0 the others are 1, 4, 25 (of 30) away in squares, and so on
    X = np.array([[0.0], [1.0], [2.0], [5.0]])
    probability = {}
    for first in range(4):
        to_first = (X[:, 0] - X[first, 0]) ** 2
        for second in np.flatnonzero(to_first):
            nearest = np.minimum(to_first, (X[:, 0] - X[second, 0]) ** 2)
            for third in np.flatnonzero(nearest):
                chance = 1 / 4 * to_first[second] / to_first.sum() * nearest[third] / nearest.sum()
                probability[first, int(second), int(third)] = chance
    assert sum(probability.values()) == pytest.approx(1)
    places = {value: place for place, value in enumerate(X[:, 0])}
    starts = draw(X, 3, streams(1, "x", 3, range(5000), "starts"), "plusplus")[..., 0]
    drawn = [tuple(places[value] for value in start) for start in starts]
    assert set(drawn) <= set(probability)
    counts = [drawn.count(outcome) for outcome in probability]
    assert stats.chisquare(counts, 5000 * np.array(list(probability.values()))).pvalue > 0.001


def test_plusplus_takes_every_distinct_pattern_before_it_repeats_one():
    X = np.array([[0.0], [0.0], [7.0], [7.0], [7.0]])
    starts = np.stack([plusplus(X, 3, rng) for rng in streams(1, "x", 3, range(50), "starts")])[..., 0]
    assert all(set(start[:2]) == {0, 7} for start in starts.tolist())


def test_greedy_takes_the_better_of_two_candidates():
    # K = 2 has two candidates; their order does not matter, and the one with the smaller sum is taken
    X = np.array([[0.0], [1.0], [2.0], [5.0]])
    squares = (X - X.T) ** 2
    left = np.minimum(squares[:, None, :], squares[None, :, :]).sum(axis=2)
    probability = {}
    for first in range(4):
        weights = squares[first] / squares[first].sum()
        for a in range(4):
            for b in range(4):
                best = a if left[first, a] <= left[first, b] else b
                key = first, best
                probability[key] = probability.get(key, 0) + weights[a] * weights[b] / 4
    probability = {outcome: chance for outcome, chance in probability.items() if chance > 0}
    assert sum(probability.values()) == pytest.approx(1)
    places = {value: place for place, value in enumerate(X[:, 0])}
    starts = draw(X, 2, streams(1, "x", 2, range(5000), "starts"), "greedy")[..., 0]
    drawn = [tuple(places[value] for value in start) for start in starts]
    assert set(drawn) <= set(probability)
    counts = [drawn.count(outcome) for outcome in probability]
    assert stats.chisquare(counts, 5000 * np.array(list(probability.values()))).pvalue > 0.001


def cost(X, w):
    return ((X[:, None] - w) ** 2).sum(axis=2).min(axis=1).sum()


@pytest.mark.parametrize(("kind", "trials"), [("plusplus", 1), ("greedy", None)])
def test_starts_cost_what_scikit_learns_do(kind, trials):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(200, 2)) + 6 * rng.integers(3, size=(200, 2))
    ours = [cost(X, w) for w in draw(X, 9, streams(1, "x", 9, range(400), "starts"), kind)]
    theirs = [cost(X, kmeans_plusplus(X, 9, random_state=seed, n_local_trials=trials)[0]) for seed in range(400)]
    assert stats.ks_2samp(ours, theirs).pvalue > 0.001
    other = [cost(X, w) for w in draw(X, 9, streams(1, "x", 9, range(400), "starts"), "patterns")]
    assert stats.ks_2samp(other, theirs).pvalue < 1e-6


def test_the_price_of_a_start():
    # distances for each pattern over K: none; K - 1; one, and four candidates for each of the nine others
    assert candidates(10) == 4
    assert [passes_of(kind, 10) for kind in ("patterns", "plusplus", "greedy")] == [0, 0.9, 3.7]
    assert passes_of("greedy", 1) == 0
