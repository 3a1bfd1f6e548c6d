"""Verdicts: the rules by hand, and claims in worlds where it is known whether they hold."""

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import synthetic
from statsmodels.formula.api import ols
from synthetic import Effect

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.statistics import ledger, paired
from kmeans_convergence.statistics.conditions import Condition, Estimate, Outcome, Verdict
from kmeans_convergence.statistics.readings import BOTH, Reading, combine, grid
from kmeans_convergence.studies.comparison.analysis import predicates
from kmeans_convergence.studies.comparison.analysis.evidence import Evidence
from kmeans_convergence.theory import derivation


def estimate(low, high, sets=(), count=None):
    """An estimate whose draws spread evenly over an interval, and so on each set."""
    inner = np.array([np.linspace(*each, 1001) for each in sets]).reshape(-1, 1001).T
    names = [f"s{i}" for i in range(len(sets))]
    draws = np.linspace(low, high, 1001)
    point = inner.mean(axis=0)
    return Estimate((low + high) / 2, draws, len(sets) if count is None else count, names, point, inner)


MOMENTUM = ("gradient_nesterov", "gradient_heavy_ball", "gradient_bb")

FOR, AGAINST, BETWEEN = (2, 3), (0, 0.5), (0.5, 2)


@pytest.mark.parametrize(
    ("interval", "sets", "exceptions", "verdict"),
    [
        (FOR, [FOR] * 10, 0.1, Verdict.HOLDS),
        (FOR, [FOR] * 9 + [AGAINST], 0.1, Verdict.HOLDS),
        (FOR, [FOR] * 8 + [AGAINST] * 2, 0.1, Verdict.PART),
        # sets that cannot tell contradict nothing
        (FOR, [BETWEEN] * 10, 0.1, Verdict.HOLDS),
        (FOR, [FOR] * 99 + [AGAINST], 0, Verdict.PART),
        (AGAINST, [AGAINST] * 10, 0.1, Verdict.FAILS),
        (AGAINST, [AGAINST] * 8 + [FOR] * 2, 0.1, Verdict.PART),
        # never means never
        (AGAINST, [AGAINST] * 8 + [FOR] * 2, 0, Verdict.FAILS),
        (BETWEEN, [FOR] * 5 + [AGAINST] * 5, 0.1, Verdict.PART),
        (BETWEEN, [FOR] * 10, 0.1, Verdict.UNDECIDED),
        (BETWEEN, [FOR] * 9 + [AGAINST], 0, Verdict.FAILS),
        (BETWEEN, [BETWEEN] * 10, 0.1, Verdict.UNDECIDED),
        # too few sets
        (FOR, [FOR] * 4, 0.1, Verdict.UNDECIDED),
    ],
)
def test_rules(interval, sets, exceptions, verdict):
    assert Condition("", "", estimate(*interval, sets), above=1, exceptions=exceptions).verdict is verdict


def test_no_runs_decide_nothing_and_one_set_may_be_the_claim():
    assert Condition("", "", None, above=1).verdict is Verdict.UNDECIDED
    assert Condition("", "", estimate(*FOR, count=0), above=1).verdict is Verdict.HOLDS


def test_exactly_equal_is_neither_more_nor_less():
    for region in ({"above": 1}, {"below": 1}):
        assert Condition("", "", estimate(1, 1, [(1, 1)] * 6), **region).verdict is Verdict.FAILS


def test_combinations():
    holds, fails = (Condition("", "", estimate(*each, [each] * 6), above=1) for each in (FOR, AGAINST))
    unknown = Condition("", "", None, above=1)
    unclear = Condition("", "", estimate(*BETWEEN, [BETWEEN] * 6), above=1)
    assert Outcome.each(holds, holds).verdict is Verdict.HOLDS
    assert Outcome.each(holds, fails).verdict is Verdict.PART
    assert Outcome.each(fails, fails).verdict is Verdict.FAILS
    # an optimizer that was not run says nothing about those that were
    assert Outcome.each(holds, unknown).verdict is Verdict.HOLDS
    assert Outcome.each(unknown).verdict is Verdict.UNDECIDED
    assert Outcome.each(holds, unclear).verdict is Verdict.PART
    assert Outcome.each(fails, unclear).verdict is Verdict.FAILS
    assert Outcome.joint(holds, holds).verdict is Verdict.HOLDS
    assert Outcome.joint(holds, fails).verdict is Verdict.FAILS
    assert Outcome.joint(holds, unknown).verdict is Verdict.UNDECIDED
    assert Outcome.joint(unclear, fails).verdict is Verdict.FAILS


