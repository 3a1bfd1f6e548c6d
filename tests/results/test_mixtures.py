"""What must hold of the results on mixtures of Gaussians."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from holding import are_shares, are_within, holds_once, is_complete

from kmeans_convergence.data import describe, read_registry
from kmeans_convergence.statistics.conditions import MINIMUM, Verdict
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.studies.mixtures.analysis.comparison import MISSED
from kmeans_convergence.studies.mixtures.analysis.evidence import VALUES
from kmeans_convergence.studies.mixtures.run import comparison, kmeans_start, thresholds
from kmeans_convergence.studies.mixtures.run.contenders import CONTENDERS
from kmeans_convergence.studies.mixtures.run.fits import COVARIANCES, STARTS

PARTS = range(4)
FIT = ["dataset", "covariance"]
OWN = [f"own_{target}" for target in comparison.TARGETS]


@pytest.fixture(scope="module", name="runs")
def all_runs(read):
    return pd.concat([read(f"results/mixtures/comparison/{part}/runs.csv.gz") for part in PARTS], ignore_index=True)


@pytest.fixture(scope="module", name="tuning")
def all_tuning(read):
    return pd.concat([read(f"results/mixtures/comparison/{part}/tuning.csv") for part in PARTS], ignore_index=True)


@pytest.fixture(scope="module", name="summary")
def read_summary(read):
    return read("results/mixtures/summary.csv")


def test_every_fit_has_every_optimizer_from_every_start(runs, settings):
    chosen = settings["mixtures"]
    for _, some in runs.groupby(FIT):
        is_complete(some, optimizer=CONTENDERS, start=STARTS, run=range(chosen["starts"]))
    assert set(runs["dataset"]) == set(chosen["datasets"])
    assert set(runs["covariance"]) <= set(COVARIANCES)
    assert (runs.groupby("dataset")["covariance"].nunique() <= chosen["covariances"]).all()
    assert (runs.groupby([*FIT, "start", "run"])["start_cost"].nunique() == 1).all()
    registry = read_registry(Path("config/datasets.tsv"))
    families = {name: describe(name, registry)["family"] for name in chosen["datasets"]}
    assert (runs["family"] == runs["dataset"].map(families)).all()


def test_limits_lie_below_ends_and_targets_are_reached_in_turn(runs, settings):
    kept = runs[np.isfinite(runs["end"])]
    assert len(kept)
    assert (kept["limit"] <= kept["end"] + 1e-9).all()
    assert runs.loc[~np.isfinite(runs["end"]), "limit"].isna().all()
    reached = runs[OWN].fillna(np.inf).to_numpy()
    assert (reached[:, :-1] <= reached[:, 1:]).all()
    assert (runs[OWN].isna() | (runs[OWN] <= settings["mixtures"]["passes"])).all(axis=None)
    assert (runs.loc[runs["degenerate"], OWN].isna()).all(axis=None)
    assert not (runs["degenerate"] & runs["diverged"]).any()
    em = runs[runs["optimizer"] == REFERENCE]
    # EM goes down, wherever that leads
    assert not em["diverged"].any()


def test_settings_are_tuned_for_each_fit(runs, tuning):
    tuned = {key for key, contender in CONTENDERS.items() if contender.settings}
    for _, some in tuning.groupby(FIT):
        assert set(some["optimizer"]) == tuned
        assert (some.groupby("optimizer").size() == comparison.VALUES).all()
        assert (some.groupby("optimizer")["chosen"].sum() == 1).all()
        assert (some.groupby("optimizer")["edge"].sum() == 2).all()
    assert set(map(tuple, tuning[FIT].to_numpy())) == set(map(tuple, runs[FIT].to_numpy()))
    chosen = tuning[tuning["chosen"]].set_index([*FIT, "optimizer"])["score"]
    least = tuning.groupby([*FIT, "optimizer"])["score"].min()
    np.testing.assert_allclose(chosen, least.loc[chosen.index], rtol=1e-3, atol=1e-3)
    assert (tuning["passes"] > 0).all()


def test_the_summary_holds_together(summary, runs):
    is_complete(summary, start=VALUES["start"], optimizer=CONTENDERS)
    for target in comparison.TARGETS:
        are_within(summary, f"ratio_{target}", f"ratio_{target}_low", f"ratio_{target}_high")
        assert (summary[f"ratio_{target}"].dropna() > 0).all()
    assert set(summary[[f"bound_{target}" for target in comparison.TARGETS]].to_numpy().ravel()) <= set("=<>~")
    are_within(summary, "limit", "limit_low", "limit_high")
    shares = ["diverged", "degenerate", "best", "unpolished", "better", "equal", "worse", "p_holm"]
    are_shares(summary, *shares, *(f"{name}_{target}" for name in MISSED for target in comparison.TARGETS))
    compared = summary.dropna(subset=["better"])
    np.testing.assert_allclose(compared[["better", "equal", "worse"]].sum(axis=1), 1)
    em = summary[summary["optimizer"] == REFERENCE]
    np.testing.assert_allclose(em[[f"ratio_{target}" for target in comparison.TARGETS]], 1)
    assert (em["limit"] == 0).all()
    assert (em[[f"bound_{target}" for target in comparison.TARGETS]] == "=").all(axis=None)
    # of all starts, by hand
    lbfgs = (
        runs[runs["optimizer"] == "lbfgs"].groupby(["family", "dataset", "covariance", "start"])["degenerate"].mean()
    )
    by_family = lbfgs.groupby(["family", "dataset"]).mean().groupby("family").mean()
    shown = summary.set_index(["start", "optimizer"]).loc[("all", "lbfgs"), "degenerate"]
    assert shown == pytest.approx(by_family.mean())


def test_every_claim_about_mixtures_is_decided_by_its_interval(read, runs):
    table = read("results/mixtures/ledger.csv")
    claims = pd.read_csv("src/kmeans_convergence/studies/mixtures/claims.tsv", sep="\t").set_index("id")
    assert list(dict.fromkeys(table["id"])) == list(claims.index)
    assert (table["claim"] == table["id"].map(claims["claim"])).all()
    assert set(table["verdict"]) | set(table["outcome"]) <= {verdict.value for verdict in Verdict}
    assert (table.groupby("id")["verdict"].nunique() == 1).all()
    holds_once(table, "id", *VALUES, "condition", "optimizer")
    known = table.dropna(subset="effect")
    are_within(known.dropna(subset="low"), "effect", "low", "high")
    inside = (known["above"].fillna(-np.inf) < known["low"]) & (known["high"] < known["below"].fillna(np.inf))
    assert inside[known["decision"] == "holds"].all()
    assert not inside[known["decision"] == "fails"].any()
    few = known["families"].between(2, MINIMUM - 1)
    assert (known.loc[few, "decision"] == "cannot be decided").all()


def test_k_means_as_a_start_is_measured_on_every_fit(read, runs):
    table = read("results/mixtures/kmeans_start.csv")
    for _, some in table.groupby(FIT):
        is_complete(some, arm=kmeans_start.ARMS, run=range(kmeans_start.STARTS))
    assert set(map(tuple, table[FIT].to_numpy())) == set(map(tuple, runs[FIT].to_numpy()))
    kept = table[~table["degenerate"]]
    assert (kept["limit"] <= kept["begin"] + 1e-9).all()
    assert table.loc[table["degenerate"], "limit"].isna().all()
    are_shares(kept, "labels", "first_labels")
    wide = table.pivot(index=[*FIT, "run"], columns="arm", values=["first", "begin"])
    np.testing.assert_array_equal(wide["first", "kmeans"], wide["begin", "patterns"])
    assert ((table["kmeans_passes"] > 0) == (table["arm"] == "kmeans")).all()


def test_hard_and_soft_thresholds_are_measured_on_every_set(read, settings):
    table = read("results/mixtures/thresholds.csv")
    on_sets, swept = table[table["separation"].isna()], table.dropna(subset="separation")
    chosen = settings["mixtures"]["datasets"]
    is_complete(on_sets, dataset=chosen, share=thresholds.SHARES, run=range(thresholds.STARTS))
    names = [f"separation {s:g}, {place}" for s in thresholds.SEPARATIONS for place in range(thresholds.DRAWS)]
    is_complete(swept, dataset=names, run=range(thresholds.STARTS))
    assert table["hard_ends"].all()
    assert (table["hard_1e-6"] <= table["hard_end"]).all()
    are_shares(table, "soft_rate")
    # an estimate whose bias is corrected can lie a little below 0
    assert swept["hard_rate"].between(-0.2, 1.2).all()
    assert on_sets["hard_rate"].isna().all()
    for kind in ("hard", "soft"):
        reached = table[[f"{kind}_{target}" for target in comparison.TARGETS]].fillna(np.inf).to_numpy()
        assert (reached[:, :-1] <= reached[:, 1:]).all()
    # what is far apart hides less
    rates = swept.groupby("separation")["soft_rate"].median()
    assert rates.iloc[-1] < rates.iloc[0]


def test_em_is_as_fast_in_all_parameters_as_what_is_hidden_says(read, runs):
    table = read("results/mixtures/parameters.csv")
    holds_once(table, *FIT)
    assert set(map(tuple, table[FIT].to_numpy())) == set(map(tuple, runs[FIT].to_numpy()))
    assert (table["degenerate"] == table["predicted"].isna()).all()
    are_shares(table, "predicted", "measured")
    measured = table.dropna(subset="measured")
    assert (measured["predicted"] - measured["measured"]).abs().median() < 0.01
