"""What must hold of the passes that are worth making."""

import math

import numpy as np
import pytest
from holding import are_shares, are_within, holds_once, is_complete

from kmeans_convergence.statistics.predictions import verdict
from kmeans_convergence.studies.scale import run
from kmeans_convergence.theory.efficiency import uniform_modes


@pytest.fixture(scope="module", name="sources")
def read_sources(read):
    return read("results/scale/sources.csv")


@pytest.fixture(scope="module", name="modes")
def read_modes(read):
    return read("results/scale/modes.csv")


@pytest.fixture(scope="module", name="excess")
def read_excess(read):
    return read("results/scale/excess.csv.gz")


@pytest.fixture(scope="module", name="passes")
def read_passes(read):
    return read("results/scale/passes.csv")


@pytest.fixture(scope="module", name="agreement")
def read_agreement(read):
    return read("results/scale/agreement.csv")


def test_every_source_is_there_once(sources, modes, settings):
    holds_once(sources, "source")
    assert list(sources["source"][-len(settings["scale"]["datasets"]) :]) == settings["scale"]["datasets"]
    assert set(sources["kind"]) == {"exact", "sampled", "real"}
    coordinates = (sources["clusters"] * sources["features"]).to_list()
    assert list(modes.groupby("source", sort=False).size()) == coordinates
    # nothing takes away more than all of the curvature
    assert modes["curvature"].between(0, 1 + 0.1).all()
    assert (modes["noise"] > 0).all()


def test_known_modes_are_those_of_the_theory(modes):
    for clusters in run.UNIFORM:
        some = modes[modes["source"] == f"interval, K = {clusters}"]
        np.testing.assert_allclose(some["curvature"], uniform_modes(clusters).curvatures, rtol=1e-12)


def test_each_sample_has_all_methods(excess, passes, sources, settings):
    assert np.isfinite(excess["excess"]).all()
    holds_once(excess.fillna({"factor": 0, "passes": math.inf}), "source", "n", "run", "method", "factor", "passes")
    ends = excess[excess["passes"].isna()]
    assert (ends.groupby(["source", "n", "run"]).size() == len(run.ENDING) + 2 * len(run.FACTORS) + 2).all()
    assert set(passes["n"]) == set(settings["scale"]["patterns"])
    for about, some in passes.groupby(["source", "n"]):
        size = sources.set_index("source").loc[about[0], ["clusters", "features"]].prod()
        assert len(some) == run.samples(settings["scale"]["runs"], about[1] / settings["scale"]["patterns"][0], size)


def test_a_known_minimum_is_the_least(excess, sources):
    exact = excess["source"].isin(sources.loc[sources["kind"] == "exact", "source"])
    assert exact.any()
    assert (excess.loc[exact, "excess"] > -1e-15).all()


def test_batch_k_means_goes_on_gaining_on_its_sample(passes):
    assert (passes[["batch_kmeans", "face_newton", "predicted"]] >= 0).all(axis=None)
    assert (passes["batch_kmeans"] < run.PASSES).all()
    # from a start near the minimum, few leave its basin
    assert passes["left"].mean() < 0.25
    assert (passes["heldout"] >= passes["n"]).all()


def test_means_are_those_of_the_samples(agreement, excess, passes):
    are_within(agreement, "measured", "low", "high")
    ends = excess[excess["passes"].isna()].merge(passes, on=["source", "n", "run"])
    there = ends[~ends["left"]].groupby(["source", "n", "method", "factor"], dropna=False)["excess"].mean()
    found = agreement.set_index(["source", "n", "method", "factor"])["measured"].dropna()
    np.testing.assert_allclose(found.sort_index(), there.sort_index(), rtol=1e-12)
    assert (agreement["statistical"] > 0).all()
    # no pass is predicted to do better than the minimiser of all patterns
    online = agreement["method"].isin([*run.ENDING, "online_kmeans"])
    assert (agreement.loc[online, "predicted"] >= agreement.loc[online, "statistical"] * (1 - 1e-9)).all()
    are_shares(agreement.dropna(subset="measured"), "gone")


def test_useful_passes_are_medians(read, passes, settings):
    useful = read("results/scale/useful.csv")
    holds_once(useful, "source", "n")
    for row in useful.itertuples():
        some = passes[(passes["source"] == row.source) & (passes["n"] == row.n) & ~passes["left"]]
        assert len(some) == row.samples
        assert some["batch_kmeans"].median() == row.batch_kmeans
    assert useful["rate"].between(0, 1).all()


def test_predictions_are_judged_as_they_say(read):
    table = read("results/scale/verdicts.csv")
    is_complete(table, id=[f"L{i}" for i in range(1, 19)])
    known = table.dropna(subset="value")
    assert len(known)
    for row in table.fillna({"sign": ""}).itertuples():
        assert row.verdict == verdict(row.value, row.sign, row.low, row.high)
