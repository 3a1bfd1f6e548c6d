"""How much faster than batch K-means, where it is slow and elsewhere?

Where it is slow is seen from other starts than those that are compared: a start from which batch K-means happens to
take long would make any other method look fast.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from kmeans_convergence.analysis import paired, resampling
from kmeans_convergence.analysis.paired import PROBLEM, REFERENCE
from kmeans_convergence.analysis.quality import EQUIVALENCE
from kmeans_convergence.core.gap import Gap
from kmeans_convergence.starts import stream

# Batch K-means is slow on a problem where the median of its passes to within 0.1 % of its limit is larger.
SLOW = 50
LEVELS = ("1", "0.1", "1e-3")

# What Newton's method with face terms should reach: this share of the passes where batch K-means is slow, a limit there
# that is not worse, and never more than so many times the passes elsewhere.
METHOD = "face_newton"
SHARE, MOST = 1 / 3, 1.5


def problems(runs: pd.DataFrame, gap: Gap) -> pd.DataFrame:
    """Compare with batch K-means from the same start on each problem, the even runs apart from the odd ones.

    Each half is called slow or not by the other half: so no start decides where it is counted.

    Parameters
    ----------
    runs : DataFrame
        The table of runs of one budget; a problem with one run has no other half, and is left out.
    gap : Gap
        The scale of the limits.

    Returns
    -------
    DataFrame
        One row for each problem, half and optimizer: dataset, clusters, start, half, optimizer; ratio_1, ratio_0.1,
        ratio_1e-3 (medians over runs of the ratio of passes to so many per cent above the own limit; a run that never
        gets there counts with the budget), cost (mean difference of the limits in per cent), lloyd (median passes of
        batch K-means to 0.1 % in the other half), slow.
    """
    values = {f"ratio_{level}": paired.log_ratios(runs, gap, f"own_{level}") for level in LEVELS}
    values["cost"] = paired.differences(runs, gap, polished=True)
    keys = [*PROBLEM, "run", "optimizer"]
    table = pd.concat({name: part.set_index(keys)["value"] for name, part in values.items()}, axis=1).reset_index()
    halves = table.assign(half=table["run"] % 2).groupby([*PROBLEM, "half", "optimizer"], sort=False)
    found = np.exp(halves[[f"ratio_{level}" for level in LEVELS]].median()).assign(cost=halves["cost"].mean())
    lloyd = runs[runs["optimizer"] == REFERENCE]
    others = [*(lloyd[column] for column in PROBLEM), (1 - lloyd["run"] % 2).rename("half")]
    found = found.join(paired.clipped(lloyd, "own_0.1").groupby(others).median().rename("lloyd"), on=[*PROBLEM, "half"])
    return found.dropna(subset="lloyd").assign(slow=lambda some: some["lloyd"] > SLOW).reset_index()


def summarize(table: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Return averages over the problems where batch K-means is slow, and over the others.

    Parameters
    ----------
    table : DataFrame
        As `problems` returns it, with the family of each data set.
    seed, resamples : int
        Of the bootstrap over families.

    Returns
    -------
    DataFrame
        One row for each of both and optimizer: slow, optimizer; problems, sets, families (how many; a problem is at
        both if its halves differ); ratio_1, ratio_1_low, ratio_1_high and the same for 0.1 and 1e-3 (median over
        problems and halves with its 95 % interval); worst (largest ratio to 0.1 %); cost, cost_low, cost_high (mean).
    """
    rows = []
    for (slow, optimizer), some in table.groupby(["slow", "optimizer"], sort=False):
        row = {
            "slow": slow,
            "optimizer": optimizer,
            "problems": len(some[PROBLEM].drop_duplicates()),
            "sets": some["dataset"].nunique(),
        }
        row["families"] = some["family"].nunique()
        for column in (*(f"ratio_{level}" for level in LEVELS), "cost"):
            names = (column, f"{column}_low", f"{column}_high")
            row |= dict(zip(names, average(some, column, seed, resamples), strict=True))
        rows.append(row | {"worst": some["ratio_0.1"].max()})
    return pd.DataFrame(rows).sort_values("slow", ascending=False, kind="stable", ignore_index=True)


def average(some: pd.DataFrame, column: str, seed: int, resamples: int) -> tuple[float, float, float]:
    """Return the median over problems of a ratio, or the mean difference of costs; then its interval over families."""
    if some.empty:
        return np.nan, np.nan, np.nan
    statistic: Callable[[np.ndarray], np.floating] = np.mean if column == "cost" else np.median
    parts = [part[column].to_numpy() for _, part in some.groupby("family", sort=False)]
    drawn = stream(seed, "acceleration").integers(len(parts), size=(resamples, len(parts)))
    draws = [statistic(np.concatenate([parts[s] for s in sample])) for sample in drawn]
    return float(statistic(some[column].to_numpy())), *resampling.interval(np.array(draws))


def judge(table: pd.DataFrame, wide: pd.DataFrame, seed: int, resamples: int) -> pd.DataFrame:
    """Give each goal of Newton's method with face terms its verdict.

    Parameters
    ----------
    table, wide : DataFrame
        As `problems` returns it: of the larger samples, with the family of each data set, and of the wide comparison.
    seed, resamples : int
        Of the bootstrap over families.

    Returns
    -------
    DataFrame
        Columns goal, below, effect, low, high (the interval; the worst problem is what it is), verdict ("reached" or
        "missed", "not surely" if the interval has the goal inside; blank without problems).
    """
    slow, others, compared = (
        some[(some["optimizer"] == METHOD) & (some["slow"] == where)]
        for some, where in ((table, True), (table, False), (wide, False))
    )
    rows = []
    for column, below, goal in (
        ("ratio_0.1", SHARE, "median of passes to 0.1 % where batch K-means is slow (ratio)"),
        ("cost", 100 * EQUIVALENCE, "final cost there (% of difference)"),
    ):
        rows.append((goal, below, *average(slow, column, seed, resamples)))
    for some, goal in (
        (others, "passes to 0.1 % on the worst other problem (ratio)"),
        (compared, "the same in the wide comparison"),
    ):
        worst = some["ratio_0.1"].max()
        rows.append((goal, MOST, worst, worst, worst))
    judged = pd.DataFrame(rows, columns=["goal", "below", "effect", "low", "high"])
    word = np.where(judged["effect"] <= judged["below"], "reached", "missed")
    surely = (judged["high"] <= judged["below"]) | (judged["low"] > judged["below"])
    verdict = np.where(surely, word, np.char.add(word, ", not surely"))
    return judged.assign(verdict=np.where(judged["effect"].isna(), "", verdict))
