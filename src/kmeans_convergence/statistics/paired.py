"""Every optimizer against batch K-means from the same start: final costs and passes, run by run.

A problem is a data set, a number of prototypes and a kind of start. Its runs are paired: run r of every optimizer
begins at the same prototypes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from kmeans_convergence.core.gap import Gap
from kmeans_convergence.starts import KINDS, passes_of
from kmeans_convergence.statistics import restarts

REFERENCE = "batch_kmeans"
PROBLEM = ["dataset", "clusters", "start"]

# The finest step of the grid of passes: a target that is reached earlier counts as reached here.
FIRST = 1 / 16

# What a setting is tuned for; nothing is tuned where the table says "".
END, SPEED = "end", "speed"


class Problem(NamedTuple):
    """The runs of a problem, each column as a table of runs x optimizers.

    Attributes
    ----------
    dataset, clusters, start
    rows : DataFrame
        Sorted by run, then by optimizer; every run has all optimizers.
    """

    dataset: str
    clusters: int
    start: str
    rows: pd.DataFrame

    @property
    def names(self) -> dict[str, object]:
        """What tells the problem from others, by column."""
        return {"dataset": self.dataset, "clusters": self.clusters, "start": self.start}

    def wide(self, column: str) -> pd.DataFrame:
        """Return a column of the runs, runs x optimizers."""
        optimizers = pd.Index(self.rows["optimizer"].unique(), name="optimizer")
        # in place of pandas' pivot, which would sort them again
        values = self.rows[column].to_numpy().reshape(-1, len(optimizers))
        return pd.DataFrame(values, pd.Index(self.rows["run"][:: len(optimizers)], name="run"), optimizers)


def diverged(runs: pd.DataFrame) -> pd.Series:
    """Say of each run whether it ends without a finite cost or above its start."""
    return ~np.isfinite(runs["end"]) | (runs["end"] > runs["start_cost"])


def budgets(runs: pd.DataFrame) -> list[int]:
    """Return the budgets in passes, ascending."""
    return sorted(int(budget) for budget in runs["budget"].unique())


def main_budget(runs: pd.DataFrame) -> int:
    """Return the largest budget that every data set has."""
    everywhere = runs.groupby("budget")["dataset"].nunique() == runs["dataset"].nunique()
    return int(everywhere[everywhere].index.max())


def kinds(runs: pd.DataFrame) -> list[str]:
    """Return the kinds of start that there are, in the order of `starts.KINDS`."""
    there = set(runs["start"])
    return [kind for kind in KINDS if kind in there]


def select(runs: pd.DataFrame, start: str, budget: int, tuned_for: str) -> pd.DataFrame:
    """Return the runs of one kind of start with one budget; of tuned optimizers, those tuned for one target.

    Parameters
    ----------
    runs : DataFrame
        The table of runs; a table that comes from a file has nothing where nothing was tuned.
    start : str
    budget : int
        In passes.
    tuned_for : str
        "end" or "speed".
    """
    tuned = runs["tuned_for"].fillna("")
    return runs[(runs["start"] == start) & (runs["budget"] == budget) & tuned.isin(("", tuned_for))]


def problems(runs: pd.DataFrame, gap: Gap) -> Iterator[Problem]:
    """Yield each problem with its runs.

    Left out are runs that some optimizer lacks, runs that batch K-means ends where the gap has no scale (k-means: at
    cost zero, where nothing is left to compare), and problems without batch K-means.
    """
    for (dataset, clusters, start), rows in runs.groupby(PROBLEM, sort=False):
        references = rows[rows["optimizer"] == REFERENCE]
        there = references.loc[gap.size(references["limit"]) > 0, "run"]
        count = rows.groupby("run")["optimizer"].transform("size")
        kept = rows[(count == rows["optimizer"].nunique()) & rows["run"].isin(there)]
        if len(kept):
            yield Problem(str(dataset), int(clusters), str(start), kept.sort_values(["run", "optimizer"]))


def differences(
    runs: pd.DataFrame, gap: Gap, polished: bool, restarted: bool = False, charges: pd.Series | None = None
) -> pd.DataFrame:
    """Return for each run how far the final cost is from batch K-means', on the scale of its average on the problem.

    A run that diverged has no value: how many did is a number of its own.

    Parameters
    ----------
    runs : DataFrame
        Of one budget.
    gap : Gap
        The scale; k-means: per cent.
    polished : bool
        Whether the final cost is the limit, where batch K-means takes the run without charge, or that at which the
        optimizer itself ends.
    restarted : bool
        Whether batch K-means may spend what the optimizer has spent on further starts, see `restarts.best`.
    charges : Series, optional
        Passes that have been spent before on the choice of a setting, by dataset, clusters and optimizer: batch K-means
        may spend these, too.
    """
    column = "limit" if polished else "end"
    tables = []
    for problem in problems(runs.assign(ends=runs[column].mask(diverged(runs))), gap):
        costs = problem.wide("ends")
        reference = costs[REFERENCE]
        base = pd.DataFrame(dict.fromkeys(costs, reference))
        if restarted:
            spent = problem.wide("passes")
            allowed = spent.add(charged(charges, problem, spent.columns), axis=1)
            base = restarts.best(reference, spent[REFERENCE], allowed, passes_of(problem.start, problem.clusters))
        tables.append((problem, gap.shown * (costs - base) / gap.size(reference.mean())))
    return _stack(tables)


def log_ratios(runs: pd.DataFrame, gap: Gap, target: str, charges: pd.Series | None = None) -> pd.DataFrame:
    """Return for each run the natural logarithm of passes to a target over those of batch K-means.

    A censored run, one that never came to the target or diverged, counts with the budget: so the ratio of an optimizer
    that fails is at least, and that of one that batch K-means fails beside is at most, what this says. Where both are
    censored nothing is known, and there is no value.

    Parameters
    ----------
    runs : DataFrame
        Of one budget.
    gap : Gap
        See `problems`.
    target : str
        One of the columns own_10, own_1, ..., best_1e-6.
    charges : Series, optional
        Passes that have been spent before on the choice of a setting, by dataset, clusters and optimizer; they are
        added.
    """
    tables = []
    for problem in problems(runs.assign(passes=clipped(runs, target), missed=reached(runs, target).isna()), gap):
        passes, missed = problem.wide("passes"), problem.wide("missed")
        passes = passes.add(charged(charges, problem, passes.columns), axis=1)
        ratios = np.log(passes).sub(np.log(passes[REFERENCE]), axis=0)
        tables.append((problem, ratios.mask(missed.mul(missed[REFERENCE], axis=0))))
    return _stack(tables)


def charged(charges: pd.Series | None, problem: Problem, optimizers: pd.Index) -> pd.Series:
    """Return what each optimizer has spent on the choice of its setting, zero where nothing was tuned."""
    nothing = pd.Series(0.0, index=optimizers)
    if charges is None or (problem.dataset, problem.clusters) not in charges.index.droplevel("optimizer"):
        return nothing
    return charges.loc[problem.dataset, problem.clusters].reindex(optimizers).fillna(0.0)


def clipped(runs: pd.DataFrame, target: str) -> pd.Series:
    """Return passes to a target, at least `FIRST` and at most the budget, which stands for censored runs as well."""
    return reached(runs, target).fillna(runs["budget"]).clip(FIRST, runs["budget"])


def reached(runs: pd.DataFrame, target: str) -> pd.Series:
    """Return passes to a target; nothing where a run is censored, because it never came there or diverged."""
    return runs[target].mask(diverged(runs))


def _stack(tables: list[tuple[Problem, pd.DataFrame]]) -> pd.DataFrame:
    """Return tables of runs x optimizers as one, a row for each problem, run and optimizer."""
    columns = [*PROBLEM, "run", "optimizer", "value"]
    parts = [
        # in place of pandas' melt, which takes longer than everything else
        pd.DataFrame(
            problem.names
            | {
                "run": np.tile(table.index, table.shape[1]),
                "optimizer": np.repeat(table.columns, len(table)),
                "value": table.to_numpy().T.ravel(),
            }
        )
        for problem, table in tables
    ]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
