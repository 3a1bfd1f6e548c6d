"""What does size do? Samples of the same data set, with the same number of prototypes, that differ in nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, stream, streams
from kmeans_convergence.studies.comparison.run.contenders import CONTENDERS
from kmeans_convergence.studies.comparison.run.paths import first_within, follow

# Batch K-means and some methods that see single patterns or a few at a time.
METHODS = ("batch_kmeans", "minibatch_counts", "minibatch_c4", "minibatch_ema", "online_c4")


def grow(datasets: Sequence[Dataset], seed: int, sizes: Sequence[int], starts: int, passes: int) -> pd.DataFrame:
    """Run some optimizers on samples of each data set, each of which contains the smaller ones.

    All samples of a set have the same starts, drawn from the smallest one.

    Parameters
    ----------
    datasets : sequence of Dataset
        Scaled; the first of their `clusters` is the number of prototypes.
    seed : int
    sizes : sequence of int
        Of the samples, ascending; those above the number of patterns of a set are left out.
    starts, passes : int
        Of each set and size, and the budget of a run.

    Returns
    -------
    DataFrame
        One row for each run: dataset, family, clusters, start, n, optimizer, run, budget, limit and own_1, the passes
        until the cost is at most 1 % above the run's own limit (missing where it never is).
    """
    tables = []
    for dataset in datasets:
        K, name = dataset.clusters[0], dataset.name
        order = stream(seed, name, "size").permutation(len(dataset.X))
        repetitions = range(starts)
        smallest = dataset.X[order[: sizes[0]]]
        begins = draw(smallest, K, streams(seed, name, K, repetitions, "size starts"))
        about = {"dataset": name, "family": dataset.family or name, "clusters": K, "start": "patterns"}
        for n in (n for n in sizes if n <= len(order)):
            problem = QuantizationProblem(np.ascontiguousarray(dataset.X[order[:n]]))
            for key in METHODS:
                rngs = streams(seed, name, K, repetitions, "size order")
                path = follow(problem, CONTENDERS[key], math.nan, begins, rngs, [passes])[passes]
                reached = first_within(path, 1.01 * path.limit, passes)
                run = {"n": n, "optimizer": key, "run": np.arange(starts), "budget": passes}
                tables.append(pd.DataFrame(about | run | {"limit": path.limit, "own_1": reached}))
    return pd.concat(tables, ignore_index=True)
