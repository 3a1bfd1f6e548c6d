"""Other hard choices: what is run, what is judged, and what is shown."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from kmeans_convergence.data.bundled_regressions import REGRESSIONS
from kmeans_convergence.data.bundled_sequences import SEQUENCES
from kmeans_convergence.starts import streams
from kmeans_convergence.statistics import ledger
from kmeans_convergence.statistics.conditions import Verdict
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.studies.choices import analysis, show
from kmeans_convergence.studies.choices.run import comparison, growth, sets
from kmeans_convergence.studies.choices.run.contenders import CONTENDERS, fitting
from kmeans_convergence.studies.choices.run.sets import MODELS
from kmeans_convergence.studies.choices.run.soft import SOFT, pairs, soften
from kmeans_convergence.studies.comparison.run.tuning import TARGETS, Tuning

CLAIMS = Path(show.__file__).parent / "claims.tsv"
PROTOCOL = comparison.Protocol(7, 6, 2, Tuning(1, 2, 1))
FEW = {"viterbi": "states_2", "viterbi_all": "nile", "regression": "stackloss", "subspaces": "planes_1"}


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module", name="tables")
def small_run_of_each_model():
    return {m: comparison.compare(m, MODELS[m].cases([name], 7, {}), PROTOCOL) for m, name in FEW.items()}


@pytest.fixture(scope="module", name="soft")
def small_run_of_soft_choices():
    return pd.concat([soften(m, pairs(m, ["nile"], 7, {}), PROTOCOL) for m in SOFT], ignore_index=True)


@pytest.fixture(scope="module", name="choices")
def evidence(tables, soft):
    runs, tuning = (pd.concat(parts, ignore_index=True) for parts in zip(*tables.values(), strict=True))
    return analysis.Choices(runs, tuning, soft, 7, 50)


# --- data ------------------------------------------------------------------------------------------------


def test_sequences_are_standardised_and_cut_into_pieces():
    for name in SEQUENCES:
        X = sets.sequence(name, 0, {})
        T = len(SEQUENCES[name]())
        assert X.shape[:2] == (T // sets.PIECE, sets.PIECE)
        assert np.isfinite(X).all()
        # what is cut off at the end is left out after the scaling
        np.testing.assert_allclose(X.reshape(-1, X.shape[2]).std(axis=0), 1, atol=0.1)
    assert len(SEQUENCES["sunspots"]()) == 309
    assert len(SEQUENCES["elnino"]()) == 61 * 12
    np.testing.assert_allclose(SEQUENCES["elnino"]().reshape(61, 12).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(SEQUENCES["growth"]()[0, 0], 100 * np.log(2778.801 / 2710.349))


def test_regressions_have_a_constant_and_no_collinear_regressors():
    for name in REGRESSIONS:
        case = sets.regression(name, 0, {})
        X, y = case.problem.X, case.problem.y
        np.testing.assert_array_equal(X[:, 0], 1)
        np.testing.assert_allclose(X[:, 1:].mean(axis=0), 0, atol=1e-12)
        assert y.std() == pytest.approx(1)
        assert len(X) == len(y)
    years, spots = REGRESSIONS["sunspots"]()
    np.testing.assert_array_equal(years[1:, 0], spots[:-1])


def test_the_condition_of_simulated_lines_is_swept():
    conditions = [np.linalg.cond(sets.regression(f"lines_{offset:g}", 0, {}).problem.X) for offset in sets.OFFSETS]
    assert conditions[0] < 1.5
    assert conditions[1] > 5
    assert conditions[2] > 50


def test_what_was_drawn_in_one_way_is_one_family():
    assert {sets.family(name) for name in ("states_1", "lines_3", "planes_0.1")} == {sets.SIMULATED}
    assert sets.family("growth") == sets.family("unemployment") == sets.family("consumption") == "macrodata"
    assert sets.family("interest_inflation") == "interest_inflation"


@pytest.mark.parametrize("model", MODELS)
def test_data_and_starts_are_the_same_each_time_and_differ_by_run(model):
    build = MODELS[model].build
    one, other = build(FEW[model], 7, {}), build(FEW[model], 7, {})
    rngs = [streams(1, one.dataset, one.groups, range(3), "starts") for _ in range(2)]
    first, second = one.problem.pack(one.draw(rngs[0])), other.problem.pack(other.draw(rngs[1]))
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first, axis=0)) == 3
    assert np.isfinite(one.problem.evaluate(first).cost).all()


def test_starts_of_all_parameters_visit_every_state():
    case = sets.viterbi_all("nile", 7, {})
    models = case.draw(streams(1, "nile", 2, range(20), "starts"))
    assert (models.variances > 0).all()
    np.testing.assert_allclose(models.transitions.sum(axis=2), 1)


# --- runs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_every_optimizer_fits_hard_choices(model):
    assert list(fitting(MODELS[model].build(FEW[model], 7, {}).problem)) == list(CONTENDERS)


def test_newtons_method_does_not_fit_soft_ones():
    soft = sets.viterbi("nile", 7, {}, soft=True)
    assert set(CONTENDERS) - set(fitting(soft.problem)) == {"newton", "newton_safe"}


@pytest.mark.parametrize("model", MODELS)
def test_runs_are_paired_and_newton_is_what_the_theorem_says(tables, model):
    runs, tuning = tables[model]
    assert (runs.groupby("run")["start_cost"].nunique() == 1).all()
    assert (runs.groupby(["optimizer", "tuned_for"]).size() == PROTOCOL.starts).all()
    assert set(tuning["target"]) == set(TARGETS)
    assert (tuning.groupby(["optimizer", "target"])["chosen"].sum() == 1).all()
    newton, alternation = (runs[runs["optimizer"] == key] for key in ("newton", REFERENCE))
    same = analysis.same_as_alternation(newton, alternation)["value"]
    assert bool(same.all()) == MODELS[model].quadratic


def test_costs_of_sequences_are_per_observation():
    case = sets.viterbi("nile", 7, {})
    runs, _ = comparison.compare("viterbi", [case], PROTOCOL)
    starts = case.draw(PROTOCOL.streams(case, PROTOCOL.starts, "starts"))
    cost = case.problem.evaluate(case.problem.pack(starts)).cost / len(case.problem.X)
    np.testing.assert_allclose(runs.loc[runs["optimizer"] == REFERENCE, "start_cost"], cost)


def test_a_grid_grows_where_its_end_is_the_best(tables):
    for _, tuning in tables.values():
        for _, some in tuning.groupby(["optimizer", "target"]):
            assert 2 <= len(some) <= 4
            assert some["edge"].sum() == 2


def test_soft_choices_are_likelier_and_hard_ones_cheaper(soft):
    assert list(soft["model"].unique()) == list(SOFT)
    assert (soft["soft"] < soft["hard"]).all()
    assert (soft["soft_of_hard"] >= soft["soft_after_hard"] - 1e-12).all()
    assert soft["converged"].all()
    cut = soften("viterbi", pairs("viterbi", ["nile"], 7, {}), PROTOCOL, most=2)
    assert not cut["converged"].any()


def test_steps_are_counted_on_samples_that_grow():
    steps = growth.grow(7, 1600, 2)
    assert sorted(steps["n"].unique()) == [400, 1600]
    assert steps["fixed"].all()
    assert (steps.groupby("model").size() == 4).all()
    pd.testing.assert_frame_equal(steps, growth.grow(7, 1600, 2))


# --- claims ----------------------------------------------------------------------------------------------------


def test_every_claim_is_judged_and_few_families_decide_nothing(choices):
    claims = ledger.read_claims(CLAIMS, analysis.PREDICATES)
    judged = ledger.judge(claims, analysis.PREDICATES, choices)
    assert list(dict.fromkeys(judged["id"])) == list(claims["id"])
    assert set(judged["verdict"]) == {Verdict.UNDECIDED.value}


def grown(choices, changes, families=6):
    """Return evidence in which one set stands for many families, with some optimizers' runs changed."""
    evidence = choices.models["viterbi"]
    rows = evidence.runs.copy()
    for (optimizer, column), value in changes.items():
        rows.loc[rows["optimizer"] == optimizer, column] = value
    names = [f"set{f}" for f in range(families)]
    runs = pd.concat([rows.assign(dataset=name, family=name) for name in names], ignore_index=True)
    tuning = pd.concat([evidence.tuning.assign(dataset=name) for name in names], ignore_index=True)
    soft = choices.soft[choices.soft["model"] == "viterbi"]
    soft = pd.concat([soft.assign(dataset=name, family=name) for name in names], ignore_index=True)
    return analysis.Choices(runs, tuning, soft, 7, 50)


