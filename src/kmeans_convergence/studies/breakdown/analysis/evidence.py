"""The tables of the experiments as evidence: averages over data sets, with intervals, that claims are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kmeans_convergence.statistics.conditions import Estimate, Outcome, Verdict
from kmeans_convergence.statistics.ranking import Hierarchy


@dataclass(frozen=True)
class Reading:
    """The only reading: these claims leave no choice open."""


@dataclass(frozen=True)
class Evidence:
    """The tables, and what is averaged from them.

    Attributes
    ----------
    seed, repeats : int
        Of the bootstrap, over families of data sets, sets within and runs within.
    collapse, sets, digits, constant, conditioned, remedies, theorems : DataFrame
        As the modules of `run` return them, and the machine checks of theorems.
    """

    seed: int
    repeats: int
    collapse: pd.DataFrame
    sets: pd.DataFrame
    digits: pd.DataFrame
    constant: pd.DataFrame
    conditioned: pd.DataFrame
    remedies: pd.DataFrame
    theorems: pd.DataFrame

    def readings(self, axes: Sequence[str]) -> list[Reading]:
        """Return the only reading."""
        return [Reading()]

    def combine(self, outcomes: Mapping[Reading, Outcome], axes: Sequence[str]) -> tuple[Verdict, str]:
        """Return the verdict under it."""
        return next(iter(outcomes.values())).verdict, ""

    def average(self, values: pd.DataFrame) -> dict[str, Estimate]:
        """Average a value over families of data sets.

        Parameters
        ----------
        values : DataFrame
            Columns dataset and value; run, optimizer and family where there are several. Missing values do not count.

        Returns
        -------
        dict
            One estimate for each optimizer, those without any value left out.
        """
        columns = {"clusters": 0, "start": "", "run": 0, "optimizer": ""}
        table = values.assign(**{name: value for name, value in columns.items() if name not in values})
        if "family" not in table:
            table["family"] = table["dataset"].map(family)
        datasets = table[["dataset", "family"]].drop_duplicates().rename(columns={"dataset": "name"})
        hierarchy = Hierarchy.of(table, datasets, self.seed, self.repeats)
        found = {name: Estimate.of(hierarchy, name) for name in hierarchy.optimizers}
        return {name: estimate for name, estimate in found.items() if estimate is not None and estimate.count}


def family(dataset: str) -> str:
    """Return what a data set is a sample of: those of one generator are alike, unless each is all that there is."""
    word, _, number = dataset.rpartition(" ")
    # samples of the one generator of an experiment are what it is about
    return word if number.isdigit() and not word.startswith(("simulated", "embedded")) else dataset


def slope(table: pd.DataFrame, x: str, y: str) -> float:
    """Return the slope of the line of least squares; NaN for fewer than two different points."""
    known = table[[x, y]].dropna()
    if known[x].nunique() < 2:
        return float("nan")
    return float(np.polyfit(known[x], known[y], 1)[0])
