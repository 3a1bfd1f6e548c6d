"""The tables of the comparison as evidence: what is averaged from them over runs and data sets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from kmeans_convergence.analysis import paired
from kmeans_convergence.analysis.conditions import Estimate
from kmeans_convergence.analysis.paired import REFERENCE
from kmeans_convergence.analysis.ranking import Hierarchy, weights
from kmeans_convergence.starts import stream


class Evidence:
    """The tables of the comparison, and what is averaged from them.

    Parameters
    ----------
    runs, datasets : DataFrame
        As the comparison writes them; some optimizers, kinds of start or sets may be missing.
    budget : float
        Of a run, in passes.
    seed, repeats : int
        Of the bootstrap.
    tuning : DataFrame, optional
        Scores of the values that were tried.
    derivation : DataFrame, optional
        The machine checks of the derivation and of the theorems.
    first_steps : DataFrame, optional
        The start and the end of both K-means; see `experiments.first_steps`.
    """

    def __init__(
        self,
        runs: pd.DataFrame,
        datasets: pd.DataFrame,
        budget: float,
        seed: int,
        repeats: int,
        tuning: pd.DataFrame | None = None,
        derivation: pd.DataFrame | None = None,
        first_steps: pd.DataFrame | None = None,
    ) -> None:
        self.runs, self.datasets, self.budget, self.seed, self.repeats = runs, datasets, budget, seed, repeats
        self.tuning, self.derivation, self.first_steps = tuning, derivation, first_steps
        self._hierarchies: dict[tuple[str, str], Hierarchy] = {}

    def hierarchy(self, value: str, start: str = "patterns") -> Hierarchy:
        """Average "limit" (difference in per cent) or the logarithm of passes to a target relative to the reference."""
        if (value, start) not in self._hierarchies:
            runs = self.runs[self.runs["start"] == start]
            values = paired.differences(runs) if value == "limit" else paired.log_ratios(runs, value, self.budget)
            self._hierarchies[value, start] = Hierarchy.of(values, self.datasets, self.seed, self.repeats)
        return self._hierarchies[value, start]

    def average(self, values: pd.DataFrame) -> Estimate | None:
        """Average a value of runs; columns dataset, clusters, start, run and value."""
        hierarchy = Hierarchy.of(values.assign(optimizer=REFERENCE), self.datasets, self.seed, self.repeats)
        return Estimate.of(hierarchy, REFERENCE)

    def of(self, optimizer: str, start: str = "patterns") -> pd.DataFrame:
        """Return the runs of one optimizer."""
        return self.runs[(self.runs["optimizer"] == optimizer) & (self.runs["start"] == start)]

    def quality(self, optimizer: str, start: str = "patterns") -> Estimate | None:
        """Return by how many per cent an optimizer's final costs differ from batch K-means'."""
        return Estimate.of(self.hierarchy("limit", start), optimizer)

    def speed(self, optimizer: str, target: str = "own_0.1", start: str = "patterns") -> Estimate | None:
        """Return an optimizer's passes to a target as a multiple of batch K-means'."""
        estimate = Estimate.of(self.hierarchy(target, start), optimizer)
        return estimate and estimate.exp()

    def of_steps(self, value: Callable[[pd.DataFrame], pd.Series]) -> Estimate | None:
        """Average a value of the runs whose start and end were measured; None without any."""
        if self.first_steps is None:
            return None
        values = self.first_steps.assign(value=value(self.first_steps)).dropna(subset="value")
        return self.average(values) if len(values) else None

    def over_sets(self, value: pd.Series) -> Estimate:
        """Average a value of data sets, named by its index, that has no runs."""
        names = list(value.index)
        weight = weights(self.datasets, names)
        drawn = stream(self.seed, "sets").integers(len(names), size=(self.repeats, len(names)))
        points = value.to_numpy(dtype=float)
        draws = (weight[drawn] * points[drawn]).sum(axis=1) / weight[drawn].sum(axis=1)
        return Estimate(float(weight @ points), draws, len(names), names, points, np.tile(points, (2, 1)))
