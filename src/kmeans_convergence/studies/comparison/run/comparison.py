"""The wide comparison: all optimizers on one data set, from the same starts, reduced to what a table can hold."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.core.gap import Gap
from kmeans_convergence.data import Dataset, check_dataset
from kmeans_convergence.optimizers import Stop
from kmeans_convergence.problems import QuantizationProblem
from kmeans_convergence.starts import passes_of, streams
from kmeans_convergence.studies.comparison.run.contenders import Contender
from kmeans_convergence.studies.comparison.run.paths import Path, first_within, follow
from kmeans_convergence.studies.comparison.run.task import Task, kmeans
from kmeans_convergence.studies.comparison.run.tuning import Setting, Tuning, chosen, tune

# Per cent above a reference value that count as having reached it, as in the names of the columns.
TARGETS = {"10": 0.1, "1": 0.01, "0.1": 0.001, "1e-3": 1e-5, "1e-6": 1e-8}

# Where curves are evaluated inside the first pass, in passes; further on after each pass.
FIRST_PASS = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2)

STOPS = {
    Stop.FIXED_POINT: "fixed point",
    Stop.BUDGET: "budget",
    Stop.DIVERGED: "diverged",
    Stop.STALLED: "stalled",
    Stop.ENOUGH: "near enough",
}

# What the numbers of prototypes are that a data set is compared with, in the order of the registry.
SIZES = ("usual", "small", "large")

# Columns of the table of runs.
KEYS = ["dataset", "clusters", "start", "optimizer", "budget", "tuned_for"]
RUNS = [
    *(*KEYS, "run", "start_cost", "start_passes", "end", "limit", "passes", "polish_passes", "stop", "empty"),
    *(f"{reference}_{target}" for reference in ("own", "best") for target in TARGETS),
]


@dataclass(frozen=True)
class Protocol:
    """What all optimizers share.

    Attributes
    ----------
    seed : int
        Root of all random streams.
    passes : int
        The budget of a run that curves are about: patterns that an optimizer may touch, in passes over the data.
    budgets : tuple of int
        All budgets, ascending; `passes` is one of them.
    starts : tuple of str
        Keys of `starts.KINDS`.
    optimizers_of : mapping of str to sequence of str
        Kinds of start that only some optimizers begin at.
    rows : int
        Patterns of a larger data set that are drawn to stand for it.
    work : int
        Products that a pass of all runs may cost; it decides the number of starts.
    fewest, most : int
        Starts, whatever the work.
    sizes : tuple of str
        Which of a data set's numbers of prototypes are compared: among `SIZES`, the order of its row of the registry.
    tuning : Tuning
    """

    seed: int
    passes: int
    budgets: tuple[int, ...]
    starts: tuple[str, ...]
    optimizers_of: Mapping[str, Sequence[str]]
    rows: int
    work: int
    fewest: int
    most: int
    sizes: tuple[str, ...]
    tuning: Tuning

    @classmethod
    def of(cls, comparison: Mapping[str, Any], dataset: str, seed: int) -> Protocol:
        """Return what the section `comparison` of the configuration says about a data set."""
        given = comparison["starts_of"].get(dataset)
        fewest, most = (given, given) if given else (comparison["fewest"], comparison["most"])
        longer = [comparison["longer"]] if dataset in comparison["longer_on"] else []
        return cls(
            seed,
            comparison["passes"],
            (comparison["shorter"], comparison["passes"], *longer),
            tuple(comparison["starts"]),
            comparison["optimizers_of"],
            comparison["rows_of"].get(dataset, comparison["rows"]),
            comparison["work"],
            fewest,
            most,
            tuple(comparison["clusters"]),
            Tuning(**comparison["tuning"]),
        )

    def runs(self, products: int) -> int:
        """Return the number of starts, where a pass of one run takes so many products; for k-means n K d."""
        return min(max(self.work // products, self.fewest), self.most)

    def grid(self) -> np.ndarray:
        """Return the passes at which curves are evaluated."""
        return np.array([*FIRST_PASS, *range(1, self.passes + 1)])


def compared(dataset: Dataset, sizes: Sequence[str]) -> Dataset:
    """Return a data set with those of its numbers of prototypes that are compared, some of `SIZES`."""
    clusters = zip(SIZES, dataset.clusters, strict=False)
    return replace(dataset, clusters=tuple(K for size, K in clusters if size in sizes))


class Tables(NamedTuple):
    """What a comparison leaves: `runs`, one row for each run; `curves`, quartiles over runs; `tuning`."""

    runs: pd.DataFrame
    curves: pd.DataFrame
    tuning: pd.DataFrame


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
    return joined(
        [
            compare_on(kmeans(problem, dataset.name, K), protocol, methods, report, None if best is None else best[K])
            for K in compared(dataset, protocol.sizes).clusters
        ]
    )


def joined(tables: Sequence[Tables]) -> Tables:
    """Return the tables of several comparisons as one."""
    return Tables(*(pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True)))


def compare_on(
    task: Task,
    protocol: Protocol,
    methods: Sequence[str],
    report: Callable[[str], None] = print,
    best: float | None = None,
) -> Tables:
    """Run every method from every start of one task; see `compare`."""
    problem, name, K = task.problem, task.name, task.size
    tuning = tune(task, methods, protocol.tuning, protocol.seed, protocol.budgets, protocol.starts)
    settings = chosen(tuning)
    report(f"{task.title}: settings of {tuning['optimizer'].nunique()} optimizers tuned")
    repetitions = range(protocol.runs(task.products))
    paths: dict[Entry, Path] = {}
    for kind in protocol.starts:
        starts = task.draw(streams(protocol.seed, name, K, repetitions, "starts"), [kind])
        few = protocol.optimizers_of.get(kind, methods)
        for key in (key for key in methods if key in few):
            contender = task.contenders[key]
            for entries in shared_runs(key, contender, protocol, settings):
                rngs = streams(protocol.seed, name, K, repetitions, "order")
                budgets = sorted({entry.budget for entry in entries})
                value = settings.get(entries[0], math.nan)
                found = follow(problem, contender, value, starts, rngs, budgets, task.polish)
                paths |= {Entry(kind, *entry): found[entry.budget] for entry in entries}
            report(f"{task.title}, {len(starts)} starts, {kind}: {contender.label}")
    limits = np.array([path.limit for path in paths.values()])
    if best is not None:
        report(f"{task.title}: {(limits < best).sum()} of {limits.size} runs end below the best cost known before")
    if best is None:
        # NaN where no run has a limit
        best = np.fmin.reduce(limits, axis=None)
    about = {entry: {"dataset": name, "clusters": K} | entry._asdict() for entry in paths}
    shown = {entry: path for entry, path in paths.items() if entry.budget == protocol.passes}
    return Tables(
        _stack(
            [names | {"start_passes": passes_of(entry.start, K)} for entry, names in about.items()],
            [reduce(path, problem.gap, best, entry.budget) for entry, path in paths.items()],
        )[RUNS],
        _stack(
            [about[entry] for entry in shown], [curve(path, problem.gap, protocol.grid()) for path in shown.values()]
        ),
        tuning.assign(dataset=name, clusters=K)[["dataset", "clusters", *tuning.columns]],
    )


class Entry(NamedTuple):
    """What a path is of: a kind of start, an optimizer, a budget, and what its setting was tuned for, if anything."""

    start: str
    optimizer: str
    budget: int
    tuned_for: str


def shared_runs(
    key: str, contender: Contender, protocol: Protocol, settings: Mapping[Setting, float]
) -> list[list[Setting]]:
    """Return what one optimizer has to be run for, in groups that the same runs serve.

    Budgets share their runs where the optimizer has no horizon, targets where they have led to the same setting.
    """
    targets = protocol.tuning.targets if contender.settings else ("",)
    groups = defaultdict(list)
    for setting in (Setting(key, budget, target) for target in targets for budget in protocol.budgets):
        apart = setting.budget if contender.horizon else None
        groups[settings.get(setting), apart].append(setting)
    return list(groups.values())


def reduce(path: Path, gap: Gap, best: float, passes: float) -> dict[str, np.ndarray]:
    """Return columns of the table of runs: where the runs end, and after how many passes they are near their limits.

    Parameters
    ----------
    path : Path
    gap : Gap
        The scale of `TARGETS`.
    best : float
        The least cost known for this data set and number of prototypes.
    passes : float
        The budget: what an iterate brings that lies beyond it does not count.

    Returns
    -------
    dict of str to ndarray of shape (R,)
        One value for each run; one that ends above its start has the stop "diverged". Of `own_T` and `best_T`: passes
        until the cost is, for the first time, at most T per cent above the run's own limit or `best`; missing where it
        never is.
    """
    table = {
        "run": np.arange(len(path.limit)),
        "start_cost": path.cost[0],
        # a prototype at infinity that owns nothing costs nothing
        "end": np.where(np.isnan(path.limit), np.inf, path.cost[-1]),
        "limit": path.limit,
        "passes": path.passes[-1],
        "polish_passes": path.polish,
        "stop": np.where(path.diverged, STOPS[Stop.DIVERGED], [STOPS[stop] for stop in path.stop]),
        "empty": path.empty,
    }
    for reference, value in (("own", path.limit), ("best", np.full_like(path.limit, best))):
        for target, excess in TARGETS.items():
            table[f"{reference}_{target}"] = first_within(path, gap.level(value, excess), passes)
    return table


def curve(path: Path, gap: Gap, grid: np.ndarray) -> dict[str, np.ndarray]:
    """Return quartiles over runs of the gap to the own limit at the last iterate of each time.

    Runs without a limit are left out, and a cost that is no number stands above all others.

    Parameters
    ----------
    path : Path
    gap : Gap
    grid : ndarray of shape (G,)
        Times in passes.
    """
    runs = np.flatnonzero(np.isfinite(path.limit))
    if not runs.size:
        return {"passes": grid} | {name: np.full(len(grid), np.inf) for name in ("low", "median", "high")}
    rows = [(path.passes[:, runs] <= time).sum(axis=0) - 1 for time in grid]
    excess = gap.of(np.stack([path.cost[row, runs] for row in rows]), path.limit[runs])
    # between the infinite costs of two runs NumPy finds no number
    with np.errstate(invalid="ignore"):
        quartiles = np.quantile(excess, [0.25, 0.5, 0.75], axis=1)
    low, median, high = np.where(np.isnan(quartiles) & np.isinf(excess).any(axis=1), np.inf, quartiles)
    return {"passes": grid, "low": low, "median": median, "high": high}


def _stack(names: Sequence[Mapping[str, object]], tables: Sequence[Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """Put the columns of tables below each other, with what each one is about in front."""
    lengths = [len(next(iter(table.values()))) for table in tables]
    about = {key: np.repeat([name[key] for name in names], lengths) for key in names[0]}
    return pd.DataFrame(about | {key: np.concatenate([table[key] for table in tables]) for key in tables[0]})