def test_samples_without_a_value_are_left_out_of_intervals_and_differences_stay_aligned():
    """A sample of runs may have none that says anything; two estimates may lack different samples."""
    one, other = estimate(0, 10, [(0, 10)] * 6), estimate(1, 1, [(1, 1)] * 6)
    gaps = dataclasses.replace(one, draws=np.where(np.arange(1001) < 500, np.nan, one.draws))
    assert gaps.interval() == pytest.approx((5 + 0.025 * 5, 10 - 0.025 * 5))
    assert gaps.less(other).interval() == pytest.approx((4 + 0.025 * 5, 9 - 0.025 * 5))
    nothing = dataclasses.replace(one, draws=np.full(1001, np.nan))
    assert not Condition("", "", nothing, above=1).answered
    inner = one.inner.copy()
    inner[:500] = np.nan
    known = dataclasses.replace(one, inner=inner)
    assert Condition("", "", known, above=4).for_and_against == (known.families, [])


# --- claims ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def claims(root):
    return ledger.read_claims(root / "src/kmeans_convergence/studies/comparison/claims.tsv", predicates.PREDICATES)


def test_the_list_of_claims(claims):
    assert set(claims["predicate"]) == set(predicates.PREDICATES)
    # every claim of the discussion
    thread = {claim.rstrip("abcde") for claim in claims["id"] if claim.startswith("T")}
    assert thread == {f"T{i}" for i in range(1, 16)}
    assert (claims[["claim", "source"]] != "").all(axis=None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id\tclaim\tpredicate\n", ["claims.tsv", "columns", "source"]),
        ("id\tclaim\tsource\tpredicate\nA\tx\ty\tnewton\nA\tx\ty\tnewton\n", ["claims.tsv", "'A'", "unique"]),
        ("id\tclaim\tsource\tpredicate\nA\tx\ty\tmagic\n", ["claims.tsv", "'magic'", "newton"]),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path, refused, text, words):
    path = tmp_path / "claims.tsv"
    path.write_text(text)
    with refused(*words):
        ledger.read_claims(path, predicates.PREDICATES)


def world(datasets=None, count=10, starts=("patterns",), budgets=(synthetic.BUDGET,), changes=None, **tables):
    """Evidence from runs with the usual effects, but for some changes."""
    datasets = synthetic.datasets(10, 2) if datasets is None else datasets
    effects = synthetic.EFFECTS | (changes or {})
    runs = synthetic.runs(datasets, effects, count=count, clusters=(4,), starts=starts, budgets=budgets)
    return Evidence(RELATIVE, runs, datasets, 0, 200, **tables)


MAIN = Reading("patterns", int(synthetic.BUDGET))


def outcome(name, evidence, reading=MAIN):
    return predicates.PREDICATES[name].judge(evidence, reading)


# Of the ratio of passes, on samples of the same set.
POWERS = {"minibatch_counts": -0.1, "minibatch_c4": -0.3, "minibatch_ema": -0.2, "online_c4": -0.2}


@pytest.fixture(scope="module")
def judged(claims):
    datasets = synthetic.datasets(10, 2)
    tables = {"tuning": synthetic.tuning(datasets), "size": synthetic.size(POWERS)}
    evidence = world(datasets, starts=("patterns", "plusplus"), **tables)
    return ledger.judge(claims, predicates.PREDICATES, evidence).set_index("id")


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("T3", "robust"),
        ("T4c", "robust"),
        ("T5", "not a question of data"),
        ("T8a", "robust"),
        # they end lower than one run of batch K-means, not lower than its restarts for the same passes
        ("T8b", "holds under"),
        ("T8d", "holds under"),
        ("T8e", "holds under"),
        ("C8", "holds under"),
        # these spend little more than one run
        ("T8c", "fails"),
        # it spends less than one run of batch K-means
        ("C7", "robust"),
        ("T10", "holds"),
        ("T11", "fails"),
        ("T12", "cannot be decided"),
        ("T13", "robust"),
        ("T14", "robust"),
        ("T15", "robust"),
        ("R9", "fails"),
        ("C1", "fails"),
        ("C2", "fails"),
        ("C3", "holds"),
        ("C4", "holds in part"),
        ("C5", "fails"),
    ],
)
def test_verdicts_in_a_known_world(judged, claim, verdict):
    rows = judged.loc[[claim]]
    assert set(rows["verdict"]) == {verdict}, rows[
        ["where", "outcome", "condition", "optimizer", "effect", "low", "high"]
    ]


