"""What must hold of the real results, whatever the configuration: the report is not built if it does not."""

import numpy as np
import pandas as pd
import pytest
from holding import are_shares, are_within, holds_once, is_complete

from kmeans_convergence.statistics import paired
from kmeans_convergence.statistics.quality import EQUIVALENCE
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.comparison.run.comparison import SIZES, Protocol
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.run.first_steps import PASSES, STARTS
from kmeans_convergence.studies.comparison.run.tuning import TARGETS as TUNED
from kmeans_convergence.studies.replication.analysis.conventions import LEVEL
from kmeans_convergence.studies.replication.analysis.evidence import Verdict
from kmeans_convergence.studies.replication.analysis.predicates import STATEMENTS, verdict
from kmeans_convergence.studies.replication.run.conventions import DRAWN, REDRAWN, subsets
from kmeans_convergence.studies.replication.run.methods import METHODS
from kmeans_convergence.studies.replication.run.rate_search import GRADIENT_METHODS

QUANTIZATION = [name for name, method in METHODS.items() if method.problem == "quantization"]


@pytest.fixture(scope="module", params=["described", "candidate"], name="folder")
def folder_of_each_convention(request):
    return f"results/replication/experiment/{request.param}"


@pytest.fixture(scope="module", name="trace")
def read_trace(read, folder):
    return read(f"{folder}/trace.csv.gz")


@pytest.fixture(scope="module", name="ends")
def read_ends(read, folder):
    return read(f"{folder}/limits.csv.gz")


@pytest.fixture(scope="module", name="runs")
def both_as_arrays(trace, ends):
    return Runs.of(trace, ends)


def test_the_tables_are_complete_and_finite(trace, ends, settings):
    experiment = settings["experiment"]
    runs, epochs = range(experiment["runs"]), range(experiment["epochs"] + 1)
    is_complete(trace, optimizer=experiment["optimizers"], run=runs, epoch=epochs)
    is_complete(ends, optimizer=experiment["optimizers"], run=runs)
    for table in (trace, ends):
        assert np.isfinite(table.select_dtypes("number")).all(axis=None)


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


def test_no_run_ends_below_the_proved_optimum(read, settings):
    proved = pd.read_csv("paper/literature_values.csv").set_index("clusters")["value"]
    table = read("results/replication/conventions.csv")
    features = "sepal length + sepal width + petal length + petal width"
    known = table[
        (table["variant"] == "iris")
        & (table["features"] == features)
        & (table["unit"] == "cm")
        & ~table["half"]
        & table["clusters"].isin(proved.index)
    ]
    tried = settings["conventions"]
    expected = set(tried["prototypes"]) & set(proved.index) if "iris" in tried["variants"] else set()
    assert set(known["clusters"]) == expected
    assert (known["min_05"] >= proved[known["clusters"]].to_numpy() * (1 - 1e-12)).all()


@pytest.fixture(scope="module", name="claims")
def read_claims():
    return pd.read_csv("src/kmeans_convergence/studies/replication/claims.tsv", sep="\t").set_index("id")


@pytest.fixture(scope="module", name="ledger")
def read_ledger(read):
    return read("results/replication/ledger.csv")


def test_every_statement_is_judged_under_both_conventions(ledger, claims):
    is_complete(ledger, id=claims.index, convention=["described", "candidate"])
    assert list(ledger["id"].drop_duplicates()) == list(claims.index)
    assert set(ledger["verdict"]) | set(ledger["outcome"]) <= {verdict.value for verdict in Verdict}
    are_shares(ledger, "share", "confidence")
    assert ledger["share"].notna().all()


def test_every_statement_is_judged_by_one_rule(ledger, claims):
    by_traces = ledger["id"].map(claims["predicate"]).isin(STATEMENTS)
    assert by_traces.any()
    numbers = ["holds", "confidence", "holds_first", "effect", "low", "high"]
    # a reported figure has its probability alone
    assert (ledger[numbers].notna().all(axis=1) == by_traces).all()
    assert (ledger[numbers].notna().any(axis=1) == by_traces).all()
    assert (ledger.loc[by_traces, "low"] <= ledger.loc[by_traces, "high"]).all()
    for _, row in ledger[by_traces].iterrows():
        assert row["outcome"] == verdict(row["confidence"], row["share"]).value
    figures = ledger[~by_traces]
    assert len(figures)
    likely = {True: Verdict.REPLICATED.value, False: Verdict.NOT_REPLICATED.value}
    assert (figures["outcome"] == (figures["share"] >= LEVEL).map(likely)).all()


