"""One data set, one number of prototypes: which optimizer is better than batch K-means, which is faster, how surely?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kmeans_convergence.analysis import quality
from kmeans_convergence.analysis.runs import Runs
from kmeans_convergence.core.gap import RELATIVE

REFERENCE = "batch_kmeans"

# Per cent of the reference's cost within which two costs count as equal.
MARGIN = 100 * quality.EQUIVALENCE

# Probability of error that Holm's method keeps over all optimizers.
LEVEL = 0.05


def summarize(runs: pd.DataFrame, seed: int, repeats: int) -> pd.DataFrame:
    """Compare all optimizers with batch K-means, start by start.

    Parameters
    ----------
    runs : DataFrame
        The table of runs of one data set, number of prototypes and kind of start.
    seed, repeats : int
        Of the bootstrap over starts.

    Returns
    -------
    DataFrame
        One row for each optimizer, the lowest mean cost first: the columns of `quality.compare`; `passes`, the median
        over starts of the passes to within 1 per cent of the run's own limit, infinite when half of them need more
        than the budget, and its quartiles `passes_low`, `passes_high`; `verdict`, "better", "equal" or "worse":
        whether the whole interval of the difference lies below, within or above the margin of 0.1 %, "open" if it lies
        in more than one of these; what is called better or worse has passed a signed-rank test, too, and is "likely
        better" or "likely worse" if it has not.
    """
    limits = runs.pivot(index="run", columns="optimizer", values="limit")
    methods = list(runs["optimizer"].unique())
    arrays = {key: limits[key].to_numpy() for key in methods}
    table = quality.compare(Runs({}, arrays), RELATIVE, methods, REFERENCE, seed, repeats)
    times = runs["own_1"].fillna(np.inf).groupby(runs["optimizer"])
    for column, share in (("passes_low", 0.25), ("passes", 0.5), ("passes_high", 0.75)):
        quantile = times.quantile(share, interpolation="higher")
        table[column] = table["optimizer"].map(quantile)
    table["verdict"] = [_verdict(row) for row in table.itertuples()]
    return table.sort_values(["mean", "passes"], kind="stable", ignore_index=True)


def _verdict(row: object) -> str:
    low, high, p = (getattr(row, name) for name in ("low", "high", "p_holm"))
    if low >= -MARGIN and high <= MARGIN:
        return "equal"
    if high < -MARGIN:
        return "better" if p <= LEVEL else "likely better"
    if low > MARGIN:
        return "worse" if p <= LEVEL else "likely worse"
    return "open"


def rivals(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that may be better than batch K-means by more than the margin, for all that is shown."""
    return table[~table["verdict"].isin(("better", "equal")) & (table["low"] < -MARGIN)]


def best(table: pd.DataFrame) -> pd.Series:
    """Return the row to use for the lowest cost: the lowest mean of those that are better, else batch K-means."""
    better = table[table["verdict"] == "better"]
    return better.iloc[0] if len(better) else table[table["optimizer"] == REFERENCE].iloc[0]


def fastest(table: pd.DataFrame) -> pd.Series:
    """Return the row to use for speed: the fewest passes of those that are better than batch K-means or equal to it."""
    good = table[table["verdict"].isin(("better", "equal"))]
    return good.sort_values(["passes", "mean"], kind="stable").iloc[0]