def test_effects_in_a_known_world(judged):
    rows = judged.loc[["C3"]].set_index("optimizer")
    for optimizer, power in POWERS.items():
        assert rows.loc[optimizer, "low"] < power < rows.loc[optimizer, "high"]
    rows = judged.loc[["C5"]]
    assert rows["effect"].iloc[0] == pytest.approx(1.0 + 1.5, abs=0.3)
    failing = judged.loc[["T8c"], "failing"].iloc[0].split(";")
    # two sets of ten are of one family
    assert len(failing) == 9
    assert judged.loc[["T8a"], "holding"].iloc[0].count(";") == 8


def test_the_ledger_says_under_which_readings_a_claim_holds(judged):
    rows = judged.loc[["C8"]].query("optimizer == 'minibatch_ema'")
    # two starts, one budget, with and without polish, three baselines
    assert len(rows) == 12
    assert rows["where"].iloc[0].startswith("4 of 12 readings; always against one run; never against restarts")
    assert set(rows.loc[rows["outcome"] == "holds", "baseline"]) == {"same start"}
    first = rows.iloc[0]
    assert first[["start", "polished", "baseline"]].tolist() == ["patterns", False, "same start"]
    # no reading changes what is derived
    assert judged.loc[["T7"], "start"].isna().all()


@pytest.mark.parametrize(
    ("predicate", "changes", "verdict"),
    [
        ("worse-momentum", {m: Effect(1.0) for m in MOMENTUM}, Verdict.HOLDS),
        ("worse-momentum", {"gradient_nesterov": Effect(1.0)}, Verdict.PART),
        # worse, but by less than what counts as equal
        ("worse-momentum", {m: Effect(0.04, spread=0.01) for m in MOMENTUM}, Verdict.FAILS),
        # what accelerates batch K-means says nothing about gradients
        ("worse-momentum", {"nesterov": Effect(1.0), "heavy_ball": Effect(1.0)}, Verdict.FAILS),
        ("hybrid-never-loses", {"hybrid": Effect(-0.5, spread=0.1, factor=0.5)}, Verdict.HOLDS),
        ("hybrid-never-loses", {"hybrid": Effect(-0.5, spread=0.1, factor=2)}, Verdict.FAILS),
        ("minibatch-is-faster", {"minibatch_counts": Effect(0.3, factor=0.03)}, Verdict.HOLDS),
        ("minibatch-is-faster", {"minibatch_counts": Effect(2.0, factor=0.03)}, Verdict.FAILS),
        ("slower-plain", {m: Effect(0, factor=0.5) for m in predicates.PLAIN}, Verdict.FAILS),
        ("few-iterations", {"batch_kmeans": Effect(spread=0, factor=0.2)}, Verdict.HOLDS),
        ("rests-in-time", {"batch_kmeans": Effect(spread=0, factor=9)}, Verdict.FAILS),
        ("start-decides", dict.fromkeys(synthetic.EFFECTS, Effect(spread=0.1)), Verdict.HOLDS),
        (
            "start-decides",
            {m: Effect(3.0 * i, spread=0.1) for i, m in enumerate(synthetic.EFFECTS)},
            Verdict.FAILS,
        ),
        ("deserved", {m: Effect(1.0, factor=2) for m in synthetic.EFFECTS if m != "batch_kmeans"}, Verdict.HOLDS),
        # lower and faster, but nobody can be sure
        (
            "deserved",
            {m: Effect(-0.15, 2.0, factor=0.9) for m in synthetic.EFFECTS if m != "batch_kmeans"},
            Verdict.UNDECIDED,
        ),
        ("curvature", {"lbfgs": Effect(factor=8)}, Verdict.PART),
        (
            "curvature",
            {"face_newton": Effect(factor=2), "gradient_nmax": Effect(factor=0.5), "lbfgs": Effect(factor=9)},
            Verdict.FAILS,
        ),
        ("noise-wins", {"minibatch_ema": Effect(-3.0), "minibatch_ema_tuned": Effect(-3.0)}, Verdict.HOLDS),
    ],
)
def test_verdicts_follow_the_effects(predicate, changes, verdict):
    found = outcome(predicate, world(changes=changes))
    assert found.verdict is verdict, [(c.label, c.optimizer, c.interval, c.verdict) for c in found.conditions]