def test_the_candidate_can_only_turn_what_was_not_replicated(ledger):
    assert (ledger.groupby("id")["verdict"].nunique() == 1).all()
    here, there = (ledger[ledger["convention"] == name].set_index("id") for name in ("described", "candidate"))
    turned = (here["outcome"] == Verdict.NOT_REPLICATED.value) & (there["outcome"] == Verdict.REPLICATED.value)
    assert (here.loc[turned, "verdict"] == Verdict.OTHER_CONVENTION.value).all()
    assert (here.loc[~turned, "verdict"] == here.loc[~turned, "outcome"]).all()


@pytest.mark.parametrize("name", ["steps", "theorems"])
def test_every_step_and_every_theorem_holds(read, name):
    table = read(f"results/derivation/{name}.csv")
    holds_once(table, "step", "method")
    assert table["holds"].all()
    assert (table["worst_error"] <= table["tolerance"]).all()
    assert (table["cases"] > 0).all()


def test_where_the_methods_end_is_compared_run_by_run(read):
    table = read("results/replication/limits.csv").set_index("optimizer")
    ends = read("results/replication/experiment/described/limits.csv.gz").pivot(
        index="run", columns="optimizer", values="limit"
    )
    # Newton's method is batch K-means
    assert set(table.index) == set(QUANTIZATION) - {"newton"}
    are_within(table, "mean", "mean_low", "mean_high")
    are_within(table, "difference", "low", "high")
    are_shares(table, "better", "equal", "worse", "p", "p_holm")
    np.testing.assert_allclose(table[["better", "equal", "worse"]].sum(axis=1), 1)
    assert (table["rank_biserial"].abs() <= 1 + 1e-12).all()
    assert (table["p_holm"].dropna() >= table["p"][table["p_holm"].notna()]).all()
    mean, base = ends[table.index].mean(), ends["batch_kmeans"]
    np.testing.assert_allclose(table["mean"], mean)
    np.testing.assert_allclose(table["difference"], 100 * (mean / base.mean() - 1), atol=1e-9)
    lower = ends[table.index].lt(base * (1 - EQUIVALENCE), axis=0).mean()
    np.testing.assert_allclose(table["better"], lower, atol=1e-12)


def test_speed_is_that_of_runs_that_end(read, settings):
    table = read("results/replication/speed.csv")
    holds_once(table, "optimizer")
    assert {"batch_kmeans", "hybrid"} <= set(table["optimizer"])
    are_within(table, "epoch", "low", "high")
    assert (table["epoch"] <= table["largest"]).all()
    # that one was not there at the end is counted as the epoch after
    assert (table["largest"] <= settings["experiment"]["epochs"] + 1).all()


CONVENTION = ["variant", "features", "unit", "half", "start", "clusters"]


def test_conventions_are_all_there_once(read, settings):
    table, chosen = read("results/replication/conventions.csv"), settings["conventions"]
    holds_once(table, *CONVENTION)
    for name in chosen["variants"]:
        combinations, ends = (
            read(f"results/replication/conventions/{name}.csv"),
            read(f"results/replication/conventions/{name}.npy"),
        )
        features = [" + ".join(some) for some in subsets(combinations["features"].iloc[0].split(" + "))]
        values = {"features": features, "standardized": [False, True]}
        is_complete(combinations, **values, start=chosen["starts"], clusters=chosen["prototypes"])
        assert ends.shape == (len(combinations), chosen["runs"])
        assert (np.isfinite(ends) & (ends > 0)).all()
        # with the factor 1/2 and without, and in two units what has one
        rows = table[table["variant"] == name]
        assert len(rows) == 2 * (2 * (~combinations["standardized"]).sum() + combinations["standardized"].sum())
    assert set(table["variant"]) == set(chosen["variants"])


def test_conventions_are_judged_by_probabilities(read):
    table = read("results/replication/conventions.csv")
    assert (table["p_holm"] >= table["p"]).all()
    are_shares(table, "p_min", "p_mean", "p_max", "p", "p_holm", "likelihood", "likelihood_rounded")
    np.testing.assert_allclose(table["p"], (3 * table[["p_min", "p_mean", "p_max"]].min(axis=1)).clip(upper=1))
    for figure in ("min", "mean", "max"):
        are_within(table, f"{figure}_50", f"{figure}_05", f"{figure}_95")
    are_within(table, "mean_50", "min_50", "max_50")
    assert (table["likelihood_rounded"] <= table["likelihood"] + 1e-12).all()


