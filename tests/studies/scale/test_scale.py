"""What passes are worth: sources that are known, samples of them, and what is said of predictions."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from kmeans_convergence.data import Dataset
from kmeans_convergence.statistics.predictions import read_predictions, score
from kmeans_convergence.studies.scale import analysis, run, show
from kmeans_convergence.theory.efficiency import minimiser_excess, one_pass_excess
from kmeans_convergence.theory.rates import Modes


@pytest.fixture(scope="module")
def tables():
    photograph = np.random.default_rng(0).integers(0, 256, size=(3000, 3)).astype(float)
    dataset = Dataset("hubble_px", photograph, ("r", "g", "b"), "level", kind="pixels", clusters=(8, 3))
    return run.measure([dataset], seed=1, rows=3000, patterns=[300, 1200], heldout=1000, runs=2)


@pytest.fixture(scope="module")
def findings(tables):
    agreement = analysis.agreement(*tables, seed=1, resamples=100)
    useful = analysis.useful_passes(tables.modes, tables.passes)
    return analysis.Findings(agreement, useful, analysis.theories(tables.sources, tables.modes), 1, 100)


@pytest.mark.parametrize("w", [(0.25, 0.75), (0.8, 0.1), (0.3, 0.5, 0.55)])
def test_the_cost_on_an_interval_by_quadrature(w):
    def cost(x):
        return 0.5 * min((x - each) ** 2 for each in w)

    edges = [(a + b) / 2 for a, b in zip(sorted(w), sorted(w)[1:], strict=False)]
    expected = quad(cost, 0, 1, points=edges)[0]
    assert run.uniform_cost(np.array(w)[None, :, None])[0] == pytest.approx(expected, rel=1e-9)
    source = run.uniform(len(w))
    assert source.excess(source.minimum[None])[0] == pytest.approx(0, abs=1e-15)


def test_the_excess_near_a_known_minimum_is_that_of_the_modes():
    source = run.uniform(6)
    w = source.minimum + 1e-4 * np.random.default_rng(0).normal(size=(6, 1))
    expected = 0.5 * (source.modes.curvatures * source.error(w) ** 2).sum()
    assert source.excess(w[None])[0] == pytest.approx(expected, rel=1e-2)


def test_an_estimated_source_knows_what_it_stands_for():
    # that of the interval, by a sample
    X = np.random.default_rng(3).random((200_000, 1))
    found = run.estimated("sample", "sampled", lambda rng, n, m: (X[:n], X[:m]), X, 2, 1)
    exact = run.uniform(2)
    order = found.minimum[:, 0].argsort()
    np.testing.assert_allclose(found.minimum[order], exact.minimum, atol=5e-3)
    np.testing.assert_allclose(found.modes.curvatures, exact.modes.curvatures, atol=0.03)
    np.testing.assert_allclose(found.modes.noise, exact.modes.noise, rtol=0.03)
    np.testing.assert_allclose(found.shares, 0.5, atol=0.01)


def test_what_is_held_out_is_not_drawn():
    X = np.arange(4000.0).reshape(1000, 4) * 10
    dataset = Dataset("all different", X, tuple("abcd"), "", clusters=(4, 2))
    source = run.photograph(dataset, seed=1)
    drawn = np.concatenate(source.draw(np.random.default_rng(0), 600, 400))
    assert len(np.unique(drawn.round(-1), axis=0)) == 1000
    assert source.held(100, 300) == 300
    assert source.held(50, 300) == 200
    assert run.uniform(2).held(100, 300) == math.inf


def test_samples_by_hand():
    assert run.samples(60, 1.0, 40) == 60
    assert run.samples(60, 100.0, 10) == 12
    assert run.samples(60, 100.0, 400) == run.FEWEST


def test_the_nearest_factor_does_not_stall():
    modes = Modes(np.array([0.06, 1.0, 1.0]), np.array([1e-6, 1.0, 1.0]), np.eye(3))
    # 8 is nearest to the best, but the slow mode asks for more than 1 / 0.12
    assert run.nearest_factor(modes) == 16
    assert run.nearest_factor(Modes(np.full(2, 0.5), np.ones(2), np.eye(2))) == 2


def test_all_methods_have_all_samples(tables):
    assert list(tables.sources["kind"]) == ["exact", "exact", "sampled", "sampled", "real"]
    ends = tables.excess[tables.excess["passes"].isna()]
    each = len(run.ENDING) + 2 * len(run.FACTORS) + 2
    assert (ends.groupby(["source", "n", "run"]).size() == each).all()
    # only the largest samples are looked at before
    assert set(tables.excess.loc[tables.excess["passes"].notna(), "n"]) == {1200}
    assert len(tables.passes) == len(ends) / each


def test_a_run_is_the_same_whatever_runs_beside_it(tables):
    again = run.Sample(run.uniform(2), 300, 1, seed=1, held=math.inf).excess(())
    some = tables.excess[(tables.excess["source"] == "interval, K = 2") & (tables.excess["n"] == 300)]
    some = some[(some["run"] == 1) & some["passes"].isna()]
    np.testing.assert_array_equal([row["excess"] for row in again], some["excess"])


def test_agreement_by_hand():
    sources = pd.DataFrame({"source": ["s"], "family": ["f"], "kind": ["real"], "clusters": [1], "features": [2]})
    modes = pd.DataFrame({"source": "s", "mode": [0, 1], "curvature": [0.25, 1.0], "noise": [1.0, 3.0], "start": 0.0})
    rows = [
        (run, method, factor, math.nan, value)
        for run, values in enumerate(((1.0, 5.0), (3.0, 7.0), (100.0, 100.0)))
        for (method, factor), value in zip((("batch_kmeans", math.nan), ("online_kmeans", 4.0)), values, strict=True)
    ]
    excess = pd.DataFrame(rows, columns=["run", "method", "factor", "passes", "excess"])
    excess = excess.assign(source="s", n=100, gone=False)
    passes = pd.DataFrame(
        {"source": "s", "n": 100, "run": [0, 1, 2], "batch_kmeans": [3.0, 5.0, 99.0], "face_newton": 2.0}
        | {"heldout": 50, "predicted": 4.0, "left": [False, False, True]}
    )
    found = analysis.agreement(sources, modes, excess, passes, 1, 100).set_index("method")
    # sum of v / lambda is 7; with c = 4: lambda c^2 v / (2 c lambda - 1) is 4 and 48/7
    assert found.loc["batch_kmeans", "predicted"] == pytest.approx(7 / 200 + 7 / 100)
    assert found.loc["online_kmeans", "predicted"] == pytest.approx((4 + 48 / 7) / 200 + 7 / 100)
    assert tuple(found["measured"]) == (2.0, 6.0)
    assert tuple(found["left"]) == (1, 1)
    assert found.loc["batch_kmeans", "net"] == pytest.approx(2 - 7 / 100)
    useful = analysis.useful_passes(modes, passes)
    assert tuple(useful.loc[0, ["samples", "batch_kmeans", "predicted", "rate"]]) == (2, 4.0, 4.0, 0.75)


def known(measured, n=(1000, 100_000), kind="exact", curvature=0.25):
    """Return findings on two sources where everything is as the theory says, but for factors of what is measured."""
    spectrum = Modes(np.array([curvature, 1.0]), np.ones(2), np.empty((0, 0)))
    rows, passes = [], []
    for source in ("s", "t"):
        for size in n:
            least, best = minimiser_excess(spectrum, size), one_pass_excess(spectrum, 4.0, size)
            of = {("batch_kmeans", math.nan): least, ("online_kmeans", 4.0): best, ("online_kmeans", 1.0): size**-0.5}
            of[("kept", 4.0)] = best
            for (method, factor), value in of.items():
                found = measured.get(method, 1.0) * value
                row = {"source": source, "family": source, "kind": kind, "n": size, "method": method, "factor": factor}
                rows.append(row | {"measured": found, "net": found, "ratio": found / value})
            taken = 2 + math.log(size) / (-2 * math.log(1 - curvature))
            row = {"source": source, "n": size, "predicted": taken, "rate": 1 - curvature}
            passes.append(row | {"batch_kmeans": measured.get("passes", 1.0) * taken, "face_newton": 5.0})
    theory = analysis.Theory(spectrum, np.zeros(2), 2)
    return analysis.Findings(pd.DataFrame(rows), pd.DataFrame(passes), {"s": theory, "t": theory}, 1, 50)


def test_statistics_of_what_is_known():
    found = known({"batch_kmeans": 1.1, "online_kmeans": 1.2, "passes": 0.9})
    assert analysis.excess_ratio(found, "exact", "batch_kmeans")[0] == pytest.approx(1.1)
    assert analysis.excess_ratio(found, "all", "best")[0] == pytest.approx(1.2)
    assert np.isnan(analysis.excess_ratio(found, "real", "batch_kmeans")[0])
    assert analysis.power(found, "online_kmeans")[0] == pytest.approx(0.5)
    # nothing stalls there
    assert np.isnan(analysis.power(known({}, curvature=0.6), "online_kmeans")[0])
    best, least = (4 / 4 * 4 / 1, 4 / 1 * 4 / 7), (4.0, 1.0)
    assert analysis.costs(found, "best")[0] == pytest.approx(1.2 / 1.1 * sum(best) / sum(least))
    assert analysis.overwriting(found, "best")[0] == pytest.approx(1.2)
    assert analysis.passes_ratio(found, "batch_kmeans")[0] == pytest.approx(0.9)
    assert analysis.slope(found, "batch_kmeans")[0] == pytest.approx(0.9)
    assert analysis.share(found, "face_newton")[0] == pytest.approx(5 / found.passes["batch_kmeans"].max())


def test_figure_table_and_numbers(tables, findings, root):
    left, right = show.worth(tables.excess, tables.passes, findings.agreement).axes
    assert len(left.lines) == len(show.LINES) + 2
    assert "hubble_px" in right.get_title(loc="left")
    stated = read_predictions(root / "config" / "scale_predictions.tsv", analysis.STATISTICS)
    verdicts = score(stated, analysis.STATISTICS, findings)
    assert show.table(verdicts).count(r"\\") == len(stated) + 1
    values = show.numbers(tables.sources, tables.passes, findings.agreement, findings.passes, verdicts)
    assert (values["scaleSources"], values["scalePhotographs"], values["scaleLargest"]) == ("5", "one", "1,200")
    assert "nan" not in " ".join(values.values())
