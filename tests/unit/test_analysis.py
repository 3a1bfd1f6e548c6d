"""Runs, resampling, conventions, comparisons and verdicts, on data small enough to work out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kmeans_convergence.analysis import axes, conventions, quality, rates, resampling, verdicts
from kmeans_convergence.analysis.claims import Verdict
from kmeans_convergence.analysis.conventions import Reported
from kmeans_convergence.analysis.original import Original
from kmeans_convergence.analysis.runs import Runs
from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data import Dataset


@pytest.fixture(scope="module")
def original(root):
    return Original(root / "paper" / "original_values.csv")


# --- runs and samples of them ---------------------------------------------------------------------


def test_rows_may_come_in_any_order():
    cost = {"a": [[5, 4, 3], [9, 8, 8]], "b": [[7, 6, 6], [1, 1, 0]]}
    limit = {"a": [3, 8], "b": [5, 0]}
    trace = pd.DataFrame(
        [(key, run, t, cost[key][run][t]) for key in cost for run in range(2) for t in range(3)],
        columns=["optimizer", "run", "epoch", "cost"],
    )
    limits = pd.DataFrame(
        [(key, run, limit[key][run]) for key in limit for run in range(2)], columns=["optimizer", "run", "limit"]
    )
    for seed in range(3):
        runs = Runs.of(trace.sample(frac=1, random_state=seed), limits.sample(frac=1, random_state=seed))
        assert len(runs) == 2
        np.testing.assert_array_equal(runs.residual("a"), [[2, 1, 0], [1, 0, 0]])
        np.testing.assert_array_equal(runs.residual("b"), [[2, 1, 1], [1, 1, 0]])
        np.testing.assert_array_equal(runs.limit["b"], [5, 0])


def test_convergence_epochs_by_hand():
    cost = [[3, 3, 3], [5, 3, 3], [5, 4, 3], [5, 4, 3.5], [3, 5, 3], [3, 3, 4]]
    runs = Runs({"a": np.array(cost)}, {"a": np.full(6, 3.0)})
    np.testing.assert_array_equal(runs.convergence_epoch("a"), [0, 1, 2, 3, 2, 3])


def test_averages_are_those_of_the_samples_own_rows():
    values = np.random.default_rng(0).normal(size=(7, 4, 2))
    sample = resampling.samples(7, 5, 30, seed=1)
    assert sample.shape == (30, 5)
    assert set(sample.ravel()) == set(range(7))
    np.testing.assert_allclose(resampling.averages(sample, values), values[sample].mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(resampling.averages(resampling.identity(7), values), values.mean(axis=0)[None])
    np.testing.assert_array_equal(resampling.samples(7, 5, 30, seed=1), sample)
    assert (resampling.samples(7, 5, 30, seed=2) != sample).any()


def test_the_bootstrap_interval_covers_like_the_normal_one():
    values = np.random.default_rng(0).normal(10, 2, size=400)
    low, high = resampling.interval(resampling.averages(resampling.samples(400, 400, 4000, 0), values))
    np.testing.assert_allclose([low, high], stats.norm.interval(0.95, values.mean(), values.std() / 20), atol=0.03)
    np.testing.assert_allclose(resampling.interval(np.arange(101.0), level=0.9), [5, 95])


# --- conventions ----------------------------------------------------------------------------------


def simulated(drawn, reported):
    """Count what `tails` computes in samples of runs (repeats, size)."""
    figures = drawn.min(axis=1), drawn.mean(axis=1), drawn.max(axis=1)
    ranges = reported.minimum, reported.mean, reported.maximum
    sides = [((f <= high).mean(), (f >= low).mean()) for f, (low, high) in zip(figures, ranges, strict=True)]
    return [min(2 * min(side), 1) for side in sides]


@pytest.mark.parametrize("quantile", [0.01, 0.1, 0.4, 0.5, 0.8, 0.97])
def test_tails_are_those_of_simulated_samples(quantile):
    rng = np.random.default_rng(1)
    limits = np.sort(rng.gamma(50, 80, size=5000))
    drawn = rng.choice(limits, size=(20_000, 20))
    ranges = [
        (value - 5, value + 5)
        for value in (np.quantile(figure, quantile) for figure in (drawn.min(1), drawn.mean(1), drawn.max(1)))
    ]
    reported = Reported(20, *ranges)
    (p,) = conventions.tails(limits, np.ones(1), reported, best_known=limits[0])
    np.testing.assert_allclose(p, simulated(drawn, reported), atol=0.03)


def test_a_factor_rescales_the_costs():
    limits = np.sort(np.random.default_rng(0).gamma(50, 80, size=300))
    reported = Reported(20, (2900, 3000), (3900, 4100), (5000, 5100))
    together = conventions.tails(limits, np.array([0.5, 1.0, 2.0]), reported, limits[0])
    for factor, p in zip((0.5, 1.0, 2.0), together, strict=True):
        np.testing.assert_allclose(conventions.tails(factor * limits, np.ones(1), reported, factor * limits[0])[0], p)


def test_tails_by_hand():
    # nine runs: of 1 to 9, one in ten (with the estimate's extra one) is below 1 and one in ten above 9
    limits = np.arange(1.0, 10.0)
    p = conventions.tails(limits, np.ones(1), Reported(1, (0.5, 0.5), (5, 5), (9.5, 9.5)), best_known=0.1)[0]
    np.testing.assert_allclose(p, [0.2, 1, 0.2])
    # in two runs the smaller one is at most 1 with the probability 1 - (1 - 0.2)^2, the larger one at least 9 too
    p = conventions.tails(limits, np.ones(1), Reported(2, (1, 1), (5, 5), (9, 9)), best_known=1)[0]
    np.testing.assert_allclose(p, [2 * 0.36, 1, 2 * 0.36])
    # a minimum below the best that is known can't be
    assert conventions.tails(limits, np.ones(1), Reported(2, (0, 0.9), (5, 5), (9, 9)), best_known=1)[0, 0] == 0


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_three_probabilities_are_combined_by_bonferroni(p):
    assert conventions.joint(np.array(p)) == min(1, 3 * min(p))


def combinations(*rows):
    return pd.DataFrame(rows, columns=["variant", "features", "standardized", "start", "clusters"])


IRIS = "sepal length + petal width"


def test_conventions_are_rescalings():
    table = conventions.expand(combinations(("iris", IRIS, False, "box", 6), ("iris", IRIS, True, "box", 6)))
    factors = {(row["unit"], row["half"]): row["factor"] for _, row in table.iterrows()}
    # costs come with the factor 1/2; 1 mm² is 0.01 cm², and standardised features have no unit
    assert factors == pytest.approx(
        {
            ("mm", True): 1,
            ("mm", False): 2,
            ("cm", True): 0.01,
            ("cm", False): 0.02,
            ("standardised", True): 1,
            ("standardised", False): 2,
        }
    )
    assert len(table) == 6
    assert list(table["combination"]) == [0] * 4 + [1] * 2


def test_judged_conventions_by_hand():
    tried = combinations(("iris", IRIS, False, "patterns", 6), ("iris", IRIS, False, "box", 6))
    limits = np.stack([np.linspace(3000, 2000, 1001), np.linspace(1700, 3000, 1001)])
    reported = Reported(20, (3300, 3400), (5000, 5010), (5900, 6000))
    table = conventions.judge(tried, limits, reported, seed=0, repeats=4000).set_index(["start", "unit", "half"])
    patterns = table.loc["patterns", "mm", False]
    # without the factor 1/2 the runs lie between 4000 and 6000: the median of the least of 20 is a share
    # 1 - 0.5^(1/20) above 4000, that of the largest as much below 6000
    share = 2000 * (1 - 0.5 ** (1 / 20))
    assert patterns["min_50"] == pytest.approx(4000 + share, abs=40)
    assert patterns["mean_50"] == pytest.approx(5000, abs=40)
    assert patterns["max_50"] == pytest.approx(6000 - share, abs=40)
    # no run ends below 3400, but the box shows that it is possible: one in 1002 could
    assert patterns["p_min"] == pytest.approx(2 * (1 - (1 - 1 / 1002) ** 20))
    assert patterns["p_mean"] == 1
    assert table.loc["box", "cm", False]["max_95"] == pytest.approx(60, abs=0.2)
    np.testing.assert_array_equal(table["p"], np.minimum(3 * table[["p_min", "p_mean", "p_max"]].min(axis=1), 1))
    # Holm: the smallest of eight is multiplied by 8, the next by 7, ..., and the results must not fall
    p = np.sort(table["p"])
    np.testing.assert_allclose(
        np.sort(table["p_holm"]), np.minimum(np.maximum.accumulate(p * np.arange(8, 0, -1)), 1), rtol=1e-12
    )


def test_a_minimum_below_all_that_any_start_found_is_impossible():
    tried = combinations(("iris", IRIS, False, "patterns", 6), ("iris", IRIS, False, "box", 7))
    limits = np.stack([np.linspace(2000, 3000, 100), np.linspace(1600, 3000, 100)])
    reported = Reported(20, (3300, 3400), (5000, 5010), (5900, 6000))
    table = conventions.judge(tried, limits, reported, seed=0, repeats=50).set_index(["start", "unit", "half"])
    # the other start has another K, so what it found does not count here
    assert table.loc["patterns", "mm", False]["p_min"] == 0
    assert table.loc["box", "mm", False]["p_min"] > 0


@pytest.mark.parametrize(("least", "share"), [(1, 1), (1e9, 0)])
def test_chance_agreement_can_be_all_or_nothing(least, share):
    tried = combinations(("iris", IRIS, False, "patterns", 6))
    limits = np.random.default_rng(0).uniform(2000, 3000, size=(1, 200))
    reported = Reported(20, (least, 1e10), (1, 1e10), (1, 1e10))
    assert conventions.chance_agreement(tried, limits, reported, points=30) == share


def test_chance_agreement_is_the_share_of_a_decade():
    # all runs end at 3000, of a reported range from 2000 to 4000: with the factor f it agrees if 2000 < 3000 f < 4000
    tried = combinations(("iris", IRIS, True, "patterns", 6))
    reported = Reported(20, (2000, 4000), (2000, 4000), (2000, 4000))
    chance = conventions.chance_agreement(tried, np.full((1, 200), 3000.0), reported, points=4000)
    # in the logarithm the factors 2/3 to 4/3 are a share log10(2) of a decade; 1/3 to 2/3 go with the factor 2
    assert chance == pytest.approx(2 * np.log10(2), abs=2e-3)


def test_the_likelihood_is_that_of_samples():
    rng = np.random.default_rng(5)
    # classes are 5 wide: with multiples of 5 nothing is rounded
    limits = np.sort(5.0 * rng.integers(600, 1200, size=300))
    reported = Reported(20, (3000, 3200), (4400, 4600), (5700, 6000))
    drawn = limits[rng.integers(300, size=(200_000, 20))]
    low, middle, high = drawn.min(axis=1), drawn.mean(axis=1), drawn.max(axis=1)
    hit = (low >= 3000) & (low <= 3200) & (middle >= 4400) & (middle <= 4600) & (high >= 5700) & (high <= 6000)
    assert 0.1 < hit.mean() < 0.9
    assert conventions.likelihood(limits, reported) == pytest.approx(hit.mean(), abs=4 * np.sqrt(0.25 / 200_000))


def test_likelihoods_by_hand():
    limits = np.array([10.0, 20.0, 30.0, 40.0])
    # two runs: 10 and 40 in either order
    assert conventions.likelihood(limits, Reported(2, (10, 15), (25, 25), (35, 40))) == pytest.approx(2 / 16)
    # the mean is another one; no run is in an interval
    assert conventions.likelihood(limits, Reported(2, (10, 15), (30, 40), (35, 40))) == pytest.approx(0, abs=1e-12)
    assert conventions.likelihood(limits, Reported(2, (11, 15), (25, 25), (35, 40))) == 0
    assert conventions.likelihood(limits, Reported(2, (10, 15), (25, 25), (41, 50))) == 0


def test_wide_spread_agrees_with_much_and_explains_little():
    reported = Reported(20, (3250, 3350), (4050, 4080), (5750, 5850))
    tried = combinations(("iris", IRIS, True, "patterns", 6), ("iris", IRIS, True, "box", 6))
    # the first one's extremes are just those; the second one's lie anywhere
    narrow = np.r_[np.full(50, 3300), np.full(50, 5800), np.linspace(3700, 4300, 901)]
    wide = np.linspace(2000, 6200, 1001)
    table = conventions.judge(tried, np.stack([narrow, wide]), reported, 0, 100).set_index(["start", "half"])
    likelihood = table.loc[[("patterns", True), ("box", True)], "likelihood"]
    assert likelihood.iloc[0] > 100 * likelihood.iloc[1] > 0
    assert (table["likelihood"] >= table["likelihood_rounded"] * (1 - 1e-9)).all()


# --- the ends of the axes ---------------------------------------------------------------------------


def residuals_of(left, right, runs=50):
    """Five methods over three epochs; every run has the same residuals."""
    curves = [[left / 2, 1, 0], [left, 2, 1], [left / 3, left / 4, 0], [left / 2, 0, 0], [right, right / 2, 0]]
    return np.repeat(np.array(curves, dtype=float)[:, None], runs, axis=1)


def test_the_largest_average_of_each_axis():
    residuals = residuals_of(1200, 90)
    # another method and a later epoch are the largest in half of the runs
    residuals[3, ::2, 2] = 4000
    drawn = axes.largest(residuals, 20, seed=0, repeats=500)
    assert drawn.shape == (2, 500)
    assert (drawn[1] == 90).all()
    assert drawn[0].min() >= 1200
    assert np.median(drawn[0]) == pytest.approx(2000, rel=0.1)


def test_axes_test_what_the_final_costs_let_pass(original):
    ends = axes.Ends.of(original)
    assert (ends.size, ends.left, ends.right) == (20, (2400, 2500), (80, 100))
    rows = pd.DataFrame(
        {
            "half": [True, False, False, False, False],
            "factor": [1.0, 2.0, 2.0, 2.0, 2.0],
            "p": [0.0, 0.5, 0.5, 0.5, 0.5],
            # the first one does not agree, so that it has no weight
            "likelihood": [9e-3, 1e-3, 3e-3, 1e-3, 1e-3],
        }
    )
    # 2450 with the factor 2 and without it; then 2400 is no part of the interval, nor is 101 of the other axis
    found = [residuals_of(*each) for each in ((2450, 90), (1225, 90), (1225, 100), (1200, 90), (1225, 101))]
    table = axes.judge(rows, np.stack(found), ends, seed=0, repeats=200)
    assert list(table["survives"]) == [True, True, True, False, False]
    assert list(table["in_left"]) == [1, 1, 1, 0, 1]
    assert list(table["agrees"]) == [False, True, True, True, True]
    np.testing.assert_allclose(table["weight"], [0, 0.25, 0.75, 0, 0])
    np.testing.assert_allclose(table["left_50"], [2450, 2450, 2450, 2400, 2450])


def test_what_agrees_is_tested_the_likeliest_first():
    columns = ["start", "p", "likelihood"]
    table = pd.DataFrame([("a", 0.0, 0.0), ("b", 0.5, 0.1), ("c", 0.04, 0.9), ("d", 0.05, 0.2)], columns=columns)
    assert list(axes.tested(table, table.iloc[[0]])["start"]) == ["a", "d", "b"]
    # what is as described and agrees is there once
    assert list(axes.tested(table, table.iloc[[1]])["start"]) == ["b", "d"]


def test_how_well_averages_are_known():
    limits = np.random.default_rng(0).normal(4000, 100, size=4000)
    table = quality.certainty(limits, 20, seed=0, repeats=2000).set_index("runs")
    assert list(table.index) == [5, 10, 20, 40, 80, 160, 320, 640]
    np.testing.assert_allclose(table["error"], 100 / np.sqrt(table.index), rtol=0.03)
    np.testing.assert_allclose(table["apart"], 1.96 * np.sqrt(2) * table["error"])
    # the deviation of m normal numbers is known to 1 / sqrt(2 (m - 1))
    spread = (table["high"] - table["low"]) / 2 / table["error"]
    assert spread.loc[640] == pytest.approx(1.645 / np.sqrt(2 * 639), rel=0.15)


def test_reported_figures_are_read_as_ranges(original):
    reported = Reported.of(original)
    assert (reported.size, reported.mean) == (20, (4050, 4080))
    # 3300 and 5800, rounded to hundreds
    assert (reported.minimum, reported.maximum) == ((3250, 3350), (5750, 5850))


# --- comparisons ----------------------------------------------------------------------------------


def test_rank_biserial_by_hand():
    # ranks of 1, 2, 3, without the zero: (1 - 2 + 3) / 6
    assert quality.signed_rank(np.array([0, 0.1, -0.2, 0.7]))[1] == pytest.approx(1 / 3)
    # ties share their ranks, 1.5 each
    assert quality.signed_rank(np.array([5.0, -5.0, 7.0]))[1] == pytest.approx(3 / 6)
    assert quality.signed_rank(-np.arange(1.0, 9.0))[1] == -1
    assert quality.signed_rank(np.zeros(5)) == (1, 0)


def test_signed_rank_p_is_the_exact_one_and_the_textbooks():
    difference = np.random.default_rng(0).normal(0.25, 1, size=50)
    p, _ = quality.signed_rank(difference)
    assert p == pytest.approx(stats.wilcoxon(difference, method="exact").pvalue, abs=0.002)
    n, positive = 50, stats.rankdata(abs(difference))[difference > 0].sum()
    z = (positive - n * (n + 1) / 4) / np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    assert p == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-12)
    # zeros are left out
    assert quality.signed_rank(np.append(difference, np.zeros(9)))[0] == p


def test_ends_are_compared_run_by_run():
    base = np.full(10, 1000.0)
    shift = {"base": np.zeros(10), "lower": np.full(10, -10.0), "mixed": np.array([2, -2, 0.9, -0.9, *[20.0] * 6])}
    runs = Runs({}, {key: base + value for key, value in shift.items()})
    table = quality.compare(runs, RELATIVE, ["lower", "base", "mixed"], "base", seed=0, repeats=2000).set_index(
        "optimizer"
    )
    lower, same, mixed = (table.loc[key] for key in ("lower", "base", "mixed"))
    assert lower["mean"] == pytest.approx(990)
    assert [lower[key] for key in ("difference", "low", "high")] == pytest.approx([-1, -1, -1])
    assert list(lower[["better", "equal", "worse", "rank_biserial"]]) == [1, 0, 0, -1]
    assert list(same[["difference", "better", "equal", "worse", "p"]]) == [0, 0, 1, 0, 1]
    assert np.isnan(same["p_holm"])
    # 0.9 of 1000 counts as equal, 2 does not
    assert list(mixed[["better", "equal", "worse"]]) == pytest.approx([0.1, 0.2, 0.7])
    assert mixed["difference"] == pytest.approx(1.2)
    assert mixed["low"] < 1.2 < mixed["high"]
    # two tests besides the reference
    assert sorted(table["p_holm"].dropna()) == pytest.approx(
        [2 * min(lower["p"], mixed["p"]), max(2 * min(lower["p"], mixed["p"]), lower["p"], mixed["p"])]
    )


def test_speed_by_hand():
    cost = np.array([[5.0, 3, 3], [5, 4, 3], [3, 3, 3]])
    runs = Runs({"a": cost}, {"a": np.full(3, 3.0)})
    row = quality.speed(runs, ["a"], seed=0, repeats=500).iloc[0]
    assert (row["optimizer"], row["epoch"], row["largest"]) == ("a", 1, 2)
    assert 0 <= row["low"] < 1 < row["high"] <= 2


def test_the_best_rate_is_the_one_of_the_lowest_residual():
    costs = {("a", True): [[8, 5, 7], [6, 5, 9]], ("a", False): [[5, 6, 7], [5, 6, 7]], ("b", True): [[9, 9, 6]] * 2}
    search = pd.DataFrame(
        [
            (optimizer, decays, rate, run, cost, 4)
            for (optimizer, decays), table in costs.items()
            for run, row in enumerate(table)
            for rate, cost in zip((0.1, 0.2, 0.3), row, strict=True)
        ],
        columns=["optimizer", "decays", "rate", "run", "cost", "limit"],
    )
    curves = rates.curve(search.sample(frac=1, random_state=0), seed=0, repeats=200)
    first = curves[(curves["optimizer"] == "a") & curves["decays"]].set_index("rate")
    assert list(first["residual"]) == [3, 1, 4]
    assert list(first.loc[0.3, ["low", "high"]]) == [3, 5]
    best = rates.best(curves).set_index(["optimizer", "decays"])["rate"]
    assert best.to_dict() == {("a", True): 0.2, ("a", False): 0.1, ("b", True): 0.3}


# --- verdicts -------------------------------------------------------------------------------------


def judged():
    table = conventions.expand(
        combinations(*[("iris", IRIS, False, start, K) for start in ("box", "patterns") for K in (5, 6)])
    )
    return table.assign(p=np.arange(len(table)) / 100, likelihood=0.0)


def test_the_described_convention_has_the_factor_and_drawn_patterns():
    dataset = Dataset("iris", np.zeros((1, 2)), ("petal width", "sepal length"), "mm")
    row = verdicts.as_described(judged(), dataset, 6)
    assert (row["start"], row["clusters"], row["unit"], row["half"]) == ("patterns", 6, "mm", True)
    # of the two with and without the factor the latter has the higher p here, and the order of features is no matter
    assert not verdicts.likeliest(judged(), dataset, 6)["half"]
    # the likelihood goes before
    table = judged()
    assert verdicts.likeliest(table.assign(likelihood=table["half"] / 10), dataset, 6)["half"]
    assert len(verdicts.pick(judged(), dataset, 6)) == 2


def claims(*rows):
    return pd.DataFrame(rows, columns=["claim", "verdict", "share", "confidence"])


def test_verdicts_are_combined(original):
    yes, sampling, no = (v.value for v in (Verdict.REPLICATED, Verdict.SAMPLING, Verdict.NOT_REPLICATED))
    here = claims(("BB-R2b", no, 0, 0), ("BB-R3", no, 0, 0), ("BB-R4", sampling, 0.2, 0.5), ("BB-R5", yes, 1, 1))
    there = claims(("BB-R2b", yes, 1, 1), ("BB-R3", sampling, 0.1, 0), ("BB-R4", yes, 1, 1), ("BB-R5", no, 0, 0))
    described = {"p_min": 0.01, "p_mean": 0.04, "p_max": 0.9}
    candidate = {"p_min": 0.9, "p_mean": 0.01, "p_max": 0.03}
    table = verdicts.combine(here, there, described, candidate, original).set_index("claim")
    assert list(table["verdict"]) == [
        # the range: 2 * 0.01 as described, 2 * 0.03 under the candidate
        Verdict.OTHER_CONVENTION.value,
        Verdict.NOT_REPLICATED.value,
        # a claim that fails here and holds there; only a sure "yes" there counts; "maybe" and "yes" stay
        Verdict.OTHER_CONVENTION.value,
        no,
        sampling,
        yes,
    ]
    assert list(table.loc["BB-R1", ["share", "share_candidate"]]) == pytest.approx([0.02, 0.06])
    assert table.loc["BB-R4", "share_candidate"] == 1
    assert table.loc["BB-R2a", "statement"] == table.loc["BB-R2b", "statement"] == original.statement("BB-R2")
