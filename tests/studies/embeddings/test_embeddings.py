"""The comparison on maps: its runs, what is concluded from runs whose effects are known, and how it is shown."""

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.pipeline.history import read_history
from kmeans_convergence.problems.stress import distances
from kmeans_convergence.statistics import ledger
from kmeans_convergence.statistics.conditions import Verdict
from kmeans_convergence.studies.comparison.run.tuning import Tuning
from kmeans_convergence.studies.embeddings.analysis import predicates, summary
from kmeans_convergence.studies.embeddings.analysis.evidence import Evidence, Reading
from kmeans_convergence.studies.embeddings.run import comparison, maps, one_step, rates
from kmeans_convergence.studies.embeddings.run.contenders import ALTERNATION, CONTENDERS
from kmeans_convergence.studies.embeddings.run.sets import ARMS, Embedded, problem_of
from kmeans_convergence.studies.embeddings.show import figures, tables

PROTOCOL = comparison.Protocol(3, 20, 2, Tuning(2, 2, 0))
FEW = [Embedded("one", "one", distances(np.random.default_rng(0).normal(size=(16, 5))))]


@pytest.fixture(scope="module", name="found")
def compared():
    told = []
    found = comparison.compare(FEW, PROTOCOL, report=told.append)
    assert len(told) == len(FEW) * len(ARMS)
    return found


PROBLEM = ["objective", "dataset", "dimensions"]


def test_all_optimizers_share_their_starts(found):
    runs = found.runs
    assert len(runs.groupby(PROBLEM)) == len(FEW) * len(ARMS)
    for _, some in runs.groupby(PROBLEM):
        assert set(some["optimizer"]) == set(CONTENDERS)
        kinds = some.groupby(["optimizer", "tuned_for"])["start"].apply(sorted)
        # one of classical scaling and two random ones
        assert set(map(tuple, kinds)) == {("classical", "random", "random")}
        assert (some.groupby(["start", "run"])["start_cost"].nunique() == 1).all()
    tuned = runs[runs["tuned_for"] != ""]
    assert set(tuned["optimizer"]) == {key for key, contender in CONTENDERS.items() if contender.settings}


def test_the_runs_are_those_of_the_loop(found):
    problem = problem_of(FEW[0], ARMS[1])
    starts = comparison.starts_of(problem, "one", 3, 2)
    np.testing.assert_array_equal(starts[0], problem.classical().configuration)
    trace = minimize(problem, MajorizeMinimize(), starts, passes=20)
    some = found.runs.query("objective == 'stress' and dataset == 'one' and dimensions == 3 and optimizer == 'smacof'")
    np.testing.assert_array_equal(some["start_cost"], trace.cost[0])
    np.testing.assert_array_equal(some["end"], trace.cost[-1])
    # the polish goes on to where the alternation would come, too
    end = minimize(problem, MajorizeMinimize(), trace.w, passes=np.inf)
    np.testing.assert_allclose(some["limit"], end.cost[-1], rtol=1e-9)


def test_no_limit_is_above_where_its_run_ended(found):
    assert (found.runs["limit"] <= found.runs["end"] * (1 + 1e-12)).all()
    own = found.runs[["own_10", "own_1", "own_0.1", "own_1e-3"]].fillna(np.inf).to_numpy()
    assert (own[:, 1:] >= own[:, :-1]).all()


def test_what_is_said_of_one_optimizer_does_not_depend_on_others(found):
    few = {key: CONTENDERS[key] for key in ("pairs_tuned", ALTERNATION)}
    again = comparison.compare(FEW[:1], PROTOCOL, few, ARMS[:1], report=lambda line: None)
    same = found.runs[(found.runs["dataset"] == "one") & (found.runs["objective"] == "stress")]
    same = same[(same["dimensions"] == 2) & same["optimizer"].isin(few)]
    keys = ["optimizer", "tuned_for", "start", "run"]
    columns = [*keys, "end", "limit", "passes", "own_1"]
    one, other = (table[columns].sort_values(keys, ignore_index=True) for table in (again.runs, same))
    pd.testing.assert_frame_equal(one, other)


