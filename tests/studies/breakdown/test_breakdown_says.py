"""Claims about the breakdown: verdicts of tables made by hand, figures, tables and numbers."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot

from kmeans_convergence.statistics.conditions import Verdict
from kmeans_convergence.statistics.ledger import judge, read_claims
from kmeans_convergence.studies.breakdown import show
from kmeans_convergence.studies.breakdown.analysis import predicates, summary
from kmeans_convergence.studies.breakdown.analysis.evidence import Evidence, family, slope
from kmeans_convergence.studies.breakdown.run import collapse, conditioned, constant, digits, remedies

SETS = [f"simulated {number}" for number in range(6)]
CLAIMS = "src/kmeans_convergence/studies/breakdown/claims.tsv"


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def collapses(shares):
    """Runs of every setting; `shares` says which share of four runs collapses at a correlation, all else 0.25."""
    rows = []
    for setting in collapse.settings():
        share = shares.get(setting.correlation, 0.25)
        for dataset in SETS:
            for run in range(4):
                outcome = collapse.HYPERPLANE if run < 4 * share else collapse.NONE
                rows.append(setting._asdict() | {"dataset": dataset, "run": run, "outcome": outcome})
    return pd.DataFrame(rows).assign(depth=-3.0, owned=4.0, passes=20.0)


def sets_of(share):
    rows = [
        {"dataset": f"s{i}", "family": f"s{i}", "run": run, "outcome": collapse.PATTERN if run < share * 4 else "none"}
        for i in range(6)
        for run in range(4)
    ]
    return pd.DataFrame(rows).assign(n=50, d=3, clusters=2, depth=-1.0, owned=1.0, passes=9.0)


def lost(per_decade, fails_at, exact=40.0):
    rows = []
    for dataset in SETS:
        for power, delta in enumerate(digits.DELTAS):
            condition = 10.0 ** (2 * power)
            for method in digits.METHODS:
                failed = method == digits.COVARIANCES and condition >= fails_at
                rate = per_decade if method == digits.COVARIANCES else 0.5
                found = exact if method == digits.EXACT else max(15.0 - rate * np.log10(condition), 0)
                row = {"dataset": dataset, "delta": delta, "condition": condition, "method": method, "failed": failed}
                rows.append(row | {"digits": np.nan if failed else found})
    return pd.DataFrame(rows)


def losses(most):
    rows = [
        {"dataset": dataset, "swept": swept, "unit": unit, "delta": delta, "method": method}
        for dataset in SETS
        for swept, unit, delta in (
            *(("unit", unit, 1.0) for unit in constant.UNITS),
            *(("delta", 1.0, delta) for delta in constant.DELTAS),
        )
        for method in constant.METHODS
    ]
    table = pd.DataFrame(rows)
    table["loss"] = np.where((table["method"] == "absolute") & (table["unit"] < 1), most, 0.001)
    return table.assign(moved=0.1, condition=10.0)


def passes(factor):
    rows = [
        {"dataset": dataset, "delta": delta, "optimizer": optimizer, "run": run}
        for dataset in SETS
        for delta in conditioned.DELTAS
        for optimizer in conditioned.METHODS
        for run in range(3)
    ]
    table = pd.DataFrame(rows)
    worst = (table["delta"] == min(conditioned.DELTAS)) & table["optimizer"].isin(predicates.GRADIENT)
    table["passes"] = np.where(worst, 10.0 * factor, 10.0)
    return table.assign(condition=1 / table["delta"] ** 2, setting=np.nan, limit=1.0, diverged=False, budget=200)


def fits(gain):
    rows = []
    for dataset in ("iris", "wine", "digits", "factors 0", "factors 1", "spheres 0", "correlated 0"):
        for split in range(2):
            for remedy in remedies.REMEDIES:
                nats = gain if remedy != remedies.REFERENCE else 0.0
                rows.append({"dataset": dataset, "split": split, "remedy": remedy, "nats": nats - 3.0})
    table = pd.DataFrame(rows).assign(outcome=remedies.FITTED, agreement=0.5, sentence="", n=50, d=1, clusters=3)
    refused = (table["remedy"] == "none") & (table["dataset"] == "wine")
    table.loc[refused, ["nats", "agreement"]] = np.nan
    table.loc[refused, ["outcome", "sentence"]] = [remedies.REFUSED, "No."]
    return table


def evidence(**changed):
    tables = {
        "collapse": collapses({}),
        "sets": sets_of(0.5),
        "digits": lost(1.0, 1e16),
        "constant": losses(1.0),
        "conditioned": passes(10.0),
        "remedies": fits(0.5),
        "theorems": pd.DataFrame({"step": ["EM for small variances"], "holds": [True]}),
    }
    return Evidence(1, 200, **(tables | changed))


def verdict(name, **changed):
    return predicates.PREDICATES[name].judge(evidence(**changed), None).verdict


def test_verdicts_follow_from_the_tables():
    assert verdict("nearest-relative") is Verdict.HOLDS
    failing = pd.DataFrame({"step": ["EM for small variances"], "holds": [False]})
    assert verdict("nearest-relative", theorems=failing) is Verdict.FAILS
    assert verdict("nearest-relative", theorems=failing.iloc[:0]) is Verdict.UNDECIDED
    assert verdict("correlation-changes-em") is Verdict.FAILS
    assert verdict("correlation-changes-em", digits=lost(1.0, 1e16, exact=5.0)) is Verdict.HOLDS
    # half a digit is lost with factors, and they fail nowhere
    assert verdict("digits-go") is Verdict.PART
    assert verdict("correlation-collapses") is Verdict.FAILS
    assert verdict("correlation-collapses", collapse=collapses({0.0: 0.0, 0.999: 0.75})) is Verdict.HOLDS
    assert verdict("runs-collapse") is Verdict.HOLDS
    assert verdict("runs-collapse", collapse=collapses({0.0: 0.0}), sets=sets_of(0)) is Verdict.FAILS
    assert verdict("constant-is-harmless") is Verdict.FAILS
    assert verdict("constant-is-harmless", constant=losses(0.001)) is Verdict.HOLDS
    assert verdict("gradient-escapes") is Verdict.FAILS
    assert verdict("gradient-escapes", conditioned=passes(1.0)) is Verdict.HOLDS
    assert verdict("drop-em") is Verdict.FAILS
    assert verdict("drop-em", remedies=fits(-0.5)) is Verdict.HOLDS


def test_numbers_behind_verdicts_by_hand():
    e = evidence()
    assert predicates.digits_lost(e, digits.COVARIANCES).effect == pytest.approx(1, abs=0.15)
    assert predicates.digits_lost(e, digits.FACTORS).effect == pytest.approx(0.5, abs=0.05)
    assert predicates.failing_condition(e, digits.COVARIANCES).effect == pytest.approx(16)
    assert predicates.failing_condition(e, digits.FACTORS).effect == pytest.approx(2 * (len(digits.DELTAS) - 1))
    assert predicates.worst_loss(e, "unit", "absolute").effect == pytest.approx(1)
    assert predicates.slowed(e)["gradient"].exp().effect == pytest.approx(10)
    assert predicates.slowed(e)["em"].exp().effect == pytest.approx(1)
    rise = predicates.rise_with_correlation(evidence(collapse=collapses({0.0: 0.0, 0.999: 0.75})), "full")
    assert rise.effect == pytest.approx(0.75)


def test_a_run_that_never_arrives_counts_with_the_budget_and_twice_not_at_all():
    table = passes(10.0)
    worst = (table["delta"] == min(conditioned.DELTAS)) & (table["optimizer"] == "gradient")
    assert predicates.slowed(evidence(conditioned=table.assign(passes=table["passes"].mask(worst))))[
        "gradient"
    ].exp().effect == pytest.approx(20)
    never = table.assign(passes=table["passes"].mask(table["optimizer"] == "gradient"))
    assert "gradient" not in predicates.slowed(evidence(conditioned=never))


def test_families_and_slopes():
    assert [family(name) for name in ("iris", "factors 3", "simulated 3", "embedded 8 1")] == [
        "iris",
        "factors",
        "simulated 3",
        "embedded 8 1",
    ]
    table = pd.DataFrame({"x": [0.0, 1, 2, np.nan], "y": [1.0, 3, 5, 9]})
    assert slope(table, "x", "y") == pytest.approx(2)
    assert np.isnan(slope(table.iloc[:1], "x", "y"))


def ledger_of(root, e):
    return judge(read_claims(root / CLAIMS, predicates.PREDICATES), predicates.PREDICATES, e)


def test_every_predicate_has_its_claim(root):
    claims = read_claims(root / CLAIMS, predicates.PREDICATES)
    assert set(claims["predicate"]) == set(predicates.PREDICATES)
    assert list(ledger_of(root, evidence()).drop_duplicates("id")["id"]) == list(claims["id"])


def test_summaries_by_hand():
    e = evidence()
    shares = summary.shares(e)
    assert len(shares) == len(collapse.settings())
    np.testing.assert_allclose(shares["share"], 0.25)
    np.testing.assert_allclose(shares["pattern"], 0)
    table = summary.passes(e).set_index(["optimizer", "delta"])
    assert table.loc[("adam", min(conditioned.DELTAS)), "ratio"] == pytest.approx(10)
    assert np.isnan(table.loc[("adam", 1.0), "ratio"])
    compared = summary.compare(e, e.remedies).set_index("remedy")
    assert compared.loc["prior", "nats_effect"] == pytest.approx(0.5)
    assert (compared.loc["none", "refused"], compared.loc["none", "families"]) == (pytest.approx(1 / 7), 5)
    assert compared.loc["prior", "families"] == 6
    assert np.isnan(compared.loc[remedies.REFERENCE, "nats_p_holm"])


def indices_of():
    return pd.DataFrame(
        {
            "dataset": ["a_b", "longley"],
            "family": ["a_b", "longley"],
            "n": [20, 16],
            "d": [3, 6],
            "constant": 0,
            "clusters": 2,
            "raw": [np.inf, 43275.0],
            "centred": [np.inf, 110.5],
            "strong": [1, 2],
            "involved": [2, 3],
            "inflation": 9.0,
            "full": [False, True],
            "why": ["No.", np.nan],
        }
    )


def traces_of():
    rows = [
        {"bound": bound, "run": run, "outcome": "none" if run else "pattern", "step": step, "nats": -3.0 + step * 0.1}
        for bound, runs in (("none", (0, 1)), ("floor", (0,)))
        for run in runs
        for step in range(5)
    ]
    return pd.DataFrame(rows).assign(condition=10.0)


def test_figures():
    figure = show.collapses(traces_of())
    left, right = figure.axes
    # two runs, the end of one, and the same with a bound
    assert len(right.lines) == 4
    assert right.get_yscale() == "log"
    words = [text.get_text() for text in left.get_legend().get_texts()]
    assert words == [
        "collapses: the next step has no covariance",
        "ends at a maximum",
        "same starts, eigenvalues bounded",
    ]
    table = lost(1.0, 1e16)
    axes = show.lost(table).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        show.METHODS[method][0] for method in (digits.DATA, digits.FACTORS, digits.COVARIANCES)
    ]
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert len(crosses) == 1
    assert (crosses[0].get_xdata() >= 1e16).all()


def test_tables(root):
    e = evidence()
    compared = summary.compare(e, e.remedies)
    text = show.remedies_table(compared)
    assert text.count(r"\\") == len(remedies.REMEDIES) + 1
    assert r"\textbf{0.5" in text
    embedded = pd.concat([fits(0.1).assign(d=d) for d in remedies.DIMENSIONS])
    assert "refused" not in show.embeddings_table(embedded)
    embedded.loc[embedded["remedy"] == "none", "outcome"] = remedies.REFUSED
    assert show.embeddings_table(embedded).count("refused") == len(remedies.DIMENSIONS)
    assert show.shares_table(summary.shares(e)).count("25 [") == len(collapse.settings())
    assert "L-BFGS" in show.passes_table(summary.passes(e))
    assert r"a\_b" in show.indices_table(indices_of())
    ledger = show.ledger(ledger_of(root, e))
    for claim in ("T16", "T17a", "T18b"):
        assert claim in ledger


def test_each_number_of_the_page_has_a_macro_and_each_macro_is_used(root):
    e = evidence()
    found = show.numbers(
        ledger_of(root, e),
        summary.shares(e),
        e.sets,
        traces_of(),
        e.digits,
        summary.passes(e),
        e.constant,
        summary.compare(e, e.remedies),
        indices_of(),
    )
    pages = "".join((root / f"paper/sections/{name}.tex").read_text() for name in ("breakdown", "breakdown_appendix"))
    assert set(re.findall(r"\\(breakdown[A-Za-z]+)", pages)) == set(found)
    assert found["breakdownShare"] == r"25\,\%"
    assert found["breakdownFailsCovariances"] == "$10^{16}$"
    assert found["breakdownRatioLbfgs"] == "10"
