"""The tables of the maps as evidence: what is averaged from them over runs, problems, data sets and families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Any

import pandas as pd

from kmeans_convergence.core.gap import RELATIVE
from kmeans_convergence.statistics import paired, readings
from kmeans_convergence.statistics.conditions import Estimate, Outcome, Verdict
from kmeans_convergence.statistics.paired import END, REFERENCE, SPEED
from kmeans_convergence.statistics.ranking import Hierarchy
from kmeans_convergence.studies.embeddings.run.comparison import CLASSICAL, RANDOM
from kmeans_convergence.studies.embeddings.run.contenders import ALTERNATION


@dataclass(frozen=True)
class Reading:
    """One way to hold a claim against the tables.

    Attributes
    ----------
    start : str
        Kind of start.
    target : str
        Of passes.
    polished : bool
        Whether costs are compared at the runs' limits.
    """

    start: str = RANDOM
    target: str = "own_0.1"
    polished: bool = True


VALUES: dict[str, tuple[Any, ...]] = {
    "start": (RANDOM, CLASSICAL),
    "target": ("own_0.1", "own_1", "own_1e-3"),
    "polished": (True, False),
}


def as_problems(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a table of runs as the statistics know it: the alternation is the reference, a problem has dimensions."""
    return runs.rename(columns={"dimensions": "clusters"}).replace({"optimizer": {ALTERNATION: REFERENCE}})


def as_families(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the data sets of a table with their families, columns name and family."""
    return runs[["dataset", "family"]].drop_duplicates().rename(columns={"dataset": "name"})


class Evidence:
    """The tables of the maps, and what is averaged from them.

    Parameters
    ----------
    runs, tuning, rates, minima, measures, one_step : DataFrame
        As `run` returns them.
    seed, repeats : int
        Of the bootstrap.
    """

    def __init__(
        self,
        runs: pd.DataFrame,
        tuning: pd.DataFrame,
        rates: pd.DataFrame,
        minima: pd.DataFrame,
        measures: pd.DataFrame,
        one_step: pd.DataFrame,
        seed: int,
        repeats: int,
    ) -> None:
        self.runs, self.tuning, self.families = as_problems(runs), as_problems(tuning), as_families(runs)
        self.rates, self.minima, self.measures, self.one_step = rates, minima, measures, one_step
        self.seed, self.repeats = seed, repeats
        self.costs, self.passes = cache(self._costs), cache(self._passes)

    def readings(self, axes: Sequence[str]) -> list[Reading]:
        """Return all readings along some axes, the main one first."""
        chosen = product(*(VALUES[axis] for axis in axes))
        return [replace(Reading(), **dict(zip(axes, values, strict=True))) for values in chosen]

    def combine(self, outcomes: Mapping[Reading, Outcome], axes: Sequence[str]) -> tuple[Verdict, str]:
        """Return the verdict over all readings for which there are enough data, and where the claim holds."""
        return readings.combine({r: outcome.verdict for r, outcome in outcomes.items() if outcome.answered}, axes)

    def select(self, objective: str, start: str, tuned_for: str) -> pd.DataFrame:
        """Return the runs from one kind of start; of tuned optimizers, those tuned for one target."""
        runs = self.runs[self.runs["objective"] == objective]
        return paired.select(runs, start, paired.main_budget(runs), tuned_for)

    def charges(self, objective: str) -> pd.Series:
        """Return the passes that tuning has cost, by dataset, clusters and optimizer."""
        some = self.tuning[(self.tuning["objective"] == objective) & (self.tuning["target"] == SPEED)]
        return some.groupby(["dataset", "clusters", "optimizer"])["passes"].sum()

    def _costs(self, objective: str, start: str, polished: bool) -> Hierarchy:
        """Average by how many per cent final costs differ from SMACOF's from the same start."""
        values = paired.differences(self.select(objective, start, END), RELATIVE, polished)
        return self.hierarchy(values)

    def _passes(self, objective: str, start: str, target: str) -> Hierarchy:
        """Average the logarithm of passes to the target, relative to SMACOF's from the same start."""
        return self.hierarchy(paired.log_ratios(self.select(objective, start, SPEED), RELATIVE, target))

    def hierarchy(self, values: pd.DataFrame) -> Hierarchy:
        """Average over runs, problems, sets and families; columns dataset, clusters, start, run, optimizer, value."""
        return Hierarchy.of(values, self.families, self.seed, self.repeats)

    def average(self, values: pd.DataFrame) -> Estimate | None:
        """Average a value of data sets; columns dataset and value, and dimensions where there are several."""
        table = values.dropna(subset="value").assign(optimizer=REFERENCE, start="")
        table["clusters"] = table.get("dimensions", 0)
        table["run"] = table.get("run", 0)
        return Estimate.of(self.hierarchy(table), REFERENCE) if len(table) else None

    def quality(self, optimizer: str, objective: str, reading: Reading) -> Estimate | None:
        """Return by how many per cent an optimizer's final costs differ from SMACOF's."""
        return Estimate.of(self.costs(objective, reading.start, reading.polished), optimizer)

    def speed(self, optimizer: str, objective: str, reading: Reading) -> Estimate | None:
        """Return an optimizer's passes to the target as a multiple of SMACOF's."""
        estimate = Estimate.of(self.passes(objective, reading.start, reading.target), optimizer)
        return estimate and estimate.exp()
