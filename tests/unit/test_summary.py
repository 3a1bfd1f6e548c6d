"""The table of optimizers: known effects, bounds where runs are censored, runs that diverge, running times."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import synthetic
from synthetic import EFFECTS

from kmeans_convergence.analysis import summary
from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.analysis.ranking import Hierarchy
from kmeans_convergence.core.gap import RELATIVE

SOME = [key for key in EFFECTS if not key.startswith("minibatch")]


def world(effects, sets=14, count=12, starts=("patterns",), repeats=400, **more):
    datasets = synthetic.datasets(sets, 5)
    runs = synthetic.runs(datasets, effects, count=count, starts=starts, **more)
    return Evidence(RELATIVE, runs, datasets, 0, repeats, tuning=synthetic.tuning(datasets))


@pytest.fixture(scope="module")
def table():
    effects = {key: EFFECTS[key] for key in SOME} | {
        # half of a per cent lower after the polish, two per cent higher before
        "adam": dataclasses.replace(EFFECTS["adam"], cost=-0.5, short=2.5),
        "gradient_tuned": dataclasses.replace(EFFECTS["gradient_tuned"], diverges=0.25),
    }
    return summary.summarize(world(effects, 20)).set_index("optimizer")


def test_the_effects_that_were_built_in_are_found(table):
    for optimizer, row in table.iterrows():
        effect = EFFECTS[optimizer]
        if optimizer != "adam":
            width = row["limit_high"] - row["limit_low"]
            assert abs(row["limit"] - effect.cost) <= max(width, 1e-12), optimizer
        if row["censored_1"] == 0 and effect.power == 0:
            width = np.log(row["ratio_1_high"] / row["ratio_1_low"])
            assert abs(np.log(row["ratio_1"] / effect.factor)) <= max(width, 1e-12), optimizer


def test_worse_everywhere_is_worse_and_a_twin_is_the_same(table):
    worse, twin = table.loc["gradient_nmax"], table.loc["online_kmeans"]
    assert worse["limit_low"] > 0.5
    assert worse["limit_p_holm"] < 0.05
    assert worse["limit_rank_biserial"] == 1
    assert worse["ratio_1_low"] > 3
    assert worse["families"] == 16
    assert twin["limit_low"] == twin["limit_high"] == 0
    assert twin["ratio_0.1_low"] == twin["ratio_0.1_high"] == 1
    assert twin["equal"] == 1
    assert twin["limit_p_holm"] == 1


def test_with_the_polish_and_without_are_two_columns(table):
    adam = table.loc["adam"]
    assert adam["limit_high"] < 0 < adam["end_low"]
    assert adam["end_median"] > 1 > 0 > adam["limit_median"]


def test_the_reference_has_no_test(table):
    assert table.loc["batch_kmeans", ["limit_p_holm", "end_p_holm", "limit_rank_biserial"]].isna().all()
    np.testing.assert_allclose(table[["better", "equal", "worse"]].sum(axis=1), 1)


def test_runs_that_diverge_are_counted_and_in_no_mean(table):
    row = table.loc["gradient_tuned"]
    assert row["diverged"] == 0.25
    # ten times the start would be thousands of per cent
    assert abs(row["end"] - EFFECTS["gradient_tuned"].cost) < 0.5
    assert row["censored_1"] >= 0.25
    assert row["bound_1"]
    assert (table.drop(index="gradient_tuned")["diverged"] == 0).all()


def test_many_censored_runs_make_a_bound(table):
    adam, twin = table.loc["adam"], table.loc["online_kmeans"]
    assert adam["censored_0.1"] > 0.9
    assert adam[["bound_0.1", "bound_0.1_median"]].all()
    assert not twin[["bound_0.1", "bound_0.1_median", "bound_1", "bound_1_median"]].any()
    assert not table.loc["batch_kmeans", ["bound_0.1", "bound_1"]].any()
    # what it would need is thirty times as much
    assert adam["ratio_0.1"] < 30


def test_a_median_is_exact_if_what_is_censored_lies_above_it():
    rows = [(f"s{s}", "m", value, float(gone)) for s, (value, gone) in enumerate([(1, 0), (2, 0), (3, 1), (4, 1)])]
    rows += [(f"s{s}", "n", value, float(gone)) for s, (value, gone) in enumerate([(1, 0), (2, 1), (3, 0), (4, 0)])]
    values = pd.DataFrame(rows, columns=["dataset", "optimizer", "value", "gone"]).query("dataset != 's3'")
    values = values.assign(clusters=2, start="patterns", run=0)
    sets = pd.DataFrame({"name": ["s0", "s1", "s2"], "family": ["s0", "s1", "s2"]})
    ratios = Hierarchy.of(values, sets, 0, 1)
    censored = Hierarchy.of(values.assign(value=values["gone"]), sets, 0, 1)
    # for m only the largest of three is a bound, for n the middle one
    assert summary._bound_of_median(ratios, censored).to_dict() == {"m": False, "n": True}


def test_tuning_is_charged_in_a_second_reading(table):
    row = table.loc["gradient_tuned"]
    # four values at 500 passes, on one of both numbers of prototypes
    assert row["tuning_end"] == row["tuning_speed"] == 2000
    assert row["ratio_charged"] > 3 * row["ratio_0.1"]
    # with so many passes batch K-means finds the best of all its starts
    assert row["charged"] > row["restarts"] > row["end"]
    assert np.isnan(table.loc["gradient_nmax", "tuning_end"])
    assert table.loc["gradient_nmax", "ratio_charged"] == table.loc["gradient_nmax", "ratio_0.1"]


def test_every_kind_of_start_and_budget_has_its_rows():
    effects = {key: EFFECTS[key] for key in ("batch_kmeans", "adam_tuned", "online_c4")}
    evidence = world(effects, 6, 4, ("patterns", "plusplus"), 20, budgets=(10, 100))
    # the larger budget on a part of the sets
    large = evidence.runs["dataset"].isin(["iris", "set01"])
    evidence.runs = evidence.runs[(evidence.runs["budget"] == 10) | large]
    table = summary.summarize(evidence)
    assert len(table) == 2 * 2 * 3
    assert not table.duplicated(["start", "budget", "optimizer"]).any()
    assert table.iloc[0][["start", "budget"]].tolist() == ["patterns", 10]
    assert set(table.loc[table["budget"] == 100, "families"]) == {2}


# --- expected running times -----------------------------------------------------------------------


def attempts(dataset, optimizer, target, passes):
    count = len(target)
    names = {"dataset": dataset, "clusters": 2, "start": "patterns", "optimizer": optimizer, "start_cost": 9, "end": 1}
    return pd.DataFrame(names | {"run": range(count), "best_1": target, "passes": passes})


def families(count):
    names = [f"s{i}" for i in range(count)]
    return pd.DataFrame({"name": names, "family": names})


def test_expected_running_times_by_hand():
    runs = pd.concat(
        [
            attempts("s0", "batch_kmeans", [2, np.nan, 4], [9, 9, 9]),
            attempts("s0", "other", [1, np.nan, np.nan], [9, 100, 100]),
            attempts("s1", "batch_kmeans", [3, 5, 5], [9, 9, 9]),
            attempts("s1", "other", [np.nan] * 3, [100] * 3),
        ]
    )
    table = summary.running_times(runs, families(2), "best_1", 1, 200).set_index("optimizer")
    # of three runs s get there: the probability is (s + 1/2) / 4, the passes of a run on average 5 and 67
    first = (67 / (1.5 / 4)) / (5 / (2.5 / 4))
    # a problem that is never solved counts, with half of a success
    second = (100 / (0.5 / 4)) / (13 / 3 / (3.5 / 4))
    assert np.exp(table.loc["other", "time"]) == pytest.approx(np.sqrt(first * second))
    assert table.loc["other", ["families", "unsolved"]].tolist() == [2, 0.5]
    assert table.loc["batch_kmeans", ["time", "time_low", "time_high", "unsolved"]].tolist() == [0, 0, 0, 0]
    assert table.loc["other", "time_low"] < table.loc["other", "time"] < table.loc["other", "time_high"]


def test_expected_running_times_are_those_of_restarts():
    datasets = synthetic.datasets(1, 0)
    runs = synthetic.runs(datasets, EFFECTS, count=400, clusters=(3,), starts=("patterns",))
    times = summary.running_times(runs[runs["tuned_for"] != "speed"], datasets, "best_10", 1, 2)
    found = np.exp(times.set_index("optimizer").loc["nesterov", "time"])
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


def test_a_method_that_seldom_succeeds_is_not_rewarded_for_the_problems_that_it_never_solves():
    """Dropping these would make the method that fails on the hard problems the better one."""
    runs = pd.concat(
        [
            attempts("s0", "batch_kmeans", [4.0] * 4, [9] * 4),
            attempts("s0", "other", [3.0] * 4, [9] * 4),
            attempts("s1", "batch_kmeans", [8.0] * 4, [9] * 4),
            attempts("s1", "other", [np.nan] * 4, [9] * 4),
        ]
    )
    table = summary.running_times(runs, families(2), "best_1", 1, 10).set_index("optimizer")
    assert table.loc["other", "time"] > 0
