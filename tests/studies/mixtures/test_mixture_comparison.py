"""Optimizers on mixtures: what is measured and averaged, and claims in worlds where it is known whether they hold."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.report.text import letters
from kmeans_convergence.statistics import ledger
from kmeans_convergence.statistics.paired import REFERENCE
from kmeans_convergence.studies.mixtures.analysis import comparison as summary
from kmeans_convergence.studies.mixtures.analysis.evidence import Evidence, Reading
from kmeans_convergence.studies.mixtures.analysis.predicates import PREDICATES
from kmeans_convergence.studies.mixtures.run import comparison
from kmeans_convergence.studies.mixtures.run.contenders import CONTENDERS, PatternRate
from kmeans_convergence.studies.mixtures.run.fits import STARTS, Protocol, fits
from kmeans_convergence.studies.mixtures.show import comparison as shown

X, FEATURES = iris()
IRIS = Dataset("iris", X, FEATURES, "mm", clusters=(3,))
PROTOCOL = Protocol(1, ["iris"], {}, 150, 1, 60, 2, 1)
SOME = (REFERENCE, "newton_cg", "gradient_tuned", "online_em")


@pytest.fixture(scope="module")
def tables():
    (fit,) = fits([IRIS], PROTOCOL)
    return comparison.compare(fit, PROTOCOL, {key: CONTENDERS[key] for key in SOME})


def test_all_runs_are_there_from_the_same_starts(tables):
    runs = tables.runs
    assert len(runs) == len(SOME) * len(STARTS) * 2
    assert not runs.duplicated(["optimizer", "start", "run"]).any()
    assert (runs.groupby(["start", "run"])["start_cost"].nunique() == 1).all()
    assert set(runs["covariance"]) == {"full"}
    assert (runs[["dataset", "family"]] == "iris").all(axis=None)
    kept = runs[~runs["degenerate"]]
    assert len(kept) > len(runs) / 2
    assert (kept["limit"] <= kept["end"] + 1e-9).all()
    assert (kept["polished"]).mean() > 0.9


def test_targets_are_reached_in_turn_and_as_em_says(tables):
    reached = tables.runs[[f"own_{target}" for target in comparison.TARGETS]].fillna(np.inf).to_numpy()
    assert (reached[:, :-1] <= reached[:, 1:]).all()
    (fit,) = fits([IRIS], PROTOCOL)
    problem = fit.problem()
    batch = comparison.Batch.of(fit, problem, PROTOCOL.seed, "", 2)
    trace = minimize(problem, MajorizeMinimize(), batch.mixtures, passes=60)
    em = tables.runs[tables.runs["optimizer"] == REFERENCE]
    for column, row in zip(trace.cost.T, em.itertuples(), strict=True):
        if not row.degenerate:
            within = np.flatnonzero(column / problem.size <= row.limit + 1e-3)
            expected = within[0] if within.size else np.nan
            np.testing.assert_equal(em.loc[row.Index, "own_1e-3"], float(expected))


def test_a_setting_is_tuned_on_other_starts_all_values_at_once(tables):
    tuning = tables.tuning
    assert list(tuning["optimizer"].unique()) == ["gradient_tuned"]
    assert len(tuning) == comparison.VALUES
    assert tuning["chosen"].sum() == 1
    assert tuning.loc[tuning["chosen"], "score"].iloc[0] <= tuning["score"].min() * 1.001
    # values in one batch are what they are one by one
    (fit,) = fits([IRIS], PROTOCOL)
    problem, batch = fit.problem(), comparison.Batch.of(fit, fit.problem(), 1, "tuning ", 1)
    values = np.geomspace(*CONTENDERS["gradient_tuned"].settings, comparison.VALUES)
    alone = minimize(problem, CONTENDERS["gradient_tuned"].optimizer(60, values[3]), batch.mixtures, passes=60)
    assert alone.passes[-1].sum() == tuning["passes"].iloc[3]


def test_what_is_left_of_the_way_by_hand():
    # two values from two starts: the last run diverges
    trace = SimpleNamespace(cost=np.array([[10.0] * 4, [4.0, 0.0, 8.0, 12.0]]))
    found = comparison.left(trace, np.zeros(4, dtype=bool), 2, 0.1)
    np.testing.assert_allclose(found, [0, (4 / 6 + comparison.PENALTY) / 2])
    # what has degenerated is no end, and does not count
    found = comparison.left(trace, np.array([True, False, False, False]), 2, 0.1)
    np.testing.assert_allclose(found, [0, (0 + comparison.PENALTY) / 2])
    # from a start with little to gain nothing is learned
    found = comparison.left(trace, np.zeros(4, dtype=bool), 2, 7.0)
    np.testing.assert_allclose(found, [0, comparison.PENALTY])
    np.testing.assert_allclose(comparison.left(trace, np.ones(4, dtype=bool), 2, 0.1)[0], comparison.PENALTY)


def test_the_rate_of_the_mean_gradient():
    (fit,) = fits([IRIS], PROTOCOL)
    problem = fit.problem()
    here = problem.evaluate(problem.pack(comparison.Batch.of(fit, problem, 1, "", 1).mixtures))
    np.testing.assert_allclose(PatternRate(0.3)(here), np.full(3, 0.3 / 150))
    np.testing.assert_allclose(PatternRate(np.array([[0.3], [0.6], [1.5]]))(here), [0.002, 0.004, 0.01])


# --- a world where it is known what the optimizers do -----------------------------------------------------------------


def world(factors, costs=None, degenerate=None, sets=5, seed=0):
    """Return runs in which an optimizer takes so many times the passes of EM, and ends so much higher."""
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(sets):
        for covariance in ("full",):
            for start in STARTS:
                for run in range(3):
                    passes, limit = 10 * np.exp(0.2 * rng.normal()), rng.normal()
                    for key, factor in factors.items():
                        lost = (degenerate or {}).get(key, 0) > rng.random()
                        noise = np.exp(0.05 * rng.normal()) if key != REFERENCE else 1
                        above = (costs or {}).get(key, 0.0)
                        row = {"dataset": f"s{place}", "family": f"s{place}", "clusters": 3, "covariance": covariance}
                        row |= {"optimizer": key, "start": start, "run": run, "budget": 1000}
                        row |= {"start_cost": limit + 5, "end": np.inf if lost else limit + above}
                        row |= {"limit": np.nan if lost else limit + above, "start_passes": 0.0, "passes": 100.0}
                        row |= {"polish_passes": 1.0, "polished": not lost, "degenerate": lost, "diverged": False}
                        for target, later in (("1e-1", 1), ("1e-3", 2), ("1e-6", 4)):
                            row[f"own_{target}"] = np.nan if lost else later * passes * factor * noise
                        rows.append(row)
    return pd.DataFrame(rows)


ALL = dict.fromkeys(CONTENDERS, 2.0) | {REFERENCE: 1.0}


def evidence(factors, costs=None, degenerate=None, error=0.001, runs=None):
    runs = world(ALL | factors, costs, degenerate) if runs is None else runs
    tuned = [key for key in CONTENDERS if CONTENDERS[key].settings]
    tuning = runs[runs["optimizer"].isin(tuned)].drop_duplicates(["dataset", "covariance", "optimizer"])
    tuning = tuning[["dataset", "family", "clusters", "covariance", "optimizer"]].assign(
        setting=1.0, score=1.0, passes=300.0, chosen=True, edge=False
    )
    rates = runs[["dataset", "family", "clusters", "covariance"]].drop_duplicates()
    rates = rates.assign(degenerate=False, predicted=0.9, measured=0.9 - error)
    return Evidence(runs, tuning, rates, 1, 100)


def verdict(predicate, *arguments, **options):
    return PREDICATES[predicate].judge(evidence(*arguments, **options), Reading()).verdict.value


def test_effects_are_found():
    e = evidence({"squarem": 0.5}, {"adam_tuned": 0.05})
    assert e.speed("squarem", Reading()).effect == pytest.approx(0.5, rel=0.02)
    assert e.speed("squarem", Reading("kmeans", "own_1e-6")).effect == pytest.approx(0.5, rel=0.02)
    assert e.quality("adam_tuned", Reading()).effect == pytest.approx(0.05)
    charged = e.speed("adam_tuned", Reading(charged=True)).effect
    assert charged == pytest.approx(2 + 300 / 20, rel=0.1)
    assert e.speed("lbfgs", Reading(charged=True)).effect == pytest.approx(2, rel=0.05)


def test_what_has_degenerated_is_counted_and_averaged_into_nothing(known):
    e, table, _ = known
    assert e.speed("lbfgs", Reading()).effect == pytest.approx(2, rel=0.03)
    table = table.set_index(["start", "optimizer"])
    assert table.loc[("all", "lbfgs"), "degenerate"] == pytest.approx(0.4, abs=0.1)
    assert table.loc[("all", "lbfgs"), "limit"] == pytest.approx(0, abs=1e-12)
    assert table.loc[("all", "lbfgs"), "censored_1e-3"] == 0
    assert (table["degenerate"].drop(index="lbfgs", level="optimizer") == 0).all()


@pytest.mark.parametrize(
    ("predicate", "factors", "costs", "expected"),
    [
        ("newton-cg-faster", {"newton_cg": 0.5}, {}, "holds"),
        ("newton-cg-faster", {}, {}, "fails"),
        ("gradient-alternative", dict.fromkeys(("gradient_tuned", "gradient_armijo", "adam_tuned"), 0.9), {}, "holds"),
        ("gradient-alternative", {}, {}, "fails"),
        ("gradient-alternative", {"adam_tuned": 0.9}, {}, "holds in part"),
        (
            "gradient-alternative",
            {},
            dict.fromkeys(("gradient_tuned", "gradient_armijo", "adam_tuned"), 0.1),
            "fails",
        ),
        ("quasi-newton-alternative", {"lbfgs": 1.0}, {}, "holds"),
        ("worse-gradients", {}, dict.fromkeys(CONTENDERS, 0.01) | {REFERENCE: 0.0}, "holds"),
        ("worse-gradients", {}, {}, "fails"),
        ("accelerates", dict.fromkeys(("overrelaxed_15", "nesterov", "anderson", "squarem"), 0.6), {}, "holds"),
        ("natural-is-em", {"natural_gradient": 1.05}, {}, "holds"),
        ("natural-is-em", {}, {}, "fails"),
        ("online-first", {"online_em": 0.4}, {}, "holds"),
    ],
)
def test_claims_in_known_worlds(predicate, factors, costs, expected):
    assert verdict(predicate, factors, costs) == expected


def test_the_rate_is_what_is_hidden_if_it_is():
    assert verdict("rate-is-hidden", {}) == "holds"
    assert verdict("rate-is-hidden", {}, error=0.05) == "fails"


@pytest.fixture(scope="module")
def known(root):
    """Evidence, the summary and some of the ledger of a world."""
    e = evidence({"squarem": 0.5, "newton_cg": 0.5, "adam": 30.0}, {"adam_tuned": 0.05}, {"lbfgs": 0.4})
    claims = ledger.read_claims(root / "src/kmeans_convergence/studies/mixtures/claims.tsv", PREDICATES)
    assert set(claims["predicate"]) == set(PREDICATES)
    some = claims[claims["id"].isin(["M1", "M4", "M8"])]
    return e, summary.summarize(e), ledger.judge(some, PREDICATES, e)


def test_claims_are_judged_under_each_reading(known):
    _, _, table = known
    verdicts = table.drop_duplicates("id").set_index("id")["verdict"]
    assert verdicts.to_dict() == {"M1": "robust", "M4": "holds in part", "M8": "holds"}
    assert len(table[table["id"] == "M1"]) == 12
    latex = shown.ledger(table)
    assert latex.count(r"\\ \addlinespace") == 3
    assert re.search(r"\\emph\{Newton-CG\} 0\.(49|50)", latex)


def test_table_figure_and_numbers(known):
    e, table, claims = known
    latex = shown.main_table(table)
    for key in CONTENDERS:
        assert latex.count(f"\n{CONTENDERS[key].label} &") == 1
    assert re.search(r"EM, SQUAREM & \\textbf\{0\.(49|50)", latex)
    left, right = shown.quality_against_speed(table).axes
    assert [text.get_text() for text in left.get_yticklabels()] == [CONTENDERS[k].label for k in list(CONTENDERS)[1:]]
    assert left.get_xscale() == "log"
    assert right.get_xlabel().startswith("limit above that of EM")
    config = {"datasets": ["a"] * 6, "rows": 1000, "passes": 50, "starts": 4}
    values = shown.numbers(table, claims, e.tuning, config)
    assert values["mixSquaremNear"] == "0.50"
    assert values["mixFits"] == "5"
    assert values["mixLedgerMOne"] == "robust"
    assert values["mixRows"] == "1,000"


def test_each_number_of_the_section_has_a_macro(root, known):
    e, table, claims = known
    config = {"datasets": ["a"] * 6, "rows": 1000, "passes": 50, "starts": 4}
    ids = pd.read_csv(root / "src/kmeans_convergence/studies/mixtures/claims.tsv", sep="\t")["id"]
    there = set(shown.numbers(table, claims, e.tuning, config)) | {f"mixLedger{letters(claim)}" for claim in ids}
    section = (root / "paper/sections/mixtures.tex").read_text()
    used = set(re.findall(r"\\(mix[A-Z][A-Za-z]*)", section))
    assert len(used) > 20
    assert used <= there


def test_means_of_ratios_say_of_what_they_are_bounds():
    runs = world(ALL)
    some = runs["run"] == 0
    later, sooner = ((runs["optimizer"] == key) & some for key in ("lbfgs", REFERENCE))
    runs.loc[later, "own_1e-6"] = np.nan
    runs.loc[sooner, "own_1e-3"] = np.nan
    runs.loc[later | sooner, "own_1e-1"] = np.nan
    table = summary.summarize(evidence({}, runs=runs)).set_index(["start", "optimizer"])
    bounds = table.loc["all", [f"bound_{target}" for target in comparison.TARGETS]]
    # both are censored from the same starts at 1e-1: nothing is known there, and no bound
    assert list(bounds.loc["lbfgs"]) == ["=", "<", ">"]
    assert list(bounds.loc["squarem"]) == ["<", "<", "="]
    assert list(bounds.loc[REFERENCE]) == ["=", "=", "="]