def test_curves_are_medians_over_random_starts(found):
    some = found.curves[found.curves["tuned_for"] == ""]
    assert (some["low"] <= some["median"]).all()
    assert some["passes"].between(1, PROTOCOL.passes).all()
    smacof = some[some["optimizer"] == ALTERNATION]
    assert (smacof.groupby(PROBLEM)["median"].diff().dropna() <= 1e-12).all()


def test_every_grid_of_settings_has_its_history(root):
    keys = set(read_history(root / "config/protocol.tsv")["key"])
    for key, contender in CONTENDERS.items():
        if contender.settings:
            assert f"code.studies.embeddings.run.contenders.CONTENDERS.{key}.settings" in keys


# --- what is concluded, in a world where it is known


FAMILIES = 6


@cache
def world(cost=0.0, factor=1.0):
    """Return runs in which each optimizer but SMACOF has this difference of costs in per cent and factor of passes."""
    rng = np.random.default_rng(0)
    rows = []
    for family in range(FAMILIES):
        for objective, dimensions in ARMS:
            for start, number in (("classical", 1), ("random", 5)):
                for run in range(number):
                    least, passes = rng.uniform(0.01, 0.1), rng.uniform(20, 60)
                    for key, contender in CONTENDERS.items():
                        for target in ("end", "speed") if contender.settings else ("",):
                            other = key != ALTERNATION
                            limit = least * (1 + cost / 100 * other)
                            row = {"objective": objective, "dataset": f"set{family}", "family": f"set{family}"}
                            row |= {"dimensions": dimensions, "start": start, "optimizer": key, "budget": 200}
                            row |= {"tuned_for": target, "run": run, "start_cost": 1.0, "end": limit, "limit": limit}
                            row |= {"passes": 200.0, "polish_passes": 1.0, "stop": "budget"}
                            for level, share in (("10", 0.3), ("1", 0.6), ("0.1", 1.0), ("1e-3", 1.5), ("1e-6", 2.0)):
                                row[f"own_{level}"] = share * passes * (factor if other else 1.0)
                            rows.append(row)
    return pd.DataFrame(rows)


def rated(error=0.0):
    rows = [
        {"objective": objective, "dataset": f"set{f}", "family": f"set{f}", "dimensions": dimensions}
        | {"optimizer": key, "predicted": 0.9 + 0.01 * f, "measured": 0.9 + 0.01 * f + error, "identity": 1e-14}
        for f in range(FAMILIES)
        for objective, dimensions in ARMS
        for key in (("smacof", "relaxed", "heavy_ball") if objective == "stress" else ("smacof", "relaxed"))
    ]
    return pd.DataFrame(rows)


def searched(gain=0.0, excess=0.1):
    """Return minima and measures: SMACOF ends lower from classical scaling by `gain` per cent."""
    minima, measures = [], []
    for f in range(FAMILIES):
        about = {"dataset": f"set{f}", "family": f"set{f}"}
        for dimensions in maps.DIMENSIONS:
            for start, key, run in (
                ("classical", "smacof", 0),
                *(("random", k, r) for k in ("smacof", "pairs") for r in range(4)),
            ):
                cost = 0.1 * (1 - gain / 100 * (start == "classical")) * (1 + 0.05 * (run == 3))
                minima.append(about | {"dimensions": dimensions, "start": start, "optimizer": key, "run": run})
                minima[-1] |= {"cost": cost, "minimum": int(run == 3), "disparity": 0.2 * (run == 3)}
            for name in maps.MAPS if dimensions == 2 else maps.MAPS[:3]:
                measures.append(about | {"dimensions": dimensions, "map": name, "points": 20})
                measures[-1] |= {"stress_1": 0.2 * (1 + excess * (name == "strain"))}
                measures[-1] |= {"trustworthiness": 0.9, "continuity": 0.95, "shepard": 0.8}
    return pd.DataFrame(minima), pd.DataFrame(measures)


def stepped():
    rows = [
        {"dataset": f"{kind}_{p}", "dimensions": p, "deviation": deviation, "missed": 1e-14 if deviation == 0 else 0.1}
        | {"strain": 1.2 * deviation, "stress": deviation, "least": deviation, "share": 0.5}
        for kind in ("uniform", "mixture")
        for p in one_step.DIMENSIONS
        for deviation in one_step.ERRORS
    ]
    return pd.DataFrame(rows)


