"""What must hold of the tables that sum the comparison up, of every verdict, and of the confirmation."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from holding import are_shares, are_within, holds_once, is_complete

from kmeans_convergence.statistics.conditions import MINIMUM, Verdict
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.statistics.predictions import verdict as verdict_of
from kmeans_convergence.studies.comparison.analysis.methods import CLAIMS
from kmeans_convergence.studies.comparison.run import size
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.confirmation import analysis as predictions
from kmeans_convergence.studies.rates.analysis.acceleration import MOST, SHARE

VERDICTS = {verdict.value for verdict in Verdict}
COSTS = ("end", "limit", "restarts", "charged")
RATIOS = ("ratio_1", "ratio_0.1", "ratio_charged", "time_1", "time_0.1")


@pytest.fixture(scope="module", name="optimizers")
def optimizers_of_the_configuration(settings):
    return settings["comparison"]["optimizers"]


@pytest.fixture(scope="module", name="datasets")
def read_datasets(read):
    return read("results/comparison/datasets.csv")


@pytest.fixture(scope="module", name="summary")
def read_summary(read, optimizers):
    table = read("results/comparison/summary.csv")
    # of one's own nothing is known but that it is there
    return table[table["optimizer"].isin(optimizers)]


def is_a_summary(table):
    """Say what holds of each table of optimizers, whatever was compared."""
    for value in COSTS + RATIOS:
        are_within(table, value, f"{value}_low", f"{value}_high")
    # a ratio of passes is above zero, and no cost is lower by all of it
    assert (table[list(RATIOS)].min() > 0).all()
    assert (table[list(COSTS)].min() > -100).all()
    shares = ["diverged", "better", "equal", "worse", "censored_1", "censored_0.1", "unsolved_1", "unsolved_0.1"]
    are_shares(table, *shares, "end_p_holm", "limit_p_holm")
    np.testing.assert_allclose(table[["better", "equal", "worse"]].sum(axis=1), 1)
    assert (table[["end_rank_biserial", "limit_rank_biserial"]].abs().max() <= 1 + 1e-12).all()
    # what is nearer takes no fewer passes, and a run that never came within 1 % never came within 0.1 %
    assert (table["censored_1"] <= table["censored_0.1"] + 1e-12).all()
    assert (table["unsolved_1"] <= table["unsolved_0.1"] + 1e-12).all()
    reference = table[table["optimizer"] == REFERENCE]
    assert len(reference) == len(table[["start", "budget"]].drop_duplicates())
    assert (reference[["end", "limit", "better", "worse"]] == 0).all(axis=None)
    np.testing.assert_allclose(reference[["ratio_1", "ratio_0.1", "time_1", "time_0.1", "equal"]], 1)
    assert not reference[["bound_1", "bound_0.1"]].any(axis=None)
    # only what has a setting is tuned, and pays for it
    tuned = table["optimizer"].map(lambda name: CONTENDERS[name].settings is not None)
    for column in ("tuning_end", "tuning_speed"):
        assert (table[column].notna() == tuned).all()
        assert (table.loc[tuned, column] > 0).all()
    np.testing.assert_allclose(table.loc[~tuned, "ratio_charged"], table.loc[~tuned, "ratio_0.1"])
    assert (table.loc[tuned, "ratio_charged"] > table.loc[tuned, "ratio_0.1"]).all()


def test_every_optimizer_has_a_row_for_each_start_and_budget(summary, settings, optimizers, datasets):
    comparison = settings["comparison"]
    longer = [comparison["longer"]] if set(comparison["longer_on"]) & set(datasets["name"]) else []
    expected = [
        (start, budget, optimizer)
        for start in comparison["starts"]
        for budget in (comparison["shorter"], comparison["passes"], *longer)
        for optimizer in comparison["optimizers_of"].get(start, optimizers)
    ]
    keys = list(map(tuple, summary[["start", "budget", "optimizer"]].to_numpy()))
    is_complete(summary.assign(key=keys), key=expected)
    assert (summary["families"] <= datasets["family"].nunique()).all()
    some = datasets.loc[datasets["name"].isin(comparison["longer_on"]), "family"].nunique()
    assert (summary.loc[summary["budget"] == comparison["longer"], "families"] <= some).all()


def test_the_summary_holds_together(summary):
    is_a_summary(summary)


def test_every_optimizer_is_judged_on_three_claims(read, summary, settings, optimizers):
    table = read("results/comparison/methods.csv")
    table = table[table["optimizer"].isin(optimizers)]
    is_complete(table, optimizer=set(optimizers) - {REFERENCE}, claim=CLAIMS)
    assert set(table["verdict"]) <= VERDICTS
    are_within(table, "effect", "low", "high")
    # what is robust is so everywhere, and of what holds somewhere it is said where
    assert table.loc[table["verdict"] == Verdict.ROBUST.value, "where"].isna().all()
    assert table.loc[table["verdict"] == Verdict.UNDER.value, "where"].str.contains(" of ").all()
    # the main reading is a row of the summary
    main = summary[(summary["start"] == "patterns") & (summary["budget"] == settings["comparison"]["passes"])]
    rows = main.set_index("optimizer")
    for claim, column in (("lower", "end"), ("faster", "ratio_0.1"), ("no worse", "end")):
        effect = table[table["claim"] == claim].set_index("optimizer")["effect"]
        np.testing.assert_allclose(effect, rows.loc[effect.index, column])


@pytest.fixture(scope="module", name="ledger")
def read_ledger(read):
    return read("results/comparison/ledger.csv")


def test_the_ledger_has_every_claim_once_under_each_reading(ledger):
    claims = pd.read_csv("src/kmeans_convergence/studies/comparison/claims.tsv", sep="\t").set_index("id")
    assert list(dict.fromkeys(ledger["id"])) == list(claims.index)
    assert (ledger["claim"] == ledger["id"].map(claims["claim"])).all()
    assert (ledger["source"] == ledger["id"].map(claims["source"])).all()
    assert (ledger.groupby("id")["verdict"].nunique() == 1).all()
    assert set(ledger["verdict"]) | set(ledger["outcome"]) <= VERDICTS
    reading = ["start", "budget", "polished", "baseline", "target", "charged", "tuned_for"]
    holds_once(ledger, "id", *reading, "condition", "optimizer")
    assert (ledger.groupby(["id", *reading], dropna=False)["outcome"].nunique() == 1).all()


def test_every_decision_of_the_ledger_is_what_its_interval_says(ledger, datasets):
    known = ledger.dropna(subset="effect")
    are_within(known.dropna(subset="low"), "effect", "low", "high")
    inside = (known["above"] < known["low"]) & (known["high"] < known["below"])
    outside = (known["high"] <= known["above"]) | (known["low"] >= known["below"])
    decision = known["decision"]
    assert inside[decision == "holds"].all()
    assert not inside[decision == "fails"].any()
    # fewer families decide nothing; but one may be that of a claim about one data set
    assert (decision[known["families"].between(2, MINIMUM - 1)] == "cannot be decided").all()
    enough = known["families"] >= MINIMUM
    assert enough.any() or datasets["family"].nunique() < MINIMUM
    assert decision[inside & enough].isin(["holds", "holds in part"]).all()
    assert decision[outside & enough].isin(["fails", "holds in part"]).all()


def test_verdicts_of_the_ledger_are_those_of_its_readings(ledger):
    for _, rows in ledger.groupby("id"):
        (verdict,) = set(rows["verdict"])
        outcomes = set(rows["outcome"])
        if verdict == "robust":
            assert "holds" in outcomes
            assert outcomes <= {"holds", "cannot be decided"}
        elif verdict == "fails":
            assert "fails" in outcomes
            assert not outcomes & {"holds", "holds in part"}
        elif verdict == "holds under":
            assert "holds" in outcomes
            assert len(outcomes) > 1
        elif verdict == "holds in part":
            assert "holds in part" in outcomes


def test_families_for_and_against_are_families_of_the_study(read, ledger, datasets):
    others = ("results/comparison/size_runs.csv", "results/mixtures/thresholds.csv")
    there = {*datasets["family"], *(family for file in others for family in read(file)["family"])}
    named = ledger[["holding", "failing"]].fillna("").map(lambda names: set(filter(None, names.split(";"))))
    assert named.map(len).sum(axis=None) > 0 or datasets["family"].nunique() < MINIMUM
    for holding, failing in named.to_numpy():
        assert holding | failing <= there
        assert not holding & failing
    assert (named.map(len).sum(axis=1) <= ledger["families"].fillna(0)).all()


def test_what_size_does_is_summed_up_for_each_optimizer(read):
    runs, table = read("results/comparison/size_runs.csv"), read("results/comparison/size_summary.csv")
    is_complete(table, optimizer=size.METHODS, n=[0, *sorted(set(runs["n"]))])
    are_within(table, "effect", "low", "high")
    reference = table[table["optimizer"] == REFERENCE]
    # as fast as itself at each size, and so of the slope 0
    np.testing.assert_allclose(reference["effect"], reference["n"] > 0, atol=1e-12)
    counted = runs.groupby("n")["family"].nunique()
    for _, row in table.iterrows():
        assert row["families"] == (counted[row["n"]] if row["n"] else runs["family"].nunique())


def test_goals_are_reached_where_the_numbers_say_so(read):
    table = read("results/rates/acceleration/goals.csv")
    holds_once(table, "goal")
    assert list(table["below"]) == pytest.approx([SHARE, 0.1, MOST, MOST])
    found = table.dropna(subset="effect")
    are_within(found, "effect", "low", "high")
    reached = found["effect"] <= found["below"]
    assert (found["verdict"].str.startswith("reached") == reached).all()
    surely = (found["high"] <= found["below"]) | (found["low"] > found["below"])
    assert (found["verdict"].str.endswith("not surely") == ~surely).all()
    # without problems there is nothing to say
    assert (table["verdict"].isna() == table["effect"].isna()).all()


CONFIRMATION = Path("confirmation")


@pytest.mark.skipif(not CONFIRMATION.is_dir(), reason="no confirmation has been run")
class TestTheConfirmation:
    """What was committed as data after one run on fresh sets."""

    def test_every_prediction_has_its_score(self):
        scores = pd.read_csv(CONFIRMATION / "scores.csv", dtype={"sign": str}).fillna({"sign": ""})
        made = predictions.read_predictions(Path("config/predictions.tsv"))
        pd.testing.assert_frame_equal(scores[list(made)], made)
        are_within(scores, "value", "value_low", "value_high")
        for row in scores.itertuples():
            assert row.verdict == verdict_of(row.value, row.sign, row.low, row.high)

    def test_the_summary_of_the_fresh_sets_holds_together(self):
        is_a_summary(pd.read_csv(CONFIRMATION / "summary.csv"))

    def test_the_predictions_are_still_those_that_were_committed_before(self):
        about = json.loads((CONFIRMATION / "provenance.json").read_text())
        assert about["predictions"] == sha256(Path("config/predictions.tsv").read_bytes()).hexdigest()
        assert len(about["commit"]) == 40
        registry = pd.read_csv("config/datasets.tsv", sep="\t").set_index("name")
        assert about["datasets"]
        for name, digest in about["datasets"].items():
            assert registry.loc[name, "sha256"] == digest
