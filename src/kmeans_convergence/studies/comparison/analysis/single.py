"""One data set, one number of prototypes: which optimizer beats the alternation, which is faster, and how surely?"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from kmeans_convergence.core.gap import Gap
from kmeans_convergence.statistics import quality
from kmeans_convergence.statistics.runs import Runs

# Probability of error that Holm's method keeps over all optimizers.
LEVEL = 0.05

# Pairs of runs with a limit that an interval needs.
PAIRS = 10


def margin(gap: Gap) -> float:
    """Return the difference within which two costs count as equal, as it is shown: 0.1 per cent of k-means' cost."""
    return gap.shown * quality.EQUIVALENCE


def summarize(runs: pd.DataFrame, gap: Gap, reference: str, seed: int, repeats: int) -> pd.DataFrame:
    """Compare all optimizers with the reference, start by start.

    Runs without a limit, which diverged or are degenerate, are counted and otherwise left out with their partners.

    Parameters
    ----------
    runs : DataFrame
        The table of runs of one data set, number of prototypes and kind of start.
    gap : Gap
        The scale of costs.
    reference : str
        The alternation, at least `PAIRS` of whose runs have a limit.
    seed, repeats : int
        Of the bootstrap over starts.

    Returns
    -------
    DataFrame
        One row for each optimizer, the lowest mean cost first: the columns of `quality.compare`; `degenerate`, runs
        without a limit; `passes`, the median over starts of the passes to within a gap of 0.01 from the run's own
        limit, infinite when half of them need more than the budget, and its quartiles `passes_low`, `passes_high`;
        `verdict`, "better", "equal" or "worse": whether the whole interval of the difference lies below, within or
        above the `margin`, "open" if it lies in more than one of these, or rests on fewer than `PAIRS`; what is
        called better or worse has passed a signed-rank test, too, and is "likely better" or "likely worse" if it has
        not.
    """
    limits = runs.pivot(index="run", columns="optimizer", values="limit")[list(runs["optimizer"].unique())]
    there = limits.notna()
    pairs = there.mul(there[reference], axis=0)
    table = _against(limits, pairs, gap, reference, seed, repeats)
    table["degenerate"] = table["optimizer"].map((~there).sum())
    times = runs["own_1"].fillna(np.inf).groupby(runs["optimizer"])
    for column, share in (("passes_low", 0.25), ("passes", 0.5), ("passes_high", 0.75)):
        quantile = times.quantile(share, interpolation="higher")
        table[column] = table["optimizer"].map(quantile)
    enough = table["optimizer"].map(pairs.sum()) >= PAIRS
    found = map(verdict, table["low"], table["high"], table["p_holm"], [margin(gap)] * len(table))
    table["verdict"] = np.where(enough, list(found), "open")
    return table.sort_values(["mean", "passes"], kind="stable", ignore_index=True)


def _against(
    limits: pd.DataFrame, pairs: pd.DataFrame, gap: Gap, reference: str, seed: int, repeats: int
) -> pd.DataFrame:
    """Return `quality.compare` of all optimizers, each on those runs that have a pair of limits."""
    groups = defaultdict(list)
    for method in pairs:
        groups[tuple(pairs[method])].append(method)
    parts = []
    for kept, methods in groups.items():
        if any(kept):
            some = [reference, *(method for method in methods if method != reference)]
            arrays = {method: limits.loc[list(kept), method].to_numpy() for method in some}
            part = quality.compare(Runs({}, arrays), gap, some, reference, seed, repeats)
            parts.append(part[part["optimizer"].isin(methods)])
    table = pd.concat(parts).set_index("optimizer").reindex(limits.columns).rename_axis("optimizer").reset_index()
    tested = (table["optimizer"] != reference) & table["p"].notna()
    if tested.any():
        table.loc[tested, "p_holm"] = multipletests(table.loc[tested, "p"], method="holm")[1]
    return table


def verdict(low: float, high: float, p: float, equal: float) -> str:
    """Return what the interval of a difference and the p-value of its test say, see `summarize`."""
    if low >= -equal and high <= equal:
        return "equal"
    if high < -equal:
        return "better" if p <= LEVEL else "likely better"
    if low > equal:
        return "worse" if p <= LEVEL else "likely worse"
    return "open"


def rivals(table: pd.DataFrame, equal: float) -> pd.DataFrame:
    """Return the rows that may be better than the reference by more than the margin, for all that is shown."""
    return table[~table["verdict"].isin(("better", "equal")) & (table["low"] < -equal)]


def best(table: pd.DataFrame, reference: str) -> pd.Series:
    """Return the row to use for the lowest cost: the lowest mean of those that are better, else the reference."""
    better = table[table["verdict"] == "better"]
    return better.iloc[0] if len(better) else table[table["optimizer"] == reference].iloc[0]


def fastest(table: pd.DataFrame, reference: str) -> pd.Series:
    """Return the row to use for speed: the fewest passes of those that are better than the reference or equal to it.

    It is the reference itself where no other needs fewer.
    """
    good = table[table["verdict"].isin(("better", "equal"))]
    quick, usual = (
        good.sort_values(["passes", "mean"], kind="stable").iloc[0],
        good[good["optimizer"] == reference].iloc[0],
    )
    return quick if quick["passes"] < usual["passes"] else usual
