"""What k-means is worth as a start, hard beside soft thresholds, and the verdicts on both (BB-S1, BB-S9)."""

import math
import re

import numpy as np
import pandas as pd
import pytest
import synthetic

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.statistics import readings
from kmeans_convergence.studies.comparison.analysis import predicates
from kmeans_convergence.studies.comparison.analysis.evidence import Evidence
from kmeans_convergence.studies.mixtures.run import kmeans_start, thresholds
from kmeans_convergence.studies.mixtures.run.fits import Fit
from kmeans_convergence.studies.mixtures.show import starts as shown

X, FEATURES = iris()
IRIS = Dataset("iris", X, FEATURES, "mm", clusters=(3,))


@pytest.fixture(scope="module")
def starting():
    return kmeans_start.measure(Fit(IRIS, "spherical", 3), 1)


def test_k_means_starts_where_em_without_it_does(starting):
    wide = starting.pivot(index="run", columns="arm", values=["first", "begin", "limit", "labels", "first_labels"])
    np.testing.assert_array_equal(wide["first", "kmeans"], wide["first", "patterns"])
    np.testing.assert_array_equal(wide["begin", "patterns"], wide["first", "patterns"])
    # batch K-means brings more likelihood and more of the labels
    assert (wide["begin", "kmeans"] < wide["first", "kmeans"]).mean() > 0.8
    assert wide["labels", "kmeans"].mean() > wide["first_labels", "kmeans"].mean()
    kept = ~starting["degenerate"]
    assert kept.mean() > 0.8
    assert (starting.loc[kept, "limit"] <= starting.loc[kept, "begin"] + 1e-12).all()
    assert starting.loc[kept, ["labels", "first_labels"]].stack().between(0, 1).all()
    assert (starting["kmeans_passes"] > 0).equals(starting["arm"] == "kmeans")


def test_labels_that_are_there_at_once():
    """Two heaps far apart: batch K-means has all labels, and nearly all of the likelihood."""
    rng = np.random.default_rng(0)
    heaps = rng.normal(size=(80, 2)) + 30 * (np.arange(80) >= 40)[:, None]
    table = kmeans_start.measure(Fit(Dataset("heaps", heaps, ("a", "b"), "", clusters=(2,)), "full", 2), 1)
    kmeans = table[table["arm"] == "kmeans"]
    assert (kmeans["labels"] == 1).all()
    rise = (kmeans["first"] - kmeans["begin"]) / (kmeans["first"] - kmeans["limit"])
    assert rise.median() > 0.9
    assert (kmeans["own_1e-1"] <= 1).all()


def test_both_thresholds_from_the_same_starts_where_components_overlap_and_where_they_do_not():
    wide, *_, narrow = (thresholds.measure(case, 1) for case in thresholds.on_dataset(IRIS, 3, 1))
    np.testing.assert_array_equal(wide["hard_end"], narrow["hard_end"])
    assert wide["hard_ends"].all()
    assert narrow["soft_rate"].median() < 0.5 < wide["soft_rate"].median()
    for table in (wide, narrow):
        assert (table["hard_1e-6"] <= table["hard_end"]).all()
        for kind in ("hard", "soft"):
            reached = table[[f"{kind}_{target}" for target in ("1e-1", "1e-3", "1e-6")]].fillna(np.inf).to_numpy()
            assert (reached[:, :-1] <= reached[:, 1:]).all()
    assert wide["hard_rate"].isna().all()
    # the narrower the components, the nearer EM is to batch K-means
    ratios = [(table["soft_1e-6"].fillna(1000) / table["hard_1e-6"]).median() for table in (wide, narrow)]
    assert ratios[0] > ratios[1]


def test_rates_of_both_fall_as_mixtures_separate():
    cases = [case for case in thresholds.synthetic(1) if case.name in ("separation 1.5, 0", "separation 8, 0")]
    near, far = (thresholds.measure(case, 1) for case in cases)
    for column in ("hard_rate", "soft_rate"):
        assert near[column].median() > 0.3 > 0.1 > far[column].min() >= 0


# --- verdicts ---------------------------------------------------------------------------------------------------------


