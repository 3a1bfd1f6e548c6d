"""All optimizers on all maps, from the same starts, reduced to what a table can hold."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.optimizers.newton_cg import NewtonCG
from kmeans_convergence.problems.stress import StressProblem
from kmeans_convergence.starts import Streams, streams
from kmeans_convergence.studies.comparison.run.comparison import curve, reduce
from kmeans_convergence.studies.comparison.run.contenders import Contender
from kmeans_convergence.studies.comparison.run.paths import Path, Polish, follow
from kmeans_convergence.studies.comparison.run.tuning import Setting, Tuning, chosen, search
from kmeans_convergence.studies.embeddings.run.contenders import CONTENDERS
from kmeans_convergence.studies.embeddings.run.sets import ARMS, Arm, Embedded, problem_of

# The alternation takes thousands of passes to its limit, this a few steps.
POLISH = Polish(NewtonCG(), label="Newton-CG")

# Kinds of start: that of least strain is one, and comes first.
CLASSICAL, RANDOM = "classical", "random"

ABOUT = ["objective", "dataset", "family", "dimensions", "start", "optimizer", "budget", "tuned_for"]
# Of the table of runs of k-means, what has no meaning here.
LEFT_OUT = ["empty"]
# Passes at which curves are evaluated.
GRID = tuple(float(t) for t in np.unique(np.geomspace(1, 1000, 61).round()))


@dataclass(frozen=True)
class Protocol:
    """What all optimizers share.

    Attributes
    ----------
    seed : int
        Root of all random streams.
    passes : int
        The budget of a run, in passes over the pairs.
    starts : int
        Random starts of each problem, besides that of least strain.
    tuning : Tuning
    """

    seed: int
    passes: int
    starts: int
    tuning: Tuning


class Tables(NamedTuple):
    """What the comparison leaves: `runs`, one row for each run; `curves`, quartiles over random starts; `tuning`."""

    runs: pd.DataFrame
    curves: pd.DataFrame
    tuning: pd.DataFrame


def compare(
    sets: Iterable[Embedded],
    protocol: Protocol,
    contenders: Mapping[str, Contender] = CONTENDERS,
    arms: Iterable[Arm] = ARMS,
    report: Callable[[str], None] = print,
) -> Tables:
    """Run every optimizer on every map.

    Parameters
    ----------
    sets : iterable of Embedded
    protocol : Protocol
    contenders : mapping of str to Contender
    arms : iterable of Arm
    report : callable
        Is told in one line what has just been done.

    Returns
    -------
    Tables
        The columns of `runs` are `ABOUT` and what `studies.comparison.run.comparison.reduce` returns. Costs are
        normalised stresses; the gap is relative.
    """
    arms, tables = tuple(arms), []
    for some in sets:
        for arm in arms:
            tables.append(_compare(some, arm, protocol, contenders))
            report(f"{some.name}, {arm.objective} in {arm.dimensions} dimensions: all optimizers compared")
    return Tables(*(pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True)))


def starts_of(problem: StressProblem, name: str, seed: int, number: int) -> np.ndarray:
    """Return the configuration of least strain, and random ones after it, shape (1 + number, n, p)."""
    random = problem.draw(streams(seed, name, problem.dimensions, range(number), "starts"))
    return np.concatenate([problem.classical().configuration[None], random])


def _compare(some: Embedded, arm: Arm, protocol: Protocol, contenders: Mapping[str, Contender]) -> Tables:
    problem = problem_of(some, arm)
    seed, dimensions = protocol.seed, arm.dimensions

    def named(purpose: str, runs: int) -> Streams:
        return streams(seed, some.name, dimensions, range(runs), purpose)

    tuning = search(
        problem,
        contenders,
        problem.draw(named("tuning starts", protocol.tuning.starts)),
        lambda: named("tuning order", protocol.tuning.starts),
        protocol.tuning,
        [protocol.passes],
        POLISH,
    )
    starts = starts_of(problem, some.name, seed, protocol.starts)
    paths: dict[Setting, Path] = {}
    for key, contender in contenders.items():
        for value, settings in _shared(key, contender, protocol, chosen(tuning)).items():
            rngs = named("order", len(starts))
            (path,) = follow(problem, contender, value, starts, rngs, [protocol.passes], POLISH).values()
            paths |= dict.fromkeys(settings, path)
    best = float(np.nanmin([path.limit for path in paths.values()]))
    about = {"objective": arm.objective, "dataset": some.name, "family": some.family, "dimensions": dimensions}
    runs, curves = [], []
    for setting, path in paths.items():
        told = {"optimizer": setting.optimizer, "budget": setting.budget, "tuned_for": setting.target}
        for start, rows in ((CLASSICAL, slice(0, 1)), (RANDOM, slice(1, None))):
            part = _select(path, rows)
            runs.append(pd.DataFrame(about | {"start": start} | told | reduce(part, problem.gap, best, setting.budget)))
        grid = np.array([t for t in GRID if t <= protocol.passes])
        curves.append(pd.DataFrame(about | told | curve(part, problem.gap, grid)))
    return Tables(
        pd.concat(runs, ignore_index=True).drop(columns=LEFT_OUT),
        pd.concat(curves, ignore_index=True),
        tuning.assign(**about)[[*about, *tuning.columns]],
    )


def _shared(
    key: str, contender: Contender, protocol: Protocol, settings: Mapping[Setting, float]
) -> dict[float, list[Setting]]:
    """Return the values of a setting that an optimizer is run with, and what each was chosen for."""
    targets = protocol.tuning.targets if contender.settings else ("",)
    groups = defaultdict(list)
    for setting in (Setting(key, protocol.passes, target) for target in targets):
        groups[settings.get(setting, math.nan)].append(setting)
    return dict(groups)


def _select(path: Path, rows: slice) -> Path:
    """Return some of the runs of a path."""
    wide = {name: getattr(path, name)[:, rows] for name in ("cost", "passes")}
    ends = {name: getattr(path, name)[rows] for name in path._fields if name not in wide}
    return Path(**wide, **ends)
