"""Where batch K-means ends under each convention by which the paper's costs might have been measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset
from kmeans_convergence.optimizers import MajorizeMinimize, minimize
from kmeans_convergence.problems import Problem, QuantizationProblem
from kmeans_convergence.starts import draw, streams


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
    # All kinds of start treat features apart and scale with them: one draw serves every subset and scaling.
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