@pytest.mark.parametrize(("passes", "verdict"), [(5.0, Verdict.HOLDS), (0.1, Verdict.FAILS)])
def test_gradients_are_slower_or_not(choices, passes, verdict):
    changes = {(m, "own_0.1"): passes for m in analysis.PLAIN} | {(REFERENCE, "own_0.1"): 1.0}
    e = grown(choices, changes)
    (main, *_) = e.readings(())
    assert analysis.slower("viterbi").judge(e, main).verdict is verdict


@pytest.mark.parametrize(("end", "verdict"), [(-0.1, Verdict.HOLDS), (0.1, Verdict.FAILS), (-0.0005, Verdict.FAILS)])
def test_noise_ends_lower_by_more_than_counts_as_equal(choices, end, verdict):
    changes = {("minibatch_gradient", "end"): 1 + end, (REFERENCE, "end"): 1.0} | {
        (m, "start_cost"): 9.0 for m in CONTENDERS
    }
    e = grown(choices, changes)
    (main, *_) = e.readings(())
    assert analysis.noise_lower("viterbi").judge(e, main).verdict is verdict


def test_newtons_method_is_the_alternation_or_not(choices):
    (main, *_) = choices.readings(())
    assert analysis.same_steps("viterbi").judge(grown(choices, {}), main).verdict is Verdict.HOLDS
    other = grown(choices, {("newton", "end"): 5.0})
    assert analysis.same_steps("viterbi").judge(other, main).verdict is Verdict.FAILS
    later = grown(choices, {("newton", "own_1"): 5.5})
    assert analysis.same_steps("viterbi").judge(later, main).verdict is Verdict.FAILS


