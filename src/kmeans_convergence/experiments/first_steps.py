"""What the paper says of the first patterns and of the end of K-means, measured on a data set."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, Stop, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams
from kmeans_convergence.theory.rates import third_ratios

# Starts of each problem: the first ones of the comparison.
STARTS = 10
# Online K-means is followed for so many passes, looked at after numbers of patterns that grow by this factor.
PASSES = 4
GROWTH = 1.25
# Batch K-means that has not ended after so many steps counts as not ending.
MOST_STEPS = 10_000
# Two squared distances whose relative difference is below this are tied.
TIE = 1e-12


def first_steps(dataset: Dataset, seed: int) -> pd.DataFrame:
    """Measure the start and the end of both K-means, from the same starts.

    Returns
    -------
    DataFrame
        One row for each run: columns dataset, clusters, start, run, n; `reached`, the passes after which online K-means
        has, for the first time, at most the cost of batch K-means after one epoch, `PASSES` if later or never; of batch
        K-means `steps`, whether it `ends`, the number of patterns that are `tied` there between distinct prototypes;
        and `first`, `middle`, `last`, what a step leaves of the residual on average in each third of the run, missing
        for short runs.
    """
    problem = QuantizationProblem(dataset.X)
    tables = []
    for K in dataset.clusters:
        starts = draw(dataset.X, K, streams(seed, dataset.name, K, range(STARTS), "starts"))
        lloyd = minimize(problem, MajorizeMinimize(), starts, epochs=1)
        rngs = streams(seed, dataset.name, K, range(STARTS), "order")
        end = minimize(problem, MajorizeMinimize(), starts, passes=MOST_STEPS)
        table = pd.DataFrame({"dataset": dataset.name, "clusters": K, "start": "patterns", "run": np.arange(STARTS)})
        table["n"] = problem.size
        table["reached"] = reached(problem, starts, lloyd.cost[1], rngs)
        table["steps"] = [int(np.argmax(cost == cost[-1])) for cost in end.cost.T]
        table["ends"] = [stop is Stop.FIXED_POINT for stop in end.stop]
        table["tied"] = [tied(dataset.X, w) for w in end.w]
        thirds = [
            third_ratios(cost[: steps + 1] - cost[-1]) for cost, steps in zip(end.cost.T, table["steps"], strict=True)
        ]
        table[["first", "middle", "last"]] = np.array(thirds)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def reached(
    problem: QuantizationProblem, starts: np.ndarray, target: np.ndarray, rngs: Sequence[np.random.Generator]
) -> np.ndarray:
    """Return the passes after which online K-means has a cost of at most `target` (R,); `PASSES` if not before."""
    most = PASSES * problem.size
    ends = np.unique(np.minimum(np.ceil(GROWTH ** np.arange(math.ceil(math.log(most, GROWTH)) + 1)), most).astype(int))
    orders = np.stack([np.concatenate([rng.permutation(problem.size) for _ in range(PASSES)]) for rng in rngs])
    x = problem.pack(starts)
    metric = np.zeros_like(x)
    passes = np.full(len(starts), float(PASSES))
    for before, after in zip(np.r_[0, ends[:-1]], ends, strict=True):
        x, metric = problem.sweep_counts(x, orders[:, before:after], metric, 1.0)
        there = (problem.evaluate(x).cost <= target) & (passes == PASSES)
        passes[there] = after / problem.size
        if (passes < PASSES).all():
            break
    return passes


def tied(X: np.ndarray, w: np.ndarray) -> int:
    """Return how many patterns have two nearest prototypes that are not the same."""
    # a prototype that is there twice counts once
    squared = np.sort(((X[:, None] - np.unique(w, axis=0)) ** 2).sum(axis=2), axis=1)
    if squared.shape[1] == 1:
        return 0
    return int((squared[:, 1] - squared[:, 0] <= TIE * squared[:, 1]).sum())
