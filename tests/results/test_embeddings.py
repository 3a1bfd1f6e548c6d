"""What must hold of maps: their runs, minima, rates and verdicts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from holding import are_shares, are_within, holds_once, is_complete

from kmeans_convergence.data import roads
from kmeans_convergence.studies.comparison.run.tuning import TARGETS as TUNED
from kmeans_convergence.studies.embeddings.analysis import summary
from kmeans_convergence.studies.embeddings.run import maps, one_step
from kmeans_convergence.studies.embeddings.run.contenders import ALTERNATION, CONTENDERS
from kmeans_convergence.studies.embeddings.run.sets import ARMS, CITY_BLOCK

FOLDER = "results/embeddings"
CLAIMS = "src/kmeans_convergence/studies/embeddings/claims.tsv"
PROBLEM = ["objective", "dataset", "dimensions"]
OWN = ["own_10", "own_1", "own_0.1", "own_1e-3"]


@pytest.fixture(scope="module", name="names")
def names_of_sets(settings):
    given = settings["embeddings"]["datasets"]
    return [
        *given,
        *([f"{CITY_BLOCK}_city_block"] if CITY_BLOCK in given else []),
        *settings["embeddings"]["made"],
    ]


@pytest.fixture(scope="module", name="runs")
def read_runs(read):
    return read(f"{FOLDER}/runs.csv.gz").fillna({"tuned_for": ""})


KINDS = [(key, target) for key, contender in CONTENDERS.items() for target in (TUNED if contender.settings else ("",))]


def test_every_optimizer_runs_from_every_start_of_every_map(runs, names, settings):
    starts = [("classical", 0), *(("random", run) for run in range(settings["embeddings"]["starts"]))]
    table = runs.assign(
        arm=list(zip(runs["objective"], runs["dimensions"], strict=True)),
        kind=list(zip(runs["optimizer"], runs["tuned_for"], strict=True)),
        from_start=list(zip(runs["start"], runs["run"], strict=True)),
    )
    is_complete(table, dataset=names, arm=[tuple(arm) for arm in ARMS], kind=KINDS, from_start=starts)
    assert (runs.groupby([*PROBLEM, "start", "run"])["start_cost"].nunique() == 1).all()
    assert (runs["budget"] == settings["embeddings"]["passes"]).all()


def test_limits_are_below_ends_and_smacof_never_rises(runs):
    there = runs.dropna(subset="limit")
    assert (there["limit"] <= there["end"] * (1 + 1e-12)).all()
    # normalised stress
    assert there["limit"].between(0, 1).all()
    smacof = runs[runs["optimizer"] == ALTERNATION]
    assert (smacof["end"] <= smacof["start_cost"]).all()
    assert (smacof["stop"] != "diverged").all()


def test_targets_are_reached_in_turn(runs):
    reached = runs[OWN].fillna(np.inf).to_numpy()
    assert (reached[:, :-1] <= reached[:, 1:]).all()
    assert (runs[OWN].isna() | runs[OWN].le(runs["budget"], axis=0)).all(axis=None)


def test_another_dimension_lowers_the_least_stress(runs):
    least = runs[runs["objective"] == "stress"].groupby(["dataset", "dimensions"])["limit"].min().unstack()
    assert (least[3] < least[2]).all()


def test_curves_fall_along_smacof(read, names, settings):
    curves = read(f"{FOLDER}/curves.csv.gz")
    assert set(curves["dataset"]) == set(names)
    assert curves["passes"].between(1, settings["embeddings"]["passes"]).all()
    smacof = curves[curves["optimizer"] == ALTERNATION]
    assert (smacof.groupby(PROBLEM)["median"].diff().dropna() <= 1e-12).all()


def test_each_setting_is_tuned_on_each_map(read, names):
    table = read(f"{FOLDER}/tuning.csv")
    tuned = [key for key, contender in CONTENDERS.items() if contender.settings]
    chosen = table[table["chosen"]].assign(arm=lambda t: list(zip(t["objective"], t["dimensions"], strict=True)))
    is_complete(chosen, dataset=names, arm=[tuple(arm) for arm in ARMS], optimizer=tuned, target=TUNED)
    assert (table["passes"] > 0).all()


# --- maps


@pytest.fixture(scope="module", name="minima")
def read_minima(read):
    return read(f"{FOLDER}/minima.csv.gz")


@pytest.fixture(scope="module", name="measures")
def read_measures(read):
    return read(f"{FOLDER}/measures.csv")


def test_minima_are_looked_for_on_each_map(minima, names, settings):
    number = settings["embeddings"]["minima_starts"]
    counts = minima.groupby(["dataset", "dimensions", "start", "optimizer"]).size().unstack(["start", "optimizer"])
    assert set(counts.index) == {(name, p) for name in names for p in maps.DIMENSIONS}
    assert (counts["classical", "smacof"] == 1).all()
    assert (counts["random"] == number).all(axis=None)
    are_shares(minima, "disparity")
    for _, some in minima.groupby(["dataset", "dimensions"]):
        ordered = some.sort_values("cost")
        assert ordered["minimum"].is_monotonic_increasing
        assert ordered["minimum"].iloc[0] == 0
        # what has about the cost of the best looks like it
        assert ordered["disparity"].iloc[0] < 1e-9


def test_measures_agree_with_the_minima(measures, minima):
    wide = measures.pivot(index=["dataset", "dimensions"], columns="map", values="stress_1")
    assert (wide["best"] <= wide[["strain", "stress"]].min(axis=1) * (1 + 1e-9)).all()
    least = minima.groupby(["dataset", "dimensions"])["cost"].min()
    np.testing.assert_allclose(wide["best"] ** 2, least.loc[wide.index], rtol=1e-6)
    are_shares(measures, "trustworthiness", "continuity")
    assert measures["shepard"].between(-1, 1).all()
    # the non-metric map is the one that follows the order
    flat = measures[measures["dimensions"] == 2].pivot(index="dataset", columns="map", values="shepard")
    assert (flat["order"] > flat["strain"]).mean() > 0.5


def test_the_roads_are_mapped_as_published(read, measures):
    points = read(f"{FOLDER}/maps.csv")
    assert set(points["dataset"]) <= set(maps.SHOWN)
    strain = points[(points["dataset"] == "roads") & (points["map"] == "strain")].sort_values("point")
    # cmdscale of R
    athens = np.abs(strain[["x", "y"]].to_numpy()[roads.CITIES.index("Athens")])
    np.testing.assert_allclose(athens, [2290.27468, 1798.80293], rtol=1e-6)
    pairs = read(f"{FOLDER}/pairs.csv")
    is_complete(pairs.groupby("map").size().reset_index(), map=maps.MAPS)
    for _, some in pairs.groupby("map"):
        np.testing.assert_array_equal(some["dissimilarity"], roads.distances())
    row = measures.query("dataset == 'roads' and dimensions == 2 and map == 'best'").iloc[0]
    best = pairs[pairs["map"] == "best"]
    squares = ((best["distance"] - best["dissimilarity"]) ** 2).sum() / (best["dissimilarity"] ** 2).sum()
    assert np.sqrt(squares) == pytest.approx(row["stress_1"], rel=1e-6)


def test_one_step_recovers_points_and_nothing_else(read):
    table = read(f"{FOLDER}/one_step.csv")
    sets = [f"{kind}_{p}" for kind in ("uniform", "mixture") for p in one_step.DIMENSIONS]
    is_complete(table, dataset=sets, deviation=one_step.ERRORS)
    exact = table["deviation"] == 0
    assert (table.loc[exact, "missed"] < 1e-9).all()
    assert (table.loc[exact, "least"] < one_step.PERFECT).all()
    assert (table.loc[~exact, "strain"] > table.loc[~exact, "least"]).all()
    are_shares(table, "share")


# --- rates


@pytest.fixture(scope="module", name="rates")
def read_rates(read):
    return read(f"{FOLDER}/rates.csv")


def test_rates_are_predicted_for_each_map_and_right(rates, names):
    table = rates.assign(kind=list(zip(*(rates[key] for key in ("objective", "dimensions", "optimizer")), strict=True)))
    balls = [("stress", p, "heavy_ball") for p in maps.DIMENSIONS]
    is_complete(table, dataset=names, kind=[*((*arm, key) for arm in ARMS for key in ("smacof", "relaxed")), *balls])
    # the Guttman transform is a gradient step
    assert (rates["identity"] < 1e-9).all()
    are_shares(rates, "predicted", "measured")
    wide = rates.pivot(index=PROBLEM, columns="optimizer", values="predicted")
    assert (wide["heavy_ball"].fillna(0) < wide["smacof"]).all()
    error = (rates["predicted"] - rates["measured"]).abs()[rates["optimizer"] == "smacof"]
    assert error.median() < 0.01


def test_rates_agree_as_well_as_is_said(read, rates):
    table = read(f"{FOLDER}/agreement.csv")
    holds_once(table, "objective", "optimizer")
    for _, row in table.iterrows():
        some = rates[(rates["objective"] == row["objective"]) & (rates["optimizer"] == row["optimizer"])]
        known = some.dropna(subset="measured")
        assert (row["sets"], row["silent"]) == (len(known), len(some) - len(known))
        assert row["error"] == pytest.approx((known["predicted"] - known["measured"]).abs().median())
    assert (table[["correlation", "low", "high"]].abs().max() <= 1 + 1e-12).all()


# --- what is concluded


def test_the_summary_is_one_of_all_optimizers(read, runs):
    table = read(f"{FOLDER}/summary.csv")
    is_complete(table, objective=("stress", "sammon"), start=("random", "classical"), optimizer=list(CONTENDERS))
    for level in summary.LEVELS:
        are_within(table, f"ratio_{level}", f"ratio_{level}_low", f"ratio_{level}_high")
        are_shares(table, *(f"{name}_{level}" for name in ("censored", "behind", "ahead")))
        assert (table[f"behind_{level}"] <= table[f"censored_{level}"] + 1e-12).all()
        assert (table.loc[table["optimizer"] == ALTERNATION, [f"behind_{level}", f"ahead_{level}"]] == 0).all(axis=None)
    for cost in ("end", "limit"):
        are_within(table, cost, f"{cost}_low", f"{cost}_high")
    for cost in ("end", "limit"):
        assert (table[f"{cost}_below"] + table[f"{cost}_above"] <= table["families"]).all()
    reference = table[table["optimizer"] == ALTERNATION]
    # where nobody comes so far nothing is known
    assert reference["ratio_10"].notna().any()
    assert (reference[["ratio_10", "ratio_0.1", "ratio_1"]].fillna(1) == 1).all(axis=None)
    assert (reference["limit"] == 0).all()
    # by hand: passes of one method on all maps, each family with the same weight, each set and problem in it too
    some = runs.query("objective == 'sammon' and start == 'random' and optimizer in ('smacof', 'lbfgs')")
    passes = some["own_1"].fillna(some["budget"]).clip(1 / 16)
    keys = [some[column] for column in ("family", "dataset", "run", "optimizer")]
    logs = np.log(passes).groupby(keys).first().unstack("optimizer")
    both = some["own_1"].isna().groupby(keys).first().unstack("optimizer").all(axis=1)
    ratio = (logs["lbfgs"] - logs["smacof"])[~both].groupby(["family", "dataset"]).mean().groupby("family").mean()
    found = table.query("objective == 'sammon' and start == 'random' and optimizer == 'lbfgs'").iloc[0]
    assert found["ratio_1"] == pytest.approx(np.exp(ratio.mean()), nan_ok=True)


def test_sets_are_described_as_they_were_measured(read, measures, minima, names):
    table = read(f"{FOLDER}/sets.csv")
    is_complete(table, dataset=names, dimensions=maps.DIMENSIONS)
    are_shares(table, "hits", "hits_pairs")
    assert (table["best"] <= table["stress"] * (1 + 1e-9)).all()
    row = table.iloc[0]
    some = minima[(minima["dataset"] == row["dataset"]) & (minima["dimensions"] == row["dimensions"])]
    random = some[(some["start"] == "random") & (some["optimizer"] == "smacof")]
    assert row["minima"] == random["minimum"].nunique()
    assert row["hits"] == pytest.approx((random["minimum"] == 0).mean())


def test_verdicts_follow_from_their_conditions(read):
    table = read(f"{FOLDER}/ledger.csv")
    claims = pd.read_csv(Path(CLAIMS), sep="\t")
    assert list(table["id"].unique()) == list(claims["id"])
    numbers = table.dropna(subset="effect")
    are_within(numbers, "effect", "low", "high")
    inside = (numbers["low"] > numbers["above"].fillna(-np.inf)) & (numbers["high"] < numbers["below"].fillna(np.inf))
    assert inside[numbers["decision"] == "holds"].all()
    outside = (numbers["high"] <= numbers["above"]) | (numbers["low"] >= numbers["below"])
    # one without exceptions fails by one family
    assert (outside | numbers["failing"].notna())[numbers["decision"] == "fails"].all()