@pytest.mark.parametrize(
    ("predicate", "slopes", "verdict"),
    [
        ("gains-with-size", POWERS, Verdict.HOLDS),
        ("gains-with-size", dict.fromkeys(POWERS, 0.1), Verdict.FAILS),
        ("gains-with-size", POWERS | {"online_c4": 0.2}, Verdict.PART),
        ("useful-at-scale", POWERS, Verdict.HOLDS),
        ("useful-at-scale", dict.fromkeys(POWERS, 0.1), Verdict.FAILS),
    ],
)
def test_claims_about_size_follow_the_samples_of_the_same_sets(predicate, slopes, verdict):
    evidence = world(count=2, size=synthetic.size(slopes))
    assert outcome(predicate, evidence).verdict is verdict
    # the sets of the comparison differ in more than their size
    assert outcome(predicate, world(count=2)).verdict is Verdict.UNDECIDED


def test_where_it_fails_is_named():
    datasets = synthetic.datasets(10, 0)
    good = synthetic.runs(datasets.iloc[:8], synthetic.EFFECTS, count=10, clusters=(4,), starts=("patterns",))
    other = synthetic.EFFECTS | {"gradient_nmax": Effect(-2.0)}
    bad = synthetic.runs(datasets.iloc[8:], other, count=10, clusters=(4,), starts=("patterns",))
    evidence = Evidence(RELATIVE, pd.concat([good, bad], ignore_index=True), datasets, 0, 200)
    condition = predicates.worse("gradient_nmax").judge(evidence, MAIN).conditions[0]
    assert condition.for_and_against[1] == list(datasets["name"].iloc[8:])
    assert condition.verdict is Verdict.PART


def test_share_of_the_start_is_that_of_an_analysis_of_variance():
    datasets = synthetic.datasets(6, 0)
    evidence = world(datasets, count=8)
    found = outcome("start-decides", evidence).conditions[1].estimate
    shares = []
    runs = paired.select(evidence.runs, MAIN.start, MAIN.budget, paired.END)
    for _, rows in runs.groupby("dataset", sort=False):
        scaled = rows.assign(end=rows["end"] / rows["end"].mean())
        table = sm.stats.anova_lm(ols("end ~ C(run) + C(optimizer)", data=scaled).fit())
        shares.append(table.loc["C(run)", "sum_sq"] / table["sum_sq"].sum())
    np.testing.assert_allclose(found.point, shares, rtol=1e-9)
    assert found.effect == pytest.approx(np.mean(shares))


def test_loss_of_a_common_setting_by_hand():
    tuning = pd.DataFrame(
        [("set01", 0.5, 0.03), ("set01", 1.0, 0.02), ("set02", 0.5, 0.01), ("set02", 1.0, 0.05), ("set02", 2.0, 0.00)],
        columns=["dataset", "setting", "score"],
    ).assign(clusters=2, optimizer="gradient_tuned", budget=MAIN.budget, target="end")
    other = tuning.assign(target="speed", score=9.0 * tuning["setting"])
    evidence = world(synthetic.datasets(6, 0), count=2, tuning=pd.concat([tuning, other]))
    # 0.5 is the best that both have: 1 % above the own best in both
    found = outcome("needs-tuning", evidence).conditions[0].estimate
    np.testing.assert_allclose(found.point, [1.0, 1.0])


# --- readings --------------------------------------------------------------------------------------


def test_the_grid_has_every_choice_that_there_are_runs_for():
    evidence = world(synthetic.datasets(6, 0), 2, ("patterns", "plusplus"), (10, 100))
    # the larger budget from one kind of start, and on some sets
    runs = evidence.runs[(evidence.runs["budget"] == 10) | (evidence.runs["start"] == "patterns")]
    found = grid(("start", "budget", "polished"), runs)
    assert found[0] == Reading("patterns", 100)
    assert len(found) == len(set(found)) == 6
    assert {(r.start, r.budget) for r in found} == {("patterns", 10), ("patterns", 100), ("plusplus", 10)}
    some = runs[(runs["budget"] == 10) | (runs["dataset"] == "iris")]
    assert grid(("start", "budget"), some)[0] == Reading("patterns", 10)
    # nothing is tuned for one target in the main reading, and the first one is otherwise the same
    assert grid(BOTH, runs)[0] == Reading("patterns", 100, tuned_for="end")