def test_conventions_are_summed_up(read):
    table, (summary,) = (
        read("results/replication/conventions.csv"),
        read("results/replication/conventions_summary.csv").to_dict("records"),
    )
    assert summary["tried"] == len(table)
    assert summary["agreeing"] == (table["p"] >= 0.05).sum()
    assert 0 <= summary["chance"] <= 1


def test_conventions_that_agree_are_tested_by_the_axes(read, settings):
    table, tried = read("results/replication/conventions_axes.csv"), read("results/replication/conventions.csv")
    assert table["agrees"].sum() == (tried["p"] >= 0.05).sum()
    rows, drawn = read("results/replication/conventions/drawn.csv"), read("results/replication/conventions/drawn.npy")
    pd.testing.assert_frame_equal(rows, table[rows.columns])
    runs, epochs = min(REDRAWN, settings["conventions"]["runs"]), settings["experiment"]["epochs"]
    assert drawn.shape == (len(rows), len(DRAWN), runs, epochs)
    # the polish goes down from the last epoch; what is noisy may have been lower before, and alternation may not
    # (rounding is that of costs of some thousands)
    assert (drawn[..., -1] >= -1e-9).all()
    alternation = drawn[:, [DRAWN.index("batch_kmeans"), DRAWN.index("mixture")]]
    assert (np.diff(alternation) <= 1e-9).all()
    # as described, with and without the factor: only the left axis knows of it
    experiment = settings["experiment"]
    described = table[
        (table["variant"] == experiment["dataset"])
        & (table["features"] == tried.loc[tried["variant"] == experiment["dataset"], "features"].iloc[0])
        & (table["unit"] == "mm")
        & (table["start"] == "patterns")
        & (table["clusters"] == experiment["prototypes"])
    ].set_index("half")
    assert set(described.index) == {True, False}
    np.testing.assert_allclose(described.loc[False, "left_50"], 2 * described.loc[True, "left_50"])
    assert described.loc[False, "right_50"] == described.loc[True, "right_50"]
    assert table["weight"].sum() == pytest.approx(1) or (table["weight"] == 0).all()
    assert (table.loc[~table["agrees"], "weight"] == 0).all()
    for side in ("left", "right"):
        are_within(table, f"{side}_50", f"{side}_05", f"{side}_95")
    are_shares(table, "likelihood", "weight", "p_left", "p_right", "in_left", "in_right", "p_axes")
    assert (table["survives"] == (table["p_axes"] >= 0.05)).all()


def test_more_runs_make_averages_more_certain(read):
    table = read("results/replication/certainty.csv")
    assert table["runs"].is_monotonic_increasing
    np.testing.assert_allclose(table["error"] * np.sqrt(table["runs"]), table["error"][0] * np.sqrt(table["runs"][0]))
    assert (table["low"] <= table["high"]).all()
    assert (table["apart"] > table["error"]).all()


def test_the_first_patterns_and_the_end_are_measured_on_every_problem(read, sets):
    table = read("results/comparison/first_steps.csv")
    datasets = read("results/comparison/datasets.csv").set_index("name")
    assert set(table["dataset"]) == set(sets)
    for name, rows in table.groupby("dataset"):
        clusters = list(map(int, str(datasets.loc[name, "clusters"]).split(";")))
        is_complete(rows, clusters=clusters, start=["patterns"], run=range(STARTS))
        assert (rows["n"] == datasets.loc[name, "n"]).all()
    assert ((table["reached"] > 0) & (table["reached"] <= PASSES)).all()
    assert ((table["tied"] >= 0) & (table["tied"] <= table["n"])).all()
    assert table["ends"].all()
    # runs that are too short have no thirds
    assert (
        (table[["first", "middle", "last"]].fillna(0) >= 0) & (table[["first", "middle", "last"]].fillna(0) <= 1)
    ).all(axis=None)


def test_the_rate_search_covers_both_methods_and_schedules(read, settings):
    runs, rates = read("results/replication/rate_search.csv.gz"), read("results/replication/rates.csv")
    search = settings["rate_search"]
    tried = sorted(set(rates["rate"]))
    kinds = {"optimizer": GRADIENT_METHODS, "decays": [True, False], "rate": tried}
    is_complete(rates, **kinds)
    is_complete(runs, **kinds, run=range(search["runs"]))
    assert len(tried) >= search["points"]
    assert tried[0] == pytest.approx(search["smallest"])
    assert tried[-1] == pytest.approx(search["largest"])
    are_within(rates, "residual", "low", "high")
    # the polish goes down from the last epoch
    residual = runs["cost"] - runs["limit"]
    assert (residual >= -1e-12 * runs["cost"]).all()
    mean = residual.groupby([runs[key] for key in kinds]).mean()
    found = rates.set_index(list(kinds))["residual"]
    np.testing.assert_allclose(found, mean.loc[found.index], rtol=1e-9)