@cache
def evidence(cost=0.0, factor=1.0, error=0.0, gain=0.0, excess=0.1):
    runs = world(cost, factor)
    minima, measures = searched(gain, excess)
    tuning = runs[runs["tuned_for"] != ""].groupby(["objective", "dataset", "family", "dimensions", "optimizer"]).size()
    tuning = tuning.rename("passes").reset_index().assign(target="speed", budget=200)
    return Evidence(runs, tuning, rated(error), minima, measures, stepped(), 1, 100)


@cache
def summed(cost, factor):
    return summary.summarize(evidence(cost=cost, factor=factor))


@pytest.fixture(scope="module", name="claims")
def claims_of_the_study(root):
    path = root / "src/kmeans_convergence/studies/embeddings/claims.tsv"
    return ledger.read_claims(path, predicates.PREDICATES)


def verdicts(claims, **known):
    judged = ledger.judge(claims, predicates.PREDICATES, evidence(**known))
    return judged.groupby("id")["verdict"].first().to_dict(), judged


def test_each_predicate_has_a_claim(claims):
    assert set(claims["predicate"]) == set(predicates.PREDICATES)


def test_verdicts_in_a_world_where_gradients_win(claims):
    found, judged = verdicts(claims, cost=-1.0, factor=0.5, gain=2.0, excess=0.001)
    holding = {"T19", "T20b", "T20c", "M2", "M6"}
    robust = {"T21a", "T21b", "M3", "M4", "M5", "M7", "M8", "M9"}
    assert {key for key, verdict in found.items() if verdict == Verdict.HOLDS.value} == holding
    assert {key for key, verdict in found.items() if verdict == Verdict.ROBUST.value} == robust
    assert found["T20a"] == Verdict.NO_DATA.value
    assert judged["effect"].notna().sum() > 30


def test_verdicts_in_a_world_where_the_alternation_wins(claims):
    found, _ = verdicts(claims, cost=1.0, factor=2.0, error=0.05, gain=-2.0, excess=0.5)
    failing = {key for key, verdict in found.items() if verdict == Verdict.FAILS.value}
    assert failing >= {"T19", "T20c", "T21a", "T21b", "M2", "M3", "M4", "M5", "M6", "M7", "M8", "M9"}


def test_a_summary_finds_what_was_built_in():
    table = summed(-1.0, 0.5).set_index(["objective", "start", "optimizer"])
    assert len(table) == 2 * 2 * len(CONTENDERS)
    others = table.drop(ALTERNATION, level="optimizer")
    np.testing.assert_allclose(others[["ratio_10", "ratio_0.1", "ratio_1e-3"]], 0.5)
    np.testing.assert_allclose(others["limit"], -1, rtol=0.05)
    np.testing.assert_allclose(others["limit_median"], -1, rtol=0.05)
    assert (others["limit_below"] == FAMILIES).all()
    assert (others["limit_above"] == 0).all()
    # six families that agree, and as many tests as optimizers
    np.testing.assert_allclose(others["limit_p_holm"], 17 * 0.0277, rtol=0.02)
    assert (table["families"] == FAMILIES).all()
    assert (table[["diverged", "censored_0.1"]] == 0).all(axis=None)
    assert table["tuning"].notna().sum() == 4 * 4


def test_ratios_are_bounds_where_one_side_never_comes():
    runs = world(0.0, 0.5).copy()
    flat = (runs["objective"] == "stress") & (runs["start"] == "random") & (runs["run"] == 0)
    runs.loc[flat & runs["optimizer"].isin(["lbfgs", "adam"]), "own_0.1"] = np.nan
    runs.loc[flat & (runs["optimizer"] == ALTERNATION), "own_1"] = np.nan
    e = evidence()
    found = summary.summarize(Evidence(runs, e.tuning, e.rates, e.minima, e.measures, e.one_step, 1, 100))
    table = found.query("objective == 'stress' and start == 'random'").set_index("optimizer")
    for key in ("lbfgs", "adam"):
        assert table.loc[key, ["censored_0.1", "behind_0.1", "ahead_0.1"]].to_list() == pytest.approx([0.2, 0.2, 0])
    assert table.loc["nesterov", ["censored_1", "behind_1", "ahead_1"]].to_list() == pytest.approx([0, 0, 0.2])
    lines = {line.partition(" & ")[0]: line for line in tables.main_table(found).splitlines()}
    # of 0.1 %, the second target
    assert r"$\ge$" in lines["L-BFGS"].split(" & ")[2]
    assert lines["Nesterov"].split(" & ")[2] == r"\textbf{0.50}"


