"""What must hold of predicted and measured rates, of the noise, of what size does, and of faster methods."""

import numpy as np
import pytest
from holding import are_shares, are_within, holds_once, is_complete

from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.studies.comparison.run import size
from kmeans_convergence.studies.mixtures.run import accelerated_em
from kmeans_convergence.studies.mixtures.run import rates as mixture_rates
from kmeans_convergence.studies.rates.analysis.acceleration import SLOW
from kmeans_convergence.studies.rates.analysis.noise import FEWEST
from kmeans_convergence.studies.rates.run import acceleration, contraction, noise
from kmeans_convergence.theory.rates import uniform_rate


@pytest.fixture(scope="module", name="families")
def family_of_each_set(read):
    return read("results/comparison/datasets.csv").set_index("name")["family"]


# --- predicted and measured rates of batch K-means -----------------------------------------------------


@pytest.fixture(scope="module", name="rates")
def read_rates(read):
    return read("results/rates/contraction/rates.csv")


KINDS = [("gradient_nmax", 0.0), *((m, w) for m in ("batch_kmeans", "lloyd_steps") for w in contraction.WIDTHS)]


def test_rates_are_predicted_on_each_set_from_each_start(rates, contracted, families):
    kinds = rates.assign(kind=list(zip(rates["optimizer"], rates["width"], strict=True)))
    is_complete(kinds, dataset=contracted, run=range(contraction.STARTS), kind=KINDS)
    assert (rates["family"] == rates["dataset"].map(families)).all()


def test_a_predicted_rate_contracts_and_lies_in_its_interval(rates):
    are_within(rates, "predicted", "low", "high")
    are_shares(rates[rates["optimizer"] == "gradient_nmax"], "predicted")
    # the cost falls in each step, so something of a residual is always gone; a step may be repeated and more
    are_shares(rates[rates["optimizer"] != "lloyd_steps"], "measured")
    assert (rates[["measured", "predicted"]].min() >= 0).all()
    assert (rates.loc[rates["informative"], "patterns"] > 0).all()


def test_no_gradient_is_slower_than_its_slowest_direction(rates):
    gradient = rates[rates["optimizer"] == "gradient_nmax"]
    measured = gradient.dropna(subset="measured")
    # where its assignments have frozen, what is left is at most the largest factor, and nearly that in the end
    assert len(measured) > len(gradient) / 2
    assert (measured["measured"] <= measured["predicted"] + 1e-6).all()
    assert (measured["predicted"] - measured["measured"]).median() < 0.01


def test_rates_agree_as_well_as_is_said(read, rates, contracted):
    table = read("results/rates/contraction/agreement.csv")
    is_complete(table.assign(kind=list(zip(table["optimizer"], table["width"], strict=True))), kind=KINDS)
    measured = rates.dropna(subset="measured").groupby(["optimizer", "width"])["dataset"].nunique()
    for _, row in table.iterrows():
        assert row["sets"] + row["silent"] == measured[row["optimizer"], row["width"]]
    for value, low, high in (("correlation", "low", "high"), ("all", "all_low", "all_high")):
        assert (table[[value, low, high]].abs().max().fillna(0) <= 1 + 1e-12).all()
        # few sets have no correlation
        if len(some := table.dropna(subset=[value, low])) or len(contracted) >= FEWEST:
            are_within(some, value, low, high)


def test_steps_are_counted_on_samples_that_grow(read, settings):
    table = read("results/rates/contraction/growth.csv")
    holds_once(table, "source", "n")
    are_within(table, "steps", "low", "high")
    sizes = [n for n in contraction.SIZES if n <= settings["contraction"]["largest"]]
    for source, rows in table.groupby("source"):
        # of a data set, as far as it goes
        assert list(rows["n"]) == sizes[: len(rows)]
        assert rows["real"].iloc[0] or len(rows) == len(sizes), source
        assert rows["rate"].nunique() == 1
        # log n over minus log rho, plus a constant
        slope = np.diff(rows["predicted"]) / np.diff(np.log(rows["n"]))
        np.testing.assert_allclose(slope, -1 / np.log(rows["rate"].iloc[0]))
    assert set(table.loc[~table["real"], "source"]) == {name for name, *_ in contraction.GROWING}
    assert table["real"].any()
    assert (table["rate"] < 1).all()
    for K in (2, 3, 6):
        known = table.loc[table["source"] == f"interval, K = {K}", "rate"]
        np.testing.assert_allclose(known, uniform_rate(K))


