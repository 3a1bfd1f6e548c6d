"""Every optimizer against batch K-means from the same start: final costs and passes, run by run.

A problem is a data set, a number of prototypes and a kind of start. Its runs are paired: run r of every optimizer
begins at the same prototypes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kmeans_convergence.analysis import quality
from kmeans_convergence.analysis.runs import Runs

REFERENCE = "batch_kmeans"
PROBLEM = ["dataset", "clusters", "start"]

# The finest step of the grid of passes: a target that is reached earlier counts as reached here.
FIRST = 1 / 16


def problems(runs: pd.DataFrame, column: str) -> Iterator[tuple[tuple[str, int, str], pd.DataFrame]]:
    """Yield each problem with one column of its runs, as a table of runs x optimizers.

    Left out are runs that some optimizer lacks, runs that batch K-means ends at cost zero (nothing is left to compare
    there), and problems without batch K-means.
    """
    for problem, rows in runs.groupby(PROBLEM, sort=False):
        limits = rows.pivot(index="run", columns="optimizer", values="limit")
        if REFERENCE not in limits:
            continue
        complete = limits.notna().all(axis=1) & (limits[REFERENCE] > 0)
        if complete.any():
            table = limits if column == "limit" else rows.pivot(index="run", columns="optimizer", values=column)
            yield problem, table[complete]


def compare(runs: pd.DataFrame, seed: int, repeats: int) -> pd.DataFrame:
    """Compare the final costs of all optimizers with that of batch K-means on each problem.

    Parameters
    ----------
    runs : DataFrame
        The table of runs: dataset, clusters, start, optimizer, run, limit, ...
    seed, repeats : int
        Of the bootstrap over runs.

    Returns
    -------
    DataFrame
        The columns of `quality.compare` for each problem and optimizer other than batch K-means, and the number of
        runs. Differences are in per cent of batch K-means' average; p-values are corrected over the optimizers.
    """
    tables = []
    for problem, limits in problems(runs, "limit"):
        if limits.shape[1] > 1:
            arrays = {str(key): limits[key].to_numpy() for key in limits}
            table = quality.compare(Runs({}, arrays), list(arrays), REFERENCE, seed, repeats)
            table = table[table["optimizer"] != REFERENCE]
            tables.append(table.assign(**dict(zip(PROBLEM, problem, strict=True)), runs=len(limits)))
    table = pd.concat(tables, ignore_index=True)
    return table[[*PROBLEM, "runs", *(column for column in table if column not in (*PROBLEM, "runs"))]]


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """Return for each run how far the final cost is from batch K-means', in per cent of its average on the problem."""
    return _stack(
        (problem, 100 * limits.sub(limits[REFERENCE], axis=0) / limits[REFERENCE].mean())
        for problem, limits in problems(runs, "limit")
    )


def log_ratios(runs: pd.DataFrame, target: str, budget: float) -> pd.DataFrame:
    """Return for each run the natural logarithm of passes to a target over those of batch K-means.

    A censored run, one that never came to the target, counts with the budget: so the ratio of an optimizer that fails
    is at least, and that of one that batch K-means fails beside is at most, what this says.

    Parameters
    ----------
    runs : DataFrame
    target : str
        One of the columns own_10, own_1, ..., best_1e-6.
    budget : float
        In passes.
    """
    return _stack(
        (problem, np.log(passes).sub(np.log(passes[REFERENCE]), axis=0))
        for problem, passes in ((problem, clipped(table, budget)) for problem, table in problems(runs, target))
    )


def clipped(passes: pd.DataFrame, budget: float) -> pd.DataFrame:
    """Return passes to a target, at least `FIRST` and at most the budget, which stands for censored runs as well."""
    return passes.fillna(budget).clip(FIRST, budget)


def _stack(tables: Iterator[tuple[tuple[str, int, str], pd.DataFrame]]) -> pd.DataFrame:
    """Return tables of runs x optimizers as one, a row for each problem, run and optimizer."""
    parts = [
        table.melt(ignore_index=False, var_name="optimizer", value_name="value")
        .reset_index()
        .assign(**dict(zip(PROBLEM, problem, strict=True)))
        for problem, table in tables
    ]
    columns = [*PROBLEM, "run", "optimizer", "value"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
