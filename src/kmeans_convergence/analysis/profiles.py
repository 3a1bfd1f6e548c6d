"""How many problems are solved how soon: performance profiles and run-time distributions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kmeans_convergence.analysis.paired import FIRST, PROBLEM, reached
from kmeans_convergence.analysis.ranking import weights


def medians(runs: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the passes of the median run to a target, problems x optimizers.

    Infinite where half of the runs or more never come there; NaN where the optimizer was not run.
    """
    passes = reached(runs, target).fillna(np.inf).clip(lower=FIRST)
    middle = passes.groupby([runs[column] for column in (*PROBLEM, "optimizer")], sort=False).quantile(
        0.5, interpolation="higher"
    )
    return middle.unstack("optimizer")


def problem_weights(table: pd.DataFrame, datasets: pd.DataFrame) -> np.ndarray:
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


def run_times(runs: pd.DataFrame, target: str, grid: np.ndarray, datasets: pd.DataFrame) -> pd.DataFrame:
    """Return the empirical run-time distribution: optimizer, passes, share of runs that reached the target by then.

    Each family has the same weight, each set of it the same, each problem of a set and each run of a problem the same.
    """
    by = [runs[column] for column in (*PROBLEM, "optimizer")]
    passes = reached(runs, target)
    shares = {float(p): (passes <= p).groupby(by, sort=False).mean().unstack("optimizer") for p in grid}
    weight = problem_weights(next(iter(shares.values())), datasets)
    rows = [
        pd.DataFrame({"optimizer": table.columns, "passes": p, "share": _average(table, weight)})
        for p, table in shares.items()
    ]
    return pd.concat(rows, ignore_index=True).sort_values("optimizer", kind="stable", ignore_index=True)


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
