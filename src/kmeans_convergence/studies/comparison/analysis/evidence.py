"""The tables of the comparison as evidence: what is averaged from them over runs, data sets and families."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from kmeans_convergence.core.gap import Gap
from kmeans_convergence.statistics import paired, readings
from kmeans_convergence.statistics.conditions import Estimate, Outcome, Verdict
from kmeans_convergence.statistics.paired import END, REFERENCE, SPEED
from kmeans_convergence.statistics.ranking import Hierarchy
from kmeans_convergence.statistics.readings import CHARGED, SAME, Reading


class Evidence:
    """The tables of the comparison, and what is averaged from them.

    Parameters
    ----------
    gap : Gap
        The scale on which costs are compared.
    runs, datasets : DataFrame
        As the comparison writes them; some optimizers, kinds of start, budgets or sets may be missing.
    seed, repeats : int
        Of the bootstrap.
    tuning : DataFrame, optional
        Scores of the values that were tried, and the passes that they took.
    derivation : DataFrame, optional
        The machine checks of the derivation and of the theorems.
    size : DataFrame, optional
        Passes on samples of the same sets that differ in size alone, see `studies.comparison.run.size`.
    first_steps : DataFrame, optional
        The start and the end of both K-means, see `studies.comparison.run.first_steps`.
    kmeans_start, thresholds : DataFrame, optional
        Batch K-means as the start of mixtures, and beside EM, see `studies.mixtures.run.kmeans_start` and `thresholds`.
    """

    def __init__(
        self,
        gap: Gap,
        runs: pd.DataFrame,
        datasets: pd.DataFrame,
        seed: int,
        repeats: int,
        tuning: pd.DataFrame | None = None,
        derivation: pd.DataFrame | None = None,
        size: pd.DataFrame | None = None,
        first_steps: pd.DataFrame | None = None,
        kmeans_start: pd.DataFrame | None = None,
        thresholds: pd.DataFrame | None = None,
    ) -> None:
        self.gap = gap
        self.runs, self.datasets, self.seed, self.repeats = runs, datasets, seed, repeats
        self.tuning, self.derivation, self.size, self.first_steps = tuning, derivation, size, first_steps
        self.kmeans_start, self.thresholds = kmeans_start, thresholds
        self._hierarchies: dict[tuple[object, ...], Hierarchy] = {}

    def readings(self, axes: Sequence[str]) -> list[Reading]:
        """Return all readings along some axes that there are runs for, the main one first."""
        return readings.grid(axes, self.runs)

    def combine(self, outcomes: Mapping[Reading, Outcome], axes: Sequence[str]) -> tuple[Verdict, str]:
        """Return the verdict over all readings for which there are enough data, and where the claim holds."""
        return readings.combine({r: outcome.verdict for r, outcome in outcomes.items() if outcome.answered}, axes)

    def select(self, reading: Reading, tuned_for: str) -> pd.DataFrame:
        """Return the runs of a reading's start and budget; the target of tuning is the reading's, if it has one."""
        return paired.select(self.runs, reading.start, reading.budget, reading.tuned_for or tuned_for)

    def of(self, optimizer: str, reading: Reading, tuned_for: str = END) -> pd.DataFrame:
        """Return the runs of one optimizer."""
        runs = self.select(reading, tuned_for)
        return runs[runs["optimizer"] == optimizer]

    def charges(self, reading: Reading, tuned_for: str) -> pd.Series | None:
        """Return the passes that tuning has cost, by dataset, clusters and optimizer; None if no table says."""
        if self.tuning is None:
            return None
        target = reading.tuned_for or tuned_for
        some = self.tuning[(self.tuning["budget"] == reading.budget) & (self.tuning["target"] == target)]
        return some.groupby(["dataset", "clusters", "optimizer"])["passes"].sum()

    def costs(self, reading: Reading) -> Hierarchy:
        """Average how far final costs are from batch K-means', on the scale of their gap."""
        key = ("costs", reading.start, reading.budget, reading.polished, reading.baseline, reading.tuned_for)
        if key not in self._hierarchies:
            charges = self.charges(reading, END) if reading.baseline == CHARGED else None
            runs, restarted = self.select(reading, END), reading.baseline != SAME
            values = paired.differences(runs, self.gap, reading.polished, restarted, charges)
            self._hierarchies[key] = Hierarchy.of(values, self.datasets, self.seed, self.repeats)
        return self._hierarchies[key]

    def passes(self, reading: Reading) -> Hierarchy:
        """Average the logarithm of passes to the target, relative to batch K-means'."""
        key = ("passes", reading.start, reading.budget, reading.target, reading.charged, reading.tuned_for)
        if key not in self._hierarchies:
            charges = self.charges(reading, SPEED) if reading.charged else None
            values = paired.log_ratios(self.select(reading, SPEED), self.gap, reading.target, charges)
            self._hierarchies[key] = Hierarchy.of(values, self.datasets, self.seed, self.repeats)
        return self._hierarchies[key]

    def average(self, values: pd.DataFrame) -> Estimate | None:
        """Average a value of runs; columns dataset, clusters, start, run and value."""
        hierarchy = Hierarchy.of(values.assign(optimizer=REFERENCE), self.datasets, self.seed, self.repeats)
        return Estimate.of(hierarchy, REFERENCE)

    def of_steps(self, value: Callable[[pd.DataFrame], pd.Series]) -> Estimate | None:
        """Average a value of the runs whose start and end were measured; None without any."""
        if self.first_steps is None:
            return None
        values = self.first_steps.assign(value=value(self.first_steps)).dropna(subset="value")
        return self.average(values) if len(values) else None

    def over_sets(self, value: pd.Series) -> Estimate | None:
        """Average a value of data sets, named by its index, that has no runs."""
        table = pd.DataFrame({"dataset": value.index, "value": value.to_numpy(dtype=float)})
        return self.average(table.assign(clusters=0, start="", run=0))

    def quality(self, optimizer: str, reading: Reading) -> Estimate | None:
        """Return by how many per cent an optimizer's final costs differ from batch K-means'."""
        return Estimate.of(self.costs(reading), optimizer)

    def speed(self, optimizer: str, reading: Reading) -> Estimate | None:
        """Return an optimizer's passes to the target as a multiple of batch K-means'."""
        estimate = Estimate.of(self.passes(reading), optimizer)
        return estimate and estimate.exp()
