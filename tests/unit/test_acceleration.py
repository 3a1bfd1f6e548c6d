"""Methods that make batch K-means faster: where it is slow, how much faster, and the verdicts."""

import numpy as np
import pandas as pd
import pytest

from kmeans_convergence.analysis.acceleration import judge, problems, summarize
from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data import Dataset
from kmeans_convergence.data.bundled import iris
from kmeans_convergence.experiments.acceleration import METHODS, accelerate
from kmeans_convergence.experiments.comparison import Protocol, compare
from kmeans_convergence.experiments.tuning import Tuning
from kmeans_convergence.reporting import acceleration as report

BUDGET = 200


def runs(**passes):
    """Return a table of two sets with two runs; each optimizer's passes to all levels, NaN if it never gets there."""
    rows = []
    for optimizer, of_sets in passes.items():
        for dataset, of_runs in zip(("slow", "fast"), of_sets, strict=True):
            for run, value in enumerate(of_runs):
                limit = 100.0 if optimizer == "batch_kmeans" else 99.0 + run
                levels = {f"own_{level}": value for level in ("1", "0.1", "1e-3")}
                about = {"dataset": dataset, "clusters": 3, "start": "patterns", "optimizer": optimizer}
                ends = {"start_cost": 300.0, "end": limit, "limit": limit, "budget": BUDGET}
                rows.append(about | {"run": run} | ends | levels)
    return pd.DataFrame(rows)


def table(**passes):
    found = problems(runs(batch_kmeans=((60, 80), (10, 20)), **passes), RELATIVE)
    return found.assign(family=found["dataset"])


def test_ratios_are_of_runs_from_the_same_start():
    found = table(face_newton=((15, 40), (10, 40))).set_index(["dataset", "optimizer", "half"])
    newton = found.xs("face_newton", level="optimizer")
    assert newton["ratio_0.1"].tolist() == pytest.approx([1 / 4, 1 / 2, 1, 2])
    # limits of 99 and 100 beside 100
    assert newton.loc["slow", "cost"].tolist() == pytest.approx([-1, 0])
    # the passes of the other half
    assert newton["lloyd"].tolist() == [80, 60, 20, 10]
    assert newton["slow"].tolist() == [True, True, False, False]


def test_a_run_that_never_gets_there_counts_with_the_budget():
    found = table(face_newton=((np.nan, 20), (10, 20))).set_index(["dataset", "optimizer", "half"])
    assert found.loc[("slow", "face_newton", 0), "ratio_1"] == pytest.approx(200 / 60)


def test_where_batch_kmeans_is_slow_is_seen_from_the_other_starts():
    found = problems(runs(batch_kmeans=((10, 20, 200), (5, 5, 5)), face_newton=((10, 10, 10), (5, 5, 5))), RELATIVE)
    found = found[(found["dataset"] == "slow") & (found["optimizer"] == "face_newton")].set_index("half")
    # the start that takes 200 passes makes the odd one slow, and is not slow itself
    assert found["lloyd"].to_dict() == {0: 20, 1: 105}
    assert found["slow"].to_dict() == {0: False, 1: True}
    assert found.loc[0, "ratio_0.1"] == pytest.approx(np.sqrt(1 / 20))
    assert found.loc[1, "ratio_0.1"] == pytest.approx(1 / 2)
    # from one start nothing can be said
    assert problems(runs(batch_kmeans=((100,), (5,))), RELATIVE).empty


def test_slow_starts_alone_make_nothing_look_fast():
    """Two methods that take as long, by chance more or less: chosen by the same starts, one would seem to win."""
    rng = np.random.default_rng(0)
    rows = []
    for p in range(200):
        for optimizer in ("batch_kmeans", "twin"):
            for run, passes in enumerate(50 * np.exp(rng.normal(0, 1, 3))):
                rows.append((f"s{p}", optimizer, run, passes, passes, passes))
    table = pd.DataFrame(rows, columns=["dataset", "optimizer", "run", "own_1", "own_0.1", "own_1e-3"])
    table = table.assign(clusters=2, start="patterns", start_cost=9.0, end=1.0, limit=1.0, budget=10000)
    found = problems(table, RELATIVE)
    twin = found[found["optimizer"] == "twin"]
    for _, some in twin.groupby("slow"):
        assert abs(np.log(some["ratio_0.1"]).mean()) < 0.25
    # by their own median they would
    own = table[table["optimizer"] == "batch_kmeans"].groupby("dataset")["own_0.1"].median()
    logs = np.log(table.pivot(index=["dataset", "run"], columns="optimizer", values="own_0.1"))
    chosen = (logs["twin"] - logs["batch_kmeans"])[
        lambda s: s.index.get_level_values("dataset").isin(own[own > 50].index)
    ]
    assert chosen.mean() < -0.4


@pytest.mark.parametrize(
    ("newton", "verdicts"),
    [
        (((15, 20), (10, 20)), ["reached", "reached", "reached"]),
        (((30, 40), (14, 28)), ["missed", "reached", "reached"]),
        (((30, 40), (16, 32)), ["missed", "reached", "missed"]),
    ],
)
def test_verdicts_follow_from_the_numbers(newton, verdicts):
    wide = table(face_newton=((15, 20), (10, 20)))
    assert judge(table(face_newton=newton), wide, 1, 100)["verdict"].tolist() == [*verdicts, "reached"]
    # a loss in the wide comparison counts, too, whatever the larger samples say
    assert judge(wide, table(face_newton=newton), 1, 100)["verdict"].tolist() == ["reached"] * 3 + verdicts[2:]


def test_a_goal_within_the_interval_is_not_sure():
    some = table(face_newton=((15, 20), (10, 20)))
    # as slow on a second set: half of the samples have it
    other = some.assign(dataset="other", family="other", **{"ratio_0.1": 0.4})
    judged = judge(pd.concat([some, other[other["slow"]]]), some, 1, 200)
    assert judged.loc[0, ["effect", "low", "high"]].tolist() == pytest.approx([0.325, 0.25, 0.4])
    assert judged["verdict"].tolist() == ["reached, not surely", "reached", "reached", "reached"]


def test_without_slow_problems_there_is_no_verdict():
    fast = table(face_newton=((15, 20), (10, 20)))
    fast = fast[~fast["slow"]]
    judged = judge(fast, fast, 1, 100)
    assert judged["verdict"].tolist() == ["", "", "reached", "reached"]
    assert report.goals(judged).count("--") == 4
    assert summarize(fast, 1, 100)["slow"].tolist() == [False, False]
    assert "slow" not in report.ratios(summarize(fast, 1, 100))


def test_the_runs_are_those_of_the_comparison():
    X, features = iris()
    flowers = Dataset("iris", X, features, "mm", kind="real", clusters=(3,))
    said = []
    found = accelerate([flowers], seed=3, passes=20, starts=2, report=said.append)
    assert tuple(dict.fromkeys(found["optimizer"])) == METHODS
    protocol = Protocol(3, 20, (20,), ("patterns",), {}, 150, 1, 2, 2, ("usual",), Tuning(1, 2, 0))
    alone = compare(flowers, protocol, ["batch_kmeans"], said.append).runs
    lloyd = found[found["optimizer"] == "batch_kmeans"].reset_index(drop=True)
    own = [column for column in alone if not column.startswith("best")]
    pd.testing.assert_frame_equal(lloyd[own], alone[own])
    text = report.ratios(summarize(problems(found, RELATIVE).assign(family="iris"), 1, 100))
    assert "Newton with face terms" in text