def test_robust_is_what_holds_under_every_reading():
    axes = ("start", "polished")
    readings = [Reading(start, 50, polished) for start in ("patterns", "plusplus") for polished in (False, True)]

    def combined(*verdicts):
        return combine(dict(zip(readings, verdicts, strict=True)), axes)

    holds, part, fails, unclear = Verdict.HOLDS, Verdict.PART, Verdict.FAILS, Verdict.UNDECIDED
    assert combined(holds, holds, holds, holds) == (Verdict.ROBUST, "")
    for other in (part, fails, unclear):
        verdict, where = combined(holds, other, holds, other)
        assert verdict is Verdict.UNDER
        assert where == "2 of 4 readings; always without polish; never with polish"
    assert combined(holds, fails, fails, fails) == (
        Verdict.UNDER, "1 of 4 readings; never from k-means++, with polish"
    )  # fmt: skip
    assert combined(fails, fails, fails, fails) == (Verdict.FAILS, "")
    assert combined(fails, unclear, fails, fails)[0] is Verdict.FAILS
    assert combined(part, fails, fails, fails)[0] is Verdict.PART
    assert combined(unclear, unclear, unclear, unclear) == (Verdict.UNDECIDED, "")
    assert combine({}, axes) == (Verdict.UNDECIDED, "")


def test_what_only_the_polish_makes_better_is_not_robust(claims):
    """The method ends two per cent above Lloyd's, and half of a per cent below once Lloyd's has finished its work."""
    changes = {m: Effect(-0.5, spread=0.1, rests=False, short=2.5) for m in ("minibatch_ema", "minibatch_ema_tuned")}
    some = claims[claims["predicate"] == "noise-wins"]
    table = ledger.judge(some, predicates.PREDICATES, world(changes=changes))
    assert set(table["verdict"]) == {"holds under"}
    assert table["where"].iloc[0].startswith("1 of 6 readings")
    assert "never without polish" in table["where"].iloc[0]


def test_a_budget_with_too_few_families_is_no_reading_against_a_claim(claims):
    evidence = world(budgets=(10, 100), changes={m: Effect(-9.0, 0.1, rests=False) for m in predicates.NOISY})
    evidence.runs = evidence.runs[(evidence.runs["budget"] == 10) | (evidence.runs["dataset"] == "iris")]
    table = ledger.judge(claims[claims["id"] == "C8"], predicates.PREDICATES, evidence)
    assert set(table.loc[table["budget"] == 100, "outcome"]) == {"cannot be decided"}
    assert set(table["verdict"]) == {"robust"}


@pytest.mark.parametrize(("holds", "verdict"), [(True, Verdict.HOLDS), (False, Verdict.FAILS)])
def test_the_derivation_decides_what_it_proves(holds, verdict):
    checks = pd.DataFrame({"step": ["Hessian", "Newton (8)", "Newton (8)"], "holds": [True, True, holds]})
    evidence = world(synthetic.datasets(2, 0), count=2, derivation=checks)
    assert outcome("newton", evidence).verdict is verdict
    assert outcome("faces", evidence).verdict is Verdict.UNDECIDED


def test_claims_about_the_derivation_name_its_steps(claims):
    checks = derivation.check_all(iris()[0][::6], seed=0, points=2)
    evidence = world(synthetic.datasets(2, 0), count=2, derivation=checks)
    for predicate in ("same-objective", "step-is-gradient", "faces", "newton", "terminates"):
        assert outcome(predicate, evidence).verdict is Verdict.HOLDS, predicate


@pytest.mark.parametrize(
    ("sets", "methods", "starts"),
    [
        (3, ("batch_kmeans", "online_kmeans", "gradient_nmax"), ("patterns",)),
        (1, ("batch_kmeans",), ("plusplus",)),
        (2, ("gradient_nmax", "nesterov"), ("patterns", "plusplus")),
    ],
)
def test_any_table_has_a_verdict(claims, sets, methods, starts):
    datasets = synthetic.datasets(sets, 1 if sets > 1 else 0)
    effects = {method: synthetic.EFFECTS[method] for method in methods}
    runs = synthetic.runs(datasets, effects, count=2, clusters=(3,), starts=starts)
    table = ledger.judge(claims, predicates.PREDICATES, Evidence(RELATIVE, runs, datasets, 0, 20))
    assert set(table["id"]) == set(claims["id"])
    undecided = {"cannot be decided", "not a question of data"}
    assert set(table.loc[table["id"] != "T14", "verdict"]) == undecided


def test_a_verdict_is_the_same_each_time(claims):
    datasets = synthetic.datasets(6, 2)
    few = claims[claims["predicate"].isin(["worse-plain", "gains-with-size", "deserved"])]
    one, other = (ledger.judge(few, predicates.PREDICATES, world(datasets, count=4)) for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
    assert not math.isnan(one["effect"].iloc[0])
