"""The experiment on rates of convergence, its judgement and its figures."""

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.studies.rates.analysis.contraction import agreement, medians
from kmeans_convergence.studies.rates.run.contraction import STARTS, WIDTHS, contraction, growth, kernels, unrounded
from kmeans_convergence.studies.rates.show import contraction as figures


def table(rows):
    columns = ["dataset", "optimizer", "width", "run", "measured", "predicted", "low", "high", "informative"]
    made = pd.DataFrame(rows, columns=columns)
    return made.assign(family=made["dataset"])


RATES = table(
    [
        *[("a", "batch_kmeans", 0.1, run, 0.2, 0.3 + run / 100, 0.2, 0.4, True) for run in range(3)],
        *[("b", "batch_kmeans", 0.1, run, 0.5, 0.4, 0.3, 0.5, True) for run in range(3)],
        *[("c", "batch_kmeans", 0.1, run, 0.8, 0.9, 0.8, 1.0, True) for run in range(3)],
        # not informative: too noisy
        *[("d", "batch_kmeans", 0.1, run, 0.1, 1.5, 0.5, 2.0, False) for run in range(3)],
        # too short to be measured
        *[("e", "batch_kmeans", 0.1, run, np.nan, 0.1, 0.1, 0.1, True) for run in range(3)],
        *[("a", "gradient_nmax", 0.0, run, 0.9, 0.9, 0.9, 0.9, True) for run in range(3)],
        *[("b", "gradient_nmax", 0.0, run, 0.5, 0.6, 0.6, 0.6, True) for run in range(3)],
    ]
)


def test_agreement_by_hand():
    found = agreement(RATES, 1, 100).set_index("optimizer")
    lloyd = found.loc["batch_kmeans"]
    assert (lloyd["sets"], lloyd["silent"], lloyd["correlation"]) == (3, 1, pytest.approx(1))
    # of 0.11, -0.1 and 0.1
    assert lloyd["bias"] == pytest.approx(0.1)
    assert medians(RATES).set_index(["optimizer", "dataset"]).loc[("batch_kmeans", "a"), "predicted"] == 0.31
    # one set alone has no rank
    assert np.isnan(agreement(RATES[RATES["dataset"] == "a"], 1, 100)["correlation"]).all()
    # predicted as 0.31, 0.4, 0.9 and 1.5, measured as 0.2, 0.5, 0.8 and, where it can't tell, 0.1
    assert lloyd["all"] == pytest.approx(-0.2)
    assert lloyd["all_low"] < -0.2 < lloyd["all_high"]


def test_intervals_of_correlations():
    rng = np.random.default_rng(1)
    rows = [
        (f"s{i}", "lloyd_steps", 0.05, 0, i / 20, i / 20 + 0.2 * rng.normal(), 0.0, 1.0, i % 2 == 0) for i in range(20)
    ]
    rows += [(f"s{i}", "batch_kmeans", 0.1, 0, i / 20, i / 20, 0.0, 1.0, i < 3) for i in range(20)]
    judged = agreement(table(rows), 1, 200)
    noisy, exact = (judged.set_index("optimizer").loc[name] for name in ("lloyd_steps", "batch_kmeans"))
    assert (noisy["sets"], noisy["silent"]) == (10, 10)
    assert noisy["low"] < noisy["correlation"] < noisy["high"] <= 1
    # twice as many sets say more
    assert noisy["all_high"] - noisy["all_low"] < noisy["high"] - noisy["low"]
    assert (exact["all"], exact["all_low"], exact["all_high"]) == pytest.approx((1, 1, 1))
    text = figures.agreements(judged)
    assert "1.00 [1.00, 1.00]" in text
    assert "nan" not in text


