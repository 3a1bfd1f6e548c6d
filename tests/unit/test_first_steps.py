"""What the paper says of the first patterns and of the end of K-means: the measures by hand, and verdicts in worlds."""

import math

import numpy as np
import pandas as pd
import pytest
import synthetic

from kmeans_convergence.analysis import predicates, readings
from kmeans_convergence.analysis.conditions import Verdict
from kmeans_convergence.analysis.evidence import Evidence
from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.data import Dataset
from kmeans_convergence.experiments import first_steps
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.reporting.first_steps import medians
from kmeans_convergence.starts import draw, streams
from kmeans_convergence.theory import equations
from kmeans_convergence.theory.rates import third_ratios
from kmeans_convergence.theory.theorems import alternation

TIED = np.array([[0.0], [2.0], [3.0]])


@pytest.mark.parametrize(
    ("w", "count"),
    [
        ([[1.0], [3.0]], 1),
        ([[1.0], [3.1]], 0),
        # two prototypes in one place are one
        ([[1.0], [1.0]], 0),
        ([[1.0], [1.0], [3.0]], 1),
        # a tie of the two that are not the nearest ones is none
        ([[2.0], [1.0], [3.0]], 0),
    ],
)
def test_ties(w, count):
    assert first_steps.tied(TIED, np.array(w)) == count


def test_a_run_that_stops_at_a_tie_is_seen(monkeypatch):
    monkeypatch.setattr(first_steps, "draw", lambda X, K, rngs: np.array([[[2.0], [3.0]], [[0.0], [3.0]]]))
    monkeypatch.setattr(first_steps, "STARTS", 2)
    table = first_steps.first_steps(Dataset("tied", TIED, ("x",), "", clusters=(2,)), seed=1)
    # from 0 and 3 the pattern 2 joins 3
    assert list(table["tied"]) == [1, 0]
    assert table["ends"].all()
    assert list(table["steps"]) == [1, 1]


def test_when_online_kmeans_is_there():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2))
    problem = QuantizationProblem(X)
    starts = draw(X, 3, streams(0, "test", 3, range(6), "starts"))
    target = np.array([equations.quantization_error(X, equations.batch_kmeans_step(X, w)) for w in starts])
    found = first_steps.reached(problem, starts, target, streams(0, "test", 3, range(6), "order"))
    for run, order in enumerate(streams(0, "test", 3, range(6), "order")):
        w, n, costs = starts[run], np.zeros(3, dtype=int), []
        for i in np.concatenate([order.permutation(60) for _ in range(first_steps.PASSES)]):
            w, n = equations.online_kmeans_step(X[i], w, n)
            costs.append(equations.quantization_error(X, w))
        seen = round(found[run] * 60)
        if found[run] < first_steps.PASSES:
            assert costs[seen - 1] <= target[run]
        # looked at after 1, 2, 3, 4, 5, 7, 8, ... patterns: never later than by a quarter
        looked = {math.ceil(first_steps.GROWTH**j) for j in range(40)} & set(range(1, seen))
        assert all(costs[m - 1] > target[run] for m in looked)
    assert (found < first_steps.PASSES).any()


def test_with_copies_of_the_data_a_smaller_part_is_enough():
    X = np.random.default_rng(1).normal(size=(80, 3))
    found = [
        first_steps.first_steps(Dataset("copies", np.tile(X, (copies, 1)), ("x",) * 3, "", clusters=(4,)), seed=2)
        for copies in (1, 16)
    ]
    few, many = (table["reached"].median() for table in found)
    assert many < few / 6
    assert list(medians(found[1])["each"]) == [80 * 16 / 4]


def test_ratios_of_thirds():
    assert third_ratios(np.r_[0.5 ** np.arange(12), 0]) == pytest.approx((0.5, 0.5, 0.5))
    # the steps of a superlinear run: each third is faster than the one before
    first, middle, last = third_ratios(np.r_[0.9 ** (np.arange(12.0) ** 2), 0])
    assert first > middle > last
    assert all(math.isnan(ratio) for ratio in third_ratios(0.5 ** np.arange(9)))


@pytest.mark.parametrize("broken", ["never lower", "another example"])
def test_the_counterexample_can_fail(monkeypatch, broken):
    arguments = (TIED, np.random.default_rng(0), 1)
    assert alternation.tied_fixed_point(*arguments).holds
    if broken == "never lower":
        monkeypatch.setattr(alternation, "_cost", lambda groups: 1000)
    else:
        monkeypatch.setattr(alternation, "TIED_START", (0, 2))
    assert not alternation.tied_fixed_point(*arguments).holds


# --- verdicts ---------------------------------------------------------------------------------------


