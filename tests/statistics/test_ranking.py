"""Averages, intervals and tests over data sets, against hand-worked cases, known effects and other libraries."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kmeans_convergence.statistics import ranking
from kmeans_convergence.statistics.ranking import Hierarchy


def sets(families):
    return pd.DataFrame({"name": [f"s{i}" for i in range(len(families))], "family": families})


def alone(count):
    """Data sets each of which is a family of its own."""
    return sets([f"s{i}" for i in range(count)])


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


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12))
def test_families_have_the_same_weight_and_sets_share_it(names):
    datasets = sets(names)
    weight = pd.Series(ranking.weights(datasets, list(datasets["name"])))
    np.testing.assert_allclose(weight.groupby(datasets["family"]).sum(), 1 / len(set(names)))
    assert (weight.groupby(datasets["family"]).nunique() == 1).all()


def test_a_set_that_no_table_knows_is_a_family_of_its_own():
    datasets = sets(["x", "x"])
    assert ranking.families(datasets, ["s1", "mine", "s0"]).tolist() == ["x", "mine", "x"]
    np.testing.assert_allclose(ranking.weights(datasets, ["s1", "mine", "s0"]), [0.25, 0.5, 0.25])


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
    hierarchy = Hierarchy.of(runs, alone(2), seed=0, repeats=50)
    np.testing.assert_array_equal(hierarchy.point, [[2.0, np.nan], [10.0, 5.0]])
    np.testing.assert_array_equal(hierarchy.effect, [6.0, 5.0])
    assert hierarchy.summary()["families"].tolist() == [2, 1]
    # a sample of sets may be one of them twice; the set with two runs then varies
    assert set(np.unique(hierarchy.inner[:, 0, 0])) == {1.5, 2.0, 2.5}
    assert hierarchy.draws[:, 0].min() < 3
    assert hierarchy.draws[:, 0].max() == 10


def test_families_are_averaged_and_not_their_sets():
    point = np.array([[1.0, 2.0], [3.0, np.nan], [8.0, 6.0], [5.0, np.nan]])
    datasets = sets(["twins", "twins", "single", "other"])
    hierarchy = Hierarchy.of(values(point), datasets, seed=0, repeats=200)
    np.testing.assert_array_equal(hierarchy.family_table().to_numpy(), [[2, 2], [8, 6], [5, np.nan]])
    assert hierarchy.family_table().index.tolist() == ["twins", "single", "other"]
    np.testing.assert_array_equal(hierarchy.effect, [5, 4])
    assert hierarchy.summary()["median"].tolist() == [5, 4]
    # three families; a sample that has the twins has both of them, one twice, or each once
    third = np.arange(1, 3.5, 1.0)
    possible = {round(sum(sample) / 3, 9) for sample in product([*third, 8.0, 5.0], repeat=3)}
    assert {round(value, 9) for value in hierarchy.draws[:, 0]} <= possible
    assert hierarchy.draws[:, 0].min() <= 5 / 3


def test_sets_of_one_family_are_no_replications():
    """Thirty sets from one generator say as much as one of them: the interval is that of three families."""
    effects = np.r_[np.zeros(30), 3.0, -3.0][:, None]
    datasets = sets(["one"] * 30 + ["two", "three"])
    row = Hierarchy.of(values(effects), datasets, seed=1, repeats=4000).summary().iloc[0]
    # of 27 samples of three families one has the lowest only, and three have it twice beside the zeros
    assert row[["effect", "low", "high"]].tolist() == [0, -3, 3]
    row = Hierarchy.of(values(effects), alone(32), seed=1, repeats=4000).summary().iloc[0]
    assert -0.5 < row["low"] < 0 < row["high"] < 0.5


def test_a_run_without_a_value_does_not_count():
    table = values(np.zeros((2, 1)), runs=4)
    table.loc[table["dataset"] == "s0", "value"] = [1.0, np.nan, 3.0, np.nan]
    table.loc[(table["dataset"] == "s1"), "value"] = [np.nan, np.nan, np.nan, 7.0]
    hierarchy = Hierarchy.of(table, alone(2), seed=1, repeats=300)
    np.testing.assert_array_equal(hierarchy.point[:, 0], [2, 7])
    # samples of runs have one, both or none of the known values
    known = hierarchy.inner[:, 0, 0]
    assert known[np.isfinite(known)].min() == 1
    assert np.isnan(hierarchy.inner[:, 1, 0]).any()


def test_data_sets_are_the_unit_of_replication():
    # thousands of runs on each set cannot make up for sets that disagree
    effects = np.where(np.arange(16) % 2, 1.0, -1.0)[:, None]
    hierarchy = Hierarchy.of(values(effects, runs=200, spread=0.5), alone(16), seed=1, repeats=2000)
    row = hierarchy.summary().iloc[0]
    error = np.std(effects) / np.sqrt(16)
    assert row["low"] < 0 < row["high"]
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.96 * error, rel=0.1)


def test_runs_are_resampled_within_sets():
    # sets that agree: what is left is the error of the runs
    hierarchy = Hierarchy.of(values(np.zeros((10, 1)), runs=25, spread=1.0), alone(10), seed=1, repeats=2000)
    row = hierarchy.summary().iloc[0]
    # the sets' averages differ by chance as well, so the variance is counted twice
    assert (row["high"] - row["low"]) / 2 == pytest.approx(1.96 * np.sqrt(2 / 250), rel=0.35)


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(5)
    hits = 0
    for trial in range(40):
        point = 0.3 + rng.normal(0, 1, (25, 1))
        row = Hierarchy.of(values(point, 4, 0.5, seed=trial), alone(25), seed=trial, repeats=200).summary()
        hits += row["low"].iloc[0] <= 0.3 <= row["high"].iloc[0]
    # 95 % of 40 is 38
    assert stats.binomtest(hits, 40, 0.95).pvalue > 0.001


def test_a_problem_is_resampled_alike_whatever_else_is_there():
    table = values(np.zeros((3, 2)), runs=5, spread=1.0)
    datasets = alone(3)
    everything = Hierarchy.of(table, datasets, seed=2, repeats=20)
    less = Hierarchy.of(table[table["dataset"] != "s0"], datasets, seed=2, repeats=20)
    np.testing.assert_array_equal(everything.inner[:, 1:], less.inner)


# --- ranks and tests -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    data = rng.normal([0, 0.5, 3, 0], 1, (14, 4))
    data[:, 3] = data[:, 0]
    index = pd.Index([f"s{i}" for i in range(14)], name="family")
    return pd.DataFrame(data, index=index, columns=["a", "b", "c", "twin"])


def test_ranks_are_those_of_scipy(table):
    expected = stats.rankdata(table, axis=1).mean(axis=0)
    found = ranking.ranks(table)
    np.testing.assert_allclose(found[table.columns], expected)
    assert found["a"] == found["twin"]
    assert list(found) == sorted(found)


def test_an_optimizer_without_every_family_has_no_rank(table):
    assert "late" not in ranking.ranks(table.assign(late=np.r_[np.nan, np.zeros(13)]))


def test_pairwise_tests_are_those_of_scipy(table):
    pairs = ranking.pairwise(table).set_index(["one", "two"])
    assert len(pairs) == 6
    row = pairs.loc[("a", "c")]
    assert row["p"] == pytest.approx(stats.wilcoxon(table["a"], table["c"], method="approx").pvalue)
    assert row["difference"] == pytest.approx((table["a"] - table["c"]).median())
    assert row["rank_biserial"] < -0.9
    assert row["families"] == 14
    assert pairs.loc[("a", "twin"), "p"] == 1
    # Holm: the smallest p-value is multiplied by the number of pairs
    assert pairs["p_holm"].min() == pytest.approx(6 * pairs["p"].min())
    matrix = ranking.significance(pairs.reset_index(), ["c", "a"])
    assert matrix.loc["a", "c"] == matrix.loc["c", "a"] == row["p_holm"]
    assert matrix.loc["a", "a"] == 1


def test_tests_against_the_reference_are_corrected_over_the_optimizers(table):
    against = table.sub(table["a"], axis=0).rename(columns={"a": "batch_kmeans"})
    found = ranking.against_reference(against).set_index("optimizer")
    assert found.index.tolist() == ["b", "c", "twin"]
    p = stats.wilcoxon(table["c"] - table["a"], method="approx").pvalue
    assert found.loc["c", "p"] == pytest.approx(p)
    assert found.loc["c", "p_holm"] == pytest.approx(3 * p)


def test_a_family_of_many_sets_has_one_rank_and_one_difference():
    point = np.array([[0.0, 1.0]] * 9 + [[1.0, 0.0], [1.0, 0.0]])
    datasets = sets(["mixtures"] * 9 + ["s9", "s10"])
    table = Hierarchy.of(values(point), datasets, seed=0, repeats=2).family_table()
    # nine sets for the first, but two families of three for the second
    assert ranking.ranks(table).to_dict() == {"m1": pytest.approx(4 / 3), "m0": pytest.approx(5 / 3)}
    assert ranking.pairwise(table).loc[0, ["difference", "families"]].tolist() == [1, 3]
