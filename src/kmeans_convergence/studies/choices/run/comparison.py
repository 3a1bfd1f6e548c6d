"""All optimizers from the same starts on the data sets of one model, tuned on starts of their own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.core.gap import AbsoluteGap
from kmeans_convergence.starts import Streams, streams
from kmeans_convergence.studies.choices.run.contenders import fitting
from kmeans_convergence.studies.choices.run.sets import Case
from kmeans_convergence.studies.comparison.run.comparison import reduce
from kmeans_convergence.studies.comparison.run.contenders import Contender
from kmeans_convergence.studies.comparison.run.paths import Path, follow
from kmeans_convergence.studies.comparison.run.tuning import TARGETS, Grid, Tuning, best, score

# How runs begin, as in the comparison of k-means.
START = "patterns"


@dataclass(frozen=True)
class Protocol:
    """What all optimizers share.

    Attributes
    ----------
    seed : int
        Root of all random streams.
    passes : int
        The budget of a run.
    starts : int
    tuning : Tuning
    """

    seed: int
    passes: int
    starts: int
    tuning: Tuning

    @classmethod
    def of(cls, choices: Mapping[str, Any], seed: int) -> Protocol:
        """Return what the section `choices` of the configuration says."""
        return cls(seed, choices["passes"], choices["starts"], Tuning(**choices["tuning"]))

    def streams(self, case: Case, repetitions: int, purpose: str) -> Streams:
        """Return one random stream for each repetition."""
        return streams(self.seed, case.dataset, case.groups, range(repetitions), purpose)


class Tables(NamedTuple):
    """What a comparison leaves: `runs`, one row for each run; `tuning`, one for each value that was tried."""

    runs: pd.DataFrame
    tuning: pd.DataFrame


def compare(model: str, cases: Iterable[Case], protocol: Protocol) -> Tables:
    """Run every optimizer that fits from every start.

    Returns
    -------
    Tables
        `runs`: model, dataset, family, clusters, start, optimizer, budget, tuned_for, and what `reduce` says of each
        run; costs that have no natural zero are per observation, and of these the targets are in nats: own_0.1 is 0.001
        nats per observation above the run's own limit, as it is 0.1 % elsewhere.

        `tuning`: model, dataset, clusters, optimizer, budget, target, setting, score, passes (summed over starts),
        chosen, edge, see `studies.comparison.run.tuning.tune`.
    """
    tables = [_compare(case, protocol) for case in cases]
    joined = (pd.concat(parts, ignore_index=True) for parts in zip(*tables, strict=True))
    return Tables(*(table.assign(model=model)[["model", *table.columns]] for table in joined))


def _compare(case: Case, protocol: Protocol) -> Tables:
    # any problem will do, and what the shared functions are declared for are k-means' alone
    problem: Any = case.problem
    starts = case.draw(protocol.streams(case, protocol.starts, "starts"))
    paths: dict[tuple[str, str], Path] = {}
    tuned = []
    for key, contender in fitting(problem).items():
        settings = {"": math.nan}
        if contender.settings is not None:
            table = tune(case, contender, protocol).assign(optimizer=key)
            chosen = table[table["chosen"]].set_index("target")["setting"]
            tuned.append(table)
            settings = {target: float(chosen[target]) for target in TARGETS}
        found: dict[float, Path] = {}
        for target, value in settings.items():
            if value not in found:
                rngs = protocol.streams(case, protocol.starts, "order")
                found[value] = follow(problem, contender, value, starts, rngs, [protocol.passes])[protocol.passes]
            paths[key, target] = found[value]
    least = float(np.nanmin([path.limit for path in paths.values()]))
    unit = problem.gap.scale if isinstance(problem.gap, AbsoluteGap) else 1.0
    tables = []
    for (key, target), path in paths.items():
        about = {"dataset": case.dataset, "family": case.family, "clusters": case.groups, "start": START}
        about |= {"optimizer": key, "budget": protocol.passes, "tuned_for": target}
        tables.append(pd.DataFrame(about | reduce(path, problem.gap, least, protocol.passes)))
    runs = pd.concat(tables, ignore_index=True)
    costs = ["start_cost", "end", "limit"]
    runs[costs] /= unit
    about = {"dataset": case.dataset, "clusters": case.groups, "budget": protocol.passes}
    return Tables(runs, pd.concat(tuned, ignore_index=True).assign(**about))


def tune(case: Case, contender: Contender, protocol: Protocol) -> pd.DataFrame:
    """Try values of a setting on starts of their own; more at an end of the grid while the best one lies there.

    Returns
    -------
    DataFrame
        One row for each target and value: target, setting, score, passes, chosen, edge.
    """
    problem: Any = case.problem
    count, settings = protocol.tuning.starts, contender.settings
    assert settings is not None
    starts = case.draw(protocol.streams(case, count, "tuning starts"))
    grid = Grid(np.geomspace(*settings, protocol.tuning.values).tolist(), protocol.tuning.extensions)
    paths: dict[float, Path] = {}
    while untried := [value for value in grid.values if value not in paths]:
        for value in untried:
            rngs = protocol.streams(case, count, "tuning order")
            paths[value] = follow(problem, contender, value, starts, rngs, [protocol.passes])[protocol.passes]
        tried = [paths[value] for value in grid.values]
        scores = {target: score(tried, problem.gap, protocol.passes, target) for target in TARGETS}
        grid.extend([best(each) for each in scores.values()])
    places = np.arange(len(tried))
    edge = (places == 0) | (places == len(places) - 1)
    spent = [path.passes[-1].sum() for path in tried]
    columns = {"setting": grid.values, "passes": spent, "edge": edge}
    return pd.concat(
        [
            pd.DataFrame({"target": target, **columns, "score": each, "chosen": places == best(each)})
            for target, each in scores.items()
        ],
        ignore_index=True,
    )