def test_newtons_method_fails_where_it_diverges(choices):
    (main, *_) = choices.readings(())
    broken = grown(choices, {("newton", "end"): np.inf, ("newton", "limit"): np.nan})
    outcome = analysis.newton_fails("viterbi").judge(broken, main)
    assert outcome.conditions[0].verdict is Verdict.HOLDS
    assert analysis.newton_fails("viterbi").judge(grown(choices, {}), main).verdict is Verdict.FAILS


@pytest.mark.parametrize(("gain", "verdict"), [(-0.1, Verdict.HOLDS), (0.1, Verdict.FAILS)])
def test_soft_choices_first_gain_or_not(choices, gain, verdict):
    e = grown(choices, {})
    e.soft = e.soft.assign(hard_after_soft=e.soft["hard"] + gain, soft_passes=3.0, hard_passes=2.0)
    (main, *_) = e.readings(())
    assert analysis.soft_first("viterbi").judge(e, main).verdict is verdict
    slower = analysis.soft_slower("viterbi").judge(e, main)
    assert slower.verdict is Verdict.HOLDS
    assert slower.conditions[0].estimate.effect == pytest.approx(1.5)


def test_scales():
    assert analysis.unequal("regression") == pytest.approx(0.1)
    assert analysis.unequal("viterbi") == pytest.approx(0.001)


# --- show ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="shown")
def tables_of_the_section(choices, tables, soft):
    claims = ledger.read_claims(CLAIMS, analysis.PREDICATES)
    judged = ledger.judge(claims, analysis.PREDICATES, choices)
    runs = pd.concat([each.runs for each in tables.values()], ignore_index=True)
    return runs, analysis.summarize(choices), judged, soft, growth.grow(7, 1600, 2)


def test_each_number_of_the_section_has_a_macro_and_each_macro_is_used(root, shown):
    page = "".join((root / f"paper/sections/{name}.tex").read_text() for name in ("choices", "choices_appendix"))
    found = show.numbers(*shown)
    assert set(re.findall(r"\\(choices[A-Za-z]+)", page)) == set(found)
    assert found["choicesClaims"] == "16"
    assert found["choicesHolding"] == "none"
    assert found["choicesSetsRegression"] == "1"
    assert found["choicesNearTen"] == "--"
    assert found["choicesVerdictD"] == Verdict.UNDECIDED.value


def test_the_table_has_a_row_for_each_optimizer(shown):
    text = show.optimizers(shown[1])
    rows = [line for line in text.splitlines() if line.count("&") == 8][1:]
    assert [row.split(" & ")[0] for row in rows] == [show.label(key) for key in CONTENDERS]
    assert rows[0].split(" & ")[1:3] == ["1", "0"]


def test_what_is_sure_is_bold_and_what_is_censored_a_bound(shown):
    summary = shown[1].copy()
    row = (summary["model"] == "regression") & (summary["optimizer"] == "lbfgs")
    sure = {"ratio_0.1": 3.0, "ratio_0.1_low": 2.0, "ratio_0.1_high": 4.0, "bound_0.1": True}
    summary.loc[row, list(sure)] = list(sure.values())
    summary.loc[row, ["end", "end_low", "end_high"]] = [-2.0, -3.0, 0.0]
    line = next(line for line in show.optimizers(summary).splitlines() if line.startswith("L-BFGS"))
    assert line.split(" & ")[5:7] == [r"\textbf{$>$3.0}", r"$-$2.0"]


def test_the_table_of_claims(shown):
    text = show.claims(shown[2])
    rows = [line for line in text.splitlines() if line.startswith("S10")]
    assert len(rows) == 16
    assert all(line.count("&") == 4 for line in rows)


def test_the_figure_shows_every_optimizer_model_and_set(shown):
    _, summary, _, soft, steps = shown
    figure = show.quality_speed_and_size(summary, steps, soft)
    assert len(figure.axes) == 6
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == [show.label(key) for key in CONTENDERS]
    sizes = figure.axes[4]
    assert [text.get_text() for text in sizes.get_legend().get_texts()] == [m.label for m in MODELS.values()]
    points = figure.axes[5].get_lines()
    assert [len(line.get_xdata()) for line in points[:2]] == [1, 1]


def test_no_two_optimizers_nor_models_look_the_same():
    for looks, count in ((show.LOOKS, len(CONTENDERS)), (show.OF_MODEL, len(MODELS))):
        assert len({(look.color, look.marker, look.filled) for look in looks.values()}) == count
        # in grey, too
        assert len({(look.marker, look.filled) for look in looks.values()}) == count


def test_the_protocol_of_the_configuration():
    section = {"passes": 9, "starts": 4, "tuning": {"starts": 2, "values": 3, "extensions": 1}, "largest": 400}
    assert comparison.Protocol.of(section, 5) == replace(PROTOCOL, seed=5, passes=9, starts=4, tuning=Tuning(2, 3, 1))
