"""The maps themselves: how many minima there are, how different they look, and what the eigendecomposition misses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist

from kmeans_convergence.optimizers import MajorizeMinimize, Optimizer, Stop, minimize
from kmeans_convergence.optimizers.accelerated import Anderson
from kmeans_convergence.optimizers.online import AnnealedGradient
from kmeans_convergence.problems.stress import StressProblem, Ties, normalized
from kmeans_convergence.starts import Streams, streams
from kmeans_convergence.studies.embeddings.run.comparison import CLASSICAL, POLISH, RANDOM
from kmeans_convergence.studies.embeddings.run.measures import disparity, measure, turned
from kmeans_convergence.studies.embeddings.run.sets import Arm, Embedded, problem_of

# Who looks for minima of stress.
SEARCHERS: dict[str, Optimizer] = {"smacof": MajorizeMinimize(), "pairs": AnnealedGradient()}
# Passes of either before the polish.
PASSES = 100
# Minima are one where their costs differ by less than this share.
SAME = 1e-6
DIMENSIONS = (2, 3)
# Maps of these are shown, and the Shepard diagram of the first one.
SHOWN = ("roads", "globe", "digits")
# Maps that are measured: that of least strain; where SMACOF goes from there; the least stress that was found; and from
# that of least strain, Sammon's and the non-metric one, both in the plane alone.
MAPS = (STRAIN, STRESS, BEST, SAMMON, ORDER) = ("strain", "stress", "best", "sammon", "order")


class Tables(NamedTuple):
    """What the search leaves.

    Attributes
    ----------
    minima : DataFrame
        One row for each set, number of dimensions, searcher and run: dataset, family, dimensions, start, optimizer,
        run, cost (normalised stress at its limit), minimum (its number from 0, by cost), disparity (from the best map).
    measures : DataFrame
        One row for each map: dataset, family, dimensions, map (one of `MAPS`), points, stress_1 (Kruskal's, at the best
        scale), trustworthiness, continuity, shepard.
    maps : DataFrame
        One row for each point of the maps that are shown: dataset, map, point, x, y.
    pairs : DataFrame
        One row for each pair of the first of them: dataset, map, dissimilarity, distance.
    """

    minima: pd.DataFrame
    measures: pd.DataFrame
    maps: pd.DataFrame
    pairs: pd.DataFrame


def explore(sets: Iterable[Embedded], seed: int, starts: int, report: Callable[[str], None] = print) -> Tables:
    """Look for minima of stress on each set from random starts and from the map of least strain.

    Parameters
    ----------
    sets : iterable of Embedded
    seed : int
    starts : int
        Random ones, for each set and number of dimensions.
    report : callable
        Is told in one line what has just been done.
    """
    minima, measures, maps, pairs = [], [], [], []
    for some in sets:
        for dimensions in DIMENSIONS:
            found, shown = _explore(some, dimensions, seed, starts)
            about = {"dataset": some.name, "family": some.family, "dimensions": dimensions}
            minima.append(found.assign(**about)[[*about, *found.columns]])
            stress = StressProblem(some.dissimilarities, dimensions=dimensions)
            for name, X in shown.items():
                row = {
                    "map": name,
                    "points": len(X),
                    "stress_1": float(stress.evaluate(stress.pack(X[None])).stress_1[0]),
                }
                measures.append(about | row | measure(some.dissimilarities, X))
            if some.name in SHOWN and dimensions == DIMENSIONS[0]:
                maps += [_points(some.name, name, turned(X, shown[STRAIN])) for name, X in shown.items()]
            if some.name == SHOWN[0] and dimensions == DIMENSIONS[0]:
                pairs += [_pairs(some, name, X) for name, X in shown.items()]
        report(f"{some.name}: minima of stress found")
    return Tables(
        pd.concat(minima, ignore_index=True),
        pd.DataFrame(measures),
        pd.concat(maps, ignore_index=True),
        pd.concat(pairs, ignore_index=True),
    )


def polished(problem: StressProblem, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where runs (R, n, p) end without charge: their configurations, and their costs (R,)."""
    trace = minimize(problem, POLISH.optimizer, w, passes=math.inf)
    return trace.w, trace.cost[-1]


def ends(
    problem: StressProblem, optimizer: Optimizer, starts: np.ndarray, rngs: Streams = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of an optimizer's runs, as `polished` does; a run that diverged is left out."""
    trace = minimize(problem, optimizer, starts, passes=PASSES, rngs=rngs)
    finite = np.array([stop is not Stop.DIVERGED for stop in trace.stop])
    return polished(problem, trace.w[finite])


def numbered(costs: np.ndarray) -> np.ndarray:
    """Return the number of the minimum that each cost (R,) belongs to, from 0, ascending."""
    order = np.argsort(costs, kind="stable")
    ascending = costs[order]
    new = np.diff(ascending, prepend=ascending[0]) > SAME * ascending
    numbers = np.empty(len(costs), dtype=np.int64)
    numbers[order] = new.cumsum()
    return numbers


def _explore(some: Embedded, dimensions: int, seed: int, starts: int) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return the table of minima, and maps by their names."""
    problem = problem_of(some, Arm("stress", dimensions))

    def named(purpose: str) -> Streams:
        return streams(seed, some.name, dimensions, range(starts), purpose)

    strain = problem.classical().configuration
    kinds = {
        (CLASSICAL, "smacof"): strain[None],
        **{(RANDOM, key): problem.draw(named("minima starts")) for key in SEARCHERS},
    }
    tables, maps, costs = [], [], []
    for (start, key), w in kinds.items():
        X, cost = ends(problem, SEARCHERS[key], w, named("minima order")[: len(w)])
        tables.append(pd.DataFrame({"start": start, "optimizer": key, "run": np.arange(len(cost)), "cost": cost}))
        maps.append(X)
        costs.append(cost)
    all_maps, all_costs = np.concatenate(maps), np.concatenate(costs)
    best = all_maps[all_costs.argmin()]
    table = pd.concat(tables, ignore_index=True).assign(
        minimum=numbered(all_costs), disparity=[disparity(best, X) for X in all_maps]
    )
    shown = {STRAIN: strain, STRESS: maps[0][0], BEST: best}
    if dimensions == DIMENSIONS[0]:
        sammon = problem_of(some, Arm("sammon", dimensions))
        shown[SAMMON] = ends(sammon, MajorizeMinimize(), strain[None])[0][0]
        order = StressProblem(
            some.dissimilarities, normalized(some.dissimilarities), dimensions=dimensions, ties=Ties.PRIMARY
        )
        shown[ORDER] = minimize(order, Anderson(), strain[None], passes=PASSES).w[0]
    return table, shown


def _points(dataset: str, name: str, X: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"dataset": dataset, "map": name, "point": np.arange(len(X)), "x": X[:, 0], "y": X[:, 1]})


def _pairs(some: Embedded, name: str, X: np.ndarray) -> pd.DataFrame:
    about = {"dataset": some.name, "map": name}
    return pd.DataFrame(about | {"dissimilarity": some.dissimilarities, "distance": pdist(X)})
