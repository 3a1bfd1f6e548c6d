"""Every optimizer against batch K-means, on tables whose effects are known."""

import numpy as np
import pandas as pd
import pytest
import synthetic
from scipy import stats

from kmeans_convergence.analysis import paired


@pytest.fixture(scope="module")
def runs():
    effects = {
        "batch_kmeans": synthetic.Effect(spread=0),
        "twin": synthetic.Effect(spread=0),
        "worse": synthetic.Effect(1.0, spread=0.3, factor=2.0),
        "better": synthetic.Effect(-0.5, spread=0.1, factor=0.5),
    }
    return synthetic.runs(synthetic.datasets(3, 1), effects, count=30)


def test_effects_are_found_on_every_problem(runs):
    table = paired.compare(runs, seed=0, repeats=400)
    assert len(table) == 3 * 3 * 2 * 2
    assert (table["runs"] == 30).all()
    worse, twin, better = (table[table["optimizer"] == key] for key in ("worse", "twin", "better"))
    assert (worse["low"] > 0.5).all()
    assert (worse["high"] < 1.5).all()
    assert (worse["p_holm"] < 0.01).all()
    assert (worse["rank_biserial"] > 0.8).all()
    assert (better["high"] < 0).all()
    assert (better["better"] > 0.9).all()
    # the same costs are equal, and nothing is certain about a difference that is not there
    assert (twin[["difference", "low", "high", "rank_biserial"]] == 0).all(axis=None)
    assert (twin["equal"] == 1).all()
    assert (twin["p"] == 1).all()
    np.testing.assert_allclose(table[["better", "equal", "worse"]].sum(axis=1), 1)


def test_differences_are_paired_by_run_in_any_order(runs):
    one = paired.differences(runs)
    other = paired.differences(runs.sample(frac=1, random_state=3))
    by = [*paired.PROBLEM, "run", "optimizer"]
    pd.testing.assert_frame_equal(
        one.sort_values(by, ignore_index=True), other.sort_values(by, ignore_index=True), check_column_type=False
    )


def tiny(**columns):
    table = pd.DataFrame(columns)
    return table.assign(dataset="a", clusters=2, start="patterns")


def test_differences_by_hand():
    runs = tiny(
        optimizer=["batch_kmeans"] * 3 + ["other"] * 2,
        run=[0, 1, 2, 0, 1],
        limit=[10.0, 30.0, 7.0, 11.0, 30.0],
    )
    table = paired.differences(runs).set_index(["optimizer", "run"])["value"]
    # the third run has no partner; the average of the reference is 20
    assert table.to_dict() == {
        ("batch_kmeans", 0): 0.0,
        ("batch_kmeans", 1): 0.0,
        ("other", 0): 5.0,
        ("other", 1): 0.0,
    }


def test_nothing_is_compared_with_a_cost_of_zero():
    runs = tiny(optimizer=["batch_kmeans", "other"] * 2, run=[0, 0, 1, 1], limit=[0.0, 0.0, 2.0, 3.0])
    assert paired.differences(runs)["run"].tolist() == [1, 1]
    assert paired.differences(runs[runs["optimizer"] == "other"]).empty


def test_censored_runs_count_with_the_budget_and_early_ones_with_the_first_step():
    runs = tiny(
        optimizer=["batch_kmeans"] * 3 + ["other"] * 3,
        run=[0, 1, 2] * 2,
        limit=1.0,
        own_1=[10.0, np.nan, 0.0, np.nan, 5.0, 0.125],
    )
    table = paired.log_ratios(runs, "own_1", budget=100)
    ratio = np.exp(table[table["optimizer"] == "other"].sort_values("run")["value"])
    np.testing.assert_allclose(ratio, [100 / 10, 5 / 100, 0.125 / paired.FIRST])


def test_ratios_find_the_factor(runs):
    table = paired.log_ratios(runs, "own_1", synthetic.BUDGET)
    for optimizer, factor in (("worse", 2.0), ("better", 0.5), ("twin", 1.0)):
        values = table.loc[table["optimizer"] == optimizer, "value"]
        assert abs(values.mean() - np.log(factor)) <= 4 * stats.sem(values)
