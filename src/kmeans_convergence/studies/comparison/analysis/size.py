"""What size does: passes relative to batch K-means' on samples of the same set that differ in their size alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kmeans_convergence.statistics.paired import FIRST, REFERENCE
from kmeans_convergence.statistics.ranking import Hierarchy

KEYS = ["dataset", "clusters", "start", "run", "optimizer"]


def log_ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Return the natural logarithm of passes over those of batch K-means, one row for each run and a column for each n.

    A run that never comes within 1 % counts with the budget.

    Parameters
    ----------
    table : DataFrame
        As `studies.comparison.run.size` returns it: dataset, clusters, start, run, optimizer, n, own_1, budget.
    """
    passes = np.log(table["own_1"].fillna(table["budget"]).clip(lower=FIRST))
    ratios = passes.to_frame("value").assign(**{key: table[key] for key in (*KEYS, "n")})
    wide = ratios.pivot(index=KEYS, columns="n", values="value")
    runs = [key for key in KEYS if key != "optimizer"]
    reference = wide.xs(REFERENCE, level="optimizer")
    return wide - reference.reindex(pd.MultiIndex.from_frame(wide.reset_index()[runs])).to_numpy()


def slopes(ratios: pd.DataFrame) -> pd.DataFrame:
    """Return for each run the slope of the line of least squares of the logarithm of the ratio against that of n.

    Returns
    -------
    DataFrame
        The keys of a run and value: decades of the ratio for each decade of patterns.
    """
    y = ratios.to_numpy() / np.log(10)
    known = np.isfinite(y)
    x = np.where(known, np.log10(ratios.columns.to_numpy(dtype=float)), np.nan)
    x = x - np.nanmean(x, axis=1, keepdims=True)
    value = np.nansum(x * y, axis=1) / np.nansum(x**2, axis=1)
    return pd.DataFrame({"value": value}, index=ratios.index).reset_index()


def at_largest(ratios: pd.DataFrame) -> pd.DataFrame:
    """Return for each run the logarithm of the ratio on the largest sample of its set."""
    return ratios.ffill(axis=1).iloc[:, -1].rename("value").reset_index()


def families(table: pd.DataFrame) -> pd.DataFrame:
    """Return the data sets with their families."""
    return table[["dataset", "family"]].drop_duplicates().rename(columns={"dataset": "name"})


def summarize(table: pd.DataFrame, seed: int, repeats: int) -> pd.DataFrame:
    """Return for each optimizer the slope, and the ratio at each size.

    Returns
    -------
    DataFrame
        optimizer; n (0: the slope); effect, low, high, median, families as of `Hierarchy.summary`, ratios as such.
    """
    ratios, sets = log_ratios(table), families(table)
    parts = [Hierarchy.of(slopes(ratios), sets, seed, repeats).summary().assign(n=0)]
    for n in ratios:
        values = ratios[n].dropna().rename("value").reset_index()
        part = Hierarchy.of(values, sets, seed, repeats).summary()
        columns = ["effect", "low", "high", "median"]
        parts.append(part.assign(n=n, **{column: np.exp(part[column]) for column in columns}))
    return pd.concat(parts, ignore_index=True)[["optimizer", "n", "effect", "low", "high", "median", "families"]]