def test_kernels_are_tried_in_all_widths_on_each_density(read, settings):
    table = read("results/rates/contraction/kernels.csv")
    widths = sorted(set(table["width"]))
    is_complete(table, density=contraction.DENSITIES, kernel=["flat", "extrapolated"], width=widths)
    assert len(widths) > 1
    assert (table["deviation"] > 0).all()
    assert (table.groupby("density")["known"].nunique() == 1).all()
    assert (table["n"] <= table["large"]).all()
    assert (table["large"] == settings["contraction"]["largest"]).all()


# --- EM ----------------------------------------------------------------------------------------------------


def test_em_on_mixtures_is_as_fast_as_what_is_hidden_says(read):
    table = read("results/mixtures/separations.csv")
    shapes = table.assign(shape=list(zip(table["clusters"], table["features"], strict=True)))
    is_complete(shapes, shape=mixture_rates.SHAPES, separation=mixture_rates.SEPARATIONS)
    are_shares(table, "predicted", "measured")
    measured = table.dropna(subset="measured")
    np.testing.assert_allclose(measured["measured"], measured["predicted"], atol=0.02)
    # what is far apart hides little, what is close hides most
    for _, rows in table.groupby(["clusters", "features"]):
        ordered = rows.sort_values("separation")["predicted"]
        assert ordered.iloc[-1] < 0.1 < 0.5 < ordered.iloc[0]


def test_em_on_data_sets_is_as_fast_as_what_is_hidden_says(read, contracted):
    table = read("results/mixtures/datasets.csv")
    is_complete(table, dataset=contracted, share=mixture_rates.SHARES)
    are_shares(table, "predicted", "measured")


def test_accelerations_of_em_end_where_em_does_and_arrive(read, settings):
    runs, starts = read("results/mixtures/accelerated_em_runs.csv.gz"), settings["acceleration"]["mixture_starts"]
    holds_once(runs, "mixture", "optimizer", "run", "target")
    assert len(runs) == runs["mixture"].nunique() * len(accelerated_em.METHODS) * starts * 2
    assert (runs["passes"].dropna() <= accelerated_em.MOST).all()
    # Anderson's method solves T(x) = x, so that it may end at a saddle point, from which EM would move away
    assert set(runs.loc[runs["rate"] > 1, "optimizer"]) <= {"anderson"}
    are_shares(runs[runs["optimizer"] != "anderson"], "rate")
    # a coarse target is reached before a fine one
    wide = runs.pivot(index=["mixture", "optimizer", "run"], columns="target", values="passes")
    assert (wide[max(accelerated_em.TARGETS)] <= wide[min(accelerated_em.TARGETS)]).all()
    table = read("results/mixtures/accelerated_em.csv")
    keys = {"optimizer": accelerated_em.METHODS, "target": accelerated_em.TARGETS}
    is_complete(table, mixture=runs["mixture"].unique(), **keys)
    are_within(table, "passes", "low", "high")
    are_within(table, "ratio", "ratio_low", "ratio_high")
    are_shares(table, "arrived", "same")
    em = table[table["optimizer"] == accelerated_em.EM]
    assert em["ratio"].isna().all()
    assert (em["same"] == 1).all()


