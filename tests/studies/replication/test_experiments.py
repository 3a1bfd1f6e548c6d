"""Which runs make an experiment: pairing, scaling, and the proved optima of the literature."""

import numpy as np
import pytest

from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris, iris_uci
from kmeans_convergence.optimizers import MajorizeMinimize, Rate, Stop, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams
from kmeans_convergence.studies.replication.run import conventions, rate_search
from kmeans_convergence.studies.replication.run import experiment as paper
from kmeans_convergence.studies.replication.run.methods import METHODS

IRIS = Dataset("iris", *iris(), "mm")
QUANTIZATION = [key for key, method in METHODS.items() if method.problem == "quantization"]


@pytest.fixture(scope="module")
def experiment():
    return paper.run(IRIS, paper.Protocol(1, 6, 16, 40), list(METHODS), Rate(0.03), runs=9)


def costs(trace, key):
    return trace[trace["optimizer"] == key].pivot(index="epoch", columns="run", values="cost").to_numpy()


def test_all_methods_start_from_the_same_prototypes(experiment):
    trace, limits = experiment
    assert len(trace) == len(METHODS) * 9 * 17
    assert len(limits) == len(METHODS) * 9
    starts = draw(IRIS.X, 6, streams(1, "iris", 6, range(9), "starts"))
    for key in QUANTIZATION:
        np.testing.assert_array_equal(costs(trace, key)[0], QuantizationProblem(IRIS.X).evaluate(starts).cost)


def test_online_methods_see_the_patterns_in_the_same_order(experiment):
    trace, _ = experiment
    np.testing.assert_array_equal(costs(trace, "hybrid")[1], costs(trace, "online_kmeans")[1])
    np.testing.assert_allclose(costs(trace, "newton"), costs(trace, "batch_kmeans"), rtol=1e-12)


def test_the_polish_only_improves(experiment):
    trace, limits = experiment
    for key in METHODS:
        limit = limits[limits["optimizer"] == key].sort_values("run")["limit"].to_numpy()
        assert (limit <= costs(trace, key)[-1] * (1 + 1e-12)).all()
    table = trace[(trace["optimizer"] == "batch_kmeans") & (trace["epoch"] == 16)]
    ended = table["largest_move"].to_numpy() == 0
    assert ended.any()
    limit = limits[limits["optimizer"] == "batch_kmeans"]["limit"].to_numpy()
    np.testing.assert_array_equal(limit[ended], table["cost"].to_numpy()[ended])


def test_more_runs_leave_the_first_ones_as_they_are(experiment):
    few = paper.run(IRIS, paper.Protocol(1, 6, 16, 40), ["mixture", "online_gradient"], Rate(0.03), runs=4)
    for small, large in zip(few, experiment, strict=True):
        for key, rows in small.groupby("optimizer"):
            same = large[(large["optimizer"] == key) & (large["run"] < 4)]
            np.testing.assert_array_equal(rows.drop(columns="optimizer"), same.drop(columns="optimizer"))


def test_the_mixture_has_clusters_of_unit_variance():
    # with one cluster its variance is that of the data, averaged over the features
    protocol = paper.Protocol(1, 1, 5, 5)
    assert paper.cluster_deviation(IRIS, protocol) == pytest.approx(np.sqrt(IRIS.X.var(axis=0).mean()), rel=1e-12)
    # two far clusters with the deviation 3, wherever one starts
    rng = np.random.default_rng(0)
    X = 3 * rng.normal(size=(400, 5)) + np.repeat([[0.0], [500.0]], 200, axis=0)
    deviation = paper.cluster_deviation(Dataset("x", X, tuple("abcde"), "mm"), paper.Protocol(1, 2, 20, 5))
    assert deviation == pytest.approx(3, rel=0.03)
    # so the mixture's result has no unit
    small, large = (
        paper.run(
            Dataset("iris", size * IRIS.X, IRIS.features, "mm"), paper.Protocol(1, 3, 5, 5), ["mixture"], Rate(1), 3
        )
        for size in (1, 10)
    )
    np.testing.assert_allclose(small[0]["cost"], large[0]["cost"], rtol=1e-9)