# --- the comparison: each data set of the configuration by itself -------------------------------------------

TARGETS = ("10", "1", "0.1", "1e-3", "1e-6")
PROBLEM = ["clusters", "start"]
ENTRY = ["start", "optimizer", "budget", "tuned_for"]


@pytest.fixture(scope="module", name="protocol")
def protocol_of_the_data_set(settings, dataset):
    return Protocol.of(settings["comparison"], dataset, settings["seed"])


@pytest.fixture(scope="module", name="clusters")
def clusters_that_are_compared(protocol, sets, dataset):
    return [K for kind, K in zip(SIZES, sets[dataset]["clusters"], strict=False) if kind in protocol.sizes]


@pytest.fixture(scope="module", name="compared")
def read_compared(read, dataset):
    table = read(f"results/comparison/{dataset}/runs.csv.gz")
    return table.assign(tuned_for=table["tuned_for"].fillna(""))


@pytest.fixture(scope="module", name="tuned")
def optimizers_with_a_setting(settings):
    return [name for name in settings["comparison"]["optimizers"] if CONTENDERS[name].settings]


def entries(protocol, optimizers, budgets):
    """Return what has runs: a kind of start, an optimizer, a budget, and what its setting was tuned for."""
    return [
        (start, optimizer, budget, tuned_for)
        for start in protocol.starts
        for optimizer in optimizers
        if optimizer in protocol.optimizers_of.get(start, optimizers)
        for budget in budgets
        for tuned_for in (TUNED if CONTENDERS[optimizer].settings else ("",))
    ]


def test_every_optimizer_has_every_start_of_the_comparison(read, compared, protocol, clusters, settings, dataset):
    (about,) = read(f"results/comparison/{dataset}/dataset.csv").itertuples()
    assert set(compared["dataset"]) == {dataset}
    expected = entries(protocol, settings["comparison"]["optimizers"], protocol.budgets)
    assert set(compared["clusters"]) == set(clusters)
    for K, rows in compared.groupby("clusters"):
        runs = range(protocol.runs(about.n * K * about.d))
        is_complete(rows.assign(entry=list(map(tuple, rows[ENTRY].to_numpy()))), entry=expected, run=runs)
    assert np.isfinite(compared[["start_cost", "start_passes", "passes", "polish_passes", "empty"]]).all(axis=None)
    assert (compared[["start_passes", "passes", "polish_passes", "empty"]] >= 0).all(axis=None)
    assert (compared["empty"] < compared["clusters"]).all()


def test_runs_that_diverge_are_called_so_and_others_have_costs(compared):
    gone = paired.diverged(compared)
    assert ((compared["stop"] == "diverged") == gone).all()
    assert np.isfinite(compared.loc[~gone, ["end", "limit"]]).all(axis=None)
    assert not gone[compared["optimizer"] == "batch_kmeans"].any()


def test_optimizers_of_the_comparison_share_their_starts(compared):
    assert (compared.groupby([*PROBLEM, "run"])["start_cost"].nunique() == 1).all()


def test_lloyd_and_the_polish_never_increase_the_cost(compared):
    there = compared[compared["limit"].notna()]
    assert len(there)
    assert (there["limit"] <= there["end"] * (1 + 1e-12)).all()
    lloyd = compared[compared["optimizer"] == "batch_kmeans"]
    assert len(lloyd)
    assert (lloyd["end"] <= lloyd["start_cost"] * (1 + 1e-12)).all()
    ended = lloyd[lloyd["stop"] == "fixed point"]
    assert (ended["end"] == ended["limit"]).all()


def test_no_run_takes_more_than_its_budget_to_a_target(compared):
    reached = compared[[f"{reference}_{target}" for reference in ("own", "best") for target in TARGETS]]
    assert reached.notna().any(axis=None)
    assert (reached.isna() | reached.le(compared["budget"], axis=0)).all(axis=None)


def test_a_run_that_its_budget_has_stopped_has_spent_it(compared):
    spent, budget = compared["passes"], compared["budget"]
    stopped = compared["stop"] == "budget"
    assert (spent >= budget)[stopped].all()
    # the last step of some takes several passes; one of batch K-means is one
    assert (spent <= budget)[compared["optimizer"] == "batch_kmeans"].all()