def test_samples_hide_less_and_less_as_variances_go_to_zero(read):
    table = read("results/mixtures/deviations.csv")
    is_complete(table, n=mixture_rates.SAMPLES, deviation=mixture_rates.DEVIATIONS)
    are_shares(table, "rate", "low", "high")
    are_within(table, "rate", "low", "high")
    np.testing.assert_allclose(table["patterns"], table["n"] * table["deviation"] ** 2 / mixture_rates.CLUSTERS)
    for _, rows in table.groupby("n"):
        smallest = rows.loc[rows["deviation"].idxmin()]
        assert smallest["rate"] < 1e-3 < rows["rate"].max()


# --- noise -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="excess")
def read_noise(read):
    return read("results/rates/noise/excess.csv")


ONLINE = [
    *(("online_kmeans", sampling, float(look)) for sampling in noise.SAMPLINGS for look in noise.LOOKS),
    *(("online_gradient", sampling, rate) for sampling in noise.SAMPLINGS for rate in noise.RATES),
]
METHOD = ["optimizer", "sampling", "setting"]


def test_noise_is_measured_on_each_set_for_each_method(excess, contracted, families):
    methods = excess.assign(method=list(map(tuple, excess[METHOD].to_numpy())))
    is_complete(methods, dataset=contracted, method=ONLINE)
    assert (excess["family"] == excess["dataset"].map(families)).all()


def test_noise_is_never_below_its_limit_and_grows_with_the_rate(excess):
    drawn = excess["sampling"] == "draws"
    online = excess["optimizer"] == "online_kmeans"
    # batch K-means goes down from there; online gradient is an average of epochs, and only the last one is followed
    assert (excess.loc[online, "measured"] >= -1e-12).all()
    assert (excess.loc[~online].groupby(METHOD)["measured"].median() > 0).all()
    assert (excess.loc[drawn | ~online, "predicted"] > 0).all()
    assert (excess["with_faces"].notna() == online).all()
    wide = excess.pivot(index="dataset", columns=METHOD, values=["predicted", "measured"]).sort_index(axis=1)
    early, late = noise.LOOKS
    slow, fast = noise.RATES
    gradient = wide.xs(("online_gradient", "draws"), axis=1, level=METHOD[:2])
    assert (gradient["predicted", slow] < gradient["predicted", fast]).all()
    assert gradient["measured", slow].median() < gradient["measured", fast].median()
    predicted = wide["predicted"]["online_kmeans", "draws"]
    assert (predicted[late] < predicted[early]).all()


def test_noise_agrees_as_well_as_is_said(read, excess, contracted):
    table = read("results/rates/noise/agreement.csv")
    holds_once(table, *METHOD, "faces")
    assert set(map(tuple, table[METHOD].to_numpy())) == set(ONLINE)
    assert (table["sets"] == len(contracted)).all()
    are_within(table, "ratio", "lower", "upper")
    assert (table.dropna(subset="closer")["closer"] <= len(contracted)).all()
    assert (table[["correlation", "low", "high"]].abs().max().fillna(0) <= 1 + 1e-12).all()
    correlated = table.dropna(subset=["correlation", "low"])
    assert (correlated["low"] <= correlated["high"]).all()
    assert len(correlated) or len(contracted) < FEWEST
    for _, row in table.iterrows():
        some = excess[(excess[METHOD] == row[METHOD].to_list()).all(axis=1)]
        assert row["measured"] == pytest.approx(some["measured"].median())


# --- size --------------------------------------------------------------------------------------------------


def test_samples_that_differ_in_size_alone_have_all_runs(read, settings):
    runs, chosen = read("results/comparison/size_runs.csv"), settings["size"]
    holds_once(runs, "dataset", "n", "optimizer", "run")
    assert set(runs["dataset"]) == set(chosen["datasets"])
    for _, rows in runs.groupby("dataset"):
        sizes = chosen["patterns"][: rows["n"].nunique()]
        is_complete(rows, n=sizes, optimizer=size.METHODS, run=range(chosen["starts"]))
    assert (runs["budget"] == chosen["passes"]).all()
    reached = runs["own_1"].dropna()
    assert ((reached >= 0) & (reached <= chosen["passes"])).all()
    assert (runs["limit"] > 0).all()


