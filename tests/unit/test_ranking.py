"""Averages, intervals and tests over data sets, against hand-worked cases, known effects and other libraries."""

import numpy as np
import pandas as pd
import pytest
import synthetic
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kmeans_convergence.analysis import ranking
from kmeans_convergence.analysis.ranking import Hierarchy


def sets(kinds):
    return pd.DataFrame({"name": [f"s{i}" for i in range(len(kinds))], "kind": kinds})


def values(point, runs=1, spread=0.0, seed=0):
    """Runs of sets x optimizers whose averages are `point`, but for noise."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"s{i}", 2, "patterns", r, f"m{j}", value + spread * rng.standard_normal())
        for i, row in enumerate(point)
        for j, value in enumerate(row)
        for r in range(runs)
        if np.isfinite(value)
    ]
    return pd.DataFrame(rows, columns=["dataset", "clusters", "start", "run", "optimizer", "value"])


# --- weights --------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["real", "synthetic", "pixels", "patches"]), min_size=1, max_size=12))
def test_images_have_at_most_half_of_the_weight(kinds):
    datasets = sets(kinds)
    names = list(datasets["name"])
    weight = ranking.weights(datasets, names)
    images = datasets["kind"].isin(ranking.IMAGES).to_numpy()
    assert weight.sum() == pytest.approx(1)
    assert (weight > 0).all()
    if not images.all():
        assert weight[images].sum() <= 0.5 + 1e-12
    if images.sum() <= (~images).sum():
        np.testing.assert_allclose(weight, 1 / len(kinds))
    kept = ranking.balanced(datasets, names)
    assert set(datasets["name"][~images]) <= set(kept)
    assert len(kept) == (min(2 * (~images).sum(), len(kinds)) if not images.all() else len(kinds))


# --- the hierarchy ---------------------------------------------------------------------------------


def test_averages_by_hand():
    runs = pd.DataFrame(
        [
            # two problems of one set count as much as the one problem of the other, however many runs
            ("s0", 2, "patterns", 0, "m0", 1.0),
            ("s0", 3, "patterns", 0, "m0", 2.0),
            ("s0", 3, "patterns", 1, "m0", 4.0),
            ("s1", 2, "patterns", 0, "m0", 10.0),
            ("s1", 2, "patterns", 0, "m1", 5.0),
        ],
        columns=["dataset", "clusters", "start", "run", "optimizer", "value"],
    )
    hierarchy = Hierarchy.of(runs, sets(["real", "real"]), seed=0, repeats=50)
    np.testing.assert_array_equal(hierarchy.point, [[2.0, np.nan], [10.0, 5.0]])
    np.testing.assert_array_equal(hierarchy.effect, [6.0, 5.0])
    assert hierarchy.summary()["sets"].tolist() == [2, 1]
    # a sample of sets may be one of them twice; the set with two runs then varies
    assert set(np.unique(hierarchy.inner[:, 0, 0])) == {1.5, 2.0, 2.5}
    assert hierarchy.draws[:, 0].min() < 3
    assert hierarchy.draws[:, 0].max() == 10


def test_data_sets_are_the_unit_of_replication():
    # thousands of runs on each set cannot make up for sets that disagree
    effects = np.where(np.arange(16) % 2, 1.0, -1.0)[:, None]
    hierarchy = Hierarchy.of(values(effects, runs=200, spread=0.5), sets(["real"] * 16), seed=1, repeats=2000)
    row = hierarchy.summary().iloc[0]
    error = np.std(effects) / np.sqrt(16)
    assert row["low"] < 0 < row["high"]
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.96 * error, rel=0.1)


def test_runs_are_resampled_within_sets():
    # sets that agree: what is left is the error of the runs
    hierarchy = Hierarchy.of(values(np.zeros((10, 1)), runs=25, spread=1.0), sets(["real"] * 10), seed=1, repeats=2000)
    row = hierarchy.summary().iloc[0]
    # the sets' averages differ by chance as well, so the variance is counted twice
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.96 * np.sqrt(2 / 250), rel=0.35)


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(40):
        point = 0.3 + rng.normal(0, 1, (25, 1))
        row = Hierarchy.of(values(point, 4, 0.5, seed=trial), sets(["real"] * 25), seed=trial, repeats=200).summary()
        hits += row["low"].iloc[0] <= 0.3 <= row["high"].iloc[0]
    # 95 % of 40 is 38
    assert stats.binomtest(hits, 40, 0.95).pvalue > 0.001


def test_a_problem_is_resampled_alike_whatever_else_is_there():
    table = values(np.zeros((3, 2)), runs=5, spread=1.0)
    datasets = sets(["real"] * 3)
    everything = Hierarchy.of(table, datasets, seed=2, repeats=20)
    less = Hierarchy.of(table[table["dataset"] != "s0"], datasets, seed=2, repeats=20)
    np.testing.assert_array_equal(everything.inner[:, 1:], less.inner)


# --- ranks and tests -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    data = rng.normal([0, 0.5, 3, 0], 1, (14, 4))
    data[:, 3] = data[:, 0]
    index = pd.Index([f"s{i}" for i in range(14)], name="dataset")
    return pd.DataFrame(data, index=index, columns=["a", "b", "c", "twin"])


def test_ranks_are_those_of_scipy(table):
    expected = stats.rankdata(table, axis=1).mean(axis=0)
    found = ranking.ranks(table, sets(["real"] * 14))
    np.testing.assert_allclose(found[table.columns], expected)
    assert found["a"] == found["twin"]
    assert list(found) == sorted(found)


def test_an_optimizer_without_every_set_has_no_rank(table):
    table = table.assign(late=np.r_[np.nan, np.zeros(13)])
    assert "late" not in ranking.ranks(table, sets(["real"] * 14))


def test_pairwise_tests_are_those_of_scipy(table):
    pairs = ranking.pairwise(table, sets(["real"] * 14)).set_index(["one", "two"])
    assert len(pairs) == 6
    row = pairs.loc[("a", "c")]
    assert row["p"] == pytest.approx(stats.wilcoxon(table["a"], table["c"], method="approx").pvalue)
    assert row["difference"] == pytest.approx((table["a"] - table["c"]).median())
    assert row["rank_biserial"] < -0.9
    assert pairs.loc[("a", "twin"), "p"] == 1
    # Holm: the smallest p-value is multiplied by the number of pairs
    assert pairs["p_holm"].min() == pytest.approx(6 * pairs["p"].min())
    matrix = ranking.significance(pairs.reset_index(), ["c", "a"])
    assert matrix.loc["a", "c"] == matrix.loc["c", "a"] == row["p_holm"]
    assert matrix.loc["a", "a"] == 1


def test_probabilities_know_direction_and_equivalence():
    index = [f"s{i}" for i in range(20)]
    table = pd.DataFrame(
        {"batch_kmeans": 0.0, "lower": -1.0, "same": 0.01, "higher": 2.0}, index=pd.Index(index, name="dataset")
    )
    found = ranking.probabilities(table, sets(["real"] * 20), rope=0.1, seed=0).set_index("optimizer")
    assert found.idxmax(axis=1).to_dict() == {"lower": "lower", "same": "same", "higher": "higher"}
    assert (found.max(axis=1) > 0.99).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


# --- everything about one optimizer ------------------------------------------------------------------


@pytest.fixture(scope="module")
def summary():
    datasets = synthetic.datasets(14, 5)
    effects = {key: synthetic.EFFECTS[key] for key in synthetic.EFFECTS if not key.startswith(("minibatch", "adam"))}
    runs = synthetic.runs(datasets, effects, count=12, starts=("patterns",))
    return ranking.summarize(runs, datasets, synthetic.BUDGET, seed=0, repeats=400).set_index("optimizer")


def test_the_effects_that_were_built_in_are_found(summary):
    for optimizer, row in summary.iterrows():
        effect = synthetic.EFFECTS[optimizer]
        width = row["difference_high"] - row["difference_low"]
        assert abs(row["difference"] - effect.cost) <= max(width, 1e-12), optimizer
        if row["reached_1"] == 1 and effect.power == 0:
            width = np.log(row["ratio_1_high"] / row["ratio_1_low"])
            assert abs(np.log(row["ratio_1"] / effect.factor)) <= max(width, 1e-12), optimizer


def test_worse_everywhere_is_worse_and_a_twin_is_the_same(summary):
    worse, twin = summary.loc["gradient_nmax"], summary.loc["online_kmeans"]
    assert worse["difference_low"] > 0.5
    assert worse["p_holm"] < 0.05
    assert worse["rank_biserial"] == 1
    assert worse["higher"] > 0.99
    assert worse["ratio_1_low"] > 3
    assert twin["difference_low"] == twin["difference_high"] == 0
    assert twin["ratio_0.1_low"] == twin["ratio_0.1_high"] == 1
    assert twin["equal"] == twin["same"] == 1
    assert twin["p_holm"] == 1
    assert twin["rank"] == summary.loc["batch_kmeans", "rank"]
    assert summary["rank"].idxmin() == "overrelaxed_19"


def test_the_reference_has_no_test(summary):
    assert summary.loc["batch_kmeans", ["p_holm", "lower", "rank_biserial"]].isna().all()
    np.testing.assert_allclose(summary[["better", "equal", "worse"]].sum(axis=1), 1)


# --- expected running times -----------------------------------------------------------------------


def attempts(dataset, optimizer, target, passes):
    count = len(target)
    names = {"dataset": dataset, "clusters": 2, "start": "patterns", "optimizer": optimizer}
    return pd.DataFrame(names | {"run": range(count), "best_1": target, "passes": passes})


def test_expected_running_times_by_hand():
    runs = pd.concat(
        [
            attempts("s0", "batch_kmeans", [2, np.nan, 4], [9, 9, 9]),
            attempts("s0", "other", [1, np.nan, np.nan], [9, 100, 100]),
            attempts("s1", "batch_kmeans", [3, 5, 5], [9, 9, 9]),
            attempts("s1", "other", [np.nan] * 3, [100] * 3),
        ]
    )
    table = ranking.running_times(runs, sets(["real", "real"]), "best_1", 1, 200).set_index("optimizer")
    # two of three get there for 2 + 9 + 4 passes, one of three for 1 + 100 + 100; the other set is never solved
    assert table.loc["other", "effect"] == pytest.approx(201 / 7.5)
    assert table.loc["other", ["sets", "unsolved"]].tolist() == [1, 0.5]
    assert table.loc["batch_kmeans", ["effect", "low", "high", "unsolved"]].tolist() == [1, 1, 1, 0]
    assert table.loc["other", "low"] < table.loc["other", "effect"] < table.loc["other", "high"]


def test_expected_running_times_are_those_of_restarts():
    datasets = synthetic.datasets(1, 0)
    runs = synthetic.runs(datasets, count=400, clusters=(3,), starts=("patterns",))
    found = ranking.running_times(runs, datasets, "best_10", 1, 2).set_index("optimizer").loc["nesterov", "effect"]
    rng = np.random.default_rng(0)

    def simulated(optimizer):
        some = runs[runs["optimizer"] == optimizer]
        target, passes = some["best_10"].to_numpy(), some["passes"].to_numpy()
        assert np.isnan(target).any()
        totals = []
        for _ in range(4000):
            total = 0.0
            while np.isnan(target[run := rng.integers(400)]):
                total += passes[run]
            totals.append(total + target[run])
        return np.mean(totals), np.std(totals) / np.sqrt(4000)

    (one, error), (other, other_error) = simulated("nesterov"), simulated("batch_kmeans")
    assert abs(one / other - found) <= 4 * found * np.hypot(error / one, other_error / other)
