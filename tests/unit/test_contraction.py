"""The experiment on rates of convergence, its judgement and its figures."""

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.analysis.contraction import agreement, medians
from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.experiments.contraction import STARTS, WIDTHS, contraction, growth
from kmeans_convergence.reporting.contraction import finite_sample, predicted


def table(rows):
    columns = ["dataset", "optimizer", "width", "run", "measured", "predicted", "low", "high", "informative"]
    return pd.DataFrame(rows, columns=columns)


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
    found = agreement(RATES).set_index("optimizer")
    lloyd = found.loc["batch_kmeans"]
    assert (lloyd["sets"], lloyd["silent"], lloyd["correlation"]) == (3, 1, pytest.approx(1))
    # of 0.11, -0.1 and 0.1
    assert lloyd["bias"] == pytest.approx(0.1)
    assert medians(RATES).set_index(["optimizer", "dataset"]).loc[("batch_kmeans", "a"), "predicted"] == 0.31
    # one set alone has no rank
    assert np.isnan(agreement(RATES[RATES["dataset"] == "a"])["correlation"]).all()


def test_the_experiment_tells_what_it_can():
    X, features = iris()
    rates = contraction(Dataset("iris", X, features, "mm", kind="real", clusters=(3,)), 1)
    assert len(rates) == STARTS * (len(WIDTHS) + 1)
    gradient = rates[rates["optimizer"] == "gradient_nmax"].dropna(subset="measured")
    # the assignments of all runs freeze, and from there on theory is exact
    assert len(gradient) == STARTS
    np.testing.assert_allclose(gradient["measured"], gradient["predicted"], rtol=1e-4)
    # fewer than 60 flowers near faces: can't tell
    few = rates[(rates["optimizer"] == "batch_kmeans") & (rates["patterns"] < 60)]
    assert len(few)
    assert not few["informative"].any()
    assert list(rates["run"].unique()) == list(range(STARTS))


def test_lloyd_needs_more_steps_on_a_larger_sample():
    found = growth(1, clusters=(2, 3), sizes=(100, 10_000), runs=10)
    steps = found.pivot(index="clusters", columns="n", values="steps")
    assert (steps[10_000] > 1.5 * steps[100]).all()
    # two decades of n: 2 log 10 / log 2 and 2 log 10 / log (4/3) more steps
    more = found.pivot(index="clusters", columns="n", values="predicted").diff(axis=1)[10_000]
    np.testing.assert_allclose(more, [6.644, 16.008], atol=1e-3)


def test_the_figures_show_all_sets():
    left, right = predicted(RATES, 0.1).axes
    assert "rank correlation 1.00 (3 sets)" in left.get_title(loc="left")
    assert "gradient" in right.get_title(loc="left")
    shown = sum(len(line.get_xdata()) for line in left.lines if line.get_marker() == "s")
    assert shown == 4
    frame = growth(1, clusters=(2,), sizes=(100, 1000), runs=3)
    (axes,) = finite_sample(frame).axes
    assert axes.get_xscale() == "log"