# --- faster methods ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="faster")
def read_runs_of_faster_methods(read):
    return read("results/rates/acceleration/runs.csv.gz")


PROBLEM = ["dataset", "clusters", "start"]
OWN = [f"own_{target}" for target in ("10", "1", "0.1", "1e-3", "1e-6")]


def test_faster_methods_have_all_runs_from_the_same_starts(faster, contracted, settings):
    chosen = settings["acceleration"]
    assert set(faster["dataset"]) == set(contracted)
    for _, rows in faster.groupby(PROBLEM):
        is_complete(rows, optimizer=acceleration.METHODS, run=range(chosen["starts"]))
    assert (faster.groupby([*PROBLEM, "run"])["start_cost"].nunique() == 1).all()
    assert (faster["budget"] == chosen["passes"]).all()


def test_faster_methods_reach_targets_in_turn_and_end_above_their_limits(faster):
    reached = faster[OWN]
    assert (reached.isna() | reached.le(faster["budget"], axis=0)).all(axis=None)
    assert (reached.isna() | reached.le(faster["passes"], axis=0)).all(axis=None)
    values = reached.fillna(np.inf).to_numpy()
    assert (values[:, :-1] <= values[:, 1:]).all()
    there = faster.dropna(subset="limit")
    assert (there["limit"] <= there["end"] * (1 + 1e-12)).all()
    lloyd = faster[faster["optimizer"] == REFERENCE]
    assert (lloyd["end"] <= lloyd["start_cost"]).all()


@pytest.fixture(scope="module", name="problems")
def read_problems(read):
    return read("results/rates/acceleration/problems.csv")


def test_each_half_of_a_problem_is_judged_by_the_other(problems, faster, families):
    runs = faster[faster["optimizer"] == REFERENCE]
    holds_once(problems, *PROBLEM, "half", "optimizer")
    assert set(problems["half"]) <= {0, 1}
    assert (problems.groupby([*PROBLEM, "half"])["optimizer"].nunique() == len(acceleration.METHODS)).all()
    assert set(map(tuple, problems[PROBLEM].to_numpy())) == set(map(tuple, faster[PROBLEM].to_numpy()))
    assert (problems["family"] == problems["dataset"].map(families)).all()
    assert (problems["slow"] == (problems["lloyd"] > SLOW)).all()
    passes = runs["own_0.1"].fillna(runs["budget"]).groupby([*(runs[key] for key in PROBLEM), 1 - runs["run"] % 2])
    median = passes.median()
    found = problems.set_index([*PROBLEM, "half"])["lloyd"]
    np.testing.assert_allclose(found, np.maximum(median.loc[found.index], 1 / 16))
    assert (problems[["ratio_1", "ratio_0.1", "ratio_1e-3"]] > 0).all(axis=None)
    reference = problems[problems["optimizer"] == REFERENCE]
    assert (reference[["ratio_1", "ratio_0.1", "ratio_1e-3"]] == 1).all(axis=None)
    assert (reference["cost"] == 0).all()


def test_faster_methods_are_summed_up_where_batch_kmeans_is_slow_and_elsewhere(read, problems):
    table = read("results/rates/acceleration/summary.csv")
    is_complete(table, slow=set(problems["slow"]), optimizer=acceleration.METHODS)
    for value in ("ratio_1", "ratio_0.1", "ratio_1e-3", "cost"):
        are_within(table, value, f"{value}_low", f"{value}_high")
    for _, row in table.iterrows():
        some = problems[(problems["slow"] == row["slow"]) & (problems["optimizer"] == row["optimizer"])]
        assert row["problems"] == len(some[PROBLEM].drop_duplicates())
        assert (row["sets"], row["families"]) == (some["dataset"].nunique(), some["family"].nunique())
        assert row["ratio_0.1"] == pytest.approx(some["ratio_0.1"].median())
        assert row["worst"] == some["ratio_0.1"].max()
