"""The noise of online methods: predictions by hand, by recursion and by enumeration, and what is made of them."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.data import Dataset
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.problems.kmeans.faces import find
from kmeans_convergence.studies.rates.analysis.noise import agreement, slopes
from kmeans_convergence.studies.rates.run.noise import noise
from kmeans_convergence.studies.rates.show.noise import numbers, predicted, table
from kmeans_convergence.theory.rates import (
    floor_of_draws,
    floor_of_epochs,
    lloyd_rate,
    modes,
    online_excess,
)

FAR = np.array([[0.0], [1.0], [3.0], [100.0], [102.0]])


def test_the_floor_of_epochs_by_enumeration():
    x, rate = np.array([0.0, 1.0, 3.0, 7.0, 4.0]) - 3.0, 0.3
    ends = []
    for order in permutations(x):
        w = 0.0
        for pattern in order:
            w += rate * (pattern - w)
        ends.append(w)
    # an epoch from w ends at forgotten w + noise, the same whatever w
    variance = np.mean(np.square(ends)) / (1 - (1 - rate) ** 10)
    expected = floor_of_epochs(np.array([5, 1, 0]), np.array([(x**2).sum(), 0.0, 0.0]), rate)
    assert expected == pytest.approx(5 / 2 * variance)
    # a high rate remembers only the last patterns: nearly that of draws
    assert floor_of_epochs(np.array([1000]), np.array([2.0]), 0.5) == pytest.approx(floor_of_draws(0.5), rel=1e-2)


def test_the_floor_of_draws_does_not_know_the_curvature():
    rng = np.random.default_rng(4)
    A, B = rng.normal(size=(2, 4, 4))
    H, C, rate = A @ A.T / 20 + 0.2 * np.eye(4), B @ B.T, 1e-3
    # the stationary covariance of w - rate (H w + noise)
    S = np.zeros((4, 4))
    step = np.eye(4) - rate * H
    for _ in range(30_000):
        S = step @ S @ step + rate**2 * C
    # with the curvature 1, half of tr(C) is the limit's cost
    assert np.trace(H @ S) / 2 == pytest.approx(floor_of_draws(rate) * np.trace(C) / 2, rel=2e-3)


@pytest.mark.parametrize("curvature", [1.0, 0.5, 0.2])
def test_the_excess_of_online_k_means_by_its_recursion(curvature):
    first, last, square = 1000, 8000, 0.0
    for n in range(first + 1, last + 1):
        square = (1 - curvature / n) ** 2 * square + first / n**2
    expected = online_excess(np.array([curvature, curvature]), np.array([1.0, 3.0]), last / first)
    assert expected == pytest.approx(0.5 * curvature * 4 * square, rel=2e-3)


def test_modes_of_far_clusters_are_those_of_the_frozen_assignments():
    w, owners = np.array([[4 / 3], [101.0]]), np.array([0, 0, 0, 1, 1], dtype=np.int32)
    curvatures, variances, _ = modes(FAR, w, owners, find(FAR, w, owners, 0.1))
    np.testing.assert_array_equal(curvatures, [1, 1])
    np.testing.assert_allclose(np.sort(variances), [1, 14 / 9])


def test_the_slowest_mode_is_lloyds():
    X = np.random.default_rng(5).uniform(size=(20_000, 2))
    w = np.array([[0.2, 0.3], [0.7, 0.2], [0.4, 0.8]])
    here = QuantizationProblem(X).evaluate(w[None])
    owners = here.assignments[0]
    found = modes(X, w, owners, find(X, w, owners, 0.1))
    rho = lloyd_rate(X, w, owners, 0.1, np.random.default_rng(0), resamples=400).rate
    assert 1 - found.curvatures.min() == pytest.approx(rho, abs=0.02)
    # the variance within cells, however it is turned
    within = sum(X[owners == k].var(axis=0).sum() + ((X[owners == k].mean(axis=0) - w[k]) ** 2).sum() for k in range(3))
    assert found.noise.sum() == pytest.approx(within)


def test_far_clusters_are_predicted():
    X = np.concatenate([np.random.default_rng(k).normal(1000 * k, 1, size=(60, 2)) for k in range(3)])
    found = noise(Dataset("far", X, ("a", "b"), "", kind="synthetic", clusters=(3,)), 1).set_index(
        ["optimizer", "sampling"]
    )
    assert abs(found["left"]).max() < 1e-12
    gradient = found.loc["online_gradient"]
    # means over some runs and epochs
    np.testing.assert_allclose(gradient["measured"], gradient["predicted"], rtol=0.3)
    # after a whole epoch the mean of all patterns is their mean
    assert found.loc[("online_kmeans", "epochs"), "measured"].max() < 1e-12
    averaged = found.loc[("online_kmeans", "draws")]
    np.testing.assert_allclose(averaged["measured"], averaged["predicted"], rtol=0.6)
    np.testing.assert_allclose(averaged["with_faces"], averaged["predicted"])


def results():
    rows = []
    for i in range(12):
        for setting in (4, 32):
            share = (i + 1) / setting
            rows.append((f"s{i}", 100 * (i + 1), "online_kmeans", "draws", setting, 2 * share, share, 2 * share, 0.0))
            rows.append((f"s{i}", 100 * (i + 1), "online_kmeans", "epochs", setting, 1e-3 * share, 0.0, 0.0, 0.0))
        for rate in (0.01, 0.1):
            rows.append((f"s{i}", 100 * (i + 1), "online_gradient", "draws", rate, rate, rate / 2, np.nan, 0.0))
            rows.append(
                (
                    f"s{i}",
                    100 * (i + 1),
                    "online_gradient",
                    "epochs",
                    rate,
                    rate * (15 - i),
                    rate * (i + 1),
                    np.nan,
                    0.0,
                )
            )
    columns = ["dataset", "patterns", "optimizer", "sampling", "setting", "measured", "predicted", "with_faces", "left"]
    made = pd.DataFrame(rows, columns=columns)
    return made.assign(family=made["dataset"])


def test_agreement_by_hand():
    found = agreement(results(), 1, 100).set_index(["optimizer", "sampling", "setting", "faces"])
    assert len(found) == 10
    frozen = found.loc[("online_kmeans", "draws", 4, False)]
    assert (frozen["ratio"], frozen["lower"], frozen["correlation"]) == (2, 2, pytest.approx(1))
    faces = found.loc[("online_kmeans", "draws", 4, True)]
    # both predictions have the same ranks, one is exact
    assert (faces["ratio"], faces["gain"], faces["gain_high"], faces["closer"]) == (1, 0, 0, 12)
    # one prediction for all has no rank, and no prediction no ratio
    assert np.isnan(found.loc[("online_gradient", "draws", 0.1, False), "correlation"])
    assert np.isnan(found.loc[("online_kmeans", "epochs", 4, False), "ratio"])
    opposed = found.loc[("online_gradient", "epochs", 0.1, False)]
    assert opposed["low"] <= opposed["correlation"] == pytest.approx(-1)
    np.testing.assert_allclose(slopes(results())[["measured", "predicted", "with_faces"]], -1)


def test_figure_table_and_numbers():
    excess = results()
    left, right = predicted(excess).axes
    assert sum(len(line.get_xdata()) for line in left.lines if line.get_marker() == "o") == 24
    assert len(right.get_legend().get_texts()) == 4
    judged = agreement(excess, 1, 100)
    text = table(judged)
    assert text.count("online gradient") == 4
    assert "2.00 [2.00, 2.00]" in text
    values = numbers(excess, judged)
    assert (values["noiseSets"], values["noiseEpochs"], values["exponentFaces"]) == ("12", "32", "$-$1.00")
    assert (values["noiseRatioFrozen"], values["noiseRatioFaces"], values["noiseWrong"]) == ("2.00", "1.00", "0")
    # of 100 and of 200 patterns
    assert (values["noiseSmallSets"], values["noiseSmallRatio"]) == ("2", "1.0")
    assert "nan" not in " ".join(values.values())


def test_what_face_terms_add_by_hand():
    n = 12
    exact = np.arange(1.0, n + 1)
    about = {"optimizer": "online_kmeans", "sampling": "draws", "setting": 32.0, "left": 0.0, "patterns": 300}
    excess = pd.DataFrame(about | {"measured": exact, "predicted": exact[::-1] / 100, "with_faces": exact})
    excess["family"] = np.arange(n)
    found = agreement(excess, 1, 50).set_index("faces")
    assert tuple(found.loc[True, ["gain", "gain_low", "gain_high"]]) == pytest.approx((2, 2, 2))
    assert found.loc[True, "closer"] == n
    assert np.isnan(agreement(excess.head(2), 1, 50)["gain"]).all()