def test_a_table_of_sets_by_hand():
    minima, measures = searched(excess=0.1)
    table = summary.maps(measures, minima, world())
    assert len(table) == FAMILIES * 2
    assert (table["hits"] == 0.75).all()
    assert (table["minima"] == 2).all()
    assert (table["apart"] == 0.2).all()
    np.testing.assert_allclose(table["strain"], 0.22)
    assert table["trust_sammon"].notna().sum() == FAMILIES


def test_who_finds_the_best_minimum_more_often():
    e = evidence()
    minima = e.minima.copy()
    # single pairs find it from three of four starts, SMACOF from one
    minima.loc[(minima["optimizer"] == "smacof") & (minima["start"] == "random") & (minima["run"] > 0), "minimum"] = 1
    e = Evidence(world(), e.tuning, e.rates, minima, e.measures, e.one_step, 1, 100)
    outcome = predicates.find_best(e, Reading())
    assert outcome.verdict is Verdict.HOLDS
    assert outcome.conditions[0].estimate.effect == pytest.approx(0.5)


def test_savings_are_ratios_of_means():
    e = evidence()
    runs = e.runs[(e.runs["optimizer"] == "batch_kmeans") & (e.runs["objective"] == "stress")]
    some = runs[(runs["dataset"] == "set0") & (runs["clusters"] == 2)]
    logs = np.log(some["own_1"]).groupby(some["start"]).mean()
    found = predicates.savings(e, "own_1").query("dataset == 'set0' and dimensions == 2")["value"].iloc[0]
    assert found == pytest.approx(logs["classical"] - logs["random"])


def test_readings_begin_with_the_main_one():
    found = evidence().readings(("start", "target"))
    assert found[0] == Reading()
    assert len(found) == len(set(found)) == 6


# --- how it is shown


def test_tables_and_numbers_can_be_made(claims):
    e = evidence(cost=-1.0, factor=0.5)
    agreed = summary.agreement(rated(), 1, 200)
    minima, measures = searched()
    sets = summary.maps(measures, minima, world())
    judged = ledger.judge(claims, predicates.PREDICATES, e)
    main = tables.main_table(summed(-1.0, 0.5))
    assert main.count(r"\\") > len(CONTENDERS)
    assert r"\textbf{0.50}" in main
    assert tables.sets(sets).count("set0") == 1
    text = tables.ledger(judged)
    assert all(f"\n{claim} &" in text for claim in claims["id"])
    found = tables.numbers(summed(-1.0, 0.5), sets, agreed, stepped(), measures, judged)
    assert found["mapSets"] == str(FAMILIES)
    assert found["mapStrainMedian"] == "10"
    assert all(re.fullmatch("[A-Za-z]+", name) for name in found)


def test_figures_show_what_is_there(found):
    sets = [Embedded("roads", "roads", FEW[0].dissimilarities), *FEW]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "NAMED", ())
        tables_of = maps.explore(sets, 3, 2, lambda line: None)
        drawn = figures.maps(tables_of.maps)
        assert len(drawn.axes) == 4
        # all points, and the way of each
        assert len(drawn.axes[1].lines) == 16 + 1
        shown = figures.shepard(tables_of.pairs)
        assert all(len(axes.lines[1].get_xdata()) == 120 for axes in shown.axes)
        curves = found.curves.replace({"tuned_for": {"": np.nan}})
        ways = figures.convergence(curves)
        assert all(len(axes.lines) == len(figures.DRAWN) for axes in ways.axes)
        table = rates.rates(FEW[:1], 1)
        both = figures.rates(table, tables_of.measures)
        assert len(both.axes) == 2
        pyplot.close("all")
