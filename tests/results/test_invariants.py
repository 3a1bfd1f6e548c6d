"""What must hold of the real results, whatever the configuration: the report is not built if it does not."""

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.analysis.claims import CLAIMS, Verdict
from kmeans_convergence.analysis.runs import Runs
from kmeans_convergence.experiments.methods import METHODS

QUANTIZATION = [name for name, method in METHODS.items() if method.problem == "quantization"]


@pytest.fixture(scope="module", params=["described", "candidate"], name="folder")
def folder_of_each_convention(request):
    return f"results/experiment/{request.param}"


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
    table = pd.read_csv("results/conventions.csv")
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
    verdicts = pd.read_csv("results/verdicts.csv")
    assert list(verdicts["claim"]) == ["BB-R1", "BB-R2a", *[claim.id for claim in CLAIMS]]
    assert set(verdicts["verdict"]) <= {verdict.value for verdict in Verdict}
    shares = verdicts[["share", "share_candidate"]].to_numpy()
    assert ((shares >= 0) & (shares <= 1)).all()
    effects = verdicts.dropna(subset="effect")
    assert (effects["low"] <= effects["high"]).all()


def test_every_step_of_the_derivation_holds():
    assert pd.read_csv("results/derivation.csv")["holds"].all()


def test_conventions_are_all_there_once():
    table = pd.read_csv("results/conventions.csv")
    keys = ["variant", "features", "unit", "half", "start", "clusters"]
    assert not table.duplicated(keys).any()
    assert (table["p_holm"] >= table["p"]).all()
    assert (table["min_05"] <= table["mean_95"]).all()
    assert (table["mean_05"] <= table["max_95"]).all()


def test_the_rate_search_covers_both_methods_and_schedules():
    rates = pd.read_csv("results/rates.csv")
    assert (
        rates.groupby(["optimizer", "decays"]).size().nunique(),
        len(rates[["optimizer", "decays"]].value_counts()),
    ) == (1, 4)
    assert (rates["low"] <= rates["high"]).all()
