"""Each statement of the paper as a predicate: traces for which all hold, and what makes each one fail."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.statistics import ledger, resampling
from kmeans_convergence.statistics.runs import Runs
from kmeans_convergence.studies.replication.analysis import predicates
from kmeans_convergence.studies.replication.analysis.evidence import (
    Convention,
    Evidence,
    Finding,
    Sample,
    Verdict,
    side_by_side,
)
from kmeans_convergence.studies.replication.analysis.original import Original
from kmeans_convergence.studies.replication.analysis.predicates import STATEMENTS, verdict

LEDGER = ledger.read_claims(Path(predicates.__file__).parents[1] / "claims.tsv", predicates.PREDICATES)
DECIDED = LEDGER[LEDGER["predicate"].isin(STATEMENTS)]
CLAIMS = dict(zip(DECIDED["id"], DECIDED["predicate"].map(STATEMENTS), strict=True))
LIMIT = 4000.0


def judge(runs, original, repeats):
    """Judge the statements as described."""
    evidence = Evidence({"described": runs}, {}, original, 0, repeats)
    return ledger.judge(DECIDED, predicates.PREDICATES, evidence)


@pytest.fixture(scope="module")
def original(root):
    return Original(root / "paper" / "original_values.csv")


def flat(*first, ratio=0.95):
    """Return a curve of 21 values that goes on with a fixed ratio."""
    return np.array([*first, *first[-1] * ratio ** np.arange(1, 22 - len(first))])


# Average residuals in epochs 0 to 20 of which the paper's statements hold.
CURVES = {
    "online_kmeans": flat(100, 20, 15, 12, 10, 9),
    "batch_kmeans": np.array([100, 60, 40, 25, 14, 9.5, 2, 0.5, 0.1, 0.01, *[0] * 11]),
    "online_gradient": flat(100, 70, 60, 55, 52, 50),
    "batch_gradient": flat(100, 80, 65, 50, 45, 40),
    "mixture": flat(100, 50, 40, 30, 20, 15, ratio=0.92),
}


def runs_of(curves, limits=None, scales=(1.0,)):
    """Return runs whose residuals are these curves, each run scaled."""
    scales = np.array(scales)[:, None]
    limits = {key: np.full(len(scales), LIMIT) for key in curves} | (limits or {})
    cost = {key: limits[key][:, None] + scales * curve for key, curve in curves.items()}
    return Runs(cost, limits)


def holds(claim, original, curves=CURVES, limits=None):
    sample = Sample(runs_of(curves, limits), resampling.identity(1))
    (answer,) = CLAIMS[claim].holds(sample, original)
    return bool(answer)


def effect(claim, original, curves=CURVES, limits=None):
    sample = Sample(runs_of(curves, limits), resampling.identity(1))
    return CLAIMS[claim].effect(sample, original)[0]


def but(method, **epochs):
    """Return the curves with some values of one of them replaced: t6=5.0 in epoch 6."""
    curve = CURVES[method].copy()
    for epoch, value in epochs.items():
        curve[int(epoch[1:])] = value
    return CURVES | {method: curve}


# one run has no standard error: BB-R10 has tests of its own
@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if claim != "BB-R10"])
def test_each_statement_holds_where_it_should(original, claim):
    # the curves cross after the first ratio, or after the second: not both
    curves = but("online_kmeans", t2=13) if claim == "BB-R9a" else CURVES
    assert holds(claim, original, curves)


@pytest.mark.parametrize(
    ("claim", "curves"),
    [
        # another one is ahead in the first or the fifth epoch; the curve does not flatten
        ("BB-R3", but("batch_kmeans", t1=19)),
        ("BB-R3", but("batch_kmeans", t5=8.5)),
        ("BB-R3", but("batch_gradient", t3=11)),
        ("BB-R3", CURVES | {"online_kmeans": flat(100, 20, 15, 12, 10, 9, ratio=0.89)}),
        # batch K-means is ahead from the start, behind in epoch 6, or another one gets there too
        ("BB-R4", but("batch_kmeans", t1=20)),
        ("BB-R4", but("batch_kmeans", t6=8.6)),
        ("BB-R4", but("online_gradient", t20=0)),
        # one epoch too late
        ("BB-R5", but("batch_kmeans", t14=0.1)),
        # one of them ends ahead of a K-means; batch is first ahead; online is not overtaken
        ("BB-R6", but("batch_gradient", t20=4.1)),
        ("BB-R6", but("online_gradient", t1=80)),
        ("BB-R6", but("online_gradient", t20=18)),
        # a ratio that differs by more than 0.05; batch K-means not below, or not falling
        ("BB-R7b", but("online_gradient", t20=30)),
        ("BB-R7b", CURVES | {"batch_gradient": flat(100, 80, 65, 50, 45, 40, ratio=0.89)}),
        ("BB-R7b", but("batch_kmeans", t10=0.0096)),
        ("BB-R7b", CURVES | {"batch_kmeans": flat(100, 60, 40, 25, 14, 9.5, ratio=0.5)}),
        # EM is one of all algorithms, in one of the readings
        ("BB-R7a", CURVES | {"mixture": flat(100, 50, 40, 30, 20, 15, ratio=0.89)}),
        ("BB-R7a", but("online_gradient", t20=30)),
        # EM no better than the rest, better than batch K-means, or terminating
        ("BB-R8", CURVES | {"mixture": flat(100, 50, 40, 30, 20, 15, ratio=0.96)}),
        ("BB-R8", CURVES | {"batch_kmeans": flat(100, 60, 40, 25, 14, 9.5, ratio=0.93)}),
        ("BB-R8", but("mixture", t20=0)),
        # the ratio of online K-means is higher in the first epoch, or still lower in the second: 0.65 < 40 / 60
        ("BB-R9b", but("online_kmeans", t1=61)),
        ("BB-R9b", but("online_kmeans", t2=13)),
        # as printed, the ratios begin with the second epoch: higher there, or still lower in the third
        ("BB-R9a", CURVES),
        ("BB-R9a", but("online_kmeans", t2=13, t3=8)),
    ],
)
def test_each_statement_fails_where_it_should(original, claim, curves):
    assert not holds(claim, original, curves)


@pytest.mark.parametrize(
    ("claim", "curves"),
    [
        # neither the fifth epoch of batch K-means nor the sixth of others is spoken of
        ("BB-R4", but("batch_kmeans", t5=8)),
        ("BB-R3", but("batch_gradient", t6=1)),
        # converged in the last epoch before the fifteenth
        ("BB-R5", but("batch_kmeans", t13=0.1)),
        # the others may end where they like
        ("BB-R6", but("mixture", t20=0)),
        # equal ratios in the second epoch: no longer lower
        ("BB-R9b", but("online_kmeans", t1=30, t2=20)),
        # EM may do as it likes where it is excepted
        ("BB-R7b", but("mixture", t20=0)),
        # the first epoch is no point of the figure as printed
        ("BB-R9a", but("online_kmeans", t1=61, t2=40, t3=30)),
    ],
)
def test_statements_say_no_more_than_they_should(original, claim, curves):
    assert holds(claim, original, curves)


@pytest.mark.parametrize(("highest", "answer"), [(4029, True), (4031, False)])
def test_averages_may_spread_as_far_as_reported(original, highest, answer):
    # 4050 to 4080 is 30 in 4065; 4000 to 4029.6 is as much, relative to the average of the four
    limits = {"online_gradient": np.array([float(highest)])}
    assert holds("BB-R2b", original, limits=limits) is answer
    assert effect("BB-R2b", original, limits=limits) == pytest.approx((highest - 4000) / (4000 + (highest - 4000) / 4))
    # the mixture's costs are no quantisation errors
    assert holds("BB-R2b", original, limits={"mixture": np.array([300.0])})


def test_effects_by_hand(original):
    assert effect("BB-R3", original) == 6
    assert effect("BB-R3", original, but("batch_kmeans", t12=20)) == 13
    # ahead from the first epoch; never ahead for good
    assert effect("BB-R3", original, CURVES | {"batch_kmeans": CURVES["online_kmeans"] / 2}) == 1
    assert effect("BB-R3", original, but("batch_kmeans", t20=20)) == 21
    assert effect("BB-R4", original) == pytest.approx(2 / (9 * 0.95))
    assert effect("BB-R5", original) == 10
    assert effect("BB-R6", original) == pytest.approx(40 / 9)
    assert effect("BB-R7a", original) == pytest.approx(0.95 - 0.92)
    assert effect("BB-R7b", original) == pytest.approx(0, abs=1e-12)
    assert effect("BB-R7b", original, but("online_gradient", t6=60)) == pytest.approx(60 / 50 - 0.95)
    assert effect("BB-R8", original) == pytest.approx(0.92)
    assert effect("BB-R9a", original) == pytest.approx(15 / 20 - 40 / 60)
    assert effect("BB-R9b", original) == pytest.approx(20 / 100 - 60 / 100)


@pytest.mark.parametrize(
    ("ends", "left"),
    [
        # 1 and 2 have the standard error 0.5; of 1 to 4 it is the root of 5/3 over 2
        ([1, 2, 3, 4], np.sqrt(5 / 3)),
        # 5 from two runs; then the root of 50/3 over 2
        ([0, 10, 5, 5], np.sqrt(50 / 3) / 10),
        # runs that end alike
        ([7, 7, 7, 7], 1),
        ([7, 7, 7, 8], np.inf),
    ],
)
def test_more_runs_may_leave_an_average_as_uncertain_as_before(original, ends, left):
    limits = {"batch_kmeans": np.array(ends, dtype=float)}
    sample = Sample(runs_of(CURVES, limits, scales=[1] * 4), resampling.identity(4))
    assert CLAIMS["BB-R10"].effect(sample, original)[0] == pytest.approx(left)
    assert CLAIMS["BB-R10"].holds(sample, original)[0] == (left >= 1)


def test_more_runs_are_judged_in_samples_twice_as_large(original):
    # normal ends: the standard error of 40 is about that of 20 over the root of two, and rarely as large
    ends = {"batch_kmeans": np.random.default_rng(3).normal(4000, 100, size=1000)}
    table = judge(runs_of(CURVES, ends, scales=[1] * 1000), original, 2000).set_index("id")
    row = table.loc["BB-R10"]
    assert row["effect"] == pytest.approx(np.sqrt(0.5), abs=0.05)
    rng = np.random.default_rng(4)
    drawn = rng.normal(size=(100_000, 40))
    expected = (drawn.std(axis=1, ddof=1) / np.sqrt(40) >= drawn[:, :20].std(axis=1, ddof=1) / np.sqrt(20)).mean()
    assert row["share"] == pytest.approx(expected, abs=0.02)


def test_a_method_that_ended_within_a_few_epochs_leaves_nothing(original):
    # 0 / 0 is read as 0: EM is behind batch K-means then, as it should be
    ended = np.array([100, 60, 40, 25, 14, *[0] * 16])
    assert holds("BB-R8", original, CURVES | {"batch_kmeans": ended})


def test_a_sample_has_averages_of_its_own_runs():
    runs = runs_of(CURVES, scales=[1, 2, 6])
    sample = Sample(runs, np.array([[0, 0], [1, 2]]))
    np.testing.assert_allclose(sample.residual("mixture"), np.outer([1, 4], CURVES["mixture"]))
    np.testing.assert_allclose(sample.ratio("mixture")[0], CURVES["mixture"][1:] / CURVES["mixture"][:-1])
    np.testing.assert_allclose(sample.limit("mixture"), [LIMIT, LIMIT])
    assert (sample.ratio("batch_kmeans")[:, 10:] == 0).all()


def test_all_hold_or_none(original):
    scales = np.random.default_rng(0).uniform(0.5, 1.5, size=25)
    table = judge(runs_of(CURVES, scales=scales), original, 100)
    assert list(table["id"]) == list(CLAIMS)
    # the curves of BB-R9 cross after the first ratio or after the second
    both = table[table["id"] != "BB-R9a"]
    assert both[["holds", "holds_first"]].all(axis=None)
    assert (both[["confidence", "share"]] == 1).all(axis=None)
    assert set(both["verdict"]) == {Verdict.REPLICATED.value}
    assert (table["low"] <= table["effect"] + 1e-12).all()
    assert (table["effect"] <= table["high"] + 1e-12).all()

    broken = dict.fromkeys(CURVES, CURVES["batch_gradient"])
    limits = {"online_gradient": np.full(25, 5000.0)}
    table = judge(runs_of(broken, limits, scales), original, 100)
    # runs that end alike are as certain as they can be
    table = table[table["id"] != "BB-R10"]
    assert not table[["holds", "holds_first"]].any(axis=None)
    assert set(table["verdict"]) == {Verdict.NOT_REPLICATED.value}


def test_what_one_run_in_a_hundred_contradicts_is_within_the_sampling_error_of_twenty(original):
    # one run in a hundred converges late: a sample of 20 is free of it with the probability 0.99^20 = 0.818
    late = but("batch_kmeans", t16=0.1)["batch_kmeans"]
    cost = LIMIT + np.stack([CURVES["batch_kmeans"]] * 99 + [late])
    runs = runs_of(CURVES, scales=[1] * 100)
    runs = Runs(runs.cost | {"batch_kmeans": cost}, runs.limit)
    row = judge(runs, original, 4000).set_index("id").loc["BB-R5"]
    assert not row["holds"]
    assert row["holds_first"]
    assert row["share"] == pytest.approx(0.99**20, abs=0.025)
    assert row["confidence"] == pytest.approx(0.99**100, abs=0.03)
    assert (row["effect"], row["low"], row["high"]) == (17, 10, 17)
    assert row["verdict"] == Verdict.SAMPLING.value


@pytest.mark.parametrize(
    ("confidence", "share", "expected"),
    [
        # eleven readings at 5 %: 1 - 0.05 / 11 = 0.99545
        (0.996, 0.0, Verdict.REPLICATED),
        (0.995, 1.0, Verdict.SAMPLING),
        (0.995, 0.05, Verdict.SAMPLING),
        (0.995, 0.049, Verdict.NOT_REPLICATED),
    ],
)
def test_thresholds_of_verdicts(confidence, share, expected):
    assert len(CLAIMS) == 11
    assert verdict(confidence, share) is expected


DESCRIBED, CANDIDATE = Convention("described"), Convention("candidate")


def conventions(**chances):
    """Return rows of the table of conventions, each with these probabilities of the reported figures."""
    return {name: pd.Series(dict(zip(("p_min", "p_mean", "p_max"), p, strict=True))) for name, p in chances.items()}


def test_probabilities_of_figures_by_hand(original):
    rows = conventions(described=(0.01, 0.04, 0.9), candidate=(0.9, 0.05, 0.03))
    evidence = Evidence({}, rows, original, 0, 1)
    for predicate, found in (("range", (0.02, 0.06)), ("average", (0.04, 0.05))):
        for reading, share in zip((DESCRIBED, CANDIDATE), found, strict=True):
            finding = predicates.FIGURES[predicate].judge(evidence, reading)
            assert finding.share == pytest.approx(share)
            assert finding.verdict is (Verdict.REPLICATED if share >= 0.05 else Verdict.NOT_REPLICATED)
    assert predicates.extremes(conventions(x=(0.7, 0.1, 0.8))["x"]) == 1


@pytest.mark.parametrize(
    ("described", "candidate", "expected"),
    [
        # what fails here and holds there; only a sure "yes" there counts; "maybe" and "yes" stay
        (Verdict.NOT_REPLICATED, Verdict.REPLICATED, Verdict.OTHER_CONVENTION),
        (Verdict.NOT_REPLICATED, Verdict.SAMPLING, Verdict.NOT_REPLICATED),
        (Verdict.NOT_REPLICATED, Verdict.NOT_REPLICATED, Verdict.NOT_REPLICATED),
        (Verdict.SAMPLING, Verdict.REPLICATED, Verdict.SAMPLING),
        (Verdict.REPLICATED, Verdict.NOT_REPLICATED, Verdict.REPLICATED),
    ],
)
def test_verdicts_of_both_conventions_are_combined(original, described, candidate, expected):
    outcomes = {DESCRIBED: Finding(described, "", 0.0), CANDIDATE: Finding(candidate, "", 0.0)}
    assert Evidence({}, {}, original, 0, 1).combine(outcomes, ("convention",)) == (expected, "")


def test_a_statement_has_a_row_for_each_convention(original):
    rows = conventions(described=(0.01, 0.04, 0.9), candidate=(0.9, 0.05, 0.03))
    runs = dict.fromkeys(rows, runs_of(CURVES, scales=[1.0, 1.1] * 12))
    table = ledger.judge(
        predicates.read_claims(Path(predicates.__file__).parents[1] / "claims.tsv", original),
        predicates.PREDICATES,
        Evidence(runs, rows, original, 0, 50),
    )
    assert len(table) == 2 * 13
    assert table["id"].drop_duplicates().tolist() == LEDGER["id"].tolist()
    assert (table.groupby("id")["claim"].nunique() == 1).all()
    assert set(table["claim"]) == {original.statement(f"BB-R{number}") for number in range(1, 11)}
    beside = side_by_side(table).set_index("id")
    assert beside.loc["BB-R1", ["share", "share_candidate"]].tolist() == pytest.approx([0.02, 0.06])
    assert beside.loc["BB-R1", "verdict"] == Verdict.OTHER_CONVENTION.value
    # the same runs under both
    decided = beside.loc[list(CLAIMS)]
    assert (decided["confidence"] == decided["confidence_candidate"]).all()
    assert np.isnan(beside.loc["BB-R2a", "effect"])
