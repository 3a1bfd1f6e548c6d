"""Where the runs end: quality of the local minima, compared run by run."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from kmeans_convergence.core.gap import Gap
from kmeans_convergence.statistics import resampling
from kmeans_convergence.statistics.runs import Runs

# Gaps below this count as equal.
EQUIVALENCE = 0.001
# Times the standard error of a difference: a difference of two averages that a test at 5 % detects.
NORMAL = 1.96
# An experiment's number of runs, as multiples of the paper's.
MULTIPLES = (0.25, 0.5, 1, 2, 4, 8, 16, 32)


def compare(runs: Runs, gap: Gap, methods: list[str], reference: str, seed: int, repeats: int) -> pd.DataFrame:
    """Compare E_infinity of each method with that of `reference` from the same starts.

    Returns
    -------
    DataFrame
        One row for each method: the average of E_infinity and of its difference from the reference in per cent of the
        reference's average, both with 95 % bootstrap intervals; the shares of runs that end better, equal and worse
        (by more than `EQUIVALENCE`); the p-value of Wilcoxon's signed-rank test, corrected by Holm's method over the
        methods, and the rank-biserial correlation that belongs to it.
    """
    bootstrap = resampling.samples(len(runs), len(runs), repeats, seed)
    base = runs.limit[reference]
    limits = np.stack([runs.limit[method] for method in methods], axis=1)
    differences = gap.shown * (limits - base[:, None]) / gap.size(base.mean())
    # the samples are the same for all methods: one product for all of them
    intervals = [resampling.interval(resampling.averages(bootstrap, values)).T for values in (limits, differences)]
    rows = []
    for method, limit, difference, (mean_low, mean_high), (low, high) in zip(
        methods, limits.T, differences.T, *intervals, strict=True
    ):
        relative = gap.of(limit, base)
        p, effect = signed_rank(difference)
        rows.append(
            {
                "optimizer": method,
                "mean": limit.mean(),
                "mean_low": mean_low,
                "mean_high": mean_high,
                "difference": difference.mean(),
                "low": low,
                "high": high,
                "better": (relative < -EQUIVALENCE).mean(),
                "equal": (np.abs(relative) <= EQUIVALENCE).mean(),
                "worse": (relative > EQUIVALENCE).mean(),
                "p": p,
                "rank_biserial": effect,
            }
        )
    table = pd.DataFrame(rows)
    others = table["optimizer"] != reference
    table["p_holm"] = np.nan
    if others.any():
        table.loc[others, "p_holm"] = multipletests(table.loc[others, "p"], method="holm")[1]
    return table


def signed_rank(difference: np.ndarray) -> tuple[float, float]:
    """Return the p-value of Wilcoxon's signed-rank test and the matched rank-biserial correlation.

    The correlation is the rank sum of positive minus that of negative differences over the whole rank sum: -1 when
    all differences are negative. Differences of zero carry no sign and are left out.
    """
    nonzero = difference[difference != 0]
    if nonzero.size == 0:
        return 1.0, 0.0
    ranks = stats.rankdata(np.abs(nonzero))
    effect = float((ranks * np.sign(nonzero)).sum() / ranks.sum())
    return float(stats.wilcoxon(nonzero, method="approx").pvalue), effect


def speed(runs: Runs, methods: list[str], seed: int, repeats: int) -> pd.DataFrame:
    """Return the average epoch at which each terminating method has its E_infinity, with a 95 % bootstrap interval."""
    bootstrap = resampling.samples(len(runs), len(runs), repeats, seed)
    rows = []
    for method in methods:
        epoch = runs.convergence_epoch(method).astype(float)
        low, high = resampling.interval(resampling.averages(bootstrap, epoch))
        rows.append({"optimizer": method, "epoch": epoch.mean(), "low": low, "high": high, "largest": epoch.max()})
    return pd.DataFrame(rows)


def certainty(limits: np.ndarray, size: int, seed: int, repeats: int) -> pd.DataFrame:
    """Return how well the average E_infinity is known, by the number of runs.

    Parameters
    ----------
    limits : ndarray of shape (R,)
        E_infinity of all runs.
    size : int
        Runs of the paper's experiment; `MULTIPLES` of it are considered.
    seed, repeats : int
        Of the samples.

    Returns
    -------
    DataFrame
        One row for each number of runs: `error`, the standard error of the average; `low`, `high`, within which 90 % of
        experiments would estimate it; `apart`, the least difference of two averages from separate starts that a test
        detects.
    """
    rows = []
    for runs in (round(multiple * size) for multiple in MULTIPLES):
        drawn = limits[resampling.samples(len(limits), runs, repeats, seed)]
        low, high = resampling.interval(drawn.std(axis=1, ddof=1) / np.sqrt(runs), 0.9)
        error = float(limits.std(ddof=1) / np.sqrt(runs))
        rows.append({"runs": runs, "error": error, "low": low, "high": high, "apart": NORMAL * np.sqrt(2) * error})
    return pd.DataFrame(rows)
