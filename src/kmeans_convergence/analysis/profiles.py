"""How many problems are solved how soon: performance profiles and run-time distributions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kmeans_convergence.analysis.paired import FIRST, PROBLEM, diverged, reached
from kmeans_convergence.analysis.ranking import Hierarchy, weights
from kmeans_convergence.core.gap import Gap


def medians(runs: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the passes of the median run to a target, problems x optimizers.

    Infinite where half of the runs or more never come there; NaN where the optimizer was not run.
    """
    passes = reached(runs, target).fillna(np.inf).clip(lower=FIRST)
    middle = passes.groupby([runs[column] for column in (*PROBLEM, "optimizer")], sort=False).quantile(
        0.5, interpolation="higher"
    )
    return middle.unstack("optimizer")


def problem_weights(table: pd.DataFrame | pd.Series, datasets: pd.DataFrame) -> np.ndarray:
    """Return the weight of each row, shape (P,): that of its data set, shared by the problems of the set."""
    of_row = table.index.get_level_values("dataset")
    names = list(dict.fromkeys(of_row))
    share = pd.Series(weights(datasets, names), index=names) / of_row.value_counts()
    return share.reindex(of_row).to_numpy()


def performance(passes: pd.DataFrame, factors: np.ndarray, datasets: pd.DataFrame) -> pd.DataFrame:
    """Return performance profiles (Dolan and Moré 2002).

    Parameters
    ----------
    passes : DataFrame
        As `medians` returns it.
    factors : ndarray of shape (F,)
    datasets : DataFrame

    Returns
    -------
    DataFrame
        Columns optimizer, factor, share: of the problems (weighted by family and set) on which the optimizer needs at
        most so many times the passes of the fastest. A problem that the optimizer never solves counts; one on which it
        was not run does not.
    """
    weight = problem_weights(passes, datasets)
    with np.errstate(invalid="ignore"):
        ratio = passes.div(passes.min(axis=1), axis=0)
    # unsolved by all: infinity over infinity
    ratio = ratio.where(np.isfinite(passes) | passes.isna(), np.inf)
    return _shares(ratio, weight, factors, "factor")


def run_times(
    runs: pd.DataFrame, target: str, grid: np.ndarray, datasets: pd.DataFrame, seed: int, repeats: int
) -> pd.DataFrame:
    """Return the empirical run-time distributions with 95 % intervals.

    Each family has the same weight, each set of it the same, each problem of a set and each run of a problem the same.
    The bootstrap draws families, sets and runs within, the same ones for all optimizers and passes.

    Parameters
    ----------
    runs : DataFrame
    target : str
        One of the columns own_10, own_1, ..., best_1e-6.
    grid : ndarray of shape (G,)
        In passes.
    datasets : DataFrame
    seed, repeats : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Columns optimizer, passes, share (of the runs that reached the target by then), low, high.
    """
    place, optimizers = pd.factorize(runs["optimizer"])
    passes = reached(runs, target)
    # one value for each pass of the grid, so that the hierarchy sees optimizers x passes as its columns
    there = pd.concat(
        [
            runs[[*PROBLEM, "run"]].assign(optimizer=place * len(grid) + g, value=(passes <= point).astype(float))
            for g, point in enumerate(grid)
        ],
        ignore_index=True,
    )
    found = Hierarchy.of(there, datasets, seed, repeats).summary()
    place, g = np.divmod(found["optimizer"].to_numpy(), len(grid))
    table = found.rename(columns={"effect": "share"}).assign(optimizer=optimizers[place], passes=grid[g])
    columns = ["optimizer", "passes", "share", "low", "high"]
    return table[columns].sort_values(["optimizer", "passes"], ignore_index=True)


def excess(runs: pd.DataFrame, gap: Gap, column: str, datasets: pd.DataFrame) -> pd.DataFrame:
    """Return how far each run ends above the lowest limit of all runs on its data with its number of prototypes.

    Parameters
    ----------
    runs : DataFrame
    gap : Gap
    column : str
        "end", where the budget ended, or "limit", where the polish did.
    datasets : DataFrame

    Returns
    -------
    DataFrame
        Columns optimizer, excess (per cent, infinite for a run that diverged or that ends above a lowest limit of
        zero), weight: that of the data set, shared by its problems and by the runs of the optimizer on each.
    """
    best = runs.groupby(["dataset", "clusters"])["limit"].transform("min")
    with np.errstate(divide="ignore"):
        above = gap.shown * np.divide(runs[column] - best, gap.size(best))
    # zero over zero: at the lowest limit
    above = above.where(runs[column] != best, 0.0).mask(diverged(runs), np.inf)
    problems = runs.groupby(PROBLEM, sort=False).size()
    share = pd.Series(problem_weights(problems, datasets), index=problems.index)
    of_run = share.reindex(pd.MultiIndex.from_frame(runs[PROBLEM])).to_numpy()
    count = runs.groupby([*PROBLEM, "optimizer"])[column].transform("size")
    return pd.DataFrame({"optimizer": runs["optimizer"], "excess": above, "weight": of_run / count})


def _shares(values: pd.DataFrame, weight: np.ndarray, grid: np.ndarray, name: str) -> pd.DataFrame:
    """Return for each optimizer the weighted share of problems with a value of at most each point of the grid."""
    rows = [
        pd.DataFrame(
            {
                "optimizer": values.columns,
                name: point,
                "share": _average((values <= point).where(values.notna()), weight),
            }
        )
        for point in grid
    ]
    return pd.concat(rows, ignore_index=True).sort_values("optimizer", kind="stable", ignore_index=True)


def _average(table: pd.DataFrame, weight: np.ndarray) -> np.ndarray:
    """Return the weighted average of each column over the rows that it has."""
    known = table.notna().to_numpy()
    values = table.astype(float).fillna(0).to_numpy()
    return np.asarray((values * weight[:, None]).sum(axis=0) / (known * weight[:, None]).sum(axis=0))
