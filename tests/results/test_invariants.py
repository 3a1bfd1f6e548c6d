"""What must hold of the real results, whatever the configuration: the report is not built if it does not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.statistics import paired
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis.evidence import Verdict
from kmeans_convergence.studies.replication.analysis.predicates import STATEMENTS
from kmeans_convergence.studies.replication.run.methods import METHODS

QUANTIZATION = [name for name, method in METHODS.items() if method.problem == "quantization"]


@pytest.fixture(scope="module", params=["described", "candidate"], name="folder")
def folder_of_each_convention(request):
    return f"results/replication/experiment/{request.param}"


@pytest.fixture(scope="module", name="trace")
def read_trace(folder):
    return pd.read_csv(f"{folder}/trace.csv.gz")


@pytest.fixture(scope="module", name="runs")
def read_runs(folder):
    return Runs.read(f"{folder}/trace.csv.gz", f"{folder}/limits.csv.gz")


def test_the_table_is_complete_and_finite(trace):
    assert set(trace["optimizer"]) == set(METHODS)
    counts = trace.groupby("optimizer").size()
    assert counts.nunique() == 1
    assert np.isfinite(trace.select_dtypes("number")).all().all()


def test_all_methods_share_their_starts(runs):
    for method in QUANTIZATION:
        np.testing.assert_array_equal(runs.cost[method][:, 0], runs.cost[QUANTIZATION[0]][:, 0])


@pytest.mark.parametrize("method", ["batch_kmeans", "newton", "mixture"])
def test_alternation_never_increases_the_cost(runs, method):
    step = np.diff(runs.cost[method], axis=1)
    # rounding of a sum: some units in the last place of the cost
    assert (step <= 1e-13 * np.abs(runs.cost[method][:, :-1])).all()


def test_newton_is_batch_kmeans(runs):
    np.testing.assert_allclose(runs.cost["newton"], runs.cost["batch_kmeans"], rtol=1e-12)


def test_the_hybrid_begins_as_online_kmeans(runs):
    np.testing.assert_array_equal(runs.cost["hybrid"][:, :2], runs.cost["online_kmeans"][:, :2])


def test_no_method_ends_above_where_its_epochs_ended(runs):
    for method in METHODS:
        assert (runs.limit[method] <= runs.cost[method][:, -1] * (1 + 1e-12)).all()


def test_every_epoch_costs_one_pass_until_a_run_ends(trace):
    online = trace[trace["optimizer"].isin(["online_kmeans", "online_gradient", "batch_gradient"])]
    assert (online["passes"] == online["epoch"]).all()
    assert (trace["passes"] <= trace["epoch"]).all()


def test_something_changes_and_is_counted(trace):
    patterns = trace.loc[trace["epoch"] == 1, "changed"].max()
    assert patterns > 0
    assert (trace[["changed", "empty", "largest_move"]] >= 0).all().all()
    assert (trace.loc[trace["epoch"] == 0, ["changed", "largest_move"]] == 0).all().all()


def test_no_run_ends_below_the_proved_optimum():
    proved = pd.read_csv("paper/literature_values.csv").set_index("clusters")["value"]
    table = pd.read_csv("results/replication/conventions.csv")
    features = "sepal length + sepal width + petal length + petal width"
    known = table[
        (table["variant"] == "iris")
        & (table["features"] == features)
        & (table["unit"] == "cm")
        & ~table["half"]
        & table["clusters"].isin(proved.index)
    ]
    assert (known["min_05"] >= proved[known["clusters"]].to_numpy() * (1 - 1e-12)).all()


def test_every_statement_has_a_verdict():
    ledger = pd.read_csv("results/replication/ledger.csv")
    claims = pd.read_csv("src/kmeans_convergence/studies/replication/claims.tsv", sep="\t")
    assert list(ledger["id"].drop_duplicates()) == list(claims["id"])
    assert (ledger.groupby("id")["convention"].apply(list).map(tuple) == ("described", "candidate")).all()
    assert set(ledger["verdict"]) <= {verdict.value for verdict in Verdict}
    assert ((ledger["share"] >= 0) & (ledger["share"] <= 1)).all()
    effects = ledger.dropna(subset="effect")
    assert set(effects["id"]) == set(claims.loc[claims["predicate"].isin(STATEMENTS), "id"])
    assert (effects["low"] <= effects["high"]).all()


def test_every_step_of_the_derivation_holds():
    assert pd.read_csv("results/derivation/steps.csv")["holds"].all()


def test_every_theorem_holds():
    assert pd.read_csv("results/derivation/theorems.csv")["holds"].all()


def test_conventions_are_all_there_once():
    table = pd.read_csv("results/replication/conventions.csv")
    keys = ["variant", "features", "unit", "half", "start", "clusters"]
    assert not table.duplicated(keys).any()
    assert (table["p_holm"] >= table["p"]).all()
    assert (table["min_05"] <= table["mean_95"]).all()
    assert (table["mean_05"] <= table["max_95"]).all()


def test_conventions_that_agree_are_tested_by_the_axes():
    table, tried = (
        pd.read_csv("results/replication/conventions_axes.csv"),
        pd.read_csv("results/replication/conventions.csv"),
    )
    assert table["agrees"].sum() == (tried["p"] >= 0.05).sum()
    # as described, with and without the factor: only the left axis knows of it
    described = table[
        (table["variant"] == "iris")
        & (table["features"] == "sepal length + sepal width + petal length + petal width")
        & (table["unit"] == "mm")
        & (table["start"] == "patterns")
        & (table["clusters"] == 6)
    ].set_index("half")
    assert set(described.index) == {True, False}
    np.testing.assert_allclose(described.loc[False, "left_50"], 2 * described.loc[True, "left_50"])
    assert described.loc[False, "right_50"] == described.loc[True, "right_50"]
    assert table["weight"].sum() == pytest.approx(1) or (table["weight"] == 0).all()
    assert (table.loc[~table["agrees"], "weight"] == 0).all()
    assert ((table["likelihood"] >= 0) & (table["likelihood"] <= 1)).all()


def test_more_runs_make_averages_more_certain():
    table = pd.read_csv("results/replication/certainty.csv")
    np.testing.assert_allclose(table["error"] * np.sqrt(table["runs"]), table["error"][0] * np.sqrt(table["runs"][0]))
    assert (table["low"] <= table["high"]).all()


def test_the_first_patterns_and_the_end_are_measured_on_every_problem():
    table = pd.read_csv("results/comparison/first_steps.csv")
    datasets = pd.read_csv("results/comparison/datasets.csv").set_index("name")
    assert set(table["dataset"]) == set(datasets.index)
    for name, rows in table.groupby("dataset"):
        assert set(rows["clusters"]) == set(map(int, str(datasets.loc[name, "clusters"]).split(";")))
        assert (rows["n"] == datasets.loc[name, "n"]).all()
    assert ((table["reached"] > 0) & (table["tied"] >= 0)).all()
    assert (table[["first", "middle", "last"]].dropna() <= 1).all(axis=None)


def test_the_rate_search_covers_both_methods_and_schedules():
    rates = pd.read_csv("results/replication/rates.csv")
    assert (
        rates.groupby(["optimizer", "decays"]).size().nunique(),
        len(rates[["optimizer", "decays"]].value_counts()),
    ) == (1, 4)
    assert (rates["low"] <= rates["high"]).all()


COMPARED = sorted(str(path.parent) for path in Path("results/comparison").glob("*/runs.csv.gz"))
TARGETS = ("10", "1", "0.1", "1e-3", "1e-6")
PROBLEM = ["clusters", "start"]


@pytest.fixture(scope="module", params=COMPARED, name="compared")
def read_compared(request):
    table = pd.read_csv(f"{request.param}/runs.csv.gz")
    return table.assign(tuned_for=table["tuned_for"].fillna(""))


def test_every_optimizer_has_every_start_of_the_comparison(compared):
    method = ["optimizer", "tuned_for"]
    assert not compared.duplicated([*PROBLEM, "budget", *method, "run"]).any()
    for _, rows in compared.groupby([*PROBLEM, "budget"]):
        assert rows.groupby(method).size().nunique() == 1
    assert np.isfinite(compared[["start_cost", "start_passes", "passes", "polish_passes", "empty"]]).all(axis=None)


def test_runs_that_diverge_are_called_so_and_others_have_costs(compared):
    gone = paired.diverged(compared)
    assert ((compared["stop"] == "diverged") == gone).all()
    assert np.isfinite(compared.loc[~gone, ["end", "limit"]]).all(axis=None)
    assert not gone[compared["optimizer"] == "batch_kmeans"].any()


def test_optimizers_of_the_comparison_share_their_starts(compared):
    assert (compared.groupby([*PROBLEM, "run"])["start_cost"].nunique() == 1).all()


def test_lloyd_and_the_polish_never_increase_the_cost(compared):
    there = compared[compared["limit"].notna()]
    assert (there["limit"] <= there["end"] * (1 + 1e-12)).all()
    lloyd = compared[compared["optimizer"] == "batch_kmeans"]
    assert (lloyd["end"] <= lloyd["start_cost"] * (1 + 1e-12)).all()
    ended = lloyd[lloyd["stop"] == "fixed point"]
    assert (ended["end"] == ended["limit"]).all()


def test_no_run_takes_more_than_its_budget_to_a_target(compared):
    reached = compared[[f"{reference}_{target}" for reference in ("own", "best") for target in TARGETS]]
    assert (reached.isna() | reached.le(compared["budget"], axis=0)).all(axis=None)


def test_targets_are_reached_one_after_the_other_and_within_the_passes_charged(compared):
    for reference in ("own", "best"):
        reached = compared[[f"{reference}_{target}" for target in TARGETS]]
        assert (reached.isna() | reached.le(compared["passes"], axis=0)).all(axis=None)
        values = reached.fillna(np.inf).to_numpy()
        assert (values[:, :-1] <= values[:, 1:]).all()
        assert (values >= 0).all()
    # the best known cost is no higher than the own limit
    assert (compared["own_1"].fillna(np.inf) <= compared["best_1"].fillna(np.inf)).all()


def test_some_run_reaches_the_best_known_cost(compared):
    best = compared.groupby("clusters")["limit"].transform("min")
    there = compared[compared["limit"] == best]
    assert set(there["clusters"]) == set(compared["clusters"])


def test_quartiles_of_the_curves_are_in_order():
    for folder in COMPARED:
        curves = pd.read_csv(f"{folder}/curves.csv.gz")
        assert (curves["low"] <= curves["median"]).all()
        assert (curves["median"] <= curves["high"]).all()


def test_each_setting_was_tuned_for_both_targets_on_the_same_values():
    for folder in COMPARED:
        tuning = pd.read_csv(f"{folder}/tuning.csv")
        tried = tuning.groupby(["clusters", "optimizer", "budget", "target"])
        assert (tried["chosen"].sum() == 1).all()
        assert (tuning["score"] >= 0).all()
        assert (tried["edge"].sum() == 2).all()
        values = tried["setting"].apply(tuple).groupby(["clusters", "optimizer", "budget"])
        assert (values.nunique() == 1).all()


def test_few_settings_were_chosen_at_an_end_of_their_grid():
    tables = [pd.read_csv(f"{folder}/tuning.csv") for folder in COMPARED]
    grids = pd.concat(tables).groupby(["dataset", "clusters", "optimizer", "budget", "target"])
    # the small grids of a trial are nearly all ends
    if grids.size().min() >= 5:
        assert pd.concat(tables).query("chosen")["edge"].mean() < 0.05


def test_the_data_sets_of_the_comparison_are_described():
    table = pd.read_csv("results/comparison/datasets.csv")
    assert table["name"].is_unique
    assert ((table["overlap"] >= 0) & (table["overlap"] <= 1)).all()
    assert (table["n"] <= table["total"]).all()
    assert (table["condition"] >= 1).all()
    for _, row in table.iterrows():
        clusters = pd.read_csv(f"results/comparison/{row['name']}/runs.csv.gz")["clusters"]
        assert set(clusters) <= set(map(int, str(row["clusters"]).split(";")))