def starts_in(world, rise=0.8, passes=10.0, gain=0.1):
    rng = np.random.default_rng(1)
    rows = []
    for name in world["name"]:
        for run in range(6):
            limit = rng.normal()
            for arm in kmeans_start.ARMS:
                row = {"dataset": name, "family": name, "clusters": 3, "covariance": "full", "arm": arm, "run": run}
                first = limit + 2 + 0.1 * rng.random()
                row |= {"first": first, "begin": first - rise * (first - limit), "kmeans_passes": passes}
                row |= {"limit": limit + gain * (arm != "kmeans"), "own_1e-3": 90.0, "degenerate": run == 0}
                rows.append(row | {"labels": 0.9, "first_labels": 0.6, "own_1e-1": 5.0, "own_1e-6": math.nan})
    return pd.DataFrame(rows)


def thresholds_in(world, ratio=3.0, rate=0.8):
    rng = np.random.default_rng(2)
    rows = []
    for name in world["name"]:
        for share in thresholds.SHARES:
            for run in range(6):
                hard = 10 * np.exp(0.1 * rng.normal())
                row = {
                    "dataset": name,
                    "family": name,
                    "separation": math.nan,
                    "share": share,
                    "clusters": 3,
                    "run": run,
                }
                for target in ("1e-1", "1e-3", "1e-6"):
                    row |= {f"hard_{target}": hard, f"soft_{target}": ratio * share * hard}
                rows.append(
                    row | {"hard_end": hard, "hard_ends": True, "soft_rate": rate * share, "hard_rate": math.nan}
                )
    return pd.DataFrame(rows)


WORLD = synthetic.datasets(10, 3)


RUNS = synthetic.runs(WORLD, {"batch_kmeans": synthetic.EFFECTS["batch_kmeans"]}, count=5, clusters=(4,))


def verdict(predicate, **tables):
    evidence = Evidence(RELATIVE, RUNS, WORLD, 0, 200, **tables)
    return predicates.PREDICATES[predicate].judge(evidence, readings.main(RUNS)).verdict.value


@pytest.mark.parametrize(
    ("predicate", "changes", "expected"),
    [
        ("most-of-the-work", {}, "holds"),
        ("most-of-the-work", {"rise": 0.3}, "fails"),
        ("most-of-the-work", {"passes": 90.0}, "fails"),
        ("better-start", {}, "holds"),
        ("better-start", {"gain": 0.0}, "fails"),
        ("better-start", {"gain": -0.1}, "fails"),
    ],
)
def test_verdicts_on_k_means_as_a_start(predicate, changes, expected):
    assert verdict(predicate, kmeans_start=starts_in(WORLD, **changes)) == expected


@pytest.mark.parametrize(
    ("predicate", "changes", "expected"),
    [
        ("hard-ends", {}, "holds"),
        ("hard-ends", {"rate": 0.0}, "fails"),
        ("hard-faster", {"ratio": 8.0}, "holds"),
        # a quarter of the deviation: below one
        ("hard-faster", {}, "holds in part"),
        ("hard-faster", {"ratio": 0.5}, "fails"),
    ],
)
def test_verdicts_on_hard_and_soft_thresholds(predicate, changes, expected):
    assert verdict(predicate, thresholds=thresholds_in(WORLD, **changes)) == expected


@pytest.mark.parametrize("predicate", ["most-of-the-work", "better-start", "hard-ends", "hard-faster"])
def test_without_tables_nothing_is_decided(predicate):
    assert verdict(predicate) == "cannot be decided"


def test_the_figure_and_the_numbers():
    starting = starts_in(WORLD, rise=0.75)
    swept = thresholds_in(WORLD).assign(separation=2.0, hard_rate=0.4)
    both = pd.concat([thresholds_in(WORLD), swept, swept.assign(separation=4.0)], ignore_index=True)
    left, middle, right = shown.worth(starting, both).axes
    marks = left.lines[0]
    assert marks.get_label() == "full"
    np.testing.assert_allclose(np.column_stack(marks.get_data()), [[0.1, 0.75]] * len(WORLD))
    assert [line.get_label() for line in middle.lines] == ["EM", "K-means, population", "K-means, sample"]
    assert right.get_yscale() == "log"
    values = shown.numbers(starting, both)
    assert (values["startRise"], values["startPasses"]) == (r"75\,\%", r"10\,\%")
    assert values["softRateHalf"] == "0.40"
    assert values["startLostKmeans"] == r"17\,\%"


def test_each_number_of_the_section_has_a_macro(root):
    values = shown.numbers(starts_in(WORLD), thresholds_in(WORLD))
    section = (root / "paper/sections/mixtures.tex").read_text()
    used = set(re.findall(r"\\((?:start|hard|soft)[A-Z][A-Za-z]*)", section))
    assert len(used) > 15
    assert used <= set(values)
