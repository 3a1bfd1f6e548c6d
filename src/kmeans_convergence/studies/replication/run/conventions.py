"""The paper's experiment under other conventions: where batch K-means ends, and what the first figure would show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd

from kmeans_convergence.core import Problem
from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, Rate, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams
from kmeans_convergence.studies.replication.run.experiment import Protocol, run

# What the paper's first figure shows, the mixture on an axis of its own.
DRAWN = ("online_kmeans", "batch_kmeans", "online_gradient", "batch_gradient", "mixture")
# Starts from which it is drawn again under a convention.
REDRAWN = 400


def limits(
    dataset: Dataset, seed: int, runs: int, clusters: Sequence[int], kinds: Sequence[str]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Run batch K-means to the end for every subset of the features, input scaling, K and kind of start.

    Units and the factor 1/2 only multiply costs, so they need no runs of their own; standardised inputs do.

    Parameters
    ----------
    dataset : Dataset
    seed : int
    runs : int
        Starts for each combination; the same streams serve all combinations with the same K and kind.
    clusters : sequence of int
    kinds : sequence of str
        Keys of `starts.KINDS`.

    Returns
    -------
    combinations : DataFrame
        One row for each: variant, features, standardized, start, clusters.
    limits : ndarray of shape (rows, runs)
        Cost, with the factor 1/2, where each run ends.
    """
    # All kinds of start treat features separately and scale with them: one draw serves every subset and scaling.
    starts = {
        (kind, K): draw(dataset.X, K, streams(seed, dataset.name, K, range(runs), f"convention {kind}"), kind)
        for kind, K in product(kinds, clusters)
    }
    rows, costs = [], []
    for features, standardized in product(subsets(dataset.features), (False, True)):
        columns = [dataset.features.index(feature) for feature in features]
        X = dataset.X[:, columns]
        unit = X.std(axis=0) if standardized else 1.0
        problem = QuantizationProblem(X / unit)
        for (kind, K), start in starts.items():
            costs.append(run_to_the_end(problem, start[:, :, columns] / unit))
            rows.append(
                {
                    "variant": dataset.name,
                    "features": " + ".join(features),
                    "standardized": standardized,
                    "start": kind,
                    "clusters": K,
                }
            )
    return pd.DataFrame(rows), np.stack(costs)


def subsets(features: Sequence[str]) -> list[tuple[str, ...]]:
    """Return all non-empty subsets, the largest first."""
    return [s for size in range(len(features), 0, -1) for s in combinations(features, size)]


def run_to_the_end(problem: Problem, starts: np.ndarray) -> np.ndarray:
    """Return the cost at which batch K-means terminates from each start, shape (R,)."""
    return minimize(problem, MajorizeMinimize(), starts, passes=math.inf).cost[-1]


def redraw(
    rows: pd.DataFrame, datasets: Sequence[Dataset], experiment: Mapping[str, Any], runs: int, seed: int
) -> np.ndarray:
    """Repeat the paper's experiment under some conventions.

    Parameters
    ----------
    rows : DataFrame
        Conventions: combination, variant, features, unit, clusters, start.
    datasets : sequence of Dataset
        The variants.
    experiment : mapping
        The settings of the experiment.
    runs : int
        Of which `REDRAWN` are made at most.
    seed : int

    Returns
    -------
    ndarray of shape (conventions, methods, runs, epochs)
        As `residuals` returns them for each row; rows with one combination share them.
    """
    variants, values = {dataset.name: dataset for dataset in datasets}, {}
    for _, row in rows.drop_duplicates("combination").iterrows():
        lengths = experiment["epochs"], experiment["polish_epochs"]
        protocol = Protocol(seed, row["clusters"], *lengths, row["start"])
        convention = variants[row["variant"]], row["features"].split(" + "), row["unit"] == "standardised"
        values[row["combination"]] = residuals(*convention, protocol, Rate(experiment["rate"]), min(REDRAWN, runs))
    return np.stack([values[index] for index in rows["combination"]])


def residuals(
    dataset: Dataset, features: Sequence[str], standardized: bool, protocol: Protocol, rate: Rate, runs: int
) -> np.ndarray:
    """Repeat the paper's experiment under a convention.

    Parameters
    ----------
    dataset : Dataset
        With all its features.
    features : sequence of str
        Those that are used.
    standardized : bool
        Whether each of them is divided by its standard deviation.
    protocol : Protocol
    rate : Rate
        Of the two gradient methods.
    runs : int

    Returns
    -------
    ndarray of shape (methods, runs, epochs)
        E_t - E_infinity of each method of `DRAWN`, from the first epoch on, with the factor 1/2 of the cost.
    """
    some = dataset.select(tuple(features))
    if standardized:
        some = replace(some, X=some.X / some.X.std(axis=0))
    trace, limits = run(some, protocol, DRAWN, rate, runs)
    costs = trace.pivot(index=["optimizer", "run"], columns="epoch", values="cost").drop(columns=0)
    ends = limits.set_index(["optimizer", "run"])["limit"]
    return np.stack([costs.loc[key].sub(ends.loc[key], axis=0).to_numpy() for key in DRAWN])