def test_the_experiment_tells_what_it_can():
    X, features = iris()
    rates = contraction(Dataset("iris", X, features, "mm", kind="real", clusters=(3,)), 1)
    assert len(rates) == STARTS * (2 * len(WIDTHS) + 1)
    gradient = rates[rates["optimizer"] == "gradient_nmax"].dropna(subset="measured")
    # the assignments of all runs freeze, and from there on theory is exact
    assert len(gradient) == STARTS
    np.testing.assert_allclose(gradient["measured"], gradient["predicted"], rtol=1e-4)
    # fewer than 60 flowers near faces: can't tell
    few = rates[(rates["optimizer"] != "gradient_nmax") & (rates["patterns"] < 60)]
    assert len(few)
    assert not few["informative"].any()
    assert list(rates["run"].unique()) == list(range(STARTS))


def test_lloyd_needs_more_steps_on_a_larger_sample():
    found = growth(1, most=10_000, runs=10)
    steps = found.pivot(index="source", columns="n", values="steps").loc[["interval, K = 2", "interval, K = 3"]]
    assert (steps[10_000] > 1.5 * steps[100]).all()
    # two decades of n: 2 log 10 / log 2 and 2 log 10 / log (4/3) more steps
    lines = found.pivot(index="source", columns="n", values="predicted").loc[steps.index]
    np.testing.assert_allclose(lines[10_000] - lines[100], [6.644, 16.008], atol=1e-3)
    # those of the square are what the faces say: known to some per cent of 1 - rho on so few patterns
    square = found[found["source"].str.startswith("square")].iloc[-1]
    assert 0.6 < square["rate"] < 1
    assert not found["real"].any()


def test_a_data_set_is_as_large_as_it_is():
    X = np.round(8 * np.random.default_rng(1).normal(size=(1500, 2)))
    whole = Dataset("rounded", X, ("a", "b"), "", kind="pixels", clusters=(5, 2))
    found = growth(1, [whole, unrounded(whole, 1)], most=10_000, runs=3)
    for name in ("rounded, K = 2", "rounded unrounded, K = 2"):
        some = found[found["source"] == name]
        assert some["real"].all()
        assert list(some["n"]) == [100, 316, 1000]
    noisy = unrounded(whole, 1).X
    assert (np.round(noisy) == X).all()
    assert len(np.unique(noisy[:, 0])) == 1500


def test_a_wide_flat_kernel_is_biased_where_there_are_several_dimensions():
    found = kernels(1, large=200_000, widths=(0.05, 0.3), samples=5).set_index(["density", "kernel", "width"])
    bias = found["rate"] - found["known"]
    assert abs(bias["uniform, 1-d", "flat", 0.3]) < 0.03
    for density in ("uniform, 2-d", "Gaussian, 5-d"):
        assert bias[density, "flat", 0.3] < -0.04
        assert abs(bias[density, "extrapolated", 0.3]) < -bias[density, "flat", 0.3]
    # four times the variance
    deviation = found["deviation"]["uniform, 1-d"]
    assert 1.2 < deviation["extrapolated", 0.05] / deviation["flat", 0.05] < 4


def test_the_figures_show_all_sets():
    steps = RATES[RATES["optimizer"] == "batch_kmeans"].assign(optimizer="lloyd_steps")
    rates = pd.concat([RATES, steps])
    widths = {"batch_kmeans": 0.1, "lloyd_steps": 0.1, "gradient_nmax": 0.0}
    left, middle, right = figures.predicted(rates, agreement(rates, 1, 100), widths).axes
    assert "1.00 (3 sets)" in left.get_title(loc="left")
    assert "gradient" in middle.get_title(loc="left")
    assert "way" in right.get_title(loc="left")
    shown = sum(len(line.get_xdata()) for line in left.lines if line.get_marker() == "s")
    assert shown == 4
    frame = growth(1, most=1000, runs=3)
    axes = figures.finite_sample(frame).axes[0]
    assert axes.get_xscale() == "log"
    assert len(figures.kernels(kernels(1, n=500, large=2000, widths=(0.1, 0.2), samples=2)).axes) == 3
