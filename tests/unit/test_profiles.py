"""Profiles, run-time distributions and expected running times, by hand and by simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kmeans_convergence.analysis import profiles, ranking
from kmeans_convergence.core.gap import RELATIVE

DATASETS = pd.DataFrame({"name": ["a", "b"], "family": ["a", "b"]})


def table(rows, columns):
    return pd.DataFrame(rows, columns=columns).assign(start="patterns", start_cost=9.0, end=1.0)


@pytest.fixture
def runs():
    rows = [
        # dataset, clusters, optimizer, run, target, passes
        ("a", 2, "x", 0, 2.0, 9.0),
        ("a", 2, "x", 1, np.nan, 9.0),
        ("a", 2, "x", 2, 4.0, 9.0),
        ("a", 2, "y", 0, 1.0, 100.0),
        ("a", 2, "y", 1, np.nan, 100.0),
        ("a", 2, "y", 2, np.nan, 100.0),
        ("b", 2, "x", 0, 6.0, 9.0),
        ("b", 2, "y", 0, 3.0, 100.0),
        ("b", 5, "x", 0, np.nan, 9.0),
        ("b", 5, "y", 0, np.nan, 100.0),
    ]
    return table(rows, ["dataset", "clusters", "optimizer", "run", "best_1", "passes"])


def test_medians_by_hand(runs):
    found = profiles.medians(runs, "best_1")
    assert found["x"].tolist() == [4.0, 6.0, np.inf]
    assert found["y"].tolist() == [np.inf, 3.0, np.inf]


def test_a_run_that_diverged_has_reached_nothing(runs):
    gone = runs.assign(end=np.where((runs["optimizer"] == "y") & (runs["dataset"] == "b"), 10.0, 1.0))
    assert profiles.medians(gone, "best_1")["y"].tolist() == [np.inf, np.inf, np.inf]
    found = profiles.run_times(gone, "best_1", np.array([100.0]), DATASETS, 0, 50).set_index("optimizer")["share"]
    assert found["y"] == pytest.approx(1 / 6)


def test_performance_by_hand(runs):
    found = profiles.performance(profiles.medians(runs, "best_1"), np.array([1.0, 2.0, 50.0]), DATASETS)
    found = found.pivot(index="optimizer", columns="factor", values="share")
    # set a has one problem of weight 1/2, set b two of weight 1/4, one of which nobody solves
    assert found.loc["x"].tolist() == [0.5, 0.75, 0.75]
    assert found.loc["y"].tolist() == [0.25, 0.25, 0.25]


def test_a_problem_that_was_not_run_does_not_count(runs):
    some = runs[~((runs["optimizer"] == "y") & (runs["dataset"] == "a"))]
    found = profiles.performance(profiles.medians(some, "best_1"), np.array([1.0]), DATASETS).set_index("optimizer")
    assert found.loc["y", "share"] == 0.5
    assert found.loc["x", "share"] == 0.5


@given(
    hnp.arrays(float, (6, 3), elements=st.floats(0.1, 1e3) | st.just(np.inf)),
)
def test_profiles_rise_and_somebody_is_the_fastest(passes):
    index = pd.MultiIndex.from_product([["a", "b"], [2, 3, 5], ["patterns"]], names=["dataset", "clusters", "start"])
    grid = np.array([1.0, 1.5, 10.0, 1e9])
    found = profiles.performance(pd.DataFrame(passes, index, ["x", "y", "z"]), grid, DATASETS)
    shares = found.pivot(index="optimizer", columns="factor", values="share").to_numpy()
    assert (np.diff(shares, axis=1) >= 0).all()
    solved = np.isfinite(passes)
    assert shares[:, 0].sum() >= solved.any(axis=1).mean() - 1e-12
    np.testing.assert_allclose(shares[:, -1], solved.mean(axis=0))


def test_run_times_by_hand(runs):
    found = profiles.run_times(runs, "best_1", np.array([1.0, 4.0, 100.0]), DATASETS, 0, 50)
    found = found.pivot(index="optimizer", columns="passes", values="share")
    np.testing.assert_allclose(found.loc["x"], [0, 1 / 2 * 2 / 3, 1 / 2 * 2 / 3 + 1 / 4])
    np.testing.assert_allclose(found.loc["y"], [1 / 6, 1 / 6 + 1 / 4, 1 / 6 + 1 / 4])


def test_intervals_of_run_times_are_those_of_the_hierarchy(runs):
    grid = np.array([1.0, 4.0, 100.0])
    found = profiles.run_times(runs, "best_1", grid, DATASETS, 7, 200).set_index(["optimizer", "passes"])
    assert (found["low"] <= found["share"]).all()
    assert (found["share"] <= found["high"]).all()
    for passes in grid:
        reached = runs.assign(value=(runs["best_1"] <= passes).astype(float))
        alone = ranking.Hierarchy.of(reached, DATASETS, 7, 200)
        low, high = np.quantile(alone.draws, [0.025, 0.975], axis=0)
        here = found.xs(passes, level="passes").loc[alone.optimizers]
        np.testing.assert_array_equal(here["share"], alone.effect)
        np.testing.assert_array_equal(here[["low", "high"]], np.stack([low, high], axis=1))
    # both sets are drawn or one of them alone: a has runs within 4 passes, b has none for x
    assert found.loc[("x", 4.0), "low"] == 0
    assert found.loc[("x", 4.0), "high"] > 2 / 3


def test_excess_by_hand():
    rows = [
        # dataset, clusters, optimizer, run, end, limit
        ("a", 2, "x", 0, 12.0, 11.0),
        ("a", 2, "x", 1, 10.0, 10.0),
        ("a", 2, "y", 0, np.inf, 15.0),
        ("b", 2, "x", 0, 1.0, 0.0),
        ("b", 3, "x", 0, 5.0, 4.0),
    ]
    columns = ["dataset", "clusters", "optimizer", "run", "end", "limit"]
    runs = pd.DataFrame(rows, columns=columns).assign(start="patterns", start_cost=30.0)
    ends, limits = (profiles.excess(runs, RELATIVE, column, DATASETS) for column in ("end", "limit"))
    np.testing.assert_allclose(ends["excess"], [20, 0, np.inf, np.inf, 25])
    np.testing.assert_allclose(limits["excess"], [10, 0, np.inf, 0, 0])
    # half for each set, shared by its problems and by the runs of an optimizer on each
    np.testing.assert_allclose(ends["weight"], [1 / 4, 1 / 4, 1 / 2, 1 / 4, 1 / 4])
