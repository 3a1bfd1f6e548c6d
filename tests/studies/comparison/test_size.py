"""What size does: samples that contain each other, the same starts, and the slopes that were built in."""

import numpy as np
import pandas as pd
import pytest
import synthetic
from scipy import stats

from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.studies.comparison.analysis import size
from kmeans_convergence.studies.comparison.run.size import METHODS, grow


@pytest.fixture(scope="module")
def flat():
    X = np.random.default_rng(0).uniform(size=(1000, 2))
    return Dataset("flat", X, ("x", "y"), "", clusters=(4, 9), family="squares")


def test_samples_differ_in_their_size_alone(flat):
    table = grow([flat], seed=5, sizes=[100, 400, 2000], starts=3, passes=10)
    assert list(dict.fromkeys(table["optimizer"])) == list(METHODS)
    # the set has no more than 1,000 patterns
    assert sorted(table["n"].unique()) == [100, 400]
    assert set(table["clusters"]) == {4}
    assert set(table["family"]) == {"squares"}
    # the runs of batch K-means are those from prototypes of the smallest sample, on the first patterns of one order
    order = stream(5, "flat", "size").permutation(1000)
    starts = draw(flat.X[order[:100]], 4, streams(5, "flat", 4, range(3), "size starts"))
    trace = minimize(QuantizationProblem(flat.X[order[:400]].copy()), MajorizeMinimize(), starts, passes=np.inf)
    lloyd = table[(table["optimizer"] == "batch_kmeans") & (table["n"] == 400)]
    np.testing.assert_allclose(lloyd["limit"], trace.cost[-1], rtol=1e-12)
    # a smaller grid of sizes changes nothing
    pd.testing.assert_frame_equal(grow([flat], 5, [100, 400], 3, 10), table.reset_index(drop=True), check_dtype=False)


def test_slopes_are_those_of_least_squares():
    table = synthetic.size({"online_c4": -0.3}, sets=3)
    # on one set a size less
    table = table[~((table["dataset"] == "set01") & (table["n"] == 30000))]
    ratios = size.log_ratios(table)
    found = size.slopes(ratios).set_index(["dataset", "run", "optimizer"])["value"]
    for (dataset, run), some in table[table["optimizer"] == "online_c4"].groupby(["dataset", "run"]):
        # batch K-means takes ten passes
        expected = stats.linregress(np.log10(some["n"]), np.log10(some["own_1"] / 10)).slope
        assert found[dataset, run, "online_c4"] == pytest.approx(expected)
    np.testing.assert_allclose(found.xs("batch_kmeans", level="optimizer"), 0, atol=1e-12)
    last = size.at_largest(ratios).set_index(["dataset", "run", "optimizer"])["value"]
    row = table[(table["optimizer"] == "online_c4") & (table["dataset"] == "set01") & (table["n"] == 3000)].iloc[0]
    assert last["set01", row["run"], "online_c4"] == pytest.approx(np.log(row["own_1"] / 10))


def test_a_run_that_never_gets_there_counts_with_the_budget():
    table = synthetic.size({"online_c4": 0.0}, sets=1, count=1)
    table.loc[(table["optimizer"] == "online_c4") & (table["n"] == 300), "own_1"] = np.nan
    assert size.log_ratios(table).loc[("set00", 4, "patterns", 0, "online_c4"), 300] == pytest.approx(np.log(5))


def test_the_summary_has_the_slope_and_each_size():
    found = size.summarize(synthetic.size({"online_c4": -0.3, "minibatch_c4": 0.1}), 0, 200).set_index(
        ["optimizer", "n"]
    )
    for optimizer, slope in (("online_c4", -0.3), ("minibatch_c4", 0.1)):
        row = found.loc[(optimizer, 0)]
        assert row["low"] < slope < row["high"]
        assert row["families"] == 8
        assert found.loc[(optimizer, 30000), "effect"] == pytest.approx(10**slope, rel=0.05)