# Least sums of squares in cm², proved: du Merle et al. (2000), Aloise, Hansen and Liberti (2012). The one of the UCI
# file is what scikit-learn reported as long as it shipped that file.
PROVED = {2: 152.3479518, 3: 78.8514414, 4: 57.2284732, 5: 46.4461821, 6: 39.0399872}


@pytest.mark.parametrize(
    ("X", "clusters", "optimum"),
    [*((iris()[0], K, value) for K, value in PROVED.items()), (iris_uci()[0], 3, 78.9408414)],
)
def test_the_proved_optimum_is_reached_and_never_passed(X, clusters, optimum):
    starts = draw(X, clusters, streams(1, "iris", clusters, range(150), "test"))
    ends = 2 * conventions.run_to_the_end(QuantizationProblem(X), starts) / 100
    assert ends.min() == pytest.approx(optimum, abs=1e-6)


def test_runs_to_the_end_have_ended():
    problem = QuantizationProblem(IRIS.X)
    starts = draw(IRIS.X, 6, streams(1, "iris", 6, range(40), "test"))
    trace = minimize(problem, MajorizeMinimize(), starts, epochs=100)
    assert set(trace.stop) == {Stop.FIXED_POINT}
    np.testing.assert_array_equal(conventions.run_to_the_end(problem, starts), trace.cost[-1])


def test_combinations_and_their_units():
    few = Dataset("few", IRIS.X[::3], IRIS.features, "mm")
    large = Dataset("few", 8 * few.X, IRIS.features, "mm")
    (table, costs), (same, costs_of_large) = (
        conventions.limits(data, 1, 5, [2, 4], ["patterns", "box", "gaussian"]) for data in (few, large)
    )
    assert table.equals(same)
    assert len(table.drop_duplicates()) == len(costs) == 15 * 2 * 3 * 2
    factor = np.where(table["standardized"], 1, 64)[:, None]
    np.testing.assert_allclose(costs_of_large, factor * costs, rtol=1e-9)
    # one of them, by itself
    here = (table["features"] == "sepal width + petal width") & (table["start"] == "box") & (table["clusters"] == 4)
    X, rngs = few.X[:, [1, 3]], streams(1, "few", 4, range(5), "convention box")
    starts = draw(few.X, 4, rngs, "box")[:, :, [1, 3]]
    raw, standardized = (
        minimize(QuantizationProblem(X / unit), MajorizeMinimize(), starts / unit, epochs=100).cost[-1]
        for unit in (1, X.std(axis=0))
    )
    np.testing.assert_array_equal(costs[here & ~table["standardized"]][0], raw)
    np.testing.assert_allclose(costs[here & table["standardized"]][0], standardized, rtol=1e-12)


def test_the_rate_is_tuned_on_starts_of_its_own(experiment):
    np.testing.assert_allclose(rate_search.RateGrid(0.01, 100, 5).values(), [0.01, 0.1, 1, 10, 100])
    protocol = paper.Protocol(1, 6, 3, 4)
    table = rate_search.search(IRIS, protocol, rate_search.RateGrid(1e-15, 1e-3, 2), runs=9)
    assert len(table) == 2 * 2 * 2 * 9
    # a rate next to nothing: the costs are those of the starts, the same ones for all and not those of the experiment
    still = table[table["rate"] < 1e-14].pivot(index="run", columns=["optimizer", "decays"], values="cost").to_numpy()
    np.testing.assert_allclose(still, np.repeat(still[:, :1], 4, axis=1), rtol=1e-9)
    assert not np.isclose(still[:, 0], costs(experiment[0], "batch_kmeans")[0]).any()
    assert (table["limit"] <= table["cost"] * (1 + 1e-12)).all()
