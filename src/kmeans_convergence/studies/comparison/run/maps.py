"""The best map that a comparison has found, and what classical scaling has to say to it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from kmeans_convergence.optimizers import minimize
from kmeans_convergence.problems.stress import StressProblem
from kmeans_convergence.starts import streams
from kmeans_convergence.studies.comparison.run.comparison import Protocol
from kmeans_convergence.studies.comparison.run.task import Task

# Costs within this gap of the best one count as the same map.
SAME = 0.001


class Map(NamedTuple):
    """A configuration and how good it is.

    Attributes
    ----------
    X : ndarray of shape (n, p)
        Points about their mean, along their principal axes, the longest first; of the coordinates along an axis, the
        largest in size is positive.
    dissimilarities, distances : ndarray of shape (n (n - 1) / 2,)
        Of all pairs, row by row above the diagonal.
    disparities : ndarray, of the same shape, or None
        What non-metric stress wants the distances to be.
    found_by : str
        What the best run was.
    stress_1, correlation : float
        Kruskal's stress-1, and the rank correlation of distances and dissimilarities.
    same : float
        Share of all runs whose polished end is as good.
    classical_stress_1 : float
        Of the minimum of strain, at its best scale.
    classical_excess : float
        Gap of the cost to which that leads as a start.
    """

    X: np.ndarray
    dissimilarities: np.ndarray
    distances: np.ndarray
    disparities: np.ndarray | None
    found_by: str
    stress_1: float
    correlation: float
    same: float
    classical_stress_1: float
    classical_excess: float


def best_map(task: Task, protocol: Protocol, runs: pd.DataFrame, settings: Mapping[str, float]) -> Map:
    """Return the map of least stress: that of the best run, or the one to which the minimum of strain leads.

    The best run is run again, because a comparison keeps costs alone.

    Parameters
    ----------
    task : Task
        Its problem is one of stress.
    protocol : Protocol
    runs : DataFrame
        The table of runs.
    settings : mapping of str to float
        Values of the settings that were tuned.
    """
    problem = task.problem
    assert isinstance(problem, StressProblem)
    best = runs.loc[runs["limit"].idxmin()]
    key, labels = str(best["optimizer"]), {key: contender.label for key, contender in task.contenders.items()}
    strain = problem.classical().configuration[None]
    ends = {
        f"{labels[key]}, start {int(best['run']) + 1}": end_of(
            task, protocol, key, settings.get(key, math.nan), int(best["run"])
        ),
        "the start from classical scaling": minimize(
            problem, task.polish.optimizer, strain, passes=task.polish.passes
        ).w,
    }
    here = problem.evaluate(problem.pack(np.concatenate([*ends.values(), strain])))
    costs = here.cost[:2]
    found = int(costs.argmin())
    X = principal(problem.unpack(here.x)[found])
    distances = pdist(X)
    disparities = None
    if problem.order is not None:
        disparities = distances.copy()
        problem.order.to_disparities(disparities)
    return Map(
        X,
        problem.pairs.dissimilarities,
        distances,
        disparities,
        list(ends)[found],
        float(here.stress_1[found]),
        float(spearmanr(distances, problem.pairs.dissimilarities).statistic),
        float((problem.gap.of(runs["limit"].dropna().to_numpy(), costs.min()) <= SAME).mean()),
        float(here.stress_1[2]),
        float(problem.gap.of(costs[1], costs.min())),
    )


def end_of(task: Task, protocol: Protocol, key: str, value: float, run: int) -> np.ndarray:
    """Return the parameters of the polished end of one run, which does not depend on the others."""

    def rngs(purpose: str) -> list[np.random.Generator]:
        return list(streams(protocol.seed, task.name, task.size, [run], purpose))

    start, optimizer = (
        task.draw(rngs("starts"), protocol.starts),
        task.contenders[key].optimizer(protocol.passes, value),
    )
    trace = minimize(task.problem, optimizer, start, passes=protocol.passes, rngs=rngs("order"))
    end = minimize(task.problem, task.polish.optimizer, trace.w, passes=task.polish.passes)
    return np.asarray(end.w)


def principal(X: np.ndarray) -> np.ndarray:
    """Return points (n, p) about their mean and along their principal axes, which makes them unique; see `Map`."""
    X = X - X.mean(axis=0)
    _, _, axes = np.linalg.svd(X, full_matrices=False)
    X = X @ axes.T
    return X * np.sign(X[np.abs(X).argmax(axis=0), np.arange(X.shape[1])])
