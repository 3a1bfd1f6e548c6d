"""The wide comparison: all optimizers on one data set, from the same starts, reduced to what a table can hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.data import Dataset, check_dataset
from kmeans_convergence.experiments.contenders import CONTENDERS
from kmeans_convergence.experiments.tuning import Tuning, chosen, tune
from kmeans_convergence.optimizers import MajorizeMinimize, Stop, Trace, minimize
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import draw, streams

# Per cent above a reference value that count as having reached it, as in the names of the columns.
TARGETS = {"10": 0.1, "1": 0.01, "0.1": 0.001, "1e-3": 1e-5, "1e-6": 1e-8}

# Where curves are looked at inside the first pass, in passes; further on after each pass.
FIRST_PASS = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2)

STOPS = {
    Stop.FIXED_POINT: "fixed point",
    Stop.BUDGET: "budget",
    Stop.DIVERGED: "diverged",
    Stop.STALLED: "stalled",
}


@dataclass(frozen=True)
class Protocol:
    """What all optimizers share.

    Attributes
    ----------
    seed : int
        Root of all random streams.
    passes : int
        Budget of a run: patterns that an optimizer may touch, in passes over the data.
    starts : tuple of str
        Keys of `starts.KINDS`.
    rows : int
        Patterns of a larger data set that are drawn to stand for it.
    work : int
        Products that a pass of all runs may cost; it decides the number of starts.
    fewest, most : int
        Starts, whatever the work.
    tuning : Tuning
    """

    seed: int
    passes: int
    starts: tuple[str, ...]
    rows: int
    work: int
    fewest: int
    most: int
    tuning: Tuning

    @classmethod
    def of(cls, comparison: Mapping[str, Any], dataset: str, seed: int) -> Protocol:
        """Return what the section `comparison` of the configuration says about a data set."""
        given = comparison["starts_of"].get(dataset)
        fewest, most = (given, given) if given else (comparison["fewest"], comparison["most"])
        return cls(
            seed,
            comparison["passes"],
            tuple(comparison["starts"]),
            comparison["rows_of"].get(dataset, comparison["rows"]),
            comparison["work"],
            fewest,
            most,
            Tuning(**comparison["tuning"]),
        )

    def runs(self, n: int, clusters: int, features: int) -> int:
        """Return the number of starts."""
        return min(max(self.work // (n * clusters * features), self.fewest), self.most)

    def grid(self) -> np.ndarray:
        """Return the passes at which curves are looked at."""
        return np.array([*FIRST_PASS, *range(1, self.passes + 1)])


class Tables(NamedTuple):
    """What a comparison leaves: `runs`, one row for each run; `curves`, quartiles over runs; `tuning`."""

    runs: pd.DataFrame
    curves: pd.DataFrame
    tuning: pd.DataFrame


class Path(NamedTuple):
    """The way of R runs and its end: `cost` and `passes` (T + 1, R); `limit` and `empty` (R,) after the polish."""

    cost: np.ndarray
    passes: np.ndarray
    limit: np.ndarray
    empty: np.ndarray
    stop: tuple[Stop, ...]


def compare(
    dataset: Dataset,
    protocol: Protocol,
    methods: Sequence[str],
    report: Callable[[str], None] = print,
    best: Mapping[int, float] | None = None,
) -> Tables:
    """Run every method from every start of a data set.

    Parameters
    ----------
    dataset : Dataset
        Scaled and cut down; its `clusters` are the numbers of prototypes K, its name is that of the random streams.
    protocol : Protocol
    methods : sequence of str
        Keys of `CONTENDERS`. What is said of one does not depend on the others, but for the best known value.
    report : callable
        Is told in one line what has just been done: once for each K's tuning, and for each K, kind of start and method.
    best : mapping, optional
        For each K the best known cost, where it has been found before: a run that ends below it counts as having
        reached it. Without it, the least cost that any of these runs ends at.

    Returns
    -------
    Tables

    Raises
    ------
    InputError
        When a number of prototypes is not below that of the distinct patterns.
    """
    check_dataset(dataset)
    problem = QuantizationProblem(dataset.X).centred
    tables = [
        _compare(problem, dataset.name, K, protocol, methods, report, None if best is None else best[K])
        for K in dataset.clusters
    ]
    return Tables(*(pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True)))


def _compare(
    problem: QuantizationProblem,
    name: str,
    K: int,
    protocol: Protocol,
    methods: Sequence[str],
    report: Callable[[str], None],
    best: float | None,
) -> Tables:
    """Compare on one number of prototypes."""
    tuning = tune(problem, name, K, methods, protocol.tuning, protocol.seed, protocol.passes)
    settings = chosen(tuning)
    report(f"{name}, K = {K}: settings of {len(settings)} optimizers tuned")
    repetitions = range(protocol.runs(problem.n, K, problem.X.shape[1]))
    paths: dict[tuple[str, str], Path] = {}
    for kind in protocol.starts:
        starts = draw(problem.X, K, streams(protocol.seed, name, K, repetitions, "starts"), kind)
        for key in methods:
            optimizer = CONTENDERS[key].optimizer(protocol.passes, settings.get(key, math.nan))
            rngs = streams(protocol.seed, name, K, repetitions, "order")
            trace = minimize(problem, optimizer, starts, passes=protocol.passes, rngs=rngs)
            paths[kind, key] = polish(problem, trace)
            report(f"{name}, K = {K}, {len(starts)} starts, {kind}: {CONTENDERS[key].label}")
    limits = np.array([path.limit for path in paths.values()])
    if best is not None:
        report(f"{name}, K = {K}: {(limits < best).sum()} of {limits.size} runs end below the best cost known before")
    best = limits.min() if best is None else best
    names = [{"dataset": name, "clusters": K, "start": kind, "optimizer": key} for kind, key in paths]
    return Tables(
        _stack(names, [reduce(path, best, protocol.passes) for path in paths.values()]),
        _stack(names, [curve(path, protocol.grid()) for path in paths.values()]),
        tuning.assign(dataset=name, clusters=K)[["dataset", "clusters", *tuning.columns]],
    )


def polish(problem: QuantizationProblem, trace: Trace) -> Path:
    """Let batch K-means take every run to its fixed point, at nobody's charge.

    A run that has diverged has lost its prototypes: it gets the cost of a single one, at the mean.
    """
    end = minimize(problem, MajorizeMinimize(), trace.w, passes=math.inf)
    mean = problem.X.mean(axis=0, dtype=np.float64)
    alone = problem.evaluate(mean[None, None])
    lost = np.array([stop is Stop.DIVERGED for stop in trace.stop])
    limit = np.where(lost, alone.cost, end.cost[-1])
    return Path(trace.cost, trace.passes, limit, np.where(lost, trace.w.shape[1] - 1, end.empty[-1]), trace.stop)


def reduce(path: Path, best: float, passes: float) -> pd.DataFrame:
    """Return the table `runs` of one optimizer: where each run ends, and after how many passes it is near its limit.

    Parameters
    ----------
    path : Path
    best : float
        The least cost known for this data set and number of prototypes.
    passes : float
        The budget: what an iterate brings that lies beyond it does not count.

    Returns
    -------
    DataFrame
        One row for each run. Of `own_T` and `best_T`: passes until the cost is, for the first time, at most T per cent
        above the run's own limit or `best`; missing where it never is.
    """
    table = {
        "run": np.arange(len(path.limit)),
        "start_cost": path.cost[0],
        "end": path.cost[-1],
        "limit": path.limit,
        "passes": path.passes[-1],
        "stop": [STOPS[stop] for stop in path.stop],
        "empty": path.empty,
    }
    # a run that has diverged comes to no limit
    own = np.where([stop is Stop.DIVERGED for stop in path.stop], np.nan, path.limit)
    for reference, value in (("own", own), ("best", np.full_like(path.limit, best))):
        for target, excess in TARGETS.items():
            table[f"{reference}_{target}"] = first_within(path, value * (1 + excess), passes)
    return pd.DataFrame(table)


def first_within(path: Path, threshold: np.ndarray, passes: float) -> np.ndarray:
    """Return the passes of the first iterate whose cost is at most `threshold` (R,), NaN where there is none."""
    there = (path.cost <= threshold) & (path.passes <= passes)
    first = there.argmax(axis=0)
    return np.where(there.any(axis=0), path.passes[first, np.arange(len(first))], np.nan)


def curve(path: Path, grid: np.ndarray) -> pd.DataFrame:
    """Return quartiles over runs of the excess over the own limit, relative to it, at the last iterate of each time.

    Parameters
    ----------
    path : Path
    grid : ndarray of shape (G,)
        Times in passes.
    """
    runs = np.arange(len(path.limit))
    rows = [(path.passes <= time).sum(axis=0) - 1 for time in grid]
    excess = np.stack([path.cost[row, runs] for row in rows]) / path.limit - 1
    # between the infinite costs of two runs that have diverged, NumPy finds no number
    with np.errstate(invalid="ignore"):
        quartiles = np.quantile(excess, [0.25, 0.5, 0.75], axis=1)
    low, median, high = np.where(np.isnan(quartiles) & np.isinf(excess).any(axis=1), np.inf, quartiles)
    return pd.DataFrame({"passes": grid, "low": low, "median": median, "high": high})


def _stack(names: Sequence[dict[str, object]], tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables below each other, with what each one is about in front."""
    named = [table.assign(**about)[[*about, *table.columns]] for about, table in zip(names, tables, strict=True)]
    return pd.concat(named, ignore_index=True)
