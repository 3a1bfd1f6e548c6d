"""What must hold of the results on other hard choices: paths, regressions and subspaces."""

import numpy as np
import pandas as pd
import pytest
from holding import are_shares, are_within, holds_once, is_complete

from kmeans_convergence.statistics.conditions import Verdict
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.studies.choices.analysis import PREDICATES, same_as_alternation
from kmeans_convergence.studies.choices.run.contenders import CONTENDERS
from kmeans_convergence.studies.choices.run.growth import SMALLEST
from kmeans_convergence.studies.choices.run.sets import MODELS
from kmeans_convergence.studies.choices.run.soft import SOFT
from kmeans_convergence.studies.comparison.run.tuning import TARGETS

TUNED = [key for key, contender in CONTENDERS.items() if contender.settings]
ROUNDING = 1e-9


@pytest.fixture(scope="module", params=MODELS, name="model")
def each_model(request):
    return request.param


@pytest.fixture(scope="module", name="runs")
def read_runs(read, model):
    return read(f"results/choices/{model}/runs.csv.gz")


@pytest.fixture(scope="module", name="choices")
def section(settings):
    return settings["choices"]


def test_every_optimizer_has_every_run(runs, model, choices):
    expected = [(key, "") for key in CONTENDERS if key not in TUNED]
    expected += [(key, target) for key in TUNED for target in TARGETS]
    keys = list(zip(runs["optimizer"], runs["tuned_for"].fillna(""), strict=True))
    is_complete(runs.assign(key=keys), dataset=choices[MODELS[model].sets], key=expected, run=range(choices["starts"]))
    assert (runs["budget"] == choices["passes"]).all()


def test_all_optimizers_begin_at_the_same_costs(runs):
    assert (runs.groupby(["dataset", "run"])["start_cost"].nunique() == 1).all()


def test_nobody_ends_below_the_limit_nor_spends_what_there_is_not(runs):
    finite = runs[np.isfinite(runs["limit"])]
    assert len(finite) > 0.9 * len(runs)
    assert (finite["limit"] <= finite["end"] + ROUNDING * finite["end"].abs()).all()
    # a line search may overdraw by its trials
    assert (runs["passes"] > 0).all()
    for target in ("own_10", "own_1", "own_0.1", "own_1e-3", "own_1e-6"):
        assert (runs[target].dropna() <= runs["budget"].max()).all()
    nearer = runs[["own_10", "own_1", "own_0.1"]].dropna()
    assert (nearer.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)


def test_the_alternation_only_goes_down_and_never_diverges(runs):
    alternation = runs[runs["optimizer"] == REFERENCE]
    assert (alternation["end"] <= alternation["start_cost"] * (1 + ROUNDING)).all()
    assert (alternation["stop"] != "diverged").all()
    ended = alternation["stop"] == "fixed point"
    np.testing.assert_allclose(alternation.loc[ended, "end"], alternation.loc[ended, "limit"], rtol=1e-9)


def test_where_costs_are_quadratic_newtons_method_is_the_alternation(runs, model):
    one, other = (runs[runs["optimizer"] == key] for key in ("newton", REFERENCE))
    same = same_as_alternation(one, other)["value"]
    assert len(same) == len(other)
    assert bool((same == 1).all()) == MODELS[model].quadratic


def test_settings_were_chosen_among_those_that_were_tried(read, model, choices):
    tuning = read(f"results/choices/{model}/tuning.csv")
    holds_once(tuning, "dataset", "optimizer", "target", "setting")
    assert set(tuning["optimizer"]) == set(TUNED)
    chosen = tuning[tuning["chosen"]]
    is_complete(chosen, dataset=choices[MODELS[model].sets], optimizer=TUNED, target=TARGETS)
    assert (tuning["passes"] > 0).all()


@pytest.fixture(scope="module", name="summary")
def read_summary(read):
    return read("results/choices/summary.csv")


def test_the_summary_holds_together(summary):
    is_complete(summary, model=list(MODELS), optimizer=list(CONTENDERS))
    for value in ("end", "limit", "restarts", "charged", "ratio_1", "ratio_0.1", "ratio_charged"):
        are_within(summary, value, f"{value}_low", f"{value}_high")
    are_shares(summary, "diverged", "better", "equal", "worse", "censored_1", "censored_0.1", "end_p_holm")
    reference = summary[summary["optimizer"] == REFERENCE]
    assert (reference[["end", "limit"]] == 0).all(axis=None)
    np.testing.assert_allclose(reference[["ratio_1", "ratio_0.1"]], 1)


def test_the_ledger_has_every_claim(read, summary):
    ledger = read("results/choices/ledger.csv")
    claims = pd.read_csv("src/kmeans_convergence/studies/choices/claims.tsv", sep="\t").set_index("id")
    assert list(dict.fromkeys(ledger["id"])) == list(claims.index)
    assert set(claims["predicate"]) == set(PREDICATES)
    assert set(ledger["verdict"]) <= {verdict.value for verdict in Verdict}
    are_within(ledger, "effect", "low", "high")
    # the number of a claim in its main reading is that of the summary
    for claim, model in zip(("S10d", "S10e", "S10f", "S10g"), MODELS, strict=True):
        first = ledger[ledger["id"] == claim].iloc[0]
        row = summary[(summary["model"] == model) & (summary["optimizer"] == first["optimizer"])].iloc[0]
        assert first["effect"] == pytest.approx(row["ratio_0.1"], nan_ok=True)


def test_soft_choices(read, choices):
    soft = read("results/choices/soft.csv")
    is_complete(soft, model=list(SOFT), dataset=choices["sequences"], run=range(choices["starts"]))
    size = soft[["hard", "soft"]].abs().max(axis=1) * ROUNDING
    # all paths together are likelier than the best one, and training lowers what it trains
    assert (soft["soft"] <= soft["hard_after_soft"] + size).all()
    assert (soft["soft_after_hard"] <= soft["soft_of_hard"] + size).all()
    assert (soft["soft_of_hard"] <= soft["hard"] + size).all()
    assert (soft["soft_after_hard_passes"] > 0).all()
    assert soft["converged"].mean() > 0.9


def test_steps_end_on_every_sample(read, choices):
    steps = read("results/choices/steps.csv")
    sizes = sorted(steps["n"].unique())
    assert sizes[0] == SMALLEST
    assert sizes[-1] <= choices["largest"]
    is_complete(steps, model=list(MODELS), n=sizes, run=range(choices["starts"]))
    assert steps["fixed"].all()
    assert (steps["steps"] > 0).all()
