"""Every optimizer against batch K-means, on tables whose effects are known."""

import numpy as np
import pandas as pd
import pytest
import synthetic
from scipy import stats

from kmeans_convergence.analysis import paired
from kmeans_convergence.core.gap import RELATIVE


@pytest.fixture(scope="module")
def runs():
    effects = {
        "batch_kmeans": synthetic.Effect(spread=0),
        "twin": synthetic.Effect(spread=0),
        "worse": synthetic.Effect(1.0, spread=0.3, factor=2.0),
        "better": synthetic.Effect(-0.5, spread=0.1, factor=0.5),
    }
    return synthetic.runs(synthetic.datasets(3, 1), effects, count=30)


def test_differences_are_paired_by_run_in_any_order(runs):
    one = paired.differences(runs, RELATIVE, polished=True)
    other = paired.differences(runs.sample(frac=1, random_state=3), RELATIVE, polished=True)
    by = [*paired.PROBLEM, "run", "optimizer"]
    pd.testing.assert_frame_equal(
        one.sort_values(by, ignore_index=True), other.sort_values(by, ignore_index=True), check_column_type=False
    )


def tiny(**columns):
    table = pd.DataFrame({"start_cost": 100.0, "passes": 9.0, "budget": 100} | columns)
    return table.assign(dataset="a", clusters=2, start="patterns")


def test_differences_by_hand():
    runs = tiny(
        optimizer=["batch_kmeans"] * 3 + ["other"] * 2,
        run=[0, 1, 2, 0, 1],
        limit=[10.0, 30.0, 7.0, 11.0, 30.0],
        end=[10.0, 30.0, 7.0, 20.0, 36.0],
    )
    table = paired.differences(runs, RELATIVE, polished=True).set_index(["optimizer", "run"])["value"]
    # the third run has no partner; the average of the reference is 20
    assert table.to_dict() == {
        ("batch_kmeans", 0): 0.0,
        ("batch_kmeans", 1): 0.0,
        ("other", 0): 5.0,
        ("other", 1): 0.0,
    }
    table = paired.differences(runs, RELATIVE, polished=False).set_index(["optimizer", "run"])["value"]
    assert table["other"].tolist() == [50.0, 30.0]


@pytest.mark.parametrize("end", [np.inf, np.nan, 100.1])
def test_a_run_that_diverges_is_counted_and_has_no_cost(end):
    runs = tiny(
        optimizer=["batch_kmeans"] * 2 + ["other"] * 2,
        run=[0, 1] * 2,
        limit=[10.0, 30.0, 50.0, 31.0],
        end=[10.0, 30.0, end, 32.0],
        own_1=5.0,
    )
    assert paired.diverged(runs).tolist() == [False, False, True, False]
    for polished, expected in ((False, 10.0), (True, 5.0)):
        table = paired.differences(runs, RELATIVE, polished).set_index(["optimizer", "run"])["value"]
        assert np.isnan(table["other", 0])
        # the average of batch K-means is still that over both runs
        assert table["other", 1] == expected
    # its passes are censored, whatever it came near to before the polish took it elsewhere
    ratios = paired.log_ratios(runs, RELATIVE, "own_1").set_index(["optimizer", "run"])["value"]
    np.testing.assert_allclose(np.exp(ratios["other"]), [100 / 5, 1])


def test_ending_where_it_started_is_not_diverging():
    assert not paired.diverged(tiny(optimizer=["other"], run=[0], limit=[100.0], end=[100.0])).any()


def test_nothing_is_compared_with_a_cost_of_zero():
    runs = tiny(optimizer=["batch_kmeans", "other"] * 2, run=[0, 0, 1, 1], limit=[0.0, 0.0, 2.0, 3.0])
    runs = runs.assign(end=runs["limit"])
    assert paired.differences(runs, RELATIVE, polished=True)["run"].tolist() == [1, 1]
    assert paired.differences(runs[runs["optimizer"] == "other"], RELATIVE, polished=True).empty


def test_censored_runs_count_with_the_budget_and_early_ones_with_the_first_step():
    runs = tiny(
        optimizer=["batch_kmeans"] * 3 + ["other"] * 3,
        run=[0, 1, 2] * 2,
        limit=1.0,
        end=1.0,
        own_1=[10.0, np.nan, 0.0, np.nan, 5.0, 0.125],
    )
    table = paired.log_ratios(runs, RELATIVE, "own_1")
    ratio = np.exp(table[table["optimizer"] == "other"].sort_values("run")["value"])
    np.testing.assert_allclose(ratio, [100 / 10, 5 / 100, 0.125 / paired.FIRST])


def test_two_censored_runs_say_nothing():
    """A budget that is too small for both is no sign that they are as fast."""
    runs = tiny(
        optimizer=["batch_kmeans"] * 2 + ["slower"] * 2,
        run=[0, 1] * 2,
        limit=1.0,
        end=1.0,
        own_1=[np.nan, 50, np.nan, np.nan],
    )
    table = paired.log_ratios(runs, RELATIVE, "own_1").set_index(["optimizer", "run"])["value"]
    assert table.isna().tolist() == [True, False, True, False]
    assert np.exp(table["slower", 1]) == pytest.approx(2)


def test_what_tuning_has_cost_is_added_to_the_optimizer_that_was_tuned():
    runs = tiny(optimizer=["batch_kmeans", "tuned", "other"], run=0, limit=1.0, end=1.0, own_1=[10.0, 5.0, 20.0])
    index = pd.MultiIndex.from_tuples(
        [("a", 2, "tuned"), ("a", 3, "other")], names=["dataset", "clusters", "optimizer"]
    )
    table = paired.log_ratios(runs, RELATIVE, "own_1", pd.Series([45.0, 7.0], index=index)).set_index("optimizer")[
        "value"
    ]
    np.testing.assert_allclose(np.exp(table[["batch_kmeans", "tuned", "other"]]), [1, 5, 2])


def test_ratios_find_the_factor(runs):
    table = paired.log_ratios(runs, RELATIVE, "own_1")
    for optimizer, factor in (("worse", 2.0), ("better", 0.5), ("twin", 1.0)):
        values = table.loc[table["optimizer"] == optimizer, "value"]
        assert abs(values.mean() - np.log(factor)) <= 4 * stats.sem(values)


def test_a_selection_has_each_run_once():
    table = synthetic.datasets(2, 0)
    effects = {key: synthetic.EFFECTS[key] for key in ("batch_kmeans", "adam_tuned")}
    runs = synthetic.runs(table, effects, count=4, clusters=(3,), budgets=(10, 100))
    # from a file, what was not tuned has no word
    runs["tuned_for"] = runs["tuned_for"].replace("", np.nan)
    some = paired.select(runs, "plusplus", 10, paired.SPEED)
    assert not some.duplicated(["dataset", "optimizer", "run"]).any()
    assert len(some) == 2 * 2 * 4
    assert set(some["budget"]) == {10}
    assert set(some["tuned_for"].dropna()) == {"speed"}
    less = runs[(runs["budget"] == 10) | (runs["dataset"] == "iris")]
    assert (paired.main_budget(runs), paired.main_budget(less)) == (100, 10)