def steps(datasets, reached=lambda each: 8 / each, thirds=(0.5, 0.5, 0.5), tied=0, ends=True):
    """Return runs of batch and online K-means, as they are measured, with some noise."""
    rng = np.random.default_rng(4)
    rows = []
    for _, dataset in datasets.iterrows():
        for run in range(10):
            noise = np.exp(0.1 * rng.normal(size=4))
            row = {"dataset": dataset["name"], "clusters": 4, "start": "patterns", "run": run, "n": dataset["n"]}
            row |= {"reached": reached(dataset["n"] / 4) * noise[0], "tied": tied, "ends": ends or run > 0}
            rows.append(row | dict(zip(("first", "middle", "last"), np.array(thirds) * noise[1:], strict=True)))
    return pd.DataFrame(rows)


def verdict(predicate, table=None, checks=None, datasets=None, **changes):
    datasets = synthetic.datasets(10, 3) if datasets is None else datasets
    table = steps(datasets) if table is None else table
    runs = synthetic.runs(datasets, synthetic.EFFECTS | changes, count=10, clusters=(4,), starts=("patterns",))
    evidence = Evidence(RELATIVE, runs, datasets, 0, 200, derivation=checks, first_steps=table)
    return predicates.PREDICATES[predicate].judge(evidence, readings.main(runs)).verdict


DATASETS = synthetic.datasets(10, 3)


@pytest.mark.parametrize(
    ("predicate", "options", "expected"),
    [
        ("stops-at-minima", {}, Verdict.HOLDS),
        ("stops-at-minima", {"tied": 1}, Verdict.FAILS),
        ("jumps", {}, Verdict.HOLDS),
        ("jumps", {"ends": False}, Verdict.FAILS),
        ("superlinear", {"thirds": (0.8, 0.4, 0.1)}, Verdict.HOLDS),
        ("superlinear", {"thirds": (0.4, 0.8, 0.4)}, Verdict.PART),
        ("superlinear", {"thirds": (0.1, 0.4, 0.8)}, Verdict.FAILS),
        ("first-patterns", {}, Verdict.HOLDS),
        # a whole pass; as many passes whatever the redundancy
        ("first-patterns", {"reached": lambda each: 1.0}, Verdict.FAILS),
        ("first-patterns", {"reached": lambda each: 0.01 * each**0.2}, Verdict.FAILS),
    ],
)
def test_statements_about_the_start_and_the_end(predicate, options, expected):
    assert verdict(predicate, steps(DATASETS, **options), datasets=DATASETS) is expected


def test_a_counterexample_leaves_a_statement_in_part():
    checks = pd.DataFrame({"step": ["fixed point with a tie"], "holds": [True]})
    assert verdict("stops-at-minima", checks=checks) is Verdict.PART
    assert verdict("stops-at-minima", checks=checks.assign(holds=False)) is Verdict.HOLDS


def test_statements_about_speed():
    fast, slow = (synthetic.Effect(factor=factor, rests=False) for factor in (0.3, 0.8))
    assert verdict("much-faster-at-first", online_kmeans=fast) is Verdict.HOLDS
    assert verdict("much-faster-at-first", online_kmeans=slow) is Verdict.FAILS
    assert verdict("all-converge", online_kmeans=fast, gradient_nmax=fast, online_gradient=fast) is Verdict.HOLDS
    never = synthetic.Effect(factor=1000, rests=False)
    assert verdict("all-converge", online_kmeans=never, gradient_nmax=fast, online_gradient=fast) is Verdict.PART


def test_a_schedule_that_matters_and_a_conditioning_that_does_not():
    rng = np.random.default_rng(7)
    datasets = synthetic.datasets(12, 3)
    left = dict(zip(datasets["name"], rng.uniform(0.2, 0.9, len(datasets)), strict=True))
    table = steps(datasets)
    table["middle"] = table["dataset"].map(left)
    fast, slow = (synthetic.Effect(factor=factor, rests=False) for factor in (0.5, 2.0))
    assert verdict("set-by-the-schedule", table, datasets=datasets, online_c4=slow, online_kmeans=fast) is Verdict.FAILS
    # passes that follow what Lloyd's steps leave: a problem of conditioning
    runs = synthetic.runs(datasets, synthetic.EFFECTS, count=10, clusters=(4,), starts=("patterns",))
    online = runs["optimizer"] == "online_kmeans"
    runs.loc[online, "own_1"] = 10 ** (2 * runs.loc[online, "dataset"].map(left)) / 10
    evidence = Evidence(RELATIVE, runs, datasets, 0, 200, first_steps=table)
    schedule, conditioning = predicates.set_by_the_schedule(evidence, readings.main(runs)).conditions
    assert conditioning.estimate.effect == pytest.approx(2)
    assert conditioning.verdict is Verdict.FAILS
    assert schedule.verdict is Verdict.HOLDS