def test_targets_are_reached_one_after_the_other_and_within_the_passes_charged(compared):
    for reference in ("own", "best"):
        reached = compared[[f"{reference}_{target}" for target in TARGETS]]
        assert (reached.isna() | reached.le(compared["passes"], axis=0)).all(axis=None)
        values = reached.fillna(np.inf).to_numpy()
        assert (values[:, :-1] <= values[:, 1:]).all()
        assert (values >= 0).all()
    # the best known cost is no higher than the own limit
    assert (compared["own_1"].fillna(np.inf) <= compared["best_1"].fillna(np.inf)).all()


def test_a_larger_budget_brings_no_higher_end_to_what_does_not_know_of_it(compared):
    """Alternation goes down at each step, so that more of it does too."""
    lloyd = compared[compared["optimizer"] == "batch_kmeans"]
    ends = lloyd.pivot(index=[*PROBLEM, "run"], columns="budget", values="end").sort_index(axis=1)
    assert ends.shape[1] > 1
    steps = ends.diff(axis=1).iloc[:, 1:]
    assert (steps.isna() | (steps <= 0)).all(axis=None)


def test_some_run_reaches_the_best_known_cost(compared):
    best = compared.groupby("clusters")["limit"].transform("min")
    there = compared[compared["limit"] == best]
    assert set(there["clusters"]) == set(compared["clusters"])


def test_curves_have_quartiles_in_order_at_all_times(read, compared, protocol, settings, clusters, dataset):
    curves = read(f"results/comparison/{dataset}/curves.csv.gz")
    curves = curves.assign(tuned_for=curves["tuned_for"].fillna(""))
    expected = entries(protocol, settings["comparison"]["optimizers"], [protocol.passes])
    whose = curves.assign(entry=list(map(tuple, curves[ENTRY].to_numpy())))
    is_complete(whose, clusters=clusters, entry=expected, passes=protocol.grid().tolist())
    assert (curves["low"] <= curves["median"]).all()
    assert (curves["median"] <= curves["high"]).all()
    lloyd = curves[curves["optimizer"] == "batch_kmeans"].groupby(PROBLEM)
    for _, rows in lloyd:
        # quartiles of excesses that never increase
        assert (rows.sort_values("passes")[["low", "median", "high"]].diff().dropna() <= 1e-12).all(axis=None)
        assert (rows[["low", "median", "high"]] >= -1e-12).all(axis=None)


def test_each_setting_was_tuned_for_both_targets_on_the_same_values(read, dataset, tuned, protocol, clusters, settings):
    tuning = read(f"results/comparison/{dataset}/tuning.csv", rows=bool(tuned))
    if not tuned:
        return
    tried = tuning.groupby(["clusters", "optimizer", "budget", "target"])
    assert (tried["chosen"].sum() == 1).all()
    assert (tuning["score"] >= 0).all()
    assert (tried["edge"].sum() == 2).all()
    values = tried["setting"].apply(tuple).groupby(["clusters", "optimizer", "budget"])
    assert (values.nunique() == 1).all()
    keys = pd.DataFrame(list(tried.groups), columns=["clusters", "optimizer", "budget", "target"])
    is_complete(keys, clusters=clusters, optimizer=tuned, budget=protocol.budgets, target=TUNED)
    assert (tried.size() >= settings["comparison"]["tuning"]["values"]).all()
    assert (tuning["passes"] > 0).all()


def test_few_settings_were_chosen_at_an_end_of_their_grid(read, sets, tuned):
    tables = pd.concat([read(f"results/comparison/{name}/tuning.csv", rows=bool(tuned)) for name in sets])
    grids = tables.groupby(["dataset", "clusters", "optimizer", "budget", "target"])
    # the small grids of a trial are nearly all ends
    if tuned and grids.size().min() >= 5:
        assert tables.query("chosen")["edge"].mean() < 0.05


def test_the_data_sets_of_the_comparison_are_described(read, sets):
    table = read("results/comparison/datasets.csv")
    assert list(table["name"]) == list(sets)
    are_shares(table, "overlap")
    assert (table["n"] <= table["total"]).all()
    assert (table["distinct"] <= table["n"]).all()
    assert (table["condition"] >= 1).all()
    rows = pd.concat([read(f"results/comparison/{name}/dataset.csv") for name in sets], ignore_index=True)
    # one number of prototypes is a number, several are a text
    pd.testing.assert_frame_equal(table.astype(str), rows.astype(str))
    for _, row in table.iterrows():
        clusters = list(map(int, str(row["clusters"]).split(";")))
        assert max(clusters) < row["distinct"]
        assert set(read(f"results/comparison/{row['name']}/runs.csv.gz")["clusters"]) == set(clusters)
